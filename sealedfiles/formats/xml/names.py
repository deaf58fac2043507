"""The key paths of elements and attributes, each of which exists once however often its name is repeated."""

from __future__ import annotations

from sealedfiles.model.paths import ROOT, key_step


class Names(dict[str, "Names"]):
    """The elements below one key path, by their names."""

    def __init__(self, path: bytes = ROOT) -> None:
        self.path = path
        self._attributes: dict[str, bytes] = {}

    def __missing__(self, name: str) -> Names:
        found = self[name] = Names(self.path + key_step(name))
        return found

    def attribute(self, name: str) -> bytes:
        """Return the path of an attribute."""
        path = self._attributes.get(name)
        if path is None:
            path = self._attributes[name] = self.path + key_step(f"@{name}")
        return path
