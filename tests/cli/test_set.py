"""`sealedfiles set`: one value changes, everything else stays the same."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING

import pytest
from age.programs import on_terminal
from click import Abort
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from people import (
    ENV,
    FILES,
    JSON,
    SECRET,
    YAML,
    Person,
    assert_no_plaintext,
    every_file,
    program,
    tokens,
)
from states import Quick, changed_lines, every_state, every_state_and_file, in_state, sealed_states

from sealedfiles.cli.prompts import ask_for_secret, confirm
from sealedfiles.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import World
    from people import Repo


@pytest.fixture
def repo(world: World, tmp_path: Path) -> Quick:
    """Alice's unlocked clone."""
    return in_state(world, "open", tmp_path / "orders")


PASSWORD = {ENV: "DB_PASSWORD", JSON: "database.password", YAML: "database.password"}
PIN = {ENV: "PROD_PIN", JSON: "production.pin", YAML: "production.pin"}

on_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminal")


@pytest.mark.many_variants
@every_state_and_file
def test_one_value_and_one_line_change(world: World, state: str, path: str, tmp_path: Path) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    before = repo.read(path)
    repo.sealedfiles("set", path, PASSWORD[path], answers="s3cr3t-new\n")
    assert repo.stderr == f"sealedfiles: {path}: changed {PASSWORD[path]}\n"
    assert repo.sealedfiles("get", path, PASSWORD[path]) == "s3cr3t-new\n"
    ((old, new),) = changed_lines(before, repo.read(path))
    if state == "open":
        assert new == old.replace("s3cr3t-db-alpha", "s3cr3t-new")
    else:
        assert SECRET not in repo.read(path)
        assert len(tokens(old)) == len(tokens(new)) == 1


def test_git_shows_one_changed_line(repo: Quick) -> None:
    for state in ("open", "sealed"):
        repo.sealedfiles("set", YAML, "database.password", answers=f"s3cr3t-{state}")
        repo.commit(f"a new password, set in a file that was {state}")
        for option in ("--textconv", "--no-textconv"):
            assert repo.git("diff", "--numstat", option, "HEAD~1").split() == ["1", "1", YAML]
        repo.sealedfiles("seal", YAML)


@every_state
def test_the_same_value_again_changes_nothing(world: World, state: str, tmp_path: Path) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    before = repo.read_bytes(ENV), (repo.path / ENV).stat().st_mtime_ns
    repo.sealedfiles("set", ENV, "DB_PASSWORD", answers="s3cr3t-db-alpha\n")
    assert "DB_PASSWORD already has this value" in repo.stderr
    assert (repo.read_bytes(ENV), (repo.path / ENV).stat().st_mtime_ns) == before


# -- where the value comes from


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("a\n", "a"),
        ("a\r\n", "a"),
        ("a", "a"),
        ("a\n\n", "a\n"),
        ("\n", ""),
        ("a\nb\n", "a\nb"),
        (" a ", " a "),
        ("größe 🔑", "größe 🔑"),
        ("a'b\"c\\d#e: f", "a'b\"c\\d#e: f"),
    ],
)
@every_file
def test_stdin_is_the_value_without_its_last_line_end(
    repo: Repo, path: str, typed: str, value: str
) -> None:
    repo.sealedfiles("set", path, PASSWORD[path], answers=typed)
    assert repo.sealedfiles("get", "-n", path, PASSWORD[path]) == value


def test_a_value_that_is_no_secret_may_be_an_argument(repo: Repo) -> None:
    repo.sealedfiles("set", YAML, "database.password", "--value", "x y")
    assert repo.sealedfiles("get", YAML, "database.password") == "x y\n"
    assert "not secret" in repo.sealedfiles("set", "--help")


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("spec", "form"),
    [("hex:32", "[0-9a-f]{64}"), ("password:24", "[A-Za-z0-9_-]{24}"), ("uuid", "[0-9a-f-]{36}")],
)
@every_file
def test_a_value_can_be_generated(repo: Repo, path: str, spec: str, form: str) -> None:
    assert repo.sealedfiles("set", path, PASSWORD[path], "--generate", spec) == ""
    assert repo.stderr == f"sealedfiles: {path}: changed {PASSWORD[path]}\n"
    value = repo.sealedfiles("get", "-n", path, PASSWORD[path])
    assert re.fullmatch(form, value)
    repo.commit("generated")
    assert_no_plaintext(repo, value)


