"""A value that was sealed in any version that a text may come from stays sealed, regardless of the rules."""

from __future__ import annotations

import pytest
from documents import (
    ALL,
    BARE,
    DEFAULT,
    ENV,
    EVERY,
    INI,
    JSON,
    NDJSON,
    NOBODY,
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
    seal,
    tokens,
    unseal,
)

from sealedfiles.errors import NoKeyError
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.seal import seal_file

PLAIN = '{files: "**", plain: true}'
VALUES = {
    YAML: "a: {}\n",
    JSON: '{{"a": {}}}\n',
    ENV: "A={}\n",
    TOML: "a = {}\n",
    TFVARS: "a = {}\n",
    PROPERTIES: "a={}\n",
    INI: "a={}\n",
    NDJSON: '{{"a": {}}}\n',
    XML: "<a>{}</a>\n",
}


def values(path: str, source: str) -> str:
    return VALUES[path].format(f'"{source}"' if path not in BARE else source)


def key_of(path: str) -> bytes:
    return at("A" if path == ENV else "a")


def closed_tokens(path: str) -> dict[str, str]:
    """Return tokens that the key of ``default`` does not decrypt, each at its own place."""
    key = key_of(path)
    good = mint(path, key, "1", group="production")
    return {
        "no key": good,
        "damaged": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "unsupported version": good.replace("v1", "v2", 1),
        "made for another key": mint(path, at("other"), "1", group="production"),
    }


@pytest.mark.parametrize(
    "reason", ["no key", "damaged", "unsupported version", "made for another key"]
)
@pytest.mark.parametrize("path", EVERY)
def test_a_value_whose_token_did_not_open_is_not_written_in_plaintext(
    path: str, reason: str
) -> None:
    """Only the place of such a token shows that the key is sealed, and to which group."""
    before = values(path, closed_tokens(path)[reason])
    text = values(path, "edited")
    sealed = seal(path, text, before, policy=PLAIN)
    assert groups(sealed) == ["production"]
    assert unseal(path, sealed) == text.encode()
    with pytest.raises(NoKeyError, match="production"):
        seal(path, text, before, policy=PLAIN, keys=DEFAULT)
    with pytest.raises(NoKeyError, match="production"):
        seal(path, text, before, policy=PLAIN, keys=NOBODY)


def with_others(
    path: str, text: str, previous: list[bytes], also: list[bytes], keys: Keyring = ALL
) -> bytes:
    file, rules = described(path, PLAIN)
    return seal_file(text.encode(), previous, file, rules, keys, also)


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize("with_previous", [True, False])
def test_what_another_side_of_a_merge_has_sealed_stays_sealed(
    path: str, with_previous: bool
) -> None:
    ours = values(path, "ours")
    previous = [ours.encode()] if with_previous else []
    other = seal(path, values(path, "theirs"))
    text = values(path, "merged")
    assert with_others(path, text, previous, []) == text.encode()
    sealed = with_others(path, text, previous, [other])
    assert groups(sealed) == ["default"]
    assert unseal(path, sealed) == text.encode()
    with pytest.raises(NoKeyError):
        with_others(path, text, previous, [other], NOBODY)


@pytest.mark.parametrize("path", EVERY)
def test_also_if_that_side_was_sealed_whole(path: str) -> None:
    other = seal(path, b"\xff broken")
    assert is_whole(other)
    sealed = with_others(path, values(path, "merged"), [], [other])
    assert is_whole(sealed)
    assert unseal(path, sealed) == values(path, "merged").encode()


def test_a_file_that_does_not_parse_takes_the_groups_of_the_other_side() -> None:
    other = seal(YAML, "a: x\n", policy='{files: "**", group: production}')
    sealed = with_others(YAML, "a: [x\n", [], [other])
    assert is_whole(sealed)
    assert groups(sealed) == ["production"]


def test_a_comment_of_the_other_side_keeps_its_token() -> None:
    text = "password: hunter22\n# password: hunter22\n"
    other = seal(YAML, text)
    changed = "password: other-secret\n# password: hunter22\n"
    sealed = with_others(YAML, changed, [], [other])
    assert tokens(sealed)[1] == tokens(other)[1]
    assert unseal(YAML, sealed) == changed.encode()
