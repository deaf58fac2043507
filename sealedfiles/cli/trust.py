"""`sealedfiles trust`."""

from __future__ import annotations

from sealedfiles.app.access.policy_trust import POLICY_FILE, confirm_policy
from sealedfiles.app.access.trusting import trust_reader
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError
from sealedfiles.util.messages import counted, say

POLICY = "policy"


@declaration.command("trust")
@declaration.argument("name")
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
    return _trust_policy(yes, identity) if name == POLICY else _trust(name, yes, identity)


def _trust_policy(yes: bool, identity: str | None) -> int:
    _, clone = clone_here(identity)
    done = confirm_policy(clone, TERMINAL, yes=yes)
    if done is None:
        raise KeyboardInterrupt
    if done.was_confirmed:
        say(f"{POLICY_FILE} is already confirmed: nothing to do")
        return 0
    groups = ", ".join(done.groups) or "no group: you have no key"
    say(
        f"{POLICY_FILE} is accepted in this clone, and authenticated with the keys of {groups}",
        "other clones accept it after you commit and push",
    )
    return 0


def _trust(name: str, yes: bool, identity: str | None) -> int:
    workspace, clone = clone_here(identity)
    done = trust_reader(workspace, clone, name, TERMINAL, yes=yes)
    if done is None:
        raise KeyboardInterrupt
    if done.confirmed:
        groups = ", ".join(done.confirmed)
        say(f"nothing to do: the public keys of {name} were granted access to {groups}")
        return 0
    clone.close()
    for group, key_id in done.key_ids.items():
        say(f"{group} has a new key ({key_id}), which {name} reads with these public keys")
    say(f"resealed {counted(done.files, 'file')}; staged: commit and push now")
    for group in done.unread:
        say(f"{group}: not changed, because you do not read it")
    return 0 if done.is_complete else SealedFilesError.exit_code
