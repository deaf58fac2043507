"""Refusing to seal a file if that would hide who wrote a value (``sealing.unproved``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.errors import UnprovedError
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.unproved import moved_values, unproved_values
from sealedfiles.util.messages import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sealedfiles.git.clone import Clone
    from sealedfiles.model.policy import FileRules
    from sealedfiles.sealing.file import File
    from sealedfiles.sealing.stored import NewTokens

_SHOWN = 10


class Origin:
    """The ``OriginCheck`` of one file in a clone."""

    def __init__(
        self,
        clone: Clone,
        file: File,
        rules: FileRules,
        *,
        accepts_plaintext: bool = False,
        only_if: Callable[[], bool] = lambda: True,
    ) -> None:
        """With *accepts_plaintext*, the user has accepted the values in plaintext; tokens are checked.

        Nothing is refused unless *only_if* says so.
        """
        self._clone = clone
        self._file = file
        self._rules = rules
        self._tokens_only = accepts_plaintext
        self._only_if = only_if

    def whole(self, data: bytes, replaced: list[bytes], stored: Iterable[bytes]) -> None:
        """See ``OriginCheck``."""
        if self._only_if():
            state = (
                "is sealed whole in git"
                if any(map(is_whole, replaced))
                else "cannot be sealed whole"
            )
            hint = "if its text is broken or has conflict markers, fix it, then: git add FILE"
            self._refuse(
                self._find(unproved_values, data, replaced, stored), f"the file {state}", hint
            )

    def moved(self, new: NewTokens, replaced: list[bytes], stored: Iterable[bytes]) -> None:
        """See ``OriginCheck``."""
        if self._only_if():
            names = self._find(moved_values, new, replaced, stored)
            hint = "this applies also to its value at another key, or in a comment"
            self._refuse(names, "the file cannot be sealed", hint)

    def _find(
        self,
        find: Callable[..., list[str]],
        what: object,
        replaced: list[bytes],
        stored: Iterable[bytes],
    ) -> list[str]:
        ring, versions = self._clone.ring, [*replaced, *stored]
        return find(
            what,
            versions,
            self._file,
            self._rules,
            ring,
            self._is_retired,
            tokens_only=self._tokens_only,
        )

    def _is_retired(self, group: str, key_id: str) -> bool:
        return self._clone.judge(group).is_retired(key_id)

    def _refuse(self, names: list[str], state: str, hint: str) -> None:
        if not names:
            return
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise UnprovedError(
            f"{self._file.name}: {state}: {counted(len(names), 'value')} in git "
            f"{'is' if len(names) == 1 else 'are'} not proved to be from a current reader: "
            f"{', '.join(names[:_SHOWN])}{more}",
            hint,
            "find who wrote these values: git log -p -- FILE",
            "if they are right, accept git's version first, then make your change: sealedfiles seal FILE "
            "(plaintext), sealedfiles sync (a retired key), sealedfiles reseal FILE (another group)",
            "if not, set the right values: sealedfiles set FILE KEY",
        )
