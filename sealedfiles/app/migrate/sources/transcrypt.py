"""transcrypt (https://github.com/elasticdog/transcrypt): whole files, by a filter of git, with a password."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from pathlib import Path

from sealedfiles.app.migrate.filters import filter_patterns
from sealedfiles.app.migrate.source import (
    Found,
    FoundFile,
    Plaintext,
    Removal,
    Source,
)
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.errors import NoKeyError, TamperedError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.other_tools import TRANSCRYPT
from sealedfiles.util.messages import Note

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherAlgorithm

_SALTED = b"Salted__"
_SALT = 8
_FILTER = "crypt"
_IV = 16
_CIPHERS = {"aes-256-cbc": 32, "aes-192-cbc": 24, "aes-128-cbc": 16}


class Transcrypt(Source):
    """The files of transcrypt."""

    name = "transcrypt"
    takes_key_files = True

    @staticmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:
        """See Source."""
        if not data.startswith(TRANSCRYPT):
            return False
        found = tree.filter_of(path)
        # After a migration, a branch may still have files of transcrypt, whose attributes are gone.
        return found in (_FILTER, "sealedfiles") or found.startswith(f"{_FILTER}-")

    def find(self, stored: list[bytes]) -> Found:
        """See Source."""
        files = [FoundFile(path, path, self._group(self._context(path))) for path in stored]
        patterns = filter_patterns(self.tree, _FILTER)
        contexts = {self._context(path) for path in stored} | {context for _, context in patterns}
        names = sorted(f"{_FILTER}-{one}" if one else _FILTER for one in contexts)
        attributes = [f"{kind}={name}" for name in names for kind in ("filter", "diff", "merge")]
        notes = []
        if self.tree.clone.repository.config("filter.crypt.clean"):
            what = "transcrypt stays set up in this clone, for other branches and old commits"
            notes.append(Note(what, ("when none needs it: transcrypt --flush-credentials",)))
        return Found(
            files,
            [],
            Removal((), tuple(one.encode() for one in attributes)),
            tuple(pattern for pattern, _ in patterns),
            tuple(notes),
        )

    def decrypt(self, file: FoundFile) -> Plaintext:
        """See Source."""
        name = show_path(file.stored)
        context = self._context(file.stored)
        data = self.tree.need(file.stored)
        work_tree = self.tree.clone.repository.file(file.path)
        current = work_tree.read_bytes() if work_tree.is_file() else None
        for password in self._passwords(context):
            plain, salt = self._opened(data, password, context, name)
            if plain is None:
                continue
            # The salt is made from the content, and the name that the file had when it was added.
            made = hmac.digest(file.stored + b":" + password, plain, "sha256").hex()[-2 * _SALT :]
            is_right = made == salt.hex()
            if is_right or current == plain:
                return Plaintext(plain, is_confirmed=is_right)
        raise NoKeyError(
            f"{name} does not decrypt with a password of transcrypt, or was renamed in a locked clone",
            "give a file with the password: --key FILE; or unlock the clone: transcrypt",
        )

    def _context(self, path: bytes) -> str:
        found = self.tree.filter_of(path)
        return found.removeprefix(_FILTER).removeprefix("-") if found.startswith(_FILTER) else ""

    def _group(self, context: str) -> str | None:
        return context.lower() if context not in ("", "default") else None

    def _setting(self, context: str, name: str) -> str | None:
        section = f"transcrypt.{context}" if context else "transcrypt"
        return self.tree.clone.repository.config(f"{section}.{name}")

    def _passwords(self, context: str) -> list[bytes]:
        given = [Path(file).read_bytes().rstrip(b"\r\n") for file in self.access.key_files]
        own = self._setting(context, "password")
        return [*given, *([own.encode("utf-8", "surrogateescape")] if own else [])]

    def _opened(
        self, data: bytes, password: bytes, context: str, name: str
    ) -> tuple[bytes | None, bytes]:
        """Return the plaintext, None if the password is wrong, and the salt."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7

        cipher = self._setting(context, "cipher") or "aes-256-cbc"
        if cipher.lower() not in _CIPHERS:
            raise UsageError(f"{name}: the cipher {cipher} of transcrypt is not supported")
        try:
            binary = base64.b64decode(b"".join(data.split()), validate=True)
        except (ValueError, binascii.Error):
            raise TamperedError(f"{name} is damaged") from None
        at = len(_SALTED) + _SALT
        salt, sealed = binary[len(_SALTED) : at], binary[at:]
        if not binary.startswith(_SALTED) or not sealed or len(sealed) % _IV:
            raise TamperedError(f"{name} is damaged")
        size = _CIPHERS[cipher.lower()]
        derived = _derived(password, salt, size + _IV)
        key: CipherAlgorithm = algorithms.AES(derived[:size])
        decryptor = Cipher(key, modes.CBC(derived[size:])).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        try:
            return unpadder.update(padded) + unpadder.finalize(), salt
        except ValueError:
            return None, salt


def _derived(password: bytes, salt: bytes, size: int) -> bytes:
    """Return key and IV as OpenSSL's EVP_BytesToKey does with MD5 and one round, which transcrypt uses."""
    found = block = b""
    while len(found) < size:
        block = hashlib.md5(block + password + salt, usedforsecurity=False).digest()
        found += block
    return found[:size]


SOURCE = Transcrypt
