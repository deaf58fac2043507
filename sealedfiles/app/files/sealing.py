"""Seal the values of a file in place, for ``seal``."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.dialog import Dialog, require_agreement
from sealedfiles.app.files.confirm_plaintext import confirm_plaintext
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UnprovedError, UsageError
from sealedfiles.git.clone import is_passed_through
from sealedfiles.git.filter.left_in_plaintext import LeftInPlaintext
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.other_tools import MAY_STAY, encrypting_tool
from sealedfiles.util.messages import shell_path


def seal_in_place(
    workspace: Workspace, file: Path, path: bytes, dialog: Dialog, *, yes: bool
) -> int | None:
    """Replace the values of *file*, which is *path* in the workspace, by tokens; return how many are new.

    Unless *yes* is set, asks about plaintext that anyone with push access could have written; if the user
    does not agree, changes nothing and returns None.  Raises UsageError, and the errors of sealing.
    """
    if is_passed_through(path):
        raise UsageError(f"{file} is never sealed: git or sealedfiles reads it")
    data = file.read_bytes()
    left = LeftInPlaintext(workspace.clone, path, data) if workspace.clone else None
    complete = workspace.seal(path, data, with_stored=True)
    try:
        sealed = workspace.seal(path, data, noted=left)
    except UnprovedError:  # due to plaintext; for any other reason, the line above raises it
        sealed = b""
    entry = workspace.clone.index.entry(path) if workspace.clone else None
    is_retired = left is not None and bool(left.retired)
    if (sealed != complete or is_retired) and workspace.clone:
        is_file = entry is not None and entry.mode.startswith("100")
        entries = [entry] if entry and is_file and sealed != complete else []
        if not confirm_plaintext(workspace.clone, entries, dialog, left, yes=yes):
            return None
        workspace.clone.plaintext_memory.forget_file(data, workspace.describe(path)[0])
        sealed = complete
    if sealed != data:
        tool = encrypting_tool(data)
        if tool and tool not in MAY_STAY:
            hint = f"to decrypt it and seal its values: sealedfiles migrate {shell_path(path)}"
            dialog.warn(f"{show_path(path)} is encrypted with {tool}", hint)
            require_agreement(dialog, "Seal the ciphertext as it is?", yes=yes)
        workspace.replace(file.resolve(), sealed)
    tokens = (TOKEN.findall(one.decode("utf-8", "replace")) for one in (sealed, data))
    return len(set(next(tokens)) - set(next(tokens)))
