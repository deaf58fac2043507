"""`sealedfiles grant`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.app.rotation.new_epoch import record_new_key
from sealedfiles.app.tracking.key_origin import created_by
from sealedfiles.app.workspace import Workspace, workspace_at
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import agree
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import fingerprints
from sealedfiles.keys.readers import (
    add_reader,
    add_recipients,
    find_granted,
    find_own,
    make_group,
    refuse_other_keys,
)
from sealedfiles.keys.recipients import (
    check_name,
    describe_key,
    members,
    parse_recipients,
    read_recipients,
)
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.model.policy import parse_policy
from sealedfiles.util.messages import say, warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles import age


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
    """Give a reader access to a group.

    KEY is the public key of the reader NAME.  It may be left out for a reader of a group that you read: their
    grant there proves it.  A group that does not exist yet is created, with you as its first reader.  The
    files are staged, not committed: git's history is the access log.

    \b
    Examples:
      sealedfiles grant bob age1pq1… --to default
      sealedfiles grant ci --key-file deploy.pub --to production
    """
    workspace = workspace_at(Path.cwd(), identity)
    let_in(workspace, name, _recipients(keys, key_file), groups)
    prints = ", ".join(describe_key(one) for one in read_recipients(workspace.folder, name))
    say(f"public key of {name}: {prints}", f"verify this fingerprint with {name}")
    if workspace.clone:
        say("staged: takes effect after you commit and push")
    return 0


def let_in(
    workspace: Workspace, name: str, recipients: list[age.Recipient], groups: tuple[str, ...]
) -> None:
    """Grant the reader *name* access to *groups*, and stage what was written; report it.

    *recipients* are the public keys that the user gave, if any.  Raises NoKeyError, TamperedError and
    UsageError, if possible before anything is written.
    """
    folder = workspace.folder
    check_name(name)
    for group in groups:
        check_name(group, "group")
    if workspace.clone:
        workspace.clone.require_writable()
    accept_named(workspace, groups)
    for group in groups:
        if group in workspace.group_names():
            workspace.ring.current(group)  # refuse before anything is written
    public = f"recipients/{name}.pub"
    is_new = folder.read(public) is None
    if recipients:
        add_recipients(folder, name, recipients)
    try:
        reader = _verified(workspace, name, recipients, groups)
        for group in groups:
            if group not in workspace.group_names():
                make_own_group(workspace, group)
            added = add_reader(folder, group, reader, workspace.ring)
            what = "can now read" if added else "already has access to"
            say(f"{name} {what} {group}")
    except (SealedFilesError, click.Abort):
        if is_new and not any(name in members(folder, group) for group in folder.list("keys")):
            (folder.root / public).unlink(missing_ok=True)
        raise
    if workspace.clone:
        stage(
            workspace.clone, *(f"{NAME}/{one}" for one in (public, *(f"keys/{g}" for g in groups)))
        )


def _verified(
    workspace: Workspace, name: str, given: list[age.Recipient], groups: tuple[str, ...]
) -> VerifiedReader:
    """Return the reader *name* with public keys that the user gave, that a grant proves, or that the user
    confirms now.

    A public key that only a file in ``.sealedfiles/`` has may be anyone's.  Raises TamperedError and
    UsageError.
    """
    folder = workspace.folder
    granted = find_granted(folder, name, workspace.ring)
    if given:
        return VerifiedReader.confirmed(name, given)
    if granted:
        return granted
    recipients = read_recipients(folder, name)
    reader = VerifiedReader.confirmed(name, recipients)
    refuse_other_keys(folder, name)
    for recipient in recipients:
        say(f"public key of {name} in {NAME}/recipients/{name}.pub: {describe_key(recipient)}")
    if agree(f"Has {name} confirmed this fingerprint in person?"):
        return reader
    raise UsageError(
        f"the public key of {name} was not verified: no group that you read has a grant that proves it",
        f"compare the fingerprint with {name}, and give the key in this command: "
        f"sealedfiles grant {name} KEY --to {groups[0]}",
    )


def make_own_group(workspace: Workspace, group: str) -> None:
    """Create a group with the user as its first reader, and the recovery key if the policy names one.

    Raises UsageError, and TamperedError if public keys are not those that were granted other groups.
    """
    own = find_own(workspace.folder, workspace.ring)
    if fingerprints(own.recipients) != fingerprints(read_recipients(workspace.folder, own.name)):
        warn(
            f"{NAME}/recipients/{own.name}.pub lists other public keys than yours, and no grant proves "
            f"them: {group} is encrypted only to the key in use",
            f"see who wrote them: git log -p -- {NAME}/recipients/{own.name}.pub",
            f"if they are yours too: sealedfiles trust {own.name}",
        )
    recovery = _recovery_reader(workspace, group)
    readers = [own, *([recovery] if recovery and recovery.name != own.name else [])]
    key = make_group(workspace.folder, group, *readers)
    say(f"created the group {group} (key {key.key_id}); you, {own.name}, are its first reader")
    if recovery:
        say(f"{recovery.name} can read {group} too: the policy names it for recovery")
    if workspace.clone:
        stage(workspace.clone, f"{NAME}/keys/{group}")
        record_new_key(workspace.clone, group, key, is_first=True)
    else:
        workspace.ring.add(group, key)


def accept_named(workspace: Workspace, groups: Iterable[str]) -> None:
    """Accept *groups*, which the command names, and report those that are new in this clone."""
    ring = workspace.ring
    known = workspace.group_names()
    named = [group for group in groups if group in known and ring.is_new(group)]
    for group in named:
        say(
            f"the group {group} is new in this clone and was accepted, because you named it",
            *created_by(workspace.clone, group),
        )
    ring.accept(*named)


def _recovery_reader(workspace: Workspace, group: str) -> VerifiedReader | None:
    """Return the reader whom the policy names for every new group, if a grant proves who that is.

    Anyone with push access can write a name into the policy.
    """
    data = workspace.folder.read("policy.yaml")
    name = parse_policy(data, f"{NAME}/policy.yaml").recovery if data else None
    if name is None:
        return None
    reader = None
    if read_recipients(workspace.folder, name):
        reader = find_granted(workspace.folder, name, workspace.ring)
    if reader is None:
        warn(
            f"{name}, whom the policy names for recovery, gets no key of {group}: "
            "no grant of a group that you read proves who that is",
            f"if it is right: sealedfiles grant {name} KEY --to {group}",
        )
    return reader


def _recipients(keys: tuple[str, ...], key_file: str | None) -> list[age.Recipient]:
    text = "".join(key + "\n" for key in keys)
    if key_file:
        return parse_recipients(text + Path(key_file).read_text(encoding="utf-8"), key_file)
    return parse_recipients(text, "KEY")
