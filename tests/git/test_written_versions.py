"""The record of the versions with plaintext comments that a checkout wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import EVIL, YAML, Repo
from plants import push

from sealedfiles.git import written_versions
from sealedfiles.git.written_versions import NAME, WrittenVersions

if TYPE_CHECKING:
    from pathlib import Path

A, B, COMMIT = "a" * 40, "b" * 40, "c" * 40


def written(folder: Path, *versions: tuple[bytes, str]) -> WrittenVersions:
    found = WrittenVersions(folder)
    for path, oid in versions:
        found.add(path, oid, COMMIT)
    return found


def test_versions_are_found_by_path_before_and_after_they_are_saved(tmp_path: Path) -> None:
    one = written(tmp_path / "state", (b"x", A), (b"y", B))
    assert one.of(b"x") == {A: COMMIT}
    one.add(b"y", A, "")
    one.save()
    one.save()
    other = WrittenVersions(tmp_path / "state")
    assert other.of(b"y") == one.of(b"y") == {B: COMMIT, A: "-"}
    assert other.of(b"z") == {}


def test_a_version_is_saved_once(tmp_path: Path) -> None:
    for _ in range(3):
        written(tmp_path, (b"x", A), (b"y", B)).save()
    assert len((tmp_path / NAME).read_text().split()) == 6


def test_damaged_lines_are_ignored(tmp_path: Path) -> None:
    written(tmp_path, (b"x", A)).save()
    with (tmp_path / NAME).open("ab") as file:
        file.write(b"\xff damaged\nbb")
    written(tmp_path, (b"x", B)).save()
    assert WrittenVersions(tmp_path).of(b"x") == {A: COMMIT, B: COMMIT}


def test_the_versions_of_one_path_are_dropped(tmp_path: Path) -> None:
    one = written(tmp_path, (b"x", A), (b"y", B))
    one.save()
    one.add(b"x", B, COMMIT)
    one.drop(b"x")
    assert (one.of(b"x"), one.of(b"y")) == ({}, {B: COMMIT})
    assert WrittenVersions(tmp_path).of(b"x") == {}
    one.add(b"x", A, COMMIT)
    one.save()
    assert WrittenVersions(tmp_path).of(b"x") == {A: COMMIT}


def test_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_versions, "LIMIT", 8)
    for number in range(20):
        written(tmp_path, (b"x", f"{number:040}")).save()
    kept = [int(oid) for oid in WrittenVersions(tmp_path).of(b"x")]
    assert kept[-8:] == list(range(12, 20))
    assert len(kept) <= 10


def test_a_record_that_cannot_be_written_or_read_is_not_ignored(alice: Repo, bob: Repo) -> None:
    file = alice.path / ".git/sealedfiles" / NAME
    file.unlink(missing_ok=True)
    file.mkdir()
    push(bob, alice, YAML, f"# source: {EVIL}\n{bob.blob('', YAML).decode()}")
    assert "no record" in alice.stderr
    alice.git("reset", "--quiet", "HEAD^")
    alice.edit(YAML, f"# source: {EVIL}\n", f"source: {EVIL}\n")
    alice.git("add", YAML, code=128)
    assert "cannot be" in alice.stderr or "could not be" in alice.stderr


def test_a_text_that_was_never_an_object_is_not_asked_for(alice: Repo, tmp_path: Path) -> None:
    """In a partial clone, git would send its id, a hash of the text, to the server."""
    asked, server = tmp_path / "asked", tmp_path / "server"
    server.write_text(f'#!/bin/sh\n: >"{asked}"\nexec git-upload-pack "$@"\n')
    server.chmod(0o755)
    alice.git("config", "remote.origin.promisor", "true")
    alice.git("config", "remote.origin.uploadpack", str(server))
    written(alice.folder("sealedfiles"), (YAML.encode(), A)).save()
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.git("add", YAML)
    assert not asked.exists()
    alice.git("fetch", "--quiet")
    assert asked.exists()
