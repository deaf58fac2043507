"""`sealedfiles trust`."""

from __future__ import annotations

import click

from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.rotation.renewal import new_keys
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli.confirm_policy import trust_policy
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL, confirm
from sealedfiles.errors import SealedFilesError, TamperedError, UsageError
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import grant_key_id, verify_grant
from sealedfiles.keys.recipients import check_name, describe_key, members, read_recipients
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.util.messages import counted, say, warn

POLICY = "policy"


@click.command("trust")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask: you have compared the fingerprints.")
@identity_option
def command(name: str, yes: bool, identity: str | None) -> int:
    """Confirm a reader's changed public keys, or a policy.

    Use it if the public keys of NAME in .sealedfiles changed after access was granted.  Compare the
    fingerprints with NAME in person first (NAME runs: sealedfiles key list).  Each group that both of you
    read gets a new key, encrypted to the new public keys, and its values are resealed in the index, as by
    revoke.  So the old public keys decrypt nothing new, and an earlier grant proves nothing.

    `sealedfiles trust policy` confirms a changed policy instead: it shows the changes, asks, and
    authenticates the policy with the keys of your groups.
    """
    return trust_policy(identity, yes=yes) if name == POLICY else _trust(name, yes, identity)


def _trust(name: str, yes: bool, identity: str | None) -> int:
    workspace, clone = clone_here(identity)
    folder, ring = workspace.folder, workspace.ring
    recipients = read_recipients(folder, check_name(name))
    groups = [group for group in workspace.group_names() if name in members(folder, group)]
    if not recipients or not groups:
        raise UsageError(f"{name} is not a reader here", "see: sealedfiles who")
    held = [group for group in groups if ring.holds(group)]
    if not held:
        ring.current(groups[0])  # says who could do it
    wrong = []
    for group in held:
        grant = folder.read(f"keys/{group}/{name}.grant")
        try:
            verify_grant(grant, group, name, recipients, ring.current(group))
        except TamperedError as error:
            warn(error.message)
            wrong.append(group)
            if clone.judge(group).is_retired(grant_key_id(grant)):
                warn(
                    f"a reader of {group} was removed after {name} was granted access: "
                    f"verify that it was not {name}",
                    f"git log -- {NAME}/keys/{group}/{name}.age",
                    f"to keep {name} out: sealedfiles revoke {name} --from {group}",
                )
    if not wrong:
        say(f"the public keys of {name} are those that were granted {', '.join(held)}")
        return 0
    for recipient in recipients:
        say(f"public key of {name} now: {describe_key(recipient)}")
    if not yes:
        confirm(f"Has {name} confirmed this in person?", abort=True)
    # Whoever has the old private keys has the groups' keys up to now, as a removed reader does.
    reader = VerifiedReader.confirmed(name, recipients)
    # --yes is about the fingerprints only.
    kept = tokens_to_keep(clone, wrong, TERMINAL, yes=False, command="sealedfiles sync --yes")
    renewed = new_keys(clone, wrong, "revoked", changed={name: reader}, kept=kept)
    stage(clone, f"{NAME}/recipients/{name}.pub")
    clone.objects.close()
    for group in wrong:
        say(
            f"{group} has a new key ({renewed.key_ids[group]}), which {name} reads with these public keys"
        )
    say(f"resealed {counted(len(renewed.files), 'file')}; staged: commit and push now")
    for group in sorted(set(groups) - set(held)):
        say(f"{group}: not changed, because you do not read it")
    return SealedFilesError.exit_code if kept else 0
