"""A private key is never written where it could be committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealedfiles import age
from sealedfiles.app.key_output import write_key
from sealedfiles.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mark", [".git", ".sealedfiles"])
@pytest.mark.parametrize("file", ["ci.key", "new/folder/ci.key"])
def test_a_key_is_refused_in_a_repository(tmp_path: Path, mark: str, file: str) -> None:
    (tmp_path / mark).mkdir()
    with pytest.raises(UsageError, match="is inside the repository"):
        write_key(str(tmp_path / file), age.generate_identity())
    assert [one.name for one in tmp_path.iterdir()] == [mark]


def test_a_key_is_refused_in_a_linked_worktree(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    with pytest.raises(UsageError, match="is inside the repository"):
        write_key(str(tmp_path / "ci.key"), age.generate_identity())


def test_a_key_is_refused_through_a_link_into_a_repository(tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    with pytest.raises(UsageError, match="is inside the repository"):
        write_key(str(tmp_path / "link/ci.key"), age.generate_identity())


def test_a_key_is_written_with_its_notes_elsewhere(tmp_path: Path) -> None:
    key = age.generate_identity()
    write_key(str(tmp_path / "ci.key"), key, ["a note"])
    text = (tmp_path / "ci.key").read_text()
    assert "# a note\n" in text
    assert str(key.text) in text
