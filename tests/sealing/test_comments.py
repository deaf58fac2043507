"""Commenting out a secret does not commit it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from documents import (
    DEFAULT,
    ENV,
    INI,
    PROPERTIES,
    TFVARS,
    TOML,
    XML,
    YAML,
    Keyring,
    at,
    described,
    groups,
    mint,
    opened,
    seal,
    tokens,
    unseal,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealedfiles.errors import NoKeyError
from sealedfiles.model import paths
from sealedfiles.model.token import COMMENT, TOKEN, split
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.occurrences import Occurrences
from sealedfiles.sealing.reseal import renew_file

SECRET = "hunter22"


def sealed_comment(comment: str, sealed: bytes) -> bool:
    """Return True if *sealed* contains a token comment instead of *comment*."""
    lines = sealed.decode().split("\n")
    return comment not in sealed.decode() and any(
        TOKEN.fullmatch(line.rpartition("# ")[2]) for line in lines if "# " in line
    )


PROSE = [
    (TOML, "# note: see below\n# http://example.com\n# the user is = x\na = 1\n"),
    (TFVARS, "# note: see below\n// http://example.com\na = 1\n"),
    (PROPERTIES, "# see http://example.com\n# https://example.com\n# nothing here\na=1\n"),
    (INI, "; see http://example.com\n# todo: clean up\n[s]\na=1\n"),
    (XML, "<!-- see http://example.com,\n todo: the <tag> and <br/> are left -->\n<a>1</a>\n"),
]


@pytest.mark.parametrize(("path", "text"), PROSE)
def test_prose_stays_readable_in_every_format(path: str, text: str) -> None:
    sealed = seal(path, text).decode()
    assert [line for line in text.split("\n") if line not in sealed.split("\n")] == [
        text.split("\n")[-2]
    ]


LATER = [
    (TFVARS, 'a = 1\n# b = "hunter22"\n'),
    (TFVARS, 'a = 1 // b = "hunter22"\n'),
    (TFVARS, 'a = 1 /* b = "hunter22" */\n'),
    (TFVARS, '/*\n  b = "hunter22"\n  c = 1\n*/\na = 1\n'),
    (TFVARS, '/* the old one:\n * b = "hunter22"\n */\na = 1\n'),
    (TFVARS, "# b = <<E\n# hunter22\n# E\na = 1\n"),
    (TFVARS, 'a = [\n  1, # "hunter22",\n// {{ "b": "hunter22" },\n]\n'.replace("{{", "{")),
    (TFVARS, '# b = {\n#   c = "hunter22"\n# }\na = 1\n'),
    (TFVARS, 'a = "hunter22"\n# it is hunter22 for now\n'),
    (XML, '<a>1</a>\n<!-- <b c="hunter22"/> -->\n'),
    (XML, "<a>1</a>\n<!--<b>hunter22</b>-->\n"),
    (XML, "<a><!-- the old one:\n  <b>\n <c>\nhunter22 </c>\n</b>\n--></a>\n"),
    (XML, "<a><b/><!-- pw=hunter22 --></a>\n"),
    (XML, "<a><!--\n note\n  - db pw: hunter22\n--></a>\n"),
    (XML, "<a><!-- <b> -->1<!-- hunter22</b> --></a>\n"),
    (XML, "<a><!-- <b c='x' -->1<!-- d='hunter22'/> --></a>\n"),
    (XML, "<a><!-- <b>hunter22 --></a>\n"),
    (XML, "<a><!-- <b>&amp;hunter22<![CDATA[ ]]></b> --></a>\n"),
    (XML, "<!-- it is hunter22 for now --><a b='hunter22'/>\n"),
    (PROPERTIES, "a=1\n# a=hunter22\n"),
    (PROPERTIES, "a=1\n  !b.c : hunter22\n"),
    (PROPERTIES, "a=1\n#b=x \\\n#  hunter22\n"),
    (PROPERTIES, "a=1\n# -----BEGIN KEY-----\n# hunter22\n# -----END KEY-----\n"),
    (PROPERTIES, "a=hunter22\n# it is hunter22 for now\n"),
    (PROPERTIES, "a=hunter\\u00322\n# it is hunter22 for now\n"),
    (INI, "a=1\n# a = hunter22\n"),
    (INI, "[s]\na=1\n;; db password: hunter22\n"),
    (INI, "a=1\n# b =\n#   x\n#   hunter22\n"),
    (INI, "a =\n  # b = hunter22\n  x\n"),
    (INI, "a = 1\n  # b = hunter22\n  x\n# b = 1\n"),
    (INI, "[s] # b = hunter22\na=1\n"),
    (INI, "a=hunter22\n; it is hunter22 for now\n"),
    (TOML, "a = 1\n# a = 'hunter22'\n"),
    (TOML, "a = 1\n# password: hunter22\n"),
    (TOML, "a = 1 # b = 'hunter22' # why\n"),
    (TOML, "a = 1\n## b.'c' = hunter22 for now\n"),
    (TOML, 'a = 1\n# b = """\n# hunter22\n# """\n'),
    (TOML, "# b = '''\n#\n# it\\'''s hunter22\n# '''\na = 1\n".replace("\\'''", "")),
    (TOML, "# b = [\n#   'x', # one\n#   'hunter22'\n# ]\na = 1\n"),
    (TOML, "# b = [ # x\n# 'hunter22' ]\na = 1\n"),
    (TOML, "# b = { c = 'hunter22' }\na = 1\n"),
    (TOML, "a = [\n  1, # 'hunter22',\n# { b = 'hunter22' },\n]\n"),
    (TOML, "a = 'hunter22'\n# it is hunter22 for now\n"),
    (TOML, "a = 1\n# -----BEGIN KEY-----\n# hunter22\n# -----END KEY-----\n"),
]
"""Comments with a secret in them, in the formats that were added later."""


