"""Find symbolic links in the place of sealed files.

git stores the target of a link unfiltered.  It adds a file beyond a link under its real name, to which other
patterns apply: with ``secrets`` as a link to ``shared``, a new ``secrets/b.yaml`` is ``shared/b.yaml``.
Anyone with push access can put a link in the place of a folder; the next secret would be in plaintext.
"""

from __future__ import annotations

import posixpath

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.versions import IndexVersion
from sealedfiles.git.clone import is_passed_through
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sealedfiles.app.check.versions import Blob, Version

_MOST_NAMES = 40
"""Of one file, by links, which may be in a circle."""


def look_at_links(
    version: Version,
    entries: list[tuple[bytes, Blob]],
    is_tracked: Callable[[bytes], bool],
    *,
    whole: bool,
) -> Iterator[Finding]:
    """Yield the links among *entries* whose targets may be any text, and the files that a pattern tracks
    only by another name, which they have by a link.

    *entries* are the new entries of *version*, or all if *whole*.  All files are checked if one of them is a
    link; in the index, always the new ones: the files of a user who does not know of the link.
    """
    added = [(path, blob) for path, blob in entries if blob.is_link]
    if not added and not isinstance(version, IndexVersion):
        return
    for path, blob in added:
        if is_tracked(path) and not is_passed_through(path):
            target = _target(version, path, blob)
            if target and not version.has(target):
                what = "a symbolic link that points to no file of the repository; git stores it in plaintext"
                yield Finding("plain-link", path, what)
    everything = [*version.files()]
    links: dict[bytes, list[bytes]] = {}
    for path, blob in everything:
        if blob.is_link:
            links.setdefault(_target(version, path, blob), []).append(path)
    files = everything if added and not whole else entries
    reported: set[bytes] = set()
    for path, blob in files if links else ():
        if not blob.is_file or is_tracked(path) or is_passed_through(path):
            continue
        for name, link in _other_names(path, links):
            if link not in reported and is_tracked(name):
                reported.add(link)
                what = (
                    f"is also {show_path(name)}, by the symbolic link {show_path(link)}, "
                    "and a pattern tracks only that name"
                )
                yield Finding("plain-link", path, what)


def _target(version: Version, path: bytes, blob: Blob) -> bytes:
    """Return the path to which the link at *path* points; empty for the top of the repository."""
    target = version.store.blob(blob.oid) or b""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return b"" if place == b"." else place


def _other_names(path: bytes, links: Mapping[bytes, list[bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names that *links*, by their targets, give to the file at *path*, each with its last link."""
    names = [path]
    for name in names:
        steps = name.split(b"/")
        for count in range(len(steps) + 1):
            for link in links.get(b"/".join(steps[:count]), ()):
                other = b"/".join([link, *steps[count:]])
                if other not in names and len(names) < _MOST_NAMES:
                    names.append(other)
                    yield other, link
