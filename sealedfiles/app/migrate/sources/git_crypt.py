"""git-crypt (https://www.agwa.name/projects/git-crypt/): whole files, by a filter of git."""

from __future__ import annotations

import hmac
from pathlib import Path

from sealedfiles.app.migrate.filters import filter_patterns
from sealedfiles.app.migrate.programs import decrypt_with_gpg, gpg_names, run_program
from sealedfiles.app.migrate.source import (
    Access,
    Found,
    FoundFile,
    Plaintext,
    Reader,
    Removal,
    Source,
)
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.errors import NoKeyError, TamperedError, UsageError
from sealedfiles.git import gitattributes
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.other_tools import GIT_CRYPT
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import Note, printable

_KEY_HEADER = b"\x00GITCRYPTKEY"
_FILTER = "git-crypt"
_NONCE = 12
_AES, _HMAC = 32, 64
_LARGEST_FIELD = 1 << 20
_DEFAULT = "default"
_NAME = lazy_pattern(r"[A-Za-z0-9_-]{1,128}")
"""As in git-crypt."""
_KINDS = ("filter", "diff")


class _Key(NamedTuple):
    """A key of git-crypt.  The fields after the name are secret."""

    name: str
    aes: bytes
    hmac: bytes

    def __repr__(self) -> str:
        """Show no secret."""
        return f"<key {self.name} of git-crypt>"

    def decrypt(self, data: bytes) -> bytes | None:
        """Return the plaintext of an encrypted file; None if it was made with another key."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        at = len(GIT_CRYPT)
        nonce, body = data[at : at + _NONCE], data[at + _NONCE :]
        if len(nonce) < _NONCE:
            return None
        decryptor = Cipher(algorithms.AES(self.aes), modes.CTR(nonce + bytes(4))).decryptor()
        plain = decryptor.update(body) + decryptor.finalize()
        made = hmac.digest(self.hmac, plain, "sha1")[:_NONCE]
        return plain if hmac.compare_digest(made, nonce) else None


class GitCrypt(Source):
    """The files of git-crypt."""

    name = "git-crypt"
    takes_key_files = True

    def __init__(self, tree: Tree, access: Access) -> None:
        super().__init__(tree, access)
        self._keys: dict[str, list[_Key]] = {}

    @staticmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:  # noqa: ARG004 - as for other tools
        """See Source."""
        return data.startswith(GIT_CRYPT)

    def find(self, stored: list[bytes]) -> Found:
        """See Source."""
        files = [FoundFile(path, path, self._group(self._key_name(path))) for path in stored]
        folder = self._state_folder()
        own = self.tree.below(folder)
        patterns = filter_patterns(self.tree, _FILTER)
        names = sorted({self._key_name(path) for path in stored} | {_DEFAULT})
        filters = {_filter_of(name) for name in names} | set(self._filters())
        attributes = [f"{kind}={one}".encode() for one in sorted(filters) for kind in _KINDS]
        return Found(
            files,
            list(self._readers(files, own)),
            Removal(tuple(own), tuple(attributes)),
            tuple(pattern for pattern, _ in patterns),
            tuple(self._notes(files)),
        )

    def decrypt(self, file: FoundFile) -> Plaintext:
        """See Source."""
        data = self.tree.need(file.stored)
        name = self._key_name(file.stored)
        has_name = self.tree.filter_of(file.stored).startswith(_FILTER)
        for key in ([] if has_name else self._all_keys()) or self._keys_for(name):
            plain = key.decrypt(data)
            if plain is not None:
                return Plaintext(plain, is_confirmed=self._is_confirmed(key.name, data, plain))
        raise TamperedError(
            f"{show_path(file.stored)} does not decrypt with the key {name} of git-crypt: "
            "it is damaged, or was encrypted with another key",
            "give the key of this file: --key FILE",
        )

    def _is_confirmed(self, name: str, data: bytes, plain: bytes) -> bool:
        """Return True if git-crypt itself decrypts the file to *plain*."""
        option = [] if name == _DEFAULT else [f"--key-name={name}"]
        if not self._unlocked(name).is_file():
            return False
        output = run_program(
            "git-crypt", "smudge", *option, folder=self.tree.clone.repository.top, stdin=data
        )
        return output is not None and output.status == 0 and output.data == plain

    def _key_name(self, path: bytes) -> str:
        found = self.tree.filter_of(path)
        return found.removeprefix(f"{_FILTER}-") if found.startswith(f"{_FILTER}-") else _DEFAULT

    def _group(self, name: str) -> str | None:
        return None if name == _DEFAULT else name.lower()

    def _state_folder(self) -> bytes:
        named = self.tree.clone.repository.config("git-crypt.repoStateDir")
        return (named or ".git-crypt").strip("/").encode("utf-8", "surrogateescape")

    def _unlocked(self, name: str) -> Path:
        return self.tree.clone.repository.common_dir / "git-crypt" / "keys" / name

    def _keys_for(self, name: str) -> list[_Key]:
        if name not in self._keys:
            self._keys[name] = self._load_keys(name)
        return self._keys[name]

    def _all_keys(self) -> list[_Key]:
        """Return the keys of any name that the user gave, or that this clone has.

        For a file whose attributes are gone: after a migration, a branch may still have files of git-crypt.
        """
        folder = self._unlocked(_DEFAULT).parent
        files = [*map(Path, self.access.key_files), *(folder.iterdir() if folder.is_dir() else ())]
        return [_parse_key(file.read_bytes(), str(file)) for file in files]

    def _load_keys(self, name: str) -> list[_Key]:
        """Return the keys called *name*: from files that the user gave, this clone, or for GPG."""
        if not _NAME.fullmatch(
            name
        ):  # it is part of a path, and anyone with push access could write it
            raise UsageError(f"{printable(name)} is not a name of a key of git-crypt")
        given = [_parse_key(Path(file).read_bytes(), file) for file in self.access.key_files]
        keys = [key for key in given if key.name == name]
        if keys:
            return keys
        unlocked = self._unlocked(name)
        if unlocked.is_file():
            return [_parse_key(unlocked.read_bytes(), str(unlocked))]
        error = None
        for path in self.tree.below(self._state_folder() + b"/keys/" + name.encode()):
            if path.endswith(b".gpg"):
                try:
                    data = decrypt_with_gpg(self.tree.need(path), show_path(path), self.tree.top)
                    return [_parse_key(data, show_path(path))]
                except NoKeyError as reason:
                    error = reason
        raise NoKeyError(
            f"there is no key {name} of git-crypt: this clone is not unlocked",
            "unlock it: git-crypt unlock; or give an exported key: --key FILE",
            *([error.message] if error else []),
        )

    def _filters(self) -> list[str]:
        """Return git-crypt's filters in the attributes files."""
        return sorted(
            {
                text
                for path in self.tree.attribute_files()
                for _, states in gitattributes.parse(self.tree.need(path))
                for name, state in states
                if name == b"filter" and isinstance(state, bytes)
                if (text := state.decode("utf-8", "replace")).startswith(_FILTER)
            }
        )

    def _readers(self, files: list[FoundFile], own: list[bytes]) -> list[Reader]:
        """Return those whose GPG keys are in the folder of git-crypt."""
        keys: dict[str, set[str]] = {}
        for path in own:
            parts = path.decode("utf-8", "surrogateescape").split("/")
            if parts[-1].endswith(".gpg") and len(parts) > 3:
                keys.setdefault(parts[-1].removesuffix(".gpg"), set()).add(parts[-3])
        names = gpg_names(sorted(keys), self.tree.top)
        return [
            Reader(
                names.get(one, one),
                "",
                f"GPG key {one}",
                frozenset(file.path for file in files if self._key_name(file.stored) in keys[one]),
            )
            for one in sorted(keys)
        ]

    def _notes(self, files: list[FoundFile]) -> list[Note]:
        encrypted = {file.stored for file in files}
        notes = [
            Note(
                f"{show_path(path)} belongs to git-crypt, but git has it in plaintext",
                ("it is not migrated; to seal it: sealedfiles track",),
            )
            for path, entry in self.tree.files.items()
            if path not in encrypted
            and self.tree.filter_of(path).startswith(_FILTER)
            and self.tree.clone.objects.sizes([entry.oid.encode("ascii")]) != [0]
        ]
        if self.tree.clone.repository.config("filter.git-crypt.clean"):
            hint = "git config --remove-section filter.git-crypt, and delete .git/git-crypt"
            notes.append(
                Note(
                    "git-crypt stays set up in this clone, for other branches and old commits",
                    (f"when none needs it: {hint}",),
                )
            )
        return notes


