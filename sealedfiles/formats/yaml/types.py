"""The type of a YAML scalar that is replaced by a text: the type stays if the text allows it."""

from __future__ import annotations

from sealedfiles.formats.yaml.data import CORE, plain
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealedfiles.formats.base import Data
    from sealedfiles.formats.yaml.tree import YamlNode

_NUMBERS = ("int", "float")


def with_type_of(node: YamlNode, given: str) -> tuple[Data, str | None]:
    """Return the value that *given* means in the place of *node*, and how to write it.

    A number stays a number and a boolean a boolean if *given* is one; everything else is a string.  The
    second part is *given* if it can be written as it is, without quotes, and is of the same type as
    before for readers of YAML 1.1 and 1.2 (`0600` keeps its zero, `yes` becomes `no` and not `"no"`).
    It is None if the value is to be written in the usual way.
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
        if _kind(new) != kind:
            return given, None
        if node.tag == f"{CORE}float" and isinstance(new, int):
            new = float(new)
        return new, given if _old_kind(given) == kind else None
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
            return "number" if name in _NUMBERS else name
    return "str"
