"""Clones that belong to another user: git's refusal is reported, and a key that is passed in still
decrypts files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, Person, Repo, program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def strangers(repo: Repo) -> Repo:
    """A repository that git considers to be another user's."""
    other = Repo(
        repo.person.having(GIT_TEST_ASSUME_DIFFERENT_OWNER="1", LANG="de_DE.UTF-8"), repo.path
    )
    other.git("status", code=None)
    if "dubious ownership" not in other.stderr:
        pytest.skip("this git has no such switch")
    return other


@pytest.mark.parametrize(
    "args",
    [
        ("status",),
        ("check",),
        ("unlock",),
        ("lock",),
        ("init",),
        ("cat", ENV),
        ("get", ENV, "DB_PASSWORD"),
        ("set", ENV, "DB_PASSWORD", "--value", "x"),
        ("track", "*.new"),
        ("hook", "install"),
        ("deinit",),
        ("who",),
        ("doctor",),
        ("doctor", "--json"),
    ],
)
def test_every_command_passes_git_s_advice_on(strangers: Repo, args: tuple[str, ...]) -> None:
    before = strangers.read(ENV)
    said = strangers.sealedfiles(*args, code=1) + strangers.stderr
    assert "dubious ownership" in said
    assert f"git config --global --add safe.directory {strangers.path}" in said.replace("'", "")
    assert strangers.read(ENV) == before


def without_privileges(command: list[str]) -> list[str]:
    """Return *command* as run by root, if modes apply to root as to everybody.

    Another user may be unable to read the interpreter.
    """
    limited = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    can = os.geteuid() == 0 and shutil.which("setpriv")
    if not can or subprocess.run([*limited, "true"], check=False).returncode:
        pytest.skip("nobody else can be had here")
    return [*limited, *command]


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_keys_of_another_user_do_not_block_a_key_that_is_given(
    repo: Repo, tmp_path: Path, mode: int
) -> None:
    key = tmp_path / "key"
    shutil.copy(repo.person.identities, key)
    repo.sealedfiles("seal", ENV)
    folder = repo.folder("sealedfiles")
    command = without_privileges([*program(), "get", ENV, "DB_PASSWORD"])
    for path in (*folder.rglob("*"), folder):
        os.chown(path, 65534, 65534)
    folder.chmod(mode)
    assert (folder / "keys").stat().st_mode & 0o077 == 0
    other = Person.at(tmp_path / "other")
    stdout, _ = other.having(SEALEDFILES_KEY_FILE=str(key)).run(command, repo.path)
    assert stdout == b"s3cr3t-db-alpha\n"
