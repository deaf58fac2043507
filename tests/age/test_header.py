from __future__ import annotations

import pytest

from sealedfiles import age
from sealedfiles.age import header
from sealedfiles.age.header import encode_header, parse_header, verify_header
from sealedfiles.age.stanza import Stanza, encode_stanza

from .kit import FILE_KEY, build

STANZAS = (Stanza("a", ("1", "2"), b"body"), Stanza("b", (), bytes(48)))
ENCODED = encode_header(STANZAS, FILE_KEY)


def test_a_header_is_read_as_it_was_written() -> None:
    parsed = parse_header(ENCODED + b"payload")
    assert parsed.stanzas == STANZAS
    assert parsed.size == len(ENCODED)
    assert parsed.covered == ENCODED[:-45]
    verify_header(parsed, FILE_KEY)


def test_another_file_key_does_not_verify_it() -> None:
    with pytest.raises(age.HmacError):
        verify_header(parse_header(ENCODED), bytes(16))


@pytest.mark.parametrize("at", range(len(b"age-encryption.org/v1\n"), len(ENCODED)))
def test_no_byte_can_be_changed(at: int) -> None:
    changed = ENCODED[:at] + bytes([ENCODED[at] ^ 1]) + ENCODED[at + 1 :]
    with pytest.raises((age.HeaderError, age.HmacError)):
        verify_header(parse_header(changed), FILE_KEY)


@pytest.mark.parametrize("size", range(len(ENCODED)))
def test_a_header_that_was_cut_is_refused(size: int) -> None:
    with pytest.raises(age.HeaderError):
        parse_header(ENCODED[:size])


@pytest.mark.parametrize(
    "mac",
    [
        pytest.param("", id="missing"),
        pytest.param(" ", id="empty"),
        pytest.param(" " + "A" * 42, id="too short"),
        pytest.param(" " + "A" * 44, id="too long"),
        pytest.param(" " + "A" * 43 + "=", id="padding"),
        pytest.param(" " + "A" * 42 + "B", id="trailing bits"),
        pytest.param("  " + "A" * 43, id="two spaces"),
        pytest.param("A" * 43, id="no space"),
        pytest.param(" " + "A" * 43 + " ", id="space at the end"),
        pytest.param(" " + "A" * 43 + " x", id="a second word"),
        pytest.param(" " + "A" * 43 + "\r", id="CR"),
    ],
)
def test_a_malformed_mac_is_refused(mac: str) -> None:
    with pytest.raises(age.HeaderError):
        age.read_header(build("-> a", "", mac=mac))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an age file"),
        (b"age-encryption.org/v2\n-> a\n\n--- ", "version"),
        (b"age-encryption.org/v1\r\n", "version"),
        (b"age-encryption.org/v1 \n", "version"),
        (b"age-encryption.org", "not an age file"),
        (b"# a text\n", "not an age file"),
    ],
)
def test_what_has_no_known_first_line_is_no_age_file(data: bytes, message: str) -> None:
    with pytest.raises(age.HeaderError, match=message):
        age.read_header(data)


def test_a_header_may_have_no_stanzas_and_opens_for_nobody() -> None:
    data = build()
    assert age.read_header(data) == ()
    with pytest.raises(age.NoIdentityMatch):
        age.decrypt(data, [age.generate_identity()])


def test_the_number_of_stanzas_is_limited() -> None:
    most = header.MAX_STANZAS
    assert len(age.read_header(encode_header([STANZAS[0]] * most, FILE_KEY))) == most
    with pytest.raises(age.HeaderError, match="more than 1024"):
        age.read_header(encode_header([STANZAS[0]] * (most + 1), FILE_KEY))


@pytest.mark.parametrize("fits", [True, False])
def test_the_size_of_a_header_is_limited(fits: bool) -> None:
    rest = len(encode_header([Stanza("a", ("",), b"")], FILE_KEY))
    argument = "x" * (header.MAX_HEADER_SIZE - rest + (0 if fits else 1))
    data = encode_header([Stanza("a", (argument,), b"")], FILE_KEY)
    if fits:
        assert len(age.read_header(data)) == 1
    else:
        with pytest.raises(age.HeaderError):
            age.read_header(data)


def test_a_body_without_end_is_cut_off_at_the_limit() -> None:
    data = b"age-encryption.org/v1\n-> a\n" + (b"A" * 64 + b"\n") * 40_000
    with pytest.raises(age.HeaderError, match="truncated"):
        age.read_header(data)


def test_stanzas_of_1024_post_quantum_readers_fit() -> None:
    stanza = encode_stanza(Stanza("mlkem768x25519", ("A" * 1494,), bytes(32)))
    assert len(stanza) * header.MAX_STANZAS < header.MAX_HEADER_SIZE
