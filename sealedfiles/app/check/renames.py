"""Find the versions of files in the parents, under the same or another name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from sealedfiles.app.check.changes import made_from
from sealedfiles.app.check.content import Content, read_content
from sealedfiles.app.check.trees import Blob, ChangedPath
from sealedfiles.app.check.versions import LARGEST, Store, Version
from sealedfiles.git.clone import is_passed_through
from sealedfiles.git.gitattributes import NAME as ATTRIBUTES
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing.file import show_path

_LARGEST = 1 << 20
_MOST = 500
"""The maximum size and number of new files that are compared with removed files."""


class ComparedVersion(NamedTuple):
    """A version to compare with."""

    name: str
    """Its name in messages: ``HEAD``, or an abbreviated commit."""
    version: Version


class Task(NamedTuple):
    """A version to check."""

    version: Version
    parents: list[ComparedVersion]
    everything: bool
    """Whether all files are checked, and not only those that differ from the parents."""

    @property
    def is_set_up(self) -> bool:
        """Whether the version or a parent has ``.sealedfiles/``, or attributes that use the filter."""
        return any(one.is_set_up for one in self.versions())

    def versions(self) -> list[Version]:
        """Return the version, and those to compare it with."""
        return [self.version, *(parent.version for parent in self.parents)]


class Before(NamedTuple):
    """The version of a file in a parent."""

    name: str
    """Its name in messages: the parent, or `PARENT:PATH` if the path differs."""
    content: Content
    is_renamed: bool = False
    was_covered: bool = True
    """Whether an attribute of the parent covers it; `sealedfiles seal` seals other files too."""


class Past:
    """The parents of one version.

    *prefixes* returns the beginnings of the tokens of a version's own keys.
    """

    def __init__(
        self,
        store: Store,
        version: Version,
        parents: list[ComparedVersion],
        prefixes: Callable[[Version], list[str]],
    ) -> None:
        self._prefixes = prefixes
        self._store = store
        self._version = version
        self._parents = parents

    @cached_property
    def _changes(self) -> list[dict[bytes, ChangedPath]]:
        return [self._version.changes(parent.version) for parent in self._parents]

    @cached_property
    def changed_paths(self) -> set[bytes]:
        """Every path that differs from a parent."""
        return {path for changed in self._changes for path in changed}

    @cached_property
    def _other_attributes(self) -> bool:
        return any(path.endswith(ATTRIBUTES) for path in self.changed_paths)

    def new_entries(self) -> Iterator[tuple[bytes, Blob]]:
        """Yield the existing files that differ from a parent; all of them if there is none."""
        if not self._parents:
            yield from self._version.files()
        new = {p: one.new for changed in self._changes for p, one in changed.items() if one.new}
        yield from new.items()

    def old_entries(self) -> Iterator[tuple[bytes, Blob]]:
        """Yield the files of the parents that differ here or were removed."""
        for changed in self._changes:
            yield from ((p, one.old) for p, one in changed.items() if one.old and one.old.is_file)

    def old_contents(self, path: bytes) -> list[bytes]:
        """Return the contents of the file in the parents, if they differ here and are not too large."""
        old = [changed[path].old for changed in self._changes if path in changed]
        oids = [one.oid for one in old if one and one.is_file]
        sizes = self._store.sizes(oids)
        return [self._store.blob(oid) or b"" for oid in oids if sizes[oid] <= LARGEST]

    def is_changed_against_all(self, path: bytes) -> bool:
        """Return True if the file differs from all parents."""
        return all(path in changed for changed in self._changes)

    def was_covered(self, path: bytes) -> bool:
        """Return True if the file or the attributes changed, and the filter applied to the file in
        a parent."""
        if path not in self.changed_paths and not self._other_attributes:
            return False
        return any(
            (blob := parent.version.entry(path)) is not None
            and blob.is_file
            and parent.version.attributes.covers(path)
            for parent in self._parents
        )

    @cached_property
    def sealed(self) -> set[bytes]:
        """The paths that differ here and that a parent has sealed, although no attribute covers them.

        `sealedfiles seal` seals such files.
        """
        found: set[bytes] = set()
        for parent, changed in zip(self._parents, self._changes, strict=True):
            prefixes = [one.encode("ascii") for one in self._prefixes(parent.version)]
            covers = parent.version.attributes.covers
            old = [
                (path, change.old.oid)
                for path, change in (changed if prefixes else {}).items()
                if change.old and change.old.is_file
                if not is_passed_through(path) and not covers(path)
            ]
            sizes = self._store.sizes([oid for _, oid in old])
            for path, oid in old:
                # One by one: several large files together may not fit into memory.
                data = self._store.blob(oid) if sizes[oid] <= LARGEST else None
                if data and b"sealed:v1:" in data and any(one in data for one in prefixes):
                    found.add(path)
        return found

    def old_ids(self, path: bytes) -> Iterator[str]:
        """Yield an identity of the file's versions in the parents."""
        for changed in self._changes:
            change = changed.get(path)
            yield change.old.oid if change and change.old else ""
        for before in self.renamed.get(path, ()):
            yield before.name

    def versions_of(self, path: bytes) -> list[Before]:
        """Return the versions of the file in the parents, if they differ from the current one."""
        found = list(self.renamed.get(path, ()))
        for parent, changed in zip(self._parents, self._changes, strict=True):
            old = changed[path].old if path in changed else None
            content = self._content(parent, path, old) if old and old.is_file else None
            if content:
                found.append(Before(parent.name, content))
        return found

    @cached_property
    def renamed(self) -> dict[bytes, list[Before]]:
        """The new files that are renamed sealed files, with the old versions."""
        found: dict[bytes, list[Before]] = {}
        for parent, changed in zip(self._parents, self._changes, strict=True):
            vanished = dict(self._vanished(parent, changed))
            added = [
                (path, change.new)
                for path, change in changed.items()
                if change.new and change.new.is_file and not change.old
            ]
            for path, _, data in self._store.blobs(added[:_MOST] if vanished else ()):
                origin = made_from(data, path, vanished) if data and len(data) <= _LARGEST else None
                if origin:
                    name = f"{parent.name}:{show_path(origin[0])}"
                    covered = parent.version.attributes.covers(origin[0])
                    before = Before(name, origin[1], is_renamed=True, was_covered=covered)
                    found.setdefault(path, []).append(before)
        return found

    def _vanished(
        self, parent: ComparedVersion, changed: dict[bytes, ChangedPath]
    ) -> Iterator[tuple[bytes, Content]]:
        for path, change in changed.items():
            is_gone = change.old and change.old.is_file and not (change.new and change.new.is_file)
            was_sealed = path in self.sealed or parent.version.attributes.covers(path)
            if is_gone and change.old and was_sealed:
                content = self._content(parent, path, change.old)
                if content and content.held:
                    yield path, content

    def _content(self, parent: ComparedVersion, path: bytes, blob: Blob) -> Content | None:
        data = self._store.blob(blob.oid)
        return None if data is None else read_content(data, parent.version.describe(path))
