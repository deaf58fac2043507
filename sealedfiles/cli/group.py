"""`sealedfiles group`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.access.groups import ListedGroup, delete_group, list_groups
from sealedfiles.app.workspace import ReadOptions, clone_here, workspace_at
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError
from sealedfiles.util.messages import counted, say, show, show_list


@declaration.group("group")
def command() -> None:
    """List groups and their public keys, and delete unused ones.

    A group is created when it is first named: `sealedfiles grant NAME --to GROUP`, or `sealedfiles track
    PATTERN --group GROUP`.
    """


@command.command("list")
@json_option
def list_all(as_json: bool) -> int:
    """List the groups with their readers.

    Each line shows the number of files in git with values of the group, and its readers.  No key is needed.
    """
    workspace, clone = clone_here()
    found = list_groups(workspace, clone)
    clone.close()
    if as_json:
        show_list({"groups": [_row(one) for one in found]})
        return 0
    names = [one.group.name for one in found]
    counts = [counted(one.files, "file") for one in found]
    width, count_width = (max(map(len, texts), default=0) for texts in (names, counts))
    for one, files in zip(found, counts, strict=True):
        readers = ", ".join(one.group.readers) or "no readers"
        show(f"{one.group.name:<{width}}  {files:>{count_width}}  {readers}")
    return 0


def _row(one: ListedGroup) -> dict[str, object]:
    group = one.group
    return {
        "group": group.name,
        "key_id": group.key_id,
        "date": group.date,
        "readers": group.readers,
        "files": one.files,
        "rules": one.rules,
    }


@command.command("keys")
@json_option
@identity_option
def list_keys(as_json: bool, identity: str | None) -> int:
    """List the public keys of groups.

    Who does not read a group encrypts values to its public key (sealedfiles set --group) after comparing its
    fingerprint with the one that a reader of the group sees here.  A fingerprint is verified if you read the
    group; anyone with push access could have written any other.
    """
    from sealedfiles.app.public_keys import list_public_keys

    found = list_public_keys(workspace_at(Path.cwd(), ReadOptions(identity)))
    if as_json:
        show_list({"groups": [one._asdict() for one in found]})
        return 0
    width = max((len(one.group) for one in found), default=0)
    for one in found:
        verified = "verified" if one.is_verified else "not verified: you do not read the group"
        missing = f"no public key yet: sealedfiles rotate {one.group}"
        shown = f"{one.fingerprint}  {verified}" if one.fingerprint else missing
        show(f"{one.group:<{width}}  {shown}")
    return 0


@command.command("delete")
@declaration.argument("group", shell_complete=complete_group)
@declaration.option("--yes", is_flag=True, help="Do not ask.")
@identity_option
@exclusive()
def delete(group: str, yes: bool, identity: str | None) -> int:
    """Delete a group that no value is sealed to.

    Its keys, grants and list of keys are removed and staged as one change, and so are the public keys of
    readers of no other group.  If a value is sealed to the group, or a rule of the policy names it, nothing
    is changed.

    The keys stay in git's history: readers can still decrypt earlier commits, and `exposure` still lists
    what a former reader knows.  The name cannot be used again.
    """
    workspace, clone = clone_here(identity)
    is_done = delete_group(workspace, clone, group, TERMINAL, yes=yes)
    clone.close()
    if not is_done:
        say("nothing was changed")
        return SealedFilesError.exit_code
    say(f"deleted the group {group}; staged: commit and push now")
    return 0
