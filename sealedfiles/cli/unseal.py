"""`sealedfiles unseal`."""

from __future__ import annotations

from pathlib import Path

import click

from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import each_file, identity_option, report, retired_option
from sealedfiles.workspace import Workspace


@click.command("unseal")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file)
@retired_option
@identity_option
def command(files: tuple[str, ...], allow_retired: bool, identity: str | None) -> int:
    """Write the plaintext of files in their place.

    In a repository where the filter is set up, unlock does this for all files.  Here git is not asked:
    make sure that what is plain now is not committed.
    """
    return each_file(files, identity, _unseal, allow_retired=allow_retired)


def _unseal(workspace: Workspace, file: Path, path: bytes) -> int:
    data = file.read_bytes()
    opened = workspace.open(data, workspace.describe_to_open(path))
    if opened.data != data:
        workspace.replace(file.resolve(), opened.data, umasked=True)
    return report(workspace, path, data, opened)
