"""Ask about values that were added under a retired key, for every command that reseals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from sealedfiles.app.dialog import Dialog, agree
from sealedfiles.app.rotation.late_tokens import late_tokens
from sealedfiles.git.clone import Clone
from sealedfiles.util.messages import counted


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
        late = late_tokens(clone, group)
        tokens = [one for one in late if among is None or one.token in among]
        if not tokens:
            continue
        dialog.warn(
            f"{group}: {counted(len(tokens), 'value')} under a retired key, added after its retirement",
            "a reader who had not pulled, or a removed reader, may have written them",
        )
        for file, count in Counter(token.file for token in tokens).items():
            dialog.warn(
                f"{file}: {counted(count, 'value')}", f"find who wrote them: git log -p -- {file}"
            )
        if yes or agree(dialog, "Are these values correct?"):
            continue
        dialog.say(
            f"{group}: these values were not resealed",
            f"if they are correct, run: {command}",
            "otherwise restore the earlier lines: git log -p -- FILE",
        )
        kept.update(token.token for token in tokens)
    return kept
