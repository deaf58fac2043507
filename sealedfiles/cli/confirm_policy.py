"""Confirm a policy that this clone's keys do not prove, for `trust policy` and the first `unlock`."""

from __future__ import annotations

import difflib
import sys

from sealedfiles.app.tracking.policy_writing import (
    STAGED,
    derive_attributes,
    warn_of_unproved,
    write_policy,
)
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli.prompts import TERMINAL, confirm
from sealedfiles.errors import PolicyError
from sealedfiles.git.policy_in_force import POLICY
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.policy import parse_policy
from sealedfiles.util.messages import fail, say, say_lines

if TYPE_CHECKING:
    from sealedfiles.git.clone import Clone

_FILE = f"{NAME}/{POLICY}"


def trust_policy(identity: str | None, *, yes: bool) -> int:
    """Show the differences from the policy in force, ask, accept the policy, and write proofs."""
    _, clone = clone_here(identity)
    clone.require_writable()
    files = clone.policy_in_force.current()
    if files is None:
        raise PolicyError(f"{_FILE} was not found", f"restore it: git checkout HEAD -- {NAME}")
    policy = parse_policy(files.data, _FILE)  # an invalid policy cannot be confirmed
    held = clone.policy_in_force.proving_groups(policy)
    if clone.state.policy() == files.data and held and clone.policy_in_force.is_proved(files, held):
        say(f"{_FILE} is already confirmed: nothing to do")
        return 0
    _show(clone, files.data)
    if not yes:
        confirm(f"Accept the current {_FILE}?", abort=True)
    write_policy(clone, files.data)
    derive_attributes(clone)
    stage(clone, *STAGED)
    warn_of_unproved(clone, TERMINAL)
    # Leave out groups that are only expected here (`keys.expected`).
    groups = (
        ", ".join(sorted({*(held or ())} & {*clone.ring.groups()})) or "no group: you have no key"
    )
    say(
        f"{_FILE} is accepted in this clone, and authenticated with the keys of {groups}",
        "other clones accept it after you commit and push",
    )
    return 0


def settle_policy(clone: Clone) -> None:
    """Accept the policy in a clone that is being set up, if it is proved or if the user confirms it.

    Without a terminal, an unproved policy is only reported.
    """
    try:
        in_force = clone.policy_in_force.get()
    except PolicyError as error:
        fail(error.message, *error.hints)
        return
    if in_force.disputed is None:
        return
    if isinstance(in_force.disputed, PolicyError):
        fail(in_force.disputed.message, *in_force.disputed.hints)
        return
    files = clone.policy_in_force.current()
    fail(
        f"{_FILE} is not proved by the keys of your groups: anyone with push access may have changed it"
    )
    if files and sys.stdin.isatty():
        _show(clone, files.data)
        if confirm("Accept it?"):
            clone.policy_in_force.accept(files.data)
            return
    say(
        "new values cannot be sealed until the policy is confirmed",
        "review and confirm it: sealedfiles trust policy",
    )


def _show(clone: Clone, data: bytes) -> None:
    """Print the policy to stderr, as a diff from the policy that was accepted last."""
    old = clone.state.policy()
    if old is None:
        say(f"{_FILE} was never accepted in this clone; its content:")
        lines = _lines(data)
    else:
        say(f"{_FILE} differs from the policy that this clone accepted last:")
        lines = list(
            difflib.unified_diff(_lines(old), _lines(data), "accepted", "now", lineterm="")
        )
    say_lines(*(f"    {line}" for line in lines))


def _lines(data: bytes) -> list[str]:
    return (
        data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").removesuffix("\n").split("\n")
    )
