"""The part of an editor that is the same for the formats with one entry on each line.

A change is made, and then checked: the data must be that of before with only this change, and the source of
no other value may have changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data, Format, Span
from sealedfiles.formats.place import line_start, next_line
from sealedfiles.formats.tree import with_value, without_value
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.address import Address, no_such_value, show_address
from sealedfiles.model.paths import ROOT


class LineEntry(NamedTuple):
    """One key, with its value; offsets count in the text."""

    address: Address
    start: int
    """The start of the key."""
    literal: Span
    """The literal; empty if there is no value."""
    text: str
    """The text that the value represents."""
    at: int
    """Where a new value begins: at the literal, or after the sign if the literal is on a later line."""


class LineEditor(ABC):
    """See ``base.Editor``.  All values are strings.  A subclass reads and writes its format."""

    name: str
    """The format, for messages."""
    form: Format

    @abstractmethod
    def entries(self, text: str) -> list[LineEntry]:
        """Return every key in file order, including all equal ones.  Raises FormatError."""

    @abstractmethod
    def data(self, text: str) -> dict[str, Data]:
        """Return the data of *text*.  Raises FormatError."""

    @abstractmethod
    def written(self, text: str, value: str, start: int) -> str:
        """Return the source of *value* for a key whose line begins at *start* of *text*."""

    @abstractmethod
    def appended(self, text: str, address: Address, value: str) -> str:
        """Return *text* with a new entry.  Raises UsageError."""

    def sections(self, text: str, address: Address) -> list[tuple[int, int]]:  # noqa: ARG002
        """Return the lines of the sections at *address*, which is not a key; none if there is none."""
        return []

    def load(self, text: str, *, as_written: bool = False) -> Data:  # noqa: ARG002 - all are strings
        """Return the values by their keys; of equal keys, the last one counts."""
        return self.data(text)

    def addresses(self, text: str) -> list[Address]:
        """Return the address of every key."""
        return list(dict.fromkeys(entry.address for entry in self.entries(text)))

    def locate(self, text: str, address: Address) -> Span:
        """Return the literal of a key; of equal keys, the last one."""
        if not address:
            return Span(0, len(text), ROOT)
        found = [entry for entry in self.entries(text) if entry.address == address]
        if found:
            return found[-1].literal
        lines = self.sections(text, address)
        if not lines:
            raise no_such_value(address, self.addresses(text))
        return Span(lines[0][0], lines[-1][1], ROOT)

    def assign(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value*, a string, a number or a boolean, for one key."""
        written = self._text_of(address, value)
        found = [entry for entry in self.entries(text) if entry.address == address]
        if found and found[-1].text == written:
            return text
        expected = with_value(self.data(text), self._checked_address(text, address), written)
        if found:
            at, (start, end, _) = found[-1].at, found[-1].literal
            gap = " " if at < start and not written.startswith("\n") else ""
            new = text[:at] + gap + self.written(text, written, found[-1].start) + text[end:]
        else:
            new = self.appended(text, address, written)
        return self._checked(text, new, expected, address)

    def assign_text(self, text: str, address: Address, given: str) -> str:
        """Return *text* with *given* for one key; all values are strings."""
        return self.assign(text, address, given)

    def remove(self, text: str, address: Address) -> str:
        """Return *text* without the lines of all keys at *address*, or of the sections with this name."""
        if not address:
            raise UsageError("the whole file cannot be removed", "remove the file")
        found = [entry for entry in self.entries(text) if entry.address == address]
        lines = [
            (line_start(text, entry.start), next_line(text, entry.literal.end)) for entry in found
        ] or self.sections(text, address)
        if not lines:
            raise no_such_value(address, self.addresses(text))
        expected = without_value(self.data(text), address)
        new = text
        for start, end in reversed(lines):
            new = new[:start] + new[end:]
        return self._checked(text, new, expected, address)

    def _checked_address(self, text: str, address: Address) -> Address:
        """Return *address*.  Raises UsageError if it cannot be that of a value."""
        node: Data = self.data(text)
        for number, step in enumerate(address):
            if isinstance(step, int) or not isinstance(node, dict):
                raise UsageError(
                    f"{show_address(address)} cannot be a key of this file ({self.name})",
                    'put a key with a dot in its name in double quotes: "a.b"',
                )
            node = node.get(step, {} if number < len(address) - 1 else "")
        if isinstance(node, dict):
            raise UsageError(f"{show_address(address)} is not a key of this file ({self.name})")
        return address

    def _checked(self, text: str, new: str, expected: Data, address: Address) -> str:
        try:
            is_good = self.data(new) == expected
            is_good = is_good and self._others(new, address) == self._others(text, address)
        except FormatError:
            is_good = False
        if not is_good:
            raise UsageError(
                f"{self.name} cannot represent this value for {show_address(address)}, "
                "or not without changing other values"
            )
        return new

    def _others(self, text: str, address: Address) -> list[tuple[bytes, str]]:
        """Return the path and source of every value that is not at or below *address*."""
        own = {
            entry.literal
            for entry in self.entries(text)
            if entry.address[: len(address)] == address
        }
        lines = self.sections(text, address)
        return [
            (span.path, text[span.start : span.end])
            for span in self.form.scan(text).values
            if span not in own and not any(start <= span.start < end for start, end in lines)
        ]

    def _text_of(self, address: Address, value: Data) -> str:
        """Return the text that represents *value*.  Raises UsageError."""
        shown = show_address(address)
        if value is None or isinstance(value, (dict, list)):
            what = "null" if value is None else "a structure"
            raise UsageError(f"the value for {shown} is {what}, but {self.name} has only strings")
        if isinstance(value, str):
            return value
        import json  # here, because nearly all values are texts

        return json.dumps(value)
