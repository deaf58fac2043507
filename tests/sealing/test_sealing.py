"""Sealing and opening, for every format and for arbitrary content."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import yaml
from documents import (
    ALL,
    ANY_LATER,
    BARE,
    DEFAULT,
    ENV,
    EVERY,
    INI,
    JSON,
    NDJSON,
    NOBODY,
    PROPERTIES,
    STRUCTURED,
    TFVARS,
    TOML,
    WHOLE,
    XML,
    YAML,
    at,
    contents,
    drawn,
    groups,
    mint,
    opened,
    seal,
    soups,
    texts,
    tokens,
    unseal,
)
from dotenv import dotenv_values
from hypothesis import assume, example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML as RuamelYaml

from sealedfiles.errors import NoKeyError
from sealedfiles.model.token import TOKEN, UNKNOWN_TOKEN
from sealedfiles.sealing.file import is_whole

every_path = pytest.mark.parametrize("path", [*STRUCTURED, ANY_LATER, WHOLE])
every_format = pytest.mark.parametrize("path", [*STRUCTURED, ANY_LATER])
each_format = pytest.mark.parametrize("path", EVERY)
each_path = pytest.mark.parametrize("path", [*EVERY, WHOLE])

POLICIES = (
    "",
    '{files: "**", values: ["a", "A", "**.b"], plain: true}',
    '{files: "**", values: ["a", "A", "**.b"], group: production}',
    '{files: "**", plain: true}',
    '{files: "**", format: whole}',
)


def without_tokens(data: bytes) -> bytes:
    assume(b"sealed:v" not in data)
    return data


# What every file must survive


@every_path
@given(data=st.data())
def test_opening_what_was_sealed_gives_the_same_bytes(path: str, data: st.DataObject) -> None:
    path = drawn(path, data)
    plain = without_tokens(data.draw(soups(path)))
    policy = data.draw(st.sampled_from(POLICIES))
    result = opened(path, seal(path, plain, policy=policy), policy)
    assert result.data == plain
    assert result.problems == []


@every_path
@given(data=st.data())
def test_sealing_twice_changes_nothing(path: str, data: st.DataObject) -> None:
    path = drawn(path, data)
    plain = without_tokens(data.draw(soups(path)))
    policy = data.draw(st.sampled_from(POLICIES))
    sealed = seal(path, plain, policy=policy)
    assert seal(path, sealed, policy=policy) == sealed
    assert seal(path, sealed, sealed, policy=policy) == sealed
    assert seal(path, sealed, policy=policy, keys=NOBODY) == sealed


@every_path
@given(data=st.data())
def test_decrypted_text_is_sealed_to_the_same_bytes(path: str, data: st.DataObject) -> None:
    path = drawn(path, data)
    plain = without_tokens(data.draw(soups(path)))
    policy = data.draw(st.sampled_from(POLICIES))
    sealed = seal(path, plain, policy=policy)
    for keys in (ALL, DEFAULT, NOBODY):
        shown = unseal(path, sealed, policy, keys)
        assert seal(path, shown, sealed, policy=policy, keys=keys) == sealed


ITEMS = {
    YAML: (
        "items:\n",
        ["- name: a\n  key: x\n", "- name: b\n  key: x\n", "- key: x\n", "- key: y\n"],
        "",
    ),
    XML: (
        "<r>\n",
        ["<i n='a'>x</i>\n", "<i n='b'>x</i>\n", "<i>\nx\n</i>\n", "<i>y</i>\n"],
        "</r>\n",
    ),
}
"""Files with items that have equal values at one key path: their start, items, and their end."""


@pytest.mark.parametrize("path", ITEMS)
@given(st.data())
def test_items_that_are_inserted_or_removed_change_no_other_line(
    path: str, data: st.DataObject
) -> None:
    start, items, end = ITEMS[path]
    some = st.lists(st.sampled_from(items), max_size=4).map("".join)
    first, more, last = (data.draw(some) for _ in range(3))
    few, many = f"{start}{first}{last}{end}", f"{start}{first}{more}{last}{end}"
    old = seal(path, few)
    new = seal(path, many, old)
    assert has_in_order(new, old)
    assert has_in_order(new, seal(path, few, new))
    assert unseal(path, new) == many.encode()


def has_in_order(data: bytes, lines: bytes) -> bool:
    """Return True if *data* has *lines*, and possibly others between them."""
    rest = iter(data.splitlines())
    return all(line in rest for line in lines.splitlines())


@every_path
@given(data=st.data())
def test_sealing_is_deterministic(path: str, data: st.DataObject) -> None:
    path = drawn(path, data)
    before, after = (without_tokens(data.draw(soups(path))) for _ in range(2))
    sealed = seal(path, before)
    assert seal(path, before) == sealed
    assert seal(path, after, sealed) == seal(path, after, sealed)


@every_path
@given(data=st.data())
def test_whatever_the_previous_version_is_the_result_opens_to_what_was_sealed(
    path: str, data: st.DataObject
) -> None:
    path = drawn(path, data)
    plain = without_tokens(data.draw(soups(path)))
    previous = data.draw(st.one_of(soups(path), soups(path).map(lambda old: seal(path, old))))
    assert unseal(path, seal(path, plain, previous)) == plain


# Well-formed files


@every_format
@given(data=st.data())
def test_every_value_becomes_exactly_one_token_and_nothing_else_changes(
    path: str, data: st.DataObject
) -> None:
    path = drawn(path, data)
    plain = without_tokens(data.draw(texts(path)).encode())
    sealed = seal(path, plain)
    if is_whole(sealed):
        return
    before, after = contents(path, plain), contents(path, sealed)
    assert [key_path for key_path, _ in after] == [key_path for key_path, _ in before]
    for _, literal in after:
        assert len(TOKEN.findall(literal)) == 1
    if path != YAML:  # an anchor stands before a token
        assert all(TOKEN.fullmatch(literal.strip("\"'")) for _, literal in after)
    assert unseal(path, sealed) == plain


@every_format
@given(data=st.data())
def test_no_two_tokens_of_a_file_are_equal(path: str, data: st.DataObject) -> None:
    path = drawn(path, data)
    plain = without_tokens(data.draw(texts(path)).encode())
    previous = without_tokens(data.draw(texts(path)).encode())
    for sealed in (seal(path, plain), seal(path, plain, seal(path, previous))):
        assert len(set(tokens(sealed))) == len(tokens(sealed))


@given(text=texts(YAML))
def test_the_yaml_generator_of_these_tests_makes_yaml(text: str) -> None:
    """Otherwise the tests above would only cover files that are sealed whole."""
    assume("sealed:v" not in text)
    list(yaml.safe_load_all(text.removeprefix("\ufeff")))


@given(text=texts(YAML))
def test_pyyaml_and_ruamel_read_the_same_shape_from_sealed_yaml(text: str) -> None:
    sealed = seal(YAML, text).decode().removeprefix("\ufeff")
    if is_whole(sealed.encode()):
        return
    plain = text.removeprefix("\ufeff")
    before = list(yaml.compose_all(plain, yaml.SafeLoader))
    for after in (
        list(yaml.compose_all(sealed, yaml.SafeLoader)),
        list(RuamelYaml(typ="safe", pure=True).compose_all(io.StringIO(sealed))),
    ):
        assert [yaml_shape(node) for node in after] == [yaml_shape(node) for node in before]
        assert all(yaml_is_sealed(node) for node in after)


def yaml_shape(node: Any) -> Any:
    """Return the keys and the nesting of a composed document, distinguishing empty values."""
    if node is None:
        return None
    if node.id == "mapping":
        return [(key.value, yaml_shape(value)) for key, value in node.value]
    if node.id == "sequence":
        return [yaml_shape(item) for item in node.value]
    return "value"


def yaml_is_sealed(node: Any) -> bool:
    if node is None:
        return True
    if node.id == "mapping":
        return all(yaml_is_sealed(value) for _, value in node.value)
    if node.id == "sequence":
        return all(yaml_is_sealed(item) for item in node.value)
    is_empty = node.value == "" and node.start_mark.index == node.end_mark.index
    return is_empty or TOKEN.fullmatch(node.value) is not None


@given(text=texts(JSON))
def test_json_reads_the_same_shape_from_sealed_json(text: str) -> None:
    sealed = seal(JSON, text).decode()
    plain, after = (
        json.loads(text.removeprefix("\ufeff")),
        json.loads(sealed.removeprefix("\ufeff")),
    )
    assert json_shape(after) == json_shape(plain)
    assert all(TOKEN.fullmatch(value) for value in json_scalars(after))


def json_shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, json_shape(member)) for key, member in value.items()]
    return [json_shape(item) for item in value] if isinstance(value, list) else "value"


def json_scalars(value: Any) -> list[Any]:
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return [scalar for member in inner for scalar in json_scalars(member)]
    return [value]


@given(text=texts(ENV))
def test_python_dotenv_reads_the_same_keys_from_a_sealed_env_file(text: str) -> None:
    assume(all(key for key, _ in contents(ENV, text)))  # every line is an assignment
    before = dotenv_values(stream=io.StringIO(text), interpolate=False)
    after = dotenv_values(stream=io.StringIO(seal(ENV, text).decode()), interpolate=False)
    # The lines of a key without quotes are keys without a value to python-dotenv.
    assert list(after) == [key for key, value in before.items() if value is not None]
    assert all(TOKEN.fullmatch(value) for value in after.values() if value)


# Rules


def test_the_first_rule_that_matches_a_value_decides() -> None:
    policy = """\
{files: "conf/*", values: "service.**", plain: true}
{files: "conf/*.yaml", values: "**.password", group: production}
{files: "conf/*.yaml", values: ["ops.**"], group: ops}"""
    text = """\
