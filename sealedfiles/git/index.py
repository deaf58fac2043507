"""Read the index, again whenever its file changes, and the states of files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import chain

from sealedfiles.errors import GitError
from sealedfiles.git import child
from sealedfiles.git.repository import Repository
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

LINK_MODE = "120000"

_ENTRY = lazy_pattern(rb"(?:(.) )?([0-7]+) ([0-9a-f]+) ([0-3])\t([^\x00]+)\x00")
"""A line of `git ls-files -s -v -z`.  The tag is S for skip-worktree, M for a merge conflict, otherwise H;
it is in lower case for assume-unchanged."""
_ODD = lazy_pattern(rb"[. ](?:/|\Z)|~[0-9]")
"""A name that some file systems take for another one, apart from those beyond ASCII."""
_ODD_PARTS = (b"./", b" /", b".\0", b" \0", b"~")
"""What a list of names has if one is odd: to search for these is fast."""
_FILE_START = rb"\x00. 100[0-7]{3} "
_FILE = lazy_pattern(_FILE_START + rb"([0-9a-f]{32})")
"""The beginning of the line of a regular file, with the beginning of its blob's id."""


_LIST = ("ls-files", "-s", "-v", "-z")
_LARGE = 1 << 20
"""The size in bytes of an index of about 10,000 files."""
_COUNT = slice(8, 12)
"""The place of the number of entries in the file (gitformat-index(5))."""
_LONGEST = 4096
_OWN = b".sealedfiles"
_ATTRIBUTES = b"/.gitattributes"
_ALL_ATTRIBUTES = "*.gitattributes"
"""A pattern of only one asterisk, in front: git compares the ends of paths, in a third of the time."""
_NO_OTHER_SPECS = {f"GIT_{kind}_PATHSPECS": "0" for kind in ("LITERAL", "GLOB", "NOGLOB", "ICASE")}
"""The user may have set one of them, which would change the meaning of paths."""
CHUNK = 1 << 16
_FEW_BLOBS = 100
_FEW = 3
"""How many paths of a large index are listed alone."""


class Entry(NamedTuple):
    """An index entry: a path at one stage."""

    path: bytes
    mode: str
    oid: str
    stage: int
    skip_worktree: bool
    assume_unchanged: bool = False
    """Whether git takes its file for unchanged, whatever is in it."""


