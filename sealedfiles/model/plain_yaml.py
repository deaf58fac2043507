"""Parse the YAML subset that most policies use, without PyYAML, whose import takes longer than most commands.

The subset consists of block mappings and block lists with scalars on one line, and flow lists of scalars, in
ASCII.  Any other text is left to PyYAML.  Tests compare the two parsers on generated texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sealedfiles.errors import PolicyError
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

_DEEPEST = 20
_LONGEST = 1000
"""Maximum length of a line: YAML does not allow longer keys."""

_QUOTED = r"\"[ !#-\[\]-~]*\"|'[ -&(-~]*'"
_SCALAR = rf"{_QUOTED}|[A-Za-z0-9_./](?:[A-Za-z0-9_./*@+=%,;()?&-]|[: ](?=[A-Za-z0-9_./(]))*"
_ITEM = rf"(?:{_QUOTED}|[A-Za-z0-9_./][A-Za-z0-9_./*@+=-]*)"
_LIST = rf"\[(?:{_ITEM}(?:, (?=[^\]])|(?=\])))*\]"
_LINE = lazy_pattern(
    rf"( *)(- )?(?:([A-Za-z_][A-Za-z0-9_.-]*):(?: ({_LIST}|{_SCALAR}))?|(?<=- )({_SCALAR}))(?: *| +#[\t -~]*)"
)
_SKIPPED = lazy_pattern(r" *(?:#[\t -~]*)?")


class Mark(NamedTuple):
    """The position of a node."""

    line: int
    """Counted from 0."""


class Node(NamedTuple):
    """A node with the part of the interface of PyYAML's nodes that parsing a policy needs."""

    id: str
    """``mapping``, ``sequence`` or ``scalar``."""
    value: Any
    """Pairs of nodes (mapping), nodes (sequence), or the text (scalar)."""
    start_mark: Mark
    style: str = ""
    """The quote character of a scalar; empty for a plain scalar."""


class _Row(NamedTuple):
    line: int
    column: int
    is_item: bool
    key: str | None
    value: str | None


class _OtherError(Exception):
    """The text contains a construct that this module does not parse."""


def compose(data: bytes) -> Node | None:
    """Return the root node of *data* as ``yaml.compose`` does, or None if PyYAML is needed."""
    try:
        rows = _rows(data.decode("ascii"))
        node, end = _block(rows, 0, 0, 0)
    except (UnicodeDecodeError, _OtherError):
        return None
    return node if end == len(rows) else None


def _rows(text: str) -> list[_Row]:
    rows = []
    for number, line in enumerate(text.split("\n")):
        if _SKIPPED.fullmatch(line):
            continue
        match = _LINE.fullmatch(line) if len(line) < _LONGEST else None
        if match is None:
            raise _OtherError
        indentation, dash, key, value, item = match.groups()
        rows.append(_Row(number, len(indentation), dash is not None, key, value or item))
    if not rows:
        raise _OtherError
    return rows


def _block(rows: list[_Row], at: int, column: int, depth: int) -> tuple[Node, int]:
    """Return the block that starts with ``rows[at]`` at *column*, and the index of the row after it."""
    first = rows[at]
    if depth > _DEEPEST or first.column != column:
        raise _OtherError
    read = _sequence if first.is_item else _mapping
    values, at = read(rows, at, column, depth)
    if at < len(rows) and rows[at].column > column:
        raise _OtherError
    return Node("sequence" if first.is_item else "mapping", values, Mark(first.line)), at


def _sequence(rows: list[_Row], at: int, column: int, depth: int) -> tuple[list[Any], int]:
    items = []
    while at < len(rows) and rows[at].column == column and rows[at].is_item:
        row = rows[at]
        if row.key is None:
            items.append(_value(row))
            at += 1
        else:
            rows[at] = row._replace(column=column + 2, is_item=False)
            item, at = _block(rows, at, column + 2, depth + 1)
            items.append(item)
    return items, at


def _mapping(rows: list[_Row], at: int, column: int, depth: int) -> tuple[list[Any], int]:
    pairs = []
    while at < len(rows) and rows[at].column == column and not rows[at].is_item:
        row = rows[at]
        at += 1
        if row.value is not None:
            value = _value(row)
        elif at < len(rows) and (
            rows[at].column > column or (rows[at].column == column and rows[at].is_item)
        ):
            value, at = _block(rows, at, rows[at].column, depth + 1)
        else:
            raise _OtherError  # no value
        pairs.append((Node("scalar", row.key, Mark(row.line)), value))
    return pairs, at


def _value(row: _Row) -> Node:
    source, mark = row.value or "", Mark(row.line)
    if source.startswith("["):
        items = re.findall(_ITEM, source)
        return Node("sequence", [_scalar(item, mark) for item in items], mark)
    return _scalar(source, mark)


def _scalar(source: str, mark: Mark) -> Node:
    quote = source[0] if source[0] in "\"'" else ""
    return Node("scalar", source[1:-1] if quote else source, mark, quote)


def compose_any(data: bytes, where: str) -> Any:
    """Return the root node of *data* from PyYAML, or None if it is empty.  Raises PolicyError."""
    import yaml  # imported here because most policies do not need it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _refuse_deep_nesting(yaml.parse(data, Loader=loader))
        return yaml.compose(data, Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"{where}:{mark.line + 1}" if mark else where
        raise PolicyError(
            f"{line}: the policy does not parse as YAML",
            "fix it in an editor, or restore it with git checkout",
        ) from None


def _refuse_deep_nesting(events: Iterable[Any]) -> None:
    """Raise RecursionError before libyaml's composer overflows the stack and crashes the process."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > _DEEPEST:
            raise RecursionError
