"""Find values that are sealed in one file and in plaintext in another: copies, backups, patches,
messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.renames import ComparedVersion, Past
from sealedfiles.app.check.versions import (
    LARGEST,
    Blob,
    CommitVersion,
    IndexVersion,
    Store,
    Version,
)
from sealedfiles.app.held.encodings import note_on_encoding
from sealedfiles.app.held.index import HeldIndex, content_id, token_id
from sealedfiles.app.held.values import HeldValues, Match, is_telling_content, texts_in
from sealedfiles.app.history.values import WHOLE, TokenOpener, shown_place
from sealedfiles.git.cached_groups import branch_with_folder
from sealedfiles.git.clone import Clone
from sealedfiles.sealing import File, describe_file, open_file
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.lazy_pattern import lazy_pattern

MESSAGE = b"commit message"
"""The path of findings in commit and tag messages."""

_TAG_OF_TAG = lazy_pattern(rb"object ([0-9a-f]{40,64})\ntype tag\n")


class HeldCopies:
    """Compares the additions of a version with the values of the index that *clone* can decrypt."""

    def __init__(self, store: Store, clone: Clone) -> None:
        self.skipped = 0
        """The number of files that were too large."""
        self._store = store
        self._clone = clone
        self._keys = TokenOpener(clone)
        self._held = HeldValues(self._keys)
        self._loaded: set[bytes] = set()
        """The ids of the tokens in ``_held``."""
        self._described: dict[bytes, File] = {}
        self._path = clone.state.folder / "held"
        self._ring = clone.ring
        self._compared: set[str] = set()
        self._learned: set[str] = set()

    def look_at(
        self,
        version: Version,
        past: Past,
        parents: list[ComparedVersion],
        selected: Callable[[bytes], bool],
    ) -> Iterator[Finding]:
        """Yield the held values that are in plaintext in *version* and not in any parent."""
        entries = [
            (path, blob)
            for path, blob in past.new_entries()
            if (blob.is_file or blob.is_link)
            and blob.oid not in self._compared
            and selected(path)
            and past.is_changed_against_all(path)
        ]
        self._learn(past)
        found: list[tuple[bytes, bytes, Match]] = []
        for path, blob, data in self._store.blobs(self._candidates(entries)):
            if data:
                found += [
                    (path, data, match)
                    for match in self._pasted(path, data, past)
                    if match.source.token or not _has_blob(parents, blob)
                ]
        if isinstance(version, CommitVersion):
            data = self._store.message(version.name)
            found += [(MESSAGE, data, match) for match in self._find(data)]
        yield from self._findings(found, [parent.version.name for parent in parents])

    def look_at_tags(self, tags: tuple[str, ...]) -> Iterator[Finding]:
        """Yield the held values in the messages of annotated *tags*, and of tags that these are tags of."""
        waiting = list(tags)
        for tag in waiting:
            data = self._store.message(tag)
            inner = _TAG_OF_TAG.match(data)
            if inner and inner[1].decode("ascii") not in waiting:
                waiting.append(inner[1].decode("ascii"))
            found = [(MESSAGE, data, match) for match in self._find(data)]
            yield from self._findings(found, [])

    def _candidates(self, entries: list[tuple[bytes, Blob]]) -> list[tuple[bytes, Blob]]:
        """Return those of *entries* that may contain held values, and load these values.

        They are loaded once for all: a text of tokens has some piece of a value by chance, and with many new
        files that would often be the reason to read all sealed files.
        """
        candidates = []
        found: set[bytes] = set()
        for path, blob, data in self._store.blobs(self._small(entries)):
            self._compared.add(blob.oid)
            hits = self._index.find(data) if data else set()
            if hits:
                found |= hits
                candidates.append((path, blob))
        self._load(found)
        return candidates

    def _small(self, entries: list[tuple[bytes, Blob]]) -> list[tuple[bytes, Blob]]:
        sizes = self._store.sizes([blob.oid for _, blob in entries])
        small = [one for one in entries if sizes.get(one[1].oid, 0) <= LARGEST]
        self.skipped += len(entries) - len(small)
        return small

    def _pasted(self, path: bytes, data: bytes, past: Past) -> Iterator[Match]:
        """Yield the held values in *data*, except those that were unsealed only in their own file."""
        is_judged = past.was_covered(path) or path in past.sealed
        for match in self._find(data):
            if not (is_judged and self._is_at_its_key(path, data, match)):
                yield match

    def _is_at_its_key(self, path: bytes, data: bytes, match: Match) -> bool:
        """Return True if *data* has the value in plaintext where the same file had it sealed.

        That is a separate finding (``sealed_before``).
        """
        if match.source.file.path != path:
            return False
        key = self._held.place(match.source)[1]
        version = SealedText(data, match.source.file)
        text = match.held.encoded.decode("utf-8", "replace")
        return key == WHOLE or any(
            span.path == key and (text in version.literal(span) or text in version.decoded(span))
            for span in version.values
        )

    def _learn(self, past: Past) -> None:
        """Add the values that the parents have sealed in files that differ here.

        A value that is cut from a sealed file and pasted elsewhere, or that moves with its file to a name
        that no pattern matches, is not in the index any more.
        """
        index = self._index
        new = [(path, blob) for path, blob in past.old_entries() if blob.oid not in self._learned]
        self._learned.update(blob.oid for _, blob in new)
        names = []
        for path, blob, data in self._store.blobs(self._small(new)):
            if data and b"sealed:v1:" in data:
                file = self._described.setdefault(path, describe_file(path))
                name = f"{blob.oid} {_format_name(file)}".encode()
                if name not in self._files:
                    self._files[name] = (path, blob)
                    names.append(name)
        self._add(index, names)
        if names:
            self._loaded.clear()  # a token that was not found before may be in one of these files

    def _find(self, data: bytes) -> Iterator[Match]:
        """Yield the held values in *data*."""
        self._load(self._index.find(data))
        return self._held.find(data)

    def _load(self, found: set[bytes]) -> None:
        """Decrypt the tokens and files *found*, by their ids, to search for their values."""
        new = found - self._loaded
        if new:
            self._loaded |= new
            for blob, text, file in self._texts(list(self._files)):
                self._held.add_file(text, file, _selector(file, new.__contains__))
                if content_id(blob) in new:
                    plain = open_file(text, file, self._ring).data
                    self._held.add_content(text, file, plain)

    @cached_property
    def _files(self) -> dict[bytes, tuple[bytes, Blob]]:
        """The sealed files of the index, by blob and format, because a blob may be at several paths.

        An orphan branch has no sealed files; there, the files are those of a branch that has some.
        """
        version: Version = IndexVersion(self._store)
        branch = "" if version.folder() else branch_with_folder(self._clone)
        commit = self._store.resolve(f"{branch}^{{commit}}") if branch else None
        if commit:
            version = CommitVersion(self._store, commit)
        covers = version.attributes.covers
        found: dict[bytes, tuple[bytes, Blob]] = {}
        for path, blob in version.files():
            if blob.is_file and covers(path):
                file = self._described[path] = version.describe(path)
                found.setdefault(f"{blob.oid} {_format_name(file)}".encode(), (path, blob))
        return found

    @cached_property
    def _index(self) -> HeldIndex:
        """The index of the held values, updated with the current files of git's index."""
        secrets = [key.secret for group in self._ring.groups() for key in self._ring.keys(group)]
        index = HeldIndex(self._path, secrets)
        if index.is_outgrown():
            index.clear()
        self._add(index, list(self._files))
        return index

    def _add(self, index: HeldIndex, names: list[bytes]) -> None:
        """Add the sealed files *names* to *index*."""
        for blob, text, file in self._texts([one for one in names if index.lacks(one)]):
            for token, texts in texts_in(
                text, file, self._keys, _selector(file, index.lacks_token)
            ):
                index.add(token_id(token, _format_name(file)), [text.encoded for text in texts])
            opened = open_file(text, file, self._ring)
            if opened.opened and is_telling_content(opened.data):
                index.add_content(content_id(blob), opened.data)
            index.add_blob(blob)
        index.save()

    def _texts(self, names: list[bytes]) -> Iterator[tuple[bytes, bytes, File]]:
        """Yield the sealed files *names* of git's index, with their texts."""
        files = [self._files[name] for name in names]
        for name, (path, _, data) in zip(names, self._store.blobs(files), strict=True):
            # In a partial clone a blob may be missing now and available later.
            if data is not None:
                yield name, data, self._described[path]

    def _findings(
        self, found: list[tuple[bytes, bytes, Match]], parents: list[str]
    ) -> Iterator[Finding]:
        if not found:
            return
        # A text that is in plaintext in a parent is not a new leak, and usually not a secret.
        texts = [text for _, _, match in found if match.source.token for text in _texts_of(match)]
        public = self._store.texts_in(texts, parents)
        reported = set()
        for path, data, match in found:
            if any(own in text for text in public for own in _texts_of(match)):
                continue
            file, key = self._held.place(match.source)
            what = f"repeats the sealed value {shown_place(key)} of {file} in plaintext"
            what += note_on_encoding(match.held.encoding)
            if not match.source.token:
                what = f"is a copy in plaintext of {file}, which is sealed"
                if path in reported:
                    continue  # its values say more
            reported.add(path)
            line = 1 + data.count(b"\n", 0, match.at)
            code = "value-in-message" if path == MESSAGE else "copied-value"
            yield Finding(code, path, what, line, subject=match.source.token)


def _texts_of(match: Match) -> set[bytes]:
    """Return the texts with which a parent has the value in plaintext already."""
    return {match.held.encoded, match.held.text}


def _has_blob(parents: list[ComparedVersion], blob: Blob) -> bool:
    """Return True if a parent has the same content in plaintext already, at any path."""
    return any(other.oid == blob.oid for parent in parents for _, other in parent.version.files())


def _selector(file: File, selects: Callable[[bytes], bool]) -> Callable[[str], bool]:
    """Return a function that selects the tokens of *file* by their ids."""
    format_name = _format_name(file)
    return lambda token: selects(token_id(token, format_name))


def _format_name(file: File) -> str:
    return file.format.name if file.format else ""
