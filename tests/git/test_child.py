"""git is started with and without ``subprocess``; both give the same results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sealedfiles.git import child

if TYPE_CHECKING:
    from pathlib import Path

WAYS = [False, True] if hasattr(os, "posix_spawnp") else [False]


@pytest.fixture(params=WAYS, ids=["subprocess", "spawned"][: len(WAYS)])
def spawns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(child, "_CAN_SPAWN", request.param)
    return bool(request.param)


@pytest.fixture
def repository(tmp_path: Path) -> str:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return str(tmp_path)


@pytest.mark.usefixtures("spawns")
def test_the_output_of_git(repository: str) -> None:
    code, out, err = child.run(("rev-parse", "--show-toplevel"), repository, os.environ)
    assert (code, os.path.realpath(os.fsdecode(out.strip())), err) == (
        0,
        os.path.realpath(repository),
        b"",
    )


@pytest.mark.usefixtures("spawns")
def test_the_exit_status_and_errors_of_git(repository: str) -> None:
    code, out, err = child.run(("rev-parse", "--verify", "missing"), repository, os.environ)
    assert (code, out) == (128, b"")
    assert err.startswith(b"fatal: ")


@pytest.mark.usefixtures("spawns")
def test_its_environment_is_the_one_given(repository: str) -> None:
    env = {**os.environ, "GIT_CONFIG_COUNT": "1"}
    env |= {"GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "given"}
    assert child.run(("config", "a.b"), repository, env)[1] == b"given\n"


@pytest.mark.usefixtures("spawns")
@pytest.mark.skipif(sys.platform == "win32", reason="the alias is for a POSIX shell")
def test_long_output_on_both_streams_does_not_block(repository: str) -> None:
    script = "!head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 3"
    code, out, err = child.run(("-c", f"alias.long={script}", "long"), repository, os.environ)
    assert (code, len(out), len(err)) == (3, 300_000, 300_000)


@pytest.mark.usefixtures("spawns")
def test_stdin_is_empty(repository: str, tmp_path: Path) -> None:
    """git must not read what is meant for this process."""
    (tmp_path / "input").write_text("text")
    own = os.dup(0)
    try:
        with (tmp_path / "input").open() as file:
            os.dup2(file.fileno(), 0)
        code, out, _ = child.run(("hash-object", "--stdin"), repository, os.environ)
    finally:
        os.dup2(own, 0)
        os.close(own)
    assert (code, out.strip()) == (0, b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")


@pytest.mark.usefixtures("spawns")
def test_stdin_is_the_one_given(repository: str) -> None:
    code, out, _ = child.run(("hash-object", "--stdin"), repository, os.environ, b"text")
    assert (code, out.strip()) == (0, b"f3a34851d44d6b97c90fbb99dd3d18c261b9a237")


@pytest.mark.usefixtures("spawns")
@pytest.mark.skipif(sys.platform == "win32", reason="the alias is for a POSIX shell")
def test_a_time_limit(repository: str) -> None:
    arguments = ("-c", "alias.long=!exec sleep 2", "long")
    with pytest.raises(subprocess.TimeoutExpired):
        child.run(arguments, repository, os.environ, timeout=0.1)


@pytest.mark.usefixtures("spawns")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no folder of descriptors")
def test_no_descriptor_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt() -> None:
        for call in (child.run, child.start):
            with pytest.raises(FileNotFoundError):
                call(("version",), str(tmp_path), os.environ)

    child.run(("version",), str(tmp_path), os.environ)
    before = os.listdir("/dev/fd")
    child.run(("version",), str(tmp_path), os.environ)
    monkeypatch.setenv("PATH", str(tmp_path))
    attempt()
    assert os.listdir("/dev/fd") == before


@pytest.mark.usefixtures("spawns")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_children_are_not_waited_for(repository: str) -> None:
    """The system then forgets the exit status; `subprocess` takes it for 0."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        code, out, _ = child.run(("rev-parse", "--git-dir"), repository, os.environ)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert (code, out) == (0, b".git\n")


@pytest.mark.usefixtures("spawns")
def test_a_conversation(repository: str) -> None:
    process = child.start(("cat-file", "--batch-check"), repository, os.environ)
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"missing\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"missing missing\n"
    process.stdin.close()
    assert process.wait() == 0
    process.stdout.close()


@pytest.mark.usefixtures("spawns")
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("name", ["PIPE", "XFSZ"])
def test_git_does_not_ignore_the_signals_that_python_ignores(repository: str, name: str) -> None:
    number = signal.Signals[f"SIG{name}"]
    script = f"!sh -c 'kill -{name} $$'"
    before = signal.signal(number, signal.SIG_IGN)
    try:
        code, _, _ = child.run(("-c", f"alias.die={script}", "die"), repository, os.environ)
    finally:
        signal.signal(number, before)
    assert code in (-number, 128 + number)


@pytest.mark.usefixtures("spawns")
def test_a_folder_that_is_missing_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError):
        child.run(("version",), str(tmp_path / "missing"), os.environ)
    with pytest.raises(NotADirectoryError):
        child.run(("version",), str(tmp_path / "file"), os.environ)


@pytest.mark.usefixtures("spawns")
@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not apply")
def test_a_folder_that_cannot_be_entered(tmp_path: Path) -> None:
    tmp_path.chmod(0o600)
    try:
        with pytest.raises(PermissionError):
            child.run(("version",), str(tmp_path), os.environ)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.usefixtures("spawns")
def test_git_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for call in (child.run, child.start):
        with pytest.raises(FileNotFoundError):
            call(("version",), str(tmp_path), os.environ)


def test_commands_within_a_filter_take_no_lock_and_fetch_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GIT_INTERNAL_SUPER_PREFIX", "sub/")
    environ = child.git_environment({"MORE": "1"})
    assert environ["GIT_NO_REPLACE_OBJECTS"] == "1"
    assert environ["GIT_OPTIONAL_LOCKS"] == "0"
    assert environ["GIT_NO_LAZY_FETCH"] == "1"
    assert environ["MORE"] == "1"
    assert "GIT_INTERNAL_SUPER_PREFIX" not in environ
