"""What the record of checked out plaintext is made of: the texts of which ``PlaintextMemory`` keeps hashes.

A value is recorded with its key path, with its key alone and, if it is long enough to be recognized, without
these; so is what a comment would be without its sign.  Of longer values, each line is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import last_key
from sealedfiles.sealing.sealed_text import TELLING, SealedText
from sealedfiles.sealing.spelling import comparable, comparable_content, in_utf_8, telling_lines
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from sealedfiles.sealing.comment_lines import PlacedComment
    from sealedfiles.sealing.file import File

RETIRED = b"retired\0"
"""What the record of a value or content begins with that came from a token under a retired key."""
_VALUE, _COMMENT = b"value", b"comment"
_LINES = 1000
"""The number of lines of one value or content that are recorded."""
_SEPARATOR = lazy_pattern(r"[=:\s]+")
_SEPARATORS = 20
"""The number of places in a comment at which a value may begin."""


class _Records(NamedTuple):
    placed: list[bytes]
    """What is bound to a key."""
    anywhere: list[bytes]


def value_records(path: bytes, value: str) -> list[bytes]:
    """Return the records by which a value is found that was a value, or a comment, when it was recorded."""
    at, pair, anywhere = _at(path, value), _pair(_COMMENT, path, value), _anywhere(value)
    # It may have been a line of a longer one.
    lines = [*_line_records(_COMMENT, value), *_line_records(_VALUE, f"\n{value}")]
    return [at, *pair, *anywhere, *lines, *_held(_COMMENT, [value])]


def comment_records(comment: PlacedComment) -> list[bytes]:
    """Return the records by which a comment is found that was a comment, or a value, when it was recorded."""
    records = [comment_record(comment.text)]
    for path, value in (*comment.values, *comment.uncommented):
        records += [_at(path, value), *_pair(_VALUE, path, value), *_anywhere(value)]
    records += [*_anywhere(comment.text), *_line_records(_VALUE, f"\n{comment.text}")]
    texts = [*rests(comment.text)]
    return [*records, *_held(_VALUE, texts), *_held(_COMMENT, texts)]


def line_records(line: PlacedComment) -> list[bytes]:
    """Return the records by which a line is found of a file that does not parse."""
    records = _line_records(_COMMENT, f"\n{line.text}")
    for path, value in line.values:
        records += [*_pair(_COMMENT, path, value), *_line_records(_VALUE, f"\n{value}")]
    return [*comment_records(line), *records]


def comment_record(comment: str) -> bytes:
    """Return the record of the text of a comment."""
    return b"comment\0" + _encoded(comment)


def content_record(data: bytes) -> bytes:
    """Return the record of the content of a file."""
    return b"content\0" + comparable_content(data)


def of_value(path: bytes, value: str, kind: bytes = _VALUE) -> _Records:
    """Return what is recorded of a value, or of one of a comment."""
    placed = [_at(path, value), *_pair(kind, path, value)]
    return _Records(placed, [*_anywhere(value), *_line_records(kind, value)])


def of_comment(comment: PlacedComment) -> _Records:
    """Return what is recorded of a comment."""
    values = [of_value(*one, _COMMENT) for one in (*comment.values, *comment.uncommented)]
    placed = [record for one in values for record in one.placed]
    anywhere = [record for one in values for record in one.anywhere]
    anywhere += _line_records(_COMMENT, f"\n{comment.text}")
    return _Records([comment_record(comment.text), *placed], anywhere)


def retired_records(
    values: Iterable[tuple[bytes, str]], comments: Iterable[PlacedComment]
) -> Iterator[bytes]:
    """Yield the records of what tokens under retired keys held.

    With their keys only, because they may be older values of the user; and for a change between a value and a
    comment, in which the key may not be found, without.
    """
    for path, value in values:
        yield from (*of_value(path, value).placed, *_held(_VALUE, [value]))
    for one in comments:
        yield from of_comment(one).placed
        yield from _held(_COMMENT, rests(one.text) if not one.values else ())


def _held(kind: bytes, texts: Iterable[str]) -> list[bytes]:
    """Return the records of what a value or a comment held, without its key."""
    return [b"held\0%b\0%b" % (kind, _encoded(one)) for one in texts if len(one) >= TELLING]


def rests(text: str) -> Iterator[str]:
    """Yield what may be the value in a comment whose key is written so that no entry is found in it."""
    for separator in islice(_SEPARATOR.finditer(text), _SEPARATORS):
        rest = text[separator.end() :].strip()
        yield from dict.fromkeys((rest, rest.strip("\"'`")))


def content_lines(data: bytes) -> list[bytes]:
    """Return what is recorded of the lines of a file."""
    return _line_records(_VALUE, f"\n{in_utf_8(data).decode('utf-8', 'replace')}")


def _at(path: bytes, value: str) -> bytes:
    return b"value\0%d\0%b\0%b" % (len(path), path, _encoded(value))


def _pair(kind: bytes, path: bytes, value: str) -> list[bytes]:
    """Return the record of a value with its key, whatever is above that; none if it is only a list item."""
    key = last_key(path)
    head = key.encode("utf-8", "surrogatepass") if key is not None else b""
    return [b"pair\0%b\0%d\0%b\0%b" % (kind, len(head), head, _encoded(value))] if head else []


def _anywhere(value: str) -> list[bytes]:
    return [b"anywhere\0" + _encoded(value)] if len(value) >= TELLING else []


def _line_records(kind: bytes, text: str) -> list[bytes]:
    lines = islice(dict.fromkeys(telling_lines(text)), _LINES)
    return [b"line\0%b\0%b" % (kind, one.encode("utf-8", "surrogatepass")) for one in lines]


def _encoded(text: str) -> bytes:
    return comparable(text).encode("utf-8", "surrogatepass")


def only_within(file: bytes, records: Iterable[bytes]) -> list[bytes]:
    """Return *records* for the file at the path *file* only."""
    return [b"within\0%d\0%b\0%b" % (len(file), file, one) for one in records]


def also_within(file: bytes, records: list[bytes]) -> list[bytes]:
    """Return *records* for any file, and for the one at *file* unless it is empty."""
    return [*records, *only_within(file, records)] if file else records


def all_records(path: bytes, value: str) -> list[bytes]:
    """Return every record that may exist for a value, or for the entry of a comment."""
    found = [of_value(path, value), of_value(path, value, _COMMENT)]
    records = [record for one in found for record in (*one.placed, *one.anywhere)]
    records += [record for kind in (_VALUE, _COMMENT) for record in _held(kind, [value])]
    return [*records, *(RETIRED + one for one in records)]


def records_of(data: bytes, file: File) -> Iterator[bytes]:
    """Yield every record that may exist for a file."""
    from sealedfiles.sealing.placed_comments import placed_comments  # few files are forgotten

    yield from (content_record(data), RETIRED + content_record(data), *content_lines(data))
    version = SealedText(data, file)
    for path, value in version.decoded_values():
        yield from all_records(path, value)
    if version.scan is None or version.form is None:
        return
    for comment in placed_comments(version.text, version.scan, version.form):
        found = of_comment(comment)
        yield from (*found.placed, *found.anywhere, *(RETIRED + one for one in found.placed))
        for one in (*comment.values, *comment.uncommented):
            yield from all_records(*one)
