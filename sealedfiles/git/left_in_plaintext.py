"""Values that clean leaves in plaintext because a checkout wrote them (``git.plaintext_memory``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.document.file import show_path
from sealedfiles.history.commits import describe_commits
from sealedfiles.messages import counted, say
from sealedfiles.paths import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.git.clone import Clone
    from sealedfiles.git.plaintext_memory import PlaintextMemory

_SHOWN = 10


class LeftInPlaintext:
    """What the memory knows of one file, and which of it was asked for."""

    def __init__(self, path: bytes, memory: PlaintextMemory) -> None:
        self.path = path
        self.found: dict[str, str] = {}
        """What was left, for a message, with the commit that it was checked out from."""
        self._memory = memory

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