service: {name: orders, password: plain-too}
db: {user: u, password: p}
ops: {a: 1, password: q}
"""
    sealed = seal(YAML, text, policy=policy)
    assert b"service: {name: orders, password: plain-too}\n" in sealed
    assert groups(sealed) == ["default", "production", "ops", "production"]
    assert unseal(YAML, sealed) == text.encode()


@each_format
def test_a_file_whose_values_are_all_plain_stays_as_it_is(path: str) -> None:
    text = {YAML: "a: 1\n", JSON: '{"a": 1}', NDJSON: "1\n2\n", XML: "<a>1</a>"}.get(path, "a=1\n")
    assert seal(path, text, policy='{files: "**", plain: true}', keys=NOBODY) == text.encode()


@each_path
def test_an_empty_file_stays_empty(path: str) -> None:
    assert seal(path, b"", keys=NOBODY) == b""
    assert seal(path, b"", b"something", keys=NOBODY) == b""
    assert unseal(path, b"") == b""


@each_format
@pytest.mark.parametrize("text", [b"\n", b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_a_file_without_values_stays_as_it_is(path: str, text: bytes) -> None:
    if path in (JSON, XML):  # there an empty text is broken, and broken files are sealed whole
        assert is_whole(seal(path, text))
    else:
        assert seal(path, text, keys=NOBODY) == text


def test_empty_values_stay_empty() -> None:
    text = "a:\nb: ~\nc: ''\nd: [ , x]\ne: !!str\nf: &anchor\n"
    sealed = seal(YAML, "a:\nb: ~\nc: ''\ne: !!str\nf: &anchor\n").decode()
    assert sealed.startswith("a:\nb: ")
    assert len(tokens(sealed)) == 4, "a tag or an anchor alone is source text of a value"
    assert unseal(YAML, seal(YAML, text)) == text.encode()
    assert seal(ENV, "A=\nB=1\n").startswith(b"A=\nB=sealed:")
    assert len(tokens(seal(JSON, '{"a": "", "b": {}, "c": []}'))) == 1


# What cannot be sealed


@each_path
def test_a_value_without_a_key_is_an_error_that_names_it_and_never_plaintext(path: str) -> None:
    text = {YAML: "a:\n  b: hunter22\n", JSON: '{"a":\n{"b": 1}}', ENV: "\nA=hunter22\n"}
    text |= {INI: "[a]\nb=hunter22\n"}
    text |= {TFVARS: "a = {\n  b = 1\n}\n", XML: "<a>\n  <b>hunter22</b>\n</a>\n"}
    text |= {TOML: "[a]\nb = 'hunter22'\n", NDJSON: '{}\n{"a": {"b": "hunter22"}}\n'}
    with pytest.raises(NoKeyError) as caught:
        seal(path, text.get(path, "hunter22"), keys=NOBODY)
    assert path in caught.value.message
    if path in text:
        assert f"{path}:2: {'A' if path == ENV else 'a.b'}" in caught.value.message
    assert "hunter22" not in caught.value.message + "".join(caught.value.hints)
    assert "ask somebody" in caught.value.hints


def test_a_new_value_of_a_group_not_held_is_an_error_though_others_could_be_sealed() -> None:
    policy = '{files: "**", values: "prod.**", group: production}'
    with pytest.raises(NoKeyError, match="production"):
        seal(YAML, "a: 1\nprod: {b: 2}\n", policy=policy, keys=DEFAULT)


# Tokens in the text


@every_format
@given(data=st.data())
def test_tokens_of_groups_not_held_pass_through(path: str, data: st.DataObject) -> None:
    path = drawn(path, data)
    policy = '{files: "**", values: ["a", "A", "**.b"], group: production}'
    plain = without_tokens(data.draw(texts(path)).encode())
    sealed = seal(path, plain, policy=policy)
    shown = opened(path, sealed, policy, DEFAULT)
    assert {problem.reason for problem in shown.problems} <= {"no-key"}
    foreign = [token for token in tokens(sealed) if ":production:" in token]
    if is_whole(sealed):
        return
    # What stays sealed beside them lies inside a value of the other group.
    assert {one.group for one in shown.problems} <= {"production"}
    assert tokens(shown.data) == [one.token for one in shown.problems]
    try:
        again = seal(path, shown.data, policy=policy, keys=DEFAULT)
    except NoKeyError:
        # A comment below a sealed one of another group may continue it: then it is refused, and not leaked.
        assert any(
            "#" in line and ":production:" in line for line in shown.data.decode().split("\n")
        )
        return
    assert [token for token in tokens(again) if ":production:" in token] == foreign
    assert unseal(path, again, policy) == plain


def test_a_line_inside_a_value_of_a_group_not_held_stays_sealed() -> None:
    plain = b"A=${\n\nB=\n\nA=}"  # for a shell, one word
    policy = '{files: "**", values: A, group: production}'
    sealed = seal(ENV, plain, policy=policy)
    shown = opened(ENV, sealed, policy, DEFAULT)
    assert shown.data == sealed
    assert {(one.reason, one.group) for one in shown.problems} == {("no-key", "production")}
    assert seal(ENV, shown.data, policy=policy, keys=DEFAULT) == sealed


@pytest.mark.parametrize(
    "token",
    [
        "sealed:v2:default:aaaaaaaaaaaaaaaa:AAAAAAAA:" + "A" * 64,
        "sealed:v1:nobody:aaaaaaaaaaaaaaaa:AAAAAAAA:" + "A" * 64,
        "sealed:v1:default:aaaaaaaaaaaaaaaa:AAAAAAAA:" + "_" * 200,
    ],
    ids=["of another version", "of an unknown group", "of an unknown key"],
)
@each_format
def test_unknown_tokens_pass_through(path: str, token: str) -> None:
    text = {YAML: f'a: "{token}"\n', JSON: f'{{"a": "{token}"}}', NDJSON: f'"{token}"'}.get(path)
    text = text or (f"a={token}\n" if path in BARE else f'a = "{token}"\n')
    text = f"<a b='{token}'>{token}</a>\n" if path == XML else text
    assert seal(path, text, keys=NOBODY) == text.encode()
    assert unseal(path, text) == text.encode()


@example("sealed:v1:default:short")
@example("sealed:v1:Default:aaaaaaaaaaaaaaaa:AAAAAAAA:" + "A" * 64)
@example("sealed:vx:a")
@example("sealed:v2:" + "a b")
@example("sealed:v2:hunter2")
@example("sealed:v2:default:hunter2")
@example("x sealed:v1:default:aaaaaaaaaaaaaaaa:AAAAAAAA:" + "A" * 64)
@given(st.text("sealed:v1 a", max_size=20))
def test_what_only_looks_like_a_token_is_sealed(text: str) -> None:
    assume(not UNKNOWN_TOKEN.fullmatch(text))
    source = json.dumps({"a": text})
    sealed = seal(JSON, source)
    assert len(tokens(sealed)) == 1
    assert json.loads(sealed)["a"] == tokens(sealed)[0]
    assert unseal(JSON, sealed) == source.encode()


@pytest.mark.parametrize(
    ("path", "sealed", "formatted"),
    [
        (YAML, 'a: "{}"\n', "a: {}\n"),
        (YAML, 'a: "{}"\n', "a: '{}'\n"),
        (YAML, 'a: "{}"\n', "a:\n  {}\n"),
        (YAML, 'a: "{}"\n', 'a: "{}" # why\n'),
        (YAML, 'a: "{}"\n', '{{"a": "{}"}}\n'),
        (ENV, "A={}\n", 'A="{}"\n'),
        (ENV, "A={}\n", "A='{}'\n"),
        (ENV, "A={}\n", "export A=`{}`\n"),
        (JSON, '{{"a":"{}"}}', '{{\n\t"a": "{}"\n}}\n'),
        (TOML, 'a = "{}"\n', "a = '{}'\n"),
        (INI, "a = {}\n", "a : {}\n"),
        (INI, "a = {}\n", 'a = "{}"\n'),
        (PROPERTIES, "a={}\n", "a   {}\n"),
        (XML, "<a>{}</a>\n", "<a>\n  {}\n</a>\n"),
        (XML, "<a>{}</a>\n", "<a><![CDATA[{}]]></a>\n"),
        (TOML, 'a = "{}"\n', "a = '''{}'''\n"),
        (TOML, 'a = "{}"\n', 'a = """{}"""\n'),
        (TOML, 'a = "{}"\n', 'a = """\n{}"""\n'),
    ],
)
def test_a_formatter_may_give_tokens_other_quotes(path: str, sealed: str, formatted: str) -> None:
    """Opening also replaces the quotes, and sealing restores the token with them."""
    token = mint(path, at("A" if path == ENV else "a"), "1.50")
    assert (
        unseal(path, sealed.format(token)) == sealed.replace('"{}"', "{}").format("1.50").encode()
    )
    stored = formatted.format(token)
    shown = opened(path, stored)
    assert shown.problems == []
    assert b"1.50" in shown.data
    assert seal(path, shown.data, stored) == stored.encode()
    edited = shown.data + (b"b: 2\n" if path == YAML and b"{" not in shown.data else b"\n")
    again = seal(path, edited, stored)
    assert again.startswith(stored.encode()[:-2])


@pytest.mark.parametrize("quote", ["'", '"', ""])
def test_a_token_in_other_quotes_is_no_plaintext(quote: str) -> None:
    token = mint(YAML, at("a"), "x")
    text = f"a: {quote}{token}{quote}\nb: 1\n"
    sealed = seal(YAML, text)
    assert sealed.startswith(text[:-2].encode())
    assert unseal(YAML, sealed) == b"a: x\nb: 1\n"


# Anchors


def test_a_token_follows_a_copy_of_its_value_s_anchor() -> None:
    text = "a: &one x\nb: !!str &two y\nc: &three !!str z\nd: [*one, *two, *three]\n"
    sealed = seal(YAML, text).decode()
    assert [line.split(" ")[1] for line in sealed.split("\n")[:3]] == ["&one", "&two", "&three"]
    assert "d: [*one, *two, *three]\n" in sealed
    loaded = yaml.safe_load(sealed)
    assert loaded["d"] == [loaded["a"], loaded["b"], loaded["c"]]
    assert unseal(YAML, sealed) == text.encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@each_format
def test_line_endings_and_bom_are_kept(path: str, bom: str, end: str) -> None:
    lines = {
        YAML: ["a: 1", "b: |", "  x", "  y", "c: [1,", "  2]", ""],
        JSON: ["{", '"a": 1,', '"b": [1]', "}", ""],
        ENV: ["A=1", 'B="x', 'y"', "# note", ""],
        PROPERTIES: ["a = 1 \\", "  2", "# note", "b:x", ""],
        INI: ["[a]", "b = 1", "  2", "# note", "c", ""],
        TFVARS: ["a = 1", "b = <<E", "x", "  E", "# note", "c = [", "2]", ""],
        NDJSON: ['{"a": 1}', '[ 1, "x" ]', "", "2", ""],
        TOML: ["a = 1", 'b = """', "x", '"""', "# note", "c = [", "2]", ""],
        XML: ["<a", " b='1", "2'>", "x", "  y", "<!-- note -->", "</a>", ""],
    }[path]
    end = "\n" if end == "\r" and path in (TOML, NDJSON, TFVARS) else end  # not a line end there
    plain = (bom + end.join(lines)).encode()
    sealed = seal(path, plain)
    assert not is_whole(sealed)
    assert sealed.startswith(bom.encode())
    assert end.encode() in sealed
    assert unseal(path, sealed) == plain
