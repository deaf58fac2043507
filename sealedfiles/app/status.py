"""The states of all sealed files, and sealing what the index has in plaintext: ``status``."""

from __future__ import annotations

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.files.confirm_plaintext import confirm_plaintext
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import TamperedError
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import Entry
from sealedfiles.git.rewrite import rewrite_entries
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import UNAUTHENTICATED_TOKEN
from sealedfiles.sealing.file import File, show_path
from sealedfiles.sealing.other_tools import can_migrate_values, encrypting_tool, tool_of_value
from sealedfiles.sealing.sealed_text import SealedText, inspect_file
from sealedfiles.util.messages import shell_path


class FileState(NamedTuple):
    """The state of one file."""

    path: bytes
    state: str
    """``sealed``, ``open`` or ``partly open``: the working tree; ``absent``: not checked out;
    ``plaintext``: the staged version is not sealed, which takes precedence."""
    groups: list[str]
    stale: bool
    """Whether the index has tokens under a key that is not the current one of its group."""
    unauthenticated: int
    """The number of unauthenticated tokens in the index."""
    tool: str
    """The other tool that has encrypted the staged version, or values in it; empty if none has."""


def read_status(workspace: Workspace, clone: Clone, dialog: Dialog) -> list[FileState]:
    """Return the states of the sealed files in the index; warn of invalid epochs.  Raises GitError."""
    current = _current_keys(workspace, dialog)
    entries = tracked_sealed_files(clone)
    return [_state(clone, entry, blob, current) for entry, blob in with_blobs(clone, entries)]


def seal_staged_plaintext(
    workspace: Workspace, clone: Clone, dialog: Dialog, *, yes: bool
) -> dict[bytes, bool]:
    """Seal the plaintext in the index, after asking unless *yes* is set.

    Returns the paths of its files, each with whether the file is in plaintext in HEAD, too.  The working tree
    is not changed.  What another tool has encrypted is reported, and not sealed.
    """
    sealed: dict[Entry, bytes] = {}
    accepted: dict[Entry, bytes] = {}
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        file, rules = clone.describe(entry.path)
        signs = file.format.comment_signs if file.format else ()
        has_comments = any(sign.strip().encode() in blob for sign in signs)
        if has_comments or inspect_file(blob, file, rules).has_plaintext:
            new = workspace.seal(entry.path, blob, with_stored=True)
            tool = _tool_of(blob, file, rules)
            if new != blob and tool:
                _report_encrypted(entry.path, blob, tool, dialog)
            elif new != blob:
                sealed[entry], accepted[entry] = new, blob
    if not sealed or not confirm_plaintext(clone, list(sealed), dialog, yes=yes):
        return {}
    rewrite_entries(clone, sealed.items())
    for entry in sealed:
        clone.plaintext_memory.forget_file(accepted[entry], clone.describe(entry.path)[0])
    return {one.path: _is_committed(clone, one.path, staged) for one, staged in accepted.items()}


def _is_committed(clone: Clone, path: bytes, staged: bytes) -> bool:
    """Return True if HEAD has the file as it was *staged*, or with a value in plaintext."""
    blob = clone.objects.blob(b"HEAD:" + path) or b""
    return blob == staged or inspect_file(blob, *clone.describe(path)).has_plaintext


def _current_keys(workspace: Workspace, dialog: Dialog) -> dict[str, str]:
    """Return the current key id of every group according to its public epochs."""
    current = {}
    for group in workspace.folder.list("keys"):
        data = workspace.folder.read(f"keys/{group}/epochs")
        try:
            current[group] = parse_epochs(data or b"", group)[-1].key_id
        except TamperedError as error:
            dialog.warn(error.message, *error.hints)
    return current


def _state(clone: Clone, entry: Entry, blob: bytes, current: dict[str, str]) -> FileState:
    file, rules = clone.describe(entry.path)
    stored = inspect_file(blob, file, rules)
    groups = sorted({token.group for token in stored.tokens})
    stale = any(current.get(token.group, token.key_id) != token.key_id for token in stored.tokens)
    unauthenticated = count_unauthenticated(blob)
    path = clone.repository.regular_file(entry.path)
    if stored.has_plaintext:
        state = "plaintext"
    elif not path:
        state = "absent"
    else:
        data = path.read_bytes()
        shown = inspect_file(data, file, rules)
        partly = "partly open" if shown.has_plaintext else "sealed"
        state = partly if shown.tokens or count_unauthenticated(data) else "open"
    tool = _tool_of(blob, file, rules) if stored.has_plaintext else ""
    return FileState(entry.path, state, groups, stale, unauthenticated, tool)


def _tool_of(blob: bytes, file: File, rules: FileRules) -> str:
    """Return the other tool that has encrypted *blob*, or values that *rules* seal; empty if none has."""
    version = SealedText(blob, file)
    values = (version.literal(span) for span in version.values if rules.group_of(span.path))
    return encrypting_tool(blob) or next(filter(None, map(tool_of_value, values)), "")


def _report_encrypted(path: bytes, blob: bytes, tool: str, dialog: Dialog) -> None:
    hint = f"decrypt them, and set each: sealedfiles set {shell_path(path)} KEY"
    if encrypting_tool(blob) or can_migrate_values(tool, has_tokens=b"sealed:v1:" in blob):
        hint = "to decrypt and seal them: sealedfiles migrate"
    dialog.warn(f"{show_path(path)}: values encrypted with {tool} were not sealed", hint)


def count_unauthenticated(data: bytes) -> int:
    """Return the number of unauthenticated tokens in *data*."""
    if b"sealed:v2:" not in data:
        return 0
    return len(UNAUTHENTICATED_TOKEN.findall(data.decode("utf-8", "replace")))
