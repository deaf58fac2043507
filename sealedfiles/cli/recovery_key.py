"""`sealedfiles recovery-key`."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles import age
from sealedfiles.app.access.granting import grant_access
from sealedfiles.app.tracking.policy_edit import set_recovery
from sealedfiles.app.tracking.policy_writing import STAGED, confirmed_policy, write_policy
from sealedfiles.app.workspace import workspace_at
from sealedfiles.cli.files import identity_option, print_value
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import PolicyError, UsageError
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.identity.generate import described, save_identity
from sealedfiles.keys.recipients import check_name, describe_key, read_recipients
from sealedfiles.model.policy import parse_policy
from sealedfiles.sealing.file import show_path
from sealedfiles.util import atomic
from sealedfiles.util.messages import say, warn

if TYPE_CHECKING:
    from sealedfiles.app.workspace import Workspace

_POLICY = "policy.yaml"


@click.command("recovery-key")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(),
    help="Write the private key to FILE, which must be new; - is stdout.",
)
@click.option(
    "--classic", is_flag=True, help="Generate an X25519 key for age before 1.3; not post-quantum."
)
@click.option("--name", default="recovery", show_default=True, help="The name of this reader.")
@identity_option
def command(out: str | None, classic: bool, name: str, identity: str | None) -> int:
    """Generate an offline key that can read every group.

    It decrypts everything if all other keys are lost.  It is granted access to every group that you read,
    and listed in the policy, so that every new group gets it too.  It is not stored in your keyring or your
    identities file.  The changes are staged, not committed.  To use it without sealedfiles: docs/recovery.md.

    \b
    Examples:
      sealedfiles recovery-key --out /media/stick/recovery.txt
      sealedfiles recovery-key --out - | age -p > ~/recovery.age
    """
    workspace = workspace_at(Path.cwd(), identity)
    if out is None:
        raise UsageError(
            "where shall the private key go?",
            "to a new file: sealedfiles recovery-key --out FILE",
            "to stdout: sealedfiles recovery-key --out -",
        )
    if out != "-":
        _refuse_in_repository(out, workspace)
    policy = _policy_with(workspace, check_name(name))
    groups, others = _groups(workspace)
    new = age.generate_identity(post_quantum=not classic)
    assert new.recipient is not None  # noqa: S101 - a new key knows its public half
    # First the key: what is granted to a key that nobody has is a trap.
    notes = _notes(workspace, name)
    if out == "-":
        print_value(described(new, notes), newline=True)
    else:
        save_identity(Path(out), new, append=False, notes=notes)
    grant_access(workspace, name, [new.recipient], groups, TERMINAL)
    if workspace.clone:
        write_policy(workspace.clone, policy)
    else:
        atomic.replace(workspace.folder.root / _POLICY, policy)
    for group in others:
        warn(
            f"{name} gets no key of {group}, which you do not read",
            f"a reader of the group can run: sealedfiles grant {name} --to {group}",
        )
    place = "was printed, and is kept nowhere else" if out == "-" else f"is in {out}"
    tried = "FILE" if out == "-" else shlex.quote(out)
    say(
        f"the private key of {name} {place}; fingerprint {describe_key(new.recipient)}",
        "whoever has it reads everything, groups made later too: print it, put it into a safe, and leave no "
        "copy on a computer",
        f"try it: age -d -i {tried} {NAME}/keys/{groups[0]}/{name}.age",
    )
    if workspace.clone:
        stage(workspace.clone, *STAGED)
        say("staged: takes effect after you commit and push")
    return 0


def _refuse_in_repository(out: str, workspace: Workspace) -> None:
    if Path(out).resolve().is_relative_to(workspace.root.resolve()):
        raise UsageError(
            f"{out} is inside the repository, where it would be committed some day",
            "give a file elsewhere, best on something that can be locked away",
        )


def _policy_with(workspace: Workspace, name: str) -> bytes:
    """Return the policy that names *name* for recovery.  Raises UsageError, PolicyError."""
    clone = workspace.clone
    data = confirmed_policy(clone) if clone else workspace.folder.read(_POLICY)
    if data is None:
        raise PolicyError(f"{NAME}/{_POLICY} is missing", "bring it back, or make it: `version: 1`")
    there = parse_policy(data, f"{NAME}/{_POLICY}").recovery
    if there and read_recipients(workspace.folder, there):
        raise UsageError(
            f"there already is a recovery key, the reader {there}",
            f"for it to read one more group: sealedfiles grant {there} --to GROUP",
            f"where it was lost: sealedfiles revoke {there}, and then this again",
        )
    if read_recipients(workspace.folder, name):
        raise UsageError(f"there already is a reader {name}", "choose another name: --name NAME")
    return set_recovery(data, name)


def _groups(workspace: Workspace) -> tuple[tuple[str, ...], list[str]]:
    """Return the groups that the caller reads, and the others.  Raises NoKeyError, TamperedError."""
    known = workspace.group_names()
    held = tuple(group for group in known if workspace.ring.holds(group))
    if not held:
        if not known:
            raise UsageError("there is no group yet", "set up this folder: sealedfiles init")
        workspace.ring.current(known[0])  # refused with who could do it
    return held, [group for group in known if group not in held]


def _notes(workspace: Workspace, name: str) -> list[str]:
    """Return what somebody must know who finds the key in a safe, years later."""
    url = workspace.clone and workspace.clone.repository.config("remote.origin.url")
    # Without what people write into URLs to log in.
    public = re.sub(r"(?<=://)[^/]*@", "", (url or "").partition("?")[0])
    where = show_path(os.fsencode(public or workspace.root.resolve().name))
    return [
        f"recovery key of the repository {where}, for the reader {name} in its {NAME}/",
        "It opens everything that is sealed there: keep it offline, in a safe.",
        "How to use it, with age alone: docs/recovery.md of sealedfiles.",
    ]
