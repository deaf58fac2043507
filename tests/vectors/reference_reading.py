"""What a comment reads as, written from docs/format.md, section 5.1, alone; nothing of sealedfiles is used."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from vectors.reference_decoding import QUOTED, after_properties, decode, is_json

if TYPE_CHECKING:
    from collections.abc import Sequence

Path = tuple["str | None", ...]
Values = list["tuple[int, int, Path]"]

ITEM: Path = (None,)
_TOKEN = re.compile(
    "sealed:v1:[a-z0-9][a-z0-9._-]*:[a-z2-7]{16}:[A-Za-z0-9_-]{8}:[A-Za-z0-9_-]{64,}"
)
_LABELS = re.findall(
    r"\S+",
    "attention author bug caution copyright deprecated doc docs documentation e.g. eg ex example examples "
    "fixme hack hint i.e. ie important info licence license nb note notes prettier-ignore ref reference "
    "remark renovate see since source spdx-filecopyrighttext spdx-license-identifier tip todo usage vi vim "
    "warning xxx yaml-language-server",
)
_BEHIND = re.compile(r"[ \t]*,?[ \t]*(?:(?<=[ \t,])#.*)?$")
_PLAIN_KEY = re.compile(r"[^\s#'\"\[\]{}|>@`%,:](?:[^:#]|:(?![ \t]|$)|(?<![ \t])#)*")


class Read(NamedTuple):
    content: int = -1
    """Where the content begins; -1 if the comment is empty."""
    values: Sequence[tuple[int, int, Path]] = ()
    is_entry: bool = False
    is_item: bool = False
    header: Path | None = None
    entry: int | None = None
    """Where the entry is, if lines that are indented further are its body."""
    opens: str = ""
    is_block: bool = False
    takes_items: bool = False


def is_token(literal: str) -> bool:
    return _TOKEN.fullmatch(literal.strip("\"'")) is not None


def _is_label(key: str) -> bool:
    return key.lower() in _LABELS


def _begin(comment: str, signs: str) -> int:
    rest = re.sub(rf"^(?:{signs}|\s)*", "", comment)
    return len(comment) - len(rest) if rest else -1


# -- YAML


def read_yaml(comment: str) -> Read:
    content = _begin(comment, "#")
    if content < 0:
        return Read()
    start = content
    while found := re.compile(r"[-?][ \t]+").match(comment, start):
        start = found.end()
    steps = ITEM * comment.count("-", content, start)
    rest = comment[start:]
    end = len(comment.rstrip())
    if not rest:
        return Read(content)
    if rest.startswith("-----BEGIN "):
        opens = "" if "-----END " in rest else "-----END "
        return Read(content, [(start, end, steps)], True, opens=opens)
    return (
        _collection(comment, content, start, end, steps)
        or _key_value(comment, content, start, end, steps)
        or _assignment(comment, content, start, end, steps)
        or _item(comment, content, start, end, steps)
        or Read(content)
    )


def _collection(comment: str, content: int, start: int, end: int, steps: Path) -> Read | None:
    at = after_properties(comment, start)
    if not comment.startswith(("{", "["), at):
        return None
    values = flow(comment, start, steps)
    if values is not None:
        return Read(content, values, True)
    closed = _bracket_end(comment, at)
    if closed is not None:
        is_colon = re.compile(r"[ \t]*:(?:[ \t]|$)").match(comment, closed)
        if not _BEHIND.match(comment, closed) and not is_colon:
            return Read(content)
    opens = "[" if closed is None else ""
    return Read(content, [(start, end, steps)], True, entry=start, opens=opens)


def _key_value(comment: str, content: int, start: int, end: int, steps: Path) -> Read | None:
    at = after_properties(comment, start)
    is_quoted = comment.startswith(('"', "'"), at)
    key = (QUOTED if is_quoted else _PLAIN_KEY).match(comment, at)
    key_end = key.end() if key else at
    blank = r"(?:[ \t]+|$)" if not (key and is_quoted) else r"[ \t]*"
    colon = re.compile(r"[ \t]*:" + blank).match(comment, key_end)
    if not colon:
        return None
    text = decode("yaml", key[0].rstrip(" \t")) if key else ""
    path = (*steps, text) if key else steps
    header = path or None
    words = len(text.split())
    value = colon.end()
    if value == len(comment) or comment[value] == "#":
        is_entry = bool(key) and words == 1 and not _is_label(text)
        return Read(content, [], is_entry, header=header, entry=start, takes_items=True)
    values, opens, is_plain = _value(comment, value, path)
    is_word = is_plain and len(comment[values[0][0] : values[0][1]].split()) == 1
    if is_quoted:
        is_entry = True
    elif words <= 1:
        is_entry = not (_is_label(text) and is_plain)
    else:
        is_entry = words <= 3 and (is_word or not is_plain)
    is_block = comment.startswith(("|", ">"), after_properties(comment, value))
    return Read(content, values, is_entry, False, header, start, opens, is_block)


def _assignment(comment: str, content: int, start: int, end: int, steps: Path) -> Read | None:
    pattern = r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)=(?=[^=\s])"
    found = re.compile(pattern).match(comment, start)
    if not found:
        return None
    at = found.end()
    opens = comment[at] if comment[at] in "'\"" and not QUOTED.match(comment, at) else ""
    return Read(content, [(at, end, (*steps, found[1]))], True, entry=start, opens=opens)


def _item(comment: str, content: int, start: int, end: int, steps: Path) -> Read | None:
    if steps and not comment.startswith("#", start):
        values, opens, is_plain = _value(comment, start, steps)
        if not values:
            return None
        is_word = len(comment[values[0][0] : values[0][1]].split()) == 1
        is_block = comment.startswith(("|", ">"), after_properties(comment, start))
        dash = comment.rindex("-", content, start)
        return Read(content, values, not is_plain or is_word, True, steps, dash, opens, is_block)
    quoted = QUOTED.match(comment, start)
    if quoted and _BEHIND.match(comment, quoted.end()):
        return Read(content, [(start, quoted.end(), ITEM)], True)
    word = re.compile(r"([^\s,]+)[ \t]*,[ \t]*$").match(comment, start)
    return Read(content, [(start, word.end(1), ITEM)], True) if word else None


def _value(comment: str, start: int, path: Path) -> tuple[Values, str, bool]:
    """Return the values, what they open, and whether they are one plain scalar."""
    at = after_properties(comment, start)
    rest = [(start, len(comment.rstrip()), path)]
    if comment.startswith(("{", "["), at):
        values = flow(comment, start, path)
        if values is not None:
            return values, "", False
        return rest, "" if _bracket_end(comment, at) is not None else "[", False
    if comment.startswith(('"', "'"), at):
        quoted = QUOTED.match(comment, at)
        if quoted and _BEHIND.match(comment, quoted.end()):
            return [(start, quoted.end(), path)], "", False
        return rest, "" if quoted else comment[at], False
    if comment.startswith("-----BEGIN ", at):
        return rest, "" if "-----END " in comment else "-----END ", False
    end = len(re.split(r"[ \t]+#", comment[start:])[0].rstrip()) + start
    return [(start, end, path)], "", at == start and comment[start] not in "|>*"


def _bracket_end(comment: str, start: int) -> int | None:
    strings = re.compile(r"(?<![^\s,\[{:(])(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')")
    bare = strings.sub(lambda found: " " * len(found[0]), comment[start:])
    depth = 0
    for found in re.finditer(r"[\[\]{}]", bare):
        depth += 1 if found[0] in "[{" else -1
        if depth <= 0:
            return start + found.end()
    return None


class _RefusedError(Exception):
    """Not a collection in brackets."""


def flow(comment: str, start: int, path: Path) -> Values | None:
    """Return the values of a collection in brackets that is all of the comment from *start* on."""
    source = comment[:start] + comment[start:].rstrip(", \t")
    reader = _Flow(source)
    try:
        end = _blanks(source, reader.node(_blanks(source, start), path))
    except (_RefusedError, IndexError):
        return None
    return reader.values if end == len(source) else None


def _blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    if text.startswith("#", at) and at and text[at - 1] in " \t":
        raise _RefusedError  # the comment would go on to the end of the line
    return at


class _Flow:
    """Collections in brackets on one line, as YAML has them."""

    _PLAIN = re.compile(
        r"(?:[^\s,\[\]{}#&*!|>'\"%@`:?-]|[?:-](?=[^\s,\[\]{}]))"
        r"(?:[^\s,\[\]{}:#]|:(?![\s,\[\]{}]|$)|(?<![\s])#|[ \t]+(?=[^\s#,\[\]{}:]|:[^\s,\[\]{}]))*"
    )

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: Values = []
        self._anchors: set[str] = set()

    def node(self, at: int, path: Path) -> int:
        start, at = at, self._properties(at)
        sign = self.text[at : at + 1]
        if sign in ("{", "["):
            return self._pairs(at + 1, path) if sign == "{" else self._items(at + 1, path)
        if sign == "*":
            return self._alias(at)
        end = self._scalar(at)
        if end > start:
            self.values.append((start, end, path))
        return end

    def _properties(self, at: int) -> int:
        found = re.compile(r"(?:[!&][^\s,\[\]{}]*[ \t]+)*").match(self.text, at)
        assert found
        self._anchors |= set(re.findall(r"&(\S+)", found[0]))
        return found.end()

    def _alias(self, at: int) -> int:
        found = re.compile(r"\*([^\s,\[\]{}]+)").match(self.text, at)
        if not found or found[1] not in self._anchors:
            raise _RefusedError
        return found.end()

    def _scalar(self, at: int) -> int:
        pattern = QUOTED if self.text.startswith(('"', "'"), at) else self._PLAIN
        found = pattern.match(self.text, at)
        if found:
            return found.end()
        if self.text.startswith((",", "]", "}"), at):
            return at
        raise _RefusedError

    def _colon(self, at: int, *, is_quoted: bool) -> int | None:
        """Return the place behind a colon."""
        at = _blanks(self.text, at)
        if not self.text.startswith(":", at):
            return None
        if not is_quoted and self.text[at + 1] not in " \t,[]{}":
            raise _RefusedError
        return _blanks(self.text, at + 1)

    def _pairs(self, at: int, path: Path) -> int:
        while True:
            at = _blanks(self.text, at)
            if self.text[at] == "}":
                return at + 1
            start = self._properties(at)
            end = self._scalar(start)
            key = self.text[start:end]
            colon = self._colon(end, is_quoted=key.startswith(('"', "'")))
            at = end
            if colon is not None:
                at = colon
                if self.text[at] not in ",}":
                    at = self.node(at, (*path, decode("yaml", key)))
            elif not key:
                raise _RefusedError
            at = self._next(at, "}")

    def _items(self, at: int, path: Path) -> int:
        while True:
            at = _blanks(self.text, at)
            if self.text[at] == "]":
                return at + 1
            known = len(self.values)
            end = self.node(at, (*path, None))
            key = self.text[self._properties(at) : end]
            if end == at:
                raise _RefusedError
            colon = self._colon(end, is_quoted=False)
            if colon is not None:
                del self.values[known:]
                end = colon
                if self.text[end] not in ",]":
                    end = self.node(end, (*path, None, decode("yaml", key)))
            at = self._next(end, "]")

    def _next(self, at: int, closing: str) -> int:
        at = _blanks(self.text, at)
        if self.text[at] == ",":
            return at + 1
        if self.text[at] != closing:
            raise _RefusedError
        return at


# -- .env


def read_env(comment: str) -> Read:
    content = _begin(comment, "#")
    if content < 0:
        return Read()
    rest = comment[content:]
    end = len(comment.rstrip())
    if rest.startswith("-----BEGIN "):
        opens = "" if "-----END " in rest else "-----END "
        return Read(content, [(content, end, ())], True, opens=opens)
    found = re.compile(
        r"(?:export\s+)?('[^']+'|\"[^\"]+\"|[.\-\[\]]*\w[\w.\-\[\]]*)\s*(=|:(?=\s+\S))\s*(?=\S)"
    ).match(comment, content)
    if not found or re.fullmatch(r"[A-Za-z0-9+/_-]+==\s*", rest):
        return Read(content)  # the end of base64
    key = found[1][1:-1] if found[1][0] in "'\"" else found[1]
    start = found.end()
    closed = re.compile(r"(?:('|\"|`)(?:\\.|(?!\1)[^\\])*\1|" + _TOKEN.pattern + r")(\s*)(#.*)?$")
    value = closed.match(comment, start)
    opens = ""
    if value:
        blanks = len(value[2]) - 1 if value[3] else 0
        is_comment = not value[3] or value[2]
        end = (value.start(2) + max(blanks, 0)) if is_comment else end
    elif comment[start] in "'\"`" and not _closed_env(comment, start):
        opens = comment[start]
    elif comment[start:end].startswith("-----BEGIN "):
        opens = "" if "-----END " in comment[start:end] else "-----END "
    elif (len(comment[:end]) - len(comment[:end].rstrip("\\"))) % 2:
        opens = "\\"
    words = len(key.split())
    is_prose = words > 3 or len(comment[start:end].split()) > 1 if words > 1 else _is_label(key)
    is_entry = found[2] == "=" or not is_prose
    return Read(content, [(start, end, (key,))], is_entry, opens=opens)


def _closed_env(comment: str, start: int) -> bool:
    sign = comment[start]
    return re.compile(rf"{sign}(?:\\.|[^{sign}\\])*{sign}").match(comment, start) is not None


# -- JSON


def read_json(comment: str) -> Read:
    content = _begin(comment, r"[/*]")
    if content < 0:
        return Read()
    string = r"\"(?:[^\"\\]|\\.)*\""
    pair = re.compile(rf"({string})\s*:\s*({string}|[A-Za-z0-9+.-]+)")
    values: Values = []
    between = [content]
    at = content
    while found := re.compile(string).search(comment, at):
        at = found.end()
        entry = pair.match(comment, found.start())
        if entry and is_json(entry[1]):
            values.append((*entry.span(2), (json.loads(entry[1]),)))
            between += [found.start(), at := entry.end()]
    end = len(comment.rstrip())
    bare = re.sub(rf"(?<!\\){string}", "", comment[content:])
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", bare):
        depth = max(0, depth + (1 if bracket in "[{" else -1))
    opens = "[" if depth else ""
    first = re.compile(rf"({string})\s*:\s*").match(comment, content)
    if first and is_json(first[1]):
        header = (json.loads(first[1]),)
        if not values and comment[first.end() : end].strip() not in ("", "[", "{"):
            values = [(first.end(), end, header)]
        return Read(content, values, True, header=header, opens=opens)
    strings = re.compile(rf"{string}(?:\s*,\s*{string})*\s*,?\s*\]?\s*,?\s*$").match(
        comment, content
    )
    if strings or comment[content] in "[{":
        if not values and '"' in comment:
            values = [(content, end, ITEM)]
        if strings or len(between) == 1:
            return Read(content, values, True, opens=opens)
    gaps = [comment[a:b] for a, b in zip(between[::2], [*between[1::2], len(comment)], strict=True)]
    is_entry = not any(gap.strip(" \t\r\n,[{") for gap in gaps[:-1])
    is_entry = is_entry and bool(values) and not gaps[-1].strip(" \t\r\n,]}")
    return Read(content, values, is_entry, opens=opens)


READERS = {"yaml": read_yaml, "dotenv": read_env, "json": read_json}
