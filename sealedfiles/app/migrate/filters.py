"""Tools that encrypt files by a filter of git: which files, and with which key."""

from __future__ import annotations

import os

from sealedfiles.app.migrate.tree import Tree
from sealedfiles.app.tracking.patterns import literal_pattern


def filter_patterns(tree: Tree, name: str) -> list[tuple[str, str]]:
    """Return the patterns in attributes files with the filter *name* or ``NAME-KEY``, relative to the top,
    each with its key, which is empty without one."""
    found = []
    for path in tree.attribute_files():
        folder = path.rpartition(b"/")[0]
        for pattern, state in tree.attributes.filters(folder):
            text = state.decode("utf-8", "replace") if isinstance(state, bytes) else ""
            if text == name or text.startswith(f"{name}-"):
                key = text.removeprefix(name).removeprefix("-")
                found.append((_from_top(folder, pattern), key))
    return found


def _from_top(folder: bytes, pattern: str) -> str:
    if not folder:
        return pattern
    between = "/" if "/" in pattern else "/**/"
    return f"{literal_pattern(os.fsdecode(folder))}{between}{pattern.removeprefix('/')}"
