"""Values that are sealed in one file and in plaintext in another: copies, backups, patches, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.check.findings import Finding
from sealedfiles.check.versions import CommitVersion, IndexVersion
from sealedfiles.document import describe_file
from sealedfiles.history.values import Keys, shown_place
from sealedfiles.policy import Policy
from sealedfiles.scan.held_values import HeldValues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealedfiles.check.renames import Parent, Past
    from sealedfiles.check.versions import Blob, Store, Version
    from sealedfiles.git.clone import Clone
    from sealedfiles.scan.held_values import Match

MESSAGE = b"commit message"
"""What is given as the path of a finding in a message."""

_LARGEST = 16 << 20
"""Larger files are not compared."""


class HeldCopies:
    """Compares what a version adds with the values that the keys of *clone* open in the index."""

    def __init__(self, store: Store, clone: Clone) -> None:
        self.skipped = 0
        """How many files were too large."""
        self._store = store
        self._keys = Keys(clone)
        self._held: HeldValues | None = None
        self._compared: set[str] = set()

    def look_at(
        self,
        version: Version,
        past: Past,
        parents: list[Parent],
        selected: Callable[[bytes], bool],
    ) -> Iterator[Finding]:
        """Yield the held values that *version* has in plaintext, and no parent has."""
        entries = [
            (path, blob)
            for path, blob in past.new_entries()
            if (blob.is_file or blob.is_link)
            and blob.oid not in self._compared
            and selected(path)
            and past.is_changed_against_all(path)
        ]
        found: list[tuple[bytes, bytes, Match]] = []
        for path, blob, data in self._store.blobs(self._small(entries)):
            self._compared.add(blob.oid)
            if data:
                found += [(path, data, match) for match in self._values().find(data)]
        if isinstance(version, CommitVersion):
            data = self._store.message(version.name)
            found += [(MESSAGE, data, match) for match in self._values().find(data)]
        yield from self._findings(found, [parent.version.name for parent in parents])

    def look_at_tags(self, tags: tuple[str, ...]) -> Iterator[Finding]:
        """Yield the held values in the messages of annotated *tags*."""
        for tag in tags:
            data = self._store.message(tag)
            found = [(MESSAGE, data, match) for match in self._values().find(data)]
            yield from self._findings(found, [])

    def _small(self, entries: list[tuple[bytes, Blob]]) -> list[tuple[bytes, Blob]]:
        sizes = self._store.sizes([blob.oid for _, blob in entries])
        small = [one for one in entries if sizes.get(one[1].oid, 0) <= _LARGEST]
        self.skipped += len(entries) - len(small)
        return small

    def _values(self) -> HeldValues:
        if self._held is None:
            self._held = HeldValues(self._keys)
            version = IndexVersion(self._store)
            policy = version.policy if isinstance(version.policy, Policy) else None
            covers = version.attributes.covers
            files = [(p, b) for p, b in version.files() if b.is_file and covers(p)]
            for path, _, data in self._store.blobs(files):
                rules = policy.for_file(path.decode("utf-8", "surrogateescape")) if policy else None
                file = describe_file(path, rules.format if rules else None)
                self._held.add_file(data or b"", file)
        return self._held

    def _findings(
        self, found: list[tuple[bytes, bytes, Match]], parents: list[str]
    ) -> Iterator[Finding]:
        if not found:
            return
        # What is in plaintext in a parent is no new leak, and mostly a word that is no secret.
        public = self._store.texts_in([match.text for _, _, match in found], parents)
        for path, data, match in found:
            if any(match.text in text for text in public):
                continue
            file, key = self._values().place(match.source)
            what = f"repeats in plaintext the sealed value {shown_place(key)} of {file}"
            line = 1 + data.count(b"\n", 0, match.at)
            code = "value-in-message" if path == MESSAGE else "copied-value"
            yield Finding(code, path, what, line, subject=match.source.token)
