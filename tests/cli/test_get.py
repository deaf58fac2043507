"""`sealedfiles get`: one value, in every state of its file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, YAML, Person, every_file, tokens
from states import Quick, every_state, every_state_and_file, in_state, sealed_states_and_files

from sealedfiles.cli.get import command
from sealedfiles.formats.dotenv.values import DIALECTS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World
    from people import Repo


@pytest.fixture
def repo(world: World, tmp_path: Path) -> Quick:
    """Alice's unlocked clone."""
    return in_state(world, "open", tmp_path / "orders")


PASSWORD = {ENV: "DB_PASSWORD", JSON: "database.password", YAML: "database.password"}
PIN = {ENV: "PROD_PIN", JSON: "production.pin", YAML: "production.pin"}
"""A value of the group ``production``."""


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@every_state_and_file
def test_prints_the_value(world: World, state: str, path: str, tmp_path: Path) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    assert repo.sealedfiles("get", path, PASSWORD[path]) == "s3cr3t-db-alpha\n"
    assert repo.stderr == ""


def test_prints_nothing_but_the_value(repo: Repo) -> None:
    assert repo.sealedfiles("get", "-n", YAML, "database.password") == "s3cr3t-db-alpha"
    certificate = (
        "-----BEGIN CERTIFICATE-----\ns3cr3tMIIBszCCAVmgAwIBAgIUQ7\n-----END CERTIFICATE-----\n"
    )
    assert repo.sealedfiles("get", YAML, "certificate") == certificate, "it has its line end"


def test_values_keep_their_spelling(repo: Repo) -> None:
    repo.write(
        YAML, 'a: 1.10\nb: on\nc: 0o17\nd: null\ne: ~\nf: true\ng: "true"\nh: .nan\ni: 2001-12-14\n'
    )
    printed = {key: repo.sealedfiles("get", YAML, key).strip() for key in "abcfghi"}
    assert list(printed.values()) == ["1.10", "on", "0o17", "true", "true", ".nan", "2001-12-14"]


def test_json_keeps_types_and_takes_structures(repo: Repo) -> None:
    assert repo.sealedfiles("get", YAML, "service.port", "--json") == "8080\n"
    assert repo.sealedfiles("get", JSON, "api", "--json") == (
        '{"token": "s3cr3t-api-alpha", "enabled": true}\n'
    )
    assert repo.sealedfiles("get", JSON, "limits", "--json") == "[1000, 2500]\n"
    assert json.loads(repo.sealedfiles("get", JSON, ".", "--json")) == json.loads(FILES[JSON])


def test_a_structure_without_json_is_refused(repo: Repo) -> None:
    assert repo.sealedfiles("get", JSON, "api", code=2) == ""
    assert "--json" in repo.stderr


def test_values_that_json_cannot_represent_are_refused(repo: Repo) -> None:
    repo.write(YAML, "a: .inf\n")
    assert repo.sealedfiles("get", YAML, "a", "--json", code=2) == ""
    assert repo.sealedfiles("get", YAML, "a") == ".inf\n"


@every_state
def test_raw_prints_the_source(world: World, state: str, tmp_path: Path) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    assert repo.sealedfiles("get", "--raw", ENV, "DB_PASSWORD") == '"s3cr3t-db-alpha"\n'
    assert repo.sealedfiles("get", "--raw", YAML, "production.pin") == "'s3cr3t-production'\n"
    assert repo.sealedfiles("get", "--raw", JSON, "database.options") == "{}\n"
    assert repo.sealedfiles("get", "--raw", YAML, "certificate").startswith("|\n  -----BEGIN")


def test_raw_and_json_exclude_each_other(repo: Repo) -> None:
    repo.sealedfiles("get", "--raw", "--json", ENV, "DB_PASSWORD", code=2)


