"""`sealedfiles diff`."""

from __future__ import annotations

import json
import os
from itertools import groupby
from pathlib import Path

from sealedfiles.app.files.difference import (
    ADDED,
    CHANGED,
    LAYOUT,
    REMOVED,
    RENAMED,
    SPELLING,
    UNKNOWN,
    Change,
    Difference,
    difference,
    resolve_commit,
)
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.errors import NoKeyError, SealedFilesError, TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter.problems import describe_problem, misplaced_hints
from sealedfiles.keys.recipients import who_can_help
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import counted, shell_path, shell_word, show, show_list, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = {
    ADDED: "added",
    REMOVED: "removed",
    CHANGED: "changed",
    SPELLING: "same text, other spelling",
    LAYOUT: "only comments or layout",
    UNKNOWN: "changed, cannot be compared",
}
_MOST_REFUSED = 20


@declaration.command("diff")
@declaration.argument(
    "words", metavar="[REV] [FILE...]", nargs=-1, is_path=True, shell_complete=complete_file
)
@declaration.option(
    "--cached", "staged", is_flag=True, help="Compare with what is staged, not the working tree."
)
@declaration.option("--show", "is_shown", is_flag=True, help="Print the values.")
@declaration.option(
    "--exit-code", is_flag=True, help="Exit with status 1 if there are differences."
)
@json_option
@identity_option
def command(
    words: tuple[str, ...],
    staged: bool,
    is_shown: bool,
    exit_code: bool,
    as_json: bool,
    identity: str | None,
) -> int:
    """Show which values differ from a commit, by key.

    Compares the decrypted values of sealed files in REV (default: HEAD) with those in the working tree.
    Values are hidden unless you give --show.  It works without git's filter, with your key.

    A file that has at least half of the values of a removed one counts as renamed, and is compared with it.

    Values that cannot be decrypted are compared as tokens: the same token is the same value, and the list
    names the others.  Exits with status 3 if no value could be decrypted, and with 4 if a token is damaged or
    misplaced.

    A value that may not come from a reader is marked: under a retired key, of another group than the
    policy's, with the id of another file, or in plaintext in git.

    \b
    Examples:
      sealedfiles diff
      sealedfiles diff main secrets/app.yaml
      sealedfiles diff --cached --show
    """
    workspace, clone = clone_here(identity)
    revision, names = _revision(clone, words)
    found = difference(workspace, revision, names, Path.cwd(), staged=staged)
    if as_json:
        show_list({"changes": [_row(one, is_shown) for one in found.changes]})
    else:
        _print(found, is_shown)
    status = _report(clone, found)
    clone.close()
    return status or (SealedFilesError.exit_code if exit_code and found.changes else 0)


def _revision(clone: Clone, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the revision and the file names among *words*, as git tells them apart.

    Raises UsageError if the first one may be either.
    """
    if not words or not resolve_commit(clone, words[0]):
        return "HEAD", words
    if os.path.lexists(words[0]):
        raise UsageError(
            f"{words[0]} is both a commit and a file",
            f"the file: sealedfiles diff HEAD {shell_path(words[0])}",
            f"the commit: sealedfiles diff {shell_word(words[0] + '^0')}",
        )
    return words[0], words[1:]


def _print(found: Difference, is_shown: bool) -> None:
    for (old, path), changes in groupby(found.changes, key=lambda one: (one.old_file, one.file)):
        show(f"{show_path(old)} -> {show_path(path)}: renamed" if old else show_path(path))
        for one in changes:
            if one.kind == RENAMED:
                continue
            what = _WORDS[one.kind]
            reason = "".join(f" ({why})" for why in _remarks(one))
            place = one.shown_key or ("" if one.kind == LAYOUT else "the whole file")
            line = f"  {place}: {what}{reason}" if place else f"  {what}"
            show(line + (_values(one) if is_shown else ""))


def _remarks(change: Change) -> Iterator[str]:
    """Yield why a side cannot be read, or may not come from a reader."""
    if change.reason:
        yield change.reason
    if change.old_suspect:
        yield f"old value: {change.old_suspect}"
    if change.new_suspect:
        yield f"new value: {change.new_suspect}"


def _values(change: Change) -> str:
    """Return the values of *change* as JSON strings, which show blanks and line ends."""
    old, new = (
        None if one is None else json.dumps(one, ensure_ascii=False)
        for one in (change.old, change.new)
    )
    if old is None and new is None:
        return ""
    if change.kind in (ADDED, REMOVED):
        return f": {old or new}"
    return f": {old or '(not readable)'} -> {new or '(not readable)'}"


def _row(change: Change, is_shown: bool) -> dict[str, object]:
    return {
        "path": path_text(change.file),
        "from": path_text(change.old_file),
        "key": change.shown_key,
        "change": change.kind,
        "group": change.group,
        "reason": change.reason,
        "old_suspect": change.old_suspect,
        "new_suspect": change.new_suspect,
        **({"old": change.old, "new": change.new} if is_shown else {}),
    }


def _report(clone: Clone, found: Difference) -> int:
    """Report values that cannot be compared; return the exit status."""
    doubtful = [one for one in found.changes if one.old_suspect or one.new_suspect]
    if doubtful:
        files = dict.fromkeys(one.file for one in doubtful)
        warn(
            f"{counted(len(doubtful), 'value')} may not come from a reader",
            *(f"find who wrote it: git log -p -- {shell_path(path)}" for path in files),
        )
    unread = [one for one in found.changes if one.kind == UNKNOWN]
    if found.refused:
        for path, problem in found.refused[:_MOST_REFUSED]:
            warn(describe_problem(show_path(path), problem))
        warn(
            "these tokens cannot be decrypted where they are",
            *misplaced_hints([problem for _, problem in found.refused]),
        )
        return TamperedError.exit_code
    if not found.without_key:
        return 0
    groups = sorted(found.without_key)
    message = (
        f"{counted(len(unread), 'value')} could not be compared: no key of {', '.join(groups)}"
    )
    if any(map(clone.ring.is_member, clone.group_names())):
        warn(message, *(who_can_help(clone.work_tree, group) for group in groups))
        return 0
    error = clone.identities.no_key(message, *(who_can_help(clone.work_tree, g) for g in groups))
    warn(error.message, *error.hints)
    return NoKeyError.exit_code
