"""`sealedfiles keygen` and `init`: where a new key is stored, and keys for machines."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, YAML, Person, Repo, program
from secret_service import PASSWORD, run, with_hanging_keyring, with_keyring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from conftest import World

PRIVATE = re.compile(r"AGE-SECRET-KEY-PQ-1[A-Z0-9]+")


def at_desktop(
    person: Person,
    *arguments: str,
    cwd: Path | None = None,
    wrap: Callable[[Sequence[str]], list[str]] = with_keyring,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the program in a desktop session, without a setting that selects the keyring."""
    environment = person.environment()
    del environment["PYTHON_KEYRING_BACKEND"], environment["HOME"]
    return run(
        wrap([*program(), *arguments]),
        person.home,
        cwd=cwd,
        variables={**environment, **(variables or {})},
    )


@pytest.mark.slow
def test_on_a_desktop_the_key_goes_to_the_keyring(alice: Person) -> None:
    done = at_desktop(alice, "keygen")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"age1pq1[a-z0-9]+\n", done.stdout)
    assert "the private key is in the OS keyring; fingerprint " in done.stderr
    assert not alice.identities.exists()
    assert at_desktop(alice, "key", "list", "--public").stdout == done.stdout


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"CI": "true"}, "the OS keyring is not used, because CI is set"),
        ({"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}, "did not store the key"),
        ({"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}, "no keyring was found"),
        ({"PYTHON_KEYRING_BACKEND": "no.such.Keyring"}, "the OS keyring cannot be used: "),
    ],
)
def test_an_unusable_keyring_is_reported_and_a_private_file_is_used(
    alice: Person, variables: dict[str, str], why: str
) -> None:
    done = at_desktop(alice, "keygen", wrap=list, variables=variables)
    assert done.returncode == 0, done.stderr
    assert f"the private key is in {alice.identities} (" in done.stderr
    assert why in done.stderr
    assert PRIVATE.search(alice.identities.read_text())
    if sys.platform != "win32":
        assert stat.S_IMODE(alice.identities.stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_locked_keyring_is_left_alone(alice: Person) -> None:
    at_desktop(alice, "keygen")
    done = at_desktop(
        alice, "keygen", wrap=lambda command: with_keyring(command, "not " + PASSWORD)
    )
    assert done.returncode == 0, done.stderr
    assert f"the private key is in {alice.identities} (the OS keyring is locked)" in done.stderr


@pytest.mark.slow
def test_a_keyring_that_hangs_costs_three_seconds_and_not_the_key(
    alice: Person, tmp_path: Path
) -> None:
    done = at_desktop(alice, "keygen", wrap=lambda c: with_hanging_keyring(c, tmp_path))
    assert done.returncode == 0, done.stderr
    assert "(the OS keyring does not respond)" in done.stderr
    assert PRIVATE.search(alice.identities.read_text())


def test_a_given_file_is_used(alice: Person) -> None:
    done = at_desktop(alice, "keygen", "-o", "key.txt")
    assert "the private key is in key.txt; fingerprint" in done.stderr
    assert at_desktop(alice, "key", "list").stdout == ""


@pytest.mark.slow
def test_init_puts_a_new_key_into_the_keyring_and_finds_it_again(
    fresh: Repo, tmp_path: Path
) -> None:
    alice = fresh.person
    fresh.write(".env", "PASSWORD=s3cr3t\n")
    done = at_desktop(alice, "init", "--name", "alice", cwd=fresh.path)
    assert done.returncode == 0, done.stderr
    assert "new, in the OS keyring" in done.stderr
    assert not alice.identities.exists()
    fresh.sealedfiles("track", "*.env")
    fresh.commit("sealed")

    # From here on the cache has the keys: no keyring is asked.
    assert b"s3cr3t" not in fresh.blob("HEAD", ".env")
    clone = alice.clone(fresh, tmp_path / "clone")
    assert "sealed:v1" in clone.read(".env")
    done = at_desktop(alice, "unlock", cwd=clone.path)
    assert done.returncode == 0, done.stderr
    assert clone.read(".env") == "PASSWORD=s3cr3t\n"
    clone.git("checkout", "--", ".env")
    assert clone.status() == []

    second = alice.repository(tmp_path / "second")
    done = at_desktop(alice, "init", "--name", "alice", cwd=second.path)
    assert "found in the OS keyring" in done.stderr
    assert (second.path / ".sealedfiles/recipients/alice.pub").read_bytes() == (
        fresh.path / ".sealedfiles/recipients/alice.pub"
    ).read_bytes()


def test_init_does_not_take_the_keys_of_ssh_and_sops_without_confirmation(fresh: Repo) -> None:
    ssh_key(fresh.person)
    fresh.sealedfiles("init", "--name", "alice")
    assert (fresh.path / ".sealedfiles/recipients/alice.pub").read_text().startswith("age1pq1")


# -- machines


def deploy(repo: Repo, *options: str) -> str:
    return repo.sealedfiles("keygen", "--deploy", "ci", "--to", "default", *options)


def machine(home: Path, key: str) -> Person:
    """A build machine: an empty home directory, and one variable."""
    return Person.at(home).having(SEALEDFILES_KEY=key, CI="true")


def test_only_the_deploy_key_is_on_stdout_and_it_decrypts_only_its_groups(
    repo: Repo, tmp_path: Path
) -> None:
    before = repo.person.identities.read_bytes()
    key = deploy(repo)
    comment, private = key.removesuffix("\n").split("\n")
    start = repo.read(".sealedfiles/keys/default/epochs").split(" ")[0]
    assert comment == f"# sealedfiles: default starts with {start}"
    assert PRIVATE.fullmatch(private)
    assert key.strip() not in repo.stderr
    assert "SEALEDFILES_KEY" in repo.stderr
    assert repo.person.identities.read_bytes() == before
    for file in repo.path.rglob("*"):
        assert not file.is_file() or key.strip().encode() not in file.read_bytes(), file

    repo.git("commit", "--quiet", "--message", "let the build machine read")
    clone = machine(tmp_path / "ci", key).clone(repo, tmp_path / "build")
    opened = clone.sealedfiles("cat", ENV)
    assert "s3cr3t-db-alpha" in opened
    assert "s3cr3t-production" not in opened
    assert not list(clone.person.home.rglob("identities"))


def test_a_deploy_key_may_read_several_groups_and_be_classic(repo: Repo, tmp_path: Path) -> None:
    key = deploy(repo, "--to", "production", "--classic")
    assert re.fullmatch(r"(# sealedfiles: [^\n]+\n){2}AGE-SECRET-KEY-1[A-Z0-9]+\n", key)
    repo.git("commit", "--quiet", "--message", "let the build machine read")
    clone = machine(tmp_path / "ci", key).clone(repo, tmp_path / "build")
    assert clone.sealedfiles("cat", ENV) == FILES[ENV]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--deploy", "ci"],
        ["--deploy", "ci", "--to", "default", "-o", "key.txt"],
        ["--deploy", "bob", "--to", "default"],
        ["--deploy", "Not A Name", "--to", "default"],
        ["--deploy", "", "--to", "default"],
        ["--to", "default"],
    ],
)
def test_wrong_usage_generates_no_key(repo: Repo, arguments: list[str]) -> None:
    assert repo.sealedfiles("keygen", *arguments, code=2) == ""
    assert repo.status() == []


def test_somebody_who_does_not_read_a_group_gets_no_key_for_it(
    world: World, tmp_path: Path
) -> None:
    clone = world.copy("bob", tmp_path / "bob's")
    assert clone.sealedfiles("keygen", "--deploy", "ci", "--to", "production", code=3) == ""
    assert clone.status() == []


# -- SSH keys: no new key is made


def ssh_key(person: Person, passphrase: str = "") -> str:
    """Generate a person's existing SSH key; return its public key."""
    if not shutil.which("ssh-keygen"):
        if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
            pytest.fail("ssh-keygen is missing")
        pytest.skip("ssh-keygen is missing")
    path = person.home / ".ssh" / "id_ed25519"
    path.parent.mkdir(mode=0o700)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "carol@laptop"]
    person.run([*command, "-f", str(path)], person.home)
    return path.with_name("id_ed25519.pub").read_text()


