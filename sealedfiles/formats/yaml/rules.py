"""What may not be done to a YAML text: changes that would reach other places than the one asked for."""

from __future__ import annotations

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.formats.place import error_at
from sealedfiles.formats.tree import Node, check_step
from sealedfiles.formats.yaml.tree import YamlTree
from sealedfiles.model.address import Address, show_address

_DEEPEST = 100
"""Of values that are given: they are written by recursion."""

_LARGEST = 10**4300
"""No number has more digits that Python can read again."""


def checked_value(value: Data, address: Address) -> Data:
    """Return *value* in Python's own types.  Raises UsageError if YAML cannot hold it, or the keys
    of *address*."""
    for step in address:
        _check_text(step, address)
    return _checked(value, address, 0)


def _checked(value: object, address: Address, depth: int) -> Data:
    if depth > _DEEPEST:
        raise UsageError(f"the value for {show_address(address)} is nested too deeply")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _LARGEST:
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(_check_text(value, address))
    if isinstance(value, (list, tuple)):
        return [_checked(item, address, depth + 1) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {
            str(_check_text(key, address)): _checked(item, address, depth + 1)
            for key, item in value.items()
        }
    raise UsageError(f"YAML cannot represent the value for {show_address(address)}")


def _check_text(text: str | int, address: Address) -> str | int:
    if isinstance(text, str) and not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"the value for {show_address(address)} contains a lone surrogate, which YAML cannot "
                "represent",
                "encode it in base64",
            ) from None
    return text


def check_way(tree: YamlTree, node: Node, here: Address, missing: Address) -> None:
    """Raise UsageError unless the first of the *missing* steps can be made in *node*, which is *here*."""
    refuse_borrowed(tree, node, here, missing[:-1])
    is_empty = node.kind == "scalar" and node.content == node.end and node.data is None
    if not is_empty:
        check_step(node, here, missing[0], "a mapping")


def refuse_documents(node: Node) -> None:
    """Raise UsageError if *node* is all the documents of a text: one at a time is changed."""
    if node.kind == "documents":
        raise UsageError(
            f"the file has {len(node.entries)} documents: only values inside a document can be changed",
            "begin the path with the number of the document, counted from [0]",
        )


def refuse_borrowed(tree: YamlTree, node: Node, here: Address, steps: Address) -> None:
    """Raise UsageError if *steps* lead from *node*, which is at *here*, to a value written elsewhere."""
    if node.kind == "alias" and node.target:
        place, meant = _line(tree, node.start), _line(tree, node.target.start)
        raise UsageError(
            f"{show_address(here)} is an alias (line {place}) of a value in line {meant}",
            "change that value, or replace the alias",
        )
    if steps and isinstance(node.data, dict) and steps[0] in node.data:
        raise UsageError(
            f"{show_address((*here, steps[0]))} is merged from another mapping by <<",
            "change it there",
        )


def check_anchors(tree: YamlTree, here: Address, start: int, end: int) -> None:
    """Raise UsageError if an alias elsewhere means something between *start* and *end*."""
    for alias, target in tree.aliases:
        if start <= target < end and not start <= alias < end:
            raise UsageError(
                f"{show_address(here)} has an anchor (line {_line(tree, target)}) "
                f"whose alias in line {_line(tree, alias)} would have no target",
                "change the alias first",
            )


def check_merges(tree: YamlTree, here: Address, node: Node) -> None:
    """Raise UsageError if *node*, which is *here*, is merged into another mapping."""
    if node.anchor is None:
        return
    for entry in (entry for one in tree.nodes for entry in one.entries if entry.is_merge):
        value = entry.value
        if any(one.target is node for one in [value, *(item.value for item in value.entries)]):
            raise UsageError(
                f"{show_address(here)} is merged into another mapping in line {_line(tree, value.start)}",
                "only a mapping can replace it",
            )


def _line(tree: YamlTree, at: int) -> int:
    return error_at(tree.text, at, "").line
