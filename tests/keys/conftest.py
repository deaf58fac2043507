"""Fixtures that isolate the tests from the settings of the user who runs them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sealedfiles.keys.folder import DirFolder
from sealedfiles.keys.identity import os_keyring

from .kit import Memory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, and an environment without keys."""
    for name in list(os.environ):
        if name.startswith(("SEALEDFILES_", "SOPS_", "XDG_", "GIT_", "AGE_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    for name in ("APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(folder / ".config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    # One that did not answer in time, in an earlier test of this process, is not asked again.
    monkeypatch.setattr(os_keyring, "_left_behind", [])
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> DirFolder:
    """An empty ``.sealedfiles`` in the file system."""
    root = tmp_path / "work" / ".sealedfiles"
    root.mkdir(parents=True)
    return DirFolder(root)


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The OS keyring of this process, empty and unlocked."""
    from keyring import core

    memory = Memory()
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setattr(core, "_keyring_backend", memory)
    return memory
