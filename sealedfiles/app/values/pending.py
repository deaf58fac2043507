"""Rotations of values that have begun: each new value is kept, sealed, until it is in its file.

If the command is killed, or the file cannot be written, after the provider has the new value, the record is
the only other copy.  It is a file in git's folder, which no commit contains.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator

from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import SealedFilesError
from sealedfiles.formats.base import Data
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import Repository
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import key_step
from sealedfiles.model.token import TOKEN, VALUE, file_id, split
from sealedfiles.util import atomic

FOLDER = "rotations"
_PLACE = key_step("sealedfiles rotation")
_FILE_ID = file_id(b".git/sealedfiles/rotations")
"""What the tokens of records are bound to: in a file, such a token is refused."""


class Pending(NamedTuple):
    """A rotation that has begun.  ``repr`` contains secrets, so never use it in a message."""

    path: str
    """The file, as git stores it."""
    key: str
    """The address of the value."""
    date: str
    old: Data
    """The value that is replaced."""
    new: str | None
    """The new value; None if the command that makes it was started, and no value of it is known.  Bytes
    that are not UTF-8 are surrogates."""
    is_handed_over: bool = False
    """Whether the provider is known to have it."""
    previous: bool = False
    """Whether the old value is kept in the file."""
    public: str = ""
    """The public key, if the new value is a generated private key."""


class Unfinished(NamedTuple):
    """What can be read of a record without a key."""

    path: str
    key: str
    date: str
    is_handed_over: bool


class PendingRotations:
    """The records of one clone."""

    def __init__(self, workspace: Workspace, clone: Clone) -> None:
        self._workspace = workspace
        self._clone = clone
        self._folder = clone.repository.state_folder / FOLDER

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Run this block while no other process rotates a value in this clone.

        Raises SealedFilesError if one does: it may wait for its provider, or have started this process.
        """
        self._clone.repository.require_writable()
        atomic.make_private_folder(self._folder.parent)
        atomic.make_private_folder(self._folder)
        atomic.sweep(self._folder)

        def refuse() -> None:
            raise SealedFilesError(
                "another command rotates a value in this clone; nothing was changed",
                "wait for it, then run this command again",
            )

        with atomic.alone_in(self._folder, refuse):
            yield

    def file(self, path: str, key: str) -> os.PathLike[str]:
        """Return the file of the record for the value at *key* of the file *path*."""
        name = hashlib.sha256(f"{path}\0{key}".encode("utf-8", "surrogateescape")).hexdigest()
        return self._folder / f"{name[:32]}.json"

    def text(self, pending: Pending, group: str) -> str:
        """Return the record of *pending*: one line, with the values sealed to *group*.

        Raises what sealing raises.
        """
        key = self._workspace.ring.sealing_key(group, _FILE_ID)
        values = json.dumps([pending.old, pending.new]).encode("ascii")
        token = key.seal(VALUE, 0, key.path_tag(_PLACE), values)
        record = {**pending._asdict(), "values": token}
        del record["old"], record["new"]
        return json.dumps(record)

    def write(self, pending: Pending, group: str) -> None:
        """Store *pending*, sealed to *group*.  Raises OSError, and what sealing raises."""
        data = self.text(pending, group).encode("ascii") + b"\n"
        atomic.replace(self.file(pending.path, pending.key), data, atomic.PRIVATE)

    def read(self, path: str, key: str) -> Pending | None:
        """Return the record of a value; None if there is none.

        Raises NoKeyError if it cannot be decrypted, SealedFilesError if it is damaged.
        """
        record = _load(self.file(path, key))
        if record is None:
            return None
        file = os.fspath(self.file(path, key))
        sealed = TOKEN.fullmatch(str(record.get("values")))
        if sealed is None:
            raise _damaged(file)
        try:
            token = split(sealed[0])
            file_key = self._workspace.ring.for_prefix(token.prefix)
            if file_key is None:
                message = f"{file}: no key for the values of an unfinished rotation"
                raise self._workspace.no_key(message, token.group)
            old, new = json.loads(file_key.open(token.body)[3])
            return Pending(
                path,
                key,
                str(record["date"]),
                old,
                new,
                bool(record["is_handed_over"]),
                bool(record["previous"]),
                str(record["public"]),
            )
        except (LookupError, ValueError, TypeError):
            raise _damaged(file) from None

    def has(self, pending: Pending) -> bool:
        """Return True if exactly *pending* is stored."""
        try:
            return self.read(pending.path, pending.key) == pending
        except (SealedFilesError, OSError):
            return False

    def remove(self, path: str, key: str) -> None:
        """Remove a record, if there is one."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(self.file(path, key))


def unfinished_rotations(repository: Repository) -> list[Unfinished]:
    """Return the rotations in a clone that have begun and not ended, oldest first.  No key is needed."""
    found = []
    for file in (repository.state_folder / FOLDER).glob("*.json"):
        record = _load(file) or {}
        path, key, date = (record.get(name) for name in ("path", "key", "date"))
        if isinstance(path, str) and isinstance(key, str) and isinstance(date, str):
            found.append(Unfinished(path, key, date, record.get("is_handed_over") is True))
    return sorted(found, key=lambda one: (one.date, one.path, one.key))


def _damaged(file: str) -> SealedFilesError:
    return SealedFilesError(
        f"{file} is damaged", "if the rotation was finished in another way, remove the file"
    )


def _load(file: os.PathLike[str]) -> dict[str, object] | None:
    try:
        with open(file, "rb") as opened:
            data = json.loads(opened.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
