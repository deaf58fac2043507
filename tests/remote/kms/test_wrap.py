"""Each key management service, as far as there is one to talk to; programs of clouds are scripts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from services import Bao, program

from sealedfiles.errors import RemoteError
from sealedfiles.remote.aws import Aws
from sealedfiles.remote.kms.uri import KmsUri, NotDecryptedError, parse_uri
from sealedfiles.remote.kms.wrap import decrypt, encrypt
from sealedfiles.remote.vault import connect

TEXT = b"# sealedfiles: production starts with 26jymm5cqmjw6zo3\nAGE-SECRET-KEY-s3cr3t\n"
CONTEXT = {"sealedfiles-reader": "ci", "sealedfiles-key": "kcmzf66bkcmzf66bkcmz"}
OTHER = {**CONTEXT, "sealedfiles-reader": "other"}


@pytest.fixture
def aws_key(aws: str) -> KmsUri:
    arn = Aws("kms").call("CreateKey", {})["KeyMetadata"]["Arn"]
    return parse_uri(f"aws-kms://{arn}")


@pytest.fixture
def vault_key(bao: Bao, monkeypatch: pytest.MonkeyPatch) -> Iterator[KmsUri]:
    monkeypatch.setenv("VAULT_ADDR", bao.address)
    monkeypatch.setenv("VAULT_TOKEN", bao.token)
    connect.cache_clear()
    mount = f"transit-{time.monotonic_ns()}"
    bao.request("POST", f"sys/mounts/{mount}", {"type": "transit"})
    bao.request("POST", f"{mount}/keys/ci", {})
    yield parse_uri(f"vault-transit://{mount}/ci")
    connect.cache_clear()


@pytest.fixture
def gpg_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KmsUri]:
    gpg = program("gpg")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    batch = [gpg, "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"]
    make = [*batch, "--quick-generate-key", "CI <ci@example.org>", "rsa2048", "encrypt"]
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    listed = subprocess.run(
        [gpg, "--with-colons", "--list-keys"], check=True, capture_output=True, text=True
    )
    line = next(line for line in listed.stdout.split("\n") if line.startswith("fpr:"))
    yield parse_uri(f"gpg://{line.split(':')[9]}")
    subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)


every_service = pytest.mark.parametrize("name", ["aws_key", "vault_key", "gpg_key"])


@pytest.mark.slow
@every_service
def test_what_was_encrypted_is_decrypted(name: str, request: pytest.FixtureRequest) -> None:
    uri = request.getfixturevalue(name)
    text = encrypt(uri, TEXT, CONTEXT)
    assert text.isascii()
    assert "SECRET" not in text
    assert decrypt(uri, text, CONTEXT) == TEXT


@pytest.mark.parametrize(
    "answer",
    [
        TEXT.decode(),
        b64encode(TEXT).decode(),
        f"vault:v1:{b64encode(TEXT).decode()}",
        f"vault:v1:{b64encode(b64encode(TEXT)).decode()}",
        f"{TEXT.decode().lower()}",
        "vault:v1:aaaa\n\x1b[31m",
        "",
    ],
)
def test_what_is_no_ciphertext_is_not_stored(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """A stand-in, or a proxy, may return what it was given."""

    class Service:
        encrypt = staticmethod(lambda *_: answer)

    monkeypatch.setattr("sealedfiles.remote.kms.wrap._service", lambda _: Service)
    with pytest.raises(RemoteError, match="the service returned"):
        encrypt(parse_uri("vault-transit://transit/ci"), TEXT, CONTEXT)


@pytest.mark.parametrize("name", ["aws_key", "vault_key"])
def test_another_context_does_not_decrypt_it(name: str, request: pytest.FixtureRequest) -> None:
    uri = request.getfixturevalue(name)
    text = encrypt(uri, TEXT, CONTEXT)
    with pytest.raises(NotDecryptedError):
        decrypt(uri, text, OTHER)


@pytest.mark.parametrize("name", ["aws_key", "vault_key"])
def test_what_is_not_a_ciphertext(name: str, request: pytest.FixtureRequest) -> None:
    uri = request.getfixturevalue(name)
    for text in ("", "vault:v1:AAAA", "AAAA", "\N{SNOWMAN}", '"&calc"'):
        with pytest.raises(NotDecryptedError):
            decrypt(uri, text, CONTEXT)


def test_after_a_rotation_in_vault_it_is_decrypted_still(bao: Bao, vault_key: KmsUri) -> None:
    text = encrypt(vault_key, TEXT, CONTEXT)
    bao.request("POST", f"{vault_key.parts['mount']}/keys/ci/rotate", {})
    assert decrypt(vault_key, text, CONTEXT) == TEXT


def test_a_key_that_vault_does_not_have(vault_key: KmsUri) -> None:
    other = parse_uri(f"{vault_key.text}-none")
    with pytest.raises(NotDecryptedError):
        decrypt(other, "vault:v1:AAAA", CONTEXT)


def test_a_kind_of_key_in_vault_that_binds_no_context(bao: Bao, vault_key: KmsUri) -> None:
    bao.request("POST", f"{vault_key.parts['mount']}/keys/rsa", {"type": "rsa-2048"})
    uri = parse_uri(f"vault-transit://{vault_key.parts['mount']}/rsa")
    with pytest.raises(RemoteError, match="aes256-gcm96") as error:
        encrypt(uri, TEXT, CONTEXT)
    assert "vault write -f" in error.value.hints[0]


def test_a_key_that_aws_does_not_have(aws: str) -> None:
    uri = parse_uri("aws-kms://alias/none?region=eu-central-1")
    with pytest.raises(RemoteError, match="NotFoundException"):
        encrypt(uri, TEXT, CONTEXT)


def test_gpg_says_why_it_failed(gpg_key: KmsUri) -> None:
    with pytest.raises(RemoteError, match="gpg failed with exit status 2: gpg: "):
        decrypt(gpg_key, "no message", CONTEXT)


def test_gpg_gives_no_more_than_an_identity_can_have(gpg_key: KmsUri) -> None:
    """Much text is compressed to a small message, which anyone can push."""
    text = encrypt(gpg_key, b"\0" * (1 << 20), CONTEXT)
    with pytest.raises(RemoteError, match="gpg failed"):
        decrypt(gpg_key, text, CONTEXT)


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RemoteError, match="the program gpg was not found on PATH"):
        decrypt(parse_uri(f"gpg://{'A' * 40}"), "x", CONTEXT)


def write_program(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program, written in Python, on PATH."""
    path = folder / name
    path.write_text(f"#!{sys.executable} -I\n{script}")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


