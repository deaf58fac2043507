"""The proofs of the policy are written and staged, even if a process was killed in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.app.tracking.policy_writing import renew_proofs
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    import pytest
    from people import Repo

PROOFS = ".sealedfiles/policy.proof"


def test_proofs_that_are_right_and_not_staged_are_staged(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.sealedfiles("rotate", "default")
    repo.git("reset", "--quiet", "--", PROOFS)
    for name, value in repo.person.environment().items():
        monkeypatch.setenv(name, value)
    repository = find_repository(repo.path)
    assert repository is not None
    assert renew_proofs(Clone(repository))
    assert PROOFS in repo.git("diff", "--cached", "--name-only")
    assert not renew_proofs(Clone(repository))
