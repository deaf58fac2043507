"""Search other texts for the values of sealed files that this clone can decrypt."""

from __future__ import annotations

import re

from sealedfiles.app.held.common import is_common
from sealedfiles.app.held.encodings import DECODED, LONGEST, PLAIN, decoded_base64, encodings_of
from sealedfiles.app.held.matcher import SHORTEST, Matcher, content_of
from sealedfiles.app.history.values import WHOLE as WHOLE_FILE
from sealedfiles.app.history.values import values_in
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.token import COMMENT, TOKEN, VALUE, WHOLE
from sealedfiles.sealing.file import show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealedfiles.app.history.values import TokenOpener
    from sealedfiles.formats.base import Format
    from sealedfiles.sealing import File

_PLAIN = re.compile(rb"[\w./+=:@-]+").fullmatch
"""Matches a literal that is equal to its value in every format."""

_HEADER = re.compile(rb"[\"']?[^\"'=:\s]+[\"']?[ \t]*[:=]?[ \t]*[\[{(][\[{( \t]*").fullmatch
"""Matches the line of a comment with which a collection begins: a key, which is no secret, and brackets."""

_FEWEST_CHARACTERS = 4
"""A text with fewer distinct characters is blank or a separator line, not a secret."""

_LONG_WORD = 16
"""In a multi-line file that is sealed whole, a word of at least this length with a digit is a secret."""

_LONG_LINE = 24
"""A line of a multi-line value of at least this length is a secret also without a digit."""


class HeldSource(NamedTuple):
    """The sealed value from which a text was decrypted, or a sealed file."""

    file: File
    blob: bytes
    """The content of the file, as stored in git."""
    token: str
    """Empty for a whole file."""


class HeldText(NamedTuple):
    """A text to search for.  It is a secret: never print it."""

    encoding: str
    encoded: bytes
    text: bytes
    """The value, or a line of it, without encoding."""


class Match(NamedTuple):
    """A held value in plaintext in another text."""

    at: int
    held: HeldText
    source: HeldSource


class HeldValues:
    """The texts to search for, of 8 bytes or more: values of sealed files, decoded and as written, and each
    line of multi-line values."""

    def __init__(self, keys: TokenOpener) -> None:
        self._keys = keys
        self._matcher: Matcher[tuple[HeldText, HeldSource]] = Matcher()
        self._contents: dict[bytes, HeldSource] = {}

    def __len__(self) -> int:
        return len(self._matcher)

    def add_file(
        self, blob: bytes, file: File, wanted: Callable[[str], bool] = lambda _: True
    ) -> None:
        """Add the values of a sealed file that can be decrypted, by default for all tokens.

        *blob* is the content of the file as stored in git.
        """
        for token, texts in texts_in(blob, file, self._keys, wanted):
            source = HeldSource(file, blob, token)
            for text in texts:
                self._matcher.add(text.encoded, (text, source))

    def add_content(self, blob: bytes, file: File, plain: bytes) -> None:
        """Add a sealed file with the decrypted content *plain*, to find its copies.

        Its values may all be too short for ``add_file``.
        """
        self._contents.setdefault(content_of(plain), HeldSource(file, blob, ""))

    def find(self, data: bytes) -> Iterator[Match]:
        """Yield the held values in *data*, one match for each token and encoding, in file order.

        The last match is for the whole of *data*, if it is a copy of a sealed file.
        """
        found: dict[tuple[str, str], Match] = {}
        for at, _, (held, source) in self._matcher.find(data):
            known = found.get((source.token, held.encoding))
            if known is None or at < known.at:
                found[source.token, held.encoding] = Match(at, held, source)
        yield from sorted(found.values(), key=lambda match: match.at)
        original = self._contents.get(content_of(data))
        if original:
            yield Match(0, HeldText(PLAIN, data, data), original)

    def place(self, source: HeldSource) -> tuple[str, bytes]:
        """Return the file name of a sealed value, for messages, and its encoded key path."""
        if not source.token:
            return show_path(source.file.path), WHOLE_FILE
        for value in values_in(source.blob, source.file, self._keys):
            if value.token == source.token:
                return show_path(source.file.path), value.path
        return show_path(source.file.path), b"#"