GCLOUD = """
import pathlib, sys
names = dict(zip(sys.argv[3:-1:2], sys.argv[4::2]))
assert sys.argv[1] == "kms" and sys.argv[-1] == "--quiet"
assert names["--key"] == "projects/p/locations/l/keyRings/r/cryptoKeys/k"
assert names["--plaintext-file"] == names["--ciphertext-file"] == "-"
bound = pathlib.Path(names["--additional-authenticated-data-file"]).read_bytes() + b"|"
data = sys.stdin.buffer.read()
if sys.argv[2] == "encrypt":
    sys.stdout.buffer.write(bound + bytes(byte ^ 255 for byte in data))
elif data.startswith(bound):
    sys.stdout.buffer.write(bytes(byte ^ 255 for byte in data[len(bound):]))
else:
    sys.exit("ERROR: (gcloud.kms.decrypt) INVALID_ARGUMENT: Decryption failed")
"""


def test_a_program_gets_no_private_key_in_its_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_program(tmp_path, "gcloud", "import os, sys\nprint(*sorted(os.environ))\n", monkeypatch)
    for name in ("SEALEDFILES_KEY", "SEALEDFILES_KEY_FILE", "SOPS_AGE_KEY", "CLOUDSDK_CONFIG"):
        monkeypatch.setenv(name, "s3cr3t")
    uri = parse_uri("gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k")
    seen = decrypt(uri, "AAAA", CONTEXT).decode().split()
    assert "CLOUDSDK_CONFIG" in seen
    assert not [name for name in seen if name.startswith(("SEALEDFILES_KEY", "SOPS_AGE"))]


def test_google_cloud_by_its_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_program(tmp_path, "gcloud", GCLOUD, monkeypatch)
    uri = parse_uri("gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k")
    text = encrypt(uri, TEXT, CONTEXT)
    assert decrypt(uri, text, CONTEXT) == TEXT
    with pytest.raises(RemoteError, match=r"gcloud failed .*: ERROR: .*Decryption failed"):
        decrypt(uri, text, OTHER)


AZ = """
import base64, json, pathlib, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
names = dict(zip(sys.argv[4::2], sys.argv[5::2]))
assert sys.argv[1:3] == ["keyvault", "key"]
assert (names["--vault-name"], names["--name"], names["--version"]) == ("acme", "ci", "0" * 32)
private = serialization.load_pem_private_key(pathlib.Path(__file__).with_name("key.pem").read_bytes(), None)
if sys.argv[3] == "download":
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pathlib.Path(names["--file"]).write_bytes(pem)
else:
    assert (names["--algorithm"], names["--data-type"]) == ("RSA-OAEP-256", "base64")
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    found = private.decrypt(base64.b64decode(names["--value"]), oaep)
    print(json.dumps({"result": base64.b64encode(found).decode()}))
"""


def test_azure_by_its_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "key.pem").write_bytes(private)
    write_program(tmp_path, "az", AZ, monkeypatch)
    uri = parse_uri(f"azure-kv://acme/ci/{'0' * 32}")
    text = encrypt(uri, TEXT, CONTEXT)
    assert decrypt(uri, text, CONTEXT) == TEXT
    with pytest.raises(RemoteError, match="az failed"):
        decrypt(uri, "AAAA", CONTEXT)
    with pytest.raises(NotDecryptedError, match="not base64"):
        decrypt(uri, '"&calc"', CONTEXT)
    with pytest.raises(RemoteError, match="too long for an RSA key of 2048 bits"):
        encrypt(uri, TEXT * 3, CONTEXT)
