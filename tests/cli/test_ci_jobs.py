"""CI jobs in a reused working tree read the same as in a fresh clone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import YAML, Person, Repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def job(repo: Repo, tmp_path: Path) -> Repo:
    """The working tree of a CI job that built the branch ``old``, then a newer, rotated main."""
    text = repo.sealedfiles("keygen", "--deploy", "ci", "--to", "default")
    repo.commit("let CI read")
    machine = Person.at(tmp_path / "ci").having(CI="true", SEALEDFILES_KEY=text)
    job = machine.clone(repo, tmp_path / "job")
    job.sealedfiles("unlock")
    repo.git("branch", "old")
    repo.sealedfiles("revoke", "bob", "--yes", code=None)
    repo.commit("bob leaves")
    repo.sealedfiles("track", "*.more.yaml")
    repo.commit("more files")
    job.git("pull", "--quiet")
    job.git("fetch", "--quiet", "origin", "old:old")
    assert job.sealedfiles("get", YAML, "api.token") == "s3cr3t-api-alpha\n"
    return job


@pytest.mark.slow
def test_an_older_branch_is_read_after_a_revocation(job: Repo) -> None:
    job.git("checkout", "--quiet", "old")
    assert job.sealedfiles("get", YAML, "api.token") == "s3cr3t-api-alpha\n"
    assert "s3cr3t-api-alpha" in job.sealedfiles("cat", YAML)
    job.git("checkout", "--quiet", "-")
    assert job.sealedfiles("get", YAML, "api.token") == "s3cr3t-api-alpha\n"
    for name in ("newest", "retired", "looked-at"):
        assert not job.folder(f"sealedfiles/{name}").exists()


@pytest.mark.slow
def test_a_retired_token_of_the_commit_s_own_history_is_refused_still(job: Repo) -> None:
    old = job.blob("old", YAML).decode()
    job.write(YAML, old)
    job.sealedfiles("get", YAML, "api.token", code=4)
    assert "s3cr3t" not in job.sealedfiles("cat", YAML, code=4)
