"""Where an edit is kept that could not go into its file: private files that git does not see."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sealedfiles.sealing.file import show_path
from sealedfiles.util import atomic
from sealedfiles.util.messages import say
from sealedfiles.util.user_dirs import folder_variable, home

if TYPE_CHECKING:
    from sealedfiles.app.edit.folder import PrivateFolder
    from sealedfiles.app.workspace import Workspace

_LONGEST = 50  # characters; with what is put before them, also in UTF-8 no more than names may have


def recovery_folders(workspace: Workspace) -> list[Path]:
    """Return the folders to keep edits in, best first: in git's own folder, else in the home."""
    folders = [workspace.clone.repository.state_folder] if workspace.clone else []
    with contextlib.suppress(RuntimeError):  # a user without a home
        folders.append(_state_folder())
    return [folder / "recovery" for folder in folders]


def put_away(folder: PrivateFolder, edit: bytes | None) -> None:
    """Remove *folder*, after keeping the *edit* that was made in it, if any, and say where that is.

    Where there is no place to keep it, *folder* stays, and is named.
    """
    kept = None if edit is None else _keep(folder, edit)
    if kept == folder.file:
        folder.release()
    else:
        folder.remove()
    # The terminal may be what has ended us.
    with contextlib.suppress(OSError):
        if kept:
            say(
                f"what you had saved is kept in {show_path(os.fsencode(kept))}",
                "it is plaintext: remove it when you are done",
            )


def _keep(folder: PrivateFolder, edit: bytes) -> Path:
    """Write *edit* to the first place where that can be done, else into *folder*; return where it is."""
    moment = time.strftime("%Y%m%d-%H%M%S")
    # The end of a name tells what it is.
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
    """Return the folder for what sealedfiles remembers of this user.  Raises RuntimeError."""
    if sys.platform == "win32":
        base = folder_variable("LOCALAPPDATA") or home() / "AppData" / "Local"
    else:
        base = folder_variable("XDG_STATE_HOME") or home() / ".local" / "state"
    return base / "sealedfiles"
