"""Tables of readers, groups and values, for a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.app.who.matrix import GRANTED, Matrix, PublicKey, Reader
from sealedfiles.app.who.values import FileValues, ListedValue
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing.file import show_path
from sealedfiles.util.lazy_pattern import lazy_pattern

_YES, _PROBLEM = "●", "!"
_WORDS = {True: "yes", False: "no", None: "unknown"}
_BACKTICKS = lazy_pattern(r"`+")


class Table(NamedTuple):
    """One table, without control characters."""

    title: str
    columns: Sequence[str]
    rows: list[list[str]]


def matrix_tables(matrix: Matrix) -> list[Table]:
    """Return the tables of access with dates, and of public keys."""
    groups = [group.name for group in matrix.groups]
    readers = [
        [reader.name, *(_access(reader, group) for group in groups)] for reader in matrix.readers
    ]
    keys = [
        [reader.name, _key_type(reader, key), _WORDS[key.post_quantum], key.shown_fingerprint]
        for reader in matrix.readers
        for key in reader.keys
    ]
    columns = ("reader", "key type", "post-quantum", "fingerprint")
    return [Table("", ("reader", *groups), readers), Table("", columns, keys)]


def _key_type(reader: Reader, key: PublicKey) -> str:
    return f"{key.kind}, in {reader.kms}" if reader.kms else key.kind


def file_tables(found: FileValues, matrix: Matrix) -> list[Table]:
    """Return the table of the values of one file, their groups and readers."""
    rows = [_value(value, matrix) for value in found.values]
    return [Table(show_path(found.path), ("value", "group", "readers"), rows)]


def as_lines(tables: list[Table], *, ascii_only: bool = False) -> str:
    """Return *tables* in columns, for a terminal; with ``x`` for ``●`` if *ascii_only*."""
    text = "\n".join(_columns(table) for table in tables if table.rows)
    return text.replace(_YES, "x") if ascii_only else text


def as_markdown(tables: list[Table]) -> str:
    """Return *tables* in GitHub's Markdown; the text of a cell is never interpreted as markup."""
    return "\n".join(_markdown(table) for table in tables if table.rows)


def _access(reader: Reader, group: str) -> str:
    access = reader.access.get(group)
    if access is None:
        return ""
    return f"{_YES if access.state == GRANTED else _PROBLEM} {access.since[:10]}".rstrip()


def _value(value: ListedValue, matrix: Matrix) -> list[str]:
    group, state, readers = value.cells(matrix)
    return [value.shown, f"{group} ({state})".lstrip() if state else group, readers]


def _columns(table: Table) -> str:
    rows = [list(table.columns), *table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "".join(f"{line}\n" for line in ([table.title] if table.title else []) + lines)


def _markdown(table: Table) -> str:
    head = [f"**{_code(table.title)}**\n"] if table.title else []
    lines = [
        f"| {' | '.join(table.columns)} |",
        f"|{'---|' * len(table.columns)}",
        *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table.rows),
    ]
    return "".join(f"{line}\n" for line in head + lines)


def _cell(text: str) -> str:
    if not text or text.startswith((_YES, _PROBLEM)):
        return text
    return _code(text).replace("|", "\\|")


def _code(text: str) -> str:
    """Return *text* as code, so that it is not markup, a link, or a mention of a user."""
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}"
