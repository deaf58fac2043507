"""Keys that need a passphrase, on a real terminal if needed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from age.programs import TIMEOUT, on_terminal, ssh_keygen
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from sealedfiles import age
from sealedfiles.keys.identity.locations import identities_file
from sealedfiles.keys.identity.sources import Identities

from .kit import ALICE, BOB, recipient_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")

PROGRAM = """
import os, sys
from sealedfiles import age
from sealedfiles.errors import SealedFilesError
from sealedfiles.keys.identity.sources import Identities
# As in a git filter, stdin and stdout are somebody else's.
elsewhere = os.open(os.devnull, os.O_RDWR)
os.dup2(elsewhere, 0)
os.dup2(elsewhere, 1)
def open_file(name):
    identities = Identities(sys.argv[1] or None)
    data = open(name, "rb").read()
    for identity in identities:
        try:
            return age.decrypt(data, [identity]).decode()
        except age.AgeError:
            pass
    return "closed; " + " | ".join(identities.report())
for name in sys.argv[2:]:
    try:
        result = open_file(name)
    except SealedFilesError as error:
        result = " | ".join((error.message, *error.hints))
    print(f"<<{result}>>", file=sys.stderr)
"""


def program(explicit: Path | str, *files: Path) -> list[str]:
    """The command that decrypts *files* one after the other, without cached results."""
    return [sys.executable, "-c", PROGRAM, str(explicit), *map(str, files)]


def at_terminal(explicit: Path | str, *files: Path, answers: list[str]) -> str:
    waiting = [("passphrase of ", answer) for answer in answers]
    status, shown = on_terminal(program(explicit, *files), waiting)
    assert status == 0, shown
    return shown


def without_terminal(explicit: Path | str, *files: Path) -> str:
    done = subprocess.run(
        program(explicit, *files),
        input="secret\n",
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr


def seal(path: Path, recipient: age.Recipient, text: str = "plain") -> Path:
    path.write_bytes(age.encrypt(text.encode(), [recipient]))
    return path


@pytest.fixture
def sealed(tmp_path: Path) -> list[Path]:
    """Two files encrypted to Alice."""
    return [seal(tmp_path / f"{n}.age", recipient_of(ALICE), f"plain {n}") for n in (1, 2)]


@pytest.fixture
def protected(tmp_path: Path) -> Path:
    """Alice's identities, protected by the passphrase `secret`."""
    path = tmp_path / "protected"
    recipient = age.ScryptRecipient("secret", work_factor=2)
    path.write_bytes(age.encrypt(f"{ALICE.text}\n".encode(), [recipient]))
    path.chmod(0o600)
    return path


def test_a_protected_file_asks_once_at_the_terminal(protected: Path, sealed: list[Path]) -> None:
    shown = at_terminal(protected, *sealed, answers=["secret"])
    assert shown.count("passphrase of") == 1
    assert f"passphrase of --identity {protected}:" in shown
    assert "<<plain 1>>" in shown
    assert "<<plain 2>>" in shown
    assert "secret" not in shown


def test_a_wrong_passphrase_may_be_given_again(protected: Path, sealed: list[Path]) -> None:
    shown = at_terminal(protected, *sealed, answers=["wrong", "secret"])
    assert shown.count("wrong passphrase for") == 1
    assert "<<plain 1>>" in shown
    assert "<<plain 2>>" in shown


def test_after_three_wrong_ones_nobody_is_asked_again(protected: Path, sealed: list[Path]) -> None:
    shown = at_terminal(protected, *sealed, answers=["wrong"] * 4)
    assert shown.count("passphrase of --identity") == 3
    assert shown.count("the passphrase does not decrypt the identities file") == 2


def test_no_passphrase_is_an_answer_that_counts(protected: Path, sealed: list[Path]) -> None:
    shown = at_terminal(protected, *sealed, answers=["", "secret"])
    assert shown.count("passphrase of --identity") == 1
    assert shown.count("no passphrase was entered") == 2


def test_without_a_terminal_it_says_what_to_do(protected: Path, sealed: list[Path]) -> None:
    said = without_terminal(protected, sealed[0])
    assert "protected by a passphrase, and no passphrase was entered" in said
    assert "sealedfiles unlock" in said
    assert "SEALEDFILES_KEY_CMD" in said


