"""The versions of a file from which clean reuses tokens, and those whose plaintext it leaves unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from check.toy import APP, TEXT, Toy
from keys.kit import ALICE, Somebody

from sealedfiles.git import invocation
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter import versions as module
from sealedfiles.git.filter.versions import Versions, versions_in_git
from sealedfiles.git.repository import find_repository
from sealedfiles.sealing import describe_file

if TYPE_CHECKING:
    pass

PATH = APP.encode()
PLAIN = TEXT.encode()
FILE = describe_file(PATH)


@pytest.fixture
def versions(clone: Clone) -> Versions:
    return Versions(clone)


def stage(toy: Toy, content: str, path: str = APP) -> bytes:
    toy.write(path, content)
    toy.git("add", "--force", path)
    return content.encode()


def oid(toy: Toy, content: str) -> str:
    return toy.git("hash-object", "-w", "--stdin", stdin=content).strip()


def conflict(toy: Toy, path: str = APP) -> list[bytes]:
    """Create a conflict in the index; return its sides by stage: base, ours, theirs."""
    sides = ["base: 1\n", "ours: 1\n", "theirs: 1\n"]
    lines = "".join(f"100644 {oid(toy, one)} {n}\t{path}\n" for n, one in enumerate(sides, 1))
    toy.git("update-index", "--index-info", stdin=f"0 {'0' * 40}\t{path}\n{lines}")
    return [one.encode() for one in sides]


def merging(toy: Toy, name: str, content: str) -> bytes:
    """Make *name* a commit whose changes a command in progress applies."""
    toy.write(APP, content)
    commit = toy.commit()
    toy.git("reset", "--quiet", "--hard", "HEAD~1")
    toy.git("update-ref", name, commit)
    return content.encode()


# -- where tokens come from


def test_the_index_is_better_than_head(toy: Toy, versions: Versions) -> None:
    head = toy.read().encode()
    assert list(versions.candidates(PATH, PLAIN, FILE)) == [head, head]
    staged = stage(toy, "name: staged\n")
    assert list(versions.candidates(PATH, PLAIN, FILE)) == [staged, head]


def test_the_version_that_was_written_as_this_text_is_the_best(
    toy: Toy, versions: Versions
) -> None:
    other = oid(toy, "name: other\n")
    versions.note_smudged(PATH, PLAIN, other, b"name: other\n")
    assert next(versions.candidates(PATH, PLAIN, FILE)) == b"name: other\n"
    assert next(versions.candidates(PATH, PLAIN + b"\n", FILE)) == toy.read().encode()
    assert next(versions.candidates(b"x.env", PLAIN, describe_file(b"x.env")), None) is None


def test_of_a_conflict_our_side_is_taken(toy: Toy, versions: Versions) -> None:
    _, ours, _ = conflict(toy)
    assert next(versions.candidates(PATH, PLAIN, FILE)) == ours


def test_an_intent_to_add_is_no_version(toy: Toy, versions: Versions) -> None:
    toy.write("x.env", "A=1\n")
    toy.git("add", "--force", "--intent-to-add", "x.env")
    assert list(versions.candidates(b"x.env", b"A=1\n", describe_file(b"x.env"))) == []


def test_a_side_of_a_merge_that_git_does_not_name_is_remembered(
    toy: Toy, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `git merge -X renormalize`: a side stays as it is."""
    monkeypatch.setattr(module, "_ORIGINS", 2)
    for number in range(3):
        versions.note_smudged(PATH, b"opened %d" % number, "", b"sealed %d" % number)
    for number in (1, 2):
        assert versions.nearest(PATH, b"opened %d" % number) == b"sealed %d" % number
        assert b"sealed %d" % number in versions.stored(PATH, b"opened %d" % number)
    others = [(PATH, b"opened 0"), (PATH, b"opened 3"), (b"x.env", b"opened 2")]
    assert not any(b"sealed" in (versions.nearest(*one) or b"")[:6] for one in others)


def test_the_other_sides_of_a_conflict(toy: Toy, versions: Versions) -> None:
    assert versions.others(PATH) == []
    base, ours, theirs = conflict(toy)
    assert versions.others(PATH) == [theirs, base, ours]


def test_a_file_sealed_whole_that_was_moved_keeps_its_token(toy: Toy) -> None:
    sealed = toy.sealed("-----BEGIN KEY-----\n", "tls.key")
    toy.write("tls.key", sealed)
    toy.commit()
    toy.remove("tls.key")
    repository = find_repository(toy.path)
    assert repository is not None
    clone = Clone(repository, Somebody(ALICE))
    file = describe_file(b"other.key")
    versions = Versions(clone)
    assert list(versions.candidates(b"other.key", b"-----BEGIN KEY-----\n", file)) == [sealed]
    assert list(versions.candidates(b"other.key", b"-----BEGIN CERT-----\n", file)) == []
    clone.objects.close()


