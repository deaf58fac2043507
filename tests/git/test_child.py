"""git is started with and without ``subprocess``; both give the same results."""

from __future__ import annotations

import os
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
def test_stdin_is_empty(repository: str) -> None:
    code, out, _ = child.run(("hash-object", "--stdin"), repository, os.environ)
    assert (code, out.strip()) == (0, b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")


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
def test_git_does_not_ignore_the_signals_that_python_ignores(repository: str) -> None:
    script = "!sh -c 'kill -PIPE $$'"
    code, _, _ = child.run(("-c", f"alias.die={script}", "die"), repository, os.environ)
    assert code in (-13, 128 + 13)


@pytest.mark.usefixtures("spawns")
def test_a_folder_that_is_missing_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError):
        child.run(("version",), str(tmp_path / "missing"), os.environ)
    with pytest.raises(NotADirectoryError):
        child.run(("version",), str(tmp_path / "file"), os.environ)


@pytest.mark.usefixtures("spawns")
def test_git_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for call in (child.run, child.start):
        with pytest.raises(FileNotFoundError):
            call(("version",), str(tmp_path), os.environ)
