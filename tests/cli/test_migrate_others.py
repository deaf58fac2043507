"""`sealedfiles migrate` from transcrypt, in the format of openssl, and from agenix, with files of age."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pytest
from age.programs import ssh_keygen
from migration import BINARY, DATABASE, DOTENV, assert_migrated, migrate, plan, repository, run

from sealedfiles import age

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo

pytestmark = pytest.mark.slow

FILES: dict[str, str | bytes] = {"secret/database.yaml": DATABASE, ".env": DOTENV}
PASSWORD, OTHER_PASSWORD = "correct horse battery staple", "pass: w\u00f6rd"
ATTRIBUTES = (
    "secret/* filter=crypt diff=crypt merge=crypt\n.env filter=crypt diff=crypt merge=crypt\n"
)


def encrypt(repo: Repo, path: str, data: bytes, cipher: str, password: str) -> None:
    """Stage what transcrypt makes of *data*, as it does: with openssl; the working tree has *data*."""
    salt = hmac.digest(f"{path}:{password}".encode(), data, "sha256").hex()[-16:]
    options = (f"-{cipher}", "-md", "MD5", "-pass", f"pass:{password}", "-S", salt)
    body = run(repo, "openssl", "enc", "-e", *options, stdin=data)
    body = body.removeprefix(b"Salted__" + bytes.fromhex(salt))  # of older versions
    message = b"Salted__" + bytes.fromhex(salt) + body
    repo.write(path, run(repo, "openssl", "base64", "-e", stdin=message))
    oid = repo.git("hash-object", "-w", "--no-filters", path).strip()
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
    repo.write(path, data)


@pytest.fixture
def crypt(tmp_path: Path) -> Repo:
    """A repository with files that transcrypt has encrypted, which is what openssl writes, unlocked."""
    repo = repository(tmp_path)
    repo.write(".gitattributes", ATTRIBUTES)
    repo.git("add", ".gitattributes")
    for path, content in FILES.items():
        data = content if isinstance(content, bytes) else content.encode()
        encrypt(repo, path, data, "aes-256-cbc", PASSWORD)
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


def test_an_empty_file_that_a_pattern_matches_stays_as_it_is(crypt: Repo) -> None:
    """transcrypt encrypts no empty files."""
    crypt.write("secret/empty.yaml", "")
    crypt.git("-c", "filter.crypt.clean=cat", "add", "secret/empty.yaml")
    crypt.git("commit", "--quiet", "-m", "empty")
    planned = plan(crypt)
    assert planned["notes"] == []
    assert [one["pattern"] for one in planned["tracked"]] == ["secret/*", ".env"]
    migrate(crypt)
    assert_migrated(crypt, FILES)
    assert crypt.blob("HEAD", "secret/empty.yaml") == b""
    crypt.sealedfiles("check")
    assert "plaintext" not in crypt.sealedfiles("status")
    crypt.write("secret/empty.yaml", "password: s3cr3t-later\n")
    crypt.git("add", "--all")
    assert b"sealed:v1:" in crypt.blob("", "secret/empty.yaml")
    assert b"s3cr3t" not in crypt.blob("", "secret/empty.yaml")


def test_a_branch_of_transcrypt_is_merged_after_the_migration(crypt: Repo) -> None:
    crypt.git("checkout", "--quiet", "-b", "feature")
    new = "password: s3cr3t-new\n"
    encrypt(crypt, "secret/new.yaml", new.encode(), "aes-256-cbc", PASSWORD)
    crypt.git("commit", "--quiet", "-m", "feature")
    crypt.git("checkout", "--quiet", "--force", "-")
    migrate(crypt)
    crypt.git("commit", "--quiet", "-m", "migrate")
    crypt.git("merge", "--quiet", "-m", "merge", "feature")
    found = crypt.sealedfiles("check", code=1)
    assert "secret/new.yaml:1: encrypted with transcrypt" in found
    assert "-> sealedfiles migrate" in found
    assert [one["path"] for one in migrate(crypt)["files"]] == ["secret/new.yaml"]
    assert_migrated(crypt, {**FILES, "secret/new.yaml": new})


@pytest.mark.slow
def test_a_context_with_its_own_cipher_and_attributes_in_a_subfolder(tmp_path: Path) -> None:
    """A monorepo whose deployment has a separate password: the context becomes a group."""
    repo = repository(tmp_path, "monorepo")
    names = "filter=crypt-live-keys diff=crypt-live-keys merge=crypt-live-keys"
    repo.write("deploy/.gitattributes", f'"live keys/**" {names}\n*.json {names} text\n')
    repo.write(".gitattributes", "*.env filter=crypt diff=crypt merge=crypt\n*.png binary\n")
    repo.write("deploy/readme.md", "# Deployment\n")
    repo.write("app/main.py", "print()\n")
    repo.git("add", "--all")
    files: dict[str, str | bytes] = {
        "deploy/live keys/eu/tls.p12": BINARY,
        "deploy/live keys/database.yaml": DATABASE,
        "deploy/service.json": '{"token": "s3cr3t-service"}\n',
    }
    for path, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        encrypt(repo, path, data, "aes-128-cbc", OTHER_PASSWORD)
    encrypt(repo, "app/prod.env", DOTENV.encode(), "aes-192-cbc", PASSWORD)
    repo.git("commit", "--quiet", "-m", "first")
    for group, cipher, password in (
        ("transcrypt", "aes-192-cbc", PASSWORD),
        ("transcrypt.live-keys", "aes-128-cbc", OTHER_PASSWORD),
    ):
        repo.git("config", f"{group}.cipher", cipher)
        repo.git("config", f"{group}.password", password)
    report = migrate(repo)
    groups = {one["path"]: one["group"] for one in report["files"]}
    assert groups == {**dict.fromkeys(files, "live-keys"), "app/prod.env": "default"}
    assert all(one["confirmed"] for one in report["files"])
    assert repo.git("ls-files", "deploy/.gitattributes", "app/main.py") == (
        "app/main.py\ndeploy/.gitattributes\n"
    )
    assert repo.read("deploy/.gitattributes") == "*.json text\n"
    assert_migrated(repo, {**files, "app/prod.env": DOTENV})
    repo.write("deploy/live keys/later.yaml", "password: s3cr3t-later\n")
    repo.git("add", "--all")
    assert b"sealed:v1:live-keys:" in repo.blob("", "deploy/live keys/later.yaml")


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


@pytest.mark.slow
def test_a_system_of_several_hosts_with_keys_of_many_kinds(tmp_path: Path) -> None:
    """secrets.nix at the top, lists of readers, files in nested folders, a key of age itself."""
    repo = repository(tmp_path, "nixos")
    own = age.generate_identity(post_quantum=False)
    (tmp_path / "key.txt").write_text(f"# of alice\n{own.text}\n")
    folder = tmp_path / "hosts"
    folder.mkdir()
    hosts = {}
    for name, kind in (("web", "ed25519"), ("db", "rsa")):
        public = ssh_keygen(folder, "-t", kind, "-C", f"root@{name}")[1].split()
        hosts[name] = " ".join(public[:2])
        for file in folder.iterdir():
            file.unlink()
    bob = age.generate_identity(post_quantum=True)
    repo.write(
        "secrets.nix",
        "let\n"
        f'  alice = "{own.recipient}"; # a laptop\n'
        f'  bob = [ "{bob.recipient}" ];\n'
        f'  web = "{hosts["web"]}";\n'
        f'  db = "{hosts["db"]} root@db";\n'
        "  users = [ alice ] ++ bob;\n"
        "in\n{\n"
        '  "secrets/web/tls.key.age".publicKeys = users ++ [ web ];\n'
        '  "secrets/db/env.age" = { publicKeys = users ++ [ db ]; armor = true; };\n'
        '  "secrets/shared.yaml.age".publicKeys = users ++ [ web db ];\n}\n',
    )
    repo.write("flake.nix", "{ }\n")
    files: dict[str, tuple[str | bytes, list[str], list[str]]] = {
        "secrets/web/tls.key": (BINARY, [hosts["web"]], []),
        "secrets/db/env": ("PGPASSWORD=s3cr3t-db\n", [hosts["db"]], ["-a"]),
        "secrets/shared.yaml": (DATABASE, [*hosts.values()], []),
    }
    for path, (content, keys, options) in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        chosen = [str(own.recipient), *keys]
        (repo.path / path).parent.mkdir(parents=True, exist_ok=True)
        recipients = [word for key in chosen for word in ("-r", key)]
        run(repo, "age", *options, *recipients, "-o", f"{path}.age", stdin=data)
    repo.commit("first")
    listed = plan(repo, "--identity", str(tmp_path / "key.txt"))
    assert listed["removed"] == ["secrets.nix"]
    assert {one["name"] for one in listed["readers"]} == {"alice", "bob", "web", "db"}
    shown = repo.sealedfiles("migrate", "--dry-run", "--identity", str(tmp_path / "key.txt"))
    assert "can decrypt 0 of 3 files: grant it: sealedfiles grant bob KEY --to GROUP\n" in shown
    assert "can decrypt 2 of 3 files: migrate their files to a new group: " in shown
    report = migrate(repo, "--yes", "--identity", str(tmp_path / "key.txt"))
    assert {one["from"] for one in report["files"]} == {f"{path}.age" for path in files}
    left = repo.git("ls-files").split()
    assert "flake.nix" in left
    assert not [
        path for path in left if path.endswith((".age", "secrets.nix")) and "keys/" not in path
    ]
    assert_migrated(repo, {path: content for path, (content, _, _) in files.items()})


@pytest.mark.parametrize("path", ["x/.gitattributes.age", "x/.git.age", "x/.age", "linked/a.age"])
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
    assert [one.name for one in (system.path / "x").iterdir() if one.suffix != ".age"] in (
        [],
        [".age"],
    )
    assert not (system.person.home / "a").exists()
