"""`sealedfiles migrate`, killed before each change of a file: the same command finishes it."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from migration import DATABASE, DOTENV, assert_migrated, repository, run

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal"),
]

FILES = {"secrets/database.yaml": DATABASE, ".env": DOTENV}
COMMAND = ("migrate", "--yes", "--plain-comments")
STEP = 1 if os.environ["HYPOTHESIS_PROFILE"] == "deep" else 5
"""Of so many changes, one is tried."""


@pytest.fixture
def encrypted(tmp_path: Path) -> Repo:
    """A repository with files that git-crypt encrypts with two keys, in an unlocked clone."""
    repo = repository(tmp_path / "git-crypt")
    repo.git("config", "sealedfiles.hooks", "true")
    run(repo, "git-crypt", "init")
    run(repo, "git-crypt", "init", "--key-name", "ops")
    for path, content in FILES.items():
        repo.write(path, content)
    repo.write(".gitattributes", "secrets/* filter=git-crypt\n.env filter=git-crypt-ops\n")
    repo.commit("first")
    return repo


def test_the_same_command_finishes_a_migration_that_was_killed(
    encrypted: Repo, tmp_path: Path
) -> None:
    number, running = 1, True
    while running:
        number += STEP
        repo = encrypted.copy(tmp_path / f"killed-{number}" / "orders")
        running = repo.is_killed(number, *COMMAND)
        repo.wait_for_git()
        for path in repo.git("ls-files").split("\n")[:-1]:
            assert b"s3cr3t" not in repo.blob("", path), number
        repo.sealedfiles(*COMMAND)
        for left in repo.path.rglob(".sealedfiles-*.tmp"):
            left.unlink()  # otherwise removed after ten minutes
        assert not repo.folder("sealedfiles-migration").exists(), f"{number}: {repo.stderr}"
        assert (repo.path / ".git/hooks/post-merge").exists(), number  # the last one
        for path, content in FILES.items():
            assert repo.read(path) == content, number
            assert b"sealed:v1:" in repo.blob("", path), number
        assert repo.git("ls-files", "--modified", "--others") == "", number
        if number % 10 == 1:
            assert_migrated(repo, FILES)
        shutil.rmtree(repo.path.parent)
    assert number > 50
