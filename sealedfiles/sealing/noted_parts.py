"""Find what a checkout wrote in a text that does not parse, or has no values.

Its lines are read as comments are: no line needs the lines around it.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import show
from sealedfiles.sealing.comment_lines import PlacedComment
from sealedfiles.sealing.comments import values_of
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.opened_tokens import open_tokens
from sealedfiles.sealing.sealed_before import SealedValues
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.sealing.spelling import ENCODINGS, comparable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealedfiles.formats.base import Format
    from sealedfiles.sealing.file import File, Keys
    from sealedfiles.sealing.stored import Noted

_LINE = "a line"
_SHORTEST = 4
"""Characters."""


def noted_parts(
    data: bytes,
    noted: Noted,
    versions: Sequence[bytes],
    proved: Iterable[str],
    file: File,
    keys: Keys,
) -> list[str]:
    """Return the names of what was *noted* and may be in *data*.

    What is sealed in *versions* does not count, nor do the lines *proved*.
    """
    sealed = None if file.format is None else _sealed_in(versions, file, file.format, keys)
    known = {comparable(line) for line in proved}
    names = []
    for line in dict.fromkeys(_lines_of(data, file.format)):
        is_sealed = comparable(line.text) in known or (sealed and sealed.has_comment(line))
        if not is_sealed and noted.has_line(line):
            names.append(show(line.values[0][0]) if line.values else _LINE)
    return list(dict.fromkeys(names))


def _sealed_in(
    versions: Sequence[bytes], file: File, file_format: Format, keys: Keys
) -> SealedValues:
    texts = [SealedText(one, file).text for one in versions if not is_whole(one)]
    return SealedValues(((one, open_tokens(one, file, keys)[0]) for one in texts), file_format)


def long_lines(data: bytes, file_format: Format | None) -> Iterator[PlacedComment]:
    """Yield the lines of a file with a format that does not parse; brackets alone may be on any line."""
    lines = _lines_of(data, file_format) if file_format else ()
    return (line for line in lines if len(line.text.strip()) >= _SHORTEST)


def _lines_of(data: bytes, file_format: Format | None) -> Iterator[PlacedComment]:
    """Yield each line of *data*, in any encoding, with the values of its entry; key paths are relative."""
    for encoding in ENCODINGS:
        text = data.decode(encoding, "replace")
        for line in filter(str.strip, text.replace("\r", "\n").split("\n")):
            read = file_format.commented(line) if file_format else None
            if read is None or file_format is None:
                yield PlacedComment(line)
                continue
            spans = values_of(line, read, file_format)
            values = [(one.path, file_format.decode(line[one.start : one.end])) for one in spans]
            yield PlacedComment(line, tuple(values))
