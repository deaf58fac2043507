from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealedfiles.age import bech32
from sealedfiles.age.errors import KeyTextError

VALID = [
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "11" + "q" * 82 + "c8247j",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    # longer than BIP 173 allows, as age's keys are
    "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
    "long10" + "pu8s7rc0" * 204 + "pu8s7qfcsvr0",
]

INVALID = {
    "wrong checksum": "split1checkupstagehandshakeupstreamerranterredcaperred2y9e2w",
    "space in the readable part": "s lit1checkupstagehandshakeupstreamerranterredcaperredp8hs2p",
    "DEL in the readable part": "spl\x7ft1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "foreign character in the data": "split1cheo2y9e2w",
    "data shorter than the checksum": "split1a2y9w",
    "empty readable part": "1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "no separator": "pzry9x0s0muk",
    "nothing before the separator": "1pzry9x0s0muk",
    "b in the data": "x1b4n0q5v",
    "i in the data": "li1dgmt3",
    "byte above ASCII": "de1lg7wt\xff",
    "checksum of the other case": "A1G7SGD8",
    "nothing but a separator and a digit": "10a06t8",
    "wrong length": "1qzzfhee",
    "mixed case": "A12uEL5L",
    "empty": "",
    "a character whose lower case is ASCII": "\u212a12uel5l",
}


@pytest.mark.parametrize("text", VALID)
def test_valid_text_decodes_and_encodes_to_itself(text: str) -> None:
    assert bech32.encode(*bech32.decode(text)) == text


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_invalid_text_is_refused(text: str) -> None:
    with pytest.raises(KeyTextError):
        bech32.decode(text)


@pytest.mark.parametrize("hrp", ["age", "AGE-SECRET-KEY-"])
def test_the_readable_part_keeps_its_case(hrp: str) -> None:
    assert bech32.decode(bech32.encode(hrp, b"key")) == (hrp, b"key")


@given(data=st.binary(max_size=1300))
@example(data=bytes(1216))
def test_every_length_of_data_comes_back(data: bytes) -> None:
    assert bech32.decode(bech32.encode("age1pq", data)) == ("age1pq", data)


@given(data=st.binary(min_size=1, max_size=40), place=st.integers(0), char=st.sampled_from("qz0l"))
def test_no_single_typing_error_passes(data: bytes, place: int, char: str) -> None:
    text = bech32.encode("age", data)
    at = 4 + place % (len(text) - 4)
    if text[at] != char:
        with pytest.raises(KeyTextError):
            bech32.decode(text[:at] + char + text[at + 1 :])


def _with_checksum(hrp: str, digits: str) -> str:
    """Return the text with these data digits, whatever they mean, and a right checksum."""
    values = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(digit) for digit in digits]
    state = bech32._polymod(hrp, values + [0] * 6) ^ 1
    checksum = ("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[state >> 5 * (5 - i) & 31] for i in range(6))
    return f"{hrp}1{digits}{''.join(checksum)}"


def test_two_digits_are_one_byte_and_two_zero_bits() -> None:
    assert bech32.decode(_with_checksum("age", "qq")) == ("age", b"\0")


@pytest.mark.parametrize("digits", ["q", "qp", "qqq", "qqqqqq"])
def test_padding_that_is_not_zero_or_too_long_is_refused(digits: str) -> None:
    with pytest.raises(KeyTextError, match="padding"):
        bech32.decode(_with_checksum("age", digits))


def test_a_message_does_not_repeat_the_key() -> None:
    text = bech32.encode("AGE-SECRET-KEY-", bytes(range(32)))
    with pytest.raises(KeyTextError) as failure:
        bech32.decode(text[:-1] + ("Q" if text[-1] != "Q" else "P"))
    assert text[15:30] not in str(failure.value)