def test_the_identities_file_without_a_terminal_is_no_obstacle_to_what_comes_later(
    protected: Path, sealed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    identities_file().parent.mkdir(parents=True)
    protected.rename(identities_file())
    assert f"checked {identities_file()}: no usable key" in without_terminal("", sealed[0])
    monkeypatch.setenv("SOPS_AGE_KEY", str(ALICE.text))
    assert without_terminal("", sealed[0]) == "<<plain 1>>\n"


def test_without_prompts_a_protected_file_is_skipped(protected: Path) -> None:
    identities_file().parent.mkdir(parents=True)
    protected.rename(identities_file())
    identities = Identities()
    assert list(identities.without_prompt()) == []
    assert not [line for line in identities.report() if str(identities_file()) in line]


# -- SSH keys


@pytest.fixture
def ssh(home: Path) -> Path:
    folder = home / ".ssh"
    folder.mkdir()
    return folder


def test_an_ssh_key_opens_what_is_for_it(ssh: Path, tmp_path: Path) -> None:
    _, public = make_key(ssh, "id_ed25519")
    file = seal(tmp_path / "a.age", age.parse_recipient(public))
    assert without_terminal("", file) == "<<plain>>\n"


def test_a_protected_ssh_key_asks_once_for_the_files_that_are_for_it(
    ssh: Path, tmp_path: Path
) -> None:
    _, public = make_key(ssh, "id_ed25519", passphrase="secret")
    files = [seal(tmp_path / f"{n}.age", age.parse_recipient(public)) for n in (1, 2)]
    shown = at_terminal("", *files, answers=["wrong", "secret"])
    assert shown.count(f"passphrase of {ssh / 'id_ed25519'}:") == 2
    assert shown.count("<<plain>>") == 2


@pytest.mark.slow
def test_after_three_wrong_passphrases_an_ssh_key_is_not_asked_about_again(
    ssh: Path, tmp_path: Path
) -> None:
    _, public = make_key(ssh, "id_ed25519", passphrase="secret")
    files = [seal(tmp_path / f"{n}.age", age.parse_recipient(public)) for n in (1, 2)]
    shown = at_terminal("", *files, answers=["wrong", "wrong", "wrong"])
    assert shown.count(f"passphrase of {ssh / 'id_ed25519'}:") == 3
    assert shown.count("<<closed; ") == 2


def test_a_protected_ssh_key_does_not_ask_for_files_of_others(
    ssh: Path, tmp_path: Path, sealed: list[Path]
) -> None:
    make_key(ssh, "id_ed25519", passphrase="secret")
    (tmp_path / "other").mkdir()
    other = age.parse_recipient(ssh_keygen(tmp_path / "other", "-t", "ed25519")[1])
    shown = at_terminal("", *sealed, seal(tmp_path / "o.age", other), answers=[])
    assert "passphrase of" not in shown
    assert shown.count("<<closed; ") == 3


def test_without_a_terminal_a_protected_ssh_key_says_why_it_did_not_do(
    ssh: Path, tmp_path: Path
) -> None:
    _, public = make_key(ssh, "id_ed25519", passphrase="secret")
    said = without_terminal("", seal(tmp_path / "a.age", age.parse_recipient(public)))
    command = ["ssh-keygen", "-lf", str(ssh / "id_ed25519.pub")]
    shown = subprocess.run(command, capture_output=True, check=True).stdout.decode().split()[1]
    assert f"checked {ssh / 'id_ed25519'}: ssh-ed25519 {shown} " in said
    assert "no passphrase was entered" in said


@pytest.fixture
def rsa_public(ssh: Path) -> age.Recipient:
    """The public key of a protected PEM file, which does not contain it."""
    key = rsa.generate_private_key(65537, 2048)
    (ssh / "id_rsa").write_bytes(
        key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"secret")
        )
    )
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    (ssh / "id_rsa.pub").write_text(f"{public} alice@host\n")
    return age.parse_recipient(public)


def test_a_protected_pem_file_is_known_by_the_public_half_beside_it(
    ssh: Path, rsa_public: age.Recipient, tmp_path: Path, others_rsa: age.Recipient
) -> None:
    others = seal(tmp_path / "others.age", others_rsa)
    assert "passphrase of" not in at_terminal("", others, answers=[])
    mine = seal(tmp_path / "mine.age", rsa_public)
    assert "<<plain>>" in at_terminal("", mine, answers=["secret"])


def test_without_its_public_half_a_protected_pem_file_is_not_tried(
    ssh: Path, rsa_public: age.Recipient, tmp_path: Path
) -> None:
    (ssh / "id_rsa.pub").unlink()
    shown = at_terminal("", seal(tmp_path / "mine.age", rsa_public), answers=[])
    assert "passphrase of" not in shown
    assert f"ssh-keygen -y -f {ssh / 'id_rsa'}" in shown


@pytest.fixture
def others_rsa() -> age.Recipient:
    public = rsa.generate_private_key(65537, 2048).public_key()
    text = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return age.parse_recipient(text)


def make_key(folder: Path, name: str, passphrase: str = "") -> tuple[str, str]:
    """Generate an SSH key with `ssh-keygen`."""
    private, public = ssh_keygen(folder, "-t", "ed25519", passphrase=passphrase)
    for suffix in ("", ".pub"):
        (folder / f"id{suffix}").rename(folder / f"{name}{suffix}")
    return private, public


def test_a_plugin_that_is_missing_is_said_to_be(sealed: list[Path], tmp_path: Path) -> None:
    from sealedfiles.age import bech32

    (tmp_path / "key").write_text(bech32.encode("AGE-PLUGIN-MISSING-", b"data") + "\n")
    (tmp_path / "key").chmod(0o600)
    said = without_terminal(tmp_path / "key", sealed[0])
    assert "age-plugin-missing" in said


def test_bob_is_not_alice(tmp_path: Path, protected: Path) -> None:
    shown = at_terminal(protected, seal(tmp_path / "b.age", recipient_of(BOB)), answers=["secret"])
    assert f"closed; checked --identity {protected}: {ALICE.recipient}" in shown.replace("\r\n", "")
