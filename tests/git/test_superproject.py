"""A submodule that replaces a folder with sealed files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import YAML, Person, Repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def replaced(team: tuple[Repo, Repo], origin: Path, tmp_path: Path) -> Repo:
    """Alice's clone after somebody replaced ``secrets/`` with a submodule that has its own group."""
    alice, _ = team
    mallory = Person.at(tmp_path / "mallory")
    sub = Repo(mallory, tmp_path / "sub")
    sub.path.mkdir()
    sub.git("init", "--quiet")
    sub.sealedfiles("init", "--name", "mallory")
    sub.sealedfiles("track", "*.yaml")
    key = alice.read(".sealedfiles/recipients/alice.pub").strip()
    sub.sealedfiles("grant", "alice", key, "--to", "default")
    sub.write("app.yaml", "database:\n  user: s3cr3t-forged\n")
    sub.git("add", "--all")
    sub.git("commit", "--quiet", "--message", "own keys")
    outer = mallory.clone(origin, tmp_path / "outer")
    outer.git("rm", "--quiet", "-r", "secrets")
    allow = ("-c", "protocol.file.allow=always")
    outer.git(*allow, "submodule", "--quiet", "add", str(sub.path), "secrets")
    outer.git("commit", "--quiet", "--no-verify", "--message", "a submodule")
    outer.git("push", "--quiet", "--no-verify")
    alice.git("pull", "--quiet", "--no-recurse-submodules")
    alice.git(*allow, "submodule", "--quiet", "update", "--init")
    return alice


def test_its_values_are_not_printed_and_nothing_is_sealed_to_its_group(replaced: Repo) -> None:
    replaced.sealedfiles("get", YAML, "database.user", code=None)
    assert "secrets was a folder with sealed files, such as secrets/app.yaml" in replaced.stderr
    assert "s3cr3t-forged" not in replaced.sealedfiles("cat", YAML, code=3)
    before = replaced.read(YAML)
    replaced.sealedfiles("set", YAML, "database.user", "--value", "s3cr3t-new", code=None)
    assert replaced.read(YAML) == before


def test_who_unlocks_the_submodule_itself_has_accepted_it(replaced: Repo) -> None:
    inner = Repo(replaced.person, replaced.path / "secrets")
    inner.sealedfiles("unlock")
    assert "trusted from now on" in inner.stderr
    shown = replaced.sealedfiles("get", YAML, "database.user")
    assert shown == "s3cr3t-forged\n"


def test_a_clone_without_history_goes_by_the_patterns(
    replaced: Repo, origin: Path, tmp_path: Path
) -> None:
    replaced.git("push", "--quiet", "--no-verify")
    shallow = replaced.person.clone(origin, tmp_path / "shallow", "--depth=1", "--no-local")
    allow = ("-c", "protocol.file.allow=always")
    shallow.git(*allow, "submodule", "--quiet", "update", "--init")
    shallow.sealedfiles("get", YAML, "database.user", code=None)
    assert "secrets was a folder with sealed files" in shallow.stderr
