"""Find the keys of a .env file: those that python-dotenv reads, and those that only other programs read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from sealedfiles.formats.base import Span
from sealedfiles.formats.dotenv.python import Binding, bindings
from sealedfiles.formats.dotenv.scan import DotenvScan
from sealedfiles.formats.place import line_end, line_start
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import ROOT, key_step, steps


class DotenvEntry(NamedTuple):
    """A key and its value, with their positions."""

    key: str
    value: str | None
    """The value as python-dotenv reads it, with variables not replaced; None if it does not read it."""
    start: int
    """The start of ``export`` if it exists, otherwise of the key."""
    key_end: int
    value_start: int
    value_end: int
    """A new value replaces ``text[value_start:value_end]``.  It begins after the sign, or at the end of the
    key if there is no sign that python-dotenv reads."""
    end: int
    """The end of everything that belongs to the value in any dialect."""
    literal: Span
    """The literal as sealing finds it; empty if there is nothing to seal."""

    @property
    def is_bare(self) -> bool:
        """Whether it is a key without a value."""
        return self.value is None and self.literal.start == self.literal.end


def entries(text: str) -> list[DotenvEntry]:
    """Return every key in file order, including all equal keys.

    A line that sealing reads as a value without a key (part of a private key, a command) is not a key, even
    if python-dotenv reads one; only a line with a single word is a key without a value.
    """
    spans = DotenvScan(text).values
    read = list(bindings(text))
    with_value = {binding.key for binding in read if binding.value is not None}
    keys = [binding.start for binding in read if binding.key in with_value]
    found = list(_read(text, read, spans, keys))
    starts = [entry.start for entry in found]
    for span in spans:
        before = bisect_right(starts, span.start) - 1
        is_known = before >= 0 and span.start < found[before].end
        if span.path != ROOT and not is_known:
            found.append(_not_read(text, span, keys))
    return sorted(found, key=lambda entry: entry.start)


def _read(
    text: str, read: list[Binding], spans: list[Span], keys: list[int]
) -> Iterator[DotenvEntry]:
    """Yield the entries that python-dotenv reads."""
    starts = [span.start for span in spans]
    for binding in read:
        index = bisect_right(starts, binding.start)
        around = spans[index - 1] if index and spans[index - 1].end > binding.start else None
        if around is not None and not _is_entry(text, binding, around, keys):
            continue
        own = spans[index] if around is None and index < len(spans) else None
        if own is not None and own.start > line_end(text, binding.value_start):
            own = None
        yield _entry(text, binding, own, keys)


def _is_entry(text: str, binding: Binding, around: Span, keys: list[int]) -> bool:
    """Return True if *binding* is an entry although sealing finds one value, *around*, that contains it."""
    first_end = line_end(text, around.start)
    if around.start == binding.start:
        return around.path == ROOT and binding.value is None and around.end <= first_end
    return _end(text, around, keys) <= first_end < binding.start and _is_in(binding.start, keys)


def _entry(text: str, binding: Binding, own: Span | None, keys: list[int]) -> DotenvEntry:
    start, end = binding.value_start, binding.value_end
    literal = own or Span(start, end, key_step(binding.key))
    if start == end and text.startswith("=", binding.key_end):
        # Without a blank before the sign, remove blanks before the value: bash does not accept them.
        start = binding.key_end + 1
    outer = _end(text, literal, keys)
    end = outer if outer > binding.end else end
    outer = max(end, outer)
    key, value = binding.key, binding.value
    return DotenvEntry(key, value, binding.start, binding.key_end, start, end, outer, literal)


def _not_read(text: str, span: Span, keys: list[int]) -> DotenvEntry:
    start = line_start(text, span.start)
    line = text[start : span.start].rstrip()
    key = steps(span.path)[0] or ""
    key_end = start + len(line[:-1].rstrip())
    start += len(line) - len(line.lstrip())
    # python-dotenv reads nothing after a colon, so the colon is replaced by an equals sign.
    value_start = span.start if line.endswith("=") else key_end
    end = _end(text, span, keys)
    return DotenvEntry(key, None, start, key_end, value_start, end, end, span)


def _end(text: str, span: Span, keys: list[int]) -> int:
    """Return the end of *span*, or of its first line if that only continues into lines in which
    python-dotenv reads *keys*: a Windows path can end in a backslash."""
    first_end = line_end(text, span.start)
    following = bisect_left(keys, first_end)
    has_keys = following < len(keys) and keys[following] < span.end
    if has_keys and _goes_on(text, span):
        return span.start + len(text[span.start : first_end].rstrip())
    return span.end


def _is_in(number: int, numbers: list[int]) -> bool:
    """Return True if the sorted *numbers* contain *number*."""
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number


def _goes_on(text: str, span: Span) -> bool:
    """Return True if a value may span several lines only because of backslashes at line ends."""
    literal = text[span.start : span.end]
    is_private_key = literal.startswith("-----BEGIN ") and "-----END " in literal
    is_quoted = span.path != ROOT and literal[0] == literal[-1] == "`"
    return not is_private_key and not is_quoted
