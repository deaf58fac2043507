"""Keys for a plan: what a command would seal to groups that it would create or accept."""

from __future__ import annotations

import os
from collections.abc import Iterable

from sealedfiles.model.token import FileKey
from sealedfiles.sealing.file import Keys


class PlannedKeys:
    """*keys*, and a random key for each of *groups*, of which nothing is stored."""

    def __init__(self, keys: Keys, groups: Iterable[str]) -> None:
        self._keys = keys
        self._secrets = {group: os.urandom(32) for group in groups}
        self._made: dict[str, FileKey] = {}

    def for_prefix(self, prefix: str) -> FileKey | None:
        """See Keys."""
        return self._made.get(prefix) or self._keys.for_prefix(prefix)

    def sealing_key(self, group: str, file_id: str) -> FileKey:
        """See Keys."""
        if group not in self._secrets:
            return self._keys.sealing_key(group, file_id)
        key = FileKey(group, self._secrets[group], file_id)
        return self._made.setdefault(key.prefix, key)

    def holds(self, group: str) -> bool:
        """See Keys."""
        return group in self._secrets or self._keys.holds(group)
