"""Confirm a policy that this clone's keys do not prove: ``trust policy``, and the first ``unlock``."""

from __future__ import annotations

import difflib

from sealedfiles.app.dialog import Dialog, agree, confirmed
from sealedfiles.app.tracking.policy_writing import (
    STAGED,
    derive_attributes,
    warn_of_unproved,
    write_policy,
)
from sealedfiles.errors import PolicyError
from sealedfiles.git.clone import Clone
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.model.policy import parse_policy

POLICY_FILE = f"{NAME}/{POLICY}"


def confirm_policy(clone: Clone, dialog: Dialog, *, yes: bool) -> bool | None:
    """Show the differences from the policy in force, ask, accept the policy, and write and stage proofs.

    Returns None and changes nothing if the user does not agree.  Raises PolicyError, GitError, and
    TamperedError if the keys to prove it with are not verified.
    """
    clone.require_writable()
    files = clone.policy_in_force.current()
    if files is None:
        raise clone.policy_in_force.not_found()
    policy = parse_policy(files.data, POLICY_FILE)  # an invalid policy cannot be confirmed
    policy.require_valid_targets()
    held = clone.policy_in_force.proving_groups(policy)
    for group in clone.ring.groups() if held is None else ():
        clone.ring.holds(group)  # raises what is wrong with its keys
    if clone.state.policy() == files.data and held and clone.policy_in_force.is_proved(files, held):
        dialog.say(f"{POLICY_FILE} is already confirmed: nothing to do")
        return True
    _show(clone, files.data, dialog)
    if not yes and not confirmed(dialog, f"Accept the current {POLICY_FILE}?"):
        return None
    write_policy(clone, files.data)
    derive_attributes(clone)
    stage(clone, *STAGED)
    warn_of_unproved(clone, dialog)
    # Leave out groups that are only expected here (`keys.expected`).
    groups = ", ".join(sorted({*(held or ())} & {*clone.ring.groups()}))
    dialog.say(
        f"{POLICY_FILE} is accepted in this clone, and authenticated with the keys of "
        f"{groups or 'no group: you have no key'}",
        "other clones accept it after you commit and push",
    )
    return True


def settle_policy(clone: Clone, dialog: Dialog, *, may_ask: bool) -> None:
    """Accept the policy in a clone that is being set up, if it is proved or if the user confirms it.

    With *may_ask* False, an unproved policy is only reported.
    """
    try:
        in_force = clone.policy_in_force.get()
    except PolicyError as error:
        dialog.warn(error.message, *error.hints)
        return
    if in_force.disputed is None:
        return
    if isinstance(in_force.disputed, PolicyError):
        dialog.warn(in_force.disputed.message, *in_force.disputed.hints)
        return
    files = clone.policy_in_force.current()
    dialog.warn(
        f"{POLICY_FILE} is not proved by the keys of your groups: anyone with push access may have changed it"
    )
    if files and may_ask:
        _show(clone, files.data, dialog)
        if agree(dialog, "Accept it?"):
            clone.policy_in_force.accept(files.data)
            return
    dialog.say(
        "new values cannot be sealed until the policy is confirmed",
        "review and confirm it: sealedfiles trust policy",
    )


def _show(clone: Clone, data: bytes, dialog: Dialog) -> None:
    """Show the policy, as a diff from the policy that was accepted last."""
    old = clone.state.policy()
    if old is None:
        dialog.say(f"{POLICY_FILE} was never accepted in this clone; its content:")
        lines = _lines(data)
    else:
        lines = list(
            difflib.unified_diff(_lines(old), _lines(data), "accepted", "now", lineterm="")
        )
        accepted = "the policy that this clone accepted last"
        dialog.say(
            f"{POLICY_FILE} differs from {accepted}:"
            if lines
            else f"{POLICY_FILE} is {accepted}, but none of your keys proves it:"
        )
        lines = lines or _lines(data)
    dialog.show(*(f"    {line}" for line in lines))


def _lines(data: bytes) -> list[str]:
    return (
        data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").removesuffix("\n").split("\n")
    )