@every_file
def test_the_public_key_of_a_generated_key_is_printed(repo: Repo, path: str) -> None:
    public = repo.sealedfiles("set", path, PASSWORD[path], "--generate", "ed25519")
    private = load_pem_private_key(
        repo.sealedfiles("get", path, PASSWORD[path]).encode(), password=None
    )
    form = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    assert private.public_key().public_bytes(*form).decode() == public


@pytest.mark.parametrize(
    "options", [("--value", "x"), ("--json",), ("--generate", "hex:3"), ("--generate", "")]
)
def test_other_values_cannot_be_generated(repo: Repo, options: tuple[str, ...]) -> None:
    before = repo.read(YAML)
    repo.sealedfiles("set", YAML, "database.password", "--generate", "uuid", *options, code=2)
    assert repo.read(YAML) == before


@every_file
def test_what_looks_like_a_number_stays_a_string(repo: Repo, path: str) -> None:
    for value in ("007", "true", "null", "1e3", "~", "2001-12-14"):
        repo.sealedfiles("set", path, PASSWORD[path], "--value", value)
        assert json.loads(repo.sealedfiles("get", path, PASSWORD[path], "--json")) == value


@pytest.mark.many_variants
@pytest.mark.parametrize(
    "text", ["8080", "1.5", "true", "null", '"text"', "[1, 2]", '{"a": {"b": []}}']
)
@pytest.mark.parametrize("path", [JSON, YAML])
def test_json_gives_numbers_and_structures(repo: Repo, path: str, text: str) -> None:
    repo.sealedfiles("set", path, "database.password", "--json", answers=text)
    printed = repo.sealedfiles("get", path, "database.password", "--json")
    assert json.loads(printed) == json.loads(text)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nothing_on_stdin_takes_no_value_away(repo: Repo, options: tuple[str, ...]) -> None:
    """A command before the pipe may have failed."""
    repo.sealedfiles("set", JSON, "database.password", *options, answers="", code=2)
    assert "--value ''" in repo.stderr
    assert repo.read(JSON) == FILES[JSON]
    repo.sealedfiles("set", JSON, "database.password", "--value", "")
    assert repo.sealedfiles("get", JSON, "database.password") == "\n"


@pytest.mark.parametrize(
    "text", ["s3cr3t", "{'s3cr3t': 1}", "NaN", "-Infinity", "1e999", "\n", "[" * 9999]
)
def test_what_is_not_json_is_refused_and_not_shown(repo: Repo, text: str) -> None:
    repo.sealedfiles("set", JSON, "database.password", "--json", answers=text, code=2)
    assert "is not JSON" in repo.stderr
    assert SECRET not in repo.stderr
    assert repo.read(JSON) == FILES[JSON]


@pytest.mark.parametrize(
    ("options", "value"),
    [((), b"\xff\xfe"), (("--json",), b'"\\ud800"')],
    ids=["bytes", "surrogate"],
)
def test_invalid_utf_8_is_refused(repo: Repo, options: tuple[str, ...], value: bytes) -> None:
    command = [*program(), "set", YAML, "database.password", *options]
    done = subprocess.run(
        command, cwd=repo.path, env=repo.person.environment(), input=value, capture_output=True
    )
    assert done.returncode == 2, done.stderr
    assert repo.read(YAML) == FILES[YAML]