def texts_in(
    blob: bytes,
    file: File,
    keys: TokenOpener,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Iterator[tuple[str, list[HeldText]]]:
    """Yield each *wanted* token in a sealed file that can be decrypted, with the texts to search for."""
    if b"sealed:v1:" not in blob:
        return
    tokens = dict.fromkeys(TOKEN.findall(blob.decode("utf-8", "replace")))
    for token, kind, literal in keys.open_all(filter(wanted, tokens)):
        texts = [text for text in _texts(kind, literal, file) if len(text) >= SHORTEST]
        yield (
            token,
            # As it is, it is searched for as a whole, also if it is long.
            [HeldText(PLAIN, text, text) for text in texts]
            + [
                HeldText(name, encoded, text)
                for text in texts
                for name, encoded in encodings_of_value(text)
                if name != PLAIN
            ],
        )


def without_tokens(data: bytes, hides_nothing: Callable[[str], bool]) -> bytes:
    """Return *data* without what is inside of tokens that hide nothing, for a search.

    Any text that is partly outside stays.
    """
    margin = SHORTEST - 1

    def shortened(match: re.Match[str]) -> str:
        token = match[0]
        return f"{token[:margin]}\n{token[-margin:]}" if hides_nothing(token) else token

    return TOKEN.sub(shortened, data.decode("latin-1")).encode("latin-1")


def encodings_of_value(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each encoding that is searched for, with the end of *text* in it, as it is first.

    None if the end of a long text is blank: many binary files end with zeros.
    """
    if is_telling(text[-LONGEST:]):
        yield from encodings_of(text)
    decoded = decoded_base64(text)
    if decoded and is_telling(decoded):
        yield DECODED, decoded


def texts_of_token(kind: int, literal: bytes, file: File) -> list[bytes]:
    """Return the texts to search for in any file, for a token of *kind* with *literal*, decoded ones first.

    No text has a line end.  The list is empty if the value is too short or too common.
    """
    # A word of a file that is sealed whole may be in quotes.
    texts = [max(text.split(b"\n"), key=len).strip(b"\"'") for text in _texts(kind, literal, file)]
    if len(literal.splitlines()) > 1:
        texts = [text for text in texts if _is_telling_line(text)]
    return [text for text in texts[::-1] if is_telling(text)]


def _is_telling_line(text: bytes) -> bool:
    """Return True if *text* is unlikely to be a line of other multi-line values (``apiVersion: v1``)."""
    return len(text) >= (_LONG_WORD if _has_digit(text) else _LONG_LINE)


def _has_digit(text: bytes) -> bool:
    return any(48 <= byte < 58 for byte in text)


def is_telling_content(data: bytes) -> bool:
    """Return True if *data* is unlikely to be the content of another file by chance."""
    return len(data) >= SHORTEST and len(set(data)) >= _FEWEST_CHARACTERS


def _texts(kind: int, literal: bytes, file: File) -> Iterator[bytes]:
    """Yield the texts to search for, of any length, for a token of *kind* with *literal*."""
    if kind == WHOLE:
        yield from _texts_of_file(literal)
        return
    texts = [literal]
    if kind == COMMENT and file.format is not None and file.format.name == "xml":
        # The tags in it are also in the plaintext around it.
        texts = _values_of_comment(literal, file.format) or texts
    if kind == VALUE and file.format is not None and not _PLAIN(literal):
        decoded = file.format.decode(literal.decode("utf-8", "surrogateescape"))
        texts.append(decoded.encode("utf-8", "surrogatepass"))
    for text in texts:
        for line in text.replace(b"\r", b"\n").split(b"\n"):
            bare = line.strip(b" \t\"'")
            if is_telling(bare) and not (kind == COMMENT and _HEADER(bare)):
                yield bare


def _values_of_comment(literal: bytes, form: Format) -> list[bytes]:
    """Return the decoded values of a comment; none if it is a part of something."""
    comment = literal.decode("utf-8", "surrogateescape")
    found = [form.decode(comment[span.start : span.end]) for span in form.commented(comment).values]
    return [one.encode("utf-8", "surrogatepass") for one in found]


def _texts_of_file(data: bytes) -> Iterator[bytes]:
    """Yield the texts to search for in a file that is sealed whole.

    A file of one line is a value.  In a longer file, most words are not secret.
    """
    if b"\x00" in data:
        yield data
        return
    line = data.strip()
    if b"\n" not in line and b"\r" not in line and is_telling(line):
        yield line
    for word in data.split():
        if len(word) >= _LONG_WORD and _has_digit(word):
            yield word


def is_telling(text: bytes) -> bool:
    """Return True if *text* is unlikely to occur elsewhere by chance: not short, and not common."""
    if len(text) < SHORTEST or len(set(text)) < _FEWEST_CHARACTERS:
        return False
    # The first and last lines of a PEM key are the same in every key.
    return not text.startswith(b"-----") and not is_common(text)
