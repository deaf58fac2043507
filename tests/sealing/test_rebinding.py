"""Tokens that were moved as text are bound to their current place, and nothing else changes."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from documents import (
    ALL,
    DEFAULT,
    ENV,
    EVERY,
    INI,
    JSON,
    NDJSON,
    PROPERTIES,
    STRUCTURED,
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
    texts,
    tokens,
    unseal,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sealedfiles.model.token import file_id, split
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.rebind import MisplacedToken, find_misplaced, rebind_file
from sealedfiles.sealing.reseal import reseal_file

every_format = pytest.mark.parametrize("path", STRUCTURED)
each_format = pytest.mark.parametrize("path", EVERY)


class Rebound(NamedTuple):
    data: bytes
    refused: list[MisplacedToken]


def rebind(path: str, data: bytes | str, keys: Keyring = ALL) -> Rebound:
    """Bind every token that can be."""
    file, _ = described(path)
    raw = data if isinstance(data, bytes) else data.encode()
    return Rebound(*rebind_file(raw, find_misplaced(raw, file, keys), file, keys))


def misplaced(path: str, data: bytes | str, keys: Keyring = ALL) -> list[tuple[str, str, int]]:
    """Return the tokens that could be bound: reason, group and line."""
    raw = data if isinstance(data, bytes) else data.encode()
    found = find_misplaced(raw, described(path)[0], keys)
    return [(one.reason, one.group, one.line) for one in found]


RENAMED = {
    YAML: ("a:\n  b: alpha-1\n  c: alpha-2\n", "b:", "renamed:"),
    JSON: ('{"a": {"b": "alpha-1",\n"c": "alpha-2"}}\n', '"b":', '"renamed":'),
    ENV: ("A=alpha-1\nB=alpha-2\n", "A=", "RENAMED="),
    TFVARS: ('t = {\n  a = "alpha-1"\n  b = "alpha-2"\n}\n', "a =", "renamed ="),
    PROPERTIES: ("a=alpha-1\nb=alpha-2\n", "a=", "renamed="),
    INI: ("[t]\na=alpha-1\nb=alpha-2\n", "a=", "renamed="),
    NDJSON: ('{"a": "alpha-1"}\n{"b": "alpha-2"}\n', '"a":', '"renamed":'),
    TOML: ("[t]\na = 'alpha-1'\nb = 'alpha-2'\n", "a =", "renamed ="),
    XML: ("<t>\n  <s a='alpha-1'>alpha-2</s>\n</t>\n", " a=", " renamed="),
}


@each_format
def test_a_key_renamed_as_text(path: str) -> None:
    text, old, new = RENAMED[path]
    sealed = seal(path, text)
    moved = sealed.replace(old.encode(), new.encode())
    assert len(opened(path, moved).problems) == 1
    result = rebind(path, moved)
    assert result.refused == []
    assert unseal(path, result.data).decode() == text.replace(old, new)
    assert opened(path, result.data).problems == []
    assert len(set(tokens(result.data)) - set(tokens(moved))) == 1


def test_a_token_of_another_file_takes_this_file_s_id_and_keeps_its_group() -> None:
    other = mint("other.yaml", at("x"), "alpha-foreign", group="production")
    text = f'{seal(YAML, "a: alpha-1").decode()}\nb: "{other}"\n'
    assert misplaced(YAML, text) == [("foreign", "production", 2)]
    result = rebind(YAML, text)
    assert unseal(YAML, result.data) == b"a: alpha-1\nb: alpha-foreign\n"
    assert groups(result.data) == ["default", "production"]
    assert {split(token).file_id for token in tokens(result.data)} == {file_id(YAML.encode())}


def test_a_copy_is_bound_and_the_original_stays() -> None:
    sealed = seal(YAML, "a: alpha-1\n").decode()
    result = rebind(YAML, sealed + sealed.replace("a:", "b:"))
    assert unseal(YAML, result.data) == b"a: alpha-1\nb: alpha-1\n"
    assert result.data.decode().startswith(sealed)


def test_equal_values_bound_to_one_path_are_different_tokens() -> None:
    token = mint(YAML, at("x"), "alpha-1")
    text = f'{seal(YAML, "l: [alpha-1]").decode()}\nm: ["{token}", "{token}"]\n'.replace(
        "m:", "l2:"
    )
    result = rebind(YAML, text)
    assert unseal(YAML, result.data) == b"l: [alpha-1]\nl2: [alpha-1, alpha-1]\n"
    assert len(set(tokens(result.data))) == 3


def test_a_value_of_several_lines() -> None:
    text = "a:\n  key: |\n    alpha-1\n    alpha-2\n  b: alpha-3\n"
    moved = seal(YAML, text).replace(b"key:", b"cert:")
    result = rebind(YAML, moved)
    assert unseal(YAML, result.data).decode() == text.replace("key:", "cert:")


@pytest.mark.parametrize(
    "literal",
    ["x\n  admin: true", "[a, b]", "&anchor x", "*alias", "x # note", "{a: 1}", '"'],
)
def test_a_value_that_would_change_the_text_around_it_is_refused(literal: str) -> None:
    for origin in ("other.yaml", YAML) if "&" not in literal else ("other.yaml",):
        token = mint(origin, at("elsewhere"), literal)
        text = f'{seal(YAML, "z: &alias alpha-1").decode()}\na:\n  user: "{token}"\n'
        result = rebind(YAML, text)
        assert [one.token for one in result.refused] == [token]
        assert result.data == text.encode()


def test_so_is_a_value_with_another_anchor() -> None:
    token = mint("other.yaml", at("elsewhere"), "&x evil")
    text = f'{seal(YAML, "a: &x alpha-1").decode()}\nb: &x "{token}"\nc: *x\n'
    assert rebind(YAML, text).refused == []  # the anchor that the text shows
    text = text.replace('&x "' + token, f'"{token}')
    assert len(rebind(YAML, text).refused) == 1


def test_valid_tokens_are_bound_next_to_an_invalid_one() -> None:
    bad, good = (mint(YAML, at("elsewhere"), literal) for literal in ("[a]", "alpha-2"))
    text = f'{seal(YAML, "a: alpha-1").decode()}\nb: "{bad}"\nc: "{good}"\n'
    result = rebind(YAML, text)
    assert [one.token for one in result.refused] == [bad]
    assert unseal(YAML, result.data).decode() == f'a: alpha-1\nb: "{bad}"\nc: alpha-2\n'


def test_undecryptable_damaged_and_non_value_tokens_are_not_misplaced() -> None:
    token = mint(YAML, at("elsewhere"), "alpha-2", group="production")
    text = f'{seal(YAML, "a: alpha-1").decode()}\nb: "{token}"\n'
    assert misplaced(YAML, text, DEFAULT) == []
    assert misplaced(YAML, text.replace(token, token[:-4] + "AAAA")) == []
    assert misplaced(YAML, f"{text}# {token}\n")[1:] == []
    assert misplaced(YAML, seal(YAML, "a: [")) == []
    assert misplaced(YAML, "a: [") == []


@every_format
def test_after_any_rename_every_value_can_be_restored(path: str) -> None:
    @settings(max_examples=60)
    @given(texts(path), st.data())
    def holds(text: str, data: st.DataObject) -> None:
        sealed = seal(path, text)
        file, _ = described(path)
        assert file.format is not None
        found = tokens(sealed)
        assume(found and not is_whole(sealed) and text.startswith(("\ufeff", text[:1])))
        if path == JSON:
            new = b'{"new": %b}' % sealed.removeprefix(b"\xef\xbb\xbf")
        else:
            key = data.draw(st.sampled_from([b"a", b"A", b"b"]))
            new = sealed.replace(key + b":", b"renamed:").replace(key + b"=", b"RENAMED=")
        result = rebind(path, new)
        assert result.refused == []
        shown = opened(path, result.data)
        assert not [p for p in shown.problems if p.reason in ("moved", "foreign")]
        assert len(tokens(result.data)) == len(found)

    holds()


# -- sealing all of a file anew


@every_format
def test_resealing_gives_what_a_first_sealing_under_the_new_keys_does(path: str) -> None:
    @settings(max_examples=60)
    @given(texts(path))
    def holds(text: str) -> None:
        old, new = Keyring(default=0), Keyring(default=1)
        file, rules = described(path)
        sealed = seal("old/" + path, text, keys=old)
        resealed = reseal_file(sealed, file, rules, new)
        assert unseal(path, resealed, keys=new) == unseal("old/" + path, sealed, keys=old)
        fresh = seal(path, text, keys=new)
        assert len(tokens(resealed)) == len(tokens(sealed))
        assert {split(t).prefix for t in tokens(resealed)} == {
            split(t).prefix for t in tokens(fresh)
        }
        assert reseal_file(resealed, file, rules, new) == resealed

    holds()


def test_resealing_moves_values_to_the_groups_of_the_rules_and_opens_none() -> None:
    sealed = seal(YAML, "a: alpha-1\nb: alpha-2\nc: alpha-3\n")
    policy = "{files: '**', values: a, group: production}\n{files: '**', values: b, plain: true}"
    file, rules = described(YAML, policy)
    assert groups(reseal_file(sealed, file, rules, ALL)) == ["production", "default", "default"]
    # Who does not hold the new group leaves the value with the old one.
    assert reseal_file(sealed, file, rules, DEFAULT) == sealed


def test_a_sealed_comment_of_two_groups_stays_with_both() -> None:
    policy = "{files: '**', values: b, group: production}"
    text = "a: alpha-value\nb: alpha-value\n# it was alpha-value\n"
    sealed = seal(YAML, text, policy=policy)
    assert groups(sealed)[2] == "production"
    file, rules = described(YAML, policy)
    new = Keyring(default=1, production=1)
    resealed = reseal_file(sealed, file, rules, new)
    assert unseal(YAML, resealed, keys=new).decode() == text
    assert len({split(token).key_id for token in tokens(resealed)}) == 2
    assert not set(tokens(resealed)) & set(tokens(sealed))