def test_somebody_who_has_an_ssh_key_on_github_needs_no_other(repo: Repo, tmp_path: Path) -> None:
    carol = Person.at(tmp_path / "carol")
    # What https://github.com/carol.keys answers: type and key, no comment.
    (tmp_path / "carol.keys").write_text(" ".join(ssh_key(carol).split()[:2]) + "\n")
    repo.sealedfiles(
        "grant", "carol", "--key-file", str(tmp_path / "carol.keys"), "--to", "default"
    )
    repo.git("commit", "--quiet", "--message", "let carol read")
    clone = carol.clone(repo, tmp_path / "carol's")
    clone.sealedfiles("unlock")
    assert "s3cr3t-db-alpha" in clone.read(ENV)
    assert not carol.identities.exists()


@pytest.mark.parametrize("command", [("get", YAML, "database.password"), ("cat", ENV), ("unlock",)])
def test_a_protected_ssh_key_without_bcrypt_says_what_to_install(
    repo: Repo, tmp_path: Path, command: tuple[str, ...]
) -> None:
    carol = Person.at(tmp_path / "carol")
    repo.sealedfiles("grant", "carol", ssh_key(carol, "a passphrase"), "--to", "default")
    repo.git("commit", "--quiet", "--message", "let carol read")
    clone = carol.clone(repo, tmp_path / "carol's")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/bcrypt.py").write_text("raise ImportError('hidden by a test')\n")
    clone.person.variables["PYTHONPATH"] = str(tmp_path / "hidden")
    clone.sealedfiles(*command, code=3)
    place = carol.home / ".ssh/id_ed25519"
    severity = "error" if command[0] == "get" else "warning"
    first, second = clone.stderr.split("\n")[:2]
    assert first.startswith(f"sealedfiles: {severity}: {place}: an SSH key with a passphrase needs")
    assert "bcrypt" in first
    assert second.startswith("hint: install it: ")
    assert second.endswith("-m pip install 'sealedfiles[ssh]'")


