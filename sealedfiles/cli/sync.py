"""`sealedfiles sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealedfiles.app.dialog import agree
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.rotation.renewal import renew_index
from sealedfiles.app.rotation.syncing import (
    forget,
    groups_to_unite,
    late_grants,
    unite_group,
)
from sealedfiles.app.tracking.folder_attributes import update_folder_attributes
from sealedfiles.app.tracking.policy_writing import (
    STAGED,
    derive_attributes,
    list_tracked,
    renew_proofs,
)
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import NoKeyError, SealedFilesError, UsageError
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.readers import wrap_anew
from sealedfiles.keys.recipients import check_name
from sealedfiles.keys.union import is_unaware, newcomers
from sealedfiles.util.messages import counted, say, warn

if TYPE_CHECKING:
    from sealedfiles.git.clone import Clone


@click.command("sync")
@click.option("--forget", "forgotten", metavar="GROUP", help="Give up a newer key that was seen.")
@click.option("--yes", is_flag=True, help="Answer every question with yes.")
@identity_option
def command(forgotten: str | None, yes: bool, identity: str | None) -> int:
    """Repair keys and tokens after a merge.

    Unites what two branches did to a group (two rotations, a reader let in here and a rotation there), and
    seals anew, in the index, what is under older keys.  Readers who were let in under an older key, and
    values that appeared under one after somebody was taken out, are named, and you are asked.

    --forget GROUP is for a rotation that was given up: the keys that are here now are the newest again.
    """
    workspace, clone = clone_here(identity)
    if forgotten:
        _forget(clone, check_name(forgotten, "group"), yes)
        return 0
    update_folder_attributes(clone)
    done, left = _unite(clone, yes)
    groups = [group for group in workspace.group_names() if group not in left]
    names = [group for group in groups if _is_held(clone, group)]
    if not names and not left:
        clone.ring.current(next(iter(workspace.group_names()), "default"))
    for group in names:
        done += _renew_grants(clone, group, yes)
    refused = tokens_to_keep(clone, names, TERMINAL, yes=yes, command="sealedfiles sync --yes")
    renewed = renew_index(clone, names, refused)
    if list_tracked(clone) | renew_proofs(clone):
        stage(clone, *STAGED)
        derive_attributes(clone)
        done += 1
        say("renewed the proofs of the policy; staged")
    clone.objects.close()
    if renewed:
        say(f"resealed {counted(len(renewed), 'file')}; staged: commit and push now")
    if not done and not renewed and not refused and not left:
        say("nothing to do: all values use the current keys")
    return SealedFilesError.exit_code if refused or left else 0


def _unite(clone: Clone, yes: bool) -> tuple[int, list[str]]:
    """Unite what two sides did; return how many groups were united, and which were not to be."""
    found = groups_to_unite(clone)
    refused = []
    for group, sides in found.items():
        if is_unaware(group, sides):
            warn(
                f"{group}: one side generated keys before the other side removed a reader",
                "verify that the removed reader did not generate them: "
                f"git log --all -- .sealedfiles/keys/{group}",
            )
            if not yes and not agree(TERMINAL, f"Take the keys of {group} of both sides?"):
                say(
                    f"{group}: left as it is",
                    f"to keep one side: git checkout --ours -- .sealedfiles/keys/{group}",
                )
                refused.append(group)
                continue
        out = []
        for name in newcomers(group, sides):
            warn(f"{name} was granted {group} on one side, while the other side removed a reader")
            question = f"Let {name} read {group}?"
            if not yes and not agree(TERMINAL, question):
                out.append(name)
        united = unite_group(clone, group, sides, out)
        say(f"{group}: merged the keys of both sides under a new one ({united.key.key_id})")
        say(f"{group}: readers are {', '.join(united.readers)}")
        if united.left:
            say(f"{group}: removed on one side, so removed: {', '.join(united.left)}")
    return len(found) - len(refused), refused


def _is_held(clone: Clone, group: str) -> bool:
    try:
        return clone.ring.holds(group)
    except NoKeyError:
        return False


def _renew_grants(clone: Clone, group: str, yes: bool) -> int:
    count = 0
    for grant in list(late_grants(clone, group)):
        warn(
            f"{grant.name} was granted {group} with a key of {grant.date}, which has been replaced since"
        )
        if grant.put_back:
            # Not even with --yes: whoever has the old private key would read what comes.
            warn(
                f"the grant of {grant.name} was replaced or removed by a later commit, and was put back: "
                f"{grant.name} gets no key",
                f"see who put it back: git log -p -- .sealedfiles/keys/{group}/{grant.name}.grant",
                f"if it is right: sealedfiles trust {grant.name}",
                f"else: sealedfiles revoke {grant.name} --from {group}",
            )
            continue
        if grant.after_revocation:
            warn(
                f"a reader was removed from {group} after that: verify that it was not {grant.name}",
                f"git log -- .sealedfiles/keys/{group}/{grant.name}.age",
            )
        if yes or agree(TERMINAL, f"Let {grant.name} read {group}?"):
            wrap_anew(clone.work_tree, group, grant.reader, clone.ring)
            count += 1
        else:
            say(
                f"{grant.name} stays out",
                f"for good: sealedfiles revoke {grant.name} --from {group}",
            )
    if count:
        stage(clone, f".sealedfiles/keys/{group}")
        say(f"{group}: {counted(count, 'reader')} under the current key")
    return count


def _forget(clone: Clone, group: str, yes: bool) -> None:
    seen = clone.state.newest().get(group)
    if seen is None:
        raise UsageError(f"no key of {group} was ever seen here")
    say(f"the newest key seen of {group} is {seen.key_id}, on {seen.where}")
    question = "Give it up, and take the keys that are here now for the newest?"
    if not yes and not agree(TERMINAL, question):
        raise UsageError("nothing was changed")
    forget(clone, group)
    say(f"forgotten; values of {group} are sealed again with the keys that are here")
