"""`sealedfiles rebind`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.dialog import confirmed
from sealedfiles.app.files.rebinding import bind_misplaced, choose_misplaced, warn_of_misplaced
from sealedfiles.app.files.sealed_form import SealedForm, read_sealed_form
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, report
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError, TamperedError
from sealedfiles.model.paths import json_string, show
from sealedfiles.sealing import open_file
from sealedfiles.sealing.rebind import find_misplaced
from sealedfiles.util import messages
from sealedfiles.util.messages import counted, say


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
        opened = open_file(form.disk, place.described, ring)
        status = report(place._replace(data=form.disk, opened=opened))
        if not status:
            say(f"{place.name}: nothing to do: every token is at its own key path")
        return status
    warn_of_misplaced(form, misplaced, TERMINAL)
    file_format = place.described.format
    if shows_values and file_format:
        for one in misplaced:
            messages.show(f"{show(one.path)}: {json_string(file_format.decode(one.literal))}")
    question = f"Bind {counted(len(misplaced), 'value')} to their current key paths?"
    if not yes and not confirmed(TERMINAL, question):
        say("nothing was changed")
        return SealedFilesError.exit_code
    left, is_complete = bind_misplaced(form, misplaced, TERMINAL)
    status = report(left)
    return status if is_complete else TamperedError.exit_code
