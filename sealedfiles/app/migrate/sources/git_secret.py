"""git-secret (https://sobolevn.me/git-secret/)."""

from __future__ import annotations

import hashlib

from sealedfiles.app.migrate.openpgp import OpenPgp, is_message
from sealedfiles.app.migrate.source import FoundFile, Plaintext
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import Note

_MAPPING = b".gitsecret/paths/mapping.cfg"
_ENDING = b".secret"


class GitSecret(OpenPgp):
    """The files of git-secret."""

    name = "git-secret"

    @staticmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:
        """See Source."""
        return path.endswith(_ENDING) and is_message(data) and _MAPPING in tree.files

    def ending(self) -> bytes:
        """See OpenPgp."""
        return _ENDING

    def folder(self) -> bytes:
        """See OpenPgp."""
        return b".gitsecret"

    def ignored(self) -> tuple[bytes, ...]:
        """See OpenPgp."""
        return b".gitsecret/keys/random_seed", b"!*.secret"

    def decrypt(self, file: FoundFile) -> Plaintext:
        """See Source.  The mapping has the hash of the plaintext that was encrypted last."""
        plain = super().decrypt(file)
        digest = hashlib.sha256(plain.data).hexdigest().encode("ascii")
        lines = (self.tree.read(_MAPPING) or b"").split(b"\n")
        hashes = [line.partition(b":")[2] for line in lines if line.startswith(file.path + b":")]
        if not hashes or hashes[0] == digest:
            return plain._replace(is_confirmed=bool(hashes))
        what = f"{show_path(file.stored)} has another content than git-secret recorded"
        hint = "somebody replaced it, or a merge did: compare it with what you expect"
        return plain._replace(notes=(Note(what, (hint,)),))


SOURCE = GitSecret
