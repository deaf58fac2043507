"""SSH keys, as ``ssh-keygen`` makes them and as ``cryptography`` writes them."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, TypeAlias

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from sealedfiles import age
from sealedfiles.age.ssh import SSHRecipient, join_strings, montgomery_point
from sealedfiles.age.stanza import Stanza, encode_base64

from .kit import FILE_KEY, recipient_of
from .programs import ssh_keygen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(65537, 2048)

FORMATS = {
    "OpenSSH": PrivateFormat.OpenSSH,
    "PKCS#8": PrivateFormat.PKCS8,
    "PKCS#1": PrivateFormat.TraditionalOpenSSL,
}


Key: TypeAlias = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def pem(key: Key, kind: str = "OpenSSH", passphrase: str | None = None) -> str:
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, FORMATS[kind], protection).decode()


def line(*strings: bytes) -> str:
    return f"{strings[0].decode()} {b64encode(join_strings(*strings)).decode()}"


def public_line(text: str) -> str:
    """Return a line of a .pub file without its comment."""
    return " ".join(text.split()[:2])


ED25519_IDENTITY = age.parse_identity(pem(ED25519))
RSA_IDENTITY = age.parse_identity(pem(RSA))
IDENTITIES = pytest.mark.parametrize("identity", [ED25519_IDENTITY, RSA_IDENTITY])

KEYGEN = pytest.mark.parametrize(
    ("options", "kind"),
    [
        (["-t", "ed25519"], "ssh-ed25519"),
        (["-t", "rsa", "-b", "3072"], "ssh-rsa"),
        (["-t", "rsa", "-b", "2048", "-m", "PEM"], "ssh-rsa"),
        (["-t", "rsa", "-b", "2048", "-m", "PKCS8"], "ssh-rsa"),
    ],
    ids=["ed25519", "rsa", "rsa PEM", "rsa PKCS8"],
)


@pytest.mark.many_variants
@KEYGEN
def test_keys_of_ssh_keygen_work(options: list[str], kind: str, tmp_path: Path) -> None:
    private, public = ssh_keygen(tmp_path, *options)
    recipient = age.parse_recipient(public)
    assert recipient.kind == recipient.stanza_type == kind
    assert str(recipient) == public_line(public)
    assert age.parse_identity(private).recipient == recipient
    sealed = age.encrypt(b"text", [recipient])
    assert age.decrypt(sealed, age.parse_identities(private)) == b"text"


@pytest.mark.many_variants
@KEYGEN
def test_a_protected_key_of_ssh_keygen_asks_once(
    options: list[str], kind: str, tmp_path: Path
) -> None:
    pytest.importorskip("bcrypt")
    private, public = ssh_keygen(tmp_path, *options, passphrase="correct horse")
    asked = []

    def ask() -> str:
        asked.append(1)
        return "correct horse"

    identity = age.parse_identity(private, ask)
    assert asked == []
    sealed = age.encrypt(b"text", [age.parse_recipient(public)])
    assert age.decrypt(sealed, [identity]) == b"text"
    assert age.decrypt(sealed, [identity]) == b"text"
    assert asked == [1]
    assert identity.kind == kind
    assert str(identity.recipient) == public_line(public)


@pytest.mark.parametrize("kind", FORMATS)
def test_rsa_keys_come_in_every_format(kind: str) -> None:
    sealed = age.encrypt(b"text", [recipient_of(RSA_IDENTITY)])
    assert age.decrypt(sealed, [age.parse_identity(pem(RSA, kind))]) == b"text"


@pytest.mark.parametrize("kind", ["OpenSSH", "PKCS#8"])
def test_ed25519_keys_come_in_two_formats(kind: str) -> None:
    sealed = age.encrypt(b"text", [recipient_of(ED25519_IDENTITY)])
    assert age.decrypt(sealed, [age.parse_identity(pem(ED25519, kind))]) == b"text"


def test_both_kinds_can_stand_in_one_file() -> None:
    sealed = age.encrypt(b"text", [recipient_of(ED25519_IDENTITY), recipient_of(RSA_IDENTITY)])
    assert age.decrypt(sealed, [ED25519_IDENTITY]) == b"text"
    assert age.decrypt(sealed, [RSA_IDENTITY]) == b"text"


def test_ssh_keys_are_not_post_quantum() -> None:
    with pytest.raises(age.RecipientError):
        age.encrypt(b"", [recipient_of(ED25519_IDENTITY), recipient_of(age.generate_identity())])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda text: text.rstrip("\n"), id="no line end at the end"),
        pytest.param(lambda text: text.replace("\n", "\n  "), id="indented"),
    ],
)
@pytest.mark.parametrize("key", [ED25519, RSA])
def test_line_ends_of_a_private_key_do_not_matter(key: Key, change: Callable[[str], str]) -> None:
    identity = age.parse_identity(change(pem(key)))
    sealed = age.encrypt(b"text", [recipient_of(identity)])
    assert age.decrypt(sealed, [identity]) == b"text"


def test_a_public_key_is_known_before_the_private_one_is_decrypted() -> None:
    identity = age.parse_identity(pem(ED25519, passphrase="x"))
    assert identity.recipient == ED25519_IDENTITY.recipient
    assert identity.kind == "ssh-ed25519"


def test_no_passphrase_is_asked_for_a_file_that_is_for_others() -> None:
    def ask() -> str:
        pytest.fail("asked for a passphrase that is not needed")

    identity = age.parse_identity(pem(ED25519, passphrase="x"), ask)
    other = age.generate_identity(post_quantum=False)
    for recipients in ([recipient_of(RSA_IDENTITY)], [recipient_of(other)]):
        with pytest.raises(age.NoIdentityMatch):
            age.decrypt(age.encrypt(b"text", recipients), [identity])


@pytest.mark.parametrize(
    ("key", "kind"),
    [(ED25519, "OpenSSH"), (ED25519, "PKCS#8"), *((RSA, kind) for kind in FORMATS)],
)
def test_a_passphrase_that_is_wrong_or_missing_is_told(key: Key, kind: str) -> None:
    pytest.importorskip("bcrypt")
    recipient = recipient_of(age.parse_identity(pem(key)))
    sealed = age.encrypt(b"text", [recipient])
    text = pem(key, kind, "correct horse")
    for nobody in (None, lambda: None, lambda: ""):
        with pytest.raises(age.PassphraseNeededError):
            age.decrypt(sealed, [age.parse_identity(text, nobody)])
    answers = iter(["wrong", "correct horse"])
    identity = age.parse_identity(text, lambda: next(answers))
    with pytest.raises(age.WrongPassphraseError):
        age.decrypt(sealed, [identity])
    assert age.decrypt(sealed, [identity]) == b"text"
    assert identity.recipient == recipient


def test_a_protected_pem_that_hides_its_public_key_asks_only_where_it_may_help() -> None:
    identity = age.parse_identity(pem(RSA, "PKCS#8", "x"))
    assert (identity.recipient, identity.kind) == (None, "ssh")
    other = age.generate_identity(post_quantum=False)
    with pytest.raises(age.NoIdentityMatch):
        age.decrypt(age.encrypt(b"text", [recipient_of(other)]), [identity])
    with pytest.raises(age.PassphraseNeededError):
        age.decrypt(age.encrypt(b"text", [recipient_of(ED25519_IDENTITY)]), [identity])


def test_without_bcrypt_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    identity = age.parse_identity(pem(ED25519, passphrase="x"), lambda: "x")
    with pytest.raises(age.MissingPackageError, match="bcrypt") as failure:
        age.decrypt(age.encrypt(b"text", [recipient_of(ED25519_IDENTITY)]), [identity])
    assert "[ssh]" in failure.value.hints[0]


def test_a_private_key_with_the_public_part_of_another_is_refused() -> None:
    other = ed25519.Ed25519PrivateKey.generate()
    body = b64decode("".join(pem(ED25519).split("\n")[1:-2]))
    old, new = (key.public_key().public_bytes_raw() for key in (ED25519, other))
    text = b64encode(body.replace(old, new)).decode()
    mixed = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n"
    identity = age.parse_identity(mixed)
    sealed = age.encrypt(b"text", [recipient_of(age.parse_identity(pem(other)))])
    with pytest.raises(age.AgeError):
        age.decrypt(sealed, [identity])


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(ec.generate_private_key(ec.SECP256R1()), id="ECDSA"),
        pytest.param(dsa.generate_private_key(1024), id="DSA"),
        pytest.param(x25519.X25519PrivateKey.generate(), id="X25519"),
    ],
)
def test_other_kinds_of_private_keys_are_named_as_such(key: Key) -> None:
    with pytest.raises(age.UnsupportedKeyError):
        age.parse_identity(pem(key, "PKCS#8"))


def test_an_ecdsa_key_of_openssh_is_named_as_such() -> None:
    with pytest.raises(age.UnsupportedKeyError):
        age.parse_identity(pem(ec.generate_private_key(ec.SECP256R1())))


@pytest.mark.parametrize(
    "text",
    [
        "ecdsa-sha2-nistp256 AAAA",
        "sk-ssh-ed25519@openssh.com AAAA alice",
        "ssh-dss AAAA",
        "ssh-ed25519-cert-v01@openssh.com AAAA",
    ],
)
def test_other_kinds_of_public_keys_are_named_as_such(text: str) -> None:
    with pytest.raises(age.UnsupportedKeyError, match="kind of SSH key"):
        age.parse_recipient(text)


POINT = ED25519.public_key().public_bytes_raw()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(line(b"ssh-ed25519"), id="no key"),
        pytest.param(line(b"ssh-ed25519", POINT[:-1]), id="key too short"),
        pytest.param(line(b"ssh-ed25519", POINT, b""), id="one string too many"),
        pytest.param(line(b"ssh-ed25519", POINT)[:-4], id="cut"),
        pytest.param(line(b"ssh-ed25519", POINT) + "AAAA", id="longer"),
        pytest.param(line(b"ssh-ed25519", POINT).replace("ed25519", "rsa"), id="type mismatch"),
        pytest.param(line(b"ssh-ed25519", b"\x02" + bytes(31)), id="not on the curve"),
        pytest.param(line(b"ssh-ed25519", b"\x01" + bytes(31)), id="neutral element"),
        pytest.param(line(b"ssh-ed25519", bytes(5000)), id="very long"),
        pytest.param(line(b"ssh-rsa", b"\1\0\1"), id="RSA without modulus"),
        pytest.param(line(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xff" * 255), id="RSA, 2040 bits"),
        pytest.param(line(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xff" * 2049), id="RSA, 16392 bits"),
        pytest.param(line(b"ssh-rsa", b"\1\0\1", b"\xff" * 256), id="RSA, negative"),
        pytest.param(line(b"ssh-rsa", b"\0\1\0\1", b"\0" + b"\xff" * 256), id="leading zero"),
        pytest.param(line(b"ssh-rsa", b"\1", b"\0" + b"\xff" * 256), id="exponent 1"),
        pytest.param(line(b"ssh-rsa", b"\4", b"\0" + b"\xff" * 256), id="even exponent"),
        pytest.param(line(b"ssh-rsa", b"\1\0\0\1", b"\0" + b"\xff" * 256), id="huge exponent"),
        pytest.param(line(b"ssh-rsa", b"", b"\0" + b"\xff" * 256), id="exponent 0"),
    ],
)
def test_a_malformed_public_key_is_refused(text: str) -> None:
    with pytest.raises(age.KeyTextError):
        age.parse_recipient(text)


def test_the_montgomery_point_is_the_public_key_of_the_same_secret() -> None:
    from hashlib import sha512

    scalar = sha512(bytes(range(32))).digest()[:32]
    public = x25519.X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes_raw()
    assert montgomery_point(POINT) == public


def test_nothing_is_encrypted_to_a_point_of_low_order() -> None:
    minus_one = (2**255 - 20).to_bytes(32, "little")
    with pytest.raises(age.RecipientError):
        age.encrypt(b"", [age.parse_recipient(line(b"ssh-ed25519", minus_one))])


def test_nothing_is_encrypted_to_an_even_modulus() -> None:
    even = line(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xff" * 255 + b"\xfe")
    with pytest.raises(age.RecipientError):
        age.encrypt(b"", [age.parse_recipient(even)])


@IDENTITIES
def test_a_stanza_bears_a_tag_of_four_bytes(identity: age.Identity) -> None:
    recipient = identity.recipient
    assert isinstance(recipient, SSHRecipient)
    (stanza,) = recipient.wrap(FILE_KEY)
    assert stanza.args[0] == recipient.tag
    assert len(b64decode(recipient.tag + "==")) == 4
    assert identity.unwrap([stanza]) == FILE_KEY


@IDENTITIES
@pytest.mark.parametrize("count", [0, 3])
def test_a_wrong_number_of_arguments_is_a_bad_header(identity: age.Identity, count: int) -> None:
    stanza = Stanza(identity.kind, ("AAAAAA",) * count, bytes(32))
    with pytest.raises(age.HeaderError):
        identity.unwrap([stanza])


@IDENTITIES
def test_a_stanza_with_another_tag_is_left_alone(identity: age.Identity) -> None:
    (stanza,) = recipient_of(identity).wrap(FILE_KEY)
    assert identity.unwrap([stanza._replace(args=("AAAAAA", *stanza.args[1:]))]) is None


@IDENTITIES
@pytest.mark.parametrize("body", [b"", bytes(32), bytes(256)])
def test_a_stanza_with_the_tag_that_does_not_open_is_a_bad_header(
    identity: age.Identity, body: bytes
) -> None:
    (stanza,) = recipient_of(identity).wrap(FILE_KEY)
    with pytest.raises(age.HeaderError):
        identity.unwrap([stanza._replace(body=body)])


def test_a_share_of_low_order_is_a_bad_header() -> None:
    (stanza,) = recipient_of(ED25519_IDENTITY).wrap(FILE_KEY)
    share = encode_base64(bytes(32)).decode()
    with pytest.raises(age.HeaderError, match="low order"):
        ED25519_IDENTITY.unwrap([stanza._replace(args=(stanza.args[0], share))])


def test_a_file_key_of_another_length_is_a_bad_header() -> None:
    (stanza,) = recipient_of(RSA_IDENTITY).wrap(bytes(17))
    with pytest.raises(age.HeaderError, match="length"):
        RSA_IDENTITY.unwrap([stanza])


@IDENTITIES
def test_the_private_key_shows_nowhere_by_itself(identity: age.Identity) -> None:
    assert identity.text is not None
    assert "PRIVATE" in identity.text
    assert identity.text not in f"{identity!r} {identity}"
    assert str(identity.recipient) in repr(identity)
