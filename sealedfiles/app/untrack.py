"""Stop sealing files: ``untrack``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.files.confirm_suspects import confirm_suspects
from sealedfiles.app.files.working_file import WorkingFile, staged_file
from sealedfiles.app.tracking.patterns import compile_pattern, pattern_for
from sealedfiles.app.tracking.policy_allow import allow_plaintext, withdraw_plaintext
from sealedfiles.app.tracking.policy_edit import remove_rules
from sealedfiles.app.tracking.policy_tracked import remove_tracked
from sealedfiles.app.tracking.policy_writing import confirmed_policy, warn_of_unproved, write_policy
from sealedfiles.app.tracking.track_report import OPENED_ON_PURPOSE
from sealedfiles.app.unread import unread_tokens
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import PolicyError, UsageError
from sealedfiles.git import gitattributes
from sealedfiles.git.attributes import remove_pattern, sealed_patterns
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import IndexFolder
from sealedfiles.git.index import Entry
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.rewrite import stage, write_index
from sealedfiles.git.worktree import refresh, tracked_sealed_files, with_blobs
from sealedfiles.keys.folder import NAME
from sealedfiles.model.policy import parse_policy
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.messages import counted


def untrack(
    workspace: Workspace,
    clone: Clone,
    arguments: Sequence[str],
    folder: Path,
    dialog: Dialog,
    reason: str,
    *,
    yes: bool,
) -> WorkingFile | None:
    """Stop tracking the patterns *arguments*, relative to *folder*, and decrypt their files in the index.

    The policy then allows exactly these files to be in plaintext, for *reason*.  If a file cannot be
    decrypted completely, changes nothing, and returns it as it is in the index.  Unless *yes* is set, asks
    about values that a reader may not have sealed.  Raises UsageError, PolicyError, NoKeyError, TamperedError
    and GitError.
    """
    clone.require_writable()
    data = confirmed_policy(clone)
    listed = [
        *(parse_policy(data).tracked or ()),
        *sealed_patterns(clone.repository.top / ".gitattributes"),
    ]
    # A run that could not stage its changes has left the pattern in the index: this one does.
    known = [*listed, *_staged_patterns(clone)]
    removed = [_listed_pattern(clone, one, known, folder) for one in arguments]
    kept = [pattern for pattern in dict.fromkeys(listed) if pattern not in removed]
    still = [compile_pattern(pattern, clone.repository) for pattern in kept]
    gone = [compile_pattern(pattern, clone.repository) for pattern in removed]
    plain = {}
    sealed = 0
    was_sealed = []
    places = []
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        name = os.fsdecode(entry.path)
        # Other files may be sealed because of attributes in a folder, whatever the policy tracks.
        if not any(one.matches(name) for one in gone):
            continue
        if any(one.matches(name) for one in still):
            sealed += 1
            continue
        place = staged_file(workspace, entry.path, blob)
        opened, file = place.opened, place.described
        problems = [*opened.problems, *unread_tokens(opened.data, file, clone.ring)]
        if problems:
            return place._replace(opened=opened._replace(problems=problems))
        # Of the user's own groups: unauthenticated tokens, and those of a newer version.
        place.require_no_tokens(
            [text for _, text in SealedText(opened.data, file).decoded_values()]
        )
        places.append(place)
        if opened.data != blob:
            plain[entry] = opened.data
        # Also those that a run has staged which was killed before it wrote the policy.
        if opened.data != blob or _is_sealed_in_head(clone, entry):
            was_sealed.append(entry.path)
    confirm_suspects(places, dialog, yes=yes)
    before = parse_policy(data).rules
    for pattern in removed:
        data = remove_rules(data, pattern)
    left = {rule.words for rule in parse_policy(data).rules}
    data, is_allowed = _allowing(remove_tracked(data, removed), was_sealed, reason)
    # First the index: a run that fails here, or is killed, has changed nothing else and can be repeated.
    write_index(clone, plain.items())
    for pattern in removed:
        remove_pattern(clone.repository.top, pattern)
    write_policy(clone, data)
    exclude_leftovers(clone.repository)
    stage(clone, NAME, ".gitattributes")
    # Only files that show just this: update-index would stage local changes as well.
    refresh(clone, [e.path for e, data in plain.items() if _content(clone, e) == data])
    warn_of_unproved(clone, dialog)
    for entry in plain:
        dialog.say(f"{show_path(entry.path)}: staged in plaintext")
    _report_rules([rule.words for rule in before if rule.words not in left], dialog)
    shown = ", ".join(show_path(os.fsencode(pattern)) for pattern in removed)
    recorded = (
        f"this is recorded as `allow` in {NAME}/policy.yaml, so that the hooks accept it",
        "check it before you commit: git diff --cached",
    )
    hints = (recorded if is_allowed else OPENED_ON_PURPOSE) if was_sealed else ()
    dialog.say(f"stopped tracking {shown}: {counted(len(plain), 'file')} in plaintext", *hints)
    if sealed:
        dialog.warn(
            f"still sealed, because other tracked patterns match: {counted(sealed, 'file')}",
            "list the patterns: sealedfiles track",
        )
    return None


def _report_rules(removed: list[str], dialog: Dialog) -> None:
    for words in removed:
        dialog.warn(
            f"this rule was removed from the policy: {words}",
            "without it, the values go to other readers if you track the files again",
        )


def _allowing(data: bytes, paths: list[bytes], reason: str) -> tuple[bytes, bool]:
    """Return the policy that allows *paths* to be in plaintext; the same one, and False, if that fails."""
    if not paths:
        return data, False
    try:
        return allow_plaintext(withdraw_plaintext(data, paths), paths, reason), True
    except PolicyError:
        return data, False


def _is_sealed_in_head(clone: Clone, entry: Entry) -> bool:
    return b"sealed:v1:" in (clone.objects.blob(b"HEAD:" + entry.path) or b"")


def _staged_patterns(clone: Clone) -> list[str]:
    """Return the patterns that are tracked in the index, whatever the working tree says."""
    found: list[str] = []
    policy = IndexFolder(clone.objects, clone.index).read("policy.yaml")
    if policy is not None:
        with contextlib.suppress(PolicyError):
            found += parse_policy(policy).tracked or ()
    entry = clone.index.entry(b".gitattributes")
    if entry is not None:
        found += gitattributes.sealed_patterns(clone.objects.blob(entry.oid.encode("ascii")) or b"")
    return found


def _listed_pattern(clone: Clone, argument: str, listed: list[str], folder: Path) -> str:
    """Return the tracked pattern that *argument* names.  Raises UsageError."""
    pattern = argument if argument in listed else pattern_for(argument, clone.repository, folder)
    if pattern not in listed:
        raise UsageError(
            f"{show_path(os.fsencode(argument))} is not a tracked pattern",
            "list the patterns: sealedfiles track",
        )
    return pattern


def _content(clone: Clone, entry: Entry) -> bytes | None:
    path = clone.repository.regular_file(entry.path)
    return path.read_bytes() if path else None
