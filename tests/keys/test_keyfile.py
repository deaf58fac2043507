from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from age.programs import age_since, ages, missing
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles import age
from sealedfiles.errors import TamperedError
from sealedfiles.keys.keyfile import GroupKey, parse_key_line, unwrap_keys, wrap_keys
from sealedfiles.model.token import key_id

from .kit import ALICE, BOB, MALLORY, date, group_key, recipient_of, secret

if TYPE_CHECKING:
    from pathlib import Path

    from age.programs import Age

KEYS = [group_key(number) for number in range(3)]


def test_a_key_file_opens_to_the_keys_in_their_order() -> None:
    data = wrap_keys(KEYS, [recipient_of(ALICE)])
    assert data.startswith(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    assert unwrap_keys(data, [ALICE]) == KEYS


def test_each_of_a_reader_s_keys_opens_it_and_nobody_else_s() -> None:
    data = wrap_keys(KEYS, [recipient_of(ALICE), recipient_of(BOB)])
    assert unwrap_keys(data, [MALLORY, BOB]) == unwrap_keys(data, [ALICE]) == KEYS
    with pytest.raises(age.NoIdentityMatch):
        unwrap_keys(data, [MALLORY])


@given(st.binary(min_size=32, max_size=32))
def test_a_line_is_read_as_it_was_written(raw: bytes) -> None:
    key = GroupKey(key_id(raw), date(0), raw)
    assert parse_key_line(key.line) == key
    assert key.line == f"{key_id(raw)} {date(0)} {b64encode(raw).decode()}"


def test_a_key_under_the_name_of_another_is_refused() -> None:
    """Somebody without the group's keys knows their ids, and encrypts their own key under one of them."""
    line = KEYS[0].line.replace(b64encode(secret(0)).decode(), b64encode(secret(1)).decode())
    with pytest.raises(TamperedError, match="does not match its id"):
        parse_key_line(line)


def test_a_second_spelling_of_the_same_key_is_refused() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = KEYS[0].line[-2]
    spare = alphabet[alphabet.index(last) | 1]
    assert spare != last
    with pytest.raises(TamperedError):
        parse_key_line(f"{KEYS[0].line[:-2]}{spare}=")


LINE = KEYS[0].line


@pytest.mark.parametrize(
    "line",
    [
        "",
        LINE + " ",
        LINE + "\n",
        LINE.replace(" ", "  ", 1),
        LINE.upper(),
        LINE[:-1],
        LINE.replace("Z ", "+01:00 "),
        f"default {LINE}",
    ],
)
def test_invalid_lines_of_a_key_file_are_refused(line: str) -> None:
    with pytest.raises(TamperedError):
        parse_key_line(line)


@pytest.mark.parametrize(
    "text",
    [
        KEYS[0].line,
        f"{KEYS[0].line}\n{KEYS[1].line}",
        f"{KEYS[0].line}\r\n",
        f"\n{KEYS[0].line}\n",
        f"{KEYS[0].line}\n\n",
        "no key\n",
        "\N{KELVIN SIGN}\n",
    ],
)
def test_a_plaintext_that_is_no_key_file_is_refused(text: str) -> None:
    data = age.encrypt(text.encode(), [recipient_of(ALICE)])
    with pytest.raises(TamperedError):
        unwrap_keys(data, [ALICE])


@given(st.binary(max_size=100))
def test_any_plaintext_is_keys_or_refused(plain: bytes) -> None:
    data = age.encrypt(plain, [recipient_of(ALICE)])
    if plain:
        with pytest.raises(TamperedError):
            unwrap_keys(data, [ALICE])
    else:
        assert unwrap_keys(data, [ALICE]) == []


@pytest.mark.parametrize("data", [b"", b"x", b"-----BEGIN AGE ENCRYPTED FILE-----\n"])
def test_an_invalid_age_file_is_an_age_error(data: bytes) -> None:
    with pytest.raises(age.AgeError):
        unwrap_keys(data, [ALICE])


def test_no_secret_shows_in_what_is_printed_of_a_key_or_said_of_a_bad_line() -> None:
    encoded = b64encode(secret(0)).decode()
    shown = [repr(KEYS), str(KEYS[0]), f"{KEYS[0]}"]
    for line in (KEYS[0].line + "x", KEYS[1].line[:37] + KEYS[0].line[37:]):
        with pytest.raises(TamperedError) as caught:
            parse_key_line(line)
        shown.append(str(caught.value))
        assert caught.value.__context__ is None
    for text in shown:
        assert encoded not in text
        assert repr(secret(0))[2:-1] not in text


# -- without sealedfiles


@pytest.fixture(params=ages() or [None], ids=lambda one: one.path if one else "none")
def real(request: pytest.FixtureRequest) -> Age:
    """Each available ``age`` program."""
    found: Age = request.param or missing("age (on PATH, or named by AGE)")
    return found


def shown_by(real: Age, one: age.Identity, keys: list[GroupKey], folder: Path) -> str:
    (folder / "key.txt").write_text(f"{one.text}\n")
    (folder / "alice.age").write_bytes(wrap_keys(keys, [recipient_of(one), recipient_of(one)]))
    return real.run("-d", "-i", folder / "key.txt", folder / "alice.age").decode()


def test_age_shows_the_keys_of_a_key_file(real: Age, tmp_path: Path) -> None:
    text = shown_by(real, ALICE, KEYS, tmp_path)
    assert text == "".join(f"{key.line}\n" for key in KEYS)


def test_age_shows_the_keys_to_a_post_quantum_identity(tmp_path: Path) -> None:
    text = shown_by(age_since((1, 3)), age.generate_identity(), KEYS[:1], tmp_path)
    assert text == f"{KEYS[0].line}\n"


def test_a_key_file_that_age_wrote_is_read(real: Age, tmp_path: Path) -> None:
    plain = "".join(f"{key.line}\n" for key in KEYS).encode()
    for options in ([], ["-a"]):
        data = real.run(*options, "-r", str(ALICE.recipient), stdin=plain)
        assert unwrap_keys(data, [ALICE]) == KEYS
