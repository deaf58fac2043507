"""`sealedfiles unset`: one key is removed, everything else stays the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, YAML, Person, every_file, tokens
from states import Quick, every_state, every_state_and_file, in_state

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World
    from people import Repo


@pytest.fixture
def repo(world: World, tmp_path: Path) -> Quick:
    """Alice's unlocked clone."""
    return in_state(world, "open", tmp_path / "orders")


USER = {ENV: "DB_USER", JSON: "database.user", YAML: "database.user"}
PIN = {ENV: "PROD_PIN", JSON: "production.pin", YAML: "production.pin"}


@every_state_and_file
def test_only_the_line_of_the_key_is_removed(
    world: World, state: str, path: str, tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    before = repo.read(path)
    repo.sealedfiles("unset", path, USER[path])
    assert repo.stderr == f"sealedfiles: {path}: removed {USER[path]}\n"
    after = repo.read(path)
    key = USER[path].rpartition(".")[2]
    assert after.split("\n") == [line for line in before.split("\n") if key not in line]
    repo.sealedfiles("get", path, USER[path], code=2)


def test_git_shows_one_removed_line(repo: Repo) -> None:
    repo.sealedfiles("unset", YAML, "database.user")
    repo.commit("without user")
    assert repo.git("diff", "--numstat", "--no-textconv", "HEAD~1").split()[:2] == ["0", "1"]


@every_state
def test_a_multi_line_value_is_removed_completely(world: World, state: str, tmp_path: Path) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    repo.sealedfiles("unset", YAML, "certificate")
    repo.sealedfiles("unset", ENV, "TLS_KEY")
    assert "certificate" not in repo.read(YAML)
    assert "TLS_KEY" not in repo.read(ENV)
    assert "CERTIFICATE" not in repo.read(YAML)
    assert "PRIVATE" not in repo.read(ENV)
    assert repo.sealedfiles("get", YAML, "database.password") == "s3cr3t-db-alpha\n"
    assert repo.sealedfiles("get", ENV, "DB_PASSWORD") == "s3cr3t-db-alpha\n"


@pytest.mark.parametrize("path", [JSON, YAML])
def test_a_collection_is_removed_with_its_content(repo: Repo, path: str) -> None:
    repo.sealedfiles("seal", path)
    before = json.loads(repo.sealedfiles("get", path, ".", "--json"))
    repo.sealedfiles("unset", path, "database")
    count = len(before["database"])
    assert repo.stderr == f"sealedfiles: {path}: removed database ({count} values)\n"
    after = json.loads(repo.sealedfiles("get", path, ".", "--json"))
    del before["database"]
    assert after == before


def test_an_item_of_a_list_is_removed(repo: Repo) -> None:
    repo.sealedfiles("seal", YAML)
    repo.sealedfiles("unset", YAML, "api.scopes[0]")
    assert json.loads(repo.sealedfiles("get", YAML, "api.scopes", "--json")) == ["s3cr3t-write"]
    repo.sealedfiles("unset", JSON, "limits[1]")
    assert json.loads(repo.sealedfiles("get", JSON, "limits", "--json")) == [1000]


def test_quoted_keys_and_line_endings(repo: Repo) -> None:
    repo.write(YAML, '\ufeffdata:\r\n  "tls.crt": a\r\n  b: c\r\n')
    repo.sealedfiles("unset", YAML, 'data."tls.crt"')
    assert repo.read_bytes(YAML) == "\ufeffdata:\r\n  b: c\r\n".encode()


@every_file
def test_a_missing_key_lists_the_nearest_keys(repo: Repo, path: str) -> None:
    repo.sealedfiles("unset", path, f"{USER[path]}s", code=2)
    assert f"hint: there is {USER[path]}\n" in repo.stderr
    assert SECRET not in repo.stderr
    assert repo.read(path) == FILES[path]


@every_state_and_file
def test_a_value_of_another_group_can_be_removed(
    world: World, state: str, path: str, tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders", "bob")
    before = tokens(repo.read(path))
    repo.sealedfiles("unset", path, PIN[path])
    assert tokens(repo.read(path)) == [token for token in before if ":production:" not in token]


def test_no_key_is_needed(origin: Path, tmp_path: Path) -> None:
    clone = Quick.of(Person.at(tmp_path / "nobody").clone(origin, tmp_path / "clone"))
    before = tokens(clone.read(ENV))
    clone.sealedfiles("unset", ENV, "DB_USER")
    assert tokens(clone.read(ENV)) == before[1:]


def test_a_file_that_does_not_parse_is_left_alone(repo: Repo) -> None:
    repo.write(JSON, '{"a": 1,\n "b": }\n')
    repo.sealedfiles("unset", JSON, "a", code=1)
    assert f"{JSON}:2:7: " in repo.stderr
    assert repo.read(JSON) == '{"a": 1,\n "b": }\n'


def test_a_file_that_does_not_exist_is_named(repo: Repo) -> None:
    repo.sealedfiles("unset", "no such.yaml", "a", code=2)
    assert "no such.yaml" in repo.stderr
