"""Finding a repository: the same folders from everywhere in it, with and without running git."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from check.toy import isolate

from sealedfiles.app.edit.editor import _editor_of_git
from sealedfiles.errors import GitError, UsageError
from sealedfiles.git.repository import (
    Repository,
    filter_repository,
    find_repository,
    user_config,
)


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    isolate(monkeypatch, tmp_path)
    path = tmp_path / "shop"
    git(tmp_path, "init", "--quiet", "shop")
    git(path, "commit", "--quiet", "--allow-empty", "--message", "first")
    (path / "a/b").mkdir(parents=True)
    return path


def git(folder: Path, *args: str) -> None:
    subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True)


def found(start: Path, *, bare: bool = False) -> Repository:
    repository = find_repository(start, bare=bare)
    assert repository is not None
    return repository


def folders(repository: Repository) -> tuple[Path, Path, Path]:
    """Return the root, git's folder and the common folder, with links and dots resolved."""
    top, git_dir, common = repository.top, repository.git_dir, repository.common_dir
    return top.resolve(), git_dir.resolve(), common.resolve()


def test_from_any_folder_of_the_working_tree(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = (top, top / ".git", top / ".git")
    assert folders(found(top)) == folders(found(top / "a/b")) == expected
    monkeypatch.chdir(top)
    assert folders(filter_repository()) == expected
    assert found(top).has_work_tree
    assert found(top).state_folder == top / ".git/sealedfiles"


def test_another_worktree_shares_the_common_folder(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(top, "worktree", "add", "--quiet", str(tmp_path / "other"))
    expected = (tmp_path / "other", top / ".git/worktrees/other", top / ".git")
    assert folders(found(tmp_path / "other")) == expected
    monkeypatch.chdir(tmp_path / "other")
    assert folders(filter_repository()) == expected
    assert filter_repository().state_folder.resolve() == top / ".git/sealedfiles"


def test_a_git_folder_elsewhere(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (top / ".git").rename(tmp_path / "away")
    (top / ".git").write_text("gitdir: ../away\n")
    expected = (top, tmp_path / "away", tmp_path / "away")
    assert folders(found(top)) == expected
    monkeypatch.chdir(top)
    assert folders(filter_repository()) == expected
    (top / ".git").unlink()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "away"))
    assert folders(filter_repository()) == expected


def test_a_repository_without_a_working_tree(tmp_path: Path, top: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(top), "server.git")
    server = tmp_path / "server.git"
    assert find_repository(server) is None
    repository = found(server, bare=True)
    assert folders(repository) == (server, server, server)
    assert not repository.has_work_tree


def test_where_there_is_none(tmp_path: Path, top: Path) -> None:
    assert find_repository(tmp_path) is None
    (top / "file").write_text("")
    with pytest.raises(UsageError, match="is not a folder"):
        find_repository(top / "file")


def test_paths_are_those_of_git(top: Path, tmp_path: Path) -> None:
    repository = found(top)
    assert repository.relative(top / "a/../a/b/x") == b"a/b/x"
    assert repository.file(b"a/b/x") == repository.top / "a/b/x"
    (top / "link").symlink_to("a/b")
    assert repository.relative(top / "link") == b"link", "the link itself"
    assert repository.relative(top / "link/x") == b"a/b/x"
    with pytest.raises(UsageError, match="not in the working tree"):
        repository.relative(tmp_path / "x")


def test_a_failure_of_git_is_an_error_with_its_words(top: Path) -> None:
    repository = found(top)
    with pytest.raises(GitError, match=r"git cat-file failed with exit status 128: .*nothing"):
        repository.run("cat-file", "-p", "nothing")
    assert repository.run("rev-parse", "--is-inside-work-tree") == b"true\n"
    assert repository.config("core.bare") == "false"
    assert repository.config("no.such") is None
    repository.require_writable()


LIMITED = """
import resource, sys
from pathlib import Path
from sealedfiles.errors import GitError
from sealedfiles.git.repository import find_repository
from sealedfiles.model.unavailable import explain
from sealedfiles.util.atomic import replace

top = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
try:
    find_repository(top).run("config", "a.b", "c")
except GitError as error:
    print(error.message, *error.hints, sep="\\n")
try:
    replace(top / "secret.yaml", b"password: s3cr3t")
except OSError as error:
    print(explain(error).message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits of file sizes")
def test_a_write_without_space_is_an_error_with_the_place_and_what_to_do(top: Path) -> None:
    """git says neither why nor what to do, but only which file it could not write."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, top], capture_output=True, text=True, check=True
    )
    message, hint, other = done.stdout.splitlines()
    assert message.startswith(f"git config failed: {top}/.git: file too large: ")
    assert hint == "raise the limit of file sizes (ulimit -f), then run the command again"
    assert other == f"{top}/secret.yaml: file too large"


