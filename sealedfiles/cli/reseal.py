"""`sealedfiles reseal`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.files.sealed_form import read_sealed_form
from sealedfiles.app.reseal import reseal
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import files_argument, identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError


@declaration.command("reseal")
@files_argument
@declaration.option(
    "--yes",
    is_flag=True,
    help="Do not ask about values under a retired key, or with other readers.",
)
@identity_option
def command(files: tuple[str, ...], yes: bool, identity: str | None) -> int:
    """Encrypt values again with current keys and groups.

    Run it after you merge a branch from before a rotation, after you edit the policy, or after `git mv` (the
    file then gets the id of its own path).  Values do not change.  It asks before values get other readers: a
    policy, or a rename, may be somebody else's.  Values of groups that you do not read keep their tokens.

    The staged version is resealed, and also the file in the working tree if it is sealed there.  Plaintext in
    the working tree does not change.
    """
    status = 0
    for name in files:
        with exclusive(Path(name).parent):
            if not reseal(read_sealed_form(Path(name), identity), TERMINAL, yes=yes):
                status = SealedFilesError.exit_code
    return status