@pytest.mark.parametrize(("path", "text"), LATER)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_comment_with_a_secret_in_it_is_sealed_in_every_format(
    path: str, text: str, end: str
) -> None:
    text = text.replace("\n", end)
    sealed = seal(path, text)
    assert SECRET.encode() not in sealed
    assert b" sealed:v1:" in sealed
    assert opened(path, sealed).problems == []
    assert unseal(path, sealed) == text.encode()
    assert seal(path, text, sealed) == seal(path, sealed, sealed) == seal(path, sealed) == sealed


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n# a: hunter22\n",
        "a: 1\n#a: hunter22\n",
        "a: 1 # a: hunter22\n",
        "a: 1\n  #   a:   hunter22   \n",
        "a: 1\n# 'a': hunter22\n",
        '# "a" : hunter22\na: 1\n',
        "a: 1\n# a: 'hunter22'  # the old one\n",
        "a: 1\n# - a: hunter22\n",
        "a: 1\n# {a: hunter22}\n",
        "a: 1\n# b: {a: hunter22}\n",
        "b: {a: 1}\n#   a: hunter22\n",
        "a: 1\r\n# a: hunter22\r\n",
        "# a: |\n#   hunter22\na: |\n  hunter22\n",
        "---\n# a: hunter22\n---\na: 1\n",
        "a: hunter22\n# it is hunter22 for now\n",
        "a: 'hunter22'\n# it is hunter22 for now\n",
        'a: "hunter\\u0032\\u0032"\n# it is hunter22 for now\n',
        "a: |\n  first line\n  hunter22\n# it is hunter22 for now\n",
        "a: [x, hunter22] # not (hunter22)\n",
        "- hunter22\n- # hunter22\n  x\n",
    ],
)
def test_a_comment_with_a_secret_in_it_is_sealed(text: str) -> None:
    sealed = seal(YAML, text)
    assert SECRET.encode() not in sealed
    assert b"# sealed:v1:" in sealed
    assert unseal(YAML, sealed) == text.encode()
    assert seal(YAML, unseal(YAML, sealed), sealed) == sealed


@pytest.mark.parametrize(
    "text",
    [
        "a: hunter22\n# the key of the database\n",
        "a: hunter22\n# note: ask the data team\n",
        "a: short\n# it is short\n",
        "a: hunter22\n# hunter2 2\n",
        "a:\n  b: hunter22\n# a is a mapping\n",
        "a: hunter22\n#\n#\t\n##\n",
    ],
)
def test_other_comments_stay_readable(text: str) -> None:
    sealed = seal(YAML, text)
    assert sealed.count(b"sealed:v1:") == 1
    assert b"#" + text.encode().partition(b"#")[2] in sealed


