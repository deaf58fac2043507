"""Commented-out entries in YAML (docs/format.md, section 5)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Commented, CommentPlace, Span, end_of
from sealedfiles.formats.commented import brackets_outside, is_prose, pem
from sealedfiles.formats.yaml import literal as yaml_literal
from sealedfiles.model.paths import ITEM, LONGEST, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

_SIGNS = re.compile(r"[#\s]*").match
_DASHES = re.compile(r"(?:[-?][ \t]+)*").match
_PROPERTIES = re.compile(r"(?:[!&][^ \t]*[ \t]+)*").match
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'").match
_COLON = re.compile(r"[ \t]*:(?:[ \t]+|\Z)").match
_PLAIN_KEY = re.compile(r"[^\s#'\"\[\]{}|>@`%,:](?:[^:#]|:(?![ \t]|\Z)|(?<![ \t])#)*").match
_PLAIN = re.compile(r"(?:[^# \t]|(?<![ \t])#|[ \t]+(?![#\s]|\Z))*").match
_ASSIGNMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)=(?=[^=\s])").match
_AFTER_VALUE = re.compile(r"[ \t]*,?[ \t]*(?:(?<=[ \t,])#.*)?\Z", re.DOTALL).match
_FLOW_ITEM = re.compile(r"[^\s,]+[ \t]*,[ \t]*\Z").match
_STRINGS = lazy_pattern(r"(?<![^\s,\[{:(])(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')")
_LINE_STARTS = lazy_pattern(r"\r\n|\n|\r")
_INDENTATION = re.compile(r"[ \t]*").match
_OPEN_BRACKETS = re.compile(r"[\[{ \t]*").match
_LINE_KEY = re.compile(r"[^\s#'\"\[\]{},:](?:[^:#\r\n]|:(?![ \t\r\n]|\Z)|(?<![ \t])#)*").match
_KEY_COLON = re.compile(r"[ \t]*:").match


def read_comment(comment: str) -> Commented:
    """Return what *comment*, the text after its ``#``, is without its comment signs, one or several."""
    content = end_of(_SIGNS(comment))
    if content == len(comment):
        return Commented(-1)
    start = end_of(_DASHES(comment, content))
    prefix = ITEM * comment.count("-", content, start)
    if start == len(comment):
        return Commented(content)
    private_key = pem(comment, start, prefix)
    if private_key:
        return private_key._replace(content=content)
    return (
        _flow_entry(comment, content, start, prefix)
        or _key_entry(comment, content, start, prefix)
        or _assignment(comment, content, start, prefix)
        or _item(comment, content, start, prefix)
        or Commented(content)
    )


def _flow_entry(comment: str, content: int, start: int, prefix: bytes) -> Commented | None:
    """Read a collection in brackets; a link, a footnote or a check box, ``[x] done``, is prose."""
    at = end_of(_PROPERTIES(comment, start))
    if not comment.startswith(("{", "["), at):
        return None
    values = _flow(comment, start, prefix)
    if values is not None:
        return Commented(content, values, is_entry=True)
    end = flow_end(comment, at)
    if end >= 0 and not _AFTER_VALUE(comment, end) and not _COLON(comment, end):
        return Commented(content)
    whole = Span(start, len(comment.rstrip()), prefix)
    return Commented(content, [whole], is_entry=True, body=start, opens="" if end >= 0 else "[")


