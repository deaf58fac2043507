"""`track` and `untrack`, the only way in which a value changes its group or becomes plaintext."""

from __future__ import annotations

import pytest
from documents import (
    DEFAULT,
    ENV,
    JSON,
    NOBODY,
    WHOLE,
    YAML,
    groups,
    move,
    seal,
    soups,
    tokens,
    unseal,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from sealedfiles.errors import NoKeyError
from sealedfiles.sealing.file import is_whole

PRODUCTION = '{files: "**", values: a, group: production}'
PLAIN = '{files: "**", values: a, plain: true}'
ALL_PLAIN = '{files: "**", plain: true}'
WHOLE_RULE = '{files: "**", format: whole}'
TEXTS = {YAML: "a: 1\nb: 2\n", JSON: '{"a": 1, "b": 2}', ENV: "a=1\nb=2\n"}
every_format = pytest.mark.parametrize("path", TEXTS)


@every_format
def test_values_go_to_their_new_group_and_the_others_keep_their_tokens(path: str) -> None:
    old = seal(path, TEXTS[path])
    new = move(path, old, PRODUCTION)
    assert groups(new) == ["production", "default"]
    assert tokens(new)[1] == tokens(old)[1]
    assert unseal(path, new) == TEXTS[path].encode()
    assert move(path, new) == old


@every_format
def test_values_become_plain_and_sealed_again(path: str) -> None:
    old = seal(path, TEXTS[path])
    new = move(path, old, PLAIN)
    assert tokens(new) == tokens(old)[1:]
    assert move(path, new) == old
    assert move(path, old, ALL_PLAIN) == TEXTS[path].encode()
    assert move(path, TEXTS[path]) == old


@every_format
def test_nothing_changes_if_the_rules_have_not_changed(path: str) -> None:
    for policy in ("", PRODUCTION, PLAIN, WHOLE_RULE):
        sealed = seal(path, TEXTS[path], policy=policy)
        assert move(path, sealed, policy) == sealed


@pytest.mark.parametrize("path", [YAML, JSON, ENV, WHOLE])
@given(data=st.data())
def test_moved_values_decrypt_to_the_same(path: str, data: st.DataObject) -> None:
    plain = data.draw(soups(path))
    assume(b"sealed:v" not in plain)
    policies = st.sampled_from(["", PRODUCTION, PLAIN, ALL_PLAIN, WHOLE_RULE])
    first, second = data.draw(policies), data.draw(policies)
    moved = move(path, seal(path, plain, policy=first), second)
    assert unseal(path, moved, second) == plain
    assert move(path, moved, second) == moved


@every_format
def test_a_value_that_cannot_be_opened_keeps_its_token(path: str) -> None:
    old = seal(path, TEXTS[path], policy=PRODUCTION)
    assert tokens(move(path, old, ALL_PLAIN, DEFAULT)) == tokens(old)[:1]
    assert move(path, old, "", DEFAULT) == old
    assert move(path, old, ALL_PLAIN, NOBODY) == old


def test_without_the_new_groups_key_it_is_refused() -> None:
    with pytest.raises(NoKeyError, match="production"):
        move(YAML, seal(YAML, TEXTS[YAML]), PRODUCTION, DEFAULT)


def test_a_file_can_be_sealed_whole_from_now_on_and_by_values_again() -> None:
    old = seal(YAML, TEXTS[YAML])
    whole = move(YAML, old, WHOLE_RULE)
    assert is_whole(whole)
    assert unseal(YAML, whole) == TEXTS[YAML].encode()
    assert move(YAML, whole) == old


def test_a_whole_file_changes_its_groups() -> None:
    old = seal(WHOLE, b"\x00")
    new = move(WHOLE, old, '{files: "**", group: production}')
    assert groups(new) == ["production"]
    assert unseal(WHOLE, new) == b"\x00"
    assert move(WHOLE, new, ALL_PLAIN) == b"\x00"
    assert move(WHOLE, new, ALL_PLAIN, DEFAULT) == new, "what does not open stays sealed"


def test_comments_move_with_their_reasons() -> None:
    text = "a: hunter22\n# a: hunter22\n"
    old = seal(YAML, text)
    assert groups(old) == ["default", "default"]
    assert move(YAML, old, ALL_PLAIN) == text.encode()
    assert groups(move(YAML, old, PRODUCTION)) == ["production", "production"]


@pytest.mark.parametrize(
    ("path", "text", "before", "after"),
    [
        (ENV, "A=1\nB=2\n", "", '{files: "**", format: yaml}'),
        (ENV, "A: 1\nB: x\n", "", '{files: "**", format: yaml}'),
        (
            "x.conf",
            "A: 1\nB: {c: 2}\n",
            '{files: "**", format: yaml}',
            '{files: "**", format: dotenv}',
        ),
        ("x.conf", '{"a": 1}', '{files: "**", format: json}', '{files: "**", format: yaml}'),
        ("x.conf", "A: 1\n", '{files: "**", format: yaml}', ""),
        ("x.conf", "A: 1\n", "", '{files: "**", format: yaml}'),
    ],
)
def test_a_file_can_be_given_another_format(path: str, text: str, before: str, after: str) -> None:
    moved = move(path, seal(path, text, policy=before), after)
    assert unseal(path, moved, after) == text.encode()
    assert move(path, moved, after) == moved


def test_a_comment_whose_reason_is_gone_is_not_opened_by_a_change_of_rules() -> None:
    """It contains an old password; the value has since changed."""
    before = seal(YAML, "a: old-password\n# until May: old-password\nb: 2\n")
    now = unseal(YAML, before).replace(b"a: old-password", b"a: new-password")
    sealed = seal(YAML, now, before)
    assert b"old-password" not in sealed
    for policy in (PRODUCTION, PLAIN, ALL_PLAIN):
        moved = move(YAML, sealed, policy)
        assert b"old-password" not in moved
        assert unseal(YAML, moved, policy) == now


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("yaml", "password: x\nhost: y\n", "password: x\nhost: y\ndb:\n  name: 5\n"),
        (
            "json",
            '{"password": "x", "host": "y"}\n',
            '{\n  "password": "x",\n  "host": "y"\n}\n',
        ),
        ("toml", 'password = "x"\nhost = "y"\n', 'password = "x"\nhost = "y"\n[b]\nname = 5\n'),
    ],
)
def test_an_edit_that_another_format_cannot_read_changes_nothing_else(
    name: str, before: str, after: str
) -> None:
    """The other format read the file in the same way, so it hides no value."""
    policy = f'{{files: "**", format: {name}, values: ["**.host", "**.name"], plain: true}}'
    old = seal("x.conf", before, policy=policy)
    new = seal("x.conf", after, old, policy=policy)
    assert tokens(new) == tokens(old)
    assert len(tokens(new)) == 1
    assert "host" in new.decode()


@pytest.mark.parametrize(
    ("was", "now", "text"),
    [
        ("yaml", "dotenv", "a: |\n  b=s3cr3t\n  c=s3cr3t\n"),
        ("toml", "ini", 'a = """\nb = s3cr3t\n"""\n'),
        ("tfvars", "dotenv", "a = <<E\nb=s3cr3t\nE\n"),
    ],
)
def test_a_value_that_another_format_sealed_is_not_left_in_plaintext(
    was: str, now: str, text: str
) -> None:
    old = seal("x.conf", text, policy=f'{{files: "**", format: {was}}}')
    rule = f'{{files: "**", format: {now}, plain: true}}'
    assert b"s3cr3t" not in seal("x.conf", text, old, policy=rule)
