"""The NDJSON format: a JSON text on each line.

Lines are like the documents of a YAML file: their number is not part of a key path.
"""

from __future__ import annotations

from functools import lru_cache

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import KEPT, Commented, Format, Scan, Span
from sealedfiles.formats.json.format import JSON as JSON_FORMAT
from sealedfiles.formats.json.format import find_values
from sealedfiles.util.lazy_pattern import lazy_pattern

_LINE = lazy_pattern(r"([^\n]*?)(?:\r?\n|\Z)")
_BLANKS = " \t"


class NdjsonScan(Scan):
    """The values of one NDJSON text."""

    def __init__(self, text: str) -> None:
        self.values: list[Span] = []
        for number, (start, end) in enumerate(lines(text), 1):
            line = text[start:end]
            if not line.strip(_BLANKS):
                continue
            if "\r" in line:
                raise FormatError("a CR in a line", number, line.index("\r") + 1)
            try:
                found = find_values(line)
            except FormatError as error:
                raise FormatError(error.message, number, error.column) from None
            self.values += [Span(start + a, start + b, path) for a, b, path in found]

    def comments(self) -> list[tuple[int, int]]:
        """Return no comments: there are none."""
        return []


class NdjsonFormat(Format):
    """NDJSON: a token is written as a JSON string."""

    name = "ndjson"
    quoted = True
    keeps_whole = True
    comment_signs = ()
    sealed_value = JSON_FORMAT.sealed_value
    escaped_token = JSON_FORMAT.escaped_token

    def scan(self, text: str) -> NdjsonScan:
        """Find the values of *text*, with the quotes of strings.

        Raises FormatError with the position at which a line is not JSON.
        """
        return _scan(text)

    def decode(self, literal: str) -> str:
        """Return the text of a string, or any other value as it is written."""
        return JSON_FORMAT.decode(literal)

    def commented(self, comment: str) -> Commented:  # noqa: ARG002 - there are no comments
        """Return the content of no comment."""
        return Commented(-1)


NDJSON = NdjsonFormat()


def lines(text: str) -> list[tuple[int, int]]:
    """Return the start and the end of every line of *text*, without its line end."""
    found = [match.span(1) for match in _LINE.finditer(text)]
    return found[:-1] if text.endswith("\n") or not text else found


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> NdjsonScan:
    return NdjsonScan(text)
