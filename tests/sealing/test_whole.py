"""Files that are sealed whole: binary files, invalid files, files whose rule requires it."""

from __future__ import annotations

import json

import pytest
import yaml
from documents import (
    DEFAULT,
    ENV,
    JSON,
    NOBODY,
    WHOLE,
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
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import NoKeyError
from sealedfiles.model.token import COMMENT, TOKEN, VALUE, split
from sealedfiles.model.token import WHOLE as WHOLE_KIND
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.reseal import renew_file
from sealedfiles.sealing.whole import layers_of

BROKEN = {
    YAML: b"a: hunter22\n  b: [\n",
    JSON: b'{"a": "hunter22",',
    "not UTF-8.yaml": b"a: \xff hunter22\n",
    ".env.latin": b"A=\xe9 hunter22\n",
    "collection as a key.yaml": b"{{ hunter22 }}: x\n",
    "alias as a key.yaml": b"a: &x hunter22\n*x : 1\n",
    WHOLE: b"\x00\x01hunter22",
    "certs/server.pem": b"-----BEGIN PRIVATE KEY-----\nhunter22\n",
    "UTF-16.json": '{"a": "hunter22"}'.encode("utf-16"),
}
each_broken = pytest.mark.parametrize("path", BROKEN)


@each_broken
def test_the_file_becomes_one_line_with_one_token(path: str) -> None:
    sealed = seal(path, BROKEN[path])
    text = sealed.decode()
    assert text.endswith("\n")
    token = text.removesuffix("\n").strip('"')
    assert TOKEN.fullmatch(token)
    assert text.startswith('"') == path.endswith((".yaml", ".json"))
    assert unseal(path, sealed) == BROKEN[path]
    if path.endswith(".json"):
        assert json.loads(sealed) == token
    if path.endswith(".yaml"):
        assert yaml.safe_load(sealed) == token


@each_broken
def test_it_keeps_its_token_and_opens_for_nobody_without_a_key(path: str) -> None:
    sealed = seal(path, BROKEN[path])
    assert seal(path, BROKEN[path], sealed) == sealed
    assert seal(path, sealed, keys=NOBODY) == sealed
    assert seal(path, sealed, sealed) == sealed
    closed = opened(path, sealed, keys=NOBODY)
    assert closed.data == sealed
    assert [problem.reason for problem in closed.problems] == ["no-key"]


@each_broken
def test_without_a_key_it_is_refused(path: str) -> None:
    with pytest.raises(NoKeyError) as caught:
        seal(path, BROKEN[path], keys=NOBODY)
    assert path in caught.value.message
    assert "hunter22" not in caught.value.message


@given(st.binary(max_size=100))
def test_any_bytes_round_trip(data: bytes) -> None:
    for path, policy in ((WHOLE, ""), (YAML, '{files: "**", format: whole}')):
        sealed = seal(path, data, policy=policy)
        assert is_whole(sealed) or not data
        assert unseal(path, sealed, policy) == data


def test_a_rule_can_say_that_a_file_is_sealed_whole() -> None:
    policy = '{files: "**", format: whole}'
    sealed = seal(YAML, "a: 1\n", policy=policy)
    assert is_whole(sealed)
    assert sealed.startswith(b'"')
    assert unseal(YAML, sealed, policy) == b"a: 1\n"
    assert unseal(YAML, sealed) == b"a: 1\n", "what the file says counts, not the rule"
    assert is_whole(seal(ENV, "A=1\n", policy=policy))


def test_a_file_that_is_one_value_is_not_sealed_whole() -> None:
    for path, text in ((JSON, '"hunter22"\n'), (YAML, "hunter22\n"), (YAML, "|\n  hunter22\n")):
        sealed = seal(path, text)
        parts = split(tokens(sealed)[0])
        key = DEFAULT.for_prefix(parts.prefix)
        assert key is not None
        assert key.open(parts.body)[0] == VALUE
        assert unseal(path, sealed) == text.encode()
        assert seal(path, text.replace("22", "23"), sealed).count(b"sealed:v1:") == 1


def test_a_half_edited_file_keeps_its_earlier_tokens_when_it_is_fixed() -> None:
    before = seal(YAML, "a: 1\nb: 2\n")
    half = seal(YAML, "a: 1\nb: [2\n", before)
    assert is_whole(half)
    after = seal(YAML, "a: 1\nb: [2]\n", half, before)
    assert tokens(after)[0] == tokens(before)[0]
    assert tokens(after)[1] not in tokens(before)


def test_a_file_sealed_whole_keeps_its_file_id() -> None:
    before = seal("old.p12", b"\x001")
    after = seal("new.p12", b"\x002", before)
    assert split(tokens(after)[0]).file_id == split(tokens(before)[0]).file_id
    assert unseal("new.p12", after) == b"\x002"


# Groups

TWO = """\
{files: "conf/*", values: "a.**", group: production}
{files: "conf/*", values: "b.**", group: ops}
{files: "conf/*", values: "c.**", plain: true}"""
THREE_KEYS = Keyring(default=0, production=0, ops=0)


def layers(data: bytes) -> list[str]:
    """Return the groups of a whole file's token, outermost first."""
    found = []
    token: str | None = tokens(data)[0]
    while token:
        parts = split(token)
        found.append(parts.group)
        key = THREE_KEYS.for_prefix(parts.prefix)
        assert key is not None
        kind, occurrence, tag, literal = key.open(parts.body)
        assert (kind, occurrence, tag) == (WHOLE_KIND, 0, key.path_tag(at()))
        text = literal.decode("utf-8", "replace")
        token = text if TOKEN.fullmatch(text) else None
    return found


def test_it_is_sealed_to_every_group_of_its_rules_the_first_in_byte_order_innermost() -> None:
    sealed = seal(YAML, "[", policy=TWO)
    assert layers(sealed) == ["production", "ops", "default"]
    assert unseal(YAML, sealed) == b"["


def test_a_rule_without_values_is_the_last_that_counts() -> None:
    policy = '{files: "**", values: x, group: ops}\n{files: "**", group: production}\n{files: "**", group: default}'
    assert layers(seal(WHOLE, b"x", policy=policy)) == ["production", "ops"]


@pytest.mark.parametrize("missing", ["default", "production", "ops"])
def test_it_opens_with_all_layers_or_not_at_all(missing: str) -> None:
    sealed = seal(YAML, "[hunter22", policy=TWO)
    held = [group for group in ("default", "production", "ops") if group != missing]
    result = opened(YAML, sealed, keys=Keyring(**dict.fromkeys(held, 0)))
    assert result.data == sealed
    assert [(problem.reason, problem.group) for problem in result.problems] == [("no-key", missing)]


@pytest.mark.parametrize("keys", [Keyring(ops=0), Keyring(default=0, ops=0), Keyring(other=0)])
def test_somebody_who_lacks_one_of_its_groups_is_refused(keys: Keyring) -> None:
    with pytest.raises(NoKeyError):
        seal(YAML, "[", policy=TWO, keys=keys)


def test_the_groups_of_the_values_that_it_replaces_are_kept() -> None:
    """Otherwise a rule `format: whole` would give the values of one group to the readers of another."""
    before = seal(YAML, "a: hunter22\nb: 1\n", policy='{files: "**", group: production}')
    everything = Keyring(default=0, production=0)
    after = seal(YAML, "a: [hunter22", before, policy='{files: "**"}', keys=everything)
    assert layers(after) == ["production", "default"]
    assert layers(seal(YAML, "b: [", after, policy='{files: "**"}', keys=everything)) == layers(
        after
    )
    with pytest.raises(NoKeyError):
        seal(YAML, "a: [hunter22", before, policy='{files: "**"}', keys=Keyring(default=0))


def test_a_file_of_plain_values_stays_plain() -> None:
    assert seal(WHOLE, b"x", policy='{files: "**", plain: true}', keys=NOBODY) == b"x"


@pytest.mark.parametrize("path", [WHOLE, YAML])
@pytest.mark.parametrize("data", [b"[hunter22", b"a: hunter22\n"])
def test_but_values_sealed_before_stay_sealed(path: str, data: bytes) -> None:
    plain = '{files: "**", plain: true}'
    before = seal(path, b"[hunter21", policy='{files: "**", group: production}')
    after = seal(path, data, before, policy=plain)
    assert layers(after) == ["production"]
    structured = seal(YAML, "a: 1\n")
    assert layers(seal(YAML, b"a: [hunter22", structured, policy=plain)) == ["default"]


# What is not a whole file


@pytest.mark.parametrize("kind", [VALUE, COMMENT, 3])
def test_an_inner_layer_of_another_kind_is_refused(kind: int) -> None:
    inner = mint(WHOLE, at(), "hunter22", kind=kind)
    outer = mint(WHOLE, at(), inner, kind=WHOLE_KIND)
    result = opened(WHOLE, f"{outer}\n")
    assert result.data == f"{outer}\n".encode()
    assert [problem.reason for problem in result.problems] == ["misplaced"]


def test_a_whole_files_token_of_another_path_is_refused() -> None:
    text = f"{mint(WHOLE, at('a'), 'hunter22', kind=WHOLE_KIND)}\n"
    result = opened(WHOLE, text)
    assert result.data == text.encode()
    assert [problem.reason for problem in result.problems] == ["moved"]


def test_a_damaged_whole_file_stays_as_it_is() -> None:
    sealed = seal(WHOLE, b"hunter22")
    damaged = sealed[:-5] + (b"AAAA\n" if sealed[-5:] != b"AAAA\n" else b"BBBB\n")
    result = opened(WHOLE, damaged)
    assert result.data == damaged
    assert [problem.reason for problem in result.problems] == ["damaged"]
    assert seal(WHOLE, damaged, damaged) == damaged


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_formatter_may_change_the_line(ending: str, quote: str) -> None:
    token = tokens(seal(WHOLE, b"x"))[0]
    assert unseal(WHOLE, f"{quote}{token}{quote}{ending}") == b"x"


def test_content_that_looks_like_a_token_with_a_line_end_is_content() -> None:
    inner = seal(WHOLE, b"x")
    outer = mint(WHOLE, at(), inner, kind=WHOLE_KIND)
    assert unseal(WHOLE, outer) == inner


def test_groups_of_a_whole_file_are_those_of_its_outermost_token_without_keys() -> None:
    assert groups(seal(YAML, "[", policy=TWO)) == ["production"]


def test_the_inner_layers_get_new_keys_as_well() -> None:
    """Under a retired key, the file would not be proved to be from a current reader."""
    policy = "{files: '**', values: [a], group: default}\n{files: '**', group: production}"
    old, new = Keyring(default=0, production=0), Keyring(default=1, production=0)
    file, _ = described(YAML, policy)
    sealed = seal(YAML, BROKEN[YAML], policy=policy, keys=old)
    assert [one.group for one in layers_of(sealed, old)] == ["production", "default"]
    stale = layers_of(sealed, old)[1].prefix
    renewed = renew_file(sealed, file, new, lambda prefix: prefix == stale)
    assert stale not in {one.prefix for one in layers_of(renewed, new)}
    assert [one.group for one in layers_of(renewed, new)] == ["production", "default"]
    assert unseal(YAML, renewed, keys=new) == BROKEN[YAML]
