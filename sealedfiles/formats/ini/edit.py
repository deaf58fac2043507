"""INI editor: load, locate, assign, remove; only the affected lines change."""

from __future__ import annotations

import re

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data, end_of
from sealedfiles.formats.ini.format import INI, decode
from sealedfiles.formats.line_edit import LineEditor, LineEntry
from sealedfiles.formats.place import error_at, line_end, line_end_of, line_start, next_line
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.paths import steps
from sealedfiles.model.token import TOKEN
from sealedfiles.util.lazy_pattern import lazy_pattern

_BETWEEN = re.compile(r"[^\S\r\n]*[=:][^\S\r\n]*")
_SIGN = re.compile(r"[^=:]*[=:]").match
_NEW_KEY = lazy_pattern(r"[^\s\[\]=:#;][^\r\n=:\[\]]*")
_NEW_SECTION = lazy_pattern(r"[^\r\n\[\]]+")
_MOST_STEPS = 2


class IniEditor(LineEditor):
    """See ``base.Editor``.  An address is a section and a key, or a key above all sections."""

    name = "an INI file"
    form = INI

    def entries(self, text: str) -> list[LineEntry]:
        """Return every key in file order."""
        scan = INI.scan(text)
        found = []
        for start, end, literal in scan.keys:
            address = tuple(str(step) for step in steps(literal.path))
            at = literal.start
            if "\n" in text[end:at] or "\r" in text[end:at]:
                at = end_of(_SIGN(text, end))
            value = decode(text[at : literal.end])
            found.append(LineEntry(address, start, literal, value, at))
        return found

    def data(self, text: str) -> dict[str, Data]:
        """Return a mapping for each section; a line without a sign is a key with the value null."""
        scan = INI.scan(text)
        loaded: dict[str, Data] = {}
        entries = self.entries(text)
        for entry in entries:
            self._in(text, loaded, entry.address[:-1], entry.start)[str(entry.address[-1])] = (
                entry.text
            )
        for _, _, name in scan.sections:
            self._in(text, loaded, (name,), 0)
        known = {entry.literal for entry in entries}
        for span in scan.values:
            flag = decode(text[span.start : span.end])
            if span not in known and not TOKEN.fullmatch(flag):
                above = tuple(str(step) for step in steps(span.path))
                self._in(text, loaded, above, span.start).setdefault(flag, None)
        return loaded

    @staticmethod
    def _in(text: str, loaded: dict[str, Data], above: Address, at: int) -> dict[str, Data]:
        """Return the mapping at *above*, which is empty or a section."""
        if not above:
            return loaded
        section = loaded.setdefault(str(above[0]), {})
        if not isinstance(section, dict):
            raise error_at(text, at, "a section has the name of a key above all sections")
        return section

    def written(self, text: str, value: str, start: int) -> str:
        """Return the source of *value*: further lines are indented by four more than the key."""
        indent = text[line_start(text, start) : start] + "    "
        return value.replace("\n", line_end_of(text) + indent)

    def appended(self, text: str, address: Address, value: str) -> str:
        """Return *text* with a new line at the end of its section, or with a new section."""
        if len(address) > _MOST_STEPS or not _NEW_KEY.fullmatch(str(address[-1])):
            raise UsageError(
                f"{show_address(address)} cannot be a key of an INI file",
                "an INI file has sections with keys, and no more levels: section.key",
            )
        scan, ending = INI.scan(text), line_end_of(text)
        section = str(address[0]) if len(address) > 1 else None
        entries = self.entries(text)
        own = [one for one in entries if one.address[:-1] == address[:-1]]
        headers = [header for header in scan.sections if header[2] == section]
        layout = (own or entries)[-1:]
        sign, indent = " = ", ""
        for one in layout:
            end = one.start + len(str(one.address[-1]))
            between = _BETWEEN.match(text, end, line_end(text, end))
            sign = between[0] if between else sign
            indent = text[line_start(text, one.start) : one.start]
            sign = f"{sign} " if sign.endswith("=") and sign.startswith(" ") else sign
        line = (
            f"{indent}{address[-1]}{sign}{value.replace(chr(10), f'{ending}{indent}    ')}{ending}"
        )
        if own:
            at = next_line(text, own[-1].literal.end)
        elif headers:
            at = next_line(text, headers[-1][1])
        elif section is None:
            at = line_start(text, scan.sections[0][0]) if scan.sections else len(text)
        else:
            if not _NEW_SECTION.fullmatch(section):
                raise UsageError(f"{show_address(address)} cannot be a section of an INI file")
            at = len(text)
            line = f"[{section}]{ending}{line}"
            line = f"{ending}{line}" if text.strip() else line
        above = "" if not text[:at] or text[:at].endswith(("\n", "\r")) else ending
        return text[:at] + above + line + text[at:]

    def sections(self, text: str, address: Address) -> list[tuple[int, int]]:
        """Return the lines of all sections with the name *address*."""
        scan = INI.scan(text)
        starts = [line_start(text, start) for start, _, _ in scan.sections]
        ends = [*starts[1:], len(text)]
        return [
            (start, end)
            for start, end, (_, _, name) in zip(starts, ends, scan.sections, strict=False)
            if (name,) == address
        ]


INI_EDITOR = IniEditor()