class FileStates:
    """Reads the states of files that may change while a filter process runs.

    A command changes files itself, so each state is read when it is asked for.  A filter process calls
    ``refresh`` before each file that git sends, and then reads each state once for it: several parts ask for
    the index and the policy, and system calls are a large part of the time for an unchanged file.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int, int] | None] | None = None

    def refresh(self) -> None:
        """Forget the states, and from now on remember those that are read."""
        self._known = {}

    def of(self, file: str) -> tuple[int, int, int] | None:
        """Return a value that changes whenever *file* is written; None if there is no such file.

        Raises PermissionError, because a file that cannot be read may exist.
        """
        if self._known is None:
            return _state(file)
        if file not in self._known:
            self._known[file] = _state(file)
        return self._known[file]


def _state(file: str) -> tuple[int, int, int] | None:
    try:
        stat = os.stat(file)
    except PermissionError:
        raise
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


class Listing:
    """Entries of the index, as the text that git lists, sorted by path.

    Entries are parsed when they are asked for.  Most commands need few of them, and objects for 100,000 files
    would take 100 MB.
    """

    def __init__(self, text: bytes) -> None:
        self._text = b"\0" + text
        """In front of each entry and at the end is a NUL."""
        self._last: bytes | None = None
        """The path that was asked for last, with its offset, and the offset after its entries."""
        self._place, self._next = 0, 1
        self._stages: dict[int, Entry] | None = None
        """Its entries, once they were asked for."""

    def __len__(self) -> int:
        """Return the number of entries."""
        return self._text.count(b"\0") - 1

    def stages(self, path: bytes) -> dict[int, Entry]:
        """Return the entries of *path* by stage."""
        at = self._find(path)
        if self._stages is None:
            self._stages = {}
            while (match := _ENTRY.match(self._text, at)) and match[5] == path:
                entry = _parsed(match)
                self._stages[entry.stage] = entry
                at = match.end()
            self._next = at
        return self._stages

    def entries(self, start: bytes = b"", folder: bytes = b"") -> Iterator[Entry]:
        """Yield the entries in index order: those from the path *start* on, and below *folder* ("a/b/")."""
        at = self._find(max(start, folder))
        for entry in parse_entries(self._text, at):
            if not entry.path.startswith(folder):
                break
            yield entry

    def lacking(self, known: Collection[bytes]) -> Iterator[Entry]:
        """Yield the regular files at stage 0 whose blob ids begin with 32 digits that *known* lacks."""
        new = set(_FILE.findall(self._text)).difference(known)
        # Usually few, which an expression finds several times as fast as a loop over all.
        few = b"|".join(new) if len(new) <= _FEW_BLOBS else b""
        pattern = re.compile(_FILE_START + b"(" + few + b")") if few else _FILE
        for found in pattern.finditer(self._text) if new else ():
            if found[1] in new:
                match = _ENTRY.match(self._text, found.start() + 1)
                assert match  # noqa: S101 - git wrote it
                if match[4] == b"0":
                    yield _parsed(match)

    def with_blob(self, start: bytes) -> Iterator[Entry]:
        """Yield the entries at stage 0 whose blob ids begin with *start*."""
        text = self._text
        at = text.find(b" " + start)
        while at >= 0:
            match = _ENTRY.match(text, text.rindex(b"\0", 0, at) + 1)
            # It may also be in a path.
            if match and match.start(3) == at + 1 and match[4] == b"0":
                yield _parsed(match)
            at = text.find(b" " + start, at + 1)

    def beginning_with(self, tag: bytes) -> Iterator[Entry]:
        """Yield the entries whose line begins with *tag*."""
        text = self._text
        at = text.find(b"\0" + tag)
        while at >= 0:
            match = _ENTRY.match(text, at + 1)
            assert match  # noqa: S101 - git wrote it
            yield _parsed(match)
            at = text.find(b"\0" + tag, at + 1)

    def with_odd_names(self) -> Iterator[Entry]:
        """Yield the entries with a name that is not ASCII, ends with a dot or a blank, or may be short."""
        text = self._text
        if text.isascii() and not any(part in text for part in _ODD_PARTS):
            return
        for entry in parse_entries(text, 1):
            if not entry.path.isascii() or _ODD.search(entry.path):
                yield entry

    def _find(self, path: bytes) -> int:
        """Return the offset of the first entry of *path*, or where it would be."""
        text = self._text
        if path == self._last:
            return self._place
        # git cleans files in index order.
        match = _ENTRY.match(text, self._next)
        low = high = self._next
        if not (match and match[5] == path):
            low, high = 1, len(text)
        while low < high:
            start = text.rindex(b"\0", low - 1, (low + high) // 2) + 1
            tab = text.index(b"\t", start)
            end = text.index(b"\0", tab)
            low, high = (end + 1, high) if text[tab + 1 : end] < path else (low, start)
        self._last, self._place, self._stages = path, low, None
        return low


class Index:
    """The index of a repository, from ``git ls-files``, which lists it again whenever its file changes.

    Of a large index, the first few paths that are asked for are listed alone, with all files that decide how
    one is sealed: to list every file takes several times as long as to read the index.  And to go through all
    entries, the list is not kept.
    """

    def __init__(self, repository: Repository, states: FileStates | None = None) -> None:
        self._repository = repository
        self._states = states or FileStates()
        self._file = repository.index_file
        self._stat: tuple[int, int, int] | None = (-1, 0, 0)
        """The state of the file from which the lists are."""
        self._whole: Listing | None = None
        self._parts: list[tuple[tuple[bytes, ...], Listing]] = []
        """Lists of a few files and folders; those of more than one have all attributes files, too."""
        self._hash_name = ""

    def __len__(self) -> int:
        """Return the number of entries; of a large index that is not listed, the one in its file."""
        if self._is_long():
            with open(self._file, "rb") as file:
                return int.from_bytes(file.read(_COUNT.stop)[_COUNT], "big")
        return len(self._list())

    def hash_name(self) -> str:
        """Return the name of the hash that git's object ids are; "sha1" while the index is empty."""
        if not self._hash_name:
            # First our own files, which are listed in any case.
            first = next(chain(self.entries(folder=_OWN + b"/"), self.entries()), None)
            if first is None:
                return "sha1"
            self._hash_name = "sha1" if len(first.oid) == 40 else "sha256"
        return self._hash_name

    def stat(self) -> tuple[int, int, int] | None:
        """Return a value that changes whenever git writes the index; None if there is no index."""
        return self._states.of(self._file)

    @property
    def is_listed(self) -> bool:
        """Whether to look at other entries takes no time, because all are listed."""
        return self._whole is not None and self._stat == self.stat()

    def entry(self, path: bytes) -> Entry | None:
        """Return the entry of *path* at stage 0."""
        return self.stages(path).get(0)

    def stages(self, path: bytes) -> dict[int, Entry]:
        """Return the entries of *path* by stage."""
        return self._list_of(path).stages(path)

    def entries(self, start: bytes = b"", folder: bytes = b"") -> Iterator[Entry]:
        """Yield the entries in index order: those from the path *start* on, and below *folder* ("a/b/")."""
        if folder:
            return self._list_of(folder.removesuffix(b"/")).entries(start, folder)
        return self._list().entries(start) if start or not self._is_long() else self._streamed()

    def files(self, start: bytes = b"", folder: bytes = b"") -> Iterator[Entry]:
        """Yield the ``entries`` at stage 0."""
        return (entry for entry in self.entries(start, folder) if entry.stage == 0)

    def lacking(self, known: Collection[bytes]) -> Iterator[Entry]:
        """Yield the ``files`` that are regular and whose blob ids begin with 32 digits that *known* lacks."""
        return self._list().lacking(known)

    def with_blob(self, start: bytes) -> Iterator[Entry]:
        """Yield the ``files`` whose blob ids begin with *start*."""
        return self._list().with_blob(start)

    def unmerged(self) -> list[bytes]:
        """Return the paths with merge conflicts."""
        is_long = self._is_long()
        listed = Listing(self._repository.run(*_LIST, "-u")) if is_long else self._list()
        return list(dict.fromkeys(entry.path for entry in listed.beginning_with(b"M ")))

    def links(self) -> list[Entry]:
        """Return the symbolic links, in no order."""
        listed = self._list()
        return [*listed.beginning_with(b"H 120000 "), *listed.beginning_with(b"S 120000 ")]

    def is_link(self, path: bytes) -> bool:
        """Return True if git has a symbolic link at *path*.

        Anyone with push access can make a file one, to a text of their own, and many editors replace a link
        by a file with what was behind it.
        """
        return any(entry.mode == LINK_MODE for entry in self.stages(path).values())

    def with_odd_names(self) -> Iterator[Entry]:
        """Yield the entries with a name that is not ASCII, ends with a dot or a blank, or may be short."""
        return self._list().with_odd_names()

    def _list(self) -> Listing:
        """Return the list of all entries."""
        stat = self._forget_old()
        if self._whole is None:
            self._whole = Listing(self._repository.run(*_LIST) if stat else b"")
        return self._whole

    def _list_of(self, path: bytes) -> Listing:
        """Return a list that has all entries of *path*, a file or folder."""
        if self._whole is not None and self._stat == self.stat():
            return self._whole
        if self._is_long() and _is_plain(path):
            is_attributes = (b"/" + path).endswith(_ATTRIBUTES)
            for names, listed in self._parts:
                if (is_attributes and len(names) > 1) or any(_is_below(path, one) for one in names):
                    return listed
            if len(self._parts) < _FEW:
                # git finds one name at once; of several, it compares each with every path.
                names = (path,) if path == _OWN else (path, _OWN)
                specs = [f":(literal){os.fsdecode(name)}" for name in names]
                specs += [_ALL_ATTRIBUTES] if len(names) > 1 else []
                out = self._repository.run(*_LIST, "--", *specs, env=_NO_OTHER_SPECS)
                self._parts.append((names, Listing(out)))
                return self._parts[-1][1]
        return self._list()

    def _is_long(self) -> bool:
        """Return True if a list of all entries would be long, and there is none yet."""
        stat = self._forget_old()
        return self._whole is None and stat is not None and stat[1] >= _LARGE

    def _streamed(self) -> Iterator[Entry]:
        """Yield all entries without keeping them."""
        repository = self._repository
        process = child.start(_LIST, repository.root, repository.git_environment())
        assert process.stdout  # noqa: S101 - opened as pipes
        assert process.stdin  # noqa: S101
        try:
            yield from parse_chunks(iter(partial(process.stdout.read, CHUNK), b""))
        finally:
            process.stdin.close()
            process.stdout.close()
            status = process.wait()
        if status:
            raise GitError(f"git ls-files failed with exit status {status}")

    def _forget_old(self) -> tuple[int, int, int] | None:
        """Drop the lists if the file has changed since, and return its state."""
        stat = self.stat()
        if stat != self._stat:
            self._whole, self._parts, self._stat = None, [], stat
        return stat


