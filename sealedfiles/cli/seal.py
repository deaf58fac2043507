"""`sealedfiles seal`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from sealedfiles.app.files.confirm_plaintext import confirm_plaintext
from sealedfiles.app.workspace import Workspace
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import each_file, identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import is_passed_through
from sealedfiles.git.filter.left_in_plaintext import LeftInPlaintext


@click.command("seal")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file)
@click.option("--yes", is_flag=True, help="Do not ask about values that git has in plaintext.")
@identity_option
def command(files: tuple[str, ...], yes: bool, identity: str | None) -> int:
    """Encrypt the values of files in place.

    The policy decides which values become tokens.  Values that have not changed since the version in git
    keep their tokens.  Values that git has in plaintext, or that a checkout wrote in plaintext, may come
    from anyone with push access: they are listed first, and you are asked about them.
    """
    return each_file(files, identity, partial(_seal, yes))


def _seal(yes: bool, workspace: Workspace, file: Path, path: bytes) -> int:
    if is_passed_through(path):
        raise UsageError(
            f"{file} is one of the files that are never sealed: git, or sealedfiles, reads it"
        )
    data = file.read_bytes()
    left = LeftInPlaintext(workspace.clone, path, data) if workspace.clone else None
    sealed = workspace.seal(path, data, noted=left)
    complete = workspace.seal(path, data, with_stored=True)
    entry = workspace.clone.index.entry(path) if workspace.clone else None
    is_retired = left is not None and bool(left.retired)
    if (sealed != complete or is_retired) and workspace.clone:
        entries = [entry] if entry and sealed != complete else []
        if not confirm_plaintext(workspace.clone, entries, TERMINAL, left, yes=yes):
            return SealedFilesError.exit_code
        workspace.clone.plaintext_memory.forget_file(data, workspace.describe(path)[0])
        sealed = complete
    if sealed != data:
        workspace.replace(file.resolve(), sealed)
    return 0
