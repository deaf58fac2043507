"""People for the tests of single commands."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from desk import Desk
from people import Person, at_home_of_its_own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from people import Repo


@pytest.fixture
def alice(tmp_path: Path) -> Person:
    """Somebody with a home directory and a git configuration, who has not used sealedfiles."""
    return Person.at(tmp_path / "alice")


@pytest.fixture
def fresh(alice: Person, tmp_path: Path) -> Repo:
    """An empty repository, not set up, at a path that needs quoting."""
    return alice.repository(tmp_path / "Größe & Co" / "my app")


@pytest.fixture
def desk(repo: Repo, tmp_path: Path) -> Iterator[Desk]:
    """Alice's unlocked clone, with a home directory and a memory folder of its own."""
    if sys.platform == "win32":
        pytest.skip("the editors of these tests are shell scripts")
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(dir=in_memory) as memory:
        repo = at_home_of_its_own(repo, tmp_path)
        # Where there is no folder in memory, the one for temporary files is used.
        person = repo.person.having(XDG_RUNTIME_DIR=memory, TMPDIR=memory)
        yield Desk(replace(repo, person=person), Path(memory), scripts)
