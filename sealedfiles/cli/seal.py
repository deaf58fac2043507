"""`sealedfiles seal`."""

from __future__ import annotations

from pathlib import Path

import click

from sealedfiles import atomic
from sealedfiles.cli.workspace import Workspace, each_file, identity_option


@click.command("seal")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@identity_option
def command(files: tuple[str, ...], identity: str | None) -> int:
    """Put tokens in the place of the values of files, by the rules of the policy.

    Values that have not changed since the version in git keep their tokens.
    """
    return each_file(files, identity, _seal)


def _seal(workspace: Workspace, file: Path, path: bytes) -> int:
    data = file.read_bytes()
    sealed = workspace.seal(path, data)
    if sealed != data:
        atomic.replace(file.resolve(), sealed)
    return 0
