"""The values of sealed files in Python: ``load``, ``loads``, ``load_env``, and ``Document`` to change them.

A file may be sealed or decrypted on disk, in a repository or outside of one; keys are found in the same
places as on the command line.  Every error is a SealedFilesError, except the OSError of a file that does
not exist or cannot be read.  A token is never returned as a value.

Import these names from ``sealedfiles`` itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from sealedfiles import formats
from sealedfiles.app.files.assignment import assigned, refuse_collection, removed, value_at
from sealedfiles.app.files.still_sealed import leave_out_tokens
from sealedfiles.app.files.trust import look_up, require_readers_value, require_trusted
from sealedfiles.app.files.working_file import (
    WorkingFile,
    encoded,
    load_values,
    read_again,
    read_in_place,
    refuse_token_values,
    with_place,
    write_in_place,
)
from sealedfiles.app.links import refuse_pushed_links
from sealedfiles.app.workspace import ReadOptions, workspace_at
from sealedfiles.errors import FormatError, UsageError
from sealedfiles.model.address import no_such_value, parse_address, show_address
from sealedfiles.sealing import File
from sealedfiles.sealing.file import show_path, structured_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealedfiles.app.files.assignment import EditedText
    from sealedfiles.formats.base import Data, Editor
    from sealedfiles.model.address import Address

AnyPath: TypeAlias = "str | os.PathLike[str]"
Sealed: TypeAlias = Literal["raise", "omit"]
"""The treatment of values that no available key decrypts: an error, or they are left out."""

_T = TypeVar("_T")

# The result is Any for type checkers, like that of ``json.load``: its shape depends on the file.


def load(
    path: AnyPath,
    *,
    identity: AnyPath | None = None,
    dialect: str = "python",
    sealed: Sealed = "raise",
    allow_retired: bool = False,
    allow_plaintext: bool = False,
    resolve: bool = False,
) -> Any:
    """Return the values of a YAML, JSON, TOML or .env file, as ``json.load`` would.

    *identity* is a file with the private key to try first.  *dialect* is how a .env file is read, see
    ``sealedfiles get --help``.  A value that no available key decrypts raises NoKeyError; with
    ``sealed="omit"``, keys and list items of groups that the caller does not read are left out, as long
    as anything can be decrypted.  A token raises TamperedError if it is damaged, belongs to another
    place, or was created with a key that was retired when a reader was removed (unless
    *allow_retired*).  So does a value that is in plaintext in git although the policy seals it, unless
    *allow_plaintext*: anyone with
    push access could have written it.

    With *resolve*, secret references (``ref+vault://secret/app#password``) are replaced by the secrets that
    they name.  The policy must allow their schemes.  The two options above exclude it.

    Raises FormatError if the text does not parse, UsageError if the file has no values or is not in a
    folder with sealedfiles, OSError (FileNotFoundError, …) if it cannot be read, and RemoteError if a
    reference cannot be resolved.
    """
    options = _options(identity, allow_retired, allow_plaintext, resolve=resolve)
    place = _read(path, options)
    values = _values(place, dialect, sealed)
    if not resolve:
        return values
    from sealedfiles.app.resolving.data import resolved_data
    from sealedfiles.app.resolving.resolver import Resolver

    return resolved_data(place, values, Resolver(), complete=True)[0]


def loads(
    text: str | bytes,
    format: Literal[  # noqa: A002 - named as in the policy
        "yaml", "json", "dotenv", "toml", "ndjson", "properties", "ini", "tfvars", "xml"
    ],
    *,
    path: AnyPath | None = None,
    root: AnyPath | None = None,
    identity: AnyPath | None = None,
    dialect: str = "python",
    sealed: Sealed = "raise",
    allow_retired: bool = False,
    allow_plaintext: bool = False,
) -> Any:
    """Return the values of the *text* of a file, sealed or not, as ``load`` does.

    Keys come from the folder with sealedfiles at or above *root*, by default the current folder.  All
    tokens must belong to one file: the one at *path* (relative to *root*), by default the one that most
    tokens belong to.
    """
    if format not in formats.NAMES:
        raise UsageError(f"unknown format {format}", f"use one of {', '.join(formats.NAMES)}")
    start = Path(root if root is not None else ".").absolute()
    workspace = workspace_at(start, _options(identity, allow_retired, allow_plaintext))
    workspace.require_accepted()
    if path is not None:
        refuse_pushed_links(start / path)
    name = b"the text" if path is None else workspace.path_of(start / path)
    form = formats.load(format)
    described = File(name, form, quoted=form is not None and form.quoted)
    data = encoded(text) if isinstance(text, str) else text
    if structured_text(data) is None:
        raise UsageError(f"{show_path(name)} is not UTF-8")
    opened = workspace.open(data, described)
    file = workspace.root / os.fsdecode(name)
    place = WorkingFile(workspace, file, name, described, data, opened)
    if path is not None:
        return _values(place, dialect, sealed)
    # It is unknown which file in git this is, so there is nothing to compare it with.
    value = _placed(place, lambda: load_values(place, dialect))
    return _without_tokens(place, value, sealed)


def load_env(
    path: AnyPath = ".env",
    *,
    override: bool = False,
    identity: AnyPath | None = None,
    dialect: str = "python",
    sealed: Sealed = "raise",
    allow_retired: bool = False,
    allow_plaintext: bool = False,
    allow_variables: Sequence[str] = (),
    resolve: bool = False,
) -> bool:
    """Put the values of a file into ``os.environ``, as python-dotenv's ``load_dotenv`` does.

    Existing variables do not change, unless *override* is set.  A file in another format is
    flattened: ``database.password`` becomes ``DATABASE_PASSWORD``.  Returns True if anything was set.

    A variable that makes programs load code (``PATH``, ``LD_PRELOAD``, ``NODE_OPTIONS`` …) must be sealed, or
    be one of *allow_variables*.  *resolve* is as for ``load``.

    Raises as ``load`` does, and UsageError for a value that no variable can hold; then nothing is set.
    """
    from sealedfiles.app.run.variables import choose, read_sources, sealed_names

    options = _options(identity, allow_retired, allow_plaintext, resolve=resolve)
    place = _read(path, options)
    sources = read_sources([place], dialect, override=override)
    _without_tokens(place, [variable.value for variable in sources[0].variables], sealed)
    require_trusted(place)
    found = choose(sources, allowed=(*allow_variables, *(() if override else os.environ)))
    new_names = [name for name in found if override or name not in os.environ]
    if resolve:
        from sealedfiles.app.resolving.resolver import Resolver
        from sealedfiles.app.resolving.variables import resolve_variables

        unused = {*found} - {*new_names}
        resolved = resolve_variables(sources, found, Resolver(), unused=unused, complete=True)
        found = resolved.variables
    new = {name: found[name].value for name in new_names}
    os.environ.update({**new, **sealed_names(sources, new)})
    return bool(new)


class Document:
    """One file that a program changes: ``set`` and ``unset`` change only the affected lines.

    Paths are written as on the command line: ``database.password``, ``users[0].token``,
    ``data."tls.crt"``; a tuple of keys and positions is accepted too.  Nothing is written before ``save``;
    as a context manager a document saves itself, unless the block raises.
    """

    def __init__(self, place: WorkingFile, dialect: str = "python") -> None:
        """Use ``Document.open``."""
        self._saved = place
        self._place = place
        self._dialect = dialect

    @classmethod
    def open(
        cls,
        path: AnyPath,
        *,
        identity: AnyPath | None = None,
        dialect: str = "python",
        create: bool = False,
    ) -> Document:
        """Open a file, with *create* also one that does not exist yet.  Raises as ``load`` does."""
        place = _read(path, _options(identity), may_be_new=create)
        place.text()
        return cls(place, dialect)

    def get(self, path: str | Address) -> Any:
        """Return one value.  Raises NoSuchValueError; NoKeyError or TamperedError if it stays sealed."""
        return self._do(lambda: look_up(self._place, _address(path), self._load(), self._dialect))

    def set(
        self,
        path: str | Address,
        value: Data,
        *,
        create: bool = True,
        replace: bool = False,
    ) -> None:
        """Change one value, or add it with the keys above it.

        With ``create=False`` a path without a value raises NoSuchValueError: a misspelled key is not
        added.  A mapping or list is replaced by a single value only with *replace*; another
        mapping or list replaces it in any case.

        Raises UsageError if the path leads through a value that is not a collection, or if the format
        cannot hold *value*.
        """
        refuse_token_values(value)
        address = _address(path)

        def change(editor: Editor, text: str) -> EditedText:
            is_there, old = value_at(editor, text, address)
            if not create and not is_there:
                raise no_such_value(address, editor.addresses(text) if text.strip() else ())
            if not replace and not isinstance(value, (dict, list, tuple)):
                refuse_collection(address, old, "to replace all of it: replace=True")
            return assigned(editor, text, address, value, replace=True)

        self._change(change)

    def unset(self, path: str | Address) -> None:
        """Remove one key or list item, with its lines and all values in it.  Raises NoSuchValueError."""
        self._change(lambda editor, text: removed(editor, text, _address(path)))

    def paths(self) -> list[str]:
        """Return the path of every value, sealed ones too, in file order."""
        text = self._place.text()[1]
        return [show_address(a) for a in self._do(lambda: self._place.editor().addresses(text))]

    def data(self, *, sealed: Sealed = "raise") -> Any:
        """Return all values, as ``load`` does."""
        return _values(self._place, self._dialect, sealed)

    def save(self) -> bool:
        """Write the changes; return True if there were any.  The document is then the saved file.

        Raises ChangedOnDiskError if another program wrote the file after it was opened, NoKeyError or
        PolicyError if a value cannot be sealed, and OSError.  Then nothing is written.
        """
        if not write_in_place(self._saved, self._place.opened.data):
            return False
        self._saved = self._place = read_again(self._saved)
        return True

    def __enter__(self) -> Document:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None:
            self.save()

    def __repr__(self) -> str:
        # Neither values nor paths: representations end up in logs.
        changed = self._place.opened.data != self._saved.opened.data
        return f"<Document {self._saved.name}{', changed' if changed else ''}>"

    def _load(self) -> Data:
        return load_values(self._place, self._dialect)

    def _change(self, change: Callable[[Editor, str], EditedText]) -> None:
        bom, text = self._place.text()
        new = encoded(bom + self._do(lambda: change(self._place.editor(), text)).text)
        self._place = self._place._replace(opened=self._place.opened._replace(data=new))

    def _do(self, action: Callable[[], _T]) -> _T:
        return _placed(self._place, action)


def _read(path: AnyPath, options: ReadOptions, *, may_be_new: bool = False) -> WorkingFile:
    file = Path(path)
    # Python's own error for a missing file: Python callers expect it.
    (file.absolute().parent if may_be_new else file).stat()
    return read_in_place(file, options, may_be_new=may_be_new)


def _options(
    identity: AnyPath | None,
    allow_retired: bool = False,
    allow_plaintext: bool = False,
    *,
    resolve: bool = False,
) -> ReadOptions:
    if resolve and (allow_retired or allow_plaintext):
        raise UsageError(
            "secret references are not resolved from values that anyone could have written"
        )
    named = None if identity is None else os.fspath(identity)
    return ReadOptions(named, allow_retired, allow_plaintext)


def _address(path: str | Address) -> Address:
    return parse_address(path) if isinstance(path, str) else tuple(path)


def _values(place: WorkingFile, dialect: str, sealed: Sealed) -> Data:
    value = _without_tokens(place, _placed(place, lambda: load_values(place, dialect)), sealed)
    _placed(place, lambda: require_readers_value(place, (), dialect))
    return value


def _without_tokens(place: WorkingFile, value: Data, sealed: Sealed) -> Data:
    if sealed == "omit":
        return leave_out_tokens(place, value)
    if sealed != "raise":
        raise UsageError(f"sealed cannot be {sealed}", 'use "raise" or "omit"')
    place.require_no_tokens(value)
    return value


def _placed(place: WorkingFile, action: Callable[[], _T]) -> _T:
    """Return the result of *action* on the text of *place*; its errors name the file."""
    try:
        return action()
    except FormatError as error:
        raise with_place(error, place) from None