def _filter_of(name: str) -> str:
    return _FILTER if name == _DEFAULT else f"{_FILTER}-{name}"


def _parse_key(data: bytes, where: str) -> _Key:
    """Read a key file of git-crypt.  Raises UsageError."""
    if len(data) == _AES + _HMAC:  # before version 0.4
        return _Key(_DEFAULT, data[:_AES], data[_AES:])
    if not data.startswith(_KEY_HEADER) or data[len(_KEY_HEADER) :][:4] != b"\x00\x00\x00\x02":
        raise UsageError(f"{where} is not a key file of git-crypt")
    fields = _Fields(data, len(_KEY_HEADER) + 4, where)
    name = fields.read(known=(1,)).get(1, b"").decode("utf-8", "replace") or _DEFAULT
    while fields.has_more:
        entry = fields.read(known=(1, 3, 5))
        # The version in use is not in a file's header; git-crypt has never written another one than 0.
        sizes = len(entry.get(3, b"")), len(entry.get(5, b""))
        if entry.get(1) == bytes(4) and sizes == (_AES, _HMAC):
            return _Key(name, entry[3], entry[5])
    raise UsageError(f"{where} has no key of version 0")


class _Fields:
    """The fields of a key file: a number, a length and bytes each, up to the number 0."""

    def __init__(self, data: bytes, at: int, where: str) -> None:
        self._data, self._at, self._where = data, at, where

    @property
    def has_more(self) -> bool:
        return self._at < len(self._data)

    def read(self, known: tuple[int, ...]) -> dict[int, bytes]:
        found = {}
        while number := self._number():
            size = self._number()
            if (number not in known and number % 2) or size > _LARGEST_FIELD:
                raise UsageError(f"{self._where} is from a newer version of git-crypt, or damaged")
            found[number] = self._take(size)
        return found

    def _number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise UsageError(f"{self._where} is cut off")
        self._at += size
        return taken


SOURCE = GitCrypt
