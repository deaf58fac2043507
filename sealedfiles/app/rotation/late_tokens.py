"""Tokens under a retired key that did not exist when the key was retired.

A removed reader still has that key and could have made them; so could a colleague who had not pulled yet.
Resealed with the current key they would look like everybody's: a command that reseals asks first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.app.rotation.unite import UNDER_WAY
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.keys.epochs import keys_in_use
from sealedfiles.keys.folder import NAME
from sealedfiles.model.token import TOKEN, split
from sealedfiles.sealing.file import show_path

if TYPE_CHECKING:
    from sealedfiles.git.clone import Clone
    from sealedfiles.keys.epochs import Epoch


class LateToken(NamedTuple):
    """A token under a key from before a revocation, made after it."""

    file: str
    token: str


def late_tokens(clone: Clone, group: str) -> list[LateToken]:
    """Return the tokens of *group* in the index under a retired key that did not exist when it was retired.

    Of several revocations the one counts that retired the token's key: whatever came after it, and was there
    at a later one, is not known by that.  Raises NoKeyError and TamperedError, as ``Ring.current`` does.
    """
    clone.ring.current(group)  # verifies the epochs
    _, epochs = clone.ring.epochs(group)
    in_use = keys_in_use(epochs)
    if in_use is None:
        return []
    retired_at: dict[str, Epoch] = {}
    for number, epoch in enumerate(epochs):
        later = (one for one in epochs[number + 1 :] if one.why == "revoked")
        revocation = next(later, None)
        if revocation:
            retired_at[epoch.key_id] = revocation
    known: dict[str, set[str]] = {}
    found = []
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        for token in TOKEN.findall(blob.decode("utf-8", "replace")):
            parts = split(token)
            if parts.group != group or parts.key_id in in_use:
                continue
            # A key that is none of the chain's is a removed reader's fork, or a rotation that was lost.
            by = retired_at.get(parts.key_id)
            if by and by.key_id not in known:
                known[by.key_id] = _tokens_at(clone, group, by)
            if by is None or token not in known[by.key_id]:
                found.append(LateToken(show_path(entry.path), token))
    return found


def _tokens_at(clone: Clone, group: str, revocation: Epoch) -> set[str]:
    """Return the tokens of *group* in the commits before *revocation*; none if it is not committed yet.

    Only for a rotation that was interrupted, and is resumed, these are the tokens of HEAD.  A revocation that
    this very run made, by uniting two branches, knows no token: HEAD may hold those of a removed reader.
    """
    pattern = rf"sealed:v1:{group}:[a-z2-7]{{16}}:[A-Za-z0-9_-]{{8}}:[A-Za-z0-9_-]{{64,}}"
    heads = ["HEAD", *(n for n in UNDER_WAY if (clone.repository.git_dir / n).exists())]
    file = f"{NAME}/keys/{group}/epochs"
    out = clone.repository.run(
        "log", "--full-history", "--format=%H", f"-S{revocation.key_id} ", *heads, "--", file
    )
    # A removed reader can repeat the line on a branch of tokens of their own: only what was there
    # before each of the commits counts.
    commits = [f"{commit}^" for commit in out.decode().split()]
    begun = clone.state.begun().get(group)
    if not commits and begun and begun.key_id == revocation.key_id:
        commits = ["HEAD"]
    sides = [_tokens_in(clone, commit, pattern) for commit in commits]
    return set.intersection(*sides) if sides else set()


def _tokens_in(clone: Clone, tree: str, pattern: str) -> set[str]:
    code, text, _ = clone.repository.try_run("grep", "-hoaE", "-e", pattern, tree)
    return set(text.decode("ascii", "replace").split("\n")) if code == 0 else set()
