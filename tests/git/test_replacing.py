"""Working tree files are replaced atomically, and files that a kill leaves behind are not added to git."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from people import FILES, SECRET, YAML

if TYPE_CHECKING:
    from people import Repo

KILLED = """
import os, sys
from sealedfiles.__main__ import main
replace, left = os.replace, int(sys.argv.pop(1))
def end(*paths):
    global left
    left -= str(paths[1]).endswith(sys.argv[2])
    if left == 0:
        os._exit(9)
    replace(*paths)
os.replace = end
sys.exit(main())
"""
"""Ends before a new file takes the place of the one that is named, or tries to for the n-th time."""


def kill(repo: Repo, command: str, path: str, tries: int = 1) -> None:
    ending = [sys.executable, "-c", KILLED, str(tries), command, path]
    repo.person.run(ending, repo.path, code=9)


def assert_git_gets_nothing(repo: Repo, path: str) -> None:
    """Only a file that was tracked before may have changed."""
    repo.git("add", "--all")
    assert [line[3:] for line in repo.status()] in ([], [path])
    for name, content in repo.objects():
        assert SECRET.encode() not in content, name


def left_over(*folders: Path) -> list[Path]:
    return [file for folder in folders for file in folder.glob(".sealedfiles-*.tmp")]


def test_leftovers_of_a_kill_are_in_git_s_folder(repo: Repo) -> None:
    repo.sealedfiles("seal", YAML)
    kill(repo, "unseal", YAML)
    left = left_over(repo.path / ".git/sealedfiles/tmp")
    assert [file.read_text() for file in left] == [FILES[YAML]]
    assert left_over(repo.path, repo.path / "secrets") == []
    assert_git_gets_nothing(repo, YAML)
    repo.sealedfiles("lock")
    assert left_over(repo.path / ".git/sealedfiles/tmp") == [], "not after a lock"


def test_where_git_s_folder_is_on_another_file_system_git_leaves_it_out(
    repo: Repo, tmp_path: Path
) -> None:
    base = Path("/dev/shm")
    if not os.access(base, os.W_OK) or base.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one file system only")
    with TemporaryDirectory(dir=base) as folder:
        repo.git("worktree", "add", "--quiet", f"{folder}/tree")
        repo.path = Path(folder, "tree")
        assert repo.read(YAML) == FILES[YAML]
        repo.sealedfiles("seal", YAML)
        kill(repo, "unseal", YAML, tries=2)
        left = left_over(repo.path / "secrets")
        assert [file.read_text() for file in left] == [FILES[YAML]]
        assert_git_gets_nothing(repo, YAML)
        os.utime(left[0], (1, 1))
        repo.sealedfiles("unseal", YAML)
        assert left_over(repo.path / "secrets") == [], "the next run sweeps it away"
        assert repo.read(YAML) == FILES[YAML]


def test_outside_of_git_the_next_run_sweeps_it_away(repo: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "deployed"
    shutil.copytree(repo.path / ".sealedfiles", folder / ".sealedfiles")
    (folder / "secrets").mkdir()
    (folder / YAML).write_bytes(repo.blob("HEAD", YAML))
    repo.path = folder
    kill(repo, "unseal", YAML)
    (left,) = left_over(folder / "secrets")
    os.utime(left, (1, 1))
    repo.sealedfiles("unseal", YAML)
    assert os.listdir(folder / "secrets") == ["app.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_seal_and_unseal_work_if_git_s_folder_is_read_only(repo: Repo) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    state = repo.path / ".git/sealedfiles"
    state.chmod(0o500)
    try:
        repo.sealedfiles("seal", YAML)
        assert SECRET not in repo.read(YAML)
    finally:
        state.chmod(0o700)