def test_commenting_out_a_value_seals_it_by_the_previous_version() -> None:
    before = seal(YAML, "a: hunter22\nb: 2\n")
    for line in ("# a: hunter22", "# a: another1", "#a: x", "# hunter22", "# was: hunter22"):
        text = f"{line}\nb: 2\n"
        after = seal(YAML, text, before)
        assert sealed_comment(line, after)
        assert tokens(after)[1] == tokens(before)[1]
        assert unseal(YAML, after) == text.encode()


def test_so_does_another_edit_of_the_comment() -> None:
    first = seal(YAML, "# a: hunter22\nb: 2\n", seal(YAML, "a: hunter22\nb: 2\n"))
    second = seal(YAML, "# a: hunter23\nb: 2\n", first)
    assert sealed_comment("# a: hunter23", second)


def test_a_comment_comes_back_as_a_value_with_the_earlier_token_and_the_reverse() -> None:
    value = seal(YAML, "a: hunter22\n")
    comment = seal(YAML, "# a: hunter22\n", value)
    assert seal(YAML, "a: hunter22\n", comment) == value
    assert tokens(comment) != tokens(value)


def test_a_commented_out_value_of_a_group_not_held_stays_as_it_is() -> None:
    """In a working tree with some tokens, a comment may contain a token: nothing is in plaintext."""
    policy = '{files: "**", values: a, group: production}'
    before = seal(YAML, "a: hunter22\nb: 2\n", policy=policy)
    shown = unseal(YAML, before, keys=DEFAULT).decode()
    after = seal(YAML, f"# {shown}", before, policy=policy, keys=DEFAULT)
    assert after.decode() == f"# {before.decode()}"


def test_plain_values_do_not_seal_comments() -> None:
    policy = '{files: "**", values: a, plain: true}'
    text = "a: hunter22\n# a: hunter22\n# hunter22\n"
    assert seal(YAML, text, policy=policy) == text.encode()


def test_the_key_of_a_value_that_stays_a_token_seals_comments() -> None:
    token = mint(YAML, at("a"), SECRET)
    sealed = seal(YAML, f'a: "{token}"\n# a: other\n')
    assert sealed_comment("# a: other", sealed)


# .env


@pytest.mark.parametrize(
    "text",
    [
        "#A=hunter22\n",
        "# A=hunter22\n",
        "#export A=hunter22\n",
        "##A=hunter22\n",
        "A='1' # B=hunter22\n",
        "\t# A = hunter22\n",
        "#A='hunter22\n",
        "# A=hunter22\r\n",
        "A=1\n# A: hunter22\n",
        "A=hunter22\n# hunter22\n",
    ],
)
def test_a_commented_out_assignment_is_sealed(text: str) -> None:
    sealed = seal(ENV, text)
    assert SECRET.encode() not in sealed
    assert unseal(ENV, sealed) == text.encode()
    assert seal(ENV, unseal(ENV, sealed), sealed) == sealed


@pytest.mark.parametrize(
    "text", ["# the database\n", "# note: all of it\n", "#\n", "A='1' # why\n"]
)
def test_prose_stays(text: str) -> None:
    assert text.encode()[text.index("#") :] in seal(ENV, text)


def test_a_commented_out_token_stays() -> None:
    text = f"# A={mint(ENV, at('A'), '1')}\n"
    assert seal(ENV, text) == text.encode()


def test_the_group_of_a_commented_out_assignment_is_that_of_its_rule() -> None:
    policy = (
        '{files: "**", values: "P_*", group: production}\n{files: "**", values: X, plain: true}'
    )
    text = "#P_A=1\n#B=2\n#X=3\n"
    sealed = seal(ENV, text, policy=policy)
    assert groups(sealed) == ["production", "default"]
    assert b"#X=3\n" in sealed
    assert unseal(ENV, sealed) == text.encode()


# Several groups

TWO = '{files: "**", values: a, group: production}\n{files: "**", values: o, group: ops}'
NESTED = "a: hunter22\nb: hunter33\no: hunter44\n# hunter22, hunter33 and hunter44\n"


