"""Refuse to add a file that another tool has encrypted: a branch from before `migrate` may have some."""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.invocation import is_adding
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.other_tools import MAY_STAY, encrypting_tool
from sealedfiles.util.messages import shell_path


def refuse_ciphertext(path: bytes, tool: str, opened: Iterable[bytes]) -> None:
    """Raise SealedFilesError if the calling git command would seal what *tool* has encrypted.

    Sealed, it would look like every value, but only the other tool's keys would open it.  It is accepted if
    one of the previous versions, which are *opened*, is a file of the same tool.
    """
    if tool in MAY_STAY or not is_adding() or any(encrypting_tool(one) == tool for one in opened):
        return
    file = shell_path(path)
    raise SealedFilesError(
        f"{show_path(path)} is encrypted with {tool}",
        f"if a commit has it: git checkout COMMIT -- {file}; then sealedfiles migrate {file}",
        f"otherwise decrypt it with {tool} first",
        f"to seal the ciphertext as it is: sealedfiles seal {file}; then git add {file}",
    )
