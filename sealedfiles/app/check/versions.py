"""One version of the whole repository: the index, or a commit.

File names are never passed on a command line.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

from sealedfiles.app.check.trees import Blob, ChangedPath, Trees
from sealedfiles.errors import GitError, PolicyError
from sealedfiles.git.gitattributes import Attributes, Parsed
from sealedfiles.git.grep import files_containing
from sealedfiles.git.index import Entry, Index
from sealedfiles.git.objects import Objects
from sealedfiles.git.repository import Repository
from sealedfiles.keys.folder import NAME
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import Policy, parse_policy
from sealedfiles.sealing import File, describe_file
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import on_one_line

FOLDER = NAME.encode()
POLICY = FOLDER + b"/policy.yaml"

LARGEST = 16 << 20
"""Bytes: larger files are not read for what may be in any file."""

_SEPARATORS = lazy_pattern(rb"[\x00\r\n]")
"""`git grep` cannot search for a text that contains these bytes."""
_SHORTEST_PART = 4


class IndexChanges(NamedTuple):
    """How the index differs from a commit."""

    changed: dict[bytes, ChangedPath]
    unmerged: dict[bytes, None]
    """The paths with unresolved merges, as the keys."""


class Store:
    """The objects of a repository, and the parsed ones, shared by all versions."""

    def __init__(self, repository: Repository, objects: Objects, index: Index) -> None:
        self.repository = repository
        self.index = index
        self.index_changes: dict[str, IndexChanges] = {}
        """What differs between commits and the index."""
        self.parsed_attributes: dict[str, list[Parsed]] = {}
        self.missing: set[str] = set()
        """Objects that are missing here (a partial clone)."""
        self.trees = Trees(objects)
        self._objects = objects
        self._policies: dict[str, Policy | PolicyError] = {}

    def blob(self, oid: str) -> bytes | None:
        """Return the content of a blob, or None if it is missing, which is recorded in ``missing``."""
        data = self._objects.blob(oid.encode("ascii"))
        if data is None:
            self.missing.add(oid)
        return data

    def blobs(
        self, entries: Iterable[tuple[bytes, Blob]]
    ) -> Iterator[tuple[bytes, Blob, bytes | None]]:
        """Yield each path with its blob and content, read in batches."""
        all_of_them = list(entries)
        read = self._objects.blobs([blob.oid for _, blob in all_of_them])
        for (path, blob), data in zip(all_of_them, read, strict=True):
            if data is None:
                self.missing.add(blob.oid)
            yield path, blob, data

    def message(self, oid: str) -> bytes:
        """Return a commit or tag as git stores it, with its headers; empty if it is missing."""
        found = self._objects.read(oid.encode("ascii"))
        return found.data if found else b""

    def sizes(self, oids: list[str]) -> dict[str, int]:
        """Return the sizes of objects in bytes, 0 for missing ones."""
        sizes = self._objects.sizes([oid.encode("ascii") for oid in oids])
        return dict(zip(oids, sizes, strict=True))

    def texts_in(self, texts: list[bytes], commits: list[str]) -> set[bytes]:
        """Return those of *texts* that files of *commits* contain, possibly with other texts.

        Of a text with line ends or NUL bytes, the longest part without them is searched for, and the files
        that have it are read.
        """
        lines = {text for text in texts if not _SEPARATORS.search(text)}
        found = set(self._grep(("-h", "-o"), lines, commits).split(b"\n")[:-1])
        for text in set(texts) - lines:
            part = max(_SEPARATORS.split(text), key=len)
            # A shorter part is in too many files.
            names = self._grep(("-l", "-z"), {part} if len(part) >= _SHORTEST_PART else (), commits)
            if any(text in (self._objects.blob(name) or b"") for name in names.split(b"\x00")[:-1]):
                found.add(text)
        return found

    def _grep(
        self, options: tuple[str, ...], lines: Collection[bytes], commits: list[str]
    ) -> bytes:
        """Return what `git grep` prints for *lines* (secrets, so they go through stdin)."""
        if not lines or not commits:
            return b""
        plain = ("--no-color", "--no-line-number", "--no-column")
        stdin = b"".join(b"%b\n" % line for line in lines)
        code, out, err = self.repository.try_run(
            "grep", "-a", "-F", *plain, *options, "-f", "-", *commits, stdin=stdin
        )
        if code > 1:
            raise GitError(f"git grep failed: {on_one_line(err)}")
        return out

    def resolve(self, revision: str) -> str | None:
        """Return the id of the object that *revision* names, or None if there is none."""
        found = self._objects.read(os.fsencode(revision))
        return found.oid if found else None

    def policy(self, oid: str) -> Policy | PolicyError:
        """Return the policy in a blob, or its error."""
        if oid not in self._policies:
            try:
                self._policies[oid] = parse_policy(
                    self.blob(oid) or b"",
                    f"{NAME}/policy.yaml",
                    ignore_case=self.repository.ignores_case,
                )
            except PolicyError as error:
                self._policies[oid] = error
        return self._policies[oid]


class Version:
    """One version of the repository: a commit, or the index (``IndexVersion``)."""

    name = ""
    """The commit's id; empty for the index."""

    _grep_argument = "--cached"
    """The argument with which `git grep` searches it."""

    def __init__(self, store: Store, commit: str) -> None:
        self.store = store
        self.name = self._grep_argument = commit
        tree = store.resolve(f"{commit}^{{tree}}")
        if tree is None:
            raise GitError(
                f"the commit {commit} is missing in this clone", "run: git fetch --unshallow"
            )
        self.tree = tree

    @property
    def unmerged(self) -> Collection[bytes]:
        """The paths with unresolved merges, which are not part of the version."""
        return ()

    def entry(self, path: bytes) -> Blob | None:
        """Return the entry at *path*, or None."""
        found: Blob | None = Blob("40000", self.tree)
        for step in path.split(b"/"):
            if found is None or not found.is_tree:
                return None
            found = self.store.trees.entry(found.oid, step)
        return found

    def has(self, path: bytes) -> bool:
        """Return True if a file or folder is at *path*."""
        return self.entry(path) is not None

    def files(self) -> Iterator[tuple[bytes, Blob]]:
        """Yield every file by its path."""
        return self.store.trees.walk(self.tree)

    def links(self) -> Iterator[tuple[bytes, Blob]]:
        """Yield every symbolic link by its path."""
        return ((path, blob) for path, blob in self.files() if blob.is_link)

    def folder(self) -> Mapping[bytes, Blob]:
        """Return every file of ``.sealedfiles`` by its path (the link itself, if the folder is a link)."""
        top = self.entry(FOLDER)
        if top is None:
            return {}
        return dict(self.store.trees.walk(top.oid, FOLDER + b"/")) if top.is_tree else {FOLDER: top}

    def changes(self, parent: Version) -> dict[bytes, ChangedPath]:
        """Return every path that differs from *parent*, a commit."""
        return dict(self.store.trees.differences(parent.tree, self.tree))

    @cached_property
    def is_set_up(self) -> bool:
        """Whether it has ``.sealedfiles/``, or attributes that use the filter."""
        return bool(self.folder() or self.attributes.sealed_patterns())

    def holding(self, texts: list[str], *, ignore_case: bool = False) -> set[bytes]:
        """Return the paths of the files that contain one of *texts*."""
        return files_containing(
            self.store.repository, texts, self._grep_argument, ignore_case=ignore_case
        )

    @cached_property
    def attributes(self) -> Attributes:
        """The attributes of its ``.gitattributes`` files."""
        return Attributes(
            self._attributes_file,
            self.store.parsed_attributes,
            ignore_case=self.store.repository.ignores_case,
        )

    @cached_property
    def stored_policy(self) -> Policy | PolicyError | None:
        """The policy, or its error; None if there is no file."""
        blob = self.entry(POLICY)
        return self.store.policy(blob.oid) if blob and blob.is_file else None

    @property
    def policy(self) -> Policy | None:
        """The policy; None if there is none, or if it is invalid."""
        return self.stored_policy if isinstance(self.stored_policy, Policy) else None

    def describe(self, path: bytes) -> File:
        """Return the format of a file, as the policy says."""
        rules = self.policy.for_file(os.fsdecode(path)) if self.policy else None
        return describe_file(path, rules.format if rules else None)

    def _attributes_file(self, path: bytes) -> tuple[str, bytes] | None:
        blob = self.entry(path)
        if blob is None or not blob.is_file:
            return None
        # Already parsed: its content is not needed.
        known = blob.oid in self.store.parsed_attributes
        return blob.oid, b"" if known else self.store.blob(blob.oid) or b""


