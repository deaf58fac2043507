from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.age.errors import HeaderError
from sealedfiles.age.stanza import (
    Stanza,
    decode_argument,
    decode_base64,
    encode_base64,
    encode_stanza,
    parse_stanza,
)

VCHARS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
STANZAS = st.builds(Stanza, VCHARS, st.lists(VCHARS).map(tuple), st.binary(max_size=200))


def parse(text: bytes) -> Stanza:
    source = BytesIO(text)
    stanza = parse_stanza(source.readline(), source.readline)
    assert source.read() == b""
    return stanza


@given(stanza=STANZAS)
def test_a_stanza_is_read_as_it_was_written(stanza: Stanza) -> None:
    assert parse(encode_stanza(stanza)) == stanza


@pytest.mark.parametrize(("size", "lines"), [(0, [0]), (47, [63]), (48, [64, 0]), (49, [64, 2])])
def test_a_body_ends_in_a_short_line(size: int, lines: list[int]) -> None:
    text = encode_stanza(Stanza("type", (), bytes(size)))
    assert [len(line) for line in text.split(b"\n")[1:-1]] == lines


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"-> \n\n", id="no type"),
        pytest.param(b"->\n\n", id="no space"),
        pytest.param(b"->type\n\n", id="no space before the type"),
        pytest.param(b"-> a  b\n\n", id="two spaces"),
        pytest.param(b"-> a b \n\n", id="space at the end"),
        pytest.param(b"-> a\tb\n\n", id="tab"),
        pytest.param(b"-> a\r\n\n", id="CR"),
        pytest.param(b"-> a\xc3\xa9\n\n", id="not ASCII"),
        pytest.param(b"-> a\x7f\n\n", id="DEL"),
        pytest.param(b"--> a\n\n", id="another arrow"),
        pytest.param(b"-> a", id="no line end"),
        pytest.param(b"-> a\n", id="no body"),
        pytest.param(b"-> a\nQUJD", id="body without line end"),
        pytest.param(b"-> a\n" + b"A" * 64 + b"\n", id="body ends in a full line"),
        pytest.param(b"-> a\n" + b"A" * 68 + b"\n", id="line too long"),
        pytest.param(b"-> a\nQQ==\n", id="padding"),
        pytest.param(b"-> a\nQR\n", id="trailing bits"),
        pytest.param(b"-> a\nQ\n", id="one character"),
        pytest.param(b"-> a\nQUJD\r\n", id="CR in the body"),
        pytest.param(b"-> a\n QUJD\n", id="space in the body"),
        pytest.param(b"-> a\nQ-_D\n", id="URL alphabet"),
    ],
)
def test_every_other_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(HeaderError):
        parse(text)


@given(data=st.binary(max_size=100))
def test_base64_has_one_spelling(data: bytes) -> None:
    text = encode_base64(data)
    assert b"=" not in text
    assert decode_base64(text) == data


def test_an_argument_has_the_length_that_its_kind_says() -> None:
    assert decode_argument("QUJD", 3, "share") == b"ABC"
    with pytest.raises(HeaderError, match="share"):
        decode_argument("QUJD", 4, "share")
