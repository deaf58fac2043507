"""What a YAML text means, as ``json.load`` would give it: YAML 1.2's core schema, and merge keys.

Keys are text as they are written; tags of other kinds than the core schema's mean nothing.
"""

from __future__ import annotations

import re

from sealedfiles.formats.base import Data, YamlFloat, YamlPlain
from sealedfiles.formats.place import error_at
from sealedfiles.formats.tree import Child, Node
from sealedfiles.formats.yaml.scalar import NO_STRING
from sealedfiles.formats.yaml.tree import YamlTree, parse
from sealedfiles.util.lazy_pattern import lazy_pattern

DEEPEST = 250
"""More than any real file has, and few enough for programs that follow a structure by recursion."""

_MOST_BY_ALIASES = 1_000_000
"""How many values more than are written a text may have: aliases of aliases make millions of a line."""

_LONGEST_NUMBER = 4300
"""Of its digits: Python converts no more."""

CORE = "tag:yaml.org,2002:"
_NUMBER_STARTS = frozenset("+-.0123456789")
_INT = lazy_pattern(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = lazy_pattern(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_SIGNS = ("<<", "=")
"""Plain texts that mean something to readers of YAML 1.1 as they are."""
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_CONSTANTS: dict[str, bool | None] = {**dict.fromkeys(_NULLS), **_BOOLEANS}


def load(text: str, *, as_written: bool = False) -> Data:
    """Return what *text* means, of several documents a list; with *as_written* numbers, and whatever
    else not all readers take for a text, as they are spelled.

    Raises FormatError if it does not parse, has a scalar that is not of the type its tag says, is
    nested too deeply, or if aliases are recursive or expand to too many values.
    """
    return meaning(parse(text), as_written=as_written)


def meaning(tree: YamlTree, *, as_written: bool = False) -> Data:
    """Return what *tree* means; see ``load``.  What is ``given`` in it is taken as it is."""
    sizes = [1] * len(tree.nodes)
    heights = [0] * len(tree.nodes)
    limit = len(tree.nodes) + _MOST_BY_ALIASES
    for number, node in enumerate(tree.nodes):
        if node.kind == "given":
            continue
        if node.kind == "scalar":
            node.data = _scalar(tree.text, node, as_written)
            continue
        if node.target is not None:
            if not 0 <= node.target.number < number:
                raise error_at(tree.text, node.start, "an alias of a value that it is a part of")
            parts = [node.target]
            node.data = node.target.data
        else:
            parts = [entry.value for entry in node.entries]
            if node.kind == "mapping":
                node.data = _mapping(node, tree.text if as_written else None)
            else:
                node.data = [one.data for one in parts]
            heights[number] = 1
        for part in parts:
            sizes[number] += sizes[part.number]
            heights[number] = max(heights[number], heights[part.number] + (node.kind != "alias"))
        if sizes[number] > limit:
            raise error_at(
                tree.text, node.start, f"aliases that add more than {_MOST_BY_ALIASES} values"
            )
        if heights[number] > DEEPEST:
            raise error_at(tree.text, node.start, f"nested more than {DEEPEST} levels deep")
    return tree.root.data


def plain(text: str) -> Data:
    """Return what a plain scalar without a tag means.  Raises ValueError for endless numbers."""
    if text[:1] not in _NUMBER_STARTS:
        return _CONSTANTS.get(text, text)
    if _INT.fullmatch(text):
        return _int(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    return text


def is_number(text: str) -> bool:
    """Return True if the plain scalar *text* is a number in YAML 1.2."""
    return bool(_INT.fullmatch(text) or _FLOAT.fullmatch(text))


def _spelled(text: str) -> Data:
    """Return what a plain scalar means if that is a text, a boolean or null to every reader; else its
    source."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return YamlPlain(text) if NO_STRING.fullmatch(text) and text not in _SIGNS else text


def _scalar(text: str, node: Node, as_written: bool) -> Data:
    try:
        if node.tag is None:
            if node.style:
                return node.text
            return _spelled(node.text) if as_written else plain(node.text)
        return _tagged(node, as_written)
    except ValueError:
        message = "a value that is not of the type its tag says, or a number of thousands of digits"
        raise error_at(text, node.start, message) from None


def _tagged(node: Node, as_written: bool) -> Data:
    text, name = node.text, (node.tag or "").removeprefix(CORE)
    if name in ("!", "str", "binary"):
        return text
    if name == "int" and _INT.fullmatch(text):
        return YamlPlain(text) if as_written else _int(text)
    if name == "float" and (_FLOAT.fullmatch(text) or _INT.fullmatch(text)):
        if as_written:
            return YamlFloat(text) if re.fullmatch("[-+]?[0-9]+", text) else YamlPlain(text)
        return _float(text)
    if name == "bool" and text in _BOOLEANS:
        return _BOOLEANS[text]
    if name == "null" and text in _NULLS:
        return None
    if name in ("int", "float", "bool", "null"):
        raise ValueError(name)
    if node.style:
        return text
    return _spelled(text) if as_written else plain(text)


def _int(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(len(text))
    return int(text, {"0x": 16, "0o": 8}.get(text[:2], 10))


def _float(text: str) -> float:
    if text[:2] in ("0x", "0o"):
        return float(_int(text))
    return float(text.lower().replace(".", "") if text[-1] in "fFnN" else text)


def _mapping(node: Node, source: str | None) -> Data:
    """Return what a mapping means; if *source*, the file's text, is given, with keys as they are spelled."""
    data = {_key(entry, source): entry.value.data for entry in node.entries}
    if "<<" not in data:
        return data
    merges = [(entry, merged(entry)) for entry in node.entries]
    found: dict[str, Data] = {}
    for _, mappings in merges:
        for mapping in reversed(mappings or []):
            found.update(mapping)
    found.update((_key(e, source), e.value.data) for e, mappings in merges if mappings is None)
    return found


def _key(entry: Child, source: str | None) -> str:
    key = entry.key or ""
    # A plain key is its own source; a tag or anchor would be before it.
    if source is not None and source[entry.key_start : entry.key_end] == key:
        return key if key in _SIGNS or not NO_STRING.fullmatch(key) else YamlPlain(key)
    return key


def merged(entry: Child) -> list[dict[str, Data]] | None:
    """Return the mappings that *entry* merges into its own, the first of which counts most.

    None if it is an ordinary entry, as is one whose value is nothing that can be merged (a token).
    """
    data = entry.value.data
    mappings = data if isinstance(data, list) else [data]
    found = [one for one in mappings if isinstance(one, dict)]
    return found if entry.is_merge and len(found) == len(mappings) else None
