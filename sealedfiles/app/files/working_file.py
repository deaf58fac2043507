"""A file on disk: its plaintext, and how changed plaintext is written back.

A file that is sealed on disk is written sealed, unchanged values with their tokens. A file that is decrypted
there, because git's filter seals it or because a user unsealed it, is written decrypted.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.app.files.key_variables import KEY_VARIABLES
from sealedfiles.app.files.still_sealed import refuse_tokens
from sealedfiles.app.workspace import workspace_at
from sealedfiles.errors import ChangedOnDiskError, FormatError, UsageError
from sealedfiles.git.clone import is_passed_through
from sealedfiles.git.plaintext import note_if_committed
from sealedfiles.model.token import TOKEN, UNKNOWN_TOKEN
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import is_whole, show_path, structured_text
from sealedfiles.sealing.inspect import inspect_file
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sealedfiles.app.workspace import Workspace
    from sealedfiles.formats.base import Data, Editor
    from sealedfiles.sealing import File, Opened


class WorkingFile(NamedTuple):
    """One file on disk, and its decrypted content."""

    workspace: Workspace
    file: Path
    path: bytes
    """As sealing knows it, relative to the workspace."""
    described: File
    data: bytes | None
    """The content on disk; None if the file does not exist yet."""
    opened: Opened

    @property
    def is_sealed(self) -> bool:
        """Whether the file is sealed on the disk, and is to be."""
        return _is_sealed(self.workspace, self.path, self.data or b"", self.opened)

    @property
    def name(self) -> str:
        """The path, to be shown in a message."""
        return show_path(self.path)

    def text(self) -> tuple[str, str]:
        """Return the BOM (or nothing) and the plain text of a structured file.

        Raises UsageError for one in which no values can be found, and for one that is sealed whole and
        does not open what ``require_no_tokens`` raises.
        """
        if self.opened.problems and is_whole(self.opened.data):
            self.require_no_tokens(self.opened.problems[0].token)
        structured = structured_text(self.opened.data) if self.described.format else None
        if structured is None:
            raise UsageError(
                f"{self.name} is sealed as a whole: it has no separate values",
                f"print it: sealedfiles cat {self.name}",
                f"change it: sealedfiles edit {self.name}",
            )
        return structured

    def editor(self) -> Editor:
        """Return the editor of the file's format. Raises what ``text`` raises."""
        from sealedfiles.formats import load_editor

        self.text()
        assert self.described.format is not None  # noqa: S101 - text() has refused
        return load_editor(self.described.format.name)

    def require_no_tokens(self, value: Data) -> None:
        """Raise the error that fits where *value*, or anything in it, stays a token.

        A token is never given out in the place of a value.  Raises NoKeyError, TamperedError.
        """
        refuse_tokens(self, value)


def read_in_place(
    file: Path,
    identity: str | None = None,
    *,
    may_be_new: bool = False,
    allow_retired: bool = False,
    allow_plaintext: bool = False,
) -> WorkingFile:
    """Read a file.  Raises UsageError if it does not exist (unless it *may_be_new*) or is not a file.

    *allow_retired* opens tokens of retired keys as well (see ``Workspace.open``).
    """
    if not file.exists() and not (may_be_new and file.absolute().parent.is_dir()):
        raise UsageError(f"{file} does not exist")
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is not a file")
    workspace = workspace_at(
        file.absolute().parent,
        identity,
        allow_retired=allow_retired,
        allow_plaintext=allow_plaintext,
    )
    if workspace.clone and file.is_symlink():
        # git stores the link, not its target, which may be anywhere.
        raise UsageError(f"{file} is a symbolic link", "name the file itself")
    path = workspace.path_of(file)
    if workspace.clone and not file.exists() and workspace.clone.index.entry(path):
        # A new file at this name would delete all other values with the next commit.
        raise UsageError(
            f"{show_path(path)} is in git, but not in the working tree",
            f"get it: git restore {show_path(path)}; in a sparse checkout: git sparse-checkout add",
        )
    data = file.read_bytes() if file.exists() else None
    described = workspace.describe_to_open(path)
    opened = workspace.open(data or b"", described)
    return WorkingFile(workspace, file.resolve(), path, described, data, opened)


def read_again(place: WorkingFile) -> WorkingFile:
    """Read the file again, with the keys that are available already."""
    data = place.file.read_bytes() if place.file.exists() else None
    opened = place.workspace.open(data or b"", place.described)
    return place._replace(data=data, opened=opened)


def write_in_place(place: WorkingFile, plain: bytes) -> bool:
    """Write the changed plaintext of a file back; return False if nothing had to be written.

    Raises ChangedOnDiskError where the file is not any more what was read, and what sealing raises,
    also for a decrypted file that git would refuse; then nothing is written.
    """
    if _is_unchanged(place, plain):
        return False
    new = _to_be_written(place, plain)
    with atomic.alone_in(place.file.parent):
        _replace(place, new)
    return True