def _key_entry(comment: str, content: int, start: int, prefix: bytes) -> Commented | None:
    """Read ``key: value``, or ``: value`` below ``? key``."""
    at = end_of(_PROPERTIES(comment, start))
    is_quoted = comment.startswith(('"', "'"), at)
    key = (_QUOTED if is_quoted else _PLAIN_KEY)(comment, at)
    key_end = key.end() if key else at
    if key and is_quoted and comment.startswith(":", key_end):
        value = key_end + 1 + len(comment[key_end + 1 :]) - len(comment[key_end + 1 :].lstrip())
    else:
        colon = _COLON(comment, key_end)
        if colon is None:
            return None
        value = colon.end()
    text = yaml_literal.decode(key[0].rstrip(" \t")) if key else ""
    path = prefix + key_step(text) if key else prefix
    result = Commented(content, header=path, body=start)
    if value == len(comment) or comment[value] == "#":
        is_entry = bool(key) and not is_prose(text, "")
        return result._replace(is_entry=is_entry and len(text.split()) == 1, takes_items=True)
    values, opens, is_plain = _value(comment, value, path)
    plain = comment[values[0].start : values[0].end] if is_plain else ""
    is_entry = is_quoted or not is_plain or not is_prose(text, plain)
    if len(text.split()) > 1 and is_prose(text, ""):
        is_entry = is_quoted
    is_block = comment.startswith(("|", ">"), end_of(_PROPERTIES(comment, value)))
    return result._replace(values=values, opens=opens, is_entry=is_entry, is_block=is_block)


def _assignment(comment: str, content: int, start: int, prefix: bytes) -> Commented | None:
    """Read ``KEY=value``, a line of a .env file or of a shell."""
    match = _ASSIGNMENT(comment, start)
    if match is None:
        return None
    value = Span(match.end(), len(comment.rstrip()), prefix + key_step(match[1]))
    sign = comment[value.start]
    opens = sign if sign in "'\"" and not _QUOTED(comment, value.start) else ""
    return Commented(content, [value], is_entry=True, body=start, opens=opens)


def _item(comment: str, content: int, start: int, prefix: bytes) -> Commented | None:
    """Read a list item; without a dash only what is an item of brackets for sure."""
    if prefix:
        values, opens, is_plain = _value(comment, start, prefix)
        if not values:
            return None
        is_sure = not is_plain or len(comment[values[0].start : values[0].end].split()) == 1
        # Its lines below are right of its last dash.
        result = Commented(
            content, values, is_entry=is_sure, is_item=True, header=prefix, opens=opens
        )
        is_block = comment.startswith(("|", ">"), end_of(_PROPERTIES(comment, start)))
        return result._replace(body=comment.rindex("-", content, start), is_block=is_block)
    quoted = _QUOTED(comment, start)
    if (quoted and _AFTER_VALUE(comment, quoted.end())) or _FLOW_ITEM(comment, start):
        end = quoted.end() if quoted else len(comment.rstrip(", \t"))
        return Commented(content, [Span(start, end, ITEM)], is_entry=True)
    return None


def _value(comment: str, start: int, path: bytes) -> tuple[list[Span], str, bool]:
    """Return the values at *start*, what they leave open, and whether they are one plain scalar."""
    at = end_of(_PROPERTIES(comment, start))
    if comment.startswith(("{", "["), at):
        values = _flow(comment, start, path)
        if values is not None:
            return values, "", False
        opens = "[" if flow_end(comment, at) < 0 else ""
        return [Span(start, len(comment.rstrip()), path)], opens, False
    if comment.startswith(('"', "'"), at):
        quoted = _QUOTED(comment, at)
        if quoted and _AFTER_VALUE(comment, quoted.end()):
            return [Span(start, quoted.end(), path)], "", False
        opens = "" if quoted else comment[at]
        return [Span(start, len(comment.rstrip()), path)], opens, False
    if comment.startswith("-----BEGIN ", at):
        opens = "" if "-----END " in comment else "-----END "
        return [Span(start, len(comment.rstrip()), path)], opens, False
    end = end_of(_PLAIN(comment, start))
    is_plain = at == start and comment[start] not in "|>*"
    return ([Span(start, end, path)] if end > start else []), "", is_plain


def _flow(comment: str, start: int, path: bytes) -> list[Span] | None:
    """Return the values of a whole collection in brackets; None if it is not one."""
    source = comment[start:].rstrip(", \t")
    if not source.endswith(("}", "]")):
        return None
    from sealedfiles.formats.yaml.events import find  # few comments have brackets

    try:
        values = find(source).values
    except FormatError:
        return None
    return [Span(start + a, start + b, path + inner) for a, b, inner in values]


