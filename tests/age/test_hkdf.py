"""The vectors for SHA-256 of RFC 5869, appendix A."""

from __future__ import annotations

import pytest

from sealedfiles.age.hkdf import expand_sha256, extract_sha256, hkdf_sha256


@pytest.mark.parametrize(
    ("ikm", "salt", "info", "prk", "okm"),
    [
        pytest.param(
            b"\x0b" * 22,
            bytes(range(0x0D)),
            bytes(range(0xF0, 0xFA)),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            id="basic",
        ),
        pytest.param(
            bytes(range(0x50)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87",
            id="longer inputs",
        ),
        pytest.param(
            b"\x0b" * 22,
            b"",
            b"",
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
            id="no salt, no info",
        ),
    ],
)
def test_rfc_5869(ikm: bytes, salt: bytes, info: bytes, prk: str, okm: str) -> None:
    assert extract_sha256(salt, ikm).hex() == prk
    assert hkdf_sha256(ikm, salt, info, len(okm) // 2).hex() == okm


def test_the_default_is_32_bytes() -> None:
    assert hkdf_sha256(b"ikm", b"", b"info") == hkdf_sha256(b"ikm", b"", b"info", 100)[:32]


def test_255_blocks_are_the_most() -> None:
    assert len(expand_sha256(bytes(32), b"", 255 * 32)) == 8160
    with pytest.raises(ValueError, match="8160"):
        expand_sha256(bytes(32), b"", 255 * 32 + 1)