# -- paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ('data."tls.crt"', "a"),
        ("users[0].token", "b"),
        ("users[1].token", "c"),
        ('"a b"', "d"),
        ('"[0]"', "e"),
        ("größe", "f"),
        ('"quo\\"te"', "g"),
    ],
)
def test_every_kind_of_key_can_be_addressed(repo: Repo, path: str, expected: str) -> None:
    text = 'data:\n  "tls.crt": a\nusers:\n- token: b\n- token: c\n"a b": d\n"[0]": e\ngröße: f\n\'quo"te\': g\n'
    repo.write(YAML, text)
    assert repo.sealedfiles("get", YAML, path) == f"{expected}\n"
    repo.sealedfiles("seal", YAML)
    assert repo.sealedfiles("get", YAML, path) == f"{expected}\n"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("database.passwrod", "database.password"),
        ("password", "database.password"),
        ("Database.Password", "database.password"),
        ("api.scopes[2]", "api.scopes[1]"),
        ("database[0]", "database."),
        ("service.name.x", "service.name"),
    ],
)
def test_a_wrong_path_names_the_nearest_keys(repo: Repo, path: str, near: str) -> None:
    assert repo.sealedfiles("get", YAML, path, code=2) == ""
    first, *hints = repo.stderr.split("\n")
    assert first == f"sealedfiles: error: there is nothing at {path}"
    assert any(hint.startswith(f"hint: there is {near}") for hint in hints)


def test_a_key_that_the_dialect_does_not_read_is_not_called_missing(repo: Repo) -> None:
    repo.write(ENV, "a: x\n")
    assert repo.sealedfiles("get", ENV, "a", code=2) == ""
    assert repo.stderr.startswith(
        "sealedfiles: error: the file has the key a, but this .env dialect"
    )
    assert "there is" not in repo.stderr
    assert repo.sealedfiles("get", ENV, "a", "--dialect", "node") == "x\n"


@pytest.mark.parametrize("path", ["", "a..b", "a.", '"a', "a[x]", "a[", "a\x1b[2Jb", "[-1]"])
def test_an_invalid_path_is_refused(repo: Repo, path: str) -> None:
    assert repo.sealedfiles("get", YAML, path, code=2) == ""
    assert "\x1b" not in repo.stderr


def test_the_second_document_of_a_file(repo: Repo) -> None:
    repo.write(YAML, "kind: A\n---\nkind: B\n")
    assert repo.sealedfiles("get", YAML, "[1].kind") == "B\n"


# -- files


@pytest.mark.parametrize("name", ["größe/my file.yaml", "secrets/x.yaml"])
def test_line_endings_and_byte_order_marks_make_no_difference(repo: Repo, name: str) -> None:
    text = "\ufeffa: x  # note\r\nb: |\r\n  line\r\nc: 'y'\r\n"
    repo.sealedfiles("track", "größe/*.yaml")
    repo.write(name, text)
    for _ in range(2):
        assert repo.sealedfiles("get", name, "a") == "x\n"
        assert repo.sealedfiles("get", name, "c") == "y\n"
        repo.sealedfiles("seal", name)


def test_a_file_that_does_not_parse_is_named_with_line_and_column(repo: Repo) -> None:
    repo.write(JSON, '{"a": 1,\n "b": }\n')
    assert repo.sealedfiles("get", JSON, "a", code=1) == ""
    assert f"{JSON}:2:7: " in repo.stderr


def test_a_file_that_is_sealed_whole_has_no_values(repo: Repo) -> None:
    repo.sealedfiles("track", "*.pem")
    repo.write("key.pem", "s3cr3t\n")
    assert repo.sealedfiles("get", "key.pem", "a", code=2) == ""
    assert "sealedfiles cat key.pem" in repo.stderr


@pytest.mark.parametrize(
    ("dialect", "value"),
    [("python", "a b"), ("docker", '"${A} b"'), ("node", "${A} b"), ("compose", "a b")],
)
def test_the_dialect_determines_how_env_files_are_read(
    repo: Repo, dialect: str, value: str
) -> None:
    repo.write(ENV, 'A=a\nB="${A} b"\n')
    assert repo.sealedfiles("get", "--dialect", dialect, ENV, "B").strip() == value


# -- what stays sealed


