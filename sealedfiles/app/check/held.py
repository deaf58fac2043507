"""Find values that are sealed in one file and in plaintext in another: copies, backups, patches,
messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.held_findings import MESSAGE, findings_of
from sealedfiles.app.check.renames import ComparedVersion, Past
from sealedfiles.app.check.trees import Blob, ChangedPath
from sealedfiles.app.check.versions import (
    LARGEST,
    POLICY,
    IndexVersion,
    Store,
    Version,
    staged_version,
)
from sealedfiles.app.held.index import HeldIndex, content_id, number_of, token_id
from sealedfiles.app.held.key_names import sealed_key_names
from sealedfiles.app.held.table import ANY
from sealedfiles.app.held.values import (
    HeldValues,
    Match,
    is_telling_content,
    texts_in,
    without_tokens,
)
from sealedfiles.app.history.values import WHOLE, PastValue, TokenOpener, values_in
from sealedfiles.errors import GitError
from sealedfiles.git.cached_groups import branch_with_folder
from sealedfiles.git.clone import Clone
from sealedfiles.git.gitattributes import NAME as ATTRIBUTES
from sealedfiles.model.token import TOKEN, split
from sealedfiles.sealing import File, open_file
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.version import __version__

_Files = dict[bytes, tuple[bytes, Blob]]
"""Files by the ids of their blobs, and their formats."""

_MANY = 100
"""To look so many files up again takes longer than to ask git for the tree of the index."""

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
        self._loaded: set[int] = set()
        """The numbers of the tokens in ``_held``."""
        self._earlier: _Files = {}
        """Sealed files of parents."""
        self._path = clone.state.folder / "held"
        self._ring = clone.ring
        self._compared: set[str] = set()
        self._learned: set[str] = set()
        self._closed: dict[str, frozenset[str]] = {}
        """The tokens that were not decrypted here, by the ids of the blobs whose other tokens were."""

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
        for path, blob, data in self._store.blobs(self._candidates(entries, past)):
            if data:
                found += [
                    (path, data, match)
                    for match in self._pasted(path, data, past)
                    if match.source.token or not _has_blob(parents, blob)
                ]
        if version.name:
            data = self._store.message(version.name)
            found += [(MESSAGE, data, match) for match in self._find(data)]
        names = [parent.version.name for parent in parents]
        yield from findings_of(found, self._held, self._store, names)

    def look_at_tags(self, tags: tuple[str, ...]) -> Iterator[Finding]:
        """Yield the held values in the messages of annotated *tags*, and of tags that these are tags of."""
        waiting = list(tags)
        for tag in waiting:
            data = self._store.message(tag)
            inner = _TAG_OF_TAG.match(data)
            if inner and inner[1].decode("ascii") not in waiting:
                waiting.append(inner[1].decode("ascii"))
            found = [(MESSAGE, data, match) for match in self._find(data)]
            yield from findings_of(found, self._held, self._store, [])

    def _candidates(
        self, entries: list[tuple[bytes, Blob]], past: Past
    ) -> list[tuple[bytes, Blob]]:
        """Return those of *entries* that may contain held values, and load these values.

        They are loaded once for all: a text of tokens has some piece of a value by chance, and with many new
        files that would often be the reason to read all sealed files.
        """
        candidates = []
        found: set[int] = set()
        for path, blob, data in self._store.blobs(self._small(entries)):
            self._compared.add(blob.oid)
            if not data:
                continue
            hits = self._index.find(data, self._searched(path, blob, data, past))
            if hits:
                found |= hits
                candidates.append((path, blob))
        self._load(found)
        return candidates

    def _searched(self, path: bytes, blob: Blob, data: bytes, past: Past) -> bytes:
        """Return *data* without what is inside of tokens that hide no plaintext that is new.

        These were decrypted here, or a parent has the same file with them.
        """
        if b"sealed:v1:" not in data:
            return data
        old = b"\n".join(past.old_contents(path)).decode("latin-1")
        known = {*TOKEN.findall(old)}
        closed = self._closed.get(blob.oid)
        return without_tokens(
            data, lambda token: token in known or (closed is not None and token not in closed)
        )

    def _small(self, entries: list[tuple[bytes, Blob]]) -> list[tuple[bytes, Blob]]:
        sizes = self._store.sizes([blob.oid for _, blob in entries])
        small = [one for one in entries if sizes.get(one[1].oid, 0) <= LARGEST]
        self.skipped += len(entries) - len(small)
        return small

    def _pasted(self, path: bytes, data: bytes, past: Past) -> Iterator[Match]:
        """Yield the held values in *data*, except those that were unsealed only in their own file, and names
        of keys in a file that seals them."""
        is_judged = past.was_covered(path) or path in past.sealed
        matches = list(self._find(data))
        # Of files with the same value, only one is its source.
        is_elsewhere = any(match.source.file.path != path for match in matches)
        before = self._values_before(path, past) if is_judged and is_elsewhere else []
        found = [
            match
            for match in matches
            if not (is_judged and self._is_at_its_key(path, data, match, before))
        ]
        if found:
            names = sealed_key_names(data, self._version.describe(path), self._keys)
            yield from (match for match in found if match.held.encoded not in names)

    def _values_before(self, path: bytes, past: Past) -> list[PastValue]:
        """Return the values that the file at *path* had sealed in the parents."""
        file = self._version.describe(path)
        found = [values_in(data, file, self._keys) for data in past.old_contents(path)]
        return [value for values in found for value in values if value.token]

    def _is_at_its_key(
        self, path: bytes, data: bytes, match: Match, before: list[PastValue]
    ) -> bool:
        """Return True if *data* has the value in plaintext where the same file had it sealed.

        That is a separate finding (``sealed_before``).  *before* are the sealed values of the old file.
        """
        file = self._version.describe(path)
        text = match.held.encoded.decode("utf-8", "replace")
        if match.source.file.path == path:
            file = match.source.file
            keys = {self._held.place(match.source)[1]}
        else:
            keys = {one.path for one in before if one.text is not None and text in one.text}
        version = SealedText(data, file)
        return WHOLE in keys or any(
            span.path in keys and (text in version.literal(span) or text in version.decoded(span))
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
        entries = [
            (path, blob)
            for path, blob, data in self._store.blobs(self._small(new))
            if data and b"sealed:v1:" in data
        ]
        files = self._by_blob(entries)
        self._earlier.update(files)
        self._add(index, files)
        index.save()
        if files:
            self._loaded.clear()  # a token that was not found before may be in one of these files

    def _find(self, data: bytes) -> Iterator[Match]:
        """Yield the held values in *data*."""
        self._load(self._index.find(data))
        return self._held.find(data)

    def _load(self, found: set[int]) -> None:
        """Decrypt the tokens and files *found*, by their numbers, to search for their values."""
        new = found - self._loaded

        def is_new(name: bytes) -> bool:
            return ANY in new or number_of(name) in new

        if new:
            self._loaded |= new
            for blob, text, file in self._texts({**self._sources(new), **self._earlier}):
                self._held.add_file(text, file, _selector(file, is_new))
                if is_new(content_id(blob)):
                    plain = open_file(text, file, self._ring).data
                    self._held.add_content(text, file, plain)

    def _sources(self, found: set[int]) -> _Files:
        """Return the sealed files of the version that may have the tokens and contents *found*."""
        starts = self._index.places(found)
        if starts is None or len(starts) > _MANY or not isinstance(self._version, IndexVersion):
            return self._files
        entries = {one for start in starts for one in self._version.with_blob(start)}
        return self._by_blob(self._sealed(sorted(entries)))  # the first one is the source

    @cached_property
    def _version(self) -> Version:
        """The version with the sealed files: the index, or on an orphan branch, a branch that has some."""
        version: Version = staged_version(self._store)
        branch = "" if version.folder() else branch_with_folder(self._clone)
        commit = self._store.resolve(f"{branch}^{{commit}}") if branch else None
        return Version(self._store, commit) if commit else version

    @cached_property
    def _files(self) -> _Files:
        """All sealed files of the version."""
        return self._by_blob(self._sealed(self._version.files()))

    def _sealed(self, entries: Iterable[tuple[bytes, Blob]]) -> Iterator[tuple[bytes, Blob]]:
        covers = self._version.attributes.covers
        return ((path, blob) for path, blob in entries if blob.is_file and covers(path))

    def _by_blob(self, entries: Iterable[tuple[bytes, Blob]]) -> _Files:
        """Return *entries* by blob and format, because a blob may be at several paths."""
        found: _Files = {}
        for path, blob in entries:
            name = f"{blob.oid} {_format_name(self._version.describe(path))}".encode()
            found.setdefault(name, (path, blob))
        return found

    @cached_property
    def _index(self) -> HeldIndex:
        """The index of the held values, updated with the current files of git's index.

        If nothing but files changed since a tree whose files it has, only these files are listed.
        """
        secrets = [key.secret for group in self._ring.groups() for key in self._ring.keys(group)]
        index = HeldIndex(self._path, secrets)
        if index.is_outgrown():
            index.clear()
        head = self._store.resolve("HEAD^{commit}")
        parent = Version(self._store, head) if head else None
        if parent is None or not isinstance(self._version, IndexVersion):
            self._add(index, self._files)
            index.save()
        else:
            staged = self._version.changes(parent)
            old = ((path, one.old) for path, one in staged.items() if one.old)
            paths = self._changed_since(index.complete_for, parent)
            files = self._files if paths is None else self._by_blob(self._sealed(self._at(paths)))
            self._add(index, {**files, **self._by_blob(self._sealed(old))})
            tree = "" if self._store.missing else self._complete_tree(parent, staged)
            if tree:
                index.complete_for = f"{tree} {self._conditions}".encode()
            index.save(always=paths is None or len(paths) > _MANY)
        return index

    def _complete_tree(self, parent: Version, staged: Mapping[bytes, ChangedPath]) -> str:
        """Return a tree whose sealed files are all in the index of held values now; empty if none is known.

        This is that of *parent*, HEAD, if only few files are *staged*, and by the same rules.
        """
        if len(staged) <= _MANY and not _changes_rules(staged):
            return parent.tree
        # git commit has written it before it started the hook, and it will be the tree of HEAD.
        code, out, _ = self._store.repository.try_run("write-tree")
        if code == 0:
            return out.decode("ascii").strip()
        return "" if _changes_rules(staged) else parent.tree

    def _changed_since(self, state: bytes, parent: Version) -> set[bytes] | None:
        """Return the paths that changed since *state* (``complete_for``); None if that is not known.

        *parent* is HEAD.
        """
        tree, _, conditions = state.decode("ascii").partition(" ")
        if conditions != self._conditions:
            return None
        try:
            paths = {path for path, _ in self._store.trees.differences(tree, parent.tree)}
        except GitError:
            return None  # the commit is gone
        paths.update(self._version.changes(parent))
        return None if _changes_rules(paths) else paths

    @property
    def _conditions(self) -> str:
        """What determines the sealed files of a tree, in addition to the tree."""
        return f"{__version__} {self._store.repository.ignores_case}"

    def _at(self, paths: Iterable[bytes]) -> Iterator[tuple[bytes, Blob]]:
        for path in paths:
            blob = self._version.entry(path)
            if blob:
                yield path, blob

    def _add(self, index: HeldIndex, files: _Files) -> None:
        """Add sealed *files* to *index*."""
        new = {name: file for name, file in files.items() if index.lacks(name)}
        for blob, text, file in self._texts(new):
            tokens = {*TOKEN.findall(text.decode("latin-1"))}
            closed = {token: split(token).file_id.encode("ascii") for token in tokens}
            file_ids = {*closed.values()}
            wanted = _selector(file, index.lacks_token)
            for token, texts in texts_in(text, file, self._keys, wanted):
                name = token_id(token, _format_name(file))
                index.add(name, closed.pop(token), [text.encoded for text in texts])
            self._closed[blob.partition(b" ")[0].decode("ascii")] = frozenset(closed)
            opened = open_file(text, file, self._ring)
            if opened.opened and is_telling_content(opened.data):
                index.add_content(content_id(blob), opened.data)
                file_ids.add(content_id(blob))
            index.add_blob(blob, file_ids)

    def _texts(self, files: _Files) -> Iterator[tuple[bytes, bytes, File]]:
        """Yield sealed *files* with their texts."""
        for name, (path, _, data) in zip(files, self._store.blobs(files.values()), strict=True):
            # In a partial clone a blob may be missing now and available later.
            if data is not None:
                yield name, data, self._version.describe(path)


def _changes_rules(paths: Iterable[bytes]) -> bool:
    """Return True if other files may be sealed, or in other formats, because some of *paths* changed."""
    return any(path == POLICY or path.endswith(ATTRIBUTES) for path in paths)


def _has_blob(parents: list[ComparedVersion], blob: Blob) -> bool:
    """Return True if a parent has the same content in plaintext already, at any path."""
    return any(other.oid == blob.oid for parent in parents for _, other in parent.version.files())


def _selector(file: File, selects: Callable[[bytes], bool]) -> Callable[[str], bool]:
    """Return a function that selects the tokens of *file* by their ids."""
    format_name = _format_name(file)
    return lambda token: selects(token_id(token, format_name))


def _format_name(file: File) -> str:
    return file.format.name if file.format else ""