def test_a_comment_for_several_groups_is_sealed_to_all_of_them() -> None:
    sealed = seal(YAML, NESTED, policy=TWO)
    assert unseal(YAML, sealed) == NESTED.encode()
    assert seal(YAML, unseal(YAML, sealed), sealed, policy=TWO) == sealed
    outer = tokens(sealed)[-1]
    layers = []
    while outer:
        parts = split(outer)
        layers.append(parts.group)
        key = Keyring(default=0, production=0, ops=0).for_prefix(parts.prefix)
        assert key is not None
        kind, _, _, literal = key.open(parts.body)
        assert kind == COMMENT
        outer = literal.decode().removeprefix(" ") if TOKEN.fullmatch(literal.decode()[1:]) else ""
    assert layers == ["production", "ops", "default"], "the first in byte order is innermost"


@pytest.mark.parametrize("held", [["default"], ["production"], ["default", "production"], []])
def test_readers_without_one_of_the_groups_do_not_see_it(held: list[str]) -> None:
    keys = Keyring(**dict.fromkeys(held, 0))
    sealed = seal(YAML, NESTED, policy=TWO)
    shown = opened(YAML, sealed, keys=keys)
    assert shown.data.endswith(sealed.partition(b"\n# ")[2])
    assert len(shown.problems) == 4 - len(held)
    assert {problem.reason for problem in shown.problems} == {"no-key"}
    assert seal(YAML, shown.data, sealed, policy=TWO, keys=keys) == sealed


def test_a_comment_is_sealed_to_those_of_its_groups_that_are_held() -> None:
    before = seal(YAML, "a: hunter22\nb: hunter33\n", policy=TWO)
    shown = unseal(YAML, before, keys=DEFAULT)
    sealed = seal(YAML, shown + b"# a: hunter33\n", before, policy=TWO, keys=DEFAULT)
    assert groups(sealed) == ["production", "default", "default"]
    assert sealed_comment("# a: hunter33", sealed)


def test_without_any_of_the_groups_it_is_refused() -> None:
    before = seal(YAML, "a: hunter22\nb: hunter33\n", policy=TWO)
    shown = unseal(YAML, before, keys=DEFAULT)
    with pytest.raises(NoKeyError) as caught:
        seal(YAML, shown + b"# a: 1\n", before, policy=TWO, keys=DEFAULT)
    assert f"{YAML}:3" in caught.value.message


# Tokens that are no comments of ours


def test_a_comment_with_more_lines_than_one_stays_sealed() -> None:
    token = mint(YAML, at(), " note\nevil: 1", kind=COMMENT)
    result = opened(YAML, f"# {token}\na: 1\n")
    assert result.data == f"# {token}\na: 1\n".encode()
    assert [problem.line for problem in result.problems] == [1]


@pytest.mark.parametrize(
    "frame", ["a: 1 # x {}\n", 'a: 1 # "{}"\n', "a: 1 #{}\n", "a: {}\n", "{}: 1\n"]
)
def test_a_comments_token_elsewhere_stays_sealed(frame: str) -> None:
    text = frame.format(mint(YAML, at(), " note", kind=COMMENT))
    result = opened(YAML, text)
    assert result.data == text.encode()
    assert len(result.problems) == 1


def test_layers_of_other_kinds_are_refused() -> None:
    inner = mint(YAML, at("a"), "hunter22")
    text = f"# {mint(YAML, at(), f' {inner}', kind=COMMENT)}\na: 1\n"
    result = opened(YAML, text)
    assert SECRET.encode() not in result.data
    assert len(result.problems) == 1


