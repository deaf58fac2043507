"""A file on disk: read its plaintext, and write changed plaintext back.

A file that is sealed on disk is written sealed, and unchanged values keep their tokens.  A file that is
decrypted on disk, because git's filter seals it or because a user unsealed it, is written decrypted.
"""

from __future__ import annotations

import os

from sealedfiles.app.files.key_variables import other_variables
from sealedfiles.app.files.still_sealed import refuse_tokens
from sealedfiles.app.files.suspects import Suspect
from sealedfiles.app.workspace import ReadOptions, Workspace, workspace_of
from sealedfiles.errors import ChangedOnDiskError, FormatError, UsageError
from sealedfiles.formats.base import Data, Editor
from sealedfiles.git.clone import is_passed_through
from sealedfiles.git.plaintext import note_if_committed, note_written_comments
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.token import TOKEN, UNKNOWN_TOKEN
from sealedfiles.sealing import File, Opened, open_file
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import is_whole, show_path, structured_text
from sealedfiles.sealing.sealed_text import SealedText, inspect_file, is_rewritten
from sealedfiles.util import atomic
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sealedfiles.app.files.assignment import EditedText


class WorkingFile(NamedTuple):
    """One file on disk, and its decrypted content."""

    workspace: Workspace
    file: Path
    path: bytes
    """The path relative to the workspace, as used for sealing."""
    described: File
    data: bytes | None
    """The content on disk; None if the file does not exist yet."""
    opened: Opened
    suspects: list[Suspect] | None = None
    """The values that a reader may not have sealed (``provenance``), if they were looked for."""

    @property
    def is_sealed(self) -> bool:
        """Whether the file is sealed on disk, and must be written sealed."""
        if self.opened.opened:
            return True
        if is_passed_through(self.path) or self.workspace.is_filtered(self.path):
            return False
        found = inspect_file(self.data or b"", *self.workspace.describe(self.path))
        # A file with neither tokens nor values is new, and starts sealed.
        return bool(found.tokens) or not found.has_plaintext

    @property
    def name(self) -> str:
        """The path, for messages."""
        return show_path(self.path)

    def text(self) -> tuple[str, str]:
        """Return the BOM (or an empty string) and the decrypted text of a structured file.

        Raises UsageError if the file has no separate values.  If the file is sealed whole and cannot be
        decrypted, raises as ``require_no_tokens``.
        """
        if self.opened.problems and is_whole(self.opened.data):
            self.require_no_tokens(self.opened.problems[0].token)
        structured = structured_text(self.opened.data) if self.described.format else None
        if structured is None:
            raise UsageError(
                f"{self.name} is sealed as a whole: it has no separate values",
                f"print it: sealedfiles cat {shell_path(self.path)}",
                f"change it: sealedfiles edit {shell_path(self.path)}",
            )
        return structured

    def editor(self) -> Editor:
        """Return the editor for the file's format.  Raises as ``text``."""
        from sealedfiles.formats import load_editor

        self.text()
        assert self.described.format is not None  # noqa: S101 - text() has refused
        return load_editor(self.described.format.name)

    def stored_versions(self) -> list[bytes]:
        """Return git's versions of the file; outside git, the one on disk."""
        return self.workspace.stored_versions(self.path, self.data or b"")

    def require_no_tokens(self, value: Data) -> None:
        """Raise NoKeyError or TamperedError if *value*, or anything in it, is a token that stays sealed."""
        refuse_tokens(self, value)


def read_in_place(
    file: Path, options: ReadOptions | None = None, *, may_be_new: bool = False
) -> WorkingFile:
    """Read and decrypt a file.  Raises UsageError as ``workspace_of`` and ``path_to_read`` do."""
    workspace = workspace_of(file, options or ReadOptions(), may_be_new=may_be_new)
    path = workspace.path_to_read(file)
    if workspace.clone and not file.exists() and workspace.clone.index.entry(path):
        # If a new file were written here, the next commit would delete all other values.
        raise UsageError(
            f"{show_path(path)} is in git, but not in the working tree",
            f"restore it: git restore {shell_path(path)}; in a sparse checkout: git sparse-checkout add",
        )
    return read_file(workspace, file, path)


def read_file(workspace: Workspace, file: Path, path: bytes) -> WorkingFile:
    """Read and decrypt *file*, which is *path* in *workspace*."""
    data = file.read_bytes() if file.exists() else None
    described = workspace.describe_to_open(path)
    opened = workspace.open(data or b"", described)
    return WorkingFile(workspace, file.resolve(), path, described, data, opened)


def staged_file(workspace: Workspace, path: bytes, blob: bytes) -> WorkingFile:
    """Return *blob*, the index version of the file at *path*, decrypted with all keys, also retired ones."""
    described = workspace.describe_to_open(path)
    file = workspace.root / os.fsdecode(path)
    opened = open_file(blob, described, workspace.ring)
    return WorkingFile(workspace, file, path, described, blob, opened)


