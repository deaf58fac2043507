"""Read and change .env files; only the affected lines change.

The meaning of a text is that of python-dotenv.  Of the spellings that python-dotenv reads as the new value,
the one that most other programs read in the same way is used.
"""

from __future__ import annotations

import os
import re

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data, Span
from sealedfiles.formats.dotenv.entries import DotenvEntry, entries
from sealedfiles.formats.dotenv.python import bindings, interpolated, is_interpolated
from sealedfiles.formats.dotenv.scan import DotenvScan
from sealedfiles.formats.dotenv.values import read
from sealedfiles.formats.place import line_end_of, line_start, next_line
from sealedfiles.light_typing import TypeAlias
from sealedfiles.model.address import Address, no_such_value, show_address
from sealedfiles.model.paths import ROOT, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

Regions: TypeAlias = "list[tuple[int, int]]"
"""Parts of a text, each with start and end."""

_NEW_KEY = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_.-]*")
_LAST_LINE_END = re.compile(r"(?:\r\n|\n|\r)\Z").search
_EXPORT = re.compile(r"export\s").match
_SAFE = lazy_pattern(r"[A-Za-z0-9_./:@%+,=-]+")
"""Text that every program reads in the same way without quotes."""
_PROGRAMS = ("python", "node", "compose", "bash")
"""docker is omitted: it does not read quotes, so its result would outweigh all others."""
_TAKEN_FOR_ESCAPE = {
    "'": re.compile(r"\\(?=[\\']|\Z)"),
    '"': re.compile(r"\\(?=[\\'\"abfnrtv]|\Z)"),
}


