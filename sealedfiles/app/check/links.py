"""Find symbolic links in the place of sealed files.

git stores the target of a link unfiltered.  It adds a file beyond a link under its real name, to which other
patterns apply: with ``secrets`` as a link to ``shared``, a new ``secrets/b.yaml`` is ``shared/b.yaml``.
Anyone with push access can put a link in the place of a folder; the next secret would be in plaintext.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.trees import Blob
from sealedfiles.app.check.versions import IndexVersion, Version
from sealedfiles.git.clone import is_passed_through
from sealedfiles.keys.folder import NAME
from sealedfiles.sealing.file import show_path

_OWN = NAME.encode("ascii") + b"/"
_SUBMODULE = "160000"
_FEW = 100
"""Of more new files, it takes longer to find out whether all are sealed than to list the links."""
_MOST_NAMES = 40
"""Of one file, by links, which may be in a circle."""


def look_at_links(
    version: Version,
    entries: list[tuple[bytes, Blob]],
    is_tracked: Callable[[bytes], bool],
    removed: Callable[[], Iterator[bytes]],
    *,
    whole: bool,
) -> Iterator[Finding]:
    """Yield the links among *entries* whose targets may be any text, or out of the repository in the place of
    a folder, and the files that a pattern tracks only by another name, which they have by a link.

    *entries* are the new entries of *version*, or all if *whole*; *removed* yields tracked files that it does
    not have any more.  All files are checked if one of them is a link; in the index, always the new ones: the
    files of a user who does not know of the link.
    """
    added = [(path, blob) for path, blob in entries if blob.is_link]

    def is_sealed(path: bytes) -> bool:
        return is_tracked(path) and not is_passed_through(path)

    def are_sealed() -> bool:
        return len(entries) <= _FEW and all(is_sealed(path) for path, one in entries if one.is_file)

    if not added and (not isinstance(version, IndexVersion) or are_sealed()):
        return
    links = _Links(version)
    for path, _ in added:
        target = links.targets[path]
        if is_sealed(path) and target and not version.has(target):
            what = "a symbolic link that points to no file of the repository; git stores it in plaintext"
            yield Finding("plain-link", path, what)
        elif _is_outside(version, target) and _is_named(path, version, removed):
            what = (
                "a symbolic link to another repository, in the place of a folder with sealed files"
            )
            yield Finding("plain-link", path, what)
    files = version.files() if added and not whole else entries
    reported: set[bytes] = set()
    for path, blob in files if links.targets else ():
        if not blob.is_file or is_sealed(path):
            continue
        for name, link in links.other_names(path):
            is_own = path.startswith(_OWN) and name.endswith(b"/" + path)  # by a link to the top
            if link not in reported and is_sealed(name) and not is_own:
                reported.add(link)
                what = (
                    f"is also {show_path(name)}, by the symbolic link {show_path(link)}, "
                    "and is sealed only by that name"
                )
                yield Finding("plain-link", path, what)


class _Links:
    """The symbolic links of *version*."""

    def __init__(self, version: Version) -> None:
        self._folds = version.store.repository.ignores_case
        self.targets = {path: _target(version, path, blob) for path, blob in version.links()}
        self._by_target: dict[bytes, list[bytes]] = {}
        for path, target in self.targets.items():
            self._by_target.setdefault(self._fold(target), []).append(path)

    def other_names(self, path: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield the names that links give to the file at *path*, each with its last link."""
        names = [path]
        for name in names:
            steps = name.split(b"/")
            for count in range(len(steps) + 1):
                target = self._fold(b"/".join(steps[:count]))
                for link in self._by_target.get(target, ()):
                    other = b"/".join([link, *steps[count:]])
                    if other not in names and len(names) < _MOST_NAMES:
                        names.append(other)
                        yield other, link

    def _fold(self, path: bytes) -> bytes:
        return path.lower() if self._folds else path


def _target(version: Version, path: bytes, blob: Blob) -> bytes:
    """Return the path to which the link at *path* points; empty for the top of the repository.

    For the index, it is the path in the working tree: a link may leave it, and come back.
    """
    target = version.store.blob(blob.oid) or b""
    repository = version.store.repository
    folder = posixpath.dirname(path)
    if isinstance(version, IndexVersion) and repository.has_work_tree:
        top = os.path.realpath(os.fsencode(repository.top))
        found = os.path.realpath(os.path.join(top, folder, target))
        if os.path.commonpath([top, found]) == top:
            place = os.path.relpath(found, top).replace(os.fsencode(os.sep), b"/")
            return b"" if place == b"." else place
    place = posixpath.normpath(posixpath.join(folder, target))
    return b"" if place == b"." else place


def _is_named(path: bytes, version: Version, removed: Callable[[], Iterator[bytes]]) -> bool:
    """Return True if sealed files were in the folder *path*, or a pattern names it."""
    below = path + b"/"
    patterns = (os.fsencode(one).lstrip(b"/") for one in version.attributes.sealed_patterns())
    return any(one.startswith(below) for one in (*patterns, *removed()))


def _is_outside(version: Version, target: bytes) -> bool:
    """Return True if *target* is not in the repository, or in a submodule."""
    steps = target.split(b"/")
    if not steps[0] or steps[0] == b"..":
        return bool(target)
    entries = (version.entry(b"/".join(steps[:count])) for count in range(1, len(steps) + 1))
    return any(entry is not None and entry.mode == _SUBMODULE for entry in entries)
