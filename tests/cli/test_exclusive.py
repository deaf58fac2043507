"""Commands that change ``.sealedfiles/`` or stage files run one at a time, and all others do not wait."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, YAML, Person, Repo, assert_clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")

WAITING = "waiting for another sealedfiles command in this clone"
CHANGING = [
    ("init", "--strict"),
    ("keygen", "--deploy", "ci", "--to", "default"),
    ("track", "*.ini"),
    ("untrack", "*.env"),
    ("grant", "bob", "--to", "production"),
    ("revoke", "bob"),
    ("rotate",),
    ("trust", "policy"),
    ("trust", "bob"),
    ("sync",),
    ("recovery-key", "--out", "-"),
    ("unlock",),
    ("lock",),
    ("status", "--fix"),
    ("deinit",),
    ("reseal", YAML),
    ("rebind", YAML),
]


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock, like another command that is running."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def start(
    person: Person, cwd: Path, *arguments: str, setting: str = "_QUIET"
) -> subprocess.Popen[str]:
    """Start a command that reports at once that it waits, or with ``_PATIENCE`` fails at once."""
    code = (
        f"import sys; from sealedfiles.cli import exclusive; exclusive.{setting} = -1.0; "
        "from sealedfiles.__main__ import main; sys.exit(main())"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=person.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Read stderr up to the line that contains *words*."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return
    pytest.fail("".join(seen))


def state(repo: Repo) -> tuple[str, str, dict[str, str]]:
    return repo.git("ls-files", "-s"), repo.git("status", "--porcelain"), repo.texts()


class Blocked:
    """A git that reads from a pipe before it adds files, and so stops a command after its first changes."""

    def __init__(self, repo: Repo, folder: Path) -> None:
        folder.mkdir()
        self._started, self._go = folder / "started", folder / "go"
        os.mkfifo(self._started)
        os.mkfifo(self._go)
        git = folder / "git"
        git.write_text(
            "#!/bin/sh\n"
            f'case " $* " in *" add "*) [ -p {self._go} ] && {{ echo > {self._started}; read -r _ < {self._go}; }};; esac\n'
            f'exec {shutil.which("git")} "$@"\n'
        )
        git.chmod(0o755)
        path = os.pathsep.join([str(folder), repo.person.environment()["PATH"]])
        self.person = repo.person.having(PATH=path)

    def wait(self) -> None:
        """Wait until the command adds files."""
        self._started.read_bytes()

    def release(self) -> None:
        """Let git run, now and later."""
        with self._go.open("w") as pipe:
            self._go.unlink()
            pipe.write("\n")


@pytest.mark.many_variants
@pytest.mark.parametrize("command", CHANGING)
def test_a_command_that_changes_the_clone_fails_if_another_one_does_not_end(
    repo: Repo, command: tuple[str, ...]
) -> None:
    before = state(repo)
    with locked(repo.path / ".git"):
        process = start(repo.person, repo.path, *command, setting="_PATIENCE")
        stdout, stderr = process.communicate()
    assert process.returncode == 1
    assert "error: another sealedfiles command is still running in this clone" in stderr
    assert "hint: then run this command again" in stderr
    assert stdout == ""
    assert state(repo) == before


@pytest.mark.parametrize("in_worktree", [False, True])
def test_it_waits_and_then_runs(repo: Repo, tmp_path: Path, in_worktree: bool) -> None:
    """Worktrees share the keys, so they also share the lock."""
    path = repo.path
    if in_worktree:
        path = tmp_path / "linked"
        repo.git("worktree", "add", "-q", str(path))
    with locked(repo.path / ".git"):
        process = start(repo.person, path, "track", "*.ini")
        read_until(process, WAITING)
        assert "*.ini" not in (path / ".gitattributes").read_text()
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert "*.ini" in (path / ".gitattributes").read_text()


def test_commands_that_read_do_not_wait_and_neither_does_git(repo: Repo) -> None:
    with locked(repo.path / ".git"):
        for command in (
            ("get", YAML, "api.token"),
            ("cat", ENV),
            ("status",),
            ("check",),
            ("who",),
        ):
            repo.sealedfiles(*command)
        repo.sealedfiles("set", YAML, "api.token", answers="s3cr3t-new")
        repo.sealedfiles("keygen", "-o", str(repo.person.home / "another"))
        repo.commit("changed")
        repo.git("checkout", "-q", "HEAD~", "--", YAML)


@pytest.mark.parametrize("options", [(), ("--group", "production")])
def test_two_tracks_at_once_keep_both_patterns(
    repo: Repo, tmp_path: Path, options: tuple[str, ...]
) -> None:
    blocked = Blocked(repo, tmp_path / "bin")
    first = start(blocked.person, repo.path, "track", "one/*.yaml", *options)
    blocked.wait()
    second = start(repo.person, repo.path, "track", "two/*.yaml", *options)
    read_until(second, WAITING)
    blocked.release()
    for process in (first, second):
        _, stderr = process.communicate()
        assert process.returncode == 0, stderr
    for file in (".gitattributes", ".sealedfiles/policy.yaml"):
        assert repo.read(file) == repo.git("show", f":{file}")
        assert "one/*.yaml" in repo.read(file)
        assert "two/*.yaml" in repo.read(file)
    group = options[-1] if options else "default"
    for name in ("one/a.yaml", "two/a.yaml"):
        repo.write(name, "a: s3cr3t-new\n")
        repo.git("add", name)
        assert f"sealed:v1:{group}:" in repo.git("show", f":{name}")


def test_of_two_rotations_at_once_the_second_is_refused_and_changes_nothing(
    repo: Repo, tmp_path: Path
) -> None:
    blocked = Blocked(repo, tmp_path / "bin")
    first = start(blocked.person, repo.path, "rotate")
    blocked.wait()
    second = start(repo.person, repo.path, "rotate")
    read_until(second, WAITING)
    blocked.release()
    _, stderr = first.communicate()
    assert first.returncode == 0, stderr
    _, stderr = second.communicate()
    assert second.returncode == 2
    assert "staged changes" in stderr
    assert repo.git("diff", "--name-only") == ""
    repo.git("commit", "-qm", "rotated")
    repo.sealedfiles("check", "--keyed")
    assert_clean(repo)


def test_a_killed_command_has_no_lock_even_if_its_git_still_runs(
    repo: Repo, tmp_path: Path
) -> None:
    blocked = Blocked(repo, tmp_path / "bin")
    killed = start(blocked.person, repo.path, "track", "one/*.yaml")
    blocked.wait()
    killed.kill()
    assert killed.wait() < 0
    process = start(repo.person, repo.path, "track", "two/*.yaml", setting="_PATIENCE")
    _, stderr = process.communicate()
    blocked.release()
    killed.communicate()
    assert process.returncode == 0, stderr


def test_the_lock_is_that_of_the_clone_of_the_file(repo: Repo, tmp_path: Path) -> None:
    """`reseal` and `rebind` take files of another clone than the one of the current folder."""
    for command in ("reseal", "rebind"):
        with locked(repo.path / ".git"):
            process = start(
                repo.person, tmp_path, command, str(repo.path / YAML), setting="_PATIENCE"
            )
            _, stderr = process.communicate()
        assert process.returncode == 1
        assert "still running" in stderr


def test_outside_git_the_folder_is_locked(repo: Repo, tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    shutil.copytree(repo.path, exported, ignore=shutil.ignore_patterns(".git"))
    outside = Repo(repo.person, exported)
    command = ("keygen", "--deploy", "ci", "--to", "default")
    with locked(exported / ".sealedfiles"):
        process = start(repo.person, exported / "config", *command, setting="_PATIENCE")
        process.communicate()
    assert process.returncode == 1
    outside.sealedfiles(*command)
    outside.sealedfiles("reseal", ENV, code=None)
    process = start(repo.person, tmp_path, *command, setting="_PATIENCE")
    _, stderr = process.communicate()
    assert "still running" not in stderr
