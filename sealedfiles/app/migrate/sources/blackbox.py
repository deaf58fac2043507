"""BlackBox (https://github.com/StackExchange/blackbox), which is no longer developed."""

from __future__ import annotations

from sealedfiles.app.migrate.openpgp import OpenPgp, is_message
from sealedfiles.app.migrate.tree import Tree

_FOLDERS = (b".blackbox", b"keyrings/live")
_LIST = b"blackbox-files.txt"
_ENDING = b".gpg"


class BlackBox(OpenPgp):
    """The files of BlackBox."""

    name = "blackbox"

    @staticmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:
        """See Source."""
        if not path.endswith(_ENDING) or not is_message(data):
            return False
        listed = [tree.read(folder + b"/" + _LIST) or b"" for folder in _FOLDERS]
        return path.removesuffix(_ENDING) in b"\n".join(listed).split(b"\n")

    def ending(self) -> bytes:
        """See OpenPgp."""
        return _ENDING

    def folder(self) -> bytes:
        """See OpenPgp."""
        found = [one for one in _FOLDERS if one + b"/" + _LIST in self.tree.files]
        return found[0] if found else _FOLDERS[0]


SOURCE = BlackBox
