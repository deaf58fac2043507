"""Ask for confirmation before plaintext from git is sealed."""

from __future__ import annotations

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.history.origins import plaintext_origins
from sealedfiles.app.history.values import shown_place
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import Described
from sealedfiles.git.filter.left_in_plaintext import LeftInPlaintext, describe_left
from sealedfiles.git.index import Entry
from sealedfiles.sealing.file import show_path

_SHOWN_KEYS = 10


def confirm_plaintext(
    clone: Clone,
    entries: list[Entry],
    dialog: Dialog,
    left: LeftInPlaintext | None = None,
    *,
    yes: bool,
) -> bool:
    """List the plaintext of *entries* with the commits that added it; return True if it may be sealed.

    *left* is plaintext that a checkout wrote, and that is no longer in the index.

    Once sealed, plaintext looks as if a reader had written it.  So the user is asked, unless *yes* is set;
    without a terminal, the answer is no.
    """
    by_commit: dict[tuple[bytes, Described | None], list[str]] = {}
    for origin in plaintext_origins(clone, entries):
        keys = by_commit.setdefault((origin.file, origin.commit), [])
        if shown_place(origin.path) not in keys:
            keys.append(shown_place(origin.path))
    for (file, commit), keys in by_commit.items():
        more = f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
        shown = ", ".join(keys[:_SHOWN_KEYS]) + more
        dialog.warn(f"{show_path(file)}: in plaintext {_since(commit)}: {shown}")
    listed = {file for file, _ in by_commit}
    if left is not None and (left.found or left.retired):
        for line in describe_left([left], clone):
            dialog.warn(line)
        listed.add(left.path)
    for entry in entries:
        if entry.path not in listed:
            dialog.warn(f"{show_path(entry.path)}: a comment is in plaintext")
    if yes:
        return True
    dialog.warn("anyone with push access could have written these values")
    agreed = dialog.ask("Seal them as they are?")
    if agreed is None:
        dialog.say(
            "no terminal to ask on: nothing was sealed", "if the values are correct, add: --yes"
        )
    elif not agreed:
        dialog.say("nothing was sealed", "set the correct value: sealedfiles set FILE KEY")
    return bool(agreed)


def _since(commit: Described | None) -> str:
    if commit is None:
        return "in the index, not committed"
    return f"since commit {commit.words}"
