"""Commented-out entries in TOML and HCL (docs/format.md, section 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Commented, CommentPlace, Span, end_of
from sealedfiles.formats.commented import brackets_outside, is_prose, pem
from sealedfiles.formats.events import Event, Keys, Paths, Scope
from sealedfiles.light_typing import Protocol, TypeAlias
from sealedfiles.model.paths import ROOT, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

_BLANKS = re.compile("[ \t]*").match
_ENDS = re.compile(r"[ \t]*,?[ \t]*(?:(?:#|//).*)?\Z", re.DOTALL).match
_HEREDOC = re.compile(r"<<-?(\w[\w-]*)\Z").match
_STRINGS = lazy_pattern(r"(?<!\w)(?:\"[^\"\\]*(?:\\.[^\"\\]*)*\"|'[^']*')", re.DOTALL)


class CommentReader(Protocol):
    """The reader of a format, which reads one comment."""

    events: list[Event]

    def keys(self, at: int) -> tuple[int, Keys]:
        """Read a key at *at*; return the offset after the blanks that follow it.  Raises FormatError."""
        ...

    def value(self, at: int) -> int:
        """Read the value at *at*; return its end.  Raises FormatError."""
        ...


Readers: TypeAlias = "Callable[[str], CommentReader]"


def read_comment(comment: str, reads: Readers, signs: str) -> Commented:
    """Return the content of *comment*, the text after its sign, without any of the comment *signs*.

    *reads* creates a reader of the format.
    """
    content = len(comment) - len(comment.lstrip(f"{signs} \t\r\n\f\v\x85\xa0"))
    if content == len(comment):
        return Commented(-1)
    private_key = pem(comment, content)
    if private_key:
        return private_key
    try:
        at, keys = reads(comment).keys(content)
    except FormatError:
        keys, at = (), content
    if keys and comment.startswith(("=", ":"), at):
        path = b"".join(key_step(key) for key, _, _ in keys)
        start = end_of(_BLANKS(comment, at + 1))
        values = _values(comment, reads, start, path)
        if values is not None:
            return Commented(content, values, is_entry=True, header=path)
        entry = _open_entry(comment, content, start, path)
        if comment[at] == "=":
            return entry
        if start > at + 1:
            # As in .env files: `password: hunter2` is an entry, and `see: the docs` a sentence.
            text = comment[start:].rstrip()
            return entry._replace(is_entry=not is_prose(keys[-1][0], text))
    items = _items(comment, reads, content)
    return Commented(content, items, is_entry=bool(items))


def _items(comment: str, reads: Readers, content: int) -> list[Span]:
    """Return the values of *comment* if it consists of items of a list, each with a comma; else none."""
    if comment[content] not in "\"'[{":
        return []
    text = f"[{comment[content:]}\n]"
    reader = reads(text)
    try:
        values = Paths(text, reader.events).values if reader.value(0) == len(text) else []
    except FormatError:
        return []
    shift = content - 1
    return [Span(start + shift, end + shift, path) for start, end, path in values]


def _open_entry(comment: str, content: int, start: int, path: bytes) -> Commented:
    """Return the entry at *path* whose value begins at *start*, and does not end with the comment."""
    end = len(comment.rstrip())
    rest = comment[start:end]
    opens = ""
    if rest[:3] in ('"""', "'''"):
        opens = rest[:3]
    elif rest[:1] in ("[", "{"):
        opens = "["
    elif rest.startswith("-----BEGIN ") and "-----END " not in rest:
        opens = "-----END "
    elif heredoc := _HEREDOC(rest):
        opens = heredoc[1]
    values = [] if rest in ("", "[", "{") or rest[:1] == "#" else [Span(start, end, path)]
    return Commented(content, values, is_entry=True, header=path, opens=opens)


def _values(comment: str, reads: Readers, start: int, path: bytes) -> list[Span] | None:
    """Return the values of the value that begins at *start*; None if the comment does not end with it."""
    reader = reads(comment)
    try:
        if not _ENDS(comment, reader.value(start)):
            return None
        # The first event has no key: it is the value at *path* itself.
        return Paths(comment, reader.events, path).values
    except FormatError:
        return None


def _no_header(_comment: str) -> bytes | None:
    return None


def find_parents(
    text: str,
    values: Sequence[Span],
    places: Sequence[CommentPlace],
    scopes: Sequence[Scope],
    header_of: Callable[[str], bytes | None] = _no_header,
) -> list[tuple[bytes, bool]]:
    """Return for each comment the path above it, and whether it is among the items of a list.

    This is the collection that the comment is in; otherwise the table, also one whose header is commented
    out, up to the next value or header.  *header_of* returns the path of the table whose header a comment is.
    """
    found = []
    inside: list[Scope] = []
    table = ROOT
    commented: bytes | None = None
    next_scope = next_value = 0
    for start, _, read in places:
        while next_scope < len(scopes) and scopes[next_scope].start <= start:
            scope = scopes[next_scope]
            next_scope += 1
            commented = None
            if scope.is_closing:
                inside.pop()
            elif text[scope.start - 1] == "]":
                table = scope.path
            else:
                inside.append(scope)
        while next_value < len(values) and values[next_value].start <= start:
            next_value += 1
            commented = None
        header = None
        if read.content >= 0 and not inside:
            end = text.find("\n", start)
            line = text[start : end if end >= 0 else len(text)].rstrip("\r")
            header = header_of(line[read.content :])
        if header is not None:
            commented = header
        if inside:
            found.append((inside[-1].path, inside[-1].is_list))
        else:
            found.append((table if commented is None else commented, False))
    return found


def brackets(comment: str) -> list[tuple[int, str]]:
    """Return the brackets of *comment* that are not in strings, with their offsets."""
    return brackets_outside(_STRINGS, comment)