def change_text(place: WorkingFile, change: Callable[[Editor, str], str]) -> str:
    """Write the text that *change* makes of the file's own, as it is by now, and return it.

    Of several processes that do this at once each sees what the one before it wrote, so that none is
    lost.  Raises as ``write_in_place``.
    """
    with atomic.alone_in(place.file.parent):
        now = read_again(place)
        if now.data is None and place.data is not None:
            raise _changed(place)
        bom, text = now.text()
        new_text = change(now.editor(), text)
        plain = encoded(bom + new_text)
        if not _is_unchanged(now, plain):
            _replace(now, _to_be_written(now, plain))
    return new_text


def load_values(
    place: WorkingFile,
    dialect: str = "python",
    *,
    as_written: bool = False,
    environ: Mapping[str, str] | None = None,
    override: bool = True,
) -> Data:
    """Return what the file means; values that stay sealed are in it as tokens.

    *as_written* is ``Editor.load``'s; *dialect* is how a .env file is read, and ``${NAME}`` in it means what
    the file itself has, or without *override* first of all what *environ* (else the process's
    environment) has.
    Raises UsageError for a file without values, FormatError for one that does not parse.
    """
    text = place.text()[1]
    if place.described.format is None or place.described.format.name != "dotenv":
        return place.editor().load(text, as_written=as_written)
    from sealedfiles.formats.dotenv.values import read

    if sides_of(text):
        # To a reader of .env files the markers are nothing, and of both sides the second counts.
        raise FormatError("it has conflict markers: resolve the merge first")
    if environ is None:
        environ = {name: os.environ[name] for name in os.environ if name not in KEY_VARIABLES}
    return dict(read(text, dialect, environ, override=override))


def refuse_token_values(value: Data) -> None:
    """Raise UsageError if *value*, or anything in it, contains a token: no command would print it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and (TOKEN.search(one) or UNKNOWN_TOKEN.search(one)):
            raise UsageError(
                "the value contains a sealed value (sealed:v…), which get and run would refuse to print",
                "to move a sealed line, use an editor; then run: sealedfiles rebind FILE",
            )
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def encoded(text: str) -> bytes:
    """Return the bytes of *text*.  Raises UsageError for halves of characters, which have none."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(
            "the value contains a lone surrogate, or a byte that is not UTF-8",
            "encode it in base64",
        ) from None


def with_place(error: FormatError, place: WorkingFile) -> FormatError:
    """Return *error* with the file and the line that it is about in its message."""
    where = f"{place.name}:{error.line}:{error.column}" if error.line else place.name
    return FormatError(f"{where}: {error.message}", error.line, error.column)


def _is_unchanged(place: WorkingFile, plain: bytes) -> bool:
    return plain == place.opened.data and place.data is not None


def _accept_typed(place: WorkingFile, plain: bytes) -> None:
    """Forget that a checkout once wrote the values of *plain* that the file did not have so far.

    What it had is noted, if a commit has the very same file.
    """
    clone = place.workspace.clone
    if clone is None:
        return
    note_if_committed(clone, place.path, place.data or b"")
    if not clone.plaintext_memory:
        return
    before, now = (SealedText(one, place.described) for one in (place.opened.data, plain))
    clone.plaintext_memory.forget({*now.decoded_values()} - {*before.decoded_values()})


def _to_be_written(place: WorkingFile, plain: bytes) -> bytes:
    """Return *plain* in the form to write to disk. Raises what sealing raises."""
    _accept_typed(place, plain)
    if place.is_sealed:
        return place.workspace.seal(place.path, plain, place.data or b"")
    if place.workspace.is_filtered(place.path):
        # Refuse now what git's filter would refuse later, while the user can read why.
        place.workspace.seal(place.path, plain)
    return plain


def _replace(place: WorkingFile, new: bytes) -> None:
    now = place.file.read_bytes() if place.file.exists() else None
    if now != place.data:
        raise _changed(place)
    place.workspace.replace(place.file, new)


def _changed(place: WorkingFile) -> ChangedOnDiskError:
    return ChangedOnDiskError(
        f"{place.name} was changed by another program, so it was not written",
        "check it, then run the command again",
    )


def _is_sealed(workspace: Workspace, path: bytes, data: bytes, opened: Opened) -> bool:
    if opened.opened:
        return True
    if is_passed_through(path) or workspace.is_filtered(path):
        return False
    file, rules = workspace.describe(path)
    found = inspect_file(data, file, rules)
    # Neither tokens nor values: a new file, which nobody has opened, so that it begins sealed.
    return bool(found.tokens) or not found.has_plaintext
