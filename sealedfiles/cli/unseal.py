"""`sealedfiles unseal`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.files.provenance import find_suspects
from sealedfiles.app.workspace import Workspace
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import (
    each_file,
    identity_option,
    plaintext_option,
    report,
    report_suspects,
    retired_option,
)
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, say


@declaration.command("unseal")
@declaration.argument(
    "files", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file
)
@retired_option
@plaintext_option
@identity_option
def command(
    files: tuple[str, ...], allow_retired: bool, allow_plaintext: bool, identity: str | None
) -> int:
    """Decrypt the values of files in place.

    In a repository with git's filter, use unlock instead.  This command does not involve git: ensure that you
    do not commit the plaintext.  If git has a value in plaintext that the policy seals, nothing is written
    (exit status 4).
    """
    return each_file(
        files, identity, _unseal, allow_retired=allow_retired, allow_plaintext=allow_plaintext
    )


def _unseal(workspace: Workspace, file: Path, path: bytes) -> int:
    data = file.read_bytes()
    described = workspace.describe_to_open(path)
    opened = workspace.open(data, described)
    status = report_suspects(
        show_path(path), find_suspects(workspace, path, described, data, opened)
    )
    if status:
        return status
    if opened.data != data:
        workspace.replace(file.resolve(), opened.data, umasked=True)
    say(f"{show_path(path)}: {counted(opened.opened, 'value')} decrypted")
    return report(workspace, path, data, opened)
