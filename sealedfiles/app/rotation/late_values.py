"""Find tokens under a retired key that did not exist when the key was retired, and ask about them.

A removed reader still has that key and may have created them; so may a reader who had not pulled yet.
After resealing with the current key, they would look like all others, so commands that reseal ask first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from sealedfiles.app.dialog import Dialog, agree
from sealedfiles.app.rotation.unite import UNDER_WAY
from sealedfiles.git.clone import Clone
from sealedfiles.git.head_log import visited
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.keys.epochs import Epoch, keys_in_use
from sealedfiles.keys.folder import NAME
from sealedfiles.model.token import TOKEN, TOKEN_PATTERN, Token, split
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.opened_tokens import layers_of_token
from sealedfiles.util.messages import counted, shell_path

_SHORTEST_LAYERS = 200
"""Characters: a token with a token in it is longer."""


def tokens_to_keep(
    clone: Clone,
    groups: Iterable[str],
    dialog: Dialog,
    *,
    yes: bool,
    command: str,
    among: Collection[str] | None = None,
) -> set[str]:
    """List the values of *groups* that were added under a retired key, and ask about them.

    Only the tokens in *among* are checked, by default all tokens of the index.  Returns the tokens that must
    not be resealed: none if the user agrees, or if *yes* is set.  *command* is the command to agree later.
    """
    kept: set[str] = set()
    for group in groups:
        late = _late_tokens(clone, group)
        tokens = [one for one in late if among is None or one[1] in among]
        if not tokens:
            continue
        dialog.warn(
            f"{group}: {counted(len(tokens), 'value')} under a retired key, added after its retirement",
            "a reader who had not pulled, or a removed reader, may have written them",
        )
        for path, count in Counter(path for path, _ in tokens).items():
            dialog.warn(
                f"{show_path(path)}: {counted(count, 'value')}",
                f"find who wrote them: git log -p -- {shell_path(path)}",
            )
        if yes or agree(dialog, "Are these values correct?"):
            continue
        dialog.say(
            f"{group}: these values were not resealed",
            f"if they are correct, run: {command}",
            "otherwise restore the earlier lines: git log -p -- FILE",
        )
        kept.update(token for _, token in tokens)
    return kept


def _late_tokens(clone: Clone, group: str) -> Iterator[tuple[bytes, str]]:
    """Yield the tokens of *group* in the index under a retired key that did not exist when it was retired.

    Each comes with the path of its file.

    If there are several revocations, the one that retired the token's key counts.  A token that was added
    after it does not become known because it existed at a later revocation.  Raises NoKeyError and
    TamperedError, as ``GroupKeyring.current`` does.
    """
    clone.ring.current(group)  # verifies the epochs
    _, epochs = clone.ring.epochs(group)
    in_use = keys_in_use(epochs)
    if in_use is None:
        return
    retired_at: dict[str, Epoch] = {}
    for number, epoch in enumerate(epochs):
        later = (one for one in epochs[number + 1 :] if one.why == "revoked")
        revocation = next(later, None)
        if revocation:
            retired_at[epoch.key_id] = revocation
    known: dict[str, set[str]] = {}
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        for token in TOKEN.findall(blob.decode("utf-8", "replace")):
            parts = _layer_of(token, group, clone)
            if parts is None or parts.key_id in in_use:
                continue
            # A key that is not in the chain is from a removed reader's fork, or from a lost rotation.
            by = retired_at.get(parts.key_id)
            if by and by.key_id not in known:
                known[by.key_id] = _tokens_at(clone, group, by)
            if by is None or token not in known[by.key_id]:
                yield entry.path, token


def _layer_of(token: str, group: str, clone: Clone) -> Token | None:
    """Return *token*, or the token in it, that is of *group*; None if there is none."""
    if split(token).group != group and len(token) < _SHORTEST_LAYERS:
        return None
    layers = (layer for layer, _ in layers_of_token(token, clone.ring))
    return next((layer for layer in layers if layer.group == group), None)


def _tokens_at(clone: Clone, group: str, revocation: Epoch) -> set[str]:
    """Return the tokens in the commits before *revocation*; none if it is not committed yet.

    If an interrupted rotation is resumed, these are the tokens of HEAD.  For a revocation that this run
    itself made by uniting two branches, there are none: HEAD may contain tokens of a removed reader.
    """
    heads = ["HEAD", *(n for n in UNDER_WAY if (clone.repository.git_dir / n).exists())]
    # A rebase makes the revocation again, on commits that the one before it did not know.
    heads += visited(clone.repository)
    _, upstream, _ = clone.repository.try_run("rev-parse", "--verify", "--quiet", "@{upstream}^0")
    heads += upstream.decode("ascii").split()
    file = f"{NAME}/keys/{group}/epochs"
    out = clone.repository.run(
        "log", "--full-history", "--format=%H", f"-S{revocation.key_id} ", *heads, "--", file
    )
    # A removed reader can repeat the line on a branch with their own tokens, so only tokens that existed
    # before each of these commits count.
    commits = [f"{commit}^" for commit in out.decode().split()]
    begun = clone.state.begun().get(group)
    if not commits and begun and begun.key_id == revocation.key_id:
        commits = ["HEAD"]
    sides = [_tokens_in(clone, commit) for commit in commits]
    return set.intersection(*sides) if sides else set()


def _tokens_in(clone: Clone, tree: str) -> set[str]:
    code, text, _ = clone.repository.try_run("grep", "-hoaE", "-e", TOKEN_PATTERN, tree)
    return set(text.decode("ascii", "replace").split("\n")) if code == 0 else set()
