"""Whether an object is missing is known without git, and as git knows it."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha1
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from check.toy import isolate

from sealedfiles.git.object_files import ObjectFiles
from sealedfiles.git.objects import Objects
from sealedfiles.git.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

RANDOM = Random(7)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    isolate(monkeypatch, tmp_path)
    return tmp_path / "repository"


@pytest.fixture
def repository(folder: Path) -> Repository:
    return create(folder)


def create(folder: Path, *options: str) -> Repository:
    folder.mkdir()
    run(folder, "init", "--quiet", *options)
    return Repository(folder, folder / ".git", folder / ".git")


def run(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    command = ["git", "-c", "gc.auto=0", *arguments]
    return subprocess.run(command, cwd=folder, input=data, check=True, capture_output=True).stdout


def write(repository: Repository, count: int) -> list[str]:
    """Write *count* blobs and a tree of them; return their ids."""
    oids = []
    for _ in range(count):
        data = RANDOM.randbytes(20)
        oids.append(run(repository.top, "hash-object", "-w", "--stdin", data=data).decode().strip())
    return oids


def pack(repository: Repository, oids: list[str], *options: str) -> None:
    names = "".join(f"{oid}\n" for oid in oids).encode()
    base = repository.common_dir / "objects" / "pack" / "pack"
    run(repository.top, "pack-objects", "--quiet", *options, str(base), data=names)
    run(repository.top, "prune-packed")


def known_to_git(repository: Repository, oids: list[str]) -> list[str]:
    names = "".join(f"{oid}\n" for oid in oids).encode()
    lines = run(repository.top, "cat-file", "--batch-check", data=names).decode().splitlines()
    return [oid for oid, line in zip(oids, lines, strict=True) if not line.endswith("missing")]


def missing(length: int, count: int = 300) -> list[str]:
    """Return names that no object has, all first bytes among them."""
    return [(bytes([n % 256]) + RANDOM.randbytes(length - 1)).hex() for n in range(count)]


@pytest.mark.parametrize("kind", ["sha1", "sha256"])
def test_loose_and_packed_objects_are_known_as_to_git(folder: Path, kind: str) -> None:
    repository = create(folder, f"--object-format={kind}")
    length = {"sha1": 20, "sha256": 32}[kind]
    files, oids = ObjectFiles(repository), missing(length)
    assert all(map(files.lacks, oids))
    for _ in range(3):
        new = write(repository, 30)
        oids += [*new, *missing(length, 20)]
        for _ in range(2):
            assert [one for one in oids if not files.lacks(one)] == known_to_git(repository, oids)
            pack(repository, new)  # the same object looks again
    run(repository.top, "repack", "-adq")
    assert [one for one in oids if not files.lacks(one)] == known_to_git(repository, oids)


def test_an_id_next_to_a_packed_one_is_missing(repository: Repository) -> None:
    oids = write(repository, 40)
    pack(repository, oids)
    files = ObjectFiles(repository)
    for oid in oids:
        assert not files.lacks(oid)
        for near in (int(oid, 16) - 1, int(oid, 16) + 1):
            assert files.lacks(f"{near % (1 << 160):040x}")


def test_without_a_folder_of_packs(repository: Repository) -> None:
    (repository.common_dir / "objects" / "pack").rmdir()
    assert all(map(ObjectFiles(repository).lacks, missing(20)))


def test_a_pack_in_an_index_of_several_packs(repository: Repository) -> None:
    oids = write(repository, 10)
    pack(repository, oids)
    run(repository.top, "multi-pack-index", "write")
    assert not any(map(ObjectFiles(repository).lacks, oids))


def _alternate(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    file = repository.common_dir / "objects" / "info" / "alternates"
    file.write_text("/nowhere/objects\n")


def _environment(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", str(repository.top / "nowhere"))


def _other_folder(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(repository.top / "nowhere"))


def _partial(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    run(repository.top, "config", "remote.origin.promisor", "true")


def _old_index(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    pack(repository, write(repository, 3), "--index-version=1")


def _no_index(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    pack(repository, write(repository, 3))
    (index,) = (repository.common_dir / "objects" / "pack").glob("*.idx")
    index.unlink()


def _damage(repository: Repository, change: Callable[[bytes], bytes]) -> None:
    pack(repository, write(repository, 3))
    (index,) = (repository.common_dir / "objects" / "pack").glob("*.idx")
    data = index.read_bytes()
    index.chmod(0o600)
    index.write_bytes(change(data))


def _cut_off(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    _damage(repository, lambda data: data[: 8 + 1024 + 30])


def _cut_off_in_the_table(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    _damage(repository, lambda data: data[:8])


def _empty(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    _damage(repository, lambda _: b"")


def _newer_index(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    _damage(repository, lambda data: data[:7] + b"\x03" + data[8:])


def _wrong_table(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    # Not the last number, which is the count of all.
    _damage(repository, lambda data: data[:8] + b"\xff" * (255 * 4) + data[8 + 255 * 4 :])


def _no_folder_of_packs(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    folder = repository.common_dir / "objects" / "pack"
    folder.rmdir()
    folder.touch()


def _no_folders(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    for number in range(256):
        (repository.common_dir / "objects" / f"{number:02x}").touch()


def _many_packs(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    for _ in range(21):
        pack(repository, write(repository, 1))


@pytest.mark.parametrize(
    "prepare",
    [
        _alternate,
        _environment,
        _other_folder,
        _old_index,
        _no_index,
        _cut_off,
        _cut_off_in_the_table,
        _empty,
        _newer_index,
        _wrong_table,
        _no_folder_of_packs,
        _no_folders,
        _many_packs,
    ],
)
def test_what_only_git_can_tell(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Repository, pytest.MonkeyPatch], None],
) -> None:
    prepare(repository, monkeypatch)
    assert not any(map(ObjectFiles(repository).lacks, [f"{255:02x}" * 20, *missing(20, 5)]))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not apply")
def test_a_folder_that_cannot_be_read(repository: Repository) -> None:
    (repository.common_dir / "objects").chmod(0)
    try:
        assert not ObjectFiles(repository).lacks(sha1(b"").hexdigest())
    finally:
        (repository.common_dir / "objects").chmod(0o700)


def test_a_partial_clone_asks_the_server_for_no_id(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be the hash of a plaintext."""
    _partial(repository, monkeypatch)
    for _ in range(21):
        (oid,) = write(repository, 1)
        pack(repository, [oid])
    with_alternates = repository.common_dir / "objects" / "info" / "alternates"
    for _ in range(2):
        objects = Objects(repository)
        monkeypatch.setattr(objects, "read", pytest.fail)
        assert [objects.is_here(oid), objects.is_here("1" * 40)] == [True, False]
        with_alternates.write_text("nowhere\n")  # then only git can tell


def test_no_process_is_started(repository: Repository) -> None:
    (oid,) = write(repository, 1)
    objects = Objects(repository)
    assert not any(objects.lacks("1" * 40) for _ in range(5))  # few: git is asked
    assert [objects.lacks(oid), objects.lacks("1" * 40)] == [False, True]
    objects.close()
    assert objects.read(oid.encode()) is not None
    objects.close()
