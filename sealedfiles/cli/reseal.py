"""`sealedfiles reseal`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.app.files.sealed_form import read_sealed_form
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.tracking.policy_writing import confirmed_policy
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.model.token import TOKEN, split
from sealedfiles.sealing.reseal import reseal_file
from sealedfiles.util.messages import counted, say

if TYPE_CHECKING:
    from sealedfiles.app.files.sealed_form import SealedForm


@click.command("reseal")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file)
@click.option("--yes", is_flag=True, help="Do not ask about values under a retired key.")
@identity_option
def command(files: tuple[str, ...], yes: bool, identity: str | None) -> int:
    """Encrypt values again with current keys and groups.

    Run it after you merged a branch from before a rotation, after you edited the policy, or after `git mv`:
    the file then takes the id of its own path.  Values do not change.  Values of groups that you do not read
    keep their tokens.

    The staged version is resealed, and the file in the working tree if it is sealed there.  Plaintext in the
    working tree does not change.
    """
    return max(_reseal(read_sealed_form(Path(name), identity), yes) for name in files)


def _reseal(form: SealedForm, yes: bool) -> int:
    place = form.place
    before = {*TOKEN.findall(_text(form.blob)), *TOKEN.findall(_text(form.disk))}
    if not before:
        raise UsageError(f"{place.name} is not sealed", f"seal it: sealedfiles seal {place.name}")
    if place.workspace.clone:
        confirmed_policy(place.workspace.clone)  # values are sealed for the groups that it names
    if _has_tokens_to_keep(form, before, yes=yes):
        say(f"{place.name} was left unchanged")
        return SealedFilesError.exit_code
    file, rules = place.workspace.describe(place.path)
    clone = place.workspace.clone
    noted = clone.plaintext_memory if clone else None
    new_disk, new_blob = (
        reseal_file(data, file, rules, place.workspace.ring, form.blob, noted)
        for data in (form.disk, form.blob)
    )
    on_disk = place.is_sealed and form.write_disk(new_disk)
    staged = form.write_index(new_blob)
    now = {*TOKEN.findall(_text(new_blob if staged else new_disk))}
    if on_disk or staged:
        say(f"{place.name}: {counted(len(now - before), 'value')} resealed")
    else:
        say(f"{place.name}: nothing to do: all values use the current keys")
    if staged:
        say(f"{place.name} is staged, to be committed now")
    for group in sorted({split(token).group for token in now & before}):
        if not place.workspace.ring.holds(group):
            say(f"{place.name}: values of the group {group} keep their tokens: you do not read it")
    return 0


def _has_tokens_to_keep(form: SealedForm, tokens: set[str], *, yes: bool) -> bool:
    """Ask about *tokens* that appeared under a retired key; return True unless the user agrees."""
    clone = form.place.workspace.clone
    if clone is None:
        return False
    names = sorted({split(token).group for token in tokens})
    held = [group for group in names if clone.ring.holds(group)]
    command = f"sealedfiles reseal --yes {shlex.quote(form.place.name)}"
    return bool(tokens_to_keep(clone, held, TERMINAL, yes=yes, command=command, among=tokens))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
