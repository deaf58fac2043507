"""Trees are read like git reads them, and two of them are compared entry by entry."""

from __future__ import annotations

import os
from hashlib import sha1

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealedfiles.app.check.trees import Blob, ChangedPath, Trees, parse_entries
from sealedfiles.errors import GitError
from sealedfiles.git.objects import Object, Objects, parse_tree

MODES = st.sampled_from([b"100644", b"100755", b"40000", b"120000", b"160000", b"100666", b"40755"])
NAMES = st.binary(min_size=1, max_size=3).filter(lambda name: b"\x00" not in name)


def entry(mode: bytes, name: bytes, oid: bytes) -> bytes:
    return mode + b" " + name + b"\x00" + oid


@pytest.mark.parametrize("length", [20, 32])
@given(
    st.data(),
    st.lists(st.tuples(MODES, NAMES)),
    st.sampled_from([b"", b"", b"1", b"9 x\x00", b"100644 cut off\x00\x01\x02"]),
)
def test_entries_are_those_of_the_strict_parser(
    length: int, data: st.DataObject, entries: list[tuple[bytes, bytes]], end: bytes
) -> None:
    ids = st.binary(min_size=length, max_size=length)
    text = b"".join(entry(mode, name, data.draw(ids)) for mode, name in entries) + end
    try:
        expected = parse_tree(text, length)
    except (GitError, ValueError) as error:
        with pytest.raises(type(error)):
            parse_entries(text, length)
        return
    found = parse_entries(text, length)
    assert found == {
        (name := os.fsencode(text)): entry(mode.encode(), name, bytes.fromhex(oid))
        for text, (mode, oid) in expected.items()
    }


class Stored(Objects):
    """Trees and nothing else."""

    def __init__(self) -> None:
        self.trees: dict[bytes, bytes] = {}
        self.read_names: list[bytes] = []

    def read(self, name: bytes) -> Object | None:
        self.read_names.append(name)
        data = self.trees.get(name)
        return None if data is None else Object(name.decode(), "tree", data)

    def add(self, files: dict[bytes, bytes]) -> str:
        """Store the tree with *files*, blob ids by path, and return its id."""
        folders: dict[bytes, dict[bytes, bytes]] = {}
        data = b""
        for path, oid in sorted(files.items()):
            folder, slash, rest = path.partition(b"/")
            if slash:
                folders.setdefault(folder, {})[rest] = oid
            else:
                data += entry(b"100644", path, oid)
        for name, below in folders.items():
            data += entry(b"40000", name, bytes.fromhex(self.add(below)))
        found = sha1(data).hexdigest()
        self.trees[found.encode()] = data
        return found


# A folder of one is a file of the other.
PATHS = st.sampled_from([b"a", b"b", b"x/a", b"x/b", b"x/y/a", b"x/y/b", b"y/a/a", b"z"])
FILES = st.dictionaries(PATHS, st.sampled_from([b"1" * 20, b"2" * 20]))


@given(FILES, FILES)
@example({b"a": b"1" * 20}, {b"a/a": b"1" * 20})
def test_files_that_differ(one: dict[bytes, bytes], other: dict[bytes, bytes]) -> None:
    stored = Stored()
    trees = Trees(stored)
    old, new = stored.add(one), stored.add(other)
    blobs = [
        {path: Blob("100644", oid.hex()) for path, oid in some.items()} for some in (one, other)
    ]
    expected = {
        path: ChangedPath(blobs[0].get(path), blobs[1].get(path))
        for path in {*one, *other}
        if one.get(path) != other.get(path)
    }
    assert dict(trees.differences(old, new)) == expected
    assert dict(trees.walk(new)) == blobs[1]
    assert len(stored.read_names) == len(set(stored.read_names)), "each tree is read once"


def test_an_entry_of_a_tree() -> None:
    stored = Stored()
    top = stored.add({b"a": b"1" * 20, b"x/b": b"2" * 20})
    trees = Trees(stored)
    assert trees.entry(top, b"a") == Blob("100644", (b"1" * 20).hex())
    folder = trees.entry(top, b"x")
    assert folder is not None
    assert folder.is_tree
    assert trees.entry(folder.oid, b"b") == Blob("100644", (b"2" * 20).hex())
    assert trees.entry(top, b"none") is None
    with pytest.raises(GitError, match="missing"):
        trees.entry("0" * 40, b"a")
