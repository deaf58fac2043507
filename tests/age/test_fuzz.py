"""Whatever comes in, only ``AgeError`` comes out, and never another plaintext."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealedfiles import age
from sealedfiles.age import bech32
from sealedfiles.age.scrypt import ScryptIdentity, ScryptRecipient
from sealedfiles.age.ssh import join_strings

from .kit import build, recipient_of

PLAINTEXT = b"plaintext" * 10


def ssh_text(
    key: Ed25519PrivateKey | RSAPrivateKey,
    *,
    form: PrivateFormat = PrivateFormat.OpenSSH,
    secret: bytes = b"",
) -> str:
    protection = BestAvailableEncryption(secret) if secret else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, protection).decode()


ED25519 = ssh_text(Ed25519PrivateKey.generate())
RSA_KEY = generate_private_key(65537, 2048)
RSA = ssh_text(RSA_KEY)
PRIVATE_FILES = [
    ED25519,
    RSA,
    ssh_text(RSA_KEY, form=PrivateFormat.PKCS8),
    ssh_text(RSA_KEY, form=PrivateFormat.TraditionalOpenSSL),
    ssh_text(RSA_KEY, form=PrivateFormat.PKCS8, secret=b"x"),
    ssh_text(RSA_KEY, form=PrivateFormat.TraditionalOpenSSL, secret=b"x"),
]

CLASSIC = age.generate_identity(post_quantum=False)
HYBRID = age.generate_identity()
IDENTITIES = [
    CLASSIC,
    HYBRID,
    age.parse_identity(ED25519),
    age.parse_identity(RSA),
    ScryptIdentity("x", max_work_factor=4),
]
FILES = [
    age.encrypt(PLAINTEXT, [recipient], armor)
    for recipient in [recipient_of(one) for one in IDENTITIES[:-1]] + [ScryptRecipient("x", 2)]
    for armor in (True, False)
]
KEY_TEXTS = [
    *(str(one.recipient) for one in IDENTITIES[:-1]),
    *(str(one.text) for one in IDENTITIES[:2]),
    bech32.encode("age1yubikey", bytes(33)),
    bech32.encode("age1tag", bytes(33)),
    bech32.encode("AGE-PLUGIN-YUBIKEY-", bytes(33)),
]

EDITS = st.lists(
    st.tuples(
        st.integers(0, 1 << 16),
        st.sampled_from(["flip", "insert", "delete", "cut", "double"]),
        st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=3,
)
# The first example compiles things; what follows is quick.
FUZZ = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def edited(data: bytes, edits: list[tuple[int, str, bytes]]) -> bytes:
    for place, kind, new in edits:
        at = place % (len(data) + 1)
        if kind == "flip":
            data = data[:at] + new + data[at + len(new) :]
        elif kind == "insert":
            data = data[:at] + new + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + new[0] :]
        elif kind == "cut":
            data = data[:at]
        else:
            data = data[:at] + data[at : at + 2 * new[0]] + data[at:]
    return data


def try_to_decrypt(data: bytes) -> None:
    age.is_encrypted(data)
    try:
        plaintext = age.decrypt(data, IDENTITIES)
    except age.AgeError:
        return
    assert plaintext == PLAINTEXT


@FUZZ
@given(data=st.sampled_from(FILES), edits=EDITS)
def test_a_damaged_file(data: bytes, edits: list[tuple[int, str, bytes]]) -> None:
    try_to_decrypt(edited(data, edits))


@FUZZ
@given(data=st.binary(max_size=300))
@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"age-encryption.org/v1\n",
        b"age-encryption.org/v1\n-> X25519 ",
        b"-----BEGIN AGE ENCRYPTED FILE-----\n",
    ],
)
def test_random_bytes(start: bytes, data: bytes) -> None:
    try_to_decrypt(start + data)


WORDS = st.sampled_from(["X25519", "mlkem768x25519", "ssh-ed25519", "ssh-rsa", "scrypt", "5", "AA"])
LINES = st.one_of(
    st.lists(WORDS, max_size=4).map(lambda words: " ".join(["->", *words])),
    st.sampled_from(["", "A" * 43, "A" * 64, "A" * 22, "---", "--- ", "->", "-> ", "\r"]),
    st.text(max_size=20),
)


@pytest.mark.slow
@FUZZ
@given(lines=st.lists(LINES, max_size=8))
def test_random_header_lines(lines: list[str]) -> None:
    try_to_decrypt(build(*(line.encode("utf-8", "replace").decode() for line in lines)))


def try_to_parse(text: str) -> None:
    for parse in (age.parse_recipient, age.parse_identity, age.parse_identities):
        try:
            parse(text)
        except age.AgeError as error:
            assert text not in str(error) or len(text) < 20


STARTS = [
    *("", "age1", "age1pq1", "AGE-SECRET-KEY-1", "AGE-PLUGIN-", "ssh-rsa ", "ssh-ed25519 AAAA"),
    "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    "-----BEGIN RSA PRIVATE KEY-----\n",
]


@FUZZ
@given(text=st.text(max_size=80))
@pytest.mark.parametrize("start", STARTS)
def test_random_key_text(start: str, text: str) -> None:
    try_to_parse(start + text)


@FUZZ
@given(text=st.sampled_from(KEY_TEXTS), edits=EDITS)
def test_damaged_key_text(text: str, edits: list[tuple[int, str, bytes]]) -> None:
    try_to_parse(edited(text.encode(), edits).decode("utf-8", "surrogateescape"))


@FUZZ
@given(
    hrp=st.sampled_from(["age", "age1pq", "age1tag", "age1tagpq", "age1x", "AGE-SECRET-KEY-"]),
    data=st.binary(max_size=1300),
)
def test_well_formed_text_with_random_data(hrp: str, data: bytes) -> None:
    try_to_parse(bech32.encode(hrp, data))


@FUZZ
@given(
    kind=st.sampled_from([b"ssh-ed25519", b"ssh-rsa"]), strings=st.lists(st.binary(max_size=300))
)
def test_random_ssh_public_keys(kind: bytes, strings: list[bytes]) -> None:
    blob = b64encode(join_strings(kind, *strings)).decode()
    try_to_parse(f"{kind.decode()} {blob}")


def try_to_use(text: str) -> None:
    try:
        identity = age.parse_identity(text, lambda: "x")
        for data in FILES:
            try:
                age.decrypt(data, [identity])
            except age.AgeError:
                continue
    except age.AgeError:
        return


@FUZZ
@given(text=st.sampled_from(PRIVATE_FILES), edits=EDITS)
def test_damaged_private_key_files(text: str, edits: list[tuple[int, str, bytes]]) -> None:
    try_to_use(edited(text.encode(), edits).decode("utf-8", "surrogateescape"))


@FUZZ
@given(text=st.sampled_from(PRIVATE_FILES[:2]), edits=EDITS)
def test_private_key_files_with_damaged_content(
    text: str, edits: list[tuple[int, str, bytes]]
) -> None:
    first, *middle, last = text.rstrip("\n").split("\n")
    body = edited(b64decode("".join(middle)), edits)
    try_to_use("\n".join([first, b64encode(body).decode(), last, ""]))
