"""Both directions against the real ``age``: the one on PATH, and the one that ``AGE`` names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sealedfiles import age
from sealedfiles.age import bech32
from sealedfiles.age.scrypt import ScryptIdentity, ScryptRecipient

from .kit import recipient_of
from .programs import Age, age_since, ages, install_toy_plugin, missing, on_terminal, ssh_keygen

if TYPE_CHECKING:
    from pathlib import Path

PLAINTEXT = bytes(i & 0xFF for i in range(150_000))
ARMOR = pytest.mark.parametrize("armor", [True, False], ids=["armor", "binary"])


@pytest.fixture(params=ages() or [None], ids=lambda one: one.path if one else "none")
def real(request: pytest.FixtureRequest) -> Age:
    found: Age | None = request.param
    return found or missing("age (on PATH, or named by AGE)")


@pytest.fixture
def modern() -> Age:
    """An age that knows post-quantum and tagged keys."""
    return age_since((1, 3))


def both_directions(
    real: Age, folder: Path, armor: bool, identity_text: str, recipient_text: str
) -> None:
    """Check that *real* opens what we write, and we open what it writes."""
    (folder / "identity").write_text(identity_text)
    identity = age.parse_identities(identity_text)
    sealed = age.encrypt(PLAINTEXT, [age.parse_recipient(recipient_text)], armor)
    assert real.run("-d", "-i", folder / "identity", stdin=sealed) == PLAINTEXT
    options = ["-a"] if armor else []
    theirs = real.run(*options, "-r", recipient_text, stdin=PLAINTEXT)
    assert age.decrypt(theirs, identity) == PLAINTEXT


@ARMOR
def test_our_x25519_keys(real: Age, armor: bool, tmp_path: Path) -> None:
    identity = age.generate_identity(post_quantum=False)
    both_directions(real, tmp_path, armor, str(identity.text), str(identity.recipient))


@ARMOR
def test_x25519_keys_of_age_keygen(real: Age, armor: bool, tmp_path: Path) -> None:
    text = real.keygen()
    (identity,) = age.parse_identities(text)
    assert f"# public key: {identity.recipient}\n" in text
    both_directions(real, tmp_path, armor, text, str(identity.recipient))


@ARMOR
def test_our_post_quantum_keys(modern: Age, armor: bool, tmp_path: Path) -> None:
    identity = age.generate_identity()
    both_directions(modern, tmp_path, armor, str(identity.text), str(identity.recipient))


@ARMOR
def test_post_quantum_keys_of_age_keygen(modern: Age, armor: bool, tmp_path: Path) -> None:
    text = modern.keygen("-pq")
    (identity,) = age.parse_identities(text)
    assert identity.kind == "mlkem768x25519"
    assert f"# public key: {identity.recipient}\n" in text
    both_directions(modern, tmp_path, armor, text, str(identity.recipient))


@pytest.mark.many_variants
@pytest.mark.parametrize(
    "options",
    [
        ("-t", "ed25519"),
        ("-t", "rsa", "-b", "2048"),
        ("-t", "rsa", "-b", "3072", "-m", "PEM"),
        ("-t", "rsa", "-b", "2048", "-m", "PKCS8"),
    ],
    ids=" ".join,
)
@ARMOR
def test_ssh_keys(real: Age, armor: bool, options: tuple[str, ...], tmp_path: Path) -> None:
    both_directions(real, tmp_path, armor, *ssh_keygen(tmp_path, *options))


@ARMOR
def test_plugins(real: Age, armor: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_toy_plugin(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    identity = bech32.encode("AGE-PLUGIN-TOY-", b"")
    both_directions(real, tmp_path, armor, identity, bech32.encode("age1toy", b""))


def test_five_recipients_of_several_kinds(real: Age, tmp_path: Path) -> None:
    identities = [age.generate_identity(post_quantum=False) for _ in range(4)]
    private, public = ssh_keygen(tmp_path, "-t", "ed25519")
    recipients = [recipient_of(one) for one in identities] + [age.parse_recipient(public)]
    sealed = age.encrypt(PLAINTEXT, recipients)
    for text in (private, *(one.text or "" for one in identities)):
        (tmp_path / "identity").write_text(text)
        assert real.run("-d", "-i", tmp_path / "identity", stdin=sealed) == PLAINTEXT


@pytest.mark.slow
def test_a_passphrase(real: Age, tmp_path: Path) -> None:
    sealed, opened = tmp_path / "sealed", tmp_path / "opened"
    sealed.write_bytes(age.encrypt(PLAINTEXT, [ScryptRecipient("correct horse", 10)]))
    status, shown = on_terminal(
        [real.path, "-d", "-o", opened, sealed], [("passphrase", "correct horse")]
    )
    assert status == 0, shown
    assert opened.read_bytes() == PLAINTEXT

    sealed.unlink()
    status, shown = on_terminal(
        [real.path, "-p", "-o", sealed, opened],
        [("passphrase", "correct horse"), ("onfirm passphrase", "correct horse")],
    )
    assert status == 0, shown
    assert age.decrypt(sealed.read_bytes(), [ScryptIdentity("correct horse")]) == PLAINTEXT


@pytest.mark.slow
def test_an_identities_file_that_age_protects_with_a_passphrase(real: Age, tmp_path: Path) -> None:
    plain, sealed = tmp_path / "plain", tmp_path / "sealed"
    plain.write_text(real.keygen())
    status, shown = on_terminal(
        [real.path, "-p", "-a", "-o", sealed, plain],
        [("passphrase", "correct horse"), ("onfirm passphrase", "correct horse")],
    )
    assert status == 0, shown
    (identity,) = age.parse_identities(sealed.read_bytes(), lambda: "correct horse")
    assert str(identity.text) in plain.read_text()


def test_age_refuses_the_mix_that_we_refuse_to_write(modern: Age) -> None:
    hybrid, classic = age.generate_identity(), age.generate_identity(post_quantum=False)
    options = ["-r", str(hybrid.recipient), "-r", str(classic.recipient)]
    with pytest.raises(AssertionError, match="post-quantum"):
        modern.run(*options, stdin=PLAINTEXT)
    with pytest.raises(age.RecipientError, match="post-quantum"):
        age.encrypt(PLAINTEXT, [recipient_of(hybrid), recipient_of(classic)])
