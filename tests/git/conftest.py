"""Alice, and somebody without keys who can push, for the tests of forged values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import Person, Repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def alice(team: tuple[Repo, Repo]) -> Repo:
    return team[0]


@pytest.fixture
def mallory(origin: Path, tmp_path: Path) -> Repo:
    repo = Person.at(tmp_path / "mallory").clone(origin, tmp_path / "mallory's")
    repo.git("checkout", "--quiet", "-b", "pr")
    return repo
