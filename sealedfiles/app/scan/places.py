"""Where a scan reads: the working tree, the index, files, standard input."""

from __future__ import annotations

import io
import os
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from sealedfiles.app.scan.findings import FILE, INDEX, STDIN, TREE, Spot
from sealedfiles.errors import UsageError
from sealedfiles.git.all_objects import list_objects, read_objects
from sealedfiles.git.commits import FILES_AND_LINKS, staged
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, TypeAlias

    from sealedfiles.app.scan.scanner import Match, Scanner, Secret
    from sealedfiles.git.all_objects import StreamedObject
    from sealedfiles.git.clone import Clone

    Found: TypeAlias = tuple[Secret, Spot]


class PlacedFile(NamedTuple):
    """A file on disk to scan."""

    file: Path
    path: bytes
    """As git stores it, if it is in the working tree."""
    where: str


def work_tree_files(clone: Clone, *, ignored: bool) -> Iterator[PlacedFile]:
    """Yield the files of the working tree, except those that git seals when they are added.

    With *ignored*, the files that git ignores are included.
    """
    run = clone.repository.run
    out = run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if ignored:
        out += run("ls-files", "-z", "--others", "--ignored", "--exclude-standard")
    for path in sorted(set(out.split(b"\0")[:-1])):
        if not clone.covers(path):
            yield PlacedFile(clone.repository.file(path), path, TREE)


def files_of(clone: Clone, names: Iterable[str]) -> Iterator[PlacedFile]:
    """Yield the files *names* and those in the folders *names*.

    The files of the working tree that git seals are left out.  Raises UsageError for a name that does not
    exist, or is not one of these.
    """
    for name in names:
        top = Path(name)
        if not os.path.lexists(top):
            raise UsageError(f"no such file: {name}")
        if top.exists() and not top.is_file() and not top.is_dir():
            # Also <(command) of a shell.  "nothing found" would be wrong, and to open a pipe may hang.
            raise UsageError(f"{name} is neither a file nor a folder", "to scan a stream: --stdin")
        for file in _files_below(top):
            path = _path_in_repository(clone, file)
            if path is None:
                yield PlacedFile(file, os.fsencode(file), FILE)
            elif not clone.covers(path):
                yield PlacedFile(file, path, TREE)


def index_blobs(clone: Clone, *, only_staged: bool) -> dict[str, list[bytes]]:
    """Return the blobs in the index, all or only those of files that differ from HEAD, with their paths."""
    blobs: dict[str, list[bytes]] = {}
    change = staged(clone.repository, 0, FILES_AND_LINKS) if only_staged else None
    changed = {one.path for one in change.changes()} if change else None
    for entry in clone.index.entries():
        is_file = entry.mode.startswith("100") or entry.mode == "120000"
        if is_file and (changed is None or entry.path in changed):
            blobs.setdefault(entry.oid, []).append(entry.path)
    return blobs


def contents(files: Iterable[PlacedFile], largest: int) -> Iterator[tuple[PlacedFile, bytes]]:
    """Yield each of *files* that is readable and not a link, with its content, up to *largest* bytes."""
    for one in files:
        with suppress(OSError):
            state = one.file.lstat()
            if stat.S_ISREG(state.st_mode) and state.st_size <= largest:
                yield one, one.file.read_bytes()


def index_contents(
    clone: Clone, blobs: dict[str, list[bytes]], largest: int
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the path and the content of each of *blobs* that git does not seal, up to *largest* bytes."""
    for one in _read(clone, blobs):
        if one.size <= largest:
            data = one.content.read()
            for path in blobs[one.oid]:
                if not clone.covers(path):
                    yield path, data


def scan_files(scanner: Scanner, files: Iterable[PlacedFile]) -> Iterator[Found]:
    """Yield the secrets in *files*."""
    for one in files:
        yield from _scan_file(one, scanner)
    for context, match in scanner.late():
        yield match.value, Spot(cast("PlacedFile", context).where, match.name, match.line)


def scan_index(clone: Clone, scanner: Scanner, blobs: dict[str, list[bytes]]) -> Iterator[Found]:
    """Yield the secrets in *blobs* of the index."""
    for one in _read(clone, blobs):
        label = blobs[one.oid][0]
        for match in scanner.scan(b"", one.content, context=one.oid, label=label):
            yield from _in_index(blobs, one.oid, match)
    for context, match in scanner.late():
        yield from _in_index(blobs, cast("str", context), match)


def _read(clone: Clone, blobs: dict[str, list[bytes]]) -> Iterator[StreamedObject]:
    if blobs:
        yield from read_objects(clone.repository, list_objects(clone.repository, blobs))


def _in_index(blobs: dict[str, list[bytes]], oid: str, match: Match) -> Iterator[Found]:
    for path in blobs[oid]:
        yield match.value, Spot(INDEX, path + match.name, match.line, oid=oid)


def scan_stdin(scanner: Scanner) -> Iterator[Found]:
    """Yield the secrets in the standard input."""
    for match in scanner.scan(b"stdin", sys.stdin.buffer if sys.stdin else io.BytesIO()):
        yield match.value, Spot(STDIN, match.name, match.line)
    for _, match in scanner.late():
        yield match.value, Spot(STDIN, match.name, match.line)


def _files_below(top: Path) -> Iterator[Path]:
    """Yield *top* if it is a file, or the files below it; links are not followed."""
    if top.is_symlink() or not top.is_dir():
        yield top
        return
    for folder, folders, files in os.walk(top):
        if ".git" in folders:
            folders.remove(".git")
        folders.sort()
        links = [one for one in folders if os.path.islink(os.path.join(folder, one))]
        for file in sorted([*files, *links]):
            yield Path(folder, file)


def _path_in_repository(clone: Clone, file: Path) -> bytes | None:
    """Return the path of *file* as git stores it, or None if it is outside of the working tree."""
    if not clone.repository.has_work_tree:
        return None
    try:
        return clone.repository.relative(file)
    except UsageError:
        return None


def _scan_file(one: PlacedFile, scanner: Scanner) -> Iterator[Found]:
    try:
        with _opened(one.file) as content:
            if content:
                is_on_disk = not isinstance(content, io.BytesIO)
                matches = scanner.scan(one.path, content, content if is_on_disk else None, one)
                for match in matches:
                    yield match.value, Spot(one.where, match.name, match.line)
    except (FileNotFoundError, NotADirectoryError):
        return  # the index has it, the working tree does not
    except OSError:
        scanner.unreadable.append(one.path)


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes] | None]:
    """Open a regular file; of a link, the target's name is the content, as for git; None for others."""
    mode = file.lstat().st_mode
    if stat.S_ISLNK(mode):
        yield io.BytesIO(os.fsencode(os.readlink(file)))
    elif stat.S_ISREG(mode):
        with file.open("rb") as content:
            yield content
    else:
        yield None
