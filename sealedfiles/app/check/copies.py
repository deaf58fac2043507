"""Files whose tokens have the file id of another file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.tokens import CheckedFile, right_id
from sealedfiles.app.check.versions import Store, Version
from sealedfiles.sealing.file import own_ids, show_path


class Copies:
    """Records the file ids of the files of one version.

    If the records are *complete* (all sealed files), files with the same id are found in them.  Otherwise,
    only new files with an id that does not match their path are recorded, and searched for in other files.
    """

    def __init__(self, store: Store, version: Version, *, complete: bool) -> None:
        self._store = store
        self._version = version
        self._complete = complete
        self._holders: dict[str, list[bytes]] = defaultdict(list)

    def note(self, subject: CheckedFile, *, is_added: bool) -> None:
        """Record a file."""
        if not subject.content.held:
            return
        identity = right_id(subject)
        if self._complete or (is_added and identity not in own_ids(subject.path)):
            self._holders[identity].append(subject.path)

    def findings(self) -> Iterator[Finding]:
        """Yield every file that has the id of another file, which may be the owner of the id."""
        if not self._complete and self._holders:
            self._look_for_others()
        for identity, paths in self._holders.items():
            first = min(paths, key=lambda path: (identity not in own_ids(path), path))
            for path in sorted(paths):
                if path != first:
                    what = f"has the file id of {show_path(first)}"
                    yield Finding("same-id", path, what, 1)

    def _look_for_others(self) -> None:
        """Add the unchanged files with one of the ids.  Rarely needed: it reads all of them."""
        covers = self._version.attributes.covers
        files = ((p, b) for p, b in self._version.files() if b.is_file and covers(p))
        wanted = {identity: f":{identity}:".encode() for identity in self._holders}
        for path, _, data in self._store.blobs(files):
            for identity, text in wanted.items():
                if data and text in data and path not in self._holders[identity]:
                    self._holders[identity].append(path)
