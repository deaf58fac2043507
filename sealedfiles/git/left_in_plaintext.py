"""Values that clean leaves in plaintext because a checkout wrote them (``git.plaintext_memory``)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sealedfiles.document.file import show_path
from sealedfiles.git.plaintext import note_if_committed
from sealedfiles.messages import counted, say
from sealedfiles.paths import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.git.clone import Clone
    from sealedfiles.git.plaintext_memory import PlaintextMemory

_SHOWN = 10


class LeftInPlaintext:
    """What *clone* remembers of the file *data* at *path*, and which of it was asked for."""

    def __init__(self, clone: Clone, path: bytes, data: bytes) -> None:
        self.path = path
        self.found: dict[str, str] = {}
        """What was left, for a message, with the commit that it was checked out from."""
        self._clone = clone
        self._data = data

    def __bool__(self) -> bool:
        """See ``sealedfiles.document.stored.Noted``."""
        return bool(self._memory)

    @cached_property
    def _memory(self) -> PlaintextMemory:
        # Here, and not for every file: it is asked for only if a value has no token.
        note_if_committed(self._clone, self.path, self._data)
        return self._clone.plaintext_memory

    def has_value(self, path: bytes, value: str) -> bool:
        """See ``sealedfiles.document.stored.Noted``."""
        if not self._memory.has_value(path, value):
            return False
        self.found[show(path)] = self._memory.origin_of(path, value)
        return True

    def has_comment(self, comment: str) -> bool:
        """See ``sealedfiles.document.stored.Noted``."""
        if not self._memory.has_comment(comment):
            return False
        self.found["a comment"] = self._memory.origin_of(None, comment)
        return True

    def has_content(self, data: bytes) -> bool:
        """See ``sealedfiles.document.stored.Noted``."""
        if not self._memory.has_content(data):
            return False
        self.found["the whole file"] = self._memory.origin_of_content(data)
        return True


def list_left(left: Iterable[LeftInPlaintext], clone: Clone) -> None:
    """Print what was left of each file, with the commits that it was checked out from."""
    found: dict[tuple[bytes, str], list[str]] = {}
    for one in left:
        for shown, commit in one.found.items():
            keys = found.setdefault((one.path, commit), [])
            if shown not in keys:
                keys.append(shown)
    from sealedfiles.history.commits import (
        describe_commits,
    )  # here: hardly any filter process needs it

    described = describe_commits(
        clone.repository, sorted({commit for _, commit in found if commit})
    )
    for (path, oid), keys in list(found.items())[:_SHOWN]:
        source = f" from commit {described[oid].words}" if oid in described else ""
        more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        say(
            f"{show_path(path)}: checked out in plaintext{source}: {', '.join(keys[:_SHOWN])}{more}"
        )
    if len(found) > _SHOWN:
        say(f"and {counted(len(found) - _SHOWN, 'file')} more")


def report_left(left: Iterable[LeftInPlaintext], clone: Clone) -> None:
    """Warn of what git stores in plaintext now, and say what to do."""
    list_left(left, clone)
    say(
        "these values were not sealed: anyone with push access could have written them",
        "find who wrote them: git log -p --all -- FILE",
        "if they are right, seal them: sealedfiles seal FILE; then git add FILE",
        "if not, set the right value: sealedfiles set FILE KEY",
    )
