"""Fixtures: Alice, Bob, somebody with push access but no keys, and a small repository used by this
process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from check.toy import Toy, isolate
from keys.kit import Somebody
from people import Person, Repo

from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sealedfiles.age.keys import Identity


@pytest.fixture
def alice(team: tuple[Repo, Repo]) -> Repo:
    return team[0]


@pytest.fixture
def bob(team: tuple[Repo, Repo]) -> Repo:
    """A reader of `default` with push access."""
    return team[1]


@pytest.fixture
def mallory(origin: Path, tmp_path: Path) -> Repo:
    repo = Person.at(tmp_path / "mallory").clone(origin, tmp_path / "mallory's")
    repo.git("checkout", "--quiet", "-b", "pr")
    return repo


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    isolate(monkeypatch, tmp_path)
    return Toy(tmp_path / "shop")


@pytest.fixture
def new_clone(toy: Toy) -> Iterator[Callable[..., Clone]]:
    """Return a function that creates a clone object with the given identities, as a new command does."""
    made = []

    def new(*identities: Identity) -> Clone:
        repository = find_repository(toy.path)
        assert repository is not None
        made.append(Clone(repository, Somebody(*identities)))
        return made[-1]

    yield new
    for one in made:
        one.objects.close()


@pytest.fixture
def clone(new_clone: Callable[..., Clone]) -> Clone:
    """The clone of somebody without keys."""
    return new_clone()
