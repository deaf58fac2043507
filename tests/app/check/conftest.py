"""A repository for every test, isolated from this machine's git configuration."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from check.toy import Toy, isolate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The initial repository, which tests copy because that is faster than creating it."""
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, tmp_path_factory.mktemp("home"))
        return Toy(tmp_path_factory.mktemp("toy") / "shop").path


@pytest.fixture
def toy(template: Path, tmp_path: Path) -> Toy:
    path = tmp_path / "shop"
    shutil.copytree(template, path, symlinks=True)
    made = Toy.__new__(Toy)
    made.path = path
    return made
