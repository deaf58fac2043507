"""Identities that a key management service has encrypted; here that is a stand-in that counts its calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealedfiles import age
from sealedfiles.errors import ConflictError, NoKeyError, RemoteError, UsageError
from sealedfiles.keys.expected import UnexpectedKeyError
from sealedfiles.keys.folder import DirFolder
from sealedfiles.keys.identity import kms_file
from sealedfiles.keys.identity.kms_file import KmsIdentity, format_file, parse_setting, read_head
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.recipients import fingerprint
from sealedfiles.keys.wrapping import write_file
from sealedfiles.remote.kms import wrap
from sealedfiles.remote.kms.uri import KmsUri, NotDecryptedError, parse_uri

URI = "vault-transit://transit/ci"
STARTS = "# sealedfiles: production starts with 26jymm5cqmjw6zo3\n"


def new_key() -> tuple[str, str]:
    """Return the text of a private key, and the fingerprint of its public key."""
    made = age.generate_identity()
    assert made.text
    assert made.recipient
    return made.text, fingerprint(made.recipient)


class Kms:
    """A service with one key, which binds the context to a ciphertext."""

    def __init__(self) -> None:
        self.calls = 0
        self.trouble: RemoteError | None = None

    def encrypt(self, uri: KmsUri, data: bytes, context: wrap.Context) -> str:
        return f"{uri.text} {sorted(context.items())}|{data.hex()}"

    def decrypt(self, uri: KmsUri, text: str, context: wrap.Context) -> bytes:
        self.calls += 1
        if self.trouble:
            raise self.trouble
        start = self.encrypt(uri, b"", context)
        if not text.startswith(start):
            raise NotDecryptedError("the context differs")
        return bytes.fromhex(text[len(start) :])


@pytest.fixture(autouse=True)
def kms(monkeypatch: pytest.MonkeyPatch) -> Kms:
    service = Kms()
    monkeypatch.setattr(wrap, "decrypt", service.decrypt)
    kms_file._decrypted.cache_clear()
    return service


@pytest.fixture
def folder(tmp_path: Path) -> DirFolder:
    root = tmp_path / ".sealedfiles"
    root.mkdir()
    return DirFolder(root)


def store(folder: DirFolder, kms: Kms, text: str, pin: str, reader: str = "ci") -> KmsIdentity:
    """Store *text* as keygen does, and return the identity to expect."""
    identity = KmsIdentity(parse_uri(URI), reader, pin)
    ciphertext = kms.encrypt(identity.uri, text.encode(), identity.context)
    write_file(folder, identity.file, format_file(identity, ciphertext))
    return identity


def test_the_setting_is_what_keygen_prints() -> None:
    identity = KmsIdentity(parse_uri(URI), "ci", "kcmzf66bkcmzf66bkcmz")
    assert str(identity) == "vault-transit://transit/ci#ci=kcmzf66bkcmzf66bkcmz"
    assert parse_setting(f" {identity}\n") == identity


@pytest.mark.parametrize(
    "text",
    [
        "1",
        URI,
        f"{URI}#ci",
        f"{URI}#ci=short",
        f"{URI}#../ci=kcmzf66bkcmzf66bkcmz",
        f"{URI}#=kcmzf66bkcmzf66bkcmz",
        "ftp://x#ci=kcmzf66bkcmzf66bkcmz",
    ],
)
def test_a_setting_that_does_not_say_what_to_expect_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_setting(text)


def test_the_file_is_a_head_and_what_the_services_program_takes(
    folder: DirFolder, kms: Kms
) -> None:
    identity = store(folder, kms, "text", "kcmzf66bkcmzf66bkcmz")
    data = (folder.read("identities/ci.kms") or b"").decode()
    head, _, body = data.partition("\n\n")
    assert head.split("\n")[1:] == [
        "reader: ci",
        "key: kcmzf66bkcmzf66bkcmz",
        f"kms: {URI}",
        "context: sealedfiles-reader=ci,sealedfiles-key=kcmzf66bkcmzf66bkcmz",
    ]
    assert body == kms.encrypt(identity.uri, b"text", identity.context) + "\n"


def test_the_head_is_for_people(folder: DirFolder, kms: Kms) -> None:
    identity = store(folder, kms, "text", "kcmzf66bkcmzf66bkcmz")
    assert read_head(folder, "ci") == identity
    assert read_head(folder, "bob") is None
    data = folder.read(identity.file) or b""
    write_file(folder, identity.file, data.replace(b"\n", b"\r\n"))
    assert read_head(folder, "ci") == identity
    for text in (
        b"",
        b"AAAA",
        data.replace(b"reader: ci", b"reader: cd").replace(b"reader=ci", b"reader=cd"),
        data.replace(b"context: ", b"context: more,"),
        data.replace(b"key: ", b"key: \x1b[2J"),
        data.partition(b"\n\n")[0],
    ):
        write_file(folder, identity.file, text)
        assert read_head(folder, "ci") is None


def test_the_service_is_called_once(
    folder: DirFolder, kms: Kms, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, pin = new_key()
    monkeypatch.setenv("SEALEDFILES_KMS", str(store(folder, kms, STARTS + text, pin)))
    for _ in range(2):
        identities = Identities()
        identities.folders = lambda: [folder]
        assert next(iter(identities)).text == text
        assert identities.expected == {"production": {"26jymm5cqmjw6zo3"}}
    assert kms.calls == 1


def test_it_is_asked_only_if_a_program_may_be_started(
    folder: DirFolder, kms: Kms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filter tries few places for values of groups that it never used, hundreds of times a day."""
    text, pin = new_key()
    monkeypatch.setenv("SEALEDFILES_KMS", str(store(folder, kms, text, pin)))
    identities = Identities()
    identities.folders = lambda: [folder]
    assert all(one.text != text for one in identities.without_prompt())
    assert kms.calls == 0


