"""`sealedfiles rebind`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.app.files.sealed_form import read_sealed_form
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import identity_option, report
from sealedfiles.cli.prompts import confirm
from sealedfiles.errors import SealedFilesError, TamperedError, UsageError
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.model.paths import PathPattern, json_string, show
from sealedfiles.model.token import TOKEN, file_id, split
from sealedfiles.sealing import open_file
from sealedfiles.sealing.file import choose_file_id, show_path
from sealedfiles.sealing.rebind import Stray, find_strays, rebind_file
from sealedfiles.util import messages
from sealedfiles.util.messages import counted, say, warn

if TYPE_CHECKING:
    from sealedfiles.app.files.sealed_form import SealedForm
    from sealedfiles.app.workspace import Workspace


@click.command("rebind")
@click.argument("file", metavar="FILE", shell_complete=complete_file)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--show", "shows_values", is_flag=True, help="Print the values before asking.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@identity_option
def command(
    file: str, paths: tuple[str, ...], shows_values: bool, yes: bool, identity: str | None
) -> int:
    """Accept tokens that were moved to another key or file.

    If a person or a program that could not decrypt a value renamed its key, or copied its line, the token
    cannot be decrypted at its new place.  Each such token is listed (with PATH, only those at these key
    paths), and you are asked about it.

    Whoever moved a token chose where its value appears.  Answer yes only if it belongs there.
    """
    form = read_sealed_form(Path(file), identity)
    place, ring = form.place, form.place.workspace.ring
    strays = _chosen(find_strays(form.disk, place.described, ring), paths, place.name)
    if not strays:
        status = report(
            place.workspace, place.path, form.disk, open_file(form.disk, place.described, ring)
        )
        if not status:
            say(f"{place.name}: every token is at the key path that it was made for")
        return status
    _name(form, strays)
    if shows_values and place.described.format:
        for stray in strays:
            value = place.described.format.decode(stray.literal)
            messages.show(f"{show(stray.path)}: {json_string(value)}")
    question = f"Bind {counted(len(strays), 'value')} to the key paths where they are now?"
    if not yes and not confirm(question):
        say("nothing was changed")
        return SealedFilesError.exit_code
    return _bind(form, strays)


def _chosen(strays: list[Stray], paths: tuple[str, ...], name: str) -> list[Stray]:
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
                f"{name} has no token at {json_string(text)} that could be bound",
                *(f"there is one at {show(stray.path)}" for stray in strays),
            )
        chosen += [stray for stray in found if stray not in chosen]
    return chosen


def _name(form: SealedForm, strays: list[Stray]) -> None:
    """Say of each token where it stands and what is known of where it comes from."""
    workspace = form.place.workspace
    foreign = {stray.file_id for stray in strays if stray.reason == "foreign"}
    files = _files_with(workspace, foreign) if foreign else {}
    for stray in strays:
        origin = "another key of this file"
        if stray.reason == "foreign":
            origin = " or ".join(files.get(stray.file_id, [])) or "a file that is not here any more"
        warn(
            f"{form.place.name}:{stray.line}: {show(stray.path)} holds a token of the group {stray.group} "
            f"that was made for {origin}"
        )
        if workspace.judgement(stray.group).is_retired(split(stray.token).key_id):
            warn("its key was retired when a reader was removed, who may have written the token")
    warn(
        "the author of that change chose where the value appears",
        f"see who did: git log -p -- {form.place.name}",
        "see the values themselves: --show",
    )


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


def _bind(form: SealedForm, strays: list[Stray]) -> int:
    place, ring = form.place, form.place.workspace.ring
    data, refused = rebind_file(form.disk, strays, place.described, ring)
    form.write_disk(data)
    staged = form.is_same and form.write_index(data)
    if len(refused) < len(strays):
        say(f"{place.name}: {counted(len(strays) - len(refused), 'value')} bound")
        if staged:
            say(f"{place.name} is staged, to be committed now")
        elif place.workspace.clone:
            say(f"add it: git add {place.name}")
    for stray in refused:
        warn(
            f"{place.name}:{stray.line}: {show(stray.path)}: the value would change the text around it",
            f"set it again: sealedfiles set {place.name} {show(stray.path)}",
        )
    # Named is what nobody can bind; the rest was refused above, or not asked for.
    others = {stray.token for stray in find_strays(data, place.described, ring)}
    opened = open_file(data, place.described, ring)
    left = [problem for problem in opened.problems if problem.token not in others]
    status = report(place.workspace, place.path, data, opened._replace(problems=left))
    return TamperedError.exit_code if refused else status