def typed_at_terminal(repo: Repo, answer: str, *arguments: str) -> tuple[int, str]:
    environment = [f"{name}={value}" for name, value in repo.person.environment().items()]
    command = ["env", "-i", "-C", str(repo.path), *environment, *program(), *arguments]
    return on_terminal(command, [("value of", answer)])


@on_unix
@pytest.mark.parametrize("state", ["open", "outside"])
def test_at_a_terminal_the_value_is_asked_for_and_not_shown(
    world: World, state: str, tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    status, shown = typed_at_terminal(repo, "s3cr3t-typed", "set", YAML, "database.password")
    assert status == 0, shown
    assert "value of database.password: " in shown
    assert "typed" not in shown
    assert repo.sealedfiles("get", YAML, "database.password") == "s3cr3t-typed\n"


@pytest.mark.slow
@on_unix
@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
def test_ending_the_prompt_changes_nothing(repo: Repo, key: str) -> None:
    status, shown = typed_at_terminal(repo, key, "set", YAML, "database.password")
    assert status == 130, shown
    assert repo.read(YAML) == FILES[YAML]


@on_unix
def test_invalid_utf_8_at_a_terminal_is_refused(repo: Repo) -> None:
    status, shown = typed_at_terminal(repo, "p\udce9ss", "set", YAML, "database.password")
    assert status == 2, shown
    assert "the value on the terminal is not UTF-8" in shown
    assert "base64" in shown
    assert repo.read(YAML) == FILES[YAML]


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize("prompt", [confirm, ask_for_secret])
def test_every_prompt_refuses_invalid_utf_8(
    prompt: Callable[[str], object], errors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal device, a secret is read from stdin, which has surrogates in some locales."""
    typed = TextIOWrapper(BytesIO(b"\xe9\n"), "utf-8", errors)
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr("click.termui.hidden_prompt_func", input)
    with pytest.raises(UsageError if errors == "strict" or prompt is ask_for_secret else Abort):
        prompt("question")


@on_unix
def test_no_prompt_if_the_value_could_not_be_set(repo: Repo) -> None:
    for file, path in (("no/such.yaml", "a"), ("config", "a"), (YAML, "a..b")):
        status, shown = typed_at_terminal(repo, "s3cr3t", "set", file, path)
        assert status == 2, shown
        assert "value of" not in shown


# -- keys and files that are not there yet


@pytest.mark.slow
@every_state
@pytest.mark.parametrize(
    ("path", "key"), [(ENV, "NEW_KEY"), (JSON, "cache.extra.key"), (YAML, "cache.extra.key")]
)
def test_missing_keys_are_added(
    world: World, state: str, path: str, key: str, tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    before = repo.read(path)
    repo.sealedfiles("set", path, key, answers="s3cr3t-new\n")
    assert repo.sealedfiles("get", path, key) == "s3cr3t-new\n"
    assert (SECRET in repo.read(path)) == (state == "open")
    assert set(tokens(before)) < set(tokens(repo.read(path))) or state == "open"
    assert repo.sealedfiles("get", path, PASSWORD[path]) == "s3cr3t-db-alpha\n", "and no other"


def test_an_item_after_the_last_is_added(repo: Repo) -> None:
    repo.sealedfiles("set", YAML, "api.scopes[2]", answers="s3cr3t-admin\n")
    assert json.loads(repo.sealedfiles("get", YAML, "api.scopes", "--json"))[2:] == ["s3cr3t-admin"]


def test_a_new_file_is_decrypted_if_git_seals_it(repo: Repo) -> None:
    repo.sealedfiles("set", "secrets/größe ü.yaml", "a.b", answers="s3cr3t-new\n")
    assert repo.stderr == (
        "sealedfiles: created secrets/größe ü.yaml\nsealedfiles: secrets/größe ü.yaml: added a.b\n"
    )
    assert repo.read("secrets/größe ü.yaml") == "a:\n  b: s3cr3t-new\n"
    repo.commit("a new file")
    assert tokens(repo.blob("HEAD", "secrets/größe ü.yaml").decode())


@sealed_states
def test_otherwise_a_new_file_is_sealed(world: World, state: str, tmp_path: Path) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    name = "other/größe.yaml" if state == "sealed" else "secrets/größe.yaml"
    (repo.path / name).parent.mkdir(exist_ok=True)
    repo.sealedfiles("set", name, "a", answers="s3cr3t-new\n")
    assert SECRET not in repo.read(name)
    assert repo.sealedfiles("get", name, "a") == "s3cr3t-new\n"


def test_a_folder_that_does_not_exist_is_not_made(repo: Repo) -> None:
    repo.sealedfiles("set", "no/such.yaml", "a", answers="x", code=2)
    assert not (repo.path / "no").exists()


@pytest.mark.parametrize("path", ["service.name.deeper", "api[0]", "database.password[0]"])
def test_a_path_through_a_value_is_refused(repo: Repo, path: str) -> None:
    repo.sealedfiles("set", YAML, path, answers="x", code=2)
    assert repo.read(YAML) == FILES[YAML]


def test_env_files_hold_texts_only(repo: Repo) -> None:
    repo.sealedfiles("set", ENV, "LIST", "--json", answers="[1]", code=2)
    assert repo.read(ENV) == FILES[ENV]


# -- nothing is replaced or added without a word


@every_state
@pytest.mark.parametrize("path", [JSON, YAML])
@pytest.mark.parametrize("options", [(), ("--string",)])
def test_a_mapping_or_list_is_not_replaced_by_a_text(
    world: World, state: str, path: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    before = repo.read_bytes(path)
    inside = {JSON: "limits", YAML: "api.scopes"}[path]
    for address, kind in (("database", "mapping"), (inside, "list"), (".", "mapping")):
        repo.sealedfiles("set", path, address, *options, answers="s3cr3t", code=2)
        assert f"{address} is a {kind} of " in repo.stderr
        assert "--json" in repo.stderr
        assert SECRET not in repo.stderr
        assert repo.read_bytes(path) == before


@pytest.mark.parametrize("text", ["base: &b {a: 1, b: 2}\nuse: *b\n", "base: {}\nuse: []\n"])
def test_neither_is_one_behind_an_alias_or_an_empty_one(repo: Repo, text: str) -> None:
    repo.write(YAML, text)
    for key in ("base", "use"):
        repo.sealedfiles("set", YAML, key, answers="x", code=2)
        assert repo.read(YAML) == text


def test_neither_is_one_from_a_merge_key(repo: Repo) -> None:
    text = "base: &b\n  pool: {a: 1, b: 2}\nuse:\n  <<: *b\n"
    repo.write(YAML, text)
    repo.sealedfiles("set", YAML, "use.pool", answers="x", code=2)
    assert repo.read(YAML) == text


@pytest.mark.parametrize("path", [JSON, YAML])
def test_json_replaces_a_mapping_and_counts_its_values(repo: Repo, path: str) -> None:
    count = len(json.loads(repo.sealedfiles("get", path, "database", "--json")))
    repo.sealedfiles("set", path, "database", "--json", answers='{"a": 1, "b": [2, {"c": 3}]}')
    assert f"replaced {count} values at database (3 values)" in repo.stderr
    repo.sealedfiles("set", path, "database", "--json", answers="null")
    assert "replaced 3 values at database\n" in repo.stderr


@on_unix
def test_no_prompt_for_a_value_that_would_replace_a_mapping(repo: Repo) -> None:
    status, shown = typed_at_terminal(repo, "s3cr3t", "set", YAML, "database")
    assert status == 2, shown
    assert "value of database" not in shown


@pytest.mark.many_variants
@every_state
@pytest.mark.parametrize(
    ("path", "key", "similar"),
    [
        (YAML, "database.pasword", "database.password"),
        (YAML, "databse.password", "database.password"),
        (YAML, "password", "database.password"),
        (JSON, "database.Password", "database.password"),
        (ENV, "DB_PASWORD", "DB_PASSWORD"),
    ],
)
def test_a_new_key_is_named_with_what_it_may_be_a_misspelling_of(
    world: World, state: str, path: str, key: str, similar: str, tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    repo.sealedfiles("set", path, key, answers="s3cr3t-new")
    assert f"added {key}; similar: {similar}" in repo.stderr
    assert SECRET not in repo.stderr


@pytest.mark.parametrize(
    ("path", "key"),
    [(YAML, "database.host"), (YAML, "cache.extra.key"), (ENV, "UNRELATED"), (JSON, "limits[2]")],
)
def test_a_key_without_similar_keys_is_only_reported(repo: Repo, path: str, key: str) -> None:
    repo.sealedfiles("set", path, key, answers="s3cr3t-new")
    assert repo.stderr == f"sealedfiles: {path}: added {key}\n"


# -- a value keeps its type


SAME_TYPE = [
    # as it is written, what is typed, what is written then
    ("5432", "5433", "5433"),
    ("5432", "-1.10", "-1.10"),
    ("1.5", "2", "2"),
    ("1e-7", "12", "12"),
    ("true", "false", "false"),
]
OTHER_TYPE = [
    ("5432", "s3cr3t", '"s3cr3t"'),
    ("5432", "true", '"true"'),
    ("true", "1", '"1"'),
    ("true", "truex", '"truex"'),
    ("5432", " 5433", '" 5433"'),
    ("5432", "5433\n", '"5433\\n"'),
    ("5432", "", '""'),
    ("null", "5433", '"5433"'),
    ('"5432"', "5433", '"5433"'),
    ("5432", "0644.", '"0644."'),
    ("5432", "NaN", '"NaN"'),
]


@pytest.mark.many_variants
@sealed_states
@pytest.mark.parametrize(("old", "typed", "new"), SAME_TYPE + OTHER_TYPE)
def test_a_scalar_of_json_keeps_its_type_if_the_text_allows_it(
    world: World, state: str, old: str, typed: str, new: str, tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    repo.write(JSON, f'{{"a": {old}, "b": 1}}\n')
    repo.sealedfiles("seal", JSON)
    repo.sealedfiles("set", JSON, "a", "--value", typed)
    is_retyped = old[0] not in '"n' and (old, typed, new) in OTHER_TYPE
    assert ("which is now a string" in repo.stderr) == is_retyped
    repo.sealedfiles("unseal", JSON)
    assert repo.read(JSON) == f'{{"a": {new}, "b": 1}}\n'


YAML_TYPES = [
    *SAME_TYPE,
    ("5432", "0600", "0600"),
    ("0644", "0600", "0600"),
    ("5432", "1e3", '"1e3"'),  # a string in YAML 1.1; an id must not become 1000.0
    ("5432", "1234e567", '"1234e567"'),
    ("5432", "0o17", '"0o17"'),
    ("5432", "1.5e+3", "1.5e+3"),
    ("5432", "0x1F", "0x1F"),
    ("true", "False", "False"),
    ("yes", "no", "no"),
    ("2001-12-14", "2002-01-01", "2002-01-01"),
    ("1:30", "2:45", "2:45"),
    ("!!float 1.5", "2", "!!float 2"),
    ("&port 5432", "5433", "&port 5433"),
    ("5432", "s3cr3t", "s3cr3t"),
    ("5432", "true", '"true"'),
    ("true", "yes", '"yes"'),
    ("true", "1", '"1"'),
    ("name", "5433", '"5433"'),
    ("name", "no", '"no"'),
    ("name", "2002-01-01", '"2002-01-01"'),
    ("'5432'", "5433", "'5433'"),
    ('"5432"', "5433", '"5433"'),
    ("!!str 5432", "5433", '!!str "5433"'),
    ("null", "5433", '"5433"'),
    ("~", "null", '"null"'),
]


@pytest.mark.many_variants
@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize(("old", "typed", "new"), YAML_TYPES)
def test_a_scalar_of_yaml_keeps_its_type_if_the_text_allows_it(
    repo: Repo, old: str, typed: str, new: str, flow: bool
) -> None:
    text = "{{a: {}, b: 1}}\n" if flow else "a: {}  # note\nb: 1\n"
    repo.write(YAML, text.format(old))
    repo.sealedfiles("set", YAML, "a", "--value", typed)
    if flow and "-" not in typed and ":" not in typed:
        assert repo.read(YAML) == text.format(new).replace(": ,", ":,")
    elif not flow:
        assert repo.read(YAML) == text.format(new)


@pytest.mark.parametrize("path", [JSON, YAML])
@pytest.mark.parametrize(("old", "typed"), [("5432", "5433"), ("true", "false")])
def test_string_forces_a_string(repo: Repo, path: str, old: str, typed: str) -> None:
    repo.write(path, f'{{"a": {old}}}\n')
    repo.sealedfiles("set", path, "a", "--string", "--value", typed)
    assert repo.read(path) == f'{{"a": "{typed}"}}\n'
    repo.sealedfiles("set", path, "a", "--string", "--json", "--value", "1", code=2)


# -- what must not change


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("sealed", [False, True])
def test_line_endings_and_byte_order_mark_stay(repo: Repo, newline: str, sealed: bool) -> None:
    text = newline.join(["\ufeffa: 'x'  # note", "b: y", ""])
    repo.write(YAML, text)
    if sealed:
        repo.sealedfiles("seal", YAML)
    repo.sealedfiles("set", YAML, "a", answers="z")
    repo.sealedfiles("set", YAML, "c", answers="new")
    repo.sealedfiles("unseal", YAML)
    expected = newline.join(["\ufeffa: 'z'  # note", "b: y", "c: new", ""])
    assert repo.read_bytes(YAML).decode() == expected


@on_unix
def test_the_mode_stays(repo: Repo) -> None:
    (repo.path / ENV).chmod(0o640)
    repo.sealedfiles("set", ENV, "DB_PASSWORD", answers="x")
    assert stat.S_IMODE((repo.path / ENV).stat().st_mode) == 0o640


def test_setting_a_plain_value_is_reported(repo: Repo) -> None:
    repo.sealedfiles("set", YAML, "service.name", answers="billing")
    assert "the policy leaves service.name in plaintext" in repo.stderr
    repo.sealedfiles("set", YAML, "database.user", answers="u")
    assert "in plaintext" not in repo.stderr


def test_each_value_of_a_mapping_is_judged(repo: Repo) -> None:
    """A plain rule for a mapping leaves none of its values in plaintext."""
    repo.sealedfiles(
        "track", YAML, "--values", "database", "--values", "**.host", "--plain", "--yes"
    )
    repo.sealedfiles("set", YAML, "database", "--json", answers='{"password": "n1-secret"}')
    assert "in plaintext" not in repo.stderr
    new = '{"password": "n1-secret", "host": "h", "more": [{"host": "i", "port": 1}]}'
    repo.sealedfiles("set", YAML, "database", "--json", "--group", "default", answers=new, code=2)
    assert "the policy leaves database.host in plaintext" in repo.stderr
    repo.sealedfiles("set", YAML, "database", "--json", answers=new)
    assert (
        f"{YAML}: the policy leaves database.host, database.more[].host in plaintext: anyone with the "
        "repository can read them\n"
    ) in repo.stderr
    repo.git("add", YAML)
    stored = repo.blob("", YAML).decode()
    assert re.search(r"host: h\n", stored)
    assert "n1-secret" not in stored


# -- what one cannot seal, and what is damaged


@pytest.mark.many_variants
@every_state_and_file
def test_a_value_of_a_group_that_one_does_not_read_exits_3_and_stays(
    world: World, state: str, path: str, tmp_path: Path
) -> None:
    repo = in_state(world, state, tmp_path / "orders", "bob")
    before = repo.read_bytes(path)
    repo.sealedfiles("set", path, PIN[path], answers="s3cr3t-forged", code=3)
    assert "production" in repo.stderr
    assert SECRET not in repo.stderr
    assert repo.read_bytes(path) == before
    repo.sealedfiles("set", path, PASSWORD[path], answers="s3cr3t-mine")
    assert repo.sealedfiles("get", path, PASSWORD[path]) == "s3cr3t-mine\n"


def test_without_any_key_nothing_is_written(origin: Path, tmp_path: Path) -> None:
    clone = Quick.of(Person.at(tmp_path / "nobody").clone(origin, tmp_path / "clone"))
    before = clone.read_bytes(ENV)
    clone.sealedfiles("set", ENV, "DB_PASSWORD", answers="s3cr3t", code=3)
    assert clone.read_bytes(ENV) == before
    clone.sealedfiles("set", ENV, "APP_PORT", answers="81")
    assert clone.read(ENV) == before.decode().replace("8080", "81"), "plain values need no key"


def test_a_damaged_token_stays_as_it_is_until_its_value_is_set(repo: Repo) -> None:
    repo.sealedfiles("seal", YAML)
    token = tokens(repo.read(YAML))[1]
    damaged = token[:-5] + "AAAAA"
    repo.edit(YAML, token, damaged)
    repo.sealedfiles("set", YAML, "database.user", answers="u")
    assert damaged in repo.read(YAML)
    repo.sealedfiles("set", YAML, "database.password", answers="s3cr3t-new")
    assert repo.sealedfiles("get", YAML, "database.password") == "s3cr3t-new\n"
    assert SECRET not in repo.read(YAML)


@pytest.mark.parametrize("path", ["a", "."])
def test_a_file_that_is_sealed_whole_needs_its_key(repo: Quick, tmp_path: Path, path: str) -> None:
    repo.write(YAML, "s3cr3t: [half-edited\n")
    repo.commit("whole")
    clone = Quick.of(Person.at(tmp_path / "nobody").clone(repo, tmp_path / "clone"))
    before = clone.read_bytes(YAML)
    assert before.startswith(b'"sealed:v1:')
    clone.sealedfiles("set", YAML, path, answers="x", code=3)
    assert clone.read_bytes(YAML) == before
    clone.sealedfiles("get", YAML, path, code=3)


def test_a_file_that_does_not_parse_is_left_alone(repo: Repo) -> None:
    repo.write(JSON, '{"a": 1,\n "b": }\n')
    repo.sealedfiles("set", JSON, "a", answers="x", code=1)
    assert f"{JSON}:2:7: " in repo.stderr
    assert repo.read(JSON) == '{"a": 1,\n "b": }\n'


@on_unix
def test_a_symlink_may_lead_anywhere_and_is_refused(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "outside.env").write_bytes(b"A=1\n")
    (repo.path / "link.env").symlink_to(tmp_path / "outside.env")
    repo.sealedfiles("set", "link.env", "A", answers="2", code=2)
    assert (tmp_path / "outside.env").read_bytes() == b"A=1\n"


def without_privileges(command: list[str]) -> list[str]:
    """Return *command* so that file modes apply to it, even if the tests are run as root."""
    if os.geteuid() != 0:
        return command
    dropped = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    if not shutil.which("setpriv") or subprocess.run([*dropped, "true"], check=False).returncode:
        pytest.skip("root cannot give its privileges away here")
    return [*dropped, *command]


@on_unix
@pytest.mark.parametrize("state", ["open", "sealed"])
def test_in_a_read_only_folder_nothing_is_lost(world: World, state: str, tmp_path: Path) -> None:
    repo = in_state(world, state, tmp_path / "orders")
    before = repo.read_bytes(YAML)
    folder = (repo.path / YAML).parent
    folder.chmod(0o555)
    try:
        command = without_privileges([*program(), "set", YAML, "database.password"])
        _, stderr = repo.person.run(command, repo.path, "s3cr3t-new\n", code=1)
    finally:
        folder.chmod(0o755)
    assert "permission denied" in stderr
    assert SECRET not in stderr
    assert repo.read_bytes(YAML) == before
    assert [file.name for file in folder.iterdir()] == ["app.yaml"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no folder can be locked: the loser is told")
def test_concurrent_changes_are_not_lost(world: World, tmp_path: Path) -> None:
    repo = in_state(world, "sealed", tmp_path / "orders")
    before = tokens(repo.read(YAML))
    running = {
        f"added.key{number}": subprocess.Popen(
            [*program(), "set", YAML, f"added.key{number}", "--value", f"s3cr3t-{number}"],
            cwd=repo.path,
            env=repo.person.environment(),
            stderr=subprocess.PIPE,
        )
        for number in range(20)
    }
    for name, process in running.items():
        said = process.communicate(timeout=60)[1].decode()
        assert said == f"sealedfiles: {YAML}: added {name}\n", "a number is not a typo"
        assert process.returncode == 0
    added = json.loads(repo.sealedfiles("get", YAML, "added", "--json"))
    assert added == {f"key{number}": f"s3cr3t-{number}" for number in range(20)}
    assert tokens(repo.read(YAML))[: len(before)] == before


# -- base64


def test_a_value_in_base64(repo: Repo) -> None:
    repo.sealedfiles("set", YAML, "data.password", "--base64", answers="s3cr3t-é\n")
    assert repo.sealedfiles("get", YAML, "data.password") == "czNjcjN0LcOp\n"
    assert repo.sealedfiles("get", "--base64", YAML, "data.password") == "s3cr3t-é\n"
    assert repo.sealedfiles("get", "--base64", "-n", YAML, "data.password") == "s3cr3t-é"
    repo.sealedfiles("set", YAML, "data.pin", "--base64", "--value", "1")
    assert "pin: MQ==" in repo.read(YAML).replace('"', "").replace("'", "")
    repo.sealedfiles("set", YAML, "data.key", "--base64", "--generate", "hex:32")
    assert re.fullmatch("[0-9a-f]{64}\n", repo.sealedfiles("get", "--base64", YAML, "data.key"))
    repo.sealedfiles("set", YAML, "data.key", "--base64", "--json", "--value", "1", code=2)


def test_a_binary_value_in_base64_is_kept_byte_for_byte(repo: Repo) -> None:
    command = shlex.join([*program(), "set", YAML, "data.store", "--base64"])
    repo.raw("sh", "-c", f"printf '\\000\\377\\n' | {command}")
    shown = repo.raw(*program(), "get", "--base64", YAML, "data.store")
    assert shown == b"\0\xff\n"
    repo.raw("sh", "-c", f"printf '\\377' | {command.removesuffix(' --base64')}", code=2)
    assert "--base64" in repo.stderr


def test_what_is_not_base64_is_named_and_not_printed(repo: Repo) -> None:
    for options in (["--base64", "--raw"], ["--json", "--base64"]):
        repo.sealedfiles("get", *options, YAML, "database.password", code=2)
    assert repo.sealedfiles("get", "--base64", YAML, "database.password", code=2) == ""
    assert "database.password is not base64" in repo.stderr
    assert SECRET not in repo.stderr


@pytest.mark.parametrize("command", [["set", "--value", "x"], ["edit"]], ids=["set", "edit"])
def test_a_folder_that_does_not_exist_is_named(repo: Repo, command: list[str]) -> None:
    key = ["DB_PASSWORD"] if command[0] == "set" else []
    repo.sealedfiles(*command, "new folder/sub/a.env", *key, code=2)
    assert "the folder new folder/sub does not exist" in repo.stderr
    assert "hint: create it: mkdir -p 'new folder/sub'" in repo.stderr
    repo.sealedfiles(*command, f"{ENV}/a.env", *key, code=2)
    assert f"{ENV} is not a folder" in repo.stderr