@given(
    comments=st.lists(
        st.text("ab :-#{}'\"hunter22=\t", max_size=14).map(lambda text: f"#{text}"), max_size=5
    ),
    values=st.lists(st.sampled_from(["hunter22", "'hunter22'", "1", "|\n  hunter22"]), max_size=3),
)
def test_no_secret_is_left_in_any_comment(comments: list[str], values: list[str]) -> None:
    lines = [f"k{n}: {value}" for n, value in enumerate(values)]
    text = "".join(f"{line}\n" for line in [*comments, *lines, *comments])
    sealed = seal(YAML, text)
    assert unseal(YAML, sealed) == text.encode()
    if any("hunter22" in value for value in values):
        assert SECRET.encode() not in sealed
    gone = seal(YAML, "".join(f"# {line}\n" for line in text.split("\n")), seal(YAML, text))
    if any("hunter22" in value for value in values):
        assert SECRET.encode() not in gone


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (ENV, "# A=hunter22\n# it was hunter22\n"),
        (ENV, "# it is hunter22\n# A=hunter22\n"),
        (YAML, "a: 1\n# a: hunter22\n# it was hunter22\n"),
    ],
)
def test_a_commented_out_secret_mentioned_in_another_comment_is_sealed_in_both(
    path: str, text: str
) -> None:
    assert SECRET.encode() not in seal(path, text)
    assert unseal(path, seal(path, text)) == text.encode()


# Entries whose keys are sealed nowhere


def lines_left(path: str, text: str, *previous: str | bytes, policy: str = "") -> list[str]:
    """Seal *text*, check that it can be decrypted, and return its plaintext comments."""
    sealed = seal(path, text, *previous, policy=policy)
    assert unseal(path, sealed, policy=policy) == text.encode()
    assert seal(path, text, sealed, policy=policy) == sealed
    assert seal(path, sealed, sealed, policy=policy) == sealed
    lines = sealed.decode().lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line for line in lines if "#" in line and "# sealed:v1:" not in line]