@pytest.fixture
def requested(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> list[list[bytes]]:
    """The names of the objects requested from git, by request."""
    found: list[list[bytes]] = []
    request = clone.objects._request

    def count(names: list[bytes]) -> None:
        found.append(names)
        request(names)

    monkeypatch.setattr(clone.objects, "_request", count)
    return found


def test_a_changed_file_does_not_interrupt_reading_ahead(
    toy: Toy, versions: Versions, requested: list[list[bytes]]
) -> None:
    """Of a changed file, more is asked than its previous version."""
    paths = [f"secrets/{number:02}.yaml" for number in range(20)]
    for path in paths:
        stage(toy, f"name: {path}\n", path)
    for path in paths:
        content = f"name: {path}\n".encode()
        assert next(versions.candidates(path.encode(), PLAIN, FILE)) == content
        assert list(versions.stored(path.encode(), PLAIN)) == [content]
        assert not versions.has(path.encode(), PLAIN)
    assert len(requested) < len(paths) / 2


def test_for_many_new_files_head_is_listed_once(
    toy: Toy, versions: Versions, requested: list[list[bytes]]
) -> None:
    paths = [b"secrets/%02d.yaml" % number for number in range(100)]
    sealed = toy.read().encode()
    toy.git("rm", "--quiet", "--cached", APP)
    for path in paths:
        assert list(versions.stored(path, PLAIN)) == []
    assert len(requested) < len(paths) / 2
    assert list(versions.stored(PATH, PLAIN)) == [sealed]
    toy.git("update-ref", "-d", "HEAD")
    stage(toy, "name: other\n", "other.yaml")
    for path in [PATH, *paths]:
        assert list(versions.stored(path, PLAIN)) == []


def test_a_file_that_is_not_checked_out_has_not_vanished(toy: Toy) -> None:
    """A new file with the same values gets its own tokens, not those of another file."""
    sealed, new = toy.read().encode(), b"secrets/new.yaml"
    file = describe_file(new)

    def found() -> list[bytes]:
        repository = find_repository(toy.path)
        assert repository is not None
        clone = Clone(repository, Somebody(ALICE))
        try:
            return list(Versions(clone).candidates(new, PLAIN, file))
        finally:
            clone.objects.close()

    assert found() == []
    toy.remove(APP)
    assert found() == [sealed], "it was moved"
    toy.git("update-index", "--skip-worktree", APP)
    assert found() == []


# -- whose plaintext stays as it is


def test_that_of_the_index_and_of_head_only_without_it(toy: Toy, versions: Versions) -> None:
    head = toy.read().encode()
    staged = stage(toy, "name: staged\n")
    assert list(versions.stored(PATH, PLAIN)) == [staged]
    toy.git("rm", "--quiet", "--cached", APP)
    assert list(versions.stored(PATH, PLAIN)) == [head]
    assert list(versions.stored(b"x.env", PLAIN)) == []


def test_that_of_every_side_of_a_conflict(toy: Toy, versions: Versions) -> None:
    assert list(versions.stored(PATH, PLAIN)) == [toy.read().encode()]
    assert set(versions.stored(PATH, PLAIN)) != set(conflict(toy))
    assert set(versions.stored(PATH, PLAIN)) == {b"base: 1\n", b"ours: 1\n", b"theirs: 1\n"}


def test_that_of_the_version_that_was_written_as_this_text(toy: Toy, versions: Versions) -> None:
    other = oid(toy, "name: other\n")
    versions.note_smudged(PATH, PLAIN, other, b"name: other\n")
    assert b"name: other\n" in versions.stored(PATH, PLAIN)
    assert b"name: other\n" not in versions.stored(PATH, b"edited")


@pytest.mark.parametrize("name", ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD"])
def test_that_of_the_commit_that_changes_are_taken_from(
    toy: Toy, clone: Clone, versions: Versions, name: str
) -> None:
    theirs = merging(toy, name, "name: theirs\n")
    assert theirs in versions.stored(PATH, PLAIN)
    assert list(versions_in_git(clone, PATH)) == [toy.read().encode(), theirs]


# -- for a command that reads one file


def test_a_command_reads_the_index_otherwise_head(toy: Toy, clone: Clone) -> None:
    head = toy.read().encode()
    staged = stage(toy, "name: staged\n")
    assert list(versions_in_git(clone, PATH)) == [staged]
    toy.git("rm", "--quiet", "--cached", APP)
    assert list(versions_in_git(clone, PATH)) == [head]
    assert list(versions_in_git(clone, b"x.env")) == []


def test_a_command_reads_every_side_of_a_conflict(toy: Toy, clone: Clone) -> None:
    head = toy.read().encode()
    base, ours, theirs = conflict(toy)
    assert list(versions_in_git(clone, PATH)) == [ours, theirs, base, head]


# -- files that stay as they are


def test_a_file_is_plain_if_neither_the_index_nor_head_has_a_token(
    toy: Toy, versions: Versions
) -> None:
    assert not versions.is_plain(PATH)
    stage(toy, "name: staged\n")
    assert not versions.is_plain(PATH)  # HEAD has tokens
    stage(toy, "A=1\n", "x.env")
    assert versions.is_plain(b"x.env")
    assert not versions.is_plain(b"new.env")


def test_a_version_that_the_index_has(toy: Toy, versions: Versions) -> None:
    assert versions.has(PATH, toy.read().encode())
    assert not versions.has(PATH, b"name: other\n")
    assert not versions.has(b"x.env", toy.read().encode())


@pytest.mark.parametrize("command", ["add", "stage", "commit", "rebase", "update-index", "status"])
def test_a_merge_can_begin_unless_git_holds_the_lock(
    toy: Toy, clone: Clone, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(invocation, "git_command", lambda: [command])
    before, started_before = Versions(clone), Versions(clone)
    (staged,) = started_before.stored(PATH, PLAIN)
    theirs = merging(toy, "MERGE_HEAD", "name: theirs\n")
    assert list(before.stored(PATH, PLAIN)) == [staged, theirs]
    is_locked = command in ("add", "stage", "commit")
    assert list(started_before.stored(PATH, PLAIN)) == [staged, *([] if is_locked else [theirs])]
