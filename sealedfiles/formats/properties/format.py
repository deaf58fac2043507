"""Java properties: the grammar of ``java.util.Properties.load``.

* Lines end with LF, CRLF or a lone CR; blanks are space, tab and form feed.
* A line that begins with ``#`` or ``!`` is a comment.
* A backslash at the end of a line continues it, without the blanks at the beginning of the next one.
* A key ends at the first ``=``, ``:`` or blank without a backslash before it; the value is all that follows,
  with blanks at its end.
* A line that has only a key is a value without a key: it may be a line of a private key.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sealedfiles.formats.base import KEPT, Commented, Format, Scan, Span, end_of
from sealedfiles.formats.lines import ANY_TOKEN, is_base64_end, refuse_markers
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import LONGEST, ROOT, key_step
from sealedfiles.model.token import TOKEN, TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from typing import NoReturn

_ESCAPE = r"\\(?:u[0-9a-fA-F]{4}|\r\n|[^u]|\Z)"
_START = lazy_pattern(r"(?:[ \t\f\r\n]|\\(?:\r\n|[\r\n]))*(?:[#!]([^\r\n]*))?")
_BETWEEN = r"(?:[ \t\f]|\\(?:\r\n|[\r\n]))*"
_KEY = lazy_pattern(
    rf"((?:[^\\=: \t\f\r\n]|\\(?:\r\n|[\r\n])[ \t\f]*|{_ESCAPE})*){_BETWEEN}([=:]?){_BETWEEN}",
    re.DOTALL,
)
_TOKEN_LINE = lazy_pattern(rf"({ANY_TOKEN.pattern}){_BETWEEN}(?=[\r\n]|\Z)")
_VALUE = lazy_pattern(rf"(?:[^\\\r\n]|{_ESCAPE})*", re.DOTALL)
_REST = lazy_pattern(r"[^\r\n]*")
_ESCAPED = lazy_pattern(r"\\(?:u([0-9a-fA-F]{4})|(?:\r\n|\r|\n)[ \t\f]*|(.)|\Z)", re.DOTALL)
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_BLANKS = " \t\f"
_AFTER_SEALED = TOKEN_PATTERN.removeprefix("sealed")


class Entry(NamedTuple):
    """A key with its value.  The value may be empty."""

    key: str
    start: int
    sign: int
    """The end of the key; -1 for a value without a key, which is ``text[start:end]``."""
    value: int
    end: int


class PropertiesScan(Scan):
    """The values of one text."""

    def __init__(self, text: str) -> None:
        self.entries: list[Entry] = []
        self._comments: list[tuple[int, int]] = []
        self._text = text
        self._read()
        self.values = [
            Span(one.value, one.end, ROOT if one.sign < 0 else key_step(one.key))
            for one in self.entries
            if one.value < one.end
        ]

    def comments(self) -> list[tuple[int, int]]:
        """Return the comments, each from the character after its sign to the end of its line."""
        return self._comments

    def _read(self) -> None:
        refuse_markers(self._text)
        text, at = self._text, 0
        is_keyless = False
        while match := _START.match(text, at):
            at = match.end()
            if match.start(1) >= 0:
                self._comments.append(match.span(1))
            elif at == len(text):
                return
            else:
                entry, at = self._entry(at, is_keyless=is_keyless)
                is_keyless = entry.sign < 0
                self.entries.append(entry)
            if at == len(text):
                return

    def _entry(self, at: int, *, is_keyless: bool) -> tuple[Entry, int]:
        """Return the entry at *at*, and the end of its last line."""
        text = self._text
        line = text[at : end_of(_REST.match(text, at))]
        alone = line.rstrip(_BLANKS)
        token = _TOKEN_LINE.match(text, at)
        if token is not None:
            return Entry("", at, -1, *token.span(1)), token.end()
        if is_keyless and is_base64_end(alone):
            return Entry("", at, -1, at, at + len(alone)), at + len(line)
        key = _KEY.match(text, at)
        assert key is not None  # noqa: S101 - it matches anything
        value, end = key.end(), end_of(_VALUE.match(text, key.end()))
        if end < len(text) and text[end] not in "\r\n":
            self._fail(end, "an escape that is not \\uXXXX")
        if not key[2] and value == end:
            return Entry("", at, -1, at, key.end(1)), end
        name = decode(key[1])
        if len(key_step(name)) > LONGEST:
            self._fail(at, "a key that is too long")
        bare = text[value:end].rstrip(_BLANKS)
        # Blanks are part of a value, but not of a token that was written in its place.
        is_token = TOKEN.fullmatch(bare.replace("\\:", ":")) is not None
        stop = value + len(bare) if is_token else end
        return Entry(name, at, key.end(1), value, stop), end

    def _fail(self, at: int, message: str) -> NoReturn:
        from sealedfiles.formats.place import error_at  # few texts have errors

        raise error_at(self._text, at, message)


class PropertiesFormat(Format):
    """Java properties: a token is written bare."""

    name = "properties"
    quoted = False
    keeps_whole = True
    comment_signs = ("# ", "! ")
    # Behind a sign, the blanks after a token are part of its source: no value that is opened ends with them.
    # "sealed" comes first, because a search for it is fast.
    sealed_value = lazy_pattern(
        rf"(?P<token>sealed(?P<sign>(?<=[=:]sealed)|(?<=[=:][ \t\f]sealed))?{_AFTER_SEALED})"
        r"(?(sign)[ \t\f]*(?=[\r\n]|\Z))"
    )
    escaped_token = lazy_pattern(r"sealed\\:v1(?:\\?:[A-Za-z0-9_.-]+)+(?:[ \t\f]+(?=[\r\n]|\Z))?")

    def scan(self, text: str) -> PropertiesScan:
        """Find the values of *text*.  Raises FormatError for ``\\u`` without four hexadecimal digits."""
        return _scan(text)

    def decode(self, literal: str) -> str:
        """Return the text of *literal*, with escapes resolved.

        A token with other escapes than those of colons is not a token: it is returned as it is written.
        """
        text = decode(literal)
        is_spelled = text.startswith("sealed:v") and literal.replace("\\:", ":") != text
        return literal if is_spelled else text

    def commented(self, comment: str) -> Commented:
        """Return the content of *comment* without its comment signs, one or several."""
        from sealedfiles.formats.lines import read_comment

        return read_comment(comment, "#!")


PROPERTIES = PropertiesFormat()


def decode(literal: str) -> str:
    """Return the text that *literal* represents."""
    if "\\" not in literal:
        return literal
    text = _ESCAPED.sub(_resolved, literal)
    # Two escapes may be a surrogate pair; a lone surrogate is kept.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _resolved(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return _CONTROLS.get(escape[2], escape[2]) if escape[2] else ""


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> PropertiesScan:
    return PropertiesScan(text)
