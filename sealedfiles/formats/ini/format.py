"""The INI format: a union of what configparser, git, systemd and other programs read.

* Lines end with LF, CRLF or a lone CR.  Blanks around a line do not count.
* A line that begins with ``#`` or ``;`` is a comment; after a value, these signs are part of it.
* ``[name]`` begins a section; only a comment may follow.
* ``key = value`` and ``key: value``; the first ``=`` or ``:`` counts.
* Lines that are indented further than the key continue its value, as in configparser; comments and empty
  lines between them belong to it.  A text in which other programs read such a line as a key, or a line that
  ends in a backslash as one with the next line, is refused.
* Any other line is a value without a key, at the path of its section: a flag, a line of a private key.
"""

from __future__ import annotations

from functools import lru_cache

from sealedfiles.formats.base import KEPT, Commented, CommentPlace, Format, Scan, Span
from sealedfiles.formats.commented import is_continued
from sealedfiles.formats.lines import ANY_TOKEN, is_base64_end, refuse_markers
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import LONGEST, ROOT, key_step
from sealedfiles.model.token import TOKEN, TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_LINE = lazy_pattern(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")
_SIGN = lazy_pattern("[=:]")
_COMMENT_IN_KEY = lazy_pattern(r"\s[#;]")
_LINE_END = lazy_pattern(r"\r\n|\n|\r")
_KEY_LIKE = lazy_pattern(
    r"[^\s=:]*[^\s=:<>!~][^\S\r\n]*(?:=(?!=|[^\S\r\n]*(?:[\r\n]|\Z))|:(?=\s|\Z))"
    r"|\[[^\]\r\n]+\][^\S\r\n]*(?:[#;\r\n]|\Z)"
)
"""A line that is a key or a section for most programs, wherever it begins."""
_QUOTED = lazy_pattern(rf"([\"'])({TOKEN_PATTERN})\1")


class IniScan(Scan):
    """The values and sections of one INI text."""

    def __init__(self, text: str) -> None:
        self.values: list[Span] = []
        self.sections: list[tuple[int, int, str]] = []
        """The start and end of each header, without blanks and comments, and its name."""
        self.keys: list[tuple[int, int, Span]] = []
        """Of each key: its start, its end, and its value, which may be empty."""
        self._text = text
        self._comments: list[tuple[int, int]] = []
        self._inside: list[tuple[int, int]] = []
        """The comments below the open value, which belong to it if a line continues it."""
        self._path = ROOT
        self._open: tuple[int, int, bytes] | None = None
        self._indent = -1
        """How far the key of the open value is indented; -1 if no line can continue it."""
        self._key: tuple[int, int] | None = None
        self._is_keyless = False
        self._read()

    def comments(self) -> list[tuple[int, int]]:
        """Return the comments, each from the character after its sign to the end of its line."""
        return self._comments

    def _read(self) -> None:
        refuse_markers(self._text)
        for match in _LINE.finditer(self._text):
            line = match[1]
            content = line.strip()
            if not content:
                continue
            start = match.start() + len(line) - len(line.lstrip())
            end = start + len(content)
            if content[0] in "#;":
                self._inside.append((start + 1, match.end(1)))
                continue
            if is_continued(content) and self._text[match.end() :].strip():
                self._fail(start, "a line that ends in a backslash, which git and systemd continue")
            if self._open is not None and -1 < self._indent < start - match.start():
                if _KEY_LIKE.match(self._text, start):
                    self._fail(
                        start, "an indented line that other programs read as a key or section"
                    )
                first, last, path = self._open
                if first == last:
                    # The value begins here, so that the comments above it are not a part of it.
                    self._comments += self._inside
                self._open = (start if first == last else first, end, path)
                self._inside = []
            else:
                self._close()
                self._indent = start - match.start()
                if content[0] == "[":
                    self._header(start, end, match.end(1))
                else:
                    self._entry(start, end)
        self._close()

    def _close(self) -> None:
        """End the open value."""
        if self._open is not None:
            start, end, path = self._open
            if self._key is not None:
                self.keys.append((*self._key, Span(start, end, path)))
            if end > start:
                self.values.append(Span(start, end, path))
        self._comments += self._inside
        self._inside, self._open, self._key = [], None, None

    def _header(self, start: int, end: int, line_end: int) -> None:
        close = self._text.find("]", start, end)
        rest = self._text[close + 1 : end].strip()
        if close < start + 2 or (rest and rest[0] not in "#;"):
            self._fail(start, "expected a section: [name], and nothing else on its line")
        name = self._text[start + 1 : close]
        self.sections.append((start, close + 1, name))
        self._path = key_step(name)
        self._require_short(self._path, start)
        self._indent, self._is_keyless = -1, False
        if rest:
            sign = self._text.index(rest[0], close + 1)
            self._comments.append((sign + 1, line_end))

    def _entry(self, start: int, end: int) -> None:
        sign = _SIGN.search(self._text, start, end)
        key = self._text[start : sign.start()].rstrip() if sign else ""
        if (
            sign is None
            or not key
            or _COMMENT_IN_KEY.search(key)
            or ANY_TOKEN.fullmatch(self._text, start, end)
            or (self._is_keyless and is_base64_end(self._text[start:end]))
        ):
            self._open = (start, end, self._path)
            self._is_keyless = True
            return
        path = self._path + key_step(key)
        self._require_short(path, start)
        rest = self._text[sign.end() : end]
        self._open = (end - len(rest.lstrip()), end, path)
        self._key = (start, start + len(key))
        self._is_keyless = False

    def _require_short(self, path: bytes, at: int) -> None:
        if len(path) > LONGEST:
            self._fail(at, "the names of section and key are too long")

    def _fail(self, at: int, message: str) -> NoReturn:
        from sealedfiles.formats.place import error_at  # few texts have errors

        raise error_at(self._text, at, message)


class IniFormat(Format):
    """INI: a token is written bare."""

    name = "ini"
    quoted = False
    keeps_whole = True
    comment_signs = ("# ", "; ")
    sealed_value = lazy_pattern(rf"(?P<quote>[\"']?)(?P<token>{TOKEN_PATTERN})(?P=quote)")

    def scan(self, text: str) -> IniScan:
        """Find the values of *text*.  Raises FormatError for a text that programs read in different ways."""
        return _scan(text)

    def decode(self, literal: str) -> str:
        """Return the text of *literal* as configparser reads it; a token in quotes is that token."""
        return decode(literal)

    def commented(self, comment: str) -> Commented:
        """Return the content of *comment* without its comment signs, one or several."""
        from sealedfiles.formats.lines import read_comment

        read = read_comment(comment, "#;")
        return read._replace(body=read.content) if read.header else read

    def parents(
        self,
        text: str,
        values: Sequence[Span],
        places: Sequence[CommentPlace],
    ) -> list[tuple[bytes, bool]]:
        """Return for each comment the path of its section, also of one that is commented out."""
        from sealedfiles.formats.ini.comments import find_parents

        return find_parents(text, values, self.scan(text).sections, places)


INI = IniFormat()


def decode(literal: str) -> str:
    """Return the text of *literal*: its lines without blanks around them, and without comments."""
    first, *rest = [line.strip() for line in _LINE_END.split(literal)]
    text = "\n".join([first, *(line for line in rest if line[:1] not in ("#", ";") or not line)])
    quoted = _QUOTED.fullmatch(text)
    return quoted[2] if quoted and TOKEN.fullmatch(quoted[2]) else text


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> IniScan:
    return IniScan(text)