def flow_end(comment: str, start: int) -> int:
    """Return the end of the collection in brackets that begins at *start*; -1 if it is not closed."""
    depth = 0
    for at, sign in brackets(comment[start:]):
        depth += 1 if sign in "[{" else -1
        if depth <= 0:
            return start + at + 1
    return -1


def brackets(line: str) -> Iterable[tuple[int, str]]:
    """Return the brackets of a line, with their offsets, but for those in its quoted strings."""
    return brackets_outside(_STRINGS, line)


def find_parents(
    text: str, values: Sequence[Span], places: Sequence[CommentPlace]
) -> list[tuple[bytes, bool]]:
    """Return for each of *places* the path that it would have as an entry, without that entry's own
    steps, and whether it is among the items of a list.

    Indentation tells, as it does in a block: a guess, for nothing is parsed.
    """
    found: list[tuple[bytes, bool]] = []
    stack: list[tuple[int, bytes, bool]] = []
    starts = [span.start for span in values]
    at = line = 0
    if places:
        _enter_line(text, 0, places[0].start, stack)
    for place in places:
        for begin in _LINE_STARTS.finditer(text, line, place.start):
            line = begin.end()
            while at < len(values) and values[at].end <= line:
                at += 1
            if at < len(values) and values[at].start < line:
                continue  # within a value of several lines
            _enter_line(text, line, place.start, stack)
        following = bisect_left(starts, place.start)
        after = values[following].path if following < len(values) else b""
        # A comment after a value does not determine where the lines below it belong.
        is_behind = text[line : place.start].strip(" \t#") != ""
        found.append(_enter_comment(text, place, stack.copy() if is_behind else stack, after))
    return found


def _enter_line(text: str, line: int, limit: int, stack: list[tuple[int, bytes, bool]]) -> None:
    """Enter a line of the file."""
    if text.startswith(("---", "..."), line):
        stack.clear()
    at = end_of(_INDENTATION(text, line))
    if text.startswith(("#", "\r", "\n"), at):
        return
    key_at = end_of(_DASHES(text, at))
    for dash in range(at, key_at):
        if text[dash] == "-":
            _pop_for_dash(stack, dash - line)
            stack.append((dash - line, _path(stack) + ITEM, True))
    key_at = end_of(_OPEN_BRACKETS(text, key_at))
    key = (_QUOTED if text.startswith(('"', "'"), key_at) else _LINE_KEY)(text, key_at, limit)
    if key and _KEY_COLON(text, key.end()):
        _pop(stack, key_at - line)
        step = key_step(yaml_literal.decode(key[0].rstrip(" \t")))
        stack.append((key_at - line, _path(stack) + step, False))


def _enter_comment(
    text: str, place: CommentPlace, stack: list[tuple[int, bytes, bool]], after: bytes
) -> tuple[bytes, bool]:
    read = place.read
    if read.content < 0:
        return b"", False
    at = place.start + read.content
    has_dash = text.startswith(("- ", "-\t"), at)
    popped = _pop_for_dash(stack, place.column) if has_dash else _pop(stack, place.column)
    parent = _path(stack)
    among_items = popped or after.startswith(parent + ITEM)
    if read.header and len(parent) + len(read.header) <= LONGEST:
        column = place.column + max(read.body - read.content, 0)
        stack.append((column, parent + read.header, read.header.endswith(ITEM)))
    return parent, among_items


def _path(stack: list[tuple[int, bytes, bool]]) -> bytes:
    return stack[-1][1] if stack else b""


def _pop(stack: list[tuple[int, bytes, bool]], column: int) -> bool:
    """Leave what does not hold an entry at *column*; return whether an item was left last."""
    last = False
    while stack and stack[-1][0] >= column:
        last = stack.pop()[2]
    return last


def _pop_for_dash(stack: list[tuple[int, bytes, bool]], column: int) -> bool:
    """The same for an item, which may be as far left as the key of its list."""
    last = False
    while stack and (stack[-1][0] > column or (stack[-1][0] == column and stack[-1][2])):
        last = stack.pop()[2]
    return last