@sealed_states_and_files
def test_a_value_of_a_group_that_one_does_not_read_exits_3(
    world: World, state: str, path: str, tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders", "bob")
    assert repo.sealedfiles("get", path, PASSWORD[path]) == "s3cr3t-db-alpha\n"
    line = line_of(repo.read(path), ":production:")
    assert repo.sealedfiles("get", path, PIN[path], code=3) == ""
    assert repo.stderr.startswith(
        f"sealedfiles: error: {path}:{line}: {PIN[path]}: a token of the group"
    )
    assert "readers of production who can grant access: alice" in repo.stderr


@pytest.mark.parametrize(
    "options", [["production", "--json"], [".", "--json"], ["--raw", "production"]]
)
def test_a_structure_with_a_token_in_it_is_not_printed(
    world: World, options: list[str], tmp_path: Path
) -> None:
    repo = in_state(world, "open", tmp_path / "orders", "bob")
    assert repo.sealedfiles("get", YAML, *options, code=3) == ""


def test_without_a_key_every_place_is_listed(world: World, origin: Path, tmp_path: Path) -> None:
    nobody = Person.at(tmp_path / "nobody")
    clone = Quick.of(nobody.clone(origin, tmp_path / "clone"))
    assert clone.sealedfiles("get", ENV, "DB_PASSWORD", code=3) == ""
    assert "alice" in clone.stderr
    assert str(nobody.identities) in clone.stderr
    assert clone.sealedfiles("get", ENV, "APP_PORT") == "8080\n", "plain values need no key"
    identity = str(world.alice.identities)
    assert clone.sealedfiles("get", "-i", identity, ENV, "DB_PASSWORD") == "s3cr3t-db-alpha\n"


@every_file
def test_a_damaged_token_exits_4(repo: Repo, path: str) -> None:
    repo.sealedfiles("seal", path)
    token = repo.tokens("HEAD", path)[1]
    repo.edit(path, token, token[:-5] + "AAAAA")
    assert repo.sealedfiles("get", path, PASSWORD[path], code=4) == ""
    assert f": {PASSWORD[path]}: " in repo.stderr
    assert repo.sealedfiles("get", path, PIN[path]) == "s3cr3t-production\n", "the others open"


def test_a_token_that_was_moved_to_another_key_exits_4(repo: Repo) -> None:
    repo.sealedfiles("seal", YAML)
    user, password, *_ = tokens(repo.read(YAML))
    repo.edit(YAML, password, user)
    assert repo.sealedfiles("get", YAML, "database.password", code=4) == ""
    assert "another key of the file" in repo.stderr


def test_a_token_of_a_later_version_is_no_value(repo: Repo) -> None:
    repo.write(YAML, f"a: sealed:v3:default:{'a' * 16}:{'A' * 8}:{'A' * 64}\n")
    assert repo.sealedfiles("get", YAML, "a", code=3) == ""
    assert "version" in repo.stderr


@pytest.mark.parametrize("value", ["${PROD_PIN}", "${PROD_PIN}abc", "a-${PROD_PIN}-b"])
def test_a_token_that_comes_in_through_another_value_is_not_printed(
    world: World, value: str, tmp_path: Path
) -> None:
    repo = in_state(world, "open", tmp_path / "orders", "bob")
    repo.write(ENV, f"{repo.read(ENV)}APP_A={value}\n")
    assert repo.sealedfiles("get", ENV, "APP_A", code=3) == ""
    assert "PROD_PIN" in repo.stderr


def test_a_secret_is_never_in_a_message(world: World, tmp_path: Path) -> None:
    repo = in_state(world, "sealed", tmp_path / "orders")
    for path in ("nope", "database", "s3cr", "[7]"):
        repo.sealedfiles("get", YAML, path, code=2)
        assert SECRET not in repo.stderr.replace(f"at {path}", "")


def test_every_dialect_can_be_selected() -> None:
    [option] = [one for one in command.params if one.name == "dialect"]
    assert list(option.settings["choices"]) == list(DIALECTS)
