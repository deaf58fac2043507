"""Links in the place of folders and files: the policy decides by path, so that none may lead elsewhere."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from people import YAML, Repo

from sealedfiles.app.links import refuse_pushed_links
from sealedfiles.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    ["get", YAML, "database.user"],
    ["cat", YAML],
    ["run", "-f", YAML, "--", "env"],
    ["set", YAML, "database.user", "--value", "s3cr3t-new"],
    ["edit", YAML],
    ["seal", YAML],
)


def put_link(repo: Repo) -> None:
    """Replace the folder ``secrets`` with a link to a folder that no rule covers."""
    repo.git("rm", "--quiet", "-r", "--cached", "secrets")
    shutil.rmtree(repo.path / "secrets")
    repo.write("public/app.yaml", "database:\n  user: forged\n")
    (repo.path / "secrets").symlink_to("public")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--no-verify", "--message", "a link")


@pytest.mark.parametrize("is_exported", [False, True], ids=["in git", "outside git"])
def test_no_command_follows_a_link_that_was_pushed(repo: Repo, is_exported: bool) -> None:
    put_link(repo)
    if is_exported:
        shutil.rmtree(repo.path / ".git")
    before = repo.read("public/app.yaml")
    for command in COMMANDS:
        assert "forged" not in repo.sealedfiles(*command, code=2)
        assert f"secrets is a symbolic link, and {YAML} is beyond it" in repo.stderr
        assert "public/app.yaml" in repo.stderr.split("hint: ")[1]
    assert repo.read("public/app.yaml") == before


def test_a_folder_that_was_entered_by_such_a_link_is_the_same(repo: Repo) -> None:
    put_link(repo)
    inside = Repo(repo.person.having(PWD=str(repo.path / "secrets")), repo.path / "public")
    assert "forged" not in inside.sealedfiles("get", "app.yaml", "database.user", code=2)
    assert "is a symbolic link" in inside.stderr
    other = Repo(repo.person.having(PWD="/"), repo.path / "public")
    other.sealedfiles("get", "app.yaml", "database.user", "--allow-plaintext")


def test_a_link_to_a_link_is_followed_to_the_one_that_was_pushed(
    repo: Repo, tmp_path: Path
) -> None:
    put_link(repo)
    (tmp_path / "mine").symlink_to(repo.path / "secrets")
    repo.sealedfiles("get", str(tmp_path / "mine/app.yaml"), "database.user", code=2)
    assert f"{repo.path / 'secrets'} is a symbolic link" in repo.stderr


def test_links_of_the_user_that_git_does_not_have_are_followed(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(repo.path)
    (repo.path / "here").symlink_to("secrets")
    for path in (tmp_path / "mine" / YAML, repo.path / "here/../secrets/app.yaml", "here/app.yaml"):
        assert repo.sealedfiles("get", str(path), "database.password") == "s3cr3t-db-alpha\n"


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="is a symbolic link"):
        refuse_pushed_links(tmp_path / "a/app.yaml")
