"""Accept tokens that were moved to another key or file, for ``rebind``."""

from __future__ import annotations

from sealedfiles.app.files.sealed_form import SealedForm
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import PathPattern, json_string, show
from sealedfiles.model.token import TOKEN, file_id, split
from sealedfiles.sealing import Opened, open_file
from sealedfiles.sealing.file import choose_file_id, show_path
from sealedfiles.sealing.rebind import MisplacedToken, find_misplaced, rebind_file


class TokenOrigin(NamedTuple):
    """A misplaced token, and the place that it was sealed for."""

    one: MisplacedToken
    origin: str
    """The place that it was sealed for, for display."""
    is_retired: bool
    """Whether its key was retired when a reader was removed."""


class Bound(NamedTuple):
    """The result of ``bind_misplaced``."""

    data: bytes
    """The new sealed form of the file."""
    opened: Opened
    """The decrypted file, with the problems that binding cannot solve."""
    bound: int
    """The number of values that were bound."""
    refused: list[MisplacedToken]
    """Tokens whose values would change the text around them."""
    is_staged: bool


def choose_misplaced(
    misplaced: list[MisplacedToken], paths: tuple[str, ...], name: str
) -> list[MisplacedToken]:
    """Return the *misplaced* tokens at the key paths *paths*, by default all.

    Raises UsageError if a path is invalid or matches none of them.
    """
    if not paths:
        return misplaced
    chosen: list[MisplacedToken] = []
    for text in paths:
        try:
            pattern = PathPattern(text)
        except ValueError as error:
            raise UsageError(f"the path `{text}` {error}") from None
        found = [one for one in misplaced if pattern.matches(one.path)]
        if not found:
            raise UsageError(
                f"{name} has no token at {json_string(text)} that can be bound",
                *(f"there is one at {show(one.path)}" for one in misplaced),
            )
        chosen += [one for one in found if one not in chosen]
    return chosen


def origins_of(form: SealedForm, misplaced: list[MisplacedToken]) -> list[TokenOrigin]:
    """Return the origin of each of *misplaced*."""
    workspace = form.place.workspace
    foreign = {one.file_id for one in misplaced if one.reason == "foreign"}
    files = _files_with(workspace, foreign) if foreign else {}
    found = []
    for one in misplaced:
        origin = "another key of this file"
        if one.reason == "foreign":
            origin = " or ".join(files.get(one.file_id, [])) or "a file that no longer exists"
        judgement = workspace.judgement(one.group)
        found.append(TokenOrigin(one, origin, judgement.is_retired(split(one.token).key_id)))
    return found


def bind_misplaced(form: SealedForm, misplaced: list[MisplacedToken]) -> Bound:
    """Create tokens of *misplaced* for their current places, and write the file.

    If the index held the same content, the new version is staged.
    """
    place, ring = form.place, form.place.workspace.ring
    data, refused = rebind_file(form.disk, misplaced, place.described, ring)
    form.write_disk(data)
    staged = form.is_same and form.write_index(data)
    # Report only what cannot be bound; the rest was refused above, or not selected.
    others = {one.token for one in find_misplaced(data, place.described, ring)}
    opened = open_file(data, place.described, ring)
    left = [problem for problem in opened.problems if problem.token not in others]
    bound = len(misplaced) - len(refused)
    return Bound(data, opened._replace(problems=left), bound, list(refused), staged)


def _files_with(workspace: Workspace, ids: set[str]) -> dict[str, list[str]]:
    """Return, for each of *ids*, the names of the tracked files that have it."""
    found: dict[str, list[str]] = {}
    clone = workspace.clone
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)) if clone else ():
        tokens = TOKEN.findall(blob.decode("utf-8", "replace"))
        own = choose_file_id(entry.path, tokens)
        for one in {own, file_id(entry.path)} & ids:
            found.setdefault(one, []).append(show_path(entry.path))
    return found
