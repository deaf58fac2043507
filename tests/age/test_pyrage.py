"""Both directions against pyrage, which is rage: another implementation, in Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealedfiles import age
from sealedfiles.age.scrypt import ScryptIdentity, ScryptRecipient

from .kit import recipient_of
from .programs import ssh_keygen

if TYPE_CHECKING:
    from pathlib import Path

pyrage = pytest.importorskip("pyrage", reason="pyrage is not installed")

PLAINTEXT = bytes(i & 0xFF for i in range(150_000))
ARMOR = pytest.mark.parametrize("armor", [True, False], ids=["armor", "binary"])


@ARMOR
def test_x25519(armor: bool) -> None:
    identity = age.generate_identity(post_quantum=False)
    theirs = pyrage.x25519.Identity.from_str(identity.text)
    assert str(theirs.to_public()) == str(identity.recipient)
    sealed = age.encrypt(PLAINTEXT, [recipient_of(identity)], armor)
    assert pyrage.decrypt(sealed, [theirs]) == PLAINTEXT
    # rage adds a stanza of its own that means nothing.
    written = pyrage.encrypt(PLAINTEXT, [theirs.to_public()], armored=armor)
    assert age.decrypt(written, [identity]) == PLAINTEXT


@ARMOR
@pytest.mark.parametrize("options", [("-t", "ed25519"), ("-t", "rsa", "-b", "2048")], ids=" ".join)
def test_ssh(armor: bool, options: tuple[str, ...], tmp_path: Path) -> None:
    private, public = ssh_keygen(tmp_path, *options)
    sealed = age.encrypt(PLAINTEXT, [age.parse_recipient(public)], armor)
    assert pyrage.decrypt(sealed, [pyrage.ssh.Identity.from_buffer(private.encode())]) == PLAINTEXT
    written = pyrage.encrypt(PLAINTEXT, [pyrage.ssh.Recipient.from_str(public)], armored=armor)
    assert age.decrypt(written, age.parse_identities(private)) == PLAINTEXT


@pytest.mark.slow
@ARMOR
def test_scrypt(armor: bool) -> None:
    sealed = age.encrypt(PLAINTEXT, [ScryptRecipient("correct horse", 10)], armor)
    assert pyrage.passphrase.decrypt(sealed, "correct horse") == PLAINTEXT
    written = pyrage.passphrase.encrypt(PLAINTEXT, "correct horse", armored=armor)
    assert age.decrypt(written, [ScryptIdentity("correct horse", 22)]) == PLAINTEXT
