"""`sealedfiles status`."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

import click

from sealedfiles.app.files.confirm_plaintext import confirm_plaintext
from sealedfiles.app.history.ages import ages
from sealedfiles.app.history.values import Keys, shown_place
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli.dates import dated, shown_date
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError, TamperedError, UsageError
from sealedfiles.git.commits import is_shallow
from sealedfiles.git.rewrite import rewrite_entries
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.sealing.inspect import inspect_file
from sealedfiles.util.messages import counted, say, show, show_list, warn

if TYPE_CHECKING:
    from sealedfiles.app.workspace import Workspace
    from sealedfiles.git.clone import Clone
    from sealedfiles.git.index import Entry


class State(NamedTuple):
    """The state of one file."""

    path: bytes
    state: str
    """``sealed``, ``open`` or ``partly open``: the work tree; ``absent``: not checked out;
    ``plaintext``: what git has is not sealed, the gravest."""
    groups: list[str]
    stale: bool
    """Whether git has tokens of a key that is not its group's current one."""


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--age", is_flag=True, help="List every value, and since when it is what it is.")
@click.option("--fix", is_flag=True, help="Seal, in the index, what git has in plaintext.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
@identity_option
def command(as_json: bool, age: bool, fix: bool, yes: bool, identity: str | None) -> int:
    """List every sealed file and its state.

    \b
    open         plaintext in the work tree, sealed in git
    sealed       tokens in the work tree too
    partly open  some values are plaintext, some stay tokens
    plaintext    committed, or staged, in the clear: exit status 1
    stale        (beside the state) sealed with a key that was rotated since
    """
    workspace, clone = clone_here(identity)
    if age:
        if fix:
            raise UsageError("--age and --fix exclude one another")
        _ages(clone, as_json=as_json)
        return 0
    if fix:
        _fix(workspace, clone, yes=yes)
    current = _current_keys(workspace)
    entries = tracked_sealed_files(clone)
    states = [_state(clone, entry, blob, current) for entry, blob in with_blobs(clone, entries)]
    clone.objects.close()
    if as_json:
        show_list({"files": [_row(s) for s in states]})
    else:
        for state in states:
            stale = "  stale" if state.stale else ""
            show(f"{state.state:<12} {show_path(state.path)}{stale}")
    plain = [state for state in states if state.state == "plaintext"]
    if plain:
        warn(
            f"committed or staged in plaintext: {counted(len(plain), 'file')}",
            "seal the staged versions: sealedfiles status --fix, then commit",
            "values that were pushed are known to others: change them at their source",
        )
    return SealedFilesError.exit_code if plain else 0


def _ages(clone: Clone, *, as_json: bool) -> None:
    found = ages(clone, lambda _file, _path: True, Keys(clone), int(time.time()))
    clone.objects.close()
    if as_json:
        values = [
            {
                "path": path_text(one.file),
                "key": shown_place(one.path),
                **dated(one.commit),
                "opened": one.is_open,
            }
            for one in found
        ]
        show_list({"values": values})
    else:
        places = [f"{show_path(one.file)}: {shown_place(one.path)}" for one in found]
        width = max(map(len, places), default=0)
        for place, one in zip(places, found, strict=True):
            show(f"{place:<{width}}  {shown_date(one.commit)}")
    closed = sum(not one.is_open for one in found)
    if closed:
        warn(
            f"dates from tokens, because no key is available: {counted(closed, 'value')}",
            "if a key was rotated, the date is that of the rotation, not of a new value",
        )
    if is_shallow(clone.repository):
        warn(
            "this clone is shallow: what is older has the date of its oldest commit",
            "get the rest: git fetch --unshallow",
        )


def _fix(workspace: Workspace, clone: Clone, *, yes: bool) -> None:
    """Seal what the index has in plaintext, after asking, and name what that does not repair."""
    sealed: dict[Entry, bytes] = {}
    accepted: dict[Entry, bytes] = {}
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        found = inspect_file(blob, *clone.describe(entry.path))
        # A commented-out secret has a number sign, in every format that has comments.
        if found.has_plaintext or b"#" in blob:
            new = workspace.seal(entry.path, blob, with_stored=True)
            if new != blob:
                sealed[entry], accepted[entry] = new, blob
    if not sealed or not confirm_plaintext(clone, list(sealed), TERMINAL, yes=yes):
        return
    rewrite_entries(clone, sealed)
    for entry in sealed:
        clone.plaintext_memory.forget_file(accepted[entry], clone.describe(entry.path)[0])
        say(f"{show_path(entry.path)}: sealed in the index; the working tree is unchanged")
    if sealed:
        say(
            f"staged, to be committed now: {counted(len(sealed), 'file')}",
            "earlier commits still hold these values in plaintext, in every copy of "
            "the repository: change them at their source",
            "rewriting history (git filter-repo) takes them out of this repository, not out of copies",
        )


def _current_keys(workspace: Workspace) -> dict[str, str]:
    """Return the current key id of every group, as its public epochs say."""
    current = {}
    for group in workspace.folder.list("keys"):
        data = workspace.folder.read(f"keys/{group}/epochs")
        try:
            current[group] = parse_epochs(data or b"", group)[-1].key_id
        except TamperedError as error:
            warn(error.message, *error.hints)
    return current


def _state(clone: Clone, entry: Entry, blob: bytes, current: dict[str, str]) -> State:
    file, rules = clone.describe(entry.path)
    stored = inspect_file(blob, file, rules)
    groups = sorted({token.group for token in stored.tokens})
    stale = any(current.get(token.group, token.key_id) != token.key_id for token in stored.tokens)
    path = clone.repository.file(entry.path)
    if stored.has_plaintext:
        state = "plaintext"
    elif os.path.islink(path) or not path.is_file():
        state = "absent"
    else:
        shown = inspect_file(path.read_bytes(), file, rules)
        partly = "partly open" if shown.has_plaintext else "sealed"
        state = partly if shown.tokens else "open"
    return State(entry.path, state, groups, stale)


def _row(state: State) -> dict[str, object]:
    return {
        "path": path_text(state.path),
        "state": state.state,
        "groups": state.groups,
        "stale": state.stale,
    }
