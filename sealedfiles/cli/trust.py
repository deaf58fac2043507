"""`sealedfiles trust`."""

from __future__ import annotations

from pathlib import Path

import click

from sealedfiles.cli.confirm_policy import trust_policy
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import confirm
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import grant_key_id, verify_grant
from sealedfiles.keys.readers import wrap_anew
from sealedfiles.keys.recipients import check_name, fingerprint, members, read_recipients
from sealedfiles.messages import say
from sealedfiles.workspace import workspace_at

POLICY = "policy"


@click.command("trust")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask: the fingerprints have been compared.")
@identity_option
def command(name: str, yes: bool, identity: str | None) -> int:
    """Confirm that the public keys of the reader NAME in .sealedfiles are right.

    For when they have changed since NAME was granted access: compare the fingerprints with NAME in person
    (sealedfiles key list shows them there).  The groups' keys are then wrapped to the new public keys.

    `sealedfiles trust policy` confirms a changed policy instead: it shows the changes, asks, and proves the
    policy with the keys of your groups.
    """
    return trust_policy(identity, yes=yes) if name == POLICY else _trust(name, yes, identity)


def _trust(name: str, yes: bool, identity: str | None) -> int:
    workspace = workspace_at(Path.cwd(), identity)
    folder, ring = workspace.folder, workspace.ring
    recipients = read_recipients(folder, check_name(name))
    groups = [group for group in workspace.group_names() if name in members(folder, group)]
    if not recipients or not groups:
        raise UsageError(f"{name} is no reader here", "see sealedfiles who")
    held = [group for group in groups if ring.holds(group)]
    if not held:
        ring.current(groups[0])  # says who could do it
    wrong = []
    for group in held:
        grant = folder.read(f"keys/{group}/{name}.grant")
        try:
            verify_grant(grant, group, name, recipients, ring.current(group))
        except TamperedError as error:
            say(error.message)
            wrong.append(group)
            if ring.is_retired(group, grant_key_id(grant)):
                say(
                    f"somebody was taken out of {group} since {name} was let in: see that it was not {name}",
                    f"git log -- {NAME}/keys/{group}/{name}.age",
                    f"to keep {name} out: sealedfiles revoke {name} --from {group}",
                )
    if not wrong:
        say(f"the public keys of {name} are those that were granted {', '.join(held)}")
        return 0
    for recipient in recipients:
        say(f"public key of {name} now: {fingerprint(recipient)}")
    if not yes:
        confirm(f"Has {name} confirmed this in person?", abort=True)
    for group in wrong:
        wrap_anew(folder, group, name, ring)
        say(f"{name} reads {group} with these public keys")
    if workspace.clone:
        public = f"{NAME}/recipients/{name}.pub"
        stage(workspace.clone, public, *(f"{NAME}/keys/{group}" for group in wrong))
        say("staged; it counts for others once it is committed and pushed")
    for group in sorted(set(groups) - set(held)):
        say(f"{group}: not looked at, for you do not read it")
    return 0
