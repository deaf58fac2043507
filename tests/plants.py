"""What somebody with push access can put in the place of a value: the tests see what becomes of it."""

from __future__ import annotations

import re

import pytest
from people import ENV, EVIL, JSON, USER_KEYS, YAML, Repo, forge_user

PIN = {YAML: "production.pin", JSON: "production.pin", ENV: "PROD_PIN"}


def push(bob: Repo, alice: Repo, path: str, forged: str) -> None:
    """Commit *forged* past the filter; Alice pulls it."""
    forge(bob, path, forged)
    alice.git("pull", "--quiet", "--ff-only", "origin", "main")


def forge(bob: Repo, path: str, forged: str) -> None:
    """Commit *forged* past the filter, and push it."""
    (bob.path / ".git/forged").write_bytes(forged.encode())
    oid = bob.git("hash-object", "-w", "--no-filters", ".git/forged").strip()
    bob.git("update-index", "--cacheinfo", f"100644,{oid},{path}")
    bob.git("commit", "--quiet", "--no-verify", "--message", "forge")
    bob.git("push", "--quiet", "--no-verify", "origin", "HEAD:main")


def plant_plaintext(bob: Repo, alice: Repo, path: str) -> None:
    push(bob, alice, path, forge_user(bob.blob("", path).decode()))


def plant_token(bob: Repo, alice: Repo, path: str) -> None:
    """Plant a token of `default` at a key of `production`, which Bob cannot read."""
    policy = bob.read(".sealedfiles/policy.yaml")
    bob.write(".sealedfiles/policy.yaml", policy.replace("group: production", "group: default"))
    bob.sealedfiles("trust", "policy", "--yes")
    text = re.sub(r'((?:PROD_PIN=|"?pin"?: ))"?sealed:[^"\s]+"?', rf'\1"{EVIL}"', bob.read(path))
    bob.write(path, text)
    bob.git("add", path)
    forged = bob.blob("", path).decode()
    assert EVIL not in forged
    bob.git("checkout", "--quiet", "HEAD", "--", ".sealedfiles")
    push(bob, alice, path, forged)


PLANTS = [(plant_plaintext, USER_KEYS), (plant_token, PIN)]
every_plant = pytest.mark.parametrize(
    ("plant", "keys"), PLANTS, ids=["plaintext", "token of another group"]
)


def share(alice: Repo, bob: Repo) -> None:
    """Push what Alice has committed; Bob pulls it."""
    alice.git("push", "--quiet", "origin", "HEAD:main")
    bob.git("pull", "--quiet", "--ff-only", "origin", "main")


def remove(alice: Repo, bob: Repo) -> None:
    """Let Alice remove Bob, who still has his keys, and whose clone follows."""
    alice.sealedfiles("revoke", "bob", "--yes")
    alice.commit("remove bob")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    bob.git("fetch", "--quiet")
    bob.git("reset", "--quiet", "--hard", "origin/main")
