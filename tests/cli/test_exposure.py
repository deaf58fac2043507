"""`sealedfiles exposure`: the values that a removed reader could read, and which of them must still be
changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, YAML, Repo

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


def exposed(repo: Repo, name: str = "bob", code: int = 1) -> dict[str, set[str]]:
    """Return the places of each class, and check that no value is shown."""
    output = repo.sealedfiles("exposure", name, "--json", code=code)
    assert SECRET not in output + repo.stderr
    data = json.loads(output)
    assert (data["version"], data["reader"]) == (1, name)
    found: dict[str, set[str]] = {}
    for row in data["values"]:
        found.setdefault(row["class"], set()).add(f"{row['path']}: {row['key']}")
    return found


@pytest.fixture
def left(repo: Repo) -> Repo:
    """Alice's clone after Bob was removed."""
    repo.sealedfiles("revoke", "bob")
    repo.git("commit", "--quiet", "--message", "bob leaves")
    return repo


def test_after_a_revocation_all_that_the_removed_reader_read_must_change(left: Repo) -> None:
    found = exposed(left)
    assert found["never"] == {
        f"{ENV}: PROD_PIN",
        f"{JSON}: production.pin",
        f"{YAML}: production.pin",
    }
    assert found.keys() == {"never", "must-change"}
    assert {f"{ENV}: DB_PASSWORD", f"{YAML}: api.scopes[]"} < found["must-change"]
    output = left.sealedfiles("exposure", "bob", code=1)
    assert output.startswith("must change (17)\n")
    assert "never readable (3)\n" in output
    assert SECRET not in output + left.stderr
    assert "17 values that bob knows" in left.stderr
    assert "not checked: other clones" in left.stderr


def test_what_was_changed_is_named_with_its_commit_and_0_means_nothing_is_left(left: Repo) -> None:
    left.edit(YAML, "db-alpha", "db-beta")
    commit = left.commit("a new password")
    data = json.loads(left.sealedfiles("exposure", "bob", "--json", code=1))
    (row,) = (row for row in data["values"] if row["class"] == "changed")
    assert (row["path"], row["key"], row["commit"]) == (YAML, "database.password", commit)
    for path in FILES:
        left.write(path, left.read(path).replace("alpha", "beta").replace(SECRET, f"{SECRET}-new"))
    left.edit(JSON, '"limits": [\n    1000,\n    2500\n  ]', '"limits": [1, 2]')
    left.edit(JSON, '"enabled": true', '"enabled": false')
    left.edit(YAML, f"  user: {SECRET}-new-user\n", "")
    left.commit("all others")
    assert exposed(left, code=0)["removed"] == {f"{YAML}: database.user"}
    assert "bob could not read any of the current values" in left.stderr


def test_a_value_that_was_known_elsewhere_is_listed_with_that_place(left: Repo) -> None:
    left.edit(YAML, "  password:", "  passphrase:")
    left.commit("another name")
    data = json.loads(left.sealedfiles("exposure", "bob", "--json", code=1))
    (row,) = (row for row in data["values"] if row["key"] == "database.passphrase")
    assert row["same_as"] == {"path": ENV, "key": "DB_PASSWORD"}
    assert {one["in_plaintext"] for one in data["values"]} == {False}
    assert [one["group"] for one in data["access"]] == ["default"]
    assert len(data["access"][0]["key_ids"]) == 1
    shown = left.sealedfiles("exposure", "bob", code=1)
    assert f"same value as {ENV}: DB_PASSWORD" in shown


def test_a_value_that_was_in_a_comment_or_a_longer_value_was_known(repo: Repo) -> None:
    repo.write("secrets/a.yaml", "user: x\n# password: in-a-comment-1\n")
    repo.write("secrets/c.yaml", "tls: |\n  user: x\n  pass: in-a-longer-value-3\n")
    repo.commit("two kinds")
    repo.sealedfiles("revoke", "bob")
    repo.commit("bob leaves")
    repo.write("secrets/a.yaml", "user: x\npassword: in-a-comment-1\n")
    repo.write("secrets/c.yaml", "tls:\n  user: x\n  pass: in-a-longer-value-3\n")
    repo.commit("each is a value now")
    found = exposed(repo)
    assert {"secrets/a.yaml: password", "secrets/c.yaml: tls.pass"} <= found["must-change"]
    assert "secrets/c.yaml: tls.user" in found["never"]


def test_a_removed_reader_who_asks_sees_what_cannot_be_compared(
    left: Repo, world: World, tmp_path: Path
) -> None:
    bob = world.bob.clone(left, tmp_path / "bobs")
    found = exposed(bob)
    assert "must-change" not in found
    assert f"{ENV}: DB_PASSWORD" in found["cannot-compare"]
    assert "because no key is available: 17 values" in bob.stderr
    assert "readers of default who can grant access: alice" in bob.stderr
    assert "could not read any of the current values" not in bob.stderr


def test_an_unknown_reader_is_an_error_that_lists_the_readers(repo: Repo) -> None:
    repo.sealedfiles("exposure", "mallory", code=2)
    assert "no commit in this clone has a reader mallory" in repo.stderr
    assert "alice, bob" in repo.stderr
    repo.sealedfiles("exposure", "No Name", code=2)


def test_a_shallow_clone_says_that_it_is_one(left: Repo, world: World, tmp_path: Path) -> None:
    shallow = world.alice.clone(left, tmp_path / "shallow", "--depth", "1", "--no-local")
    shallow.sealedfiles("exposure", "bob", code=2)
    assert "this clone is shallow" in shallow.stderr
