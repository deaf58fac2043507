"""Tools that encrypt files by a filter of git: which files, and with which key."""

from __future__ import annotations

from sealedfiles.app.migrate.tree import Tree
from sealedfiles.app.tracking.patterns import literal_pattern
from sealedfiles.git import gitattributes


def filter_patterns(tree: Tree, name: str) -> list[tuple[str, str]]:
    """Return the patterns in attributes files with the filter *name* or ``NAME-KEY``, relative to the top,
    each with its key, which is empty without one."""
    found = []
    for path in tree.attribute_files():
        folder = path.rpartition(b"/")[0].decode("utf-8", "surrogateescape")
        for pattern, states in gitattributes.parse(tree.need(path)):
            if pattern.startswith(b"[attr]"):
                continue
            for attribute, state in states:
                text = state.decode("utf-8", "replace") if isinstance(state, bytes) else ""
                if attribute == b"filter" and (text == name or text.startswith(f"{name}-")):
                    key = text.removeprefix(name).removeprefix("-")
                    found.append((_from_top(folder, pattern), key))
    return found


def _from_top(folder: str, pattern: bytes) -> str:
    text = pattern.decode("utf-8", "surrogateescape")
    if not folder:
        return text
    between = "/" if "/" in text else "/**/"
    return f"{literal_pattern(folder)}{between}{text.removeprefix('/')}"
