"""The group of each value of a file, found without any key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sealedfiles.app.who.matrix import Matrix
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Span
from sealedfiles.git.clone import Clone
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.paths import PathPattern
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN, split
from sealedfiles.sealing.file import File, LineNumbers, path_text, show_path
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import shell_path
from sealedfiles.util.progress import Progress

SEALED = "sealed"
PLAIN = "plain"
OPEN = "open"
NEW = "new"
WHOLE = "(the whole file)"
EVERYBODY = "everybody"

_STATES = {
    PLAIN: "in plaintext, as the policy allows",
    OPEN: "in plaintext, but the policy seals it",
    NEW: "not sealed yet",
}
"""Descriptions of values that are not tokens."""

_POSITION = lazy_pattern(r'"(?:[^"\\]|\\.)*"|\[[0-9]+\]')
_NEAR = 4


class ListedValue(NamedTuple):
    """One value, or all values at one key path (in several list items) in the same state and group."""

    path: bytes | None
    """The encoded key path; None for a comment, and for a file that is one value."""
    shown: str
    groups: tuple[str, ...]
    """One group; for a whole file, one for each layer; none for a value that is ``plain``."""
    state: str
    """``sealed``; ``plain``: left in plaintext by the policy; ``open``: in plaintext against the policy;
    ``new``: it is only on disk, and will be sealed."""

    def readers(self, matrix: Matrix) -> list[str] | None:
        """Return the readers of the value; None means anyone who has the file."""
        if self.state in (PLAIN, OPEN):
            return None
        return matrix.readers_of(self.groups)

    def cells(self, matrix: Matrix) -> tuple[str, str, str]:
        """Return the groups, a description of the state, and the readers, for a table."""
        readers = self.readers(matrix)
        groups = ", ".join(self.groups) if self.state != OPEN else ""
        shown = EVERYBODY if readers is None else ", ".join(readers) or "nobody"
        return groups, _STATES.get(self.state, ""), shown


class FileValues(NamedTuple):
    """One file with its values, in file order."""

    path: bytes
    values: list[ListedValue]


def values_of_file(workspace: Workspace, file: Path, wanted: str | None) -> FileValues:
    """Return the values of *file* in git, and those that are new on the disk."""
    path = workspace.path_of(file)
    clone = workspace.clone
    blob = clone.staged(path) if clone else None
    disk = file.read_bytes()
    if clone and b"sealed:v1:" not in (blob or b"") + disk and not clone.covers(path):
        raise UsageError(
            f"{show_path(path)} is not sealed: anyone with the repository can read it",
            f"to seal it: sealedfiles track {shell_path(path)}",
        )
    described = workspace.describe(path)
    values = values_of(disk, *described, state=NEW)
    if blob is not None:
        values = _with_new(values_of(blob, *described), values)
    found = FileValues(path, values)
    return found if wanted is None else select(found, wanted)


def values_of_all_files(clone: Clone) -> list[FileValues]:
    """Return the values of every tracked file in git."""
    entries = list(tracked_sealed_files(clone))
    with Progress("files", len(entries)) as progress:
        return [
            FileValues(entry.path, values_of(blob, *clone.describe(entry.path)))
            for entry, blob in progress.each(with_blobs(clone, entries))
        ]


def values_of(data: bytes, file: File, rules: FileRules, *, state: str = OPEN) -> list[ListedValue]:
    """Return the values of *data*; *state* is the state of plaintext values that the policy seals.

    For a file sealed whole, only the outermost layer is known.
    """
    if not data:
        return []
    version = SealedText(data, file)
    if version.whole is not None or version.scan is None:
        return list(_whole(data, rules, state))
    return list(dict.fromkeys(_structured(version.text, version.values, rules, state)))


def _with_new(stored: list[ListedValue], disk: list[ListedValue]) -> list[ListedValue]:
    """Return the values of a file in git, followed by those that are only in the file on disk."""
    known = {value.path for value in stored}
    if None in known and any(value.shown == WHOLE for value in stored):
        return stored
    return [*stored, *(v for v in disk if v.state == NEW and v.path and v.path not in known)]


def select(found: FileValues, wanted: str) -> FileValues:
    """Return the values at and below *wanted*, a key path in the syntax of `get`.  Raises UsageError."""
    text = _POSITION.sub(lambda m: "[]" if m[0].startswith("[") else m[0], wanted)
    try:
        pattern = PathPattern("**" if text == "." else f"{text}.**")
    except ValueError as error:
        raise UsageError(
            f"{paths.json_string(wanted)} is not a path: it {error}",
            "write a path such as database.password or users[0].token",
        ) from None
    values = [v for v in found.values if v.path is not None and pattern.matches(v.path)]
    if not values:
        from difflib import get_close_matches

        shown = [value.shown for value in found.values]
        near = get_close_matches(wanted, shown, _NEAR, 0.5) or shown[:_NEAR]
        raise UsageError(
            f"{show_path(found.path)}: no value at {paths.json_string(wanted)}",
            *(f"available: {one}" for one in near),
        )
    return found._replace(values=values)


def as_json(found: FileValues, matrix: Matrix) -> dict[str, object]:
    """Return what ``who FILE --json`` prints, without its version."""
    rows = [
        {
            "key": value.shown,
            "state": value.state,
            "groups": list(value.groups),
            "readers": value.readers(matrix),
        }
        for value in found.values
    ]
    return {"path": path_text(found.path), "values": rows}


def _structured(
    text: str, spans: Iterable[Span], rules: FileRules, state: str
) -> Iterator[ListedValue]:
    inside = set()
    values = []
    for start, end, path in spans:
        token = TOKEN.search(text, start, end) or UNAUTHENTICATED_TOKEN.search(text, start, end)
        shown = paths.show(path)
        group = rules.group_of(path)
        if token:
            inside.add(token.start())
            values.append((start, ListedValue(path, shown, (split(token[0]).group,), SEALED)))
        elif group is None:
            values.append((start, ListedValue(path, shown, (), PLAIN)))
        else:
            values.append((start, ListedValue(path, shown, (group,), state)))
    lines = LineNumbers(text)
    for token in TOKEN.finditer(text) if "sealed:v1:" in text else ():
        if token.start() not in inside:
            shown = f"(comment, line {lines.of(token.start())})"
            values.append(
                (token.start(), ListedValue(None, shown, (split(token[0]).group,), SEALED))
            )
    return (value for _, value in sorted(values, key=lambda one: one[0]))


def _whole(data: bytes, rules: FileRules, state: str) -> Iterator[ListedValue]:
    tokens = TOKEN.findall(data.decode("utf-8", "replace")) if b"sealed:v1:" in data else []
    for group in sorted({split(token).group for token in tokens}):
        yield ListedValue(None, WHOLE, (group,), SEALED)
    if not tokens:
        groups = tuple(rules.whole_groups())
        yield ListedValue(None, WHOLE, groups, state if groups else PLAIN)
