"""Keep edits that could not be written to their file, as private files that git does not add."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from pathlib import Path

from sealedfiles.app.edit.folder import PrivateFolder
from sealedfiles.app.workspace import Workspace
from sealedfiles.sealing.file import show_path
from sealedfiles.util import atomic
from sealedfiles.util.messages import say
from sealedfiles.util.user_dirs import folder_variable, home

_LONGEST = (
    50  # characters: with the prefix, and encoded as UTF-8, a file name stays within its limit
)


def recovery_folders(workspace: Workspace) -> list[Path]:
    """Return the folders for kept edits, best first: in the git directory, then in the home folder."""
    folders = [workspace.clone.repository.state_folder] if workspace.clone else []
    with contextlib.suppress(RuntimeError):  # a user without a home folder
        folders.append(_state_folder())
    return [folder / "recovery" for folder in folders]


def put_away(folder: PrivateFolder, edit: bytes | None) -> None:
    """Keep *edit*, if there is one, print its path, and remove *folder*.

    If the edit cannot be stored anywhere else, keep *folder* and print its path.
    """
    kept = None if edit is None else _keep(folder, edit)
    if kept == folder.file:
        folder.release()
    else:
        folder.remove()
    # The terminal may be closed, and may be the reason for the exit.
    with contextlib.suppress(OSError):
        if kept:
            say(
                f"your edit was saved to {show_path(os.fsencode(kept))}",
                "it is in plaintext: remove it when you are done",
            )


def _keep(folder: PrivateFolder, edit: bytes) -> Path:
    """Write *edit* to the first folder that accepts it, otherwise to *folder*; return its path."""
    moment = time.strftime("%Y%m%d-%H%M%S")
    # The end of the name is kept, because it shows the file type.
    name = f"{moment}-{secrets.token_hex(2)}-{folder.file.name[-_LONGEST:]}"
    for place in map(Path, folder.note.recoveries):
        with contextlib.suppress(OSError):
            atomic.make_private_folder(place.parent)
            atomic.make_private_folder(place)
            atomic.replace(place / name, edit, atomic.PRIVATE)
            return place / name
    if folder.read() != edit:
        folder.write(edit)
    return folder.file


def _state_folder() -> Path:
    """Return the folder for the user's state.  Raises RuntimeError if there is no home folder."""
    if sys.platform == "win32":
        base = folder_variable("LOCALAPPDATA") or home() / "AppData" / "Local"
    else:
        base = folder_variable("XDG_STATE_HOME") or home() / ".local" / "state"
    return base / "sealedfiles"