class IndexVersion(Version):
    """The index."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @cached_property
    def unmerged(self) -> Collection[bytes]:
        """See Version."""
        return self.store.index.unmerged()

    def entry(self, path: bytes) -> Blob | None:
        """See Version."""
        entry = self.store.index.entry(path)
        return Blob(entry.mode, entry.oid) if entry else None

    def has(self, path: bytes) -> bool:
        """See Version."""
        below = self.store.index.files(folder=path + b"/")
        return self.entry(path) is not None or next(below, None) is not None

    def files(self) -> Iterator[tuple[bytes, Blob]]:
        """See Version."""
        return map(_with_blob, self.store.index.files())

    def links(self) -> Iterator[tuple[bytes, Blob]]:
        """See Version."""
        return map(_with_blob, self.store.index.links())

    def with_blob(self, start: bytes) -> Iterator[tuple[bytes, Blob]]:
        """Yield the files whose blob ids begin with *start*."""
        return map(_with_blob, self.store.index.with_blob(start))

    def folder(self) -> Mapping[bytes, Blob]:
        """See Version."""
        top = self.entry(FOLDER)
        below = self.store.index.files(folder=FOLDER + b"/")
        return {FOLDER: top} if top else dict(map(_with_blob, below))

    def changes(self, parent: Version) -> dict[bytes, ChangedPath]:
        """See Version."""
        return self._compared(parent).changed

    def _compared(self, parent: Version) -> IndexChanges:
        known = self.store.index_changes
        if parent.name in known:
            return known[parent.name]
        # Otherwise .gitmodules, which anyone can push, could hide a new submodule.
        options = ("--cached", "--raw", "-z", "--no-renames", "--ignore-submodules=none")
        out = self.store.repository.run("diff-index", *options, parent.name)
        fields = out.split(b"\x00")
        found = known[parent.name] = IndexChanges({}, {})
        for head, path in zip(fields[:-1:2], fields[1::2], strict=True):
            old_mode, new_mode, old, new, status = head.decode("ascii").lstrip(":").split(" ")
            if status == "U":
                found.unmerged[path] = None
                continue
            # If a tree has a name twice, git lists both files.  Reading the trees refuses that.
            parent.entry(path)
            found.changed[path] = ChangedPath(_blob(old_mode, old), _blob(new_mode, new))
        return found


class StagedVersion(IndexVersion):
    """The index as HEAD's commit and the files that differ from it, so that git need not list all files."""

    def __init__(self, store: Store, head: Version) -> None:
        super().__init__(store)
        self._head = head

    @cached_property
    def unmerged(self) -> Collection[bytes]:
        """See Version."""
        return self._compared(self._head).unmerged

    def entry(self, path: bytes) -> Blob | None:
        """See Version."""
        changed = self.changes(self._head).get(path)
        if changed or path in self.unmerged:
            return changed.new if changed else None
        found = self._head.entry(path)
        return None if found is None or found.is_tree else found


def staged_version(store: Store) -> IndexVersion:
    """Return the index, of which few files are asked for."""
    head = store.resolve("HEAD^{commit}")
    return StagedVersion(store, Version(store, head)) if head else IndexVersion(store)


def _with_blob(entry: Entry) -> tuple[bytes, Blob]:
    return entry.path, Blob(entry.mode, entry.oid)


def _blob(mode: str, oid: str) -> Blob | None:
    return None if mode == "000000" else Blob(mode, oid)
