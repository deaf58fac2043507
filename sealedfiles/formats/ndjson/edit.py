"""NDJSON editor: load, locate, assign, remove; only the affected lines change."""

from __future__ import annotations

from collections.abc import Callable

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data, Span
from sealedfiles.formats.json.edit import JSON_EDITOR
from sealedfiles.formats.json.layout import NEW_FILE, written
from sealedfiles.formats.ndjson.format import NDJSON, lines
from sealedfiles.formats.place import line_end_of, next_line
from sealedfiles.formats.tree import nested
from sealedfiles.model.address import Address, NoSuchValueError, no_such_value
from sealedfiles.model.paths import ROOT

_ON_ONE_LINE = NEW_FILE._replace(indent=None)


class NdjsonEditor:
    """See ``base.Editor``.

    Every address begins with the number of a line, counted from 0; blank lines do not count.
    """

    def load(self, text: str, *, as_written: bool = False) -> Data:
        """Return the list of the JSON texts."""
        return [_load(text, start, end, as_written=as_written) for start, end in _lines(text)]

    def addresses(self, text: str) -> list[Address]:
        """Return the addresses of strings, numbers, booleans and nulls."""
        return [
            (number, *address)
            for number, (start, end) in enumerate(_lines(text))
            for address in JSON_EDITOR.addresses(text[start:end])
        ]

    def locate(self, text: str, address: Address) -> Span:
        """Return the literal at *address*."""
        if not address:
            return Span(0, len(text), ROOT)
        place = self._line(text, address)
        if place is None:
            raise no_such_value(address, self.addresses(text))
        start, end = place
        try:
            found = JSON_EDITOR.locate(text[start:end], address[1:])
        except NoSuchValueError:
            raise no_such_value(address, self.addresses(text)) from None
        return Span(start + found.start, start + found.end, found.path)

    def assign(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*; a position one past the last line appends a line."""
        return self._assigned(text, address, value, JSON_EDITOR.assign)

    def assign_text(self, text: str, address: Address, given: str) -> str:
        """Return *text* with *given*, which a user typed, at *address*; see ``base.Editor``."""
        return self._assigned(text, address, given, JSON_EDITOR.assign_text)

    def remove(self, text: str, address: Address) -> str:
        """Return *text* without the key (or item) at *address*, or without the line."""
        if not address:
            raise UsageError("the whole file cannot be removed", "remove the file")
        place = self._line(text, address)
        if place is None:
            raise no_such_value(address, self.addresses(text))
        start, end = place
        if len(address) == 1:
            return text[:start] + text[next_line(text, end) :]
        try:
            return text[:start] + JSON_EDITOR.remove(text[start:end], address[1:]) + text[end:]
        except NoSuchValueError:
            raise no_such_value(address, self.addresses(text)) from None

    def _line(self, text: str, address: Address) -> tuple[int, int] | None:
        places, number = _lines(text), address[0]
        return places[number] if isinstance(number, int) and number < len(places) else None

    def _assigned(
        self, text: str, address: Address, value: Data, assign: Callable[..., str]
    ) -> str:
        places = _lines(text)
        number = address[0] if address else None
        if not isinstance(number, int) or number > len(places):
            raise UsageError(
                f"the path must begin with the number of a line; [{len(places)}] appends a line",
                "to change a key of the first line: [0].key",
            )
        if number == len(places):
            new = _one_line(assign("", address[1:], value), value, address[1:])
            ending = line_end_of(text)
            above = "" if not text or text.endswith("\n") else ending
            return f"{text}{above}{new}{ending}"
        start, end = places[number]
        new = assign(text[start:end], address[1:], value)
        return text[:start] + _one_line(new, value, address[1:]) + text[end:]


NDJSON_EDITOR = NdjsonEditor()


def _lines(text: str) -> list[tuple[int, int]]:
    """Return the lines that are not blank.  Raises FormatError."""
    NDJSON.scan(text)
    return [(start, end) for start, end in lines(text) if text[start:end].strip(" \t")]


def _load(text: str, start: int, end: int, *, as_written: bool) -> Data:
    try:
        return JSON_EDITOR.load(text[start:end], as_written=as_written)
    except FormatError as error:
        line = text.count("\n", 0, start) + 1
        raise FormatError(error.message, line, error.column) from None


def _one_line(new: str, value: Data, address: Address) -> str:
    """Return *new* on one line: JSON's editor writes a collection that was empty over several lines."""
    if "\n" not in new and "\r" not in new:
        return new
    return written(nested(address, value), _ON_ONE_LINE, None)
