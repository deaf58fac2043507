"""`sealedfiles seal`."""

from __future__ import annotations

from pathlib import Path

import click

from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import each_file, identity_option
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import is_passed_through
from sealedfiles.workspace import Workspace


@click.command("seal")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file)
@identity_option
def command(files: tuple[str, ...], identity: str | None) -> int:
    """Put tokens in the place of the values of files, by the rules of the policy.

    Values that have not changed since the version in git keep their tokens.
    """
    return each_file(files, identity, _seal)


def _seal(workspace: Workspace, file: Path, path: bytes) -> int:
    if is_passed_through(path):
        raise UsageError(
            f"{file} is one of the files that are never sealed: git, or sealedfiles, reads it"
        )
    data = file.read_bytes()
    sealed = workspace.seal(path, data)
    if sealed != data:
        workspace.replace(file.resolve(), sealed)
    return 0
