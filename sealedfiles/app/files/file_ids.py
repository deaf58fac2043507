"""Find out whether another file has the file id of a token: then the token was copied from there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sealedfiles.git.used_ids import is_id_of, other_holder
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.app.workspace import Workspace

_WHOLE = b"sealed:v1:"


def is_of_another_file(workspace: Workspace, path: bytes, identity: str) -> bool:
    """Return True if another file than the one at *path* has the file id *identity*.

    In git, the index lists the other files; outside git, they are searched for below the root.
    """
    if workspace.clone:
        return other_holder(workspace.clone, path, identity) is not None
    mark = f":{identity}:".encode("ascii")
    return any(
        mark in data and is_id_of(other, data, identity)
        for other, data in _files_of(workspace)
        if other != path
    )


def _files_of(workspace: Workspace) -> Iterator[tuple[bytes, bytes]]:
    """Yield path and content of every file below the root that may have tokens."""
    root = workspace.root
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name != ".git"]
        for name in files:
            file = Path(folder, name)
            path = os.fsencode(file.relative_to(root).as_posix())
            if file.is_symlink() or not file.is_file():
                continue
            with contextlib.suppress(OSError), file.open("rb") as opened:
                # A file that was sealed whole is a token, whatever its name is.
                head = opened.read(len(_WHOLE))
                if head == _WHOLE or workspace.describe_to_open(path).format:
                    yield path, head + opened.read()