@pytest.mark.parametrize("line_end", ["\n", "\\n", " "])
def test_an_ssh_deploy_key_works_as_it_is(repo: Repo, tmp_path: Path, line_end: str) -> None:
    carol = Person.at(tmp_path / "carol")
    (tmp_path / "deploy.pub").write_text(ssh_key(carol))
    repo.sealedfiles("grant", "ci", "--key-file", str(tmp_path / "deploy.pub"), "--to", "default")
    repo.git("commit", "--quiet", "--message", "let the build machine read")
    private = (carol.home / ".ssh/id_ed25519").read_text().replace("\n", line_end)
    clone = machine(tmp_path / "ci", private).clone(repo, tmp_path / "build")
    assert "s3cr3t-db-alpha" in clone.sealedfiles("cat", ENV)


def test_if_no_key_decrypts_it_every_place_is_listed(repo: Repo, tmp_path: Path) -> None:
    dave = Person.at(tmp_path / "dave")
    public = dave.keygen()
    clone = dave.clone(repo, tmp_path / "dave's")
    clone.sealedfiles("unlock", code=3)
    assert f"checked {dave.identities}: {public[:24]}…{public[-8:]}\n" in clone.stderr
    assert "not set: SEALEDFILES_KEY, SEALEDFILES_KEY_FILE, SEALEDFILES_KEY_CMD" in clone.stderr
    assert "the OS keyring cannot be used: no keyring was found" in clone.stderr
    assert str(dave.home / ".ssh/id_ed25519") in clone.stderr
    assert "readers of default who can grant access: alice, bob" in clone.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_key_is_not_written_in_the_place_of_a_device_or_a_fifo(alice: Person) -> None:
    fifo = alice.home / "fifo"
    os.mkfifo(fifo)
    _, error = alice.run([*program(), "keygen", "-o", str(fifo)], alice.home, code=2)
    assert "is not a regular file" in error
    assert fifo.is_fifo()
