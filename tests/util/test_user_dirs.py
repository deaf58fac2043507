"""Homes that are relative, missing or read-only: no key goes into a working tree, and nothing breaks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from people import ENV, Person, Repo

from sealedfiles.util.user_dirs import NoHomeError, folder_variable, home

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no HOME")


def at_home(repo: Repo, folder: str) -> Repo:
    """The same repository for somebody whose HOME is *folder*, and who has no other settings."""
    person = repo.person.having(
        HOME=folder, XDG_CONFIG_HOME="", XDG_STATE_HOME="", GIT_CONFIG_GLOBAL=os.devnull
    )
    return Repo(person, repo.path)


@pytest.mark.many_variants
@pytest.mark.parametrize("folder", ["", ".", "relative", "../orders"])
def test_with_a_relative_home_no_key_is_made_and_the_rest_works(repo: Repo, folder: str) -> None:
    other = at_home(repo, folder)
    before = sorted(repo.path.rglob("*"))
    other.sealedfiles("keygen", code=2)
    assert "HOME is not an absolute path" in other.stderr
    assert "--output FILE" in other.stderr
    assert "s3cr3t-db-alpha" in other.sealedfiles("cat", ENV)
    other.sealedfiles("doctor", code=None)
    other.sealedfiles("key", "list", code=None)
    new = [path for path in repo.path.rglob("*") if path not in before]
    assert [path for path in new if not path.is_relative_to(repo.path / ".git")] == []


def test_a_key_that_was_pushed_is_not_found_through_a_relative_home(
    repo: Repo, tmp_path: Path
) -> None:
    (repo.path / ".config/sealedfiles").mkdir(parents=True)
    key = Person.at(tmp_path / "mallory").keygen
    assert key()
    pushed = (tmp_path / "mallory/.config/sealedfiles/identities").read_bytes()
    (repo.path / ".config/sealedfiles/identities").write_bytes(pushed)
    other = at_home(repo, ".")
    assert "1 key" not in other.sealedfiles("doctor", code=None)


def test_a_home_that_is_missing_or_cannot_be_written(repo: Repo, tmp_path: Path) -> None:
    missing = at_home(repo, str(tmp_path / "missing"))
    assert "s3cr3t-db-alpha" in missing.sealedfiles("cat", ENV)
    (tmp_path / "file").write_text("")
    blocked = at_home(repo, str(tmp_path / "file"))
    assert "s3cr3t-db-alpha" in blocked.sealedfiles("cat", ENV)
    blocked.sealedfiles("keygen", code=1)
    assert "not a directory" in blocked.stderr
    assert "internal error" not in blocked.stderr


def test_relative_folders_of_xdg_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, wanted in (("", None), ("rel", None), ("/abs", Path("/abs"))):
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        assert folder_variable("XDG_CONFIG_HOME") == wanted
    monkeypatch.setenv("HOME", "rel")
    with pytest.raises(NoHomeError):
        home()
    with pytest.raises(RuntimeError):
        home()
