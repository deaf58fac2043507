"""Check files that no pattern tracks: tokens without ``.sealedfiles/``, and private keys of readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sealedfiles import age
from sealedfiles.app.check.content import NOWHERE, read_content
from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.readers import StoredFolder
from sealedfiles.app.check.renames import Past, Task
from sealedfiles.app.check.trees import Blob
from sealedfiles.app.check.versions import FOLDER, LARGEST, IndexVersion, Store, Version
from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import is_passed_through
from sealedfiles.keys.recipients import read_recipients, reader_names
from sealedfiles.sealing import describe_file
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import counted
from sealedfiles.util.private_keys import AGE_KEY

ADD_FOLDER = "git add .sealedfiles .gitattributes"
"""The fix of tokens in a version without ``.sealedfiles/``."""

_TOKEN, _KEY = "sealed:v1:", "AGE-SECRET-KEY-"
_KEYS = lazy_pattern(AGE_KEY.encode("ascii"))
_RECIPIENTS = FOLDER + b"/recipients/"


class AnyFile:
    """Checks the files of one version after another; no content is read twice."""

    def __init__(self, store: Store, selected: Callable[[bytes], bool]) -> None:
        self._store = store
        self._selected = selected
        self._seen: set[tuple[str, bytes]] = set()
        self._readers: dict[object, dict[age.Recipient, str]] = {}

    def look_at(self, task: Task, past: Past) -> Iterator[Finding]:
        """Yield the findings of one version."""
        for path, _, data in self._store.blobs(self._small(self._entries(task, past))):
            if data is None:
                continue
            if not task.is_set_up and _TOKEN.encode() in data and not is_passed_through(path):
                yield from _tokens(path, data)
            if _KEYS.search(data):
                yield from self._private_keys(path, data, task)

    def _small(self, new: Iterator[tuple[bytes, Blob]]) -> list[tuple[bytes, Blob]]:
        entries = [
            (path, blob)
            for path, blob in new
            if (blob.is_file or blob.is_link)
            and self._selected(path)
            and (blob.oid, path) not in self._seen
        ]
        sizes = self._store.sizes([blob.oid for _, blob in entries])
        small = [(path, blob) for path, blob in entries if sizes[blob.oid] <= LARGEST]
        self._seen.update((blob.oid, path) for path, blob in small)
        return small

    def _entries(self, task: Task, past: Past) -> Iterator[tuple[bytes, Blob]]:
        """Yield the files to read: those that are new, or all if the readers are new."""
        of_readers = any(path.startswith(_RECIPIENTS) for path in past.changed_paths)
        if task.parents and not task.everything and not of_readers:
            for path, blob in past.new_entries():
                if past.is_changed_against_all(path):
                    yield path, blob
            return
        texts = [_KEY] if task.is_set_up else [_KEY, _TOKEN]
        holding = task.version.holding(texts, ignore_case=True)
        for path in sorted(holding):
            entry = task.version.entry(path)
            # With new readers, an older file may have a key that was nobody's before.
            self._seen.discard((entry.oid if entry else "", path))
            if entry:
                yield path, entry

    def _private_keys(self, path: bytes, data: bytes, task: Task) -> Iterator[Finding]:
        readers = self._readers_of(task)
        for match in _KEYS.finditer(data) if readers else ():
            try:
                recipient = age.parse_identity(match[0].decode("ascii").upper()).recipient
            except age.AgeError:
                continue
            name = readers.get(recipient) if recipient else None
            if name:
                line = data.count(b"\n", 0, match.start()) + 1
                what = f"has the private key of the reader {name} in plaintext"
                yield Finding("private-key", path, what, line, subject=str(recipient))

    def _readers_of(self, task: Task) -> dict[age.Recipient, str]:
        """Return the readers by public key: of the version, its parents, the index, and HEAD."""
        found: dict[age.Recipient, str] = {}
        versions = task.versions()
        head = self._store.resolve("HEAD^{commit}")
        if head:
            versions.append(Version(self._store, head))
        if self._store.repository.has_work_tree:
            versions.append(IndexVersion(self._store))
        for version in versions:
            files = version.folder()
            identity = frozenset(files.items())
            if identity not in self._readers:
                self._readers[identity] = _recipients(StoredFolder(files, self._store))
            found.update(self._readers[identity])
        return found


def _recipients(folder: StoredFolder) -> dict[age.Recipient, str]:
    found = {}
    for name in reader_names(folder):
        try:
            found.update(dict.fromkeys(read_recipients(folder, name), name))
        except SealedFilesError:
            continue  # reported as bad-public-key
    return found


def _tokens(path: bytes, data: bytes) -> Iterator[Finding]:
    """Yield a finding for each key of the tokens in a file; not for prose that quotes a token."""
    content = read_content(data, describe_file(path, None))
    by_key: dict[tuple[str, str], list[int]] = {}
    for one in content.held:
        if one.place != NOWHERE:
            by_key.setdefault((one.names.group, one.names.key_id), []).append(one.start)
    for (group, key_id), starts in by_key.items():
        what = f"{counted(len(starts), 'token')} of {group}, but .sealedfiles/ is missing"
        line, subject = content.line(starts[0]), f"{group}:{key_id}"
        yield Finding("unknown-group", path, what, line, own_fix=ADD_FOLDER, subject=subject)
