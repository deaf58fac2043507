"""`sealedfiles migrate` from transcrypt, in the format of openssl, and from agenix, with files of age."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pytest
from age.programs import ssh_keygen
from migration import BINARY, DATABASE, DOTENV, assert_migrated, migrate, plan, repository, run

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo

FILES: dict[str, str | bytes] = {"secret/database.yaml": DATABASE, ".env": DOTENV}
PASSWORD = "correct horse battery staple"
ATTRIBUTES = (
    "secret/* filter=crypt diff=crypt merge=crypt\n.env filter=crypt diff=crypt merge=crypt\n"
)


@pytest.fixture
def crypt(tmp_path: Path) -> Repo:
    """A repository with files that transcrypt has encrypted, which is what openssl writes, unlocked."""
    repo = repository(tmp_path)
    repo.write(".gitattributes", ATTRIBUTES)
    repo.git("add", ".gitattributes")
    for path, content in FILES.items():
        data = content if isinstance(content, bytes) else content.encode()
        salt = hmac.digest(f"{path}:{PASSWORD}".encode(), data, "sha256").hex()[-16:]
        options = ("-aes-256-cbc", "-md", "MD5", "-pass", f"pass:{PASSWORD}", "-S", salt)
        body = run(repo, "openssl", "enc", "-e", *options, stdin=data)
        body = body.removeprefix(b"Salted__" + bytes.fromhex(salt))  # of older versions
        message = b"Salted__" + bytes.fromhex(salt) + body
        repo.write(path, run(repo, "openssl", "base64", "-e", stdin=message))
        oid = repo.git("hash-object", "-w", "--no-filters", path).strip()
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
        repo.write(path, data)
    repo.git("commit", "--quiet", "-m", "first")
    repo.git("config", "transcrypt.password", PASSWORD)
    repo.git("config", "transcrypt.cipher", "aes-256-cbc")
    return repo


def test_files_of_transcrypt_are_the_same_after_one_command(crypt: Repo) -> None:
    report = migrate(crypt)
    assert report["tool"] == "transcrypt"
    assert [one["confirmed"] for one in report["files"]] == [True, True]
    assert "crypt" not in crypt.read(".gitattributes").replace("sealedfiles", "")
    assert_migrated(crypt, FILES)


def test_the_password_may_be_in_a_file_and_a_wrong_one_is_refused(
    crypt: Repo, tmp_path: Path
) -> None:
    copy = crypt.person.clone(crypt, tmp_path / "copy")
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (tmp_path / "wrong").write_text("x\n")
    for options in ([], ["--key", str(tmp_path / "wrong")]):
        copy.sealedfiles("migrate", "--yes", *options, code=3)
        assert "does not decrypt with a password of transcrypt" in copy.stderr
    report = migrate(copy, "--yes", "--key", str(tmp_path / "password"))
    assert report["done"] is True
    assert_migrated(copy, FILES)


@pytest.fixture
def system(tmp_path: Path) -> Repo:
    """A repository of a system, with files for an SSH key of two readers each, armored and binary."""
    repo = repository(tmp_path)
    folder = repo.person.home / ".ssh"
    folder.mkdir()
    _, own = ssh_keygen(folder, "-t", "ed25519", "-C", "alice@host")
    (folder / "id").rename(folder / "id_ed25519")
    other = tmp_path / "other"
    other.mkdir()
    host = ssh_keygen(other, "-t", "ed25519", "-C", "root@host")[1].strip()
    own = own.strip()
    repo.write(
        "secrets/secrets.nix",
        f'let\n  alice = "{own}";\n  web = "{host}";\nin {{\n'
        '  "password.age".publicKeys = [ alice web ];\n  "own.json.age".publicKeys = [ alice ];\n}\n',
    )
    armored = ("-a", "-r", own, "-o", "secrets/own.json.age")
    run(repo, "age", *armored, stdin=b'{"token": "s3cr3t-own"}\n')
    binary = ("-r", own, "-r", host, "-o", "secrets/password.age")
    run(repo, "age", *binary, stdin=BINARY)
    repo.commit("first")
    return repo


@pytest.mark.slow
def test_files_of_agenix_and_their_readers(system: Repo) -> None:
    readers = {one["name"]: one for one in plan(system)["readers"]}
    assert [readers[name]["groups"] for name in ("alice", "web")] == [["default"], []]
    web = f"web={readers['web']['key']}"
    migrate(system, "--yes", "--group", "web", "--grant", web, "secrets/password.age")
    assert (system.path / ".sealedfiles/keys/web/web.age").exists()
    assert (system.path / "secrets/secrets.nix").exists()
    report = migrate(system)
    assert {one["from"] for one in report["files"]} == {"secrets/own.json.age"}
    assert not (system.path / "secrets/secrets.nix").exists()
    assert_migrated(
        system, {"secrets/password": BINARY, "secrets/own.json": '{"token": "s3cr3t-own"}\n'}
    )
    assert not (system.path / ".sealedfiles/keys/default/web.age").exists()


@pytest.mark.parametrize("path", ["x/.gitattributes.age", "x/.age", "linked/a.age"])
def test_a_plaintext_is_not_written_where_git_reads_it_or_beyond_a_link(
    system: Repo, path: str
) -> None:
    recipient = system.read("secrets/secrets.nix").split('"')[1]
    (system.path / "x").mkdir()
    (system.path / "linked").mkdir()
    run(system, "age", "-r", recipient, "-o", path, stdin=b"* filter=evil\n")
    system.commit("pushed")
    if path.startswith("linked"):
        (system.path / path).unlink()
        (system.path / "linked").rmdir()
        (system.path / "linked").symlink_to(system.person.home)
    system.sealedfiles("migrate", "--yes", path, code=2)
    assert not (system.path / ".sealedfiles").exists()
    assert not (system.path / "x/.gitattributes").exists()
    assert not (system.person.home / "a").exists()
