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


def nobody(command: list[str]) -> list[str]:
    """Return *command* as run by another user."""
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    can = os.geteuid() == 0 and shutil.which("setpriv")
    if not can or subprocess.run([*other, *program(), "--version"], check=False).returncode:
        pytest.skip("nobody else can be had here")
    return [*other, *command]


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_keys_of_another_user_do_not_block_a_key_that_is_given(
    repo: Repo, tmp_path: Path, mode: int
) -> None:
    key = tmp_path / "key"
    shutil.copy(repo.person.identities, key)
    repo.sealedfiles("seal", ENV)
    folder = repo.folder("sealedfiles")
    folder.chmod(mode)
    assert (folder / "keys").stat().st_mode & 0o077 == 0
    other = Person.at(tmp_path / "other")
    for path in (key, other.home, tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and path.stat().st_mode & 0o055 != 0o055:
            path.chmod(path.stat().st_mode | 0o055)
    variables = {
        "SEALEDFILES_KEY_FILE": str(key),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    stdout, _ = other.having(**variables).run(
        nobody([*program(), "get", ENV, "DB_PASSWORD"]), repo.path
    )
    assert stdout == b"s3cr3t-db-alpha\n"
