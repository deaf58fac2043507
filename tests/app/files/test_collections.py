"""A collection in the place of a sealed value is judged as the value is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import EVIL, Repo, commit_blob

from sealedfiles.formats import load, name_by_path
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

TEXTS = {
    "one.yaml": "name: x\npassword: {}\n",
    "one.json": '{{"name": "x", "password": {}}}\n',
    "one.toml": 'name = "x"\npassword = {}\n',
    "one.tfvars": 'name = "x"\npassword = {}\n',
    "one.ndjson": '{{"name": "x", "password": {}}}\n',
    "one.xml": "<c><name>x</name><password>{}</password></c>\n",
}
"""Files of which the policy seals one value."""


def written(name: str, value: object) -> str:
    """Return the text of the file *name* with *value* at the key that the policy seals."""
    return TEXTS[name].format((_in_xml if name.endswith(".xml") else _in_flow)(name, value))


def _in_flow(name: str, value: object) -> str:
    if isinstance(value, dict):
        form = "{} = {}" if name.endswith(("toml", "tfvars")) else '"{}": {}'
        entries = (form.format(key, _in_flow(name, one)) for key, one in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_in_flow(name, one) for one in value)}]"
    return f'"{value}"'


def _in_xml(name: str, value: object) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_in_xml(name, one)}</{key}>" for key, one in value.items())
    if isinstance(value, list):
        return "".join(f"<i>{_in_xml(name, one)}</i>" for one in value)
    return str(value)


KEYS = st.sampled_from(["a", "password", "name"])
COLLECTIONS = st.recursive(
    st.just(EVIL),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("name", TEXTS)
@given(COLLECTIONS, st.sampled_from(["password", '"password"', "pass*"]))
def test_everything_below_a_sealed_key_is_sealed(name: str, value: object, pattern: str) -> None:
    values = f"c.{pattern}" if name.endswith(".xml") else pattern
    rules = f"[{{files: '*', values: '{values}', group: g}}, {{files: '*', plain: true}}]"
    of_file = parse_policy(f"version: 1\nrules: {rules}".encode()).for_file(name)
    text = written(name, value)
    form = load(name_by_path(name.encode()))
    assert form is not None
    groups = {
        (EVIL in text[span.start : span.end], of_file.group_of(span.path))
        for span in form.scan(text).values
    }
    assert groups == {(True, "g"), (False, None)}


@pytest.mark.parametrize(
    "text", ["db: !!omap [password: x, host: y]", "!!omap [db: {password: x}]"]
)
def test_a_list_that_programs_read_as_a_mapping(text: str) -> None:
    """ruamel.yaml and SnakeYAML do so by the tag."""
    rules = "[{files: '*', values: db.password, group: g}, {files: '*', plain: true}]"
    of_file = parse_policy(f"version: 1\nrules: {rules}".encode()).for_file("one.yaml")
    form = load("yaml")
    assert form is not None
    groups = {
        text[one.start : one.end]: of_file.group_of(one.path) for one in form.scan(text).values
    }
    assert groups.pop("x") == "g"
    assert set(groups.values()) <= {None}


@pytest.mark.parametrize("name", ["one.yaml", "one.json", "one.toml", "one.tfvars", "one.ndjson"])
@given(COLLECTIONS)
def test_a_rule_for_the_items_of_a_list_seals_a_single_value(name: str, value: object) -> None:
    """But not a mapping, which often has other values: arguments, as `NAME=value` or as `NAME: value`."""
    rules = "[{files: '*', values: 'password[]', group: g}, {files: '*', plain: true}]"
    of_file = parse_policy(f"version: 1\nrules: {rules}".encode()).for_file(name)
    text = written(name, value)
    form = load(name_by_path(name.encode()))
    assert form is not None
    groups = {
        of_file.group_of(span.path)
        for span in form.scan(text).values
        if EVIL in text[span.start : span.end]
    }
    assert groups == {None if isinstance(value, dict) else "g"}


@pytest.fixture(scope="module")
def partly_once(world: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = world.copy("alice", tmp_path_factory.mktemp("partly") / "orders")
    repo.sealedfiles("track", "one.*", "--values", "**", "--plain", "--yes")
    repo.sealedfiles("track", "one.*", "--values", "password", "--values", "c.password")
    for name in TEXTS:
        repo.write(name, written(name, "s3cr3t-one"))
    repo.commit("files that are sealed in part")
    return repo


@pytest.mark.many_variants
@pytest.mark.parametrize("value", [[EVIL], {"a": EVIL}, [{"a": [EVIL]}]], ids=str)
@pytest.mark.parametrize("name", TEXTS)
def test_no_command_gives_it_out(
    partly_once: Repo, name: str, value: object, tmp_path: Path
) -> None:
    repo = partly_once.copy(tmp_path / "orders")
    assert "s3cr3t" not in repo.blob("HEAD", name).decode()
    key = {"xml": "c.password", "ndjson": "[0].password"}.get(name.split(".")[1], "password")
    assert "s3cr3t-one" in repo.sealedfiles("get", name, key)
    commit_blob(repo, name, written(name, value))
    assert EVIL in repo.read(name)
    for command in (["get", name, key, "--json"], ["cat", name], ["run", "-f", name, "--", "env"]):
        assert EVIL not in repo.sealedfiles(*command, code=4), command
    assert "[plain-value]" in repo.sealedfiles("check", name, code=1)


@pytest.mark.slow
def test_what_the_user_types_there_is_sealed(partly_once: Repo, tmp_path: Path) -> None:
    repo = partly_once.copy(tmp_path / "orders")
    repo.write("one.yaml", "name: x\npassword: [s3cr3t-two, s3cr3t-three]\n")
    repo.commit("two passwords")
    assert "s3cr3t" not in repo.blob("HEAD", "one.yaml").decode()
    assert "name: x\n" in repo.blob("HEAD", "one.yaml").decode()
    assert repo.sealedfiles("get", "one.yaml", "password[1]") == "s3cr3t-three\n"
