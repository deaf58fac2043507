"""`sealedfiles trust`."""

from __future__ import annotations

from sealedfiles.app.access.policy_trust import confirm_policy
from sealedfiles.app.access.trusting import trust_reader
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_trusted
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError


@declaration.command("trust")
@declaration.argument("name", shell_complete=complete_trusted)
@declaration.option("--yes", is_flag=True, help="Do not ask: you have compared the fingerprints.")
@identity_option
@exclusive()
def command(name: str, yes: bool, identity: str | None) -> int:
    """Confirm a reader's changed public keys, or a policy.

    Use it if the public keys of NAME in .sealedfiles changed after access was granted.  First compare the
    fingerprints with NAME in person (NAME runs: sealedfiles key list).  Each group that both of you read gets
    a new key, encrypted to the new public keys, and its values are resealed in the index, as by revoke.  So
    the old public keys decrypt no new values, and earlier grants are no longer valid.

    `sealedfiles trust policy` confirms a changed policy instead: it shows the changes, asks for confirmation,
    and authenticates the policy with the keys of your groups.
    """
    workspace, clone = clone_here(identity)
    if name == "policy":
        is_complete = confirm_policy(clone, TERMINAL, yes=yes)
    else:
        is_complete = trust_reader(workspace, clone, name, TERMINAL, yes=yes)
    if is_complete is None:
        raise KeyboardInterrupt
    clone.close()
    return 0 if is_complete else SealedFilesError.exit_code
