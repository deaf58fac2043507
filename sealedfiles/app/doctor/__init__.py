"""The checks of `doctor`, one function for each.  No check changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from sealedfiles.app.doctor.point import Level, Point
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import SealedFilesError
from sealedfiles.model.unavailable import explain

__all__ = ["Level", "Point", "examine"]


def examine(workspace: Workspace | None) -> Iterator[Point]:
    """Yield the result of every check; *workspace* is None outside a workspace.

    A check that fails to run is reported as an error, and does not stop the others.
    """
    from sealedfiles.app.doctor import access, caches, program, work_tree

    checks: dict[str, Callable[[], Iterator[Point]]] = {}
    checks |= program.WITHOUT_WORKSPACE | access.WITHOUT_WORKSPACE
    if workspace is not None:
        checks |= {name: partial(check, workspace) for name, check in access.IN_WORKSPACE.items()}
        clone = workspace.clone
        for part in (program, work_tree, caches) if clone else ():
            checks |= {name: partial(check, clone) for name, check in part.IN_CLONE.items()}
    for name, check in checks.items():
        try:
            yield from (point._replace(name=point.name or name) for point in check())
        except SealedFilesError as error:
            yield Point(Level.ERROR, error.message, error.hints[0] if error.hints else "", name)
        except Exception as error:
            # For example an unreadable file, or a key type that the installed packages do not support.
            explained = explain(error)
            if explained is None:
                raise
            message, hints, _ = explained
            yield Point(Level.ERROR, message, hints[0] if hints else "", name)