def read_again(place: WorkingFile) -> WorkingFile:
    """Read the file again, with the keys that are already loaded."""
    data = place.file.read_bytes() if place.file.exists() else None
    opened = place.workspace.open(data or b"", place.described)
    return place._replace(data=data, opened=opened)


def write_in_place(place: WorkingFile, plain: bytes) -> bool:
    """Write the changed plaintext of a file back; return False if it did not change.

    Raises ChangedOnDiskError if the file changed on disk after it was read.  Raises the errors of sealing,
    also for a decrypted file that git's filter would refuse.  If it raises, nothing is written.
    """
    if _is_unchanged(place, plain):
        return False
    new = _to_be_written(place, plain)
    with atomic.alone_in(place.file.parent):
        replace_unchanged(place, new)
    return True


def change_text(place: WorkingFile, change: Callable[[Editor, str], EditedText]) -> EditedText:
    """Apply *change* to the current text of the file, write the result, and return it.

    Reading and writing happen under a lock, so changes of concurrent processes are not lost.  Raises as
    ``write_in_place``.
    """
    with atomic.alone_in(place.file.parent):
        now = read_again(place)
        if now.data is None and place.data is not None:
            raise _changed(place)
        bom, text = now.text()
        changed = change(now.editor(), text)
        plain = encoded(bom + changed.text)
        if not _is_unchanged(now, plain):
            replace_unchanged(now, _to_be_written(now, plain))
    return changed


def load_values(
    place: WorkingFile,
    dialect: str = "python",
    *,
    as_written: bool = False,
    environ: Mapping[str, str] | None = None,
    override: bool = True,
) -> Data:
    """Return the parsed content of the file; values that stay sealed are returned as tokens.

    *as_written* is passed to ``Editor.load``.  *dialect* is the dialect of a .env file.  ``${NAME}`` in a
    .env file resolves to the value in the file itself; without *override*, a value in *environ* (by default
    the environment of this process) takes precedence. Raises UsageError for a file without separate values,
    FormatError for one that does not parse.
    """
    text = place.text()[1]
    if place.described.format is None or place.described.format.name != "dotenv":
        return place.editor().load(text, as_written=as_written)
    from sealedfiles.formats.dotenv.values import read

    if sides_of(text):
        # A .env parser ignores the markers, and would use the second side's values.
        raise FormatError("it has conflict markers: resolve the merge first")
    if environ is None:
        environ = other_variables()
    return dict(read(text, dialect, environ, override=override))


def refuse_token_values(value: Data) -> None:
    """Raise UsageError if *value*, or anything in it, contains a token, which no command would print."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and (
            TOKEN.search(one) or UNKNOWN_TOKEN.search(one) or is_rewritten(one)
        ):
            raise UsageError(
                "the value contains a sealed value (sealed:v…), which get and run would refuse to print",
                "to move a sealed line, use an editor; then run: sealedfiles rebind FILE",
            )
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def encoded(text: str) -> bytes:
    """Return *text* in UTF-8.  Raises UsageError if it contains a lone surrogate."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(
            "the value contains a lone surrogate, or a byte that is not UTF-8",
            "encode it in base64",
        ) from None


def with_place(error: FormatError, place: WorkingFile) -> FormatError:
    """Return *error* with the file, line and column at the start of its message."""
    where = f"{place.name}:{error.line}:{error.column}" if error.line else place.name
    return FormatError(f"{where}: {error.message}", error.line, error.column)


def _is_unchanged(place: WorkingFile, plain: bytes) -> bool:
    return plain == place.opened.data and place.data is not None


def _accept_typed(place: WorkingFile, plain: bytes) -> None:
    """Record that the user typed the values that are new in *plain*, even if a checkout once wrote them.

    If a commit contains exactly the file on disk, its plaintext values are recorded as checked out first.
    """
    clone = place.workspace.clone
    if clone is None:
        return
    note_if_committed(clone, place.path, place.data or b"")
    note_written_comments(clone, place.path)
    if not clone.plaintext_memory:
        return
    before, now = (SealedText(one, place.described) for one in (place.opened.data, plain))
    clone.plaintext_memory.forget({*now.decoded_values()} - {*before.decoded_values()}, place.path)


def _to_be_written(place: WorkingFile, plain: bytes) -> bytes:
    """Return *plain* in the form to write to disk. Raises what sealing raises."""
    _accept_typed(place, plain)
    if place.is_sealed:
        return place.workspace.seal(place.path, plain, place.data or b"")
    if place.workspace.is_filtered(place.path):
        # Fail now if git's filter would fail later, so that the user sees the reason.
        place.workspace.seal(place.path, plain)
    return plain


def replace_unchanged(place: WorkingFile, new: bytes) -> None:
    """Make *new* the content of the file.  Raises ChangedOnDiskError if it is not what was read."""
    now = place.file.read_bytes() if place.file.exists() else None
    if now != place.data:
        raise _changed(place)
    place.workspace.replace(place.file, new)


def _changed(place: WorkingFile) -> ChangedOnDiskError:
    return ChangedOnDiskError(
        f"{place.name} was changed by another program, so it was not written",
        "check it, then run the command again",
    )