@pytest.mark.parametrize(
    ("text", "ignores"),
    [
        ("[core]\n\tignorecase = true\n", True),
        ("[core]\n\tignoreCase\n", True),
        ("[Core] ignorecase=on\n", True),
        ('[core]\n\tignorecase = "yes"\n', True),
        ("[core]\n\tignorecase = true\n\tignorecase = false\n", False),
        ("[core]\n\tignorecase = 0\n", False),
        ("[other]\n\tignorecase = true\n", False),
        ('[core "x"]\n\tignorecase = true\n', False),
        ("", False),
    ],
)
def test_whether_git_ignores_case(tmp_path: Path, text: str, ignores: bool) -> None:
    (tmp_path / "config").write_text(text)
    assert Repository(tmp_path, tmp_path, tmp_path).ignores_case == ignores
    missing = tmp_path / "missing"
    assert not Repository(missing, missing, missing).ignores_case


@pytest.mark.parametrize(
    "given", [{}, {"GIT_CONFIG_KEY_0": "core.pager", "GIT_CONFIG_VALUE_0": "no"}]
)
def test_texts_are_in_utf_8_whatever_the_user_has_configured(
    top: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    git(top, "config", "i18n.logOutputEncoding", "UTF-16")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(given) // 2))
    repository = found(top)
    assert repository.config("i18n.logOutputEncoding") == "UTF-8"
    assert repository.config("core.pager") == ("no" if given else None)


def test_a_path_with_a_line_break_is_refused_as_its_first_line_may_be_another_repository(
    top: Path,
) -> None:
    other = top.with_name("shop\nb")
    other.mkdir()
    git(other, "init", "--quiet")
    with pytest.raises(UsageError, match="contains a line break"):
        find_repository(other)


def test_a_work_tree_elsewhere_is_refused_with_the_way_to_use_it(top: Path) -> None:
    git(top, "config", "core.worktree", str(top / "a"))
    with pytest.raises(UsageError, match=r"core\.worktree is set") as refused:
        find_repository(top)
    assert f"GIT_WORK_TREE={top / 'a'}" in refused.value.hints[0]


def embed_bare(folder: Path, settings: str = "") -> None:
    """Write the files of a bare repository, as anyone with push access can."""
    for name in ("refs/x", "objects/x"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("")
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "config").write_text(f"[core]\n\trepositoryformatversion = 0\n{settings}")


def test_a_bare_repository_among_the_files_is_not_used(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed_bare(top / "a", "\tbare = true\n\teditor = evil\n")
    found = find_repository(top / "a/b")
    assert found is not None
    assert (found.top, found.git_dir) == (top, top / ".git")
    monkeypatch.chdir(top / "a")
    assert user_config("core.editor") is None
    assert _editor_of_git(top / "a/b") == ""


def test_nor_is_one_that_names_the_work_tree_around_it(top: Path) -> None:
    embed_bare(top / "a", f"\tbare = false\n\tworktree = {top}\n")
    found = find_repository(top / "a")
    assert found is not None
    assert (found.top, found.git_dir) == (top, top / ".git")
