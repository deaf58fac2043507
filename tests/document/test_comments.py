"""Commenting a secret out does not commit it."""

from __future__ import annotations

import pytest
from documents import DEFAULT, ENV, YAML, Keyring, at, groups, mint, opened, seal, tokens, unseal
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import NoKeyError
from sealedfiles.token import COMMENT, TOKEN, split

SECRET = "hunter22"


def sealed_comment(comment: str, sealed: bytes) -> bool:
    """Tell whether *comment* is gone from *sealed*, and a comment of a token is there instead."""
    lines = sealed.decode().split("\n")
    return comment not in sealed.decode() and any(
        TOKEN.fullmatch(line.rpartition("# ")[2]) for line in lines if "# " in line
    )


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
        "a: hunter22\n# b: 1\n",
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


def test_commenting_a_value_out_seals_it_by_the_version_before() -> None:
    before = seal(YAML, "a: hunter22\nb: 2\n")
    for line in ("# a: hunter22", "# a: another1", "#a: x", "# hunter22", "# was: hunter22"):
        text = f"{line}\nb: 2\n"
        after = seal(YAML, text, before)
        assert sealed_comment(line, after)
        assert tokens(after)[1] == tokens(before)[1]
        assert unseal(YAML, after) == text.encode()


def test_and_one_more_edit_of_the_comment_too() -> None:
    first = seal(YAML, "# a: hunter22\nb: 2\n", seal(YAML, "a: hunter22\nb: 2\n"))
    second = seal(YAML, "# a: hunter23\nb: 2\n", first)
    assert sealed_comment("# a: hunter23", second)


def test_a_comment_comes_back_as_a_value_with_the_earlier_token_and_the_reverse() -> None:
    value = seal(YAML, "a: hunter22\n")
    comment = seal(YAML, "# a: hunter22\n", value)
    assert seal(YAML, "a: hunter22\n", comment) == value
    assert tokens(comment) != tokens(value)


def test_a_commented_out_value_of_a_group_not_held_stays_as_it_is() -> None:
    """In a tree with tokens for some values, a comment may hold a token: nothing is plain."""
    policy = '{files: "**", values: a, group: production}'
    before = seal(YAML, "a: hunter22\nb: 2\n", policy=policy)
    shown = unseal(YAML, before, keys=DEFAULT).decode()
    after = seal(YAML, f"# {shown}", before, policy=policy, keys=DEFAULT)
    assert after.decode() == f"# {before.decode()}"


def test_plain_values_are_no_reason() -> None:
    policy = '{files: "**", values: a, plain: true}'
    text = "a: hunter22\n# a: hunter22\n# hunter22\n"
    assert seal(YAML, text, policy=policy) == text.encode()


def test_a_value_that_stays_a_token_is_a_reason_by_its_key() -> None:
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
def test_whoever_lacks_one_of_the_groups_does_not_see_it(held: list[str]) -> None:
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


def test_without_any_of_them_it_is_refused() -> None:
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
