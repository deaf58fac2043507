"""Refusing to seal a file if that would hide who wrote a value (``sealing.unproved``)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from sealedfiles.errors import SealedFilesError
from sealedfiles.sealing.file import is_whole
from sealedfiles.util.messages import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sealedfiles.git.clone import Clone
    from sealedfiles.model.policy import FileRules
    from sealedfiles.sealing.file import File
    from sealedfiles.sealing.stored import RefuseUnproved

_SHOWN = 10


def refuse_unproved(
    clone: Clone,
    file: File,
    rules: FileRules,
    *,
    accepts_plaintext: bool = False,
    only_if: Callable[[], bool] = lambda: True,
) -> RefuseUnproved:
    """Return the check of *file* for ``StoredPlaintext``: it raises SealedFilesError.

    With *accepts_plaintext* the user has accepted the values in plaintext; tokens are checked.  Nothing is
    refused unless *only_if* says so.
    """

    def is_retired(group: str, key_id: str) -> bool:
        return clone.judge(group).is_retired(key_id)

    def check(data: bytes, replaced: list[bytes], stored: Iterable[bytes]) -> None:
        from sealedfiles.sealing.unproved import unproved_values  # few files are sealed whole

        if not only_if():
            return
        versions = chain(replaced, stored)
        names = unproved_values(
            data, versions, file, rules, clone.ring, is_retired, tokens_only=accepts_plaintext
        )
        if not names:
            return
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        is_whole_now = any(map(is_whole, replaced))
        state = "is sealed whole in git" if is_whole_now else "cannot be sealed whole"
        raise SealedFilesError(
            f"{file.name}: the file {state}: {counted(len(names), 'value')} in git "
            f"{'is' if len(names) == 1 else 'are'} not proved to be from a current reader: "
            f"{', '.join(names[:_SHOWN])}{more}",
            "if the text of the file is broken or has conflict markers, fix it, then: git add FILE",
            "find who wrote these values: git log -p -- FILE",
            "if they are right, accept them in a file that parses: sealedfiles seal FILE (plaintext),"
            " sealedfiles reseal FILE (tokens)",
            "if not, set the right values: sealedfiles set FILE KEY",
        )

    return check
