"""New blobs in the index: the working tree is updated if it has the tokens, and local changes are kept."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from check.toy import APP, TEXT, Toy
from keys.kit import ALICE

from sealedfiles.errors import ConflictError, GitError
from sealedfiles.git import rewrite as rewrite_module
from sealedfiles.git.clone import Clone
from sealedfiles.git.rewrite import rewrite_entries, stage, write_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealedfiles.git.index import Entry


def rewrite(toy: Toy, clone: Clone) -> bytes:
    """Write another sealed version of the file to the index, and return it."""
    entry = clone.index.entry(APP.encode())
    assert entry is not None
    data = toy.sealed(TEXT.replace("admin", "root"))
    rewrite_entries(clone, [(entry, data)])
    assert toy.git("show", f":{APP}").encode() == data
    return data


def changed(toy: Toy) -> str:
    return toy.git("diff-files", "--name-only").strip()


def test_tokens_in_the_working_tree_are_replaced(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    data = rewrite(toy, new_clone(ALICE))
    assert toy.read().encode() == data
    assert changed(toy) == ""


def test_local_changes_stay_local_changes(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    text = toy.read() + "# mine\n"
    toy.write(APP, text)
    rewrite(toy, new_clone(ALICE))
    assert toy.read() == text
    assert changed(toy) == APP


def test_a_file_without_a_token_stays(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    toy.write(APP, "name: shop\n")
    toy.git("add", APP)
    rewrite(toy, new_clone(ALICE))
    assert toy.read() == "name: shop\n"


@pytest.mark.parametrize(("bit", "tag"), [("--assume-unchanged", "h"), ("--skip-worktree", "S")])
def test_bits_of_the_user_stay(
    toy: Toy, new_clone: Callable[..., Clone], bit: str, tag: str
) -> None:
    """Otherwise `git commit -a` would add a change that the user hides."""
    toy.git("update-index", bit, APP)
    rewrite(toy, new_clone(ALICE))
    assert f"{tag} {APP}\n" in toy.git("ls-files", "-v")


def test_tokens_of_others_stay(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    before = toy.read()
    rewrite(toy, new_clone())
    assert toy.read() == before


@pytest.mark.parametrize("how", ["missing", "a link", "beyond a link"])
def test_a_file_that_does_not_exist_is_not_made(
    toy: Toy, new_clone: Callable[..., Clone], how: str
) -> None:
    file = toy.path / APP
    outside = toy.path / "outside" / file.name
    outside.parent.mkdir()
    outside.write_bytes(file.read_bytes())
    toy.remove(APP)
    if how == "a link":
        file.symlink_to(outside)
    if how == "beyond a link":
        shutil.rmtree(file.parent)
        file.parent.symlink_to(outside.parent)
    data = rewrite(toy, new_clone(ALICE))
    assert outside.read_bytes() != data
    assert (toy.path / APP).is_symlink() == (how == "a link")


def test_modes_and_odd_names_stay(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    name = "secrets/a\nb.yaml"
    toy.write(name, "x\n")
    (toy.path / name).chmod(0o755)
    toy.commit()
    here = new_clone()
    entry = here.index.entry(name.encode())
    assert entry is not None
    toy.git("config", "core.autocrlf", "input")
    write_index(here, [])
    write_index(here, [(entry, b"y\r\n")])
    assert toy.git("ls-files", "-s", "-z").count("100755") == 1
    assert toy.git("show", f":{name}") == "y\r\n"


def test_our_files_are_staged_whatever_line_ends_git_refuses(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    toy.git("config", "core.autocrlf", "true")
    toy.git("config", "core.safecrlf", "true")
    toy.write(".gitattributes", "a\n")
    stage(new_clone(), ".gitattributes")
    assert toy.git("show", ":.gitattributes") == "a\n"


def test_a_locked_index_is_refused_before_anything_is_changed(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    before = toy.read()
    (toy.path / ".git" / "index.lock").touch()
    here = new_clone(ALICE)
    entry = here.index.entry(APP.encode())
    assert entry is not None
    with pytest.raises(GitError, match="the index is locked"):
        rewrite_entries(here, [(entry, toy.sealed(TEXT.replace("admin", "root")))])
    assert toy.read() == before


def test_a_file_that_is_not_checked_out_does_not_look_deleted(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    toy.git("update-index", "--skip-worktree", APP)
    (toy.path / APP).unlink()
    rewrite(toy, new_clone(ALICE))
    assert toy.git("ls-files", "-t", APP) == f"S {APP}\n"
    assert changed(toy) == ""


@pytest.mark.parametrize(("limit", "value"), [("_BATCH_FILES", 2), ("_BATCH_BYTES", 12)])
def test_blobs_are_not_kept_in_memory_until_the_last(
    toy: Toy,
    new_clone: Callable[..., Clone],
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
) -> None:
    monkeypatch.setattr(rewrite_module, limit, value)
    names = [f"secrets/{number}.yaml" for number in range(5)]
    for name in names:
        toy.write(name, "a: b\n")
    toy.commit()
    here = new_clone()
    index = toy.git("ls-files", "-s")

    def blobs() -> Iterator[tuple[Entry, bytes]]:
        for number, name in enumerate(names):
            entry = here.index.entry(name.encode())
            assert entry is not None
            yield entry, f"new: {number}\n".encode()
            stored = toy.git("cat-file", "--batch-all-objects", "--batch")
            for earlier in range(number - number % 2):
                assert f"new: {earlier}\n" in stored
            # A failure while the rest is read must leave the index as it was.
            assert toy.git("ls-files", "-s") == index

    assert rewrite_entries(here, blobs()) == 5
    assert [toy.git("show", f":{name}") for name in names] == [f"new: {n}\n" for n in range(5)]


def test_a_conflict_is_not_resolved_by_staging(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    path = ".sealedfiles/policy.yaml"
    oid = toy.git("rev-parse", f"HEAD:{path}").strip()
    lines = "".join(f"100644 {oid} {n}\t{path}\n" for n in (1, 2, 3))
    toy.git("update-index", "--index-info", stdin=f"0 {'0' * 40}\t{path}\n{lines}")
    with pytest.raises(ConflictError, match="merge conflict"):
        stage(new_clone(), ".sealedfiles")
    toy.write("a.txt", "1\n")
    stage(new_clone(), "a.txt")
    assert "a.txt" in toy.git("ls-files")


def test_temporary_files_of_killed_processes_are_not_staged(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    names = [f".sealedfiles/keys/default/.sealedfiles-{digit * 16}.tmp" for digit in "ab"]
    for name in names:
        toy.write(name, "age-encryption.org/v1")
    os.utime(toy.path / names[0], (1, 1))
    stage(new_clone(), ".sealedfiles")
    assert "tmp" not in toy.git("ls-files")
    assert not (toy.path / names[0]).exists()  # an old one
    assert (toy.path / names[1]).exists()  # perhaps of another process
