"""Repositories with secret references."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from people import Repo

POLICY = ".sealedfiles/policy.yaml"
SHOW = [sys.executable, "-IS", "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


def allow(repo: Repo, *schemes: str) -> None:
    """Let the policy allow *schemes*, as a reader does who edits it by hand."""
    repo.write(POLICY, f"{repo.read(POLICY)}resolve: [{', '.join(schemes)}]\n")
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("allow secret references")


def refer(repo: Repo, **references: str) -> None:
    """Commit a file ``ref.env`` with sealed *references*."""
    repo.write("ref.env", "".join(f'{name}="{text}"\n' for name, text in references.items()))
    repo.commit("refer to secrets")
    assert "ref+" not in repo.blob("HEAD", "ref.env").decode()


def variables(repo: Repo, *options: str, path: str = "ref.env") -> dict[str, str]:
    """Return the environment of a command."""
    shown: dict[str, str] = json.loads(repo.sealedfiles("run", "-f", path, *options, "--", *SHOW))
    return shown