def _is_plain(path: bytes) -> bool:
    """Return True if git can be asked for *path*: it refuses some texts, such as the target of a link."""
    steps = path.split(b"/")
    return len(path) < _LONGEST and b"\0" not in path and not {b"", b".", b".."} & {*steps}


def _is_below(path: bytes, name: bytes) -> bool:
    return path == name or path.startswith(name + b"/")


def parse_entries(text: bytes, at: int = 0) -> Iterator[Entry]:
    """Yield the entries in *text*, as ``entry_line`` writes them, from the offset *at* on."""
    while match := _ENTRY.match(text, at):
        yield _parsed(match)
        at = match.end()


def parse_chunks(chunks: Iterable[bytes]) -> Iterator[Entry]:
    """Yield the entries in a text that is read in parts."""
    rest = b""
    for chunk in chunks:
        text = rest + chunk
        end = text.rfind(b"\0") + 1
        yield from parse_entries(text[:end])
        rest = text[end:]


def entry_line(entry: Entry) -> bytes:
    """Return *entry* as `git update-index --index-info` reads it, which takes less memory."""
    mode, oid = entry.mode.encode("ascii"), entry.oid.encode("ascii")
    return b"%b %b %d\t%b\0" % (mode, oid, entry.stage, entry.path)


def listed_line(entry: Entry) -> bytes:
    """Return *entry* with its bits, as git lists it."""
    tag = b"S " if entry.skip_worktree else b"H "
    return (tag.lower() if entry.assume_unchanged else tag) + entry_line(entry)


def _parsed(match: re.Match[bytes]) -> Entry:
    tag, mode, oid, stage, path = match.groups()
    text = mode.decode("ascii"), oid.decode("ascii")
    return Entry(path, *text, int(stage), tag in (b"S", b"s"), tag is not None and tag.islower())
