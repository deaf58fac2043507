"""Edit YAML text: only the affected lines change."""

from __future__ import annotations

from sealedfiles.errors import UsageError
from sealedfiles.formats.place import error_at, line_end_of
from sealedfiles.formats.tree import find
from sealedfiles.formats.yaml.assign import Site, appended, replaced
from sealedfiles.formats.yaml.check import Expected, same
from sealedfiles.formats.yaml.data import meaning
from sealedfiles.formats.yaml.place import edited
from sealedfiles.formats.yaml.remove import removed
from sealedfiles.formats.yaml.rules import (
    check_anchors,
    check_merges,
    check_way,
    checked_value,
    nested,
    refuse_borrowed,
    refuse_documents,
)
from sealedfiles.formats.yaml.tree import addresses_in, grow
from sealedfiles.formats.yaml.types import with_type_of
from sealedfiles.light_typing import TYPE_CHECKING, cast
from sealedfiles.model.address import no_such_value

if TYPE_CHECKING:
    from sealedfiles.formats.base import Data
    from sealedfiles.formats.yaml.tree import YamlEntry, YamlNode, YamlTree
    from sealedfiles.model.address import Address

    Way = list[tuple[YamlNode, YamlEntry]]


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
    value, spelling = with_type_of(Site(tree, way).node, given)
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
    way, missing = find(tree.root, address)
    return tree, cast("Way", way), missing


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


def _first(candidates: list[str], expected: Expected, text: str, node: YamlNode) -> str:
    """Return the first of *candidates* that is what is *expected*."""
    for candidate in candidates:
        if expected.is_met_by(candidate):
            return candidate
    message = "laid out in a way in which this cannot be changed without changing other values"
    raise error_at(text, node.start, message)
