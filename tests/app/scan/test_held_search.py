"""Every held value is found in every encoding, and nothing else is."""

from __future__ import annotations

import base64
import json
import random
import struct
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scan.toy import held
from sealedfiles.app.held.encodings import decoded_base64, encodings_of
from sealedfiles.app.history.values import shown_place

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealedfiles.app.scan.held_search import HeldSearch


def found(search: HeldSearch, data: bytes) -> list[tuple[str, str]]:
    return [
        (shown_place(search.key_of(hit.value)), hit.value.encoding) for hit in search.find(data)
    ]


def shifted(encode: Callable[[bytes], bytes], count: int) -> Callable[[str], bytes]:
    return lambda text: encode(b"~" * count + text.encode() + b"?")


def dotnet(text: str) -> bytes:
    """Return *text* as System.Text.Json writes it by default."""
    kept = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    units = struct.iter_unpack("<H", text.encode("utf-16-le"))
    out = [kept.get(chr(unit)) or _as_dotnet(unit) for (unit,) in units]
    return "".join(out).encode()


def _as_dotnet(unit: int) -> str:
    is_escaped = not 0x20 <= unit < 0x7F or chr(unit) in "\"&+<>'`"
    return f"\\u{unit:04X}" if is_escaped else chr(unit)


ENCODERS: list[tuple[str, Callable[[str], bytes]]] = [
    ("plain", str.encode),
    ("json", lambda text: json.dumps(text).encode()),
    ("json", lambda text: json.dumps(text, ensure_ascii=False).encode()),
    ("json", lambda text: repr(text).encode()),
    ("json", lambda text: ascii(text).encode()),
    ("json", dotnet),
    ("json", lambda text: json.dumps(text).replace("/", "\\/").encode()),
    ("url", lambda text: quote(text, safe="").encode()),
    ("url", lambda text: quote_plus(text).encode()),
    ("hex", lambda text: text.encode().hex().encode()),
    ("hex", lambda text: text.encode().hex().upper().encode()),
    *(("base64", shifted(base64.b64encode, count)) for count in range(3)),
    *(("base64url", shifted(base64.urlsafe_b64encode, count)) for count in range(3)),
    ("utf-16", lambda text: text.encode("utf-16-le")),
    ("utf-16", lambda text: text.encode("utf-16-be")),
]

secrets = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=4, max_size=300
).map(lambda text: f"Xy7{text}q!")


@given(
    text=secrets,
    encoder=st.sampled_from(ENCODERS),
    before=st.binary(max_size=70),
    after=st.binary(max_size=9),
    seed=st.integers(),
)
@example("Xy7000\u010aq!", ENCODERS[-2], b"", b"", 0)
@example('Xy+7000"q\x7f<\u00e9', ("json", dotnet), b"", b"", 0)
def test_a_value_is_found_in_every_encoding_at_every_offset(
    text: str, encoder: tuple[str, Callable[[str], bytes]], before: bytes, after: bytes, seed: int
) -> None:
    search = held("a.json", json.dumps({"key": text}))
    assert search.count == 1
    noise = random.Random(seed).randbytes(700)
    encoded = encoder[1](text)
    # base64 has no other bytes of its alphabet around it by accident that would shift it.
    hits = found(search, noise + before + encoded + after + noise)
    # Different encodings of a text may be equal, and the end of a long one be that of the text as it was written.
    assert {place for place, _ in hits} == {"key"}
    assert search.find(noise + before + after + noise) == []


@given(text=secrets, data=st.binary(max_size=300))
def test_nothing_is_found_if_the_value_is_not_there(text: str, data: bytes) -> None:
    search = held("a.json", json.dumps({"key": text}))
    encoded = [one for _, one in encodings_of(text.encode())]
    assert bool(search.find(data)) == any(one in data for one in encoded)
    for one in encoded[:3]:
        assert search.find(data.replace(one[:-1], b"") + one[:-1] + b"\x00") == []


def test_each_line_of_a_value_but_not_its_common_lines() -> None:
    search = held(
        "a.yaml",
        "key: |\n  -----BEGIN KEY-----\n  MIGHAgEAMBMGByqGSM49\n  kind: Config\n  -----END KEY-----\n",
    )
    assert found(search, b"x MIGHAgEAMBMGByqGSM49 y") == [("key", "plain")]
    pem = b"-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\n"
    assert found(search, base64.b64encode(pem)) == [("key", "base64")]
    assert found(search, b"-----BEGIN KEY-----\nkind: Config\n") == []


def test_weak_values_are_counted_by_their_key() -> None:
    search = held("a.env", "PORT=8080\nHOST=localhost\nMARK=--------\nTOKEN=s3cr3t-token\n")
    assert [shown_place(search.key_of(value)) for value in search.weak] == ["PORT", "HOST", "MARK"]
    assert search.count == 1


def test_a_value_in_base64_is_also_found_decoded() -> None:
    search = held("a.yaml", f"data: {base64.b64encode(b's3cr3t-of-kubernetes').decode()}\n")
    assert found(search, b"password=s3cr3t-of-kubernetes") == [("data", "decoded-base64")]


@pytest.mark.parametrize("text", [b"", b"abc", b"c2VjcmV0LXdvcmQ", b"/+/+/+/+/+/+"])
def test_what_is_not_the_base64_of_a_text(text: bytes) -> None:
    assert decoded_base64(text) is None
    assert decoded_base64(b"c2VjcmV0") == b"secret"


def test_a_line_that_was_clean_is_searched_again_if_it_changes() -> None:
    search = held("a.env", "TOKEN=s3cr3t-token\n")
    data = b"first\n\nsecond s3cr3t-toke\nthird\n"
    assert found(search, data) == []
    assert found(search, data.replace(b"toke", b"token")) == [("TOKEN", "plain")]
    assert found(search, data.replace(b"toke", b"token")) == [("TOKEN", "plain")]
    assert found(search, data) == []


def test_values_that_share_an_end_have_different_windows() -> None:
    """Otherwise all of them would be searched for wherever the end is."""
    lines = [f"K{n}=https://{n:04}.example.com/production/database\n" for n in range(50)]
    search = held("a.env", "".join(lines))
    assert len(found(search, b"https://0007.example.com/production/database")) == 1
    assert found(search, b"https://9999.example.com/production/database") == []


def test_a_file_that_is_sealed_whole() -> None:
    search = held("id.pem", "-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END KEY-----\n")
    assert found(search, b"MIGHAgEAMBMGByqGSM49") == [("the whole file", "plain")]
    search = held("broken.yaml", 'a: "MIGHAgEAMBMGByqGSM49')
    assert found(search, b"MIGHAgEAMBMGByqGSM49") == [("the whole file", "plain")]


def test_binary_files_that_are_sealed_whole() -> None:
    data = random.Random(1).randbytes(2000)
    search = held("store.p12", b"\x00" + data)
    assert found(search, b"before" + data + b"after") == [("the whole file", "plain")]
    assert found(search, random.Random(2).randbytes(2000)) == []
