"""git-secret and BlackBox: each file is an ordinary OpenPGP message beside a plaintext that git ignores."""

from __future__ import annotations

from abc import abstractmethod

from sealedfiles.app.migrate.programs import decrypt_with_gpg, gpg_names, gpg_recipients
from sealedfiles.app.migrate.source import (
    Found,
    FoundFile,
    Plaintext,
    Reader,
    Removal,
    Source,
)
from sealedfiles.sealing.file import show_path

_KEYRINGS = (b"pubring.kbx", b"pubring.gpg")
"""The files in which the tools keep the public keys of the readers."""


def is_message(data: bytes) -> bool:
    """Return True if *data* begins like an OpenPGP message."""
    return data[:1] >= b"\x80" or data.startswith(b"-----BEGIN PGP MESSAGE-----")


class OpenPgp(Source):
    """Files that are encrypted with gpg, with an ending that their plaintext does not have."""

    @abstractmethod
    def ending(self) -> bytes:
        """Return the ending of encrypted files."""

    @abstractmethod
    def folder(self) -> bytes:
        """Return the folder of the tool."""

    def ignored(self) -> tuple[bytes, ...]:
        """Return lines that the tool writes to .gitignore, in addition to the plaintexts."""
        return ()

    def find(self, stored: list[bytes]) -> Found:
        """See Source."""
        files = [FoundFile(path, path.removesuffix(self.ending())) for path in stored]
        keys: dict[str, set[bytes]] = {}
        for one in files:
            for key in gpg_recipients(self.tree.need(one.stored), self.tree.top):
                keys.setdefault(key, set()).add(one.path)
        own = self.tree.below(self.folder())
        rings = [path for path in own if path.rpartition(b"/")[2] in _KEYRINGS]
        names = gpg_names(sorted(keys), self.tree.top, [*map(self.tree.need, rings)])
        readers = [
            Reader(names.get(key, key), "", f"GPG key {key}", frozenset(keys[key]))
            for key in sorted(keys)
        ]
        ignored = (*(one.path for one in files), *self.ignored())
        return Found(files, readers, Removal(tuple(own), (), ignored))

    def decrypt(self, file: FoundFile) -> Plaintext:
        """See Source."""
        name = show_path(file.stored)
        return Plaintext(decrypt_with_gpg(self.tree.need(file.stored), name, self.tree.top))
