"""A repository for every test, isolated from this machine's git configuration."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from check.toy import isolate

from history.story import Story

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "")  # put back to what it was at the end


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The initial repository, which tests copy because that is faster than creating it."""
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, tmp_path_factory.mktemp("home"))
        patch.setenv("GIT_COMMITTER_DATE", "")
        return Story(tmp_path_factory.mktemp("story") / "shop").path


@pytest.fixture
def story(template: Path, tmp_path: Path) -> Story:
    """A repository whose first commit is a day older than the next; Alice and Bob read all groups."""
    path = tmp_path / "shop"
    shutil.copytree(template, path, symlinks=True)
    made = Story.__new__(Story)
    made.path = path
    made.days = Story.days - 1
    return made
