"""The file that `run` reads if none is named."""

from __future__ import annotations

import os
from pathlib import Path

from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import shell_path

_DEFAULT = ".env"


def default_file(workspace: Workspace, folder: Path) -> str:
    """Return the name of the file .env in *folder*, if it is the only tracked .env file there.

    A file that no pattern tracks does not count: anyone may have added it.  Raises UsageError.
    """
    found = _tracked_env_files(workspace, folder)
    if found == [_DEFAULT]:
        return _DEFAULT
    shown = ", ".join(show_path(os.fsencode(name)) for name in found)
    if not found:
        raise UsageError(
            "no file was named, and the current folder has no tracked .env file",
            "name a file: sealedfiles run -f FILE -- COMMAND",
        )
    if len(found) == 1:
        raise UsageError(
            f"no file was named, and the tracked .env file of the current folder is {shown}, not .env",
            f"to use it: sealedfiles run -f {shell_path(found[0])} -- COMMAND",
        )
    raise UsageError(
        f"no file was named, and the current folder has several tracked .env files: {shown}",
        "name those to use: sealedfiles run -f FILE -- COMMAND",
    )


def _tracked_env_files(workspace: Workspace, folder: Path) -> list[str]:
    """Return the names of the .env files in *folder* that a pattern tracks, without those git ignores."""
    found = [one.name for one in sorted(folder.iterdir()) if _is_tracked(workspace, one)]
    clone = workspace.clone
    if len(found) < 2 or clone is None:
        return found
    paths = {name: clone.repository.relative(folder / name) for name in found}
    ignored = clone.repository.ignored(paths.values())
    return [name for name, path in paths.items() if path not in ignored]


def _is_tracked(workspace: Workspace, file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    path = workspace.path_of(file)
    described = workspace.describe_to_open(path).format
    if described is None or described.name != "dotenv":
        return False
    if workspace.clone:
        return workspace.clone.covers(path)
    return not workspace.leaves_plain(path)
