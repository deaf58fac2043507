"""Symbolic links that anyone with push access could have put in the place of a folder or a file.

The policy decides by path.  With ``config`` as a link to ``public``, ``config/app.yaml`` would be judged by
the rules for ``public/app.yaml``, or be a file of another repository.  git does not add such a file either.
Links that git does not have are the user's own, and are followed.
"""

from __future__ import annotations

import os
from pathlib import Path

from sealedfiles.errors import UsageError
from sealedfiles.git.index import Index
from sealedfiles.git.repository import find_repository
from sealedfiles.keys.folder import NAME

_MOST = 40
"""Links in one path, as in Linux."""


def refuse_pushed_links(file: Path) -> None:
    """Raise UsageError if a part of the path *file* is a link that git has, or is in an exported folder."""
    parts = [*reversed((_working_folder() / file).parts)]
    here = Path(parts.pop())
    links = 0
    while parts:
        part = parts.pop()
        if part == "..":
            here = here.parent
            continue
        try:
            target = Path(os.readlink(here / part))
        except OSError:
            here /= part
            continue
        links += 1
        if links > _MOST or _is_pushed(here / part):
            beyond = f", and {file} is beyond it" if parts else ""
            raise UsageError(
                f"{here / part} is a symbolic link{beyond}",
                f"name the file itself: {os.path.realpath(file)}",
            )
        if target.is_absolute():
            here = Path(target.anchor)
            target = target.relative_to(here)
        parts += reversed(target.parts)


def _working_folder() -> Path:
    """Return the current folder as the shell shows it: it may have been entered by a link."""
    shown = os.environ.get("PWD", "")
    try:
        if os.path.isabs(shown) and os.path.samefile(shown, os.curdir):
            return Path(shown)
    except OSError:
        pass
    return Path.cwd()


def _is_pushed(link: Path) -> bool:
    repository = find_repository(link.parent)
    if repository:
        is_ours = (repository.top / NAME).exists()
        return is_ours and bool(Index(repository).stages(repository.relative(link)))
    return any((folder / NAME).is_dir() for folder in link.parents)
