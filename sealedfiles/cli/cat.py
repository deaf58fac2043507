"""`sealedfiles cat`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sealedfiles.cli.workspace import Workspace, each_file, identity_option, report
from sealedfiles.document import open_file


@click.command("cat")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@identity_option
def command(files: tuple[str, ...], identity: str | None) -> int:
    """Print the plaintext of files on stdout; nothing is written anywhere.

    Values of groups that you do not read stay tokens.  Exit status 3: no key opens anything of a file;
    4: a token is damaged or stands where it does not belong.
    """
    return each_file(files, identity, _cat)


def _cat(workspace: Workspace, file: Path, path: bytes) -> int:
    opened = open_file(file.read_bytes(), workspace.describe_to_open(path), workspace.ring)
    sys.stdout.buffer.write(opened.data)
    sys.stdout.buffer.flush()
    return report(workspace, path, opened)
