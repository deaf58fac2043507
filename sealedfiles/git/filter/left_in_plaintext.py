"""Values that clean does not seal because a checkout wrote them in plaintext (``git.plaintext_memory``).

The same holds for all values of a file that is a symbolic link in git (``Index.is_link``).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.git.plaintext import note_if_committed, note_written_comments
from sealedfiles.git.plaintext_memory import PlaintextMemory
from sealedfiles.git.plaintext_records import (
    RETIRED,
    also_within,
    comment_records,
    content_record,
    value_records,
)
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import show
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, warn

if TYPE_CHECKING:
    from sealedfiles.sealing.comment_lines import PlacedComment

_SHOWN = 10
_IN_PLAINTEXT = "checked out in plaintext"
_BEHIND_LINK = "in plaintext, and the file is a symbolic link in git"
_RETIRED = "checked out from a token under a retired key"
_REMOVED = (
    "a removed reader may have written these values (or you, before you pulled the revocation): "
    "git log -p --all -- FILE"
)
_HINTS = (
    "anyone with push access could have written these values: git log -p --all -- FILE",
    "if they are correct, seal them: sealedfiles seal FILE; then git add FILE",
    "if not, set the correct value: sealedfiles set FILE KEY",
)
_LINK_HINTS = (*_HINTS[:2], "if not, bring back the file that it was: git checkout COMMIT -- FILE")


class LeftInPlaintext:
    """The values in the file *data* at *path* that *clone* recorded as checked out in plaintext."""

    def __init__(self, clone: Clone, path: bytes, data: bytes) -> None:
        self.path = path
        self.found: dict[str, str] = {}
        """The values left in plaintext, as shown in messages, and the commits they were checked out from."""
        self.retired: dict[str, str] = {}
        """The same for values from tokens under a retired key, which are sealed but must not be added."""
        self._clone = clone
        self._data = data

    def __bool__(self) -> bool:
        """See ``sealedfiles.sealing.stored.Noted``."""
        return self._has_notes

    @cached_property
    def _has_notes(self) -> bool:
        # Cached, because the memory checks its file on each call; and lazy, because it is needed only if a
        # value has no token.
        note_if_committed(self._clone, self.path, self._data)
        note_written_comments(self._clone, self.path)
        return self.is_link or bool(self._memory)

    @cached_property
    def is_link(self) -> bool:
        """Whether git has a symbolic link at the path."""
        return self._clone.index.is_link(self.path)

    @property
    def _memory(self) -> PlaintextMemory:
        return self._clone.plaintext_memory

    def has_value(self, path: bytes, value: str) -> bool:
        """See ``sealedfiles.sealing.stored.Noted``."""
        return self._is_left(show(path), *value_records(path, value))

    def has_comment(self, comment: PlacedComment) -> bool:
        """See ``sealedfiles.sealing.stored.Noted``."""
        return self._is_left("a comment", *comment_records(comment))

    def has_line(self, line: PlacedComment) -> bool:
        """See ``sealedfiles.sealing.stored.Noted``."""
        return self.is_link or self._memory.has_line(line)

    def has_content(self, data: bytes) -> bool:
        """See ``sealedfiles.sealing.stored.Noted``."""
        return self._is_left("the whole file", content_record(data))

    def _is_left(self, name: str, *records: bytes) -> bool:
        in_file = also_within(self.path, [*records])
        origin = "" if self.is_link else self._memory.origin(*in_file)
        if origin is not None:
            self.found[name] = origin
            return True
        origin = self._memory.origin(*(RETIRED + one for one in records))
        if origin is not None:
            self.retired[name] = origin
        return False


def describe_left(left: Iterable[LeftInPlaintext], clone: Clone) -> list[str]:
    """Return lines that list the values left in plaintext, with the commits they were checked out from."""
    from sealedfiles.git.commits import describe_commits  # rarely needed in the filter

    found: dict[tuple[bytes, str, str], list[str]] = {}
    for one in left:
        in_plaintext = _BEHIND_LINK if one.is_link else _IN_PLAINTEXT
        for how, values in ((in_plaintext, one.found), (_RETIRED, one.retired)):
            for shown, commit in values.items():
                keys = found.setdefault((one.path, how, commit), [])
                if shown not in keys:
                    keys.append(shown)
    oids = sorted({commit for _, _, commit in found if commit})
    described = describe_commits(clone.repository, oids)
    lines = []
    for (path, how, oid), keys in list(found.items())[:_SHOWN]:
        source = f" from commit {described[oid].words}" if oid in described else ""
        shown = ", ".join(keys[:_SHOWN])
        more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        lines.append(f"{show_path(path)}: {how}{source}: {shown}{more}")
    if len(found) > _SHOWN:
        lines.append(f"and {counted(len(found) - _SHOWN, 'file')} more")
    return lines


def report_left(left: Iterable[LeftInPlaintext], clone: Clone) -> None:
    """Print a warning about the values that clean left in plaintext."""
    for line in describe_left(left, clone):
        warn(line)
    warn("these values were not sealed", *_HINTS)


def refuse_left(left: LeftInPlaintext, clone: Clone) -> None:
    """Raise SealedFilesError if the calling git command would store values left in plaintext.

    Such a value must not be committed in plaintext: it may be the user's own value that is equal by chance,
    or somebody else's.  `git status`, `diff` and `reset` must not fail.  `git stash` may keep plaintext,
    but not seal a value from a retired key: after `git checkout stash -- FILE`, its new token would look
    like a reader's.
    """
    from sealedfiles.git.invocation import is_adding, is_storing

    if (left.found and is_adding()) or (left.retired and is_storing()):
        hints = _HINTS if left.found else (_REMOVED, *_HINTS[1:])
        if left.is_link:
            hints = _LINK_HINTS
        raise SealedFilesError("; ".join(describe_left([left], clone)), *hints)