class DotenvEditor:
    """See ``base.Editor``.  There is one level: every address is one key."""

    def load(self, text: str, *, as_written: bool = False) -> Data:  # noqa: ARG002 - all are strings
        """Return the values by their keys as python-dotenv's ``dotenv_values`` does.

        Variables are replaced from lines above, and from the environment of this process.
        """
        return dict(read(text, "python", os.environ, override=True))

    def addresses(self, text: str) -> list[Address]:
        """Return the keys that have a value, in any dialect."""
        return [(key,) for key in dict.fromkeys(e.key for e in entries(text) if not e.is_bare)]

    def locate(self, text: str, address: Address) -> Span:
        """Return the literal of a key; of equal keys, the last that python-dotenv reads."""
        if not address:
            return Span(0, len(text), ROOT)
        entry = _find(text, address)
        if entry is None:
            raise no_such_value(address, self.addresses(text))
        return entry.literal

    def assign(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value*, a string, a number or a boolean, for one key.

        ``export``, the kind of quotes and the comment stay.  Of equal keys, the last one is changed, because
        it is in effect; a new key is appended.
        """
        key, written = _key_of(address), _text_of(address, value)
        entry = _find(text, address)
        if entry is None:
            return _appended(text, key, written)
        if entry.value == written and not is_interpolated(written) and _reads(text, key, written):
            return text
        at, end = entry.value_start, entry.value_end
        glue = "=" if at == entry.key_end else ""
        before = (entry.start, entry.end)
        for literal in _spellings(written, text[at:end] if not glue else "", line_end_of(text)):
            new = text[:at] + glue + literal + text[end:]
            after = (entry.start, entry.end + len(new) - len(text))
            paths = [entry.literal.path] if literal else []
            if _is_clean(text, [before], new, [after], paths) and _reads(new, key, written):
                return new
        raise _no_way(key)

    def assign_text(self, text: str, address: Address, given: str) -> str:
        """Return *text* with *given* for one key; all values are strings."""
        return self.assign(text, address, given)

    def remove(self, text: str, address: Address) -> str:
        """Return *text* without the lines of a key.

        All equal keys are removed: otherwise an earlier value, which was never in effect, would be in effect
        now.
        """
        found = [entry for entry in entries(text) if (entry.key,) == address]
        if not found:
            raise no_such_value(address, self.addresses(text))
        lines = [(line_start(text, entry.start), next_line(text, entry.end)) for entry in found]
        new, at = "", 0
        for start, end in lines:
            new, at = new + text[at : max(at, start)], max(at, end)
        new += text[at:]
        is_left = any(binding.key == address[0] for binding in bindings(new))
        if is_left or not _is_clean(text, lines, new, [], []):
            raise UsageError(
                f"the lines of {show_address(address)} cannot be removed without changing others",
                "an unclosed quote may be the reason",
            )
        return new


DOTENV_EDITOR = DotenvEditor()


def misread(text: str, *, only_quoted: bool = False) -> dict[str, tuple[str, ...]]:
    """Return the keys whose values some programs read otherwise than python-dotenv, with their names.

    With *only_quoted*, only values in quotes are read.  docker is omitted: it reads quotes as a part of a
    value.
    """
    found: dict[str, tuple[str, ...]] = {}
    line_end = line_end_of(text)
    for entry in entries(text):
        literal = text[entry.value_start : entry.value_end]
        if entry.value is None or (only_quoted and literal[:1] not in ("'", '"')):
            continue
        meant = _meaning(literal, line_end, "python")
        programs = [name for name in _PROGRAMS if _meaning(literal, line_end, name) != meant]
        if programs:
            found[entry.key] = tuple(programs)
    return found


def _key_of(address: Address) -> str:
    if len(address) == 1 and isinstance(address[0], str):
        return address[0]
    raise UsageError(
        f"{show_address(address)} cannot be a key of a .env file, which has one level and no lists",
        'put a key with a dot in its name in double quotes: "a.b"',
    )


def _text_of(address: Address, value: Data) -> str:
    """Return the text that represents *value*.  Raises UsageError."""
    shown = show_address(address)
    if value is None:
        raise UsageError(f"the value for {shown} is null, but a .env file has only strings")
    if isinstance(value, (dict, list)):
        raise UsageError(f"the value for {shown} is a structure, but a .env file has only strings")
    try:
        if isinstance(value, str):
            text = value
        else:
            import json  # here, because nearly all values are texts

            text = json.dumps(value)
        text.encode("utf-8")
    except ValueError:
        raise UsageError(f"a .env file cannot represent the value for {shown}") from None
    return text


def _find(text: str, address: Address) -> DotenvEntry | None:
    """Return the entry in effect at *address*: the last one that python-dotenv reads, otherwise the last."""
    found = [entry for entry in entries(text) if (entry.key,) == address]
    read = [entry for entry in found if entry.value is not None or entry.is_bare]
    return read[-1] if read else found[-1] if found else None


def _appended(text: str, key: str, value: str) -> str:
    """Return *text* with a new line at its end."""
    if not _NEW_KEY.fullmatch(key):
        raise UsageError(
            f"{show_address((key,))} is not a valid variable name",
            "use letters, digits and underscores; it must not begin with a digit",
        )
    last = _LAST_LINE_END(text)
    line_end = last[0] if last else line_end_of(text)
    above = text if last or not text else text + line_end
    known = [entry for entry in entries(text) if not entry.is_bare]
    exported = [_EXPORT(text, entry.start, entry.key_end) for entry in known]
    export = "export " if exported and all(exported) else ""
    # A backslash at the end of the line above would continue it with the new line.
    for gap in ("", line_end):
        for literal in _spellings(value, "", line_end):
            new = f"{above}{gap}{export}{key}={literal}{line_end}"
            after = (len(above) + len(gap), len(new))
            paths = [key_step(key)] if literal else []
            if _is_clean(text, [], new, [after], paths) and _reads(new, key, value):
                return new
    raise _no_way(key)


def _no_way(key: str) -> UsageError:
    return UsageError(
        f"this value for {show_address((key,))} cannot be written so that it reads back unchanged",
        "an unclosed quote further up may be the reason",
    )


def _is_clean(
    text: str, regions: Regions, new_text: str, new_regions: Regions, paths: list[bytes]
) -> bool:
    """Return True if nothing changed outside the regions, neither for python-dotenv nor for sealing.

    In the new regions, sealing must find values with exactly these *paths*.  Returns False if it finds a
    value that extends from inside a change to outside.
    """
    if _read_outside(text, regions) != _read_outside(new_text, new_regions):
        return False
    before, after = _sealed(text, regions), _sealed(new_text, new_regions)
    if before is None:
        return after is None or after[1] == paths
    return after == (before[0], paths)


def _read_outside(text: str, regions: Regions) -> list[tuple[str, str | None]]:
    return [
        (binding.key, binding.value)
        for binding in bindings(text)
        if not any(start <= binding.start < end for start, end in regions)
    ]


def _sealed(text: str, regions: Regions) -> tuple[list[tuple[bytes, str]], list[bytes]] | None:
    """Return the values that sealing finds outside *regions*, and the paths of those in them.

    None if a value crosses the boundary of a region.
    """
    outside: list[tuple[bytes, str]] = []
    inside: list[bytes] = []
    for first, last, path in DotenvScan(text).values:
        touched = [(start, end) for start, end in regions if first < end and last > start]
        if not touched:
            outside.append((path, text[first:last]))
        elif any(start <= first and last <= end for start, end in touched):
            inside.append(path)
        else:
            return None
    return outside, inside


def _reads(text: str, key: str, value: str) -> bool:
    values = interpolated(text, bindings(text), os.environ, override=True)
    return values.get(key) == value


def _spellings(value: str, old: str, line_end: str) -> list[str]:
    """Return sources that python-dotenv reads as *value*.

    The first source is the one that most programs read as *value*.  Only the programs that read *old*, the
    existing source (empty for a new key), as python-dotenv does are counted.  Of equally good sources, the
    one with the quotes of *old* is first.
    """
    meant = _meaning(old or "x", line_end, "python")
    programs = [
        name
        for name in _PROGRAMS
        # Only node has back-ticks as quotes, so python-dotenv cannot be the reference.
        if old.startswith("`") or meant in (None, _meaning(old or "x", line_end, name))
    ]
    scores = {
        literal: sum(_meaning(literal, line_end, name) == value for name in programs)
        for literal in _by_style(value, old, line_end)
        if _meaning(literal, line_end, "python") == value
    }
    return sorted(scores, key=lambda literal: -scores[literal])


def _meaning(literal: str, line_end: str, program: str) -> str | None:
    try:
        return read(f"A={literal}{line_end}", program, {}).get("A")
    except FormatError:
        return None


def _by_style(value: str, old: str, line_end: str) -> list[str]:
    if is_interpolated(value):
        # python-dotenv always replaces variables, but a variable without a name is replaced by its default.
        # In double quotes, because there bash and compose refuse it instead of misreading it.
        value = value.replace("${", "${:-$}{")
        return [_quoted(value, '"'), _escaped(value)]
    quote = old[:1] if old[:1] in ("'", '"', "`") else ""
    quoted = [_quoted(value, "'"), _quoted(value, '"')]
    if quote != "'":
        quoted.reverse()
    # No lone LF in a file with CRLF, and no line breaks in a value that has none.
    is_one_line = "\\n" in old if quote == '"' else line_end != "\n"
    quoted.insert(0 if is_one_line and "\n" in value else 2, _escaped(value))
    is_bare = not quote if old else not value or _SAFE.fullmatch(value)
    return [value, *quoted] if is_bare else [*quoted, value]


def _quoted(value: str, quote: str) -> str:
    inside = _TAKEN_FOR_ESCAPE[quote].sub(r"\\\\", value).replace(quote, f"\\{quote}")
    return f"{quote}{inside}{quote}"


def _escaped(value: str) -> str:
    """Return *value* in double quotes and on one line."""
    for char, escape in ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"):
        value = value.replace(char, escape)
    return f'"{value}"'
