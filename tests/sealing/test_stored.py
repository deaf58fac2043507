"""Sealing leaves values unchanged that are in plaintext in any version in git."""

from __future__ import annotations

import pytest
from documents import (
    ALL,
    ENV,
    EVERY,
    INI,
    JSON,
    NDJSON,
    PROPERTIES,
    TFVARS,
    TOML,
    WHOLE,
    XML,
    YAML,
    described,
    seal,
    tokens,
    unseal,
)

from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.stored import StoredPlaintext

every_format = pytest.mark.parametrize("path", EVERY)

TEXT = {
    YAML: "host: alpha-host\nport: 5432\n",
    JSON: '{\n  "host": "alpha-host",\n  "port": 5432\n}\n',
    ENV: "host=alpha-host\nport=5432\n",
    TFVARS: 'host = "alpha-host"\nport = 5432\n',
    PROPERTIES: "host=alpha-host\nport=5432\n",
    INI: "host = alpha-host\nport = 5432\n",
    NDJSON: '{"host": "alpha-host"}\n{"port": 5432}\n',
    TOML: 'host = "alpha-host"\nport = 5432\n',
    XML: '<a host="alpha-host">\n  <port>5432</port>\n</a>\n',
}


def clean(path: str, text: str | bytes, *in_git: bytes) -> bytes:
    """Return *text* as clean stores it, given versions in git, best first."""
    file, rules = described(path)
    data = text.encode() if isinstance(text, str) else text
    return seal_file(data, in_git, file, rules, ALL, stored=StoredPlaintext(in_git, file))


def planted(path: str) -> bytes:
    """Return a sealed version in which somebody without a key has replaced one token."""
    sealed = seal(path, TEXT[path])
    token = tokens(sealed)[0]
    for quoted, evil in ((f'"{token}"', '"evil-host"'), (token, "evil-host")):
        if quoted.encode() in sealed:
            return sealed.replace(quoted.encode(), evil.encode())
    raise AssertionError


@every_format
def test_unchanged_plaintext_stays_plaintext(path: str) -> None:
    stored = planted(path)
    assert clean(path, unseal(path, stored), stored) == stored


@pytest.mark.parametrize("spelled", ["evil&amp;host", "<![CDATA[evil&host]]>", "evil&#38;host"])
def test_so_does_a_value_in_another_spelling(spelled: str) -> None:
    text = TEXT[XML].replace("5432", "own-port")
    stored = seal(XML, text).decode()
    stored = stored.replace(tokens(stored)[1], spelled)
    assert clean(XML, unseal(XML, stored.encode()), stored.encode()) == stored.encode()


@every_format
def test_it_stays_when_another_value_is_edited(path: str) -> None:
    stored = planted(path)
    result = clean(path, unseal(path, stored).replace(b"5432", b"6543"), stored)
    assert b"evil-host" in result
    assert b"6543" not in result
    assert unseal(path, result) == unseal(path, stored).replace(b"5432", b"6543")


@every_format
def test_a_value_that_the_user_changes_is_sealed(path: str) -> None:
    stored = planted(path)
    result = clean(path, unseal(path, stored).replace(b"evil-host", b"own-host"), stored)
    assert b"own-host" not in result
    assert b"evil-host" not in result
    assert b"own-host" in unseal(path, result)


@every_format
def test_plaintext_of_another_version_than_the_previous_one_counts(path: str) -> None:
    """As after a conflict or a cherry-pick: the index has a token, and another commit has plaintext."""
    ours = seal(path, TEXT[path])
    result = clean(path, unseal(path, planted(path)), ours, planted(path))
    assert b"evil-host" in result
    assert tokens(result) == tokens(ours)[1:]


@every_format
def test_a_token_for_the_same_value_is_kept(path: str) -> None:
    ours = seal(path, TEXT[path])
    assert clean(path, TEXT[path], ours, TEXT[path].encode()) == ours


@pytest.mark.parametrize(
    ("stored", "now"),
    [
        ("host: evil\n", 'host: "evil"\n'),
        ("host: evil\n", "host: 'evil'\n"),
        ('host: "\\u0065vil"\n', "host: evil\n"),
        ("host: it's\n", "host: 'it''s'\n"),
        ("host: two\n  words\n", "host: two words\n"),
        ("host: |\n  evil\n", 'host: "evil\\n"\n'),
    ],
)
def test_other_quotes_do_not_make_it_the_users_own(stored: str, now: str) -> None:
    assert clean(YAML, now, stored.encode()) == now.encode()


def test_the_same_value_at_another_key_is_the_users_own() -> None:
    result = clean(YAML, "host: evil-host\nother: evil-host\n", b"host: evil-host\n")
    assert result.startswith(b"host: evil-host\n")
    assert len(tokens(result)) == 1


def test_a_side_of_a_conflict_that_git_has_counts() -> None:
    stored = b"<<<<<<< ours\nhost=alpha-host\n=======\nhost=evil-host\n>>>>>>> theirs\n"
    assert clean(ENV, "host=evil-host\n", stored) == b"host=evil-host\n"


def test_a_comment_in_plaintext_stays_and_a_new_one_is_sealed() -> None:
    sealed = seal(ENV, "host=alpha-host\n")
    stored = sealed + b"# host=evil-host\n"
    text = unseal(ENV, stored)
    assert clean(ENV, text, stored) == stored
    result = clean(ENV, text + b"# host=own-host\n", stored)
    assert b"evil-host" in result
    assert b"own-host" not in result


def test_a_file_without_values_stays_until_it_is_changed() -> None:
    assert clean(WHOLE, b"evil\0", b"evil\0") == b"evil\0"
    changed = clean(WHOLE, b"own\0", b"evil\0")
    assert unseal(WHOLE, changed) == b"own\0"
    assert changed != b"own\0"


def test_a_text_that_does_not_parse_stays_until_it_is_changed() -> None:
    broken = b"host: 'evil\n"
    assert clean(YAML, broken, broken) == broken
    assert b"own" not in clean(YAML, b"host: 'own\n", broken)


def test_without_versions_from_git_plaintext_is_sealed() -> None:
    """This applies outside git, and to commands that seal it after confirmation."""
    result = seal(YAML, "host: evil-host\nport: 1\n", planted(YAML))
    assert b"evil-host" not in result
