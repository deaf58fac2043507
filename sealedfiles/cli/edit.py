"""`sealedfiles edit`."""

from __future__ import annotations

import contextlib
from pathlib import Path

from sealedfiles.app.edit.session import edit_file
from sealedfiles.app.edit.view import DecodedView, View
from sealedfiles.app.files.working_file import WorkingFile, read_in_place
from sealedfiles.app.workspace import ReadOptions
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import identity_option, report
from sealedfiles.errors import NoKeyError, TamperedError


@declaration.command("edit")
@declaration.argument("file", metavar="FILE", shell_complete=complete_file)
@declaration.option(
    "--base64", "as_base64", is_flag=True, help="Show the data of Kubernetes Secrets decoded."
)
@identity_option
def command(file: str, as_base64: bool, identity: str | None) -> int:
    """Edit the plaintext of a file in your editor.

    The editor is $VISUAL or $EDITOR.  The plaintext is stored in a private folder, in memory if the system
    supports it.  When the editor exits, the values that you changed are sealed, and all others keep their
    tokens.  Values of groups that you do not read are shown as tokens: do not change them.  If FILE does not
    exist, it is created.

    With --base64, the values in the data of Kubernetes Secrets are shown decoded, as stringData would be, and
    are encoded again.  Values that are no text are shown as they are.

    If an edit cannot be written to the file, it is saved in a private file, and the path is printed.
    """
    place = read_in_place(Path(file), ReadOptions(identity), may_be_new=True)
    return _report_sealed(place) or edit_file(place, DecodedView() if as_base64 else View())


def _report_sealed(place: WorkingFile) -> int:
    """Report tokens that stay sealed; return an exit status if no available key decrypts any, else 0."""
    if not place.is_sealed and all(problem.reason == "no-key" for problem in place.opened.problems):
        # The file is decrypted, and tokens of other groups are expected in it.
        return 0
    status = report(place)
    useless = status == NoKeyError.exit_code and not place.opened.opened
    return status if useless and not _can_seal(place) else 0


def _can_seal(place: WorkingFile) -> bool:
    """Return True if a new value can be sealed to at least one group."""
    for group in place.workspace.group_names():
        with contextlib.suppress(TamperedError):
            if place.workspace.ring.holds(group):
                return True
    return False
