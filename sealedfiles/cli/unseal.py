"""`sealedfiles unseal`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.files.provenance import suspects_in
from sealedfiles.app.files.working_file import read_file
from sealedfiles.app.workspace import ReadOptions, Workspace
from sealedfiles.cli import declaration
from sealedfiles.cli.files import (
    each_file,
    files_argument,
    reading_options,
    report,
    report_suspects,
)
from sealedfiles.util.messages import counted, say


@declaration.command("unseal")
@files_argument
@reading_options
def command(files: tuple[str, ...], options: ReadOptions) -> int:
    """Decrypt the values of files in place.

    In a repository with git's filter, use unlock instead.  This command does not involve git: ensure that you
    do not commit the plaintext.  If git has a value in plaintext that the policy seals, nothing is written
    (exit status 4).
    """
    return each_file(files, options, _unseal)


def _unseal(workspace: Workspace, file: Path, path: bytes) -> int:
    place = read_file(workspace, file, path)
    status = report_suspects(place.path, suspects_in(place))
    if status:
        return status
    if place.opened.data != place.data:
        workspace.replace(place.file, place.opened.data, umasked=True)
    say(f"{place.name}: {counted(place.opened.opened, 'value')} decrypted")
    return report(place)