def test_without_the_variable_a_file_is_not_used(
    folder: DirFolder, kms: Kms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEALEDFILES_KMS", raising=False)
    text, pin = new_key()
    store(folder, kms, text, pin)
    identities = Identities()
    identities.folders = lambda: [folder]
    assert all(one.text != text for one in identities)
    assert kms.calls == 0
    assert not any("KMS" in line for line in identities.report())


def test_without_the_file_other_places_are_used(
    folder: DirFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALEDFILES_KMS", f"{URI}#ci=kcmzf66bkcmzf66bkcmz")
    identities = Identities()
    identities.folders = lambda: [folder]
    list(identities)
    wanted = f"without the file .sealedfiles/identities/ci.kms: SEALEDFILES_KMS ({URI})"
    assert wanted in identities.report()


class Merging:
    """A version of the folder in the middle of a merge."""

    where = "the index"

    def read(self, name: str) -> bytes | None:
        raise ConflictError(f"{name} has a merge conflict")

    def list(self, name: str) -> list[str]:
        return [name]


def test_a_version_without_the_file_and_one_with_a_conflict_are_passed(
    folder: DirFolder, kms: Kms, tmp_path: Path
) -> None:
    text, pin = new_key()
    identity = store(folder, kms, text, pin)
    empty = DirFolder(tmp_path / "none")
    assert kms_file.load(identity, [Merging(), empty, folder]) == text.encode()
    assert kms_file.load(identity, [empty]) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("reader: ci", "reader: other"),
        ("key: ", "key: a"),
        (f"kms: {URI}", "kms: vault-transit://transit/mallory"),
        ("sealedfiles-reader=ci", "sealedfiles-reader=other"),
        ("\n\n", "\nmore: x\n\n"),
    ],
)
def test_a_file_with_another_head_is_refused_before_the_service_is_called(
    folder: DirFolder, kms: Kms, old: str, new: str
) -> None:
    text, pin = new_key()
    identity = store(folder, kms, text, pin)
    data = (folder.read(identity.file) or b"").decode()
    assert old in data
    write_file(folder, identity.file, data.replace(old, new, 1).encode())
    with pytest.raises(
        UnexpectedKeyError, match="is not of the reader, the public key and the URI"
    ):
        kms_file.load(identity, [folder])
    assert kms.calls == 0


def test_a_symbolic_link_is_refused(folder: DirFolder, kms: Kms, tmp_path: Path) -> None:
    text, pin = new_key()
    identity = store(folder, kms, text, pin)
    file = folder.root / identity.file
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnexpectedKeyError, match="is a symbolic link"):
        kms_file.load(identity, [folder])
    assert kms.calls == 0


def test_a_huge_file_is_refused(folder: DirFolder, kms: Kms) -> None:
    text, pin = new_key()
    identity = store(folder, kms, text, pin)
    data = folder.read(identity.file) or b""
    write_file(folder, identity.file, data + b" " * (1 << 16))
    with pytest.raises(UnexpectedKeyError):
        kms_file.load(identity, [folder])
    assert kms.calls == 0


def test_the_ciphertext_of_another_reader_is_refused(folder: DirFolder, kms: Kms) -> None:
    """The service checks the reader's name, which is part of the context."""
    text, pin = new_key()
    other = store(folder, kms, text, pin, reader="other")
    identity = store(folder, kms, text, pin)
    head = (folder.read(identity.file) or b"").partition(b"\n\n")[0]
    body = (folder.read(other.file) or b"").partition(b"\n\n")[2]
    write_file(folder, identity.file, head + b"\n\n" + body)
    with pytest.raises(UnexpectedKeyError, match="not one of this key and reader"):
        kms_file.load(identity, [folder])
    assert kms.calls == 1


def test_another_key_is_refused_if_the_service_encrypts_for_everybody(
    folder: DirFolder, kms: Kms
) -> None:
    """As OpenPGP: anyone who has the public key can encrypt with it, to any context."""
    text, pin = new_key()
    for forged in (new_key()[0], f"{text}\n{new_key()[0]}", STARTS, "AGE-PLUGIN-EVIL-1QQQQ", ""):
        identity = store(folder, kms, forged, pin)
        with pytest.raises(UnexpectedKeyError, match="is not the private key of ci"):
            kms_file.load(identity, [folder])


def test_a_service_that_fails_is_a_missing_key(folder: DirFolder, kms: Kms) -> None:
    text, pin = new_key()
    identity = store(folder, kms, text, pin)
    kms.trouble = RemoteError("Vault: the token has expired", "log in again")
    with pytest.raises(NoKeyError, match="SEALEDFILES_KMS: Vault: the token has expired") as error:
        kms_file.load(identity, [folder])
    assert error.value.hints == ("log in again",)


def test_line_ends_of_windows(folder: DirFolder, kms: Kms) -> None:
    text, pin = new_key()
    identity = store(folder, kms, text, pin)
    data = folder.read(identity.file) or b""
    write_file(folder, identity.file, data.replace(b"\n", b"\r\n"))
    assert kms_file.load(identity, [folder]) == text.encode()
