"""Edit YAML text: only the affected lines change."""

from __future__ import annotations

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.formats.place import error_at, line_end_of
from sealedfiles.formats.tree import Child, Node, find, nested
from sealedfiles.formats.yaml.assign import Site, appended, replaced
from sealedfiles.formats.yaml.check import Expected, same
from sealedfiles.formats.yaml.data import CORE, meaning, plain
from sealedfiles.formats.yaml.place import edited
from sealedfiles.formats.yaml.remove import removed
from sealedfiles.formats.yaml.rules import (
    check_anchors,
    check_merges,
    check_way,
    checked_value,
    refuse_borrowed,
    refuse_documents,
)
from sealedfiles.formats.yaml.tree import YamlTree, addresses_in, grow
from sealedfiles.model.address import Address, no_such_value

Way = list[tuple[Node, Child]]


def assign(text: str, address: Address, value: Data) -> str:
    """Return *text* with *value* at *address*.

    A value with an anchor keeps it, so that its aliases mean the new value.  Raises UsageError if
    the address leads through a scalar, an alias or a merged key, if an anchor that is in use would
    vanish, or if YAML cannot hold *value*; FormatError if the layout cannot be followed.
    """
    return _assigned(_found(text, address), address, value)


def assign_text(text: str, address: Address, given: str) -> str:
    """Return *text* with *given*, which a user typed, at *address*; see ``base.Editor``.

    Raises as ``assign`` does.
    """
    tree, way, missing = found = _found(text, address)
    if missing:
        return _assigned(found, address, given)
    value, spelling = _with_type_of(Site(tree, way).node, given)
    return _assigned(found, address, value, spelling)


def _assigned(
    found: tuple[YamlTree, Way, Address], address: Address, value: Data, spelling: str | None = None
) -> str:
    """Return the text with *value* at *address*, written as *spelling* if that is possible."""
    value = checked_value(value, address)
    tree, way, missing = found
    text = tree.text
    site = Site(tree, way)
    node, here = site.node, address[: len(address) - len(missing)]
    refuse_documents(node)
    if missing:
        check_way(tree, node, here, missing)
        if node.entries or site.keeps_brackets():
            key = missing[0] if isinstance(missing[0], str) else None
            value = nested(missing[1:], value)
            candidates = list(appended(site, key, value))
            expected = Expected.adding(tree, node, (*here, missing[0]), value)
            return _first(candidates, expected, text, node)
        value = nested(missing, value)
    elif same(node.data, value) and spelling in (None, node.text):
        return text
    check_anchors(tree, here, node.content, node.end)
    if not isinstance(value, dict):
        check_merges(tree, here, node)
    candidates = list(replaced(site, value, spelling))
    return _first(candidates, Expected.replacing(tree, node, here, value), text, node)


def remove(text: str, address: Address) -> str:
    """Return *text* without the key at *address* (all of equal ones), or without the item.

    Raises UsageError if nothing or another place's value is there, or if an anchor that is in
    use would vanish; FormatError if the layout cannot be followed.
    """
    tree, way, missing = _found(text, address)
    if missing:
        refuse_borrowed(tree, Site(tree, way).node, address[: len(way)], missing)
        raise no_such_value(address, addresses_in(tree))
    equal = sum(entry.key == address[-1] for entry in way[-1][0].entries) if way else 1
    text = _without(tree, way, address)
    for _ in range(equal - 1):
        # An earlier equal key is in effect now.
        tree, way, _ = _found(text, address)
        text = _without(tree, way, address)
    return text


def _found(text: str, address: Address) -> tuple[YamlTree, Way, Address]:
    """Return the tree with its meaning, the way to *address*, and what of that is not there."""
    tree = grow(text)  # it is used up in finding out what the changed text must be
    meaning(tree)
    return tree, *find(tree.root, address)


def _without(tree: YamlTree, way: Way, address: Address) -> str:
    if not way:
        raise UsageError("the whole document cannot be removed", "remove the file")
    text = tree.text
    node, entry = way[-1]
    refuse_documents(node)
    check_anchors(tree, address, entry.start, entry.end)
    holder = Site(tree, way[:-1]).entry
    candidates = [edited(text, edits) for edits in removed(text, node, entry, holder)]
    # Add a line end at the end of the text if the last remaining value needs one.
    candidates += [candidate + line_end_of(text) for candidate in candidates]
    return _first(candidates, Expected.removing(tree, node, entry), text, node)


def _first(candidates: list[str], expected: Expected, text: str, node: Node) -> str:
    """Return the first of *candidates* that is what is *expected*."""
    for candidate in candidates:
        if expected.is_met_by(candidate):
            return candidate
    message = "laid out in a way in which this cannot be changed without changing other values"
    raise error_at(text, node.start, message)


def _with_type_of(node: Node, given: str) -> tuple[Data, str | None]:
    """Return the value that *given* means in the place of *node*, and how to write it.

    A number stays a number and a boolean a boolean if *given* is one for readers of YAML 1.1 and 1.2, and is
    written as it is; everything else is a string (`1e3`: an id must not become 1000.0).  The second part is
    *given* if it can be written as it is, without quotes (`0600` keeps its zero, `yes` becomes `no` and not
    `"no"`).  It is None if the value is to be written in the usual way.
    """
    node = node.target or node
    old = node.data
    if node.kind != "scalar" or not given.isprintable():
        return given, None
    try:
        new = plain(given)
    except ValueError:  # thousands of digits
        return given, None
    kind = _kind(old)
    if kind in ("number", "bool"):
        if _kind(new) != kind or _old_kind(given) != kind:
            return given, None
        if node.tag == f"{CORE}float" and isinstance(new, int):
            new = float(new)
        return new, given
    if node.style or node.tag or not isinstance(old, str) or not isinstance(new, str):
        return given, None
    # Words such as `yes`, dates and `1:30` are strings in YAML 1.2, and something else in YAML 1.1.
    is_typed = _old_kind(node.text) == _old_kind(given) != "str"
    return given, given if is_typed else None


def _kind(value: Data) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def _old_kind(text: str) -> str:
    """Return the type that YAML 1.1 gives to the plain scalar *text*."""
    from yaml.resolver import Resolver

    for tag, pattern in Resolver.yaml_implicit_resolvers.get(text[:1], []):
        if pattern.match(text):
            name = str(tag).removeprefix(CORE)
            return "number" if name in ("int", "float") else name
    return "str"
