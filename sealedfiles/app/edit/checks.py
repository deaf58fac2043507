"""Checks of an edited text before it is written to the file."""

from __future__ import annotations

from collections import Counter

from sealedfiles.app.files.working_file import WorkingFile, with_place
from sealedfiles.errors import FormatError, TamperedError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.token import TOKEN, split
from sealedfiles.sealing import open_file
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import BOM, LineNumbers, line_of
from sealedfiles.sealing.sealed_text import SealedText

_START = "sealed:v1:"
_MARKER = "<<<<<<<"


class _Position(NamedTuple):
    """A token and its position."""

    token: str
    line: int
    path: bytes | None
    """The encoded key path of the value; None if the token is not a value."""

    @property
    def key(self) -> str:
        return f"line {self.line}" if self.path is None else paths.show(self.path)


def check_text(place: WorkingFile, edited: bytes) -> None:
    """Check that *edited* parses in the file's format and has no conflict markers.

    Raises FormatError with file, line and column.  If the text did not parse before (a template), it does
    not have to parse now.
    """
    text = _text_of(edited)
    before = _text_of(place.opened.data)
    if text is not None and _has_markers(text) and (place.is_sealed or not _has_markers(before)):
        at = text.index(_MARKER) if text.startswith(_MARKER) else text.index("\n" + _MARKER) + 1
        error = FormatError("the text has conflict markers", line_of(text, at), 1)
        raise with_place(error, place)
    broken = _broken(place, edited)
    if broken and not (place.opened.data and _broken(place, place.opened.data)):
        raise with_place(broken, place)


def check_tokens(place: WorkingFile, edited: bytes) -> list[str]:
    """Check the tokens of values that stayed sealed, which the editor showed as tokens.

    Returns messages about tokens that were removed or moved to another key.  Raises TamperedError, with
    file and line, if a token was changed.
    """
    if _START.encode("ascii") not in place.opened.data + edited:
        return []
    before, after = _positions(place, place.opened.data), _positions(place, edited)
    known = {one.token for one in before}
    closed = {
        problem.token
        for problem in open_file(edited, place.described, place.workspace.ring).problems
    }
    for one in after:
        if one.token in closed - known:
            raise _changed(place, one.line, f"a token of the group {split(one.token).group}")
    gone = _missing(before, after)
    line = _line_of_remains(edited, place.opened.data)
    if gone and line:
        raise _changed(place, line, "a token")
    notes = [
        f"{place.name}: you removed {one.key} of the group {split(one.token).group}, which you cannot read"
        for one in gone
    ]
    return notes + [
        f"{place.name}: the token of {old.key} is now at {new.key}, where it cannot be decrypted"
        for old, new in _moved(before, after)
    ]


def _text_of(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _has_markers(text: str | None) -> bool:
    return text is not None and bool(sides_of(text))


def _broken(place: WorkingFile, data: bytes) -> FormatError | None:
    """Return the error of parsing *data* in the file's format, or None if it parses."""
    if place.described.format is None:
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        column = len(before) - max(before.rfind("\n"), before.rfind("\r"))
        return FormatError("the text is not valid UTF-8", line_of(before, len(before)), column)
    return SealedText(data, place.described).error


def _positions(place: WorkingFile, data: bytes) -> list[_Position]:
    """Return the tokens in *data*, in file order."""
    text = data.decode("utf-8", "replace").removeprefix(BOM)
    keys: dict[int, bytes] = {}
    for start, end, path in SealedText(data, place.described).values:
        keys.update({match.start(): path for match in TOKEN.finditer(text, start, end)})
    lines = LineNumbers(text)
    return [
        _Position(match[0], lines.of(match.start()), keys.get(match.start()))
        for match in TOKEN.finditer(text)
    ]


def _missing(before: list[_Position], after: list[_Position]) -> list[_Position]:
    left = Counter(one.token for one in after)
    missing = []
    for one in before:
        left[one.token] -= 1
        if left[one.token] < 0:
            missing.append(one)
    return missing


def _moved(before: list[_Position], after: list[_Position]) -> list[tuple[_Position, _Position]]:
    """Return the tokens that are at a key where they were not before, each with its old position."""
    stood: dict[str, set[bytes | None]] = {}
    for one in before:
        stood.setdefault(one.token, set()).add(one.path)
    first = {one.token: one for one in reversed(before)}
    return [
        (first[one.token], one)
        for one in after
        if one.path is not None and one.token in stood and one.path not in stood[one.token]
    ]


def _line_of_remains(edited: bytes, before: bytes) -> int:
    """Return the line of the first incomplete token in *edited*, or 0 if the edit added none."""
    text = edited.decode("utf-8", "replace")
    old = before.decode("utf-8", "replace")
    if text.count(_START) - len(TOKEN.findall(text)) <= old.count(_START) - len(TOKEN.findall(old)):
        return 0
    rest = TOKEN.sub(lambda match: "x" * len(match[0]), text)
    return line_of(rest, rest.index(_START))


def _changed(place: WorkingFile, line: int, what: str) -> TamperedError:
    return TamperedError(
        f"{place.name}:{line}: {what} was changed or added",
        "restore the token, or replace it with the value",
    )
