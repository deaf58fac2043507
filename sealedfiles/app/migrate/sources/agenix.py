"""agenix (https://github.com/ryantm/agenix), and other files of age: each is encrypted as a whole."""

from __future__ import annotations

import base64
import hashlib

from sealedfiles import age
from sealedfiles.app.migrate.source import (
    Found,
    FoundFile,
    Plaintext,
    Reader,
    Removal,
    Source,
)
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.errors import TamperedError
from sealedfiles.keys.recipients import describe_key, propose_name
from sealedfiles.sealing.file import show_path
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import Note

_ENDING = b".age"
_RULES = b"secrets.nix"
_KEY = lazy_pattern(
    r"(?:\b([A-Za-z_][A-Za-z0-9_'-]*)\s*=\s*\[?\s*)?"
    r"\"((?:ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]+|age1[a-z0-9]+)(?: ([^\"\n]*))?\""
)


class Agenix(Source):
    """The files of agenix."""

    name = "agenix"

    @staticmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:  # noqa: ARG004 - as for other tools
        """See Source."""
        return path.endswith(_ENDING) and age.is_encrypted(data)

    def find(self, stored: list[bytes]) -> Found:
        """See Source."""
        rules = [path for path in self.tree.files if path.rpartition(b"/")[2] == _RULES]
        note = Note(
            "agenix decrypts .age files when a system is activated; sealed files are decrypted in git",
            ("change what refers to them, such as age.secrets.NAME.file",),
        )
        files = [FoundFile(path, path.removesuffix(_ENDING)) for path in stored]
        readers = self._readers(files, rules)
        return Found(files, readers, Removal(tuple(rules)), (), (note,) if rules else ())

    def decrypt(self, file: FoundFile) -> Plaintext:
        """See Source."""
        name = show_path(file.stored)
        try:
            return Plaintext(age.decrypt(self.tree.need(file.stored), self.access.identities))
        except (age.NoIdentityMatch, age.KeyUnavailableError) as error:
            raise self.access.identities.no_key(
                f"{name}: no identity decrypts it ({error.message})",
                "give the file with your key: --identity FILE",
            ) from None
        except age.AgeError as error:
            raise TamperedError(f"{name}: {error.message}", *error.hints) from None

    def _readers(self, files: list[FoundFile], rules: list[bytes]) -> list[Reader]:
        """Return the readers whose keys are in secrets.nix.

        Only of an SSH key a file shows that it is encrypted to it.
        """
        text = b"\n".join(self.tree.need(path) for path in rules).decode("utf-8", "replace")
        tags = {one.path: _ssh_tags(self.tree.need(one.stored)) for one in files}
        readers: dict[str, Reader] = {}
        for name, key, comment in _KEY.findall(text):
            try:
                recipient = age.parse_recipient(key)
            except age.AgeError:
                continue
            tag = _tag(key)
            paths = frozenset(path for path, some in tags.items() if tag and tag in some)
            shown = f"{recipient.kind} {describe_key(recipient)}"
            if not tag:
                shown += ", and files do not show whether they are encrypted to it"
            chosen = name or comment.partition("@")[0] or f"key-{len(readers) + 1}"
            if key not in readers or name:
                readers[key] = Reader(propose_name(chosen), key, shown, paths)
        return list(readers.values())


def _ssh_tags(data: bytes) -> set[tuple[str, str]]:
    try:
        stanzas = age.read_header(data)
    except age.AgeError:
        return set()
    return {(one.type, one.args[0]) for one in stanzas if one.type.startswith("ssh-") and one.args}


def _tag(key: str) -> tuple[str, str] | None:
    """Return the type and the tag in the stanzas for an SSH key."""
    kind, _, text = key.partition(" ")
    if not kind.startswith("ssh-"):
        return None
    digest = hashlib.sha256(base64.b64decode(text)).digest()[:4]
    return kind, base64.b64encode(digest).decode("ascii").rstrip("=")


SOURCE = Agenix
