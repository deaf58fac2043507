"""`sealedfiles grant`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.cli.files import identity_option
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.policy_writing import STAGED, renew_proofs
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.readers import add_reader, add_recipients, make_group, was_granted
from sealedfiles.keys.recipients import (
    check_name,
    fingerprint,
    members,
    parse_recipients,
    read_recipients,
    reader_names,
)
from sealedfiles.keys.state import Seen
from sealedfiles.messages import say
from sealedfiles.policy import parse_policy
from sealedfiles.workspace import Workspace, workspace_at

if TYPE_CHECKING:
    from sealedfiles import age
    from sealedfiles.keys.folder import DirFolder


@click.command("grant")
@click.argument("name")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option(
    "--key-file", metavar="FILE", type=click.Path(), help="A file with public keys, one a line."
)
@click.option(
    "--to", "groups", metavar="GROUP", multiple=True, required=True, help="May be given repeatedly."
)
@identity_option
def command(
    name: str,
    keys: tuple[str, ...],
    key_file: str | None,
    groups: tuple[str, ...],
    identity: str | None,
) -> int:
    """Let the reader NAME open the values of GROUP, with the public keys KEY.

    A group that does not exist yet is made, with you as its first reader.  The files are staged, not
    committed: the access log is git's.

    \b
    Examples:
      sealedfiles grant bob age1pq1… --to default
      sealedfiles grant ci --key-file deploy.pub --to production
    """
    workspace = workspace_at(Path.cwd(), identity)
    let_in(workspace, name, _recipients(keys, key_file), groups)
    prints = ", ".join(fingerprint(one) for one in read_recipients(workspace.folder, name))
    say(f"public key of {name}: {prints}", "compare this with what keygen showed to them")
    if workspace.clone:
        say("staged; it counts for others once it is committed and pushed")
    return 0


def let_in(
    workspace: Workspace, name: str, recipients: list[age.Recipient], groups: tuple[str, ...]
) -> None:
    """Let the reader *name* into *groups*, and stage what was written; say so.

    Raises NoKeyError, TamperedError and UsageError, before anything is written where it can.
    """
    folder = workspace.folder
    check_name(name)
    workspace.ring.accept_new_groups = True
    for group in groups:
        check_name(group, "group")
        if group in workspace.group_names():
            workspace.ring.current(group)  # refuse before anything is written
    public = f"recipients/{name}.pub"
    is_new = folder.read(public) is None
    if recipients:
        add_recipients(folder, name, recipients)
    try:
        for group in groups:
            if group not in workspace.group_names():
                make_own_group(workspace, group)
            added = add_reader(folder, group, name, workspace.ring)
            what = "can now read" if added else "is a reader already of"
            say(f"{name} {what} {group}")
    except SealedFilesError:
        if is_new and not any(name in members(folder, group) for group in folder.list("keys")):
            (folder.root / public).unlink(missing_ok=True)
        raise
    if workspace.clone:
        stage(
            workspace.clone, *(f"{NAME}/{one}" for one in (public, *(f"keys/{g}" for g in groups)))
        )


def make_own_group(workspace: Workspace, group: str) -> None:
    """Make a group with whoever runs this as its first reader, and the recovery key where there is one.

    Raises UsageError, and TamperedError where the recovery key is not the one that was granted other groups.
    """
    name = _own_name(workspace)
    recovery = _recovery_reader(workspace, group)
    key = make_group(workspace.folder, group, name, recovery)
    say(f"made the group {group} (key {key.key_id}); you, {name}, are its first reader")
    if recovery:
        say(f"{recovery} can read {group} too: the policy names it for recovery")
    if workspace.clone:
        stage(workspace.clone, f"{NAME}/keys/{group}")
        state = workspace.clone.state
        if not state.locked:
            state.write_keys([*state.cached_keys(), (group, key)])
        state.remember(group, Seen(key.key_id, "made here"))
    workspace.ring.add(group, key)
    if workspace.clone and renew_proofs(workspace.clone):
        stage(workspace.clone, *STAGED)


def _recovery_reader(workspace: Workspace, group: str) -> str | None:
    """Return the reader whom the policy wants in every new group, where a grant shows who that is.

    Everybody who can push can write a name into the policy.
    """
    data = workspace.folder.read("policy.yaml")
    name = parse_policy(data, f"{NAME}/policy.yaml").recovery if data else None
    if name is None:
        return None
    recipients = read_recipients(workspace.folder, name)
    if recipients and was_granted(workspace.folder, name, recipients, workspace.ring):
        return name
    say(
        f"{name}, whom the policy names for recovery, gets no key of {group}: "
        "no grant of a group that you read shows who that is",
        f"when it is right: sealedfiles grant {name} --to {group}",
    )
    return None


def _own_name(workspace: Workspace) -> str:
    """Return the reader whose public key is that of an identity at hand."""
    for identity in workspace.identities:
        name = identity.recipient and _reader_with(workspace.folder, identity.recipient)
        if name:
            return name
    raise UsageError(
        "none of the readers here has a key of yours, so you cannot be a group's first reader",
        *workspace.identities.report(),
    )


def _reader_with(folder: DirFolder, recipient: age.Recipient) -> str | None:
    names = reader_names(folder)
    return next((name for name in names if recipient in read_recipients(folder, name)), None)


def _recipients(keys: tuple[str, ...], key_file: str | None) -> list[age.Recipient]:
    text = "".join(key + "\n" for key in keys)
    if key_file:
        return parse_recipients(text + Path(key_file).read_text(encoding="utf-8"), key_file)
    return parse_recipients(text, "KEY")
