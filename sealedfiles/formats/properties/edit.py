"""Properties editor: load, locate, assign, remove; only the affected lines change."""

from __future__ import annotations

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data, Span
from sealedfiles.formats.line_edit import LineEditor, LineEntry
from sealedfiles.formats.place import line_end_of
from sealedfiles.formats.properties.format import PROPERTIES, decode
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.paths import key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

_KEY_SIGNS = lazy_pattern(r"[\\=: ]|\A[#!]")
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"}
_CONTROLS = lazy_pattern(r"[^\x20-\x7e]")
"""Also what is not ASCII: Java reads a file as ISO 8859-1, unless a program chooses UTF-8."""
_BETWEEN = lazy_pattern(r"[ \t\f]*[=:]?[ \t\f]*")


class PropertiesEditor(LineEditor):
    """See ``base.Editor``.  There is one level: every address is one key, with its dots."""

    name = "a properties file"
    form = PROPERTIES

    def entries(self, text: str) -> list[LineEntry]:
        """Return every key in file order."""
        return [
            LineEntry(
                (one.key,),
                one.start,
                Span(one.value, one.end, key_step(one.key)),
                decode(text[one.value : one.end]),
                one.value,
            )
            for one in PROPERTIES.scan(text).entries
            if one.sign >= 0
        ]

    def data(self, text: str) -> dict[str, Data]:
        """Return the values by their keys, as ``java.util.Properties`` has them."""
        return {str(entry.address[0]): entry.text for entry in self.entries(text)}

    def written(self, text: str, value: str, start: int) -> str:  # noqa: ARG002
        """Return the source of *value*."""
        source = _escaped(value.replace("\\", "\\\\"))
        return f"\\{source}" if source.startswith(" ") else source

    def appended(self, text: str, address: Address, value: str) -> str:
        """Return *text* with a new line at its end, in the layout of the last one."""
        if len(address) != 1:
            raise UsageError(
                f"{show_address(address)} cannot be a key of this file (properties)",
                'put a key with dots in double quotes: "spring.datasource.password"',
            )
        known = [one for one in PROPERTIES.scan(text).entries if one.sign >= 0]
        sign = "="
        if known:
            between = _BETWEEN.match(text, known[-1].sign)
            sign = between[0] if between and between[0].strip(" \t\f") else "="
        ending = line_end_of(text)
        above = "" if not text or text.endswith(("\n", "\r")) else ending
        key = _escaped(_KEY_SIGNS.sub(r"\\\g<0>", str(address[0])))
        return f"{text}{above}{key}{sign}{self.written(text, value, 0)}{ending}"


PROPERTIES_EDITOR = PropertiesEditor()


def _escaped(text: str) -> str:
    """Return *text*, whose backslashes are escaped, with all other characters escaped that must be."""

    def escape(char: str) -> str:
        units = char.encode("utf-16-be", "surrogatepass").hex()
        return _SHORT.get(char) or "".join(
            f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)
        )

    return _CONTROLS.sub(lambda match: escape(match[0]), text)
