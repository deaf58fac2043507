"""Working tree files that a command has written look unmodified to git."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from check.toy import APP, Toy
from keys.kit import ALICE

from sealedfiles.git import worktree
from sealedfiles.git.clone import Clone
from sealedfiles.git.worktree import close_work_tree, open_work_tree, refresh, unchanged_for_git
from sealedfiles.util import progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_file_that_was_written_again_is_unchanged(toy: Toy, clone: Clone) -> None:
    file = toy.path / APP
    os.utime(file, (1, 1))
    assert toy.git("diff-files", "--name-only").strip() == APP
    refresh(clone, [])
    assert toy.git("diff-files", "--name-only").strip() == APP
    refresh(clone, [APP.encode()])
    assert toy.git("diff-files", "--name-only") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o755], ids=["made executable", "made a plain file"])
def test_a_changed_mode_is_not_staged(toy: Toy, clone: Clone, mode: int) -> None:
    file = toy.path / APP
    file.chmod(mode)
    toy.commit()
    before = toy.git("ls-files", "-s", APP)
    file.chmod(0o755 if mode == 0o644 else 0o644)
    refresh(clone, [APP.encode()])
    assert toy.git("ls-files", "-s", APP) == before
    assert toy.git("diff-files", "--name-only").strip() == APP


def test_closing_it_leaves_no_plaintext_of_a_killed_process(toy: Toy, clone: Clone) -> None:
    """If git's folder is on another file system, such a file is next to the sealed one."""
    left = (toy.path / APP).parent / ".sealedfiles-0123456789abcdef.tmp"
    left.write_text("plaintext")
    close_work_tree(clone)
    assert not left.exists()


def test_long_work_shows_its_progress_and_refreshes_in_parts(
    toy: Toy, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = "secrets/second.yaml"
    toy.write(second, (toy.path / APP).read_bytes())
    toy.git("add", "--all")
    names = [entry.path for entry in worktree.tracked_sealed_files(clone)]
    assert len(names) > 1
    monkeypatch.setattr(worktree, "REFRESHED", 1)
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    monkeypatch.setattr(progress, "_INTERVAL", 0)
    shown: list[str] = []
    progress.show_with(shown.append)
    try:
        close_work_tree(clone)
        assert f"files {len(names)}" in shown
        for name in names:
            os.utime(toy.path / os.fsdecode(name), (1, 1))
        refresh(clone, names)
    finally:
        progress.show_with(None)
    assert f"{len(names)} of {len(names)}" in "".join(shown)
    assert toy.git("diff-files", "--name-only") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs a right to create links")
def test_nothing_is_written_beyond_a_link_of_the_user(
    toy: Toy, new_clone: Callable[..., Clone], tmp_path: Path
) -> None:
    """git takes such a file for deleted, and does not seal what is there."""
    folder = (toy.path / APP).parent
    outside = folder.rename(tmp_path / "outside")
    folder.symlink_to(outside)
    before = {file: file.read_bytes() for file in outside.iterdir()}
    assert open_work_tree(new_clone(ALICE)).written == []
    assert {file: file.read_bytes() for file in outside.iterdir()} == before


@pytest.mark.parametrize("is_set_early", [True, False], ids=["before it is read", "after"])
def test_what_another_process_writes_at_the_same_time_is_kept(
    toy: Toy,
    new_clone: Callable[..., Clone],
    monkeypatch: pytest.MonkeyPatch,
    is_set_early: bool,
) -> None:
    """`set` and `edit` do not wait until `lock` or `unlock` ends."""
    file, clone = toy.path / APP, new_clone(ALICE)
    converted = unchanged_for_git(clone)
    assert APP.encode() in converted

    def edit(*arguments: object) -> bool:
        file.write_text("another: edit\n")
        return really_unchanged(*arguments)

    really_unchanged: Callable[..., bool] = worktree.is_unchanged
    monkeypatch.setattr(worktree, "is_unchanged", edit)
    if is_set_early:
        file.write_text("another: edit\n")
    assert APP.encode() in open_work_tree(clone, None, converted).left
    assert file.read_text() == "another: edit\n"
