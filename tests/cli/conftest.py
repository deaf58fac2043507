"""People for the tests of single commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import Person

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo


@pytest.fixture
def alice(tmp_path: Path) -> Person:
    """Somebody with a home and a git configuration, who has never used sealedfiles."""
    return Person.at(tmp_path / "alice")


@pytest.fixture
def fresh(alice: Person, tmp_path: Path) -> Repo:
    """An empty repository, not set up, at a path that needs quoting."""
    return alice.repository(tmp_path / "Größe & Co" / "my app")
