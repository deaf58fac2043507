"""`sealedfiles migrate` from Ansible Vault: files that the real program has written."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from migration import assert_migrated, migrate, repository, run
from people import Repo

from sealedfiles.app.migrate import migrating
from sealedfiles.app.migrate.planning import MigrateRequest, prepare
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

GROUP = """\
# the database
db_host: db.example.net
db_password: s3cr3t-database
nested:
  keys: [s3cr3t-a, s3cr3t-b]
"""
PASSWORD = "the first password"


def vault(repo: Repo, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run ansible-vault, which needs a locale that has UTF-8."""
    return run(repo, "ansible-vault", *arguments, stdin=stdin, LC_ALL="C.UTF-8")


@pytest.fixture(scope="module")
def plays_once(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("ansible")
    repo = repository(folder)
    (folder / "password").write_text(f"{PASSWORD}\n")
    (folder / "other").write_text("the second one")
    repo.write("group_vars/all.yml", GROUP)
    vault(repo, "encrypt", "--vault-password-file", "../password", "group_vars/all.yml")
    repo.write("files/key.pem", b"s3cr3t \x00 key\n")
    vault(repo, "encrypt", "--vault-id", "ops@../other", "files/key.pem")
    options = ("--vault-password-file", "../password")
    names = ("--name", "token", "--name", "key", "--name", "port")
    values = ("s3cr3t-token", "s3cr3t: 1\ntwo\n", "80")
    inline = vault(repo, "encrypt_string", *options, *names, "--", *values).decode()
    repo.write("host_vars/web.yml", f"# the web\nuser: deploy\n{inline}\nports: [80, 443]\n")
    repo.commit("first")
    return repo


@pytest.fixture
def plays(plays_once: Repo, tmp_path: Path) -> Repo:
    """A repository of plays with an encrypted file of each kind, two passwords, and inline values."""
    return plays_once.copy(tmp_path / "orders")


def keys(plays_once: Repo) -> list[str]:
    folder = plays_once.path.parent
    return ["--key", str(folder / "password"), "--key", str(folder / "other")]


@pytest.mark.slow
def test_files_and_inline_values_are_the_same_after_one_command(
    plays: Repo, plays_once: Repo
) -> None:
    yaml = pytest.importorskip("yaml")
    report = migrate(plays, "--yes", *keys(plays_once))
    assert [one["path"] for one in report["files"]] == [
        "files/key.pem",
        "group_vars/all.yml",
        "host_vars/web.yml",
    ]
    assert plays.read("group_vars/all.yml") == GROUP
    assert yaml.safe_load(plays.read("host_vars/web.yml")) == {
        "user": "deploy",
        "token": "s3cr3t-token",
        "key": "s3cr3t: 1\ntwo\n",
        "port": "80",
        "ports": [80, 443],
    }
    assert plays.read("host_vars/web.yml").startswith("# the web\nuser: deploy\n")
    stored = yaml.safe_load(plays.blob("", "host_vars/web.yml"))
    assert (stored["user"], stored["ports"]) == ("deploy", [80, 443])
    assert stored["token"].startswith("sealed:v1:")
    assert_migrated(
        plays,
        {
            "group_vars/all.yml": GROUP,
            "files/key.pem": b"s3cr3t \x00 key\n",
            "host_vars/web.yml": plays.read_bytes("host_vars/web.yml"),
        },
    )


def test_a_value_that_cannot_be_replaced_is_named_and_nothing_is_changed(
    plays: Repo, plays_once: Repo
) -> None:
    path = "host_vars/web.yml"
    text = plays.read(path)
    token = text[text.index("token: ") : text.index("key: ")]
    anchored = text.replace("token: !vault", "token: &one !vault") + "copy: *one\n"
    for odd, said in (
        (text + token, f"{path} has a key twice"),
        (anchored, f"{path}: token: a value with an anchor cannot be migrated"),
    ):
        plays.write(path, odd)
        plays.commit("odd")
        plays.sealedfiles("migrate", "--yes", *keys(plays_once), code=2)
        assert said in plays.stderr
        assert plays.status() == []


def test_no_text_of_the_file_is_taken_for_a_value(plays: Repo, plays_once: Repo) -> None:
    """What stands for a value meanwhile cannot be guessed."""
    text = plays.read("host_vars/web.yml")
    plays.write("host_vars/web.yml", f"{text}trap: sealedfiles-migrates-0\n")
    plays.commit("a trap")
    migrate(plays, "--yes", *keys(plays_once))
    assert "trap: sealedfiles-migrates-0\n" in plays.read("host_vars/web.yml")
    assert b"s3cr3t" not in plays.blob("", "host_vars/web.yml")


def test_a_password_of_the_configuration_is_found(plays_once: Repo, tmp_path: Path) -> None:
    repo = repository(tmp_path, "roles")
    repo.write("ansible.cfg", "[defaults]\nvault_password_file = ../password\n")
    (tmp_path / "password").write_text(PASSWORD)
    for path in ("group_vars/all.yml", "host_vars/web.yml"):
        repo.write(path, plays_once.blob("HEAD", path))
    repo.commit("first")
    assert migrate(repo)["done"] is True
    assert repo.sealedfiles("get", "group_vars/all.yml", "db_password") == "s3cr3t-database\n"
    assert repo.sealedfiles("get", "host_vars/web.yml", "token") == "s3cr3t-token\n"


def test_no_program_of_the_repository_is_run(plays: Repo) -> None:
    plays.write("ansible.cfg", "[defaults]\nvault_password_file = run.sh\n")
    plays.write("run.sh", "#!/bin/sh\ntouch ran\necho x\n")
    (plays.path / "run.sh").chmod(0o755)
    plays.commit("a program")
    plays.sealedfiles("migrate", "--yes", code=3)
    assert "there is no password" in plays.stderr
    assert not (plays.path / "ran").exists()


@pytest.mark.many_variants
@pytest.mark.parametrize("damage", ["password", "value", "cut off", "form"])
def test_what_does_not_decrypt_changes_nothing(plays: Repo, plays_once: Repo, damage: str) -> None:
    options = keys(plays_once)
    code = 3
    if damage == "password":
        options = options[:2]
    elif damage in ("value", "cut off"):
        text = plays.read("group_vars/all.yml")
        # The last digit of what is encrypted, in hexadecimal digits that are written in hexadecimal again.
        new = text[:-3] + ("31" if text[-3:-1] == "30" else "30") + "\n"
        plays.write("group_vars/all.yml", new if damage == "value" else text[:-4])
        plays.commit("damage")
        code = 3 if damage == "value" else 4
    else:
        plays.edit("files/key.pem", "$ANSIBLE_VAULT;1.2", "$ANSIBLE_VAULT;9.9")
        plays.commit("newer")
        code = 2
    plays.sealedfiles("migrate", "--yes", "--plain-comments", *options, code=code)
    assert "s3cr3t" not in plays.stderr
    assert not (plays.path / ".sealedfiles").exists()
    assert plays.status() == []


def test_a_locked_index_is_reported_as_such(plays: Repo, plays_once: Repo) -> None:
    lock = plays.folder("index.lock")
    lock.touch()
    plays.sealedfiles("migrate", "--yes", *keys(plays_once), code=None)
    assert f"the index is locked: {lock} exists" in plays.stderr
    assert "merge" not in plays.stderr
    lock.unlink()
    migrate(plays, "--yes", *keys(plays_once))


def test_an_interrupted_set_up_is_not_continued_in_a_repository_that_has_one(
    plays: Repo, plays_once: Repo
) -> None:
    """Its keys may be those that somebody else has pushed since."""
    plays.sealedfiles("init", "--no-hooks")
    plays.commit("sealedfiles")
    plays.sealedfiles("lock")
    tree = plays.git("write-tree").strip()
    record = f'{{"tool": "ansible-vault", "tree": "{tree}", "is_new": true}}'
    plays.folder("sealedfiles-migration").write_text(record)
    plays.sealedfiles("migrate", "--yes", "--plain-comments", *keys(plays_once), code=2)
    assert "this clone is locked" in plays.stderr


@pytest.fixture
def outside(plays: Repo, tmp_path: Path) -> Path:
    """An empty folder out of the repository."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def replace_by_link(plays: Repo, outside: Path) -> None:
    shutil.rmtree(plays.path / "group_vars")
    (plays.path / "group_vars").symlink_to(outside)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs a right to create links")
@pytest.mark.parametrize("is_link", [True, False])
def test_a_link_in_the_place_of_a_folder_is_refused_before_anything_is_changed(
    plays: Repo, plays_once: Repo, outside: Path, *, is_link: bool
) -> None:
    replace_by_link(plays, outside)
    if not is_link:
        (plays.path / "group_vars").unlink()
        plays.write("group_vars", "a file\n")
    before = plays.git("ls-files", "--stage")
    plays.sealedfiles("migrate", "--yes", *keys(plays_once), code=2)
    kind = "symbolic link" if is_link else "file"
    assert f"group_vars, which is a {kind}, and a folder in git" in plays.stderr
    assert plays.git("ls-files", "--stage") == before
    assert not (plays.path / ".sealedfiles").exists()
    assert list(outside.iterdir()) == []
    # What the message advises.
    (plays.path / "group_vars").unlink()
    plays.git("restore", "--", str(plays.path / "group_vars"))
    migrate(plays, "--yes", *keys(plays_once))
    assert plays.read("group_vars/all.yml") == GROUP


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs a right to create links")
def test_nothing_is_written_beyond_a_link_that_appears_later(
    plays: Repo, plays_once: Repo, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(plays.path)
    for name, value in plays.person.environment().items():
        monkeypatch.setenv(name, value)
    prepared = prepare(MigrateRequest(None, key_files=tuple(keys(plays_once)[1::2])))
    assert prepared.plan
    replace_by_link(plays, outside)
    with pytest.raises(UsageError, match="which is a symbolic link"):
        migrating.migrate(prepared, prepared.plan, None, None, TERMINAL, lambda: None)
    assert list(outside.iterdir()) == []
