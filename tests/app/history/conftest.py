"""A repository for every test, and nothing of the machine's own settings in it."""

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
    """The repository as it starts: copied, for that is faster than making it."""
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, tmp_path_factory.mktemp("home"))
        patch.setenv("GIT_COMMITTER_DATE", "")
        return Story(tmp_path_factory.mktemp("story") / "shop").path


@pytest.fixture
def story(template: Path, tmp_path: Path) -> Story:
    """Its first commit is a day old more than its next one; Alice and Bob read all groups."""
    path = tmp_path / "shop"
    shutil.copytree(template, path, symlinks=True)
    made = Story.__new__(Story)
    made.path = path
    made.days = Story.days - 1
    return made
