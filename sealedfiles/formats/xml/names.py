"""The key paths of elements and attributes, each of which exists once however often its name is repeated."""

from __future__ import annotations

from sealedfiles.model.paths import key_step


class KeyPaths(dict[tuple[bytes, str], bytes]):
    """The key paths of names (an attribute's begins with ``@``) by the path above them."""

    def __missing__(self, place: tuple[bytes, str]) -> bytes:
        above, name = place
        found = self[place] = above + key_step(name)
        return found
