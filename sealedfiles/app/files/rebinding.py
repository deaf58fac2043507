"""Accepting tokens that were moved to another key or file: ``rebind``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import UsageError
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.model.paths import PathPattern, json_string, show
from sealedfiles.model.token import TOKEN, file_id, split
from sealedfiles.sealing import open_file
from sealedfiles.sealing.file import choose_file_id, show_path
from sealedfiles.sealing.rebind import Stray, find_strays, rebind_file

if TYPE_CHECKING:
    from sealedfiles.app.files.sealed_form import SealedForm
    from sealedfiles.app.workspace import Workspace
    from sealedfiles.sealing import Opened


class Origin(NamedTuple):
    """The origin of a token that is not at the place that it was made for."""

    stray: Stray
    origin: str
    """The place that it was made for, for display."""
    is_retired: bool
    """Whether its key was retired when a reader was removed."""


class Bound(NamedTuple):
    """What was bound."""

    data: bytes
    """The sealed form of the file now."""
    opened: Opened
    """The file opened, with the problems that nobody can solve by binding."""
    bound: int
    """How many values were bound."""
    refused: list[Stray]
    """Tokens whose values would change the text around them."""
    is_staged: bool


def choose_strays(strays: list[Stray], paths: tuple[str, ...], name: str) -> list[Stray]:
    """Return those of *strays* at the key paths *paths*, by default all.  Raises UsageError."""
    if not paths:
        return strays
    chosen: list[Stray] = []
    for text in paths:
        try:
            pattern = PathPattern(text)
        except ValueError as error:
            raise UsageError(f"the path `{text}` {error}") from None
        found = [stray for stray in strays if pattern.matches(stray.path)]
        if not found:
            raise UsageError(
                f"{name} has no token at {json_string(text)} that can be bound",
                *(f"there is one at {show(stray.path)}" for stray in strays),
            )
        chosen += [stray for stray in found if stray not in chosen]
    return chosen


def origins_of(form: SealedForm, strays: list[Stray]) -> list[Origin]:
    """Return the origin of each of *strays*."""
    workspace = form.place.workspace
    foreign = {stray.file_id for stray in strays if stray.reason == "foreign"}
    files = _files_with(workspace, foreign) if foreign else {}
    found = []
    for stray in strays:
        origin = "another key of this file"
        if stray.reason == "foreign":
            origin = " or ".join(files.get(stray.file_id, [])) or "a file that is not here any more"
        judgement = workspace.judgement(stray.group)
        found.append(Origin(stray, origin, judgement.is_retired(split(stray.token).key_id)))
    return found


def bind_strays(form: SealedForm, strays: list[Stray]) -> Bound:
    """Create tokens of *strays* for their current places, and write the file.

    It is staged if git had the same text.
    """
    place, ring = form.place, form.place.workspace.ring
    data, refused = rebind_file(form.disk, strays, place.described, ring)
    form.write_disk(data)
    staged = form.is_same and form.write_index(data)
    # Named is what nobody can bind; the rest was refused above, or not asked for.
    others = {stray.token for stray in find_strays(data, place.described, ring)}
    opened = open_file(data, place.described, ring)
    left = [problem for problem in opened.problems if problem.token not in others]
    bound = len(strays) - len(refused)
    return Bound(data, opened._replace(problems=left), bound, list(refused), staged)


def _files_with(workspace: Workspace, ids: set[str]) -> dict[str, list[str]]:
    """Return the names of the tracked files that have these ids."""
    found: dict[str, list[str]] = {}
    clone = workspace.clone
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)) if clone else ():
        tokens = TOKEN.findall(blob.decode("utf-8", "replace"))
        own = choose_file_id(entry.path, tokens)
        for one in {own, file_id(entry.path)} & ids:
            found.setdefault(one, []).append(show_path(entry.path))
    return found