@pytest.mark.parametrize(
    "entry",
    [
        *("##e: 1", "#e: 1", "# {e: 1},", "# [secret]", "# e: {", '# e: "x', "# e: a: b"),
        *("# !!str e: 1", "# e: *x", "#export E=1", "# - secret", "# e: |", "\t# e: 1"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "frame", ["{}\na: 1\n", "\ufeffa: 1\n{}\n", "a:\n  b: 1\n  {}\n  c: 2\n", "a:\n- 1\n{}\n- 2\n"]
)
def test_an_entry_with_an_unknown_key_is_sealed(frame: str, entry: str, ending: str) -> None:
    text = frame.format(entry).replace("\n", ending)
    assert lines_left(YAML, text) == []


@pytest.mark.parametrize(
    "prose",
    ["# see: docs", "# Note: this is prose", "# - one of these words", "# Settings:", "# at 12:30"],
)
def test_prose_with_a_colon_is_not_sealed(prose: str) -> None:
    assert lines_left(YAML, f"a: 1\n{prose}\nb: 2\n") == [prose]


def test_a_label_that_is_a_sealed_key_is_a_key() -> None:
    assert lines_left(YAML, "note: 1\n# note: ask ops\n") == []


def test_an_entry_at_a_plain_path_stays() -> None:
    policy = '{files: "**", values: "metadata.**", plain: true}'
    text = (
        "metadata:\n  # owner: x\n  name: y\nspec:\n  # other: x\n  replicas: 2\n"
        "# metadata:\n#   labels: x\n#   - one two\n# spec:\n#   image: x\n#   - one two\n"
    )
    left = ["  # owner: x", "# metadata:", "#   labels: x", "#   - one two", "# spec:"]
    assert lines_left(YAML, text, policy=policy) == left


def test_the_group_of_an_entry_is_that_of_its_place() -> None:
    policy = '{files: "**", values: "production.**", group: production}'
    text = "production:\n  # pw: x\n  a: 1\ndev:\n  # pw: x\n  a: 1\n# production:\n#   pw: y\n"
    sealed = seal(YAML, text, policy=policy)
    assert groups(sealed) == ["production", "production", "default", "default", "production"]
    assert unseal(YAML, sealed, policy=policy) == text.encode()


# Entries of several lines

PEM = ["-----BEGIN PRIVATE KEY-----", "NEWs3cr3tNEW", "", "aGVsbG8=", "-----END PRIVATE KEY-----"]
BODIES = {
    "block scalar": (YAML, ["# key: |", *(f"#   {line}".rstrip() for line in PEM)]),
    "block scalar, signs alone": (YAML, ["#key: |-", *(f"# {line}".rstrip() for line in PEM)]),
    "block scalar, blank lines left": (YAML, ["# key: >", "#   one two", "", "#   three four"]),
    "block scalar in a list": (YAML, ["# - |", "#   one two", "#   three four"]),
    "plain scalar": (YAML, ["# key: one two", "#   three four"]),
    "plain scalar below its key": (YAML, ["# key:", "#   three four"]),
    "double quotes": (YAML, ['# key: "one two', "# three four", '# \\"five six"']),
    "single quotes": (YAML, ["# key: 'one two", "# it''s four", "#", "# five six'"]),
    "flow": (YAML, ["# key: {a: [one, two],", "#  b: [three,", "# four], five six", "# }"]),
    "flow with brackets in quotes": (YAML, ["# key: ['[', \"]\",", "# three four]"]),
    "JSON": (YAML, ['# "key": {', '#   "a": "one two",', '#   "b": "three"', "# }"]),
    "list": (YAML, ["# keys:", "# - one two", "#   three four", "# - five six"]),
    "nested mapping": (YAML, ["# database:", "#   password: x", "#   more:", "#     three: four"]),
    "PEM": (YAML, [f"# {line}".rstrip() for line in PEM]),
    ".env double quotes": (ENV, ['# KEY="one two', "#", "# three four", '# five six" # seven']),
    ".env single quotes": (ENV, ["#KEY='one two", "#it \\' is", "#five six'"]),
    ".env back-ticks": (ENV, ["#KEY=`one two", "#five six`"]),
    ".env PEM": (ENV, [f"#{line}" for line in [f"KEY={PEM[0]}", *PEM[1:]]]),
    ".env PEM in quotes": (
        ENV,
        [f"#{line}" for line in [f'KEY="{PEM[0]}', *PEM[1:-1], f'{PEM[-1]}"']],
    ),
    ".env PEM alone": (ENV, [f"# {line}".rstrip() for line in PEM]),
    ".env backslashes": (ENV, ["#KEY=one two\\", "#three four\\", "#five six"]),
}
"""Commented-out entries; of their lines nothing but ``key:`` and empty comments may be left."""
HEADERS = {"# key:", "# keys:", "# database:", "#   more:", "#"}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("indent", ["", "    ", "\t"])
def test_an_entry_is_sealed_with_all_of_its_lines(name: str, ending: str, indent: str) -> None:
    path, body = BODIES[name]
    indent = indent.replace("\t", "\t" if path == ENV else "  ")  # a tab is no indentation in YAML
    body = [indent + line if line else line for line in body]
    around = [f"{indent}# prose above", *body, f"{indent}#prose below, it is"]
    text = ending.join(["A='1'" if path == ENV else "a: 1", *around, ""])
    left = [line.strip() for line in lines_left(path, text)]
    assert left[0] == "# prose above"
    assert left[-1] == "#prose below, it is"
    assert set(left[1:-1]) <= HEADERS


@pytest.mark.parametrize("name", BODIES)
def test_an_unclosed_entry_is_sealed_to_the_next_empty_line(name: str) -> None:
    path, body = BODIES[name]
    lines = [line for line in body[:-1] if line not in ("", "#")]
    text = "\n".join([*lines, "# the rest of it", "", "#prose after a blank line", ""])
    left = lines_left(path, text)
    assert left[-1] == "#prose after a blank line"
    if any(sign in name for sign in ("quotes", "ticks", "PEM", "flow")):
        assert set(left[:-1]) <= HEADERS


@pytest.mark.parametrize("name", BODIES)
def test_every_line_of_a_commented_out_entry_can_be_edited(name: str) -> None:
    """Also in a file with plaintext values: the key was sealed, so its lines stay sealed."""
    path, body = BODIES[name]
    before = seal(path, "\n".join([*body, "A='1'" if path == ENV else "zz: 1", ""]))
    for number, line in enumerate(body):
        if line in HEADERS or not line:
            continue
        edited = [*body[:number], line.replace("e", "é").replace("x", "y"), *body[number + 1 :]]
        text = "\n".join([*edited, "A='1'" if path == ENV else "zz: 1", ""])
        assert set(lines_left(path, text, before)) <= HEADERS


def test_an_edited_body_stays_sealed_among_plain_values() -> None:
    policy = '{files: "**", values: key, group: ops}\n{files: "**", plain: true}'
    value = seal(YAML, "key: |\n  NEWs3cr3t\n  aGVsbG8=\nb: 1\n", policy=policy)
    comment = "# key: |\n#   NEWs3cr3t\n#   aGVsbG8=\nb: 1\n"
    sealed = seal(YAML, comment, value, policy=policy)
    assert groups(sealed) == ["ops"] * 3
    edited = comment.replace("NEWs3cr3t", "x")
    assert lines_left(YAML, edited, sealed, policy=policy) == []
    assert tokens(seal(YAML, edited, sealed, policy=policy))[::2] == tokens(sealed)[::2]


def test_prose_next_to_an_entry_without_a_blank_is_not_its_body() -> None:
    text = "#port: 5432\n# the host of it\n#host: x\n# the end\na: 1\n"
    assert lines_left(YAML, text) == ["# the host of it", "# the end"]


# Chains: a sealed comment is a reason for others


def test_a_chain_of_reasons_is_followed_to_its_end() -> None:
    """A mentioned text seals an entry; its key seals another entry, whose value is mentioned."""
    chain = [f"# k{n}: value{m:04}" for n in range(300) for m in (n, n + 1)]
    text = "\n".join([*reversed(chain), "a: value0000", ""])
    policy = '{files: "**", values: "k*", plain: true}'
    assert lines_left(YAML, text, policy=policy) == []
    assert len(lines_left(YAML, text.replace("a: value0000", "a: 1"), policy=policy)) == 600


def test_a_comment_is_sealed_to_the_groups_of_all_its_reasons() -> None:
    policy = '{files: "**", values: a, group: production}\n{files: "**", values: b, group: ops}'
    text = "a: hunter22\nb: hunter33\n# c: hunter22, hunter33\n# c: x\n"
    sealed = seal(YAML, text, policy=policy)
    assert groups(sealed) == ["production", "ops", "production", "default"]
    assert seal(YAML, text, sealed, policy=policy) == sealed


@given(st.data())
def test_the_order_in_which_comments_are_sealed_does_not_matter(data: st.DataObject) -> None:
    """Blocks of one comment each: the same blocks are sealed in any order."""
    words = st.sampled_from(
        ["a: hunter22", "b: hunter33", "c: hunter22", "see hunter33", "c: 1", "note: x"]
    )
    comments = data.draw(st.lists(words, max_size=6, unique=True))
    policy = '{files: "**", values: a, group: ops}\n{files: "**", plain: true}'
    head = "a: hunter44\n"

    def left(order: list[str]) -> set[str]:
        text = head + "".join(f"# {one}\nx: 1\n" for one in order)
        return set(lines_left(YAML, text, policy=policy))

    assert left(comments) == left(data.draw(st.permutations(comments)))


ODD = [
    "#",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\ufeff",
    "\u00a0",
    "\x85",
    "\u2028",
    "\x0b",
    "\x1c",
    "\x00",
]
COMMENTED = [
    *("# key: |\n", "#   body one\n", "# - item\n", "#e: 1\n", '# e: "x\n', "# [a,\n", "# b]\n"),
    *("# 'x'\n", "# it's\n", "#A=1\n", "#A='x\n", "#x'\n", "# -----BEGIN X-----\n"),
    *(
        "# -----END X-----\n",
        "a: hunter22\n",
        "A=hunter22\n",
        "# hunter22\n",
        "  b: [1,\n",
        "  ]\n",
    ),
]


@pytest.mark.parametrize("path", [YAML, ENV])
@given(
    opened_tokens=st.lists(st.sampled_from(ODD + COMMENTED), max_size=12),
    edit=st.lists(st.sampled_from(ODD + COMMENTED), max_size=12),
)
@example(
    [], ["\xa0", " ", "# key: |\n", "#   body one\n"]
)  # a value that str.strip takes for blank
@settings(max_examples=150, deadline=None)
def test_what_is_sealed_opens_again_and_stays_as_it_is(
    path: str, opened_tokens: list[str], edit: list[str]
) -> None:
    text, changed = "".join(opened_tokens).encode(), "".join(edit).encode()
    sealed = seal(path, text)
    assert unseal(path, sealed) == text
    assert seal(path, text, sealed) == sealed
    assert seal(path, text) == sealed
    after = seal(path, changed, sealed)
    assert unseal(path, after) == changed
    assert seal(path, changed, after) == after
    assert seal(path, after, after) == after


@pytest.mark.many_variants
@pytest.mark.parametrize("path", [YAML, ENV])
@pytest.mark.parametrize(
    "line",
    [
        "# a: [",
        '# a: "x',
        "# a:",
        "# - x y",
        "# k{}: value{} value",
        "# a: x\n#",
        "# ]]\n# [[",
        "# x{}",
    ],
)
def test_the_time_is_linear(path: str, line: str) -> None:
    """Ten times the lines take about ten times as long; quadratic work would take a hundred times."""

    def seconds(count: int) -> float:
        text = "".join(f"{line.format(n, n)}\n" for n in range(count))
        start = time.process_time()
        seal(path, text)
        return time.process_time() - start

    seconds(10)
    assert seconds(3000) < 40 * max(seconds(300), 0.01)


def test_a_comment_after_a_value_does_not_change_the_group_of_later_entries() -> None:
    text = "production:\n  size: 80  # four workers\n  api:\n    key: 1\n    # token: hunter22\n"
    policy = '{files: "conf/*", values: "production.**", group: production}'
    sealed = seal("conf/app.yaml", text, policy=policy).decode()
    assert "hunter22" not in sealed
    assert "sealed:v1:default" not in sealed
    only = Keyring(production=0)
    assert opened("conf/app.yaml", sealed.encode(), policy, keys=only).data.decode() == text


def test_a_token_in_an_xml_comment_has_no_two_dashes() -> None:
    """XML does not allow them, so about one token in fifty would break the file."""
    old, new = Keyring(default=0), Keyring(default=1)
    text = f"<a>{''.join(f'<!-- <b>{number}</b> -->' for number in range(200))}</a>"
    sealed = seal(XML, text, keys=old)
    file, _ = described(XML)
    renewed = renew_file(sealed, file, new, lambda prefix: old.for_prefix(prefix) is not None)
    for stored, keys in ((sealed, old), (renewed, new)):
        assert len(tokens(stored)) == len(set(tokens(stored))) == 200
        assert "--" not in "".join(tokens(stored))
        assert unseal(XML, stored, keys=keys) == text.encode()
    assert not set(tokens(sealed)) & set(tokens(renewed))


@pytest.mark.parametrize(("size", "whole"), [(16_000, False), (17_000, True)])
def test_a_file_with_a_long_xml_comment_to_seal_is_sealed_whole(size: int, whole: bool) -> None:
    text = f"<a><!-- <b>{'hunter22 ' * (size // 9)}</b> --></a>"
    sealed = seal(XML, text)
    assert is_whole(sealed) is whole
    assert unseal(XML, sealed) == text.encode()
    prose = f"<a><!-- {'word ' * size} --></a>"
    assert seal(XML, prose) == prose.encode()


def test_a_key_that_a_comment_repeats_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path has up to 4096 bytes, so one for each value of a comment would take minutes."""
    read: list[bytes] = []
    last_key = paths.last_key

    def counted(path: bytes) -> str | None:
        read.append(path)
        return last_key(path)

    monkeypatch.setattr(paths, "last_key", counted)
    text = "<r><!-- " + '<a x="1">' * 3000 + " --></r>"
    assert is_whole(seal(XML, text))
    assert len(read) < 1000


def test_after_a_comment_that_is_too_long_no_other_is_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []
    token = Occurrences.comment_token

    def counted(self: Occurrences, *given: Any, **options: Any) -> str | None:
        tried.append(given[2])
        return token(self, *given, **options)

    monkeypatch.setattr(Occurrences, "comment_token", counted)
    text = f"<a><!-- <b>1</b> --><!-- <b>{'x' * 17_000}</b> -->{'<!-- <b>2</b> -->' * 9}</a>"
    sealed = seal(XML, text)
    assert is_whole(sealed)
    assert unseal(XML, sealed) == text.encode()
    assert [len(one) > 17_000 for one in tried] == [False, True]
