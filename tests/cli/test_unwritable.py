"""Folders that are not writable, or not folders: the message contains the solution, and nothing is lost."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, YAML, Repo, at_home_of_its_own, program, put_file_in_place_of_state, tokens

from sealedfiles.age import generate_identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="modes of folders"),
    pytest.mark.many_variants,
]

CAPABILITIES = "-dac_override,-dac_read_search"


def by_modes(*command: str) -> list[str]:
    """Return *command* so that file modes apply to it, even if the tests are run as root."""
    options = [f"--bounding-set={CAPABILITIES}", f"--inh-caps={CAPABILITIES}"]
    limited = ["setpriv", *options]
    if (
        shutil.which("setpriv") is None
        or subprocess.run([*limited, "true"], check=False).returncode
    ):
        limited = []
    return [*limited, *command]


@pytest.fixture
def closed(repo: Repo) -> Iterator[Repo]:
    """A clone whose git folder is not writable."""
    top = repo.path / ".git"
    folders = [top, *(path for path in top.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    if subprocess.run(by_modes("touch", str(top / "x")), check=False, stderr=-3).returncode == 0:
        pytest.skip("modes of folders do not hold here")
    yield repo
    for folder in folders:
        folder.chmod(0o755)


@pytest.mark.parametrize(
    "command", [("get", YAML, "api.token"), ("cat", ENV), ("status",), ("check",)]
)
def test_reading_works_where_git_s_folder_cannot_be_written_to(
    closed: Repo, command: tuple[str, ...]
) -> None:
    closed.raw(*by_modes(*program(), *command))


@pytest.mark.parametrize(
    "command",
    [
        ("keygen", "--deploy", "ci", "--to", "default"),
        ("recovery-key", "--out", "-"),
        ("rotate",),
        ("unlock",),
        ("lock",),
        ("track", "*.json"),
        ("untrack", "*.env"),
        ("hook", "install"),
        ("deinit",),
    ],
)
def test_what_git_cannot_store_is_refused_with_the_folder(
    closed: Repo, command: tuple[str, ...]
) -> None:
    texts = closed.texts()
    closed.raw(*by_modes(*program(), *command), code=1)
    assert f"hint: check the permissions: ls -ld {closed.path}/.git" in closed.stderr
    assert closed.texts() == texts
    assert closed.raw("git", "status", "--porcelain") == b""


def test_no_access_is_granted_that_cannot_be_staged(closed: Repo) -> None:
    closed.raw(*by_modes(*program(), "keygen", "--deploy", "ci", "--to", "default"), code=1)
    assert not (closed.path / ".sealedfiles/recipients/ci.pub").exists()
    assert closed.raw("git", "status", "--porcelain") == b""


def test_an_edit_is_kept_where_the_state_is_no_folder(repo: Repo) -> None:
    put_file_in_place_of_state(repo)
    repo.edit(YAML, "s3cr3t-api-alpha", "s3cr3t-api-beta")
    before = repo.blob("", YAML)
    repo.git("add", YAML, code=128)
    assert "cannot be sealed: " in repo.stderr
    assert (
        f"hint: a file exists where a folder is needed; find it and move it away: ls -ld {'.git/sealedfiles'}"
        in (repo.stderr.replace(f"{repo.path}/", ""))
    )
    assert "internal error" not in repo.stderr
    assert repo.blob("", YAML) == before
    assert "s3cr3t-api-beta" in repo.read(YAML)


def test_a_checkout_stays_sealed_if_the_state_is_not_a_folder(repo: Repo) -> None:
    put_file_in_place_of_state(repo)
    (repo.path / ENV).unlink()
    repo.git("checkout", "--", ENV)
    assert tokens(repo.read(ENV))
    assert f"{ENV} stays sealed: " in repo.stderr
    assert "not a directory" in repo.stderr


@pytest.mark.parametrize("command", [("get", YAML, "api.token"), ("unlock",), ("rotate",)])
def test_a_command_reports_a_file_in_place_of_a_folder(
    repo: Repo, command: tuple[str, ...]
) -> None:
    put_file_in_place_of_state(repo)
    repo.sealedfiles(*command, code=1)
    place = re.escape(f"sealedfiles: error: {repo.path}/.git/sealedfiles/")
    assert re.search(f"^{place}[a-z]+: not a directory$", repo.stderr, re.MULTILINE)
    assert f"ls -ld {repo.path}/.git/sealedfiles" in repo.stderr


@pytest.mark.parametrize(
    "command", [("grant", "eve", "", "--to", "default"), ("keygen", "--deploy", "eve", "--to", "default")]
)  # fmt: skip
def test_a_folder_in_place_of_a_file_is_named(repo: Repo, command: tuple[str, ...]) -> None:
    """Anyone with push access can put one there."""
    key = str(generate_identity().recipient)
    place = repo.path / ".sealedfiles/recipients/eve.pub"
    place.mkdir()
    repo.sealedfiles(*(word or key for word in command), code=1)
    assert f"sealedfiles: error: {place}: is a directory\n" in repo.stderr
    assert "hint: a folder exists where a file is needed; move it away" in repo.stderr


def test_a_home_that_cannot_be_written_to(repo: Repo, tmp_path: Path) -> None:
    repo = at_home_of_its_own(repo, tmp_path)
    folder = repo.person.identities.parent
    folder.chmod(0o555)
    assert repo.raw(*by_modes(*program(), "get", YAML, "api.token")) == b"s3cr3t-api-alpha\n"
    repo.raw(*by_modes(*program(), "keygen"), code=1)
    folder.chmod(0o755)
    assert "permission denied\n" in repo.stderr
    assert f"ls -ld '{folder}'" in repo.stderr
