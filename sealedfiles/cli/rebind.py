"""`sealedfiles rebind`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.files.rebinding import bind_misplaced, choose_misplaced, origins_of
from sealedfiles.app.files.sealed_form import SealedForm, read_sealed_form
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, report
from sealedfiles.cli.prompts import confirm
from sealedfiles.errors import SealedFilesError, TamperedError
from sealedfiles.model.paths import json_string, show
from sealedfiles.sealing import open_file
from sealedfiles.sealing.rebind import MisplacedToken, find_misplaced
from sealedfiles.util import messages
from sealedfiles.util.messages import counted, say, warn


@declaration.command("rebind")
@declaration.argument("file", metavar="FILE", shell_complete=complete_file)
@declaration.argument("paths", metavar="[PATH]...", nargs=-1)
@declaration.option("--show", "shows_values", is_flag=True, help="Print the values before asking.")
@declaration.option("--yes", is_flag=True, help="Do not ask.")
@identity_option
def command(
    file: str, paths: tuple[str, ...], shows_values: bool, yes: bool, identity: str | None
) -> int:
    """Accept tokens that were moved to another key or file.

    If somebody who could not decrypt a value renamed its key or copied its line, the token cannot be
    decrypted at its new place.  This command lists each such token (with PATH, only tokens at these key
    paths) and asks about it.

    The person who moved a token chose where its value appears.  Answer yes only if it belongs there.
    """
    with exclusive(Path(file).parent):
        return _rebind(read_sealed_form(Path(file), identity), paths, shows_values, yes)


def _rebind(form: SealedForm, paths: tuple[str, ...], shows_values: bool, yes: bool) -> int:
    place, ring = form.place, form.place.workspace.ring
    misplaced = choose_misplaced(
        find_misplaced(form.disk, place.described, ring), paths, place.name
    )
    if not misplaced:
        status = report(
            place.workspace, place.path, form.disk, open_file(form.disk, place.described, ring)
        )
        if not status:
            say(f"{place.name}: nothing to do: every token is at its own key path")
        return status
    _name(form, misplaced)
    if shows_values and place.described.format:
        for one in misplaced:
            value = place.described.format.decode(one.literal)
            messages.show(f"{show(one.path)}: {json_string(value)}")
    question = f"Bind {counted(len(misplaced), 'value')} to their current key paths?"
    if not yes and not confirm(question):
        say("nothing was changed")
        return SealedFilesError.exit_code
    return _bind(form, misplaced)


def _name(form: SealedForm, misplaced: list[MisplacedToken]) -> None:
    """Print a warning about each token, with its place and its known origin."""
    for one in origins_of(form, misplaced):
        warn(
            f"{form.place.name}:{one.one.line}: {show(one.one.path)} has a token of the group "
            f"{one.one.group} that was made for {one.origin}"
        )
        if one.is_retired:
            warn(
                "its key was retired when a reader was removed; that reader may have written the token"
            )
    warn(
        "the person who moved the token chose where the value appears",
        f"find who moved it: git log -p -- {form.place.name}",
        "to show the values: --show",
    )


def _bind(form: SealedForm, misplaced: list[MisplacedToken]) -> int:
    place = form.place
    done = bind_misplaced(form, misplaced)
    if done.bound:
        say(f"{place.name}: {counted(done.bound, 'value')} bound")
        if done.is_staged:
            say(f"{place.name} is staged: commit it")
        elif place.workspace.clone:
            say(f"add it: git add {place.name}")
    for one in done.refused:
        warn(
            f"{place.name}:{one.line}: {show(one.path)}: the value would change the text around it",
            f"set it again: sealedfiles set {place.name} {show(one.path)}",
        )
    status = report(place.workspace, place.path, done.data, done.opened)
    return TamperedError.exit_code if done.refused else status
