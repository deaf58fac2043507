"""Refuse to seal a file if that would hide who wrote a value (``sealing.unproved``)."""

from __future__ import annotations

from sealedfiles.errors import UnprovedError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.unproved import Unproved
from sealedfiles.util.messages import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.sealing.stored import NewTokens

_SHOWN = 10


class UnprovedCheck(Unproved):
    """The ``OriginCheck`` for a file."""

    def whole(self, data: bytes, replaced: list[bytes], stored: Iterable[bytes]) -> None:
        """See ``OriginCheck``."""
        is_whole_now = any(map(is_whole, replaced))
        state = "is sealed whole in git" if is_whole_now else "cannot be sealed whole"
        names = self.in_text(data, [*replaced, *stored])
        hint = "if its text is broken or has conflict markers, fix it, then git add it"
        self._refuse(names, state, hint)

    def moved(self, new: NewTokens, replaced: list[bytes], stored: Iterable[bytes]) -> None:
        """See ``OriginCheck``."""
        names = self.in_new(new, [*replaced, *stored])
        hint = "this also applies if the value was moved to another key or into a comment"
        self._refuse(names, "cannot be sealed", hint)

    def _refuse(self, names: list[str], state: str, hint: str) -> None:
        if not names:
            return
        import shlex  # here: git add refuses few files

        file = shlex.quote(self._file.name)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise UnprovedError(
            f"{self._file.name}: the file {state}: {counted(len(names), 'stored value')} "
            f"{'is' if len(names) == 1 else 'are'} not proved to be from a current reader: "
            f"{', '.join(names[:_SHOWN])}{more}",
            hint,
            f"find who wrote these values: git log -p -- {file}",
            "if they are correct, accept git's version first, then make your change: "
            f"sealedfiles seal {file} (plaintext), sealedfiles sync (a retired key), "
            f"sealedfiles reseal {file} (another group)",
            "if not, or while the file has a merge conflict, set the correct values: "
            f"sealedfiles set {file} KEY",
        )
