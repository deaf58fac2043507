"""The checks of `doctor`: one function for each, none of which changes anything."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sealedfiles.app.doctor.point import Level, Point
from sealedfiles.errors import SealedFilesError
from sealedfiles.model.unavailable import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealedfiles.app.workspace import Workspace

__all__ = ["Level", "Point", "examine"]


def examine(workspace: Workspace | None) -> Iterator[Point]:
    """Yield the result of every check; *workspace* is None outside one.

    A check that fails to run is an error itself, and does not stop the others.
    """
    from sealedfiles.app.doctor import access, caches, program, work_tree

    looks: dict[str, Callable[[], Iterator[Point]]] = {}
    looks |= program.WITHOUT_WORKSPACE | access.WITHOUT_WORKSPACE
    if workspace is not None:
        looks |= {name: partial(look, workspace) for name, look in access.IN_WORKSPACE.items()}
        clone = workspace.clone
        for part in (program, work_tree, caches) if clone else ():
            looks |= {name: partial(look, clone) for name, look in part.IN_CLONE.items()}
    for name, look in looks.items():
        try:
            yield from look()
        except SealedFilesError as error:
            yield Point(name, Level.ERROR, error.message, error.hints[0] if error.hints else "")
        except Exception as error:
            # For example an unreadable file, or a key type that the installed packages do not support.
            explained = explain(error)
            if explained is None:
                raise
            message, hints, _ = explained
            yield Point(name, Level.ERROR, message, hints[0] if hints else "")
