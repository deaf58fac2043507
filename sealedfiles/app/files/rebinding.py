"""Accept tokens that were moved to another key or file, for ``rebind``."""

from __future__ import annotations

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.files.sealed_form import SealedForm
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.model.paths import PathPattern, json_string, show
from sealedfiles.model.token import TOKEN, file_id, split
from sealedfiles.sealing import open_file
from sealedfiles.sealing.file import choose_file_id, show_path
from sealedfiles.sealing.rebind import MisplacedToken, find_misplaced, rebind_file
from sealedfiles.util.messages import counted, shell_key, shell_path


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


def warn_of_misplaced(form: SealedForm, misplaced: list[MisplacedToken], dialog: Dialog) -> None:
    """Report each of *misplaced*, with its place and its known origin."""
    place, workspace = form.place, form.place.workspace
    foreign = {one.file_id for one in misplaced if one.reason == "foreign"}
    files = _files_with(workspace, foreign) if foreign else {}
    for one in misplaced:
        origin = "another key of this file"
        if one.reason == "foreign":
            origin = " or ".join(files.get(one.file_id, [])) or "a file that no longer exists"
        dialog.warn(
            f"{place.name}:{one.line}: {show(one.path)} has a token of the group {one.group} "
            f"that was made for {origin}"
        )
        if workspace.is_history(one.group, split(one.token).key_id):
            dialog.warn(
                "its key was retired when a reader was removed; that reader may have written the token"
            )
    dialog.warn(
        "the person who moved the token chose where the value appears",
        f"find who moved it: git log -p -- {shell_path(place.path)}",
        "to show the values: --show",
    )


def bind_misplaced(
    form: SealedForm, misplaced: list[MisplacedToken], dialog: Dialog
) -> tuple[WorkingFile, bool]:
    """Create tokens of *misplaced* for their current places, write the file, and report it.

    If the index held the same content, the new version is staged.  Returns the new sealed form, with the
    problems that binding cannot solve, and False if a value was refused because it would change the text
    around it.
    """
    place, ring = form.place, form.place.workspace.ring
    data, refused = rebind_file(form.disk, misplaced, place.described, ring)
    form.write_disk(data)
    is_staged = form.is_same and form.write_index(data)
    bound = len(misplaced) - len(refused)
    if bound:
        dialog.say(f"{place.name}: {counted(bound, 'value')} bound")
        if is_staged:
            dialog.say(f"{place.name} is staged: commit it")
        elif place.workspace.clone:
            dialog.say(f"add it: git add {shell_path(place.path)}")
    for one in refused:
        dialog.warn(
            f"{place.name}:{one.line}: {show(one.path)}: the value would change the text around it",
            f"set it again: sealedfiles set {shell_path(place.path)} {shell_key(show(one.path))}",
        )
    # Report only what cannot be bound; the rest was refused above, or not selected.
    others = {one.token for one in find_misplaced(data, place.described, ring)}
    opened = open_file(data, place.described, ring)
    left = [problem for problem in opened.problems if problem.token not in others]
    return place._replace(data=data, opened=opened._replace(problems=left)), not refused


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
