"""`sealedfiles seal`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sealedfiles.app.files.sealing import seal_in_place
from sealedfiles.app.workspace import ReadOptions, Workspace
from sealedfiles.cli import declaration
from sealedfiles.cli.files import each_file, files_argument, identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, say


@declaration.command("seal")
@files_argument
@declaration.option(
    "--yes", is_flag=True, help="Do not ask about values that git has in plaintext."
)
@identity_option
def command(files: tuple[str, ...], yes: bool, identity: str | None) -> int:
    """Encrypt the values of files in place.

    The policy determines which values become tokens.  Values that are the same in git keep their tokens.
    Values that git has in plaintext, or that a checkout wrote in plaintext, may come from anyone with push
    access: they are listed first, and you are asked about them.
    """
    return each_file(files, ReadOptions(identity), partial(_seal, yes))


def _seal(yes: bool, workspace: Workspace, file: Path, path: bytes) -> int:
    values = seal_in_place(workspace, file, path, TERMINAL, yes=yes)
    if values is None:
        return SealedFilesError.exit_code
    say(f"{show_path(path)}: {counted(values, 'value')} sealed")
    return 0
