"""Bech32 (BIP 173) without its length limit, the encoding of age keys as text.

A text is all lower case or all upper case.  The human-readable part keeps its case, so that callers
compare it exactly.
"""

from __future__ import annotations

from .errors import KeyTextError

_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {ord(char): value for value, char in enumerate(_CHARSET)}
# int() parses base 32 with these digits, in linear time because 32 is a power of two.
_TO_INT_DIGITS = str.maketrans(_CHARSET, "0123456789abcdefghijklmnopqrstuv")
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LENGTH = 6


def _feedback(top: int) -> int:
    mask = 0
    for bit, generator in enumerate(_GENERATOR):
        if top >> bit & 1:
            mask ^= generator
    return mask


_FEEDBACK = tuple(_feedback(top) for top in range(32))


def _polymod(hrp: str, values: list[int]) -> int:
    """Return the checksum state after *hrp* (lower case) and the 5-bit *values*."""
    low = hrp.encode()
    state = 1
    for value in (*(c >> 5 for c in low), 0, *(c & 31 for c in low), *values):
        state = (state & 0x1FFFFFF) << 5 ^ value ^ _FEEDBACK[state >> 25]
    return state


def encode(hrp: str, data: bytes) -> str:
    """Return *data* as Bech32 with the human-readable part *hrp*, in the case of *hrp*."""
    bits = len(data) * 8
    padding = -bits % 5
    number = int.from_bytes(data, "big") << padding
    values = [number >> shift & 31 for shift in range(bits + padding - 5, -1, -5)]
    lower = hrp.lower()
    state = _polymod(lower, values + [0] * _CHECKSUM_LENGTH) ^ 1
    values += [state >> 5 * (5 - i) & 31 for i in range(_CHECKSUM_LENGTH)]
    text = lower + "1" + "".join(_CHARSET[value] for value in values)
    return text if hrp == lower else text.upper()


def decode(text: str) -> tuple[str, bytes]:
    """Return the human-readable part (in the case of *text*) and the data of a Bech32 string.

    Raises KeyTextError, whose message does not repeat the text: it may be a private key.
    """
    lower = text.lower()
    if text not in (lower, text.upper()):
        raise KeyTextError("the key mixes upper and lower case")
    hrp, separator, payload = lower.rpartition("1")
    if not separator or not hrp or len(payload) < _CHECKSUM_LENGTH:
        raise KeyTextError("the key is incomplete")
    if not all("!" <= char <= "~" for char in hrp):
        raise KeyTextError("the key has an invalid character")
    values = [_VALUES.get(ord(char), -1) for char in payload]
    if -1 in values:
        raise KeyTextError("the key has an invalid character")
    if _polymod(hrp, values) != 1:
        raise KeyTextError("the key has a typo: its checksum is wrong")
    return text[: len(hrp)], _to_bytes(payload[:-_CHECKSUM_LENGTH])


def _to_bytes(digits: str) -> bytes:
    """Return the whole bytes in *digits* of 5 bits each; the remaining bits must be zero."""
    size, padding = divmod(len(digits) * 5, 8)
    number = int(digits.translate(_TO_INT_DIGITS) or "0", 32)
    if padding >= 5 or number & (1 << padding) - 1:
        raise KeyTextError("the key has wrong padding")
    return (number >> padding).to_bytes(size, "big")
