"""What a workspace reads from git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import ENV, Repo

from sealedfiles.app import workspace
from sealedfiles.app.workspace import workspace_at
from sealedfiles.git.filter.versions import written_from

if TYPE_CHECKING:
    from sealedfiles.git.clone import Clone


def test_git_s_versions_are_read_once_for_each_file_and_state_of_the_index(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in repo.person.environment().items():
        monkeypatch.setenv(name, value)
    read: list[bytes] = []

    def counted(clone: Clone, path: bytes, data: bytes) -> list[bytes]:
        read.append(path)
        return written_from(clone, path, data)

    monkeypatch.setattr(workspace, "written_from", counted)
    space, path = workspace_at(repo.path), ENV.encode()
    head = repo.blob("HEAD", ENV)
    assert space.stored_versions(path, b"") == space.stored_versions(path, b"") == [head]
    assert read == [path]
    assert space.stored_versions(b"x.env", b"on disk") == []
    repo.write(ENV, "APP_NAME=staged\n")
    repo.git("add", ENV)
    assert space.stored_versions(path, b"") == [b"APP_NAME=staged\n"]
    repo.git("rm", "--quiet", "--cached", ENV)
    assert space.stored_versions(path, b"") == [head]
