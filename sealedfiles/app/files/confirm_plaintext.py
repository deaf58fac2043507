"""Ask for confirmation before plaintext from git is sealed."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.history.ages import CurrentValue, since_head
from sealedfiles.app.history.values import WHOLE, Contents, TokenOpener, shown_place
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import Described, describe_commits
from sealedfiles.git.filter.left_in_plaintext import LeftInPlaintext, describe_left
from sealedfiles.git.index import Entry
from sealedfiles.git.worktree import with_blobs
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import inspect_file

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
    for (file, value), since in _origins(clone, entries):
        keys = by_commit.setdefault((file, since), [])
        if shown_place(value.path) not in keys:
            keys.append(shown_place(value.path))
    for (file, commit), keys in by_commit.items():
        more = f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
        shown = ", ".join(keys[:_SHOWN_KEYS]) + more
        dialog.warn(f"{show_path(file)}: in plaintext {_since(commit)}: {shown}")
    listed = {file for file, _ in by_commit}
    if left is not None and (left.found or left.retired):
        for line in describe_left([left], clone):
            dialog.warn(line)
        listed.add(left.path)
    for entry, blob in with_blobs(clone, [one for one in entries if one.path not in listed]):
        # A text that does not parse may have tokens as well, so that no value is the whole file.
        is_whole = inspect_file(blob, *clone.describe(entry.path)).whole_plain
        what = "the file" if is_whole else "a comment"
        dialog.warn(f"{show_path(entry.path)}: {what} is in plaintext")
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


def _origins(clone: Clone, entries: list[Entry]) -> Iterator[tuple[CurrentValue, Described | None]]:
    """Yield the plaintext values of *entries* that the policy seals, in file order.

    Each comes with the commit since which it has been in plaintext; None if it is only staged.
    """
    # Without keys, a token differs from its plaintext, so the commit that unsealed a value is found.
    contents = Contents(clone, TokenOpener(None))
    subjects = []
    for entry, _ in with_blobs(clone, entries):
        rules = clone.describe(entry.path)[1]
        for value in contents.of(entry.path, entry.oid):
            is_sealed = rules.whole_groups() if value.path == WHOLE else rules.group_of(value.path)
            if is_sealed and not value.token:
                subjects.append(CurrentValue(entry.path, value))
    if not subjects:
        return
    found = since_head(clone, subjects, contents, int(time.time()))
    oids = {commit.oid for commit in found if commit and commit.oid}
    described = describe_commits(clone.repository, sorted(oids))
    for subject, commit in zip(subjects, found, strict=True):
        yield subject, described.get(commit.oid) if commit else None
