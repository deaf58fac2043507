from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.files.environment import Variable, merge, scalars, variables
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.formats.base import value_at
from sealedfiles.formats.json.format import JSON
from sealedfiles.model.paths import show

TOKEN = "sealed:v1:default:aaaaaaaaaaaaaaaa:AAAAAAAA:" + "A" * 64


def names(data: Any, **options: Any) -> dict[str, str]:
    return {one.name: one.value for one in variables(data, b"app.yaml", JSON.path_of, **options)}


def made(**values: str) -> list[Variable]:
    return variables(dict(values), b"some.env", JSON.path_of, as_named=True)


def test_structures_are_flattened() -> None:
    data = {"database": {"password": "x", "pool": {"size": "5"}}, "users": [{"token": "t"}, "u"]}
    assert names(data) == {
        "DATABASE_PASSWORD": "x",
        "DATABASE_POOL_SIZE": "5",
        "USERS_0_TOKEN": "t",
        "USERS_1": "u",
    }


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("tls.crt", "TLS_CRT"),
        ("api-key", "API_KEY"),
        ("größe", "GR__E"),
        ("ﬁ", "_"),
        ("a b\n", "A_B_"),
        ("2fa", "_2FA"),
        ("already_ODD", "ALREADY_ODD"),
    ],
)
def test_invalid_characters_in_names_become_underscores(key: str, name: str) -> None:
    assert names({key: "x"}) == {name: "x"}


def test_a_prefix_begins_every_name() -> None:
    assert names({"2fa": "x", "b": {"c": "y"}}, prefix="app_") == {"app_2FA": "x", "app_B_C": "y"}
    assert names({"a.b": "x"}, prefix="app_", as_named=True) == {"app_a.b": "x"}


@pytest.mark.parametrize("prefix", ["1", "A=", "A ", "É", "-"])
def test_an_invalid_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="is not a valid prefix"):
        names({"a": "x"}, prefix=prefix)


def test_the_names_of_an_env_file_stay_as_they_are() -> None:
    data = {"lower": "a", "with.dot": "b", "2": "c", "É": "d"}
    assert names(data, as_named=True) == data


def test_booleans_and_numbers_are_written_as_in_json() -> None:
    assert names({"a": True, "b": False, "c": 5, "d": 1.5, "e": "1.10", "f": ""}) == {
        "A": "true",
        "B": "false",
        "C": "5",
        "D": "1.5",
        "E": "1.10",
        "F": "",
    }


def test_null_and_empty_collections_set_nothing() -> None:
    assert names({"a": None, "b": {}, "c": [], "d": [None, {}]}) == {}


def test_a_value_without_a_key_has_no_name() -> None:
    with pytest.raises(UsageError, match=r"app\.yaml is a single value without a key"):
        names("x")
    assert names(None) == {}


def test_documents_are_part_of_the_name_and_not_of_the_path() -> None:
    [first, second] = variables([{"a": "x"}, {"a": "y"}], b"f", JSON.path_of, documents=True)
    assert (first.name, second.name) == ("_0_A", "_1_A")
    assert show(first.path) == show(second.path) == "a"
    [item, _] = variables([{"a": "x"}, {"a": "y"}], b"f", JSON.path_of)
    assert show(item.path) == "[].a"


@pytest.mark.slow
def test_nested_aliases_are_abandoned_early() -> None:
    data: Any = ["x"] * 10
    for _ in range(30):
        data = [data] * 10
    with pytest.raises(UsageError, match="too many values for variables"):
        names({"a": data})


def test_nesting_may_be_as_deep_as_a_file_can_have_it() -> None:
    data: Any = "x"
    for _ in range(5000):
        data = [data]
    [(address, value)] = scalars(data)
    assert (len(address), value) == (5000, "x")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), json_like, max_size=4))
def test_every_value_is_found_once_at_its_address_in_file_order(data: dict[str, Any]) -> None:
    for address, value in scalars(data):
        at = value_at(data, address)[1]
        assert at is value
    found = [value for _, value in scalars(data)]
    flat: list[Any] = []

    def walk(node: Any) -> None:
        if isinstance(node, (dict, list)):
            for item in node.values() if isinstance(node, dict) else node:
                walk(item)
        else:
            flat.append(node)

    walk(data)
    assert found == flat
    for one in variables(data, b"f", JSON.path_of):
        assert re.fullmatch(r"[A-Z_][A-Z0-9_]*|", one.name)


@pytest.mark.parametrize(
    ("value", "words"),
    [("a\0b", "a NUL character"), ("a\ud800b", "a lone surrogate")],
)
def test_an_invalid_value_is_reported_and_not_shown(value: str, words: str) -> None:
    [variable] = variables(
        {"database": {"password": f"hunter22{value}"}}, b"app.yaml", JSON.path_of
    )
    with pytest.raises(UsageError, match=r"app\.yaml: database\.password contains") as raised:
        variable.check()
    assert words in raised.value.message
    assert "hunter22" not in str((raised.value.message, raised.value.hints))


@pytest.mark.parametrize("name", ["", "a=b", "a\0", "\ud800"])
def test_an_invalid_name_is_reported(name: str) -> None:
    [variable] = variables({name: "x"}, b"some.env", JSON.path_of, as_named=True)
    with pytest.raises(UsageError, match="is not a valid variable name"):
        variable.check()


def test_a_token_and_a_text_with_one_in_it_stay_sealed() -> None:
    [a, b, c] = made(A=TOKEN, B=f"postgres://u:{TOKEN}@h", C="sealed:v1:default")
    assert a.holds_any({TOKEN})
    assert b.holds_any({TOKEN})
    assert not c.holds_any({TOKEN})


@pytest.mark.parametrize("value", ["sealed:v2:default:abc", TOKEN[:-1]])
def test_a_token_that_is_cut_short_or_of_another_version_is_never_a_value(value: str) -> None:
    [variable] = made(A=value)
    assert not variable.holds_any({TOKEN})
    with pytest.raises(NoKeyError, match=r"some\.env: A stays sealed"):
        variable.check()


def test_two_values_of_one_file_for_one_name_are_named() -> None:
    found = variables({"a": {"b": "x"}, "c": "y", "a_b": "z"}, b"app.yaml", JSON.path_of)
    with pytest.raises(UsageError) as raised:
        merge([found])
    assert raised.value.message == 'app.yaml: a.b and app.yaml: a_b both define "A_B"'
    with pytest.raises(UsageError):
        merge([found], later_wins=True)


def test_two_files_must_not_differ() -> None:
    one, same = made(A="x", B="y"), made(B="y", C="z")
    assert {n: v.value for n, v in merge([one, same]).items()} == {"A": "x", "B": "y", "C": "z"}
    other = variables({"b": "w"}, b"other.yaml", JSON.path_of)
    with pytest.raises(UsageError) as raised:
        merge([one, other])
    assert raised.value.message == 'some.env: B and other.yaml: b both define "B"'
    assert merge([one, other], later_wins=True)["B"].value == "w"


def test_files_of_the_same_name_in_different_folders_are_two_files() -> None:
    assert merge([made(A="x"), made(A="y")], later_wins=True)["A"].value == "y"
    with pytest.raises(UsageError):
        merge([made(A="x"), made(A="y")])
