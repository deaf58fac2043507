"""Remove from git what belongs to another tool: its files, its attributes, its lines in .gitignore."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from sealedfiles.app.migrate.planning import MigrationPlan
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.git import gitattributes
from sealedfiles.git.clone import Clone
from sealedfiles.git.rewrite import stage, write_index
from sealedfiles.light_typing import TypeAlias
from sealedfiles.sealing.file import show_path
from sealedfiles.util import atomic
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import Note, shell_path

_ESCAPED = lazy_pattern(rb"\\(.)")
_Change: TypeAlias = "Callable[[bytes, tuple[bytes, ...]], bytes]"


def remove_from_git(clone: Clone, tree: Tree, plan: MigrationPlan) -> list[Note]:
    """Remove the tool's files and lines, and stage that; return what was left, and why."""
    notes: list[Note] = []
    sealed = {one.path for one in plan.files}
    files = {*plan.removal.files, *(one.file.stored for one in plan.files)} - sealed
    for path in tree.attribute_files():
        if path not in files:
            _rewrite(clone, path, gitattributes.without, plan.removal.attributes)
    if tree.read(b".gitignore") is not None:
        _rewrite(clone, b".gitignore", _without_lines, plan.removal.ignored)
    _forget(clone, sorted(files))
    for path in sorted(files - {*plan.removal.keys}):
        file = clone.repository.regular_file(path)
        if file and file.read_bytes() == tree.read(path):
            file.unlink()
            _remove_empty(file.parent, clone.repository.top)
        elif clone.repository.file(path).exists():
            notes.append(Note(f"{show_path(path)} has local changes, so it was not deleted"))
    left = [path for path in plan.removal.ignored if path not in sealed]
    notes += [
        Note(
            f"git does not ignore {show_path(path)}",
            (f"delete it with what is left of {plan.tool}: rm -r {shell_path(_top(path))}",),
        )
        for path in left
        if b"/" in path and clone.repository.regular_file(path)
    ]
    ignored = {*clone.repository.ignored(plan.removal.keys, also_tracked=True)}
    notes += [
        Note(f"git does not ignore {show_path(path)}", ("add it to .gitignore",))
        for path in plan.removal.keys
        if path not in ignored
    ]
    notes += [
        Note(f"{show_path(path)} is still ignored by git", ("remove its line from .gitignore",))
        for path in clone.repository.ignored(sorted(sealed), also_tracked=True)
    ]
    return notes


def _rewrite(clone: Clone, path: bytes, change: _Change, removed: tuple[bytes, ...]) -> None:
    """Apply *change* to a file of the working tree, and stage it, if anything is to be removed from it.

    If the working tree lacks it, as in a sparse checkout, git's version is changed: otherwise its attributes
    would still send files through the other tool's filter, in other clones.
    """
    file = clone.repository.regular_file(path)
    entry = clone.index.entry(path)
    if not removed or not entry:
        return
    before = file.read_bytes() if file else clone.objects.blob(entry.oid.encode("ascii"))
    if before is None:
        return
    after = change(before, removed)
    if after == before:
        return
    if not after.strip():
        _forget(clone, [path])
        if file:
            file.unlink()
    elif file:
        atomic.replace(file, after)
        stage(clone, path.decode("utf-8", "surrogateescape"))
    else:
        write_index(clone, [(entry, after)])


def _without_lines(data: bytes, removed: tuple[bytes, ...]) -> bytes:
    """Return *data*, a .gitignore, without the lines that name one of *removed*, also with escapes."""
    drop = {*removed, *(b"/" + one for one in removed)}
    kept = [
        line
        for line in data.split(b"\n")
        if not {line.strip(), _ESCAPED.sub(rb"\1", line.strip())} & drop
    ]
    return b"\n".join(kept)


def _top(path: bytes) -> bytes:
    """Return the first folder of *path*."""
    return path.partition(b"/")[0]


def _forget(clone: Clone, paths: list[bytes]) -> None:
    """Remove *paths* from the index."""
    if paths:
        stdin = b"".join(path + b"\x00" for path in paths)
        clone.repository.update_index("--force-remove", "--stdin", stdin=stdin)


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove *folder* and its parents below *top* while they are empty."""
    with contextlib.suppress(OSError):
        while folder != top:
            folder.rmdir()
            folder = folder.parent
