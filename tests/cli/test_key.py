"""`sealedfiles key`: listing, moving and deleting stored keys."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from people import Person, Repo, program
from secret_service import PASSWORD, run, with_keyring

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from subprocess import CompletedProcess


def key(person: Person, *arguments: str, code: int = 0, answers: str = "") -> tuple[str, str]:
    out, err = person.run([*program(), "key", *arguments], person.home, answers, code)
    return out.decode(), err


def keygen(person: Person) -> str:
    return person.run([*program(), "keygen"], person.home)[0].decode().strip()


def test_the_list_has_number_fingerprint_kind_and_place(alice: Person) -> None:
    keygen(alice)
    keygen(alice)
    lines = key(alice, "list")[0].split("\n")
    for number, line in enumerate(lines[:-1], 1):
        assert re.fullmatch(
            rf"{number}  [a-z2-7]{{20}}  mlkem768x25519  {re.escape(str(alice.identities))}", line
        )
    assert len(lines) == 3


def test_the_public_keys_are_as_grant_takes_them(alice: Person) -> None:
    made = [keygen(alice), keygen(alice)]
    assert key(alice, "list", "--public")[0].split("\n")[:-1] == made


def test_the_list_for_programs_has_the_names_that_who_has(alice: Person) -> None:
    made = keygen(alice)
    shown = key(alice, "list")[0].split()[1]
    data = json.loads(key(alice, "list", "--json")[0])
    assert data == {
        "version": 1,
        "keys": [
            {
                "number": 1,
                "kind": "age, post-quantum hybrid",
                "post_quantum": True,
                "fingerprint": shown,
                "ssh_fingerprint": None,
                "public_key": made,
                "place": str(alice.identities),
            }
        ],
    }
    assert key(alice, "list", "--json", "--public", code=2)[0] == ""


def test_no_key_is_no_error(alice: Person) -> None:
    out, err = key(alice, "list")
    assert out == ""
    assert "sealedfiles keygen" in err
    assert json.loads(key(alice, "list", "--json")[0]) == {"version": 1, "keys": []}


def test_export_prints_the_private_key_and_nothing_else(alice: Person) -> None:
    keygen(alice)
    assert key(alice, "export")[0].strip() in alice.identities.read_text()
    assert re.fullmatch(r"AGE-SECRET-KEY-PQ-1[A-Z0-9]+\n", key(alice, "export", "1")[0])


def test_export_to_a_file_makes_a_private_one(alice: Person) -> None:
    keygen(alice)
    key(alice, "export", "-o", "backup")
    backup = alice.home / "backup"
    assert key(alice, "export")[0].strip() in backup.read_text()
    if sys.platform != "win32":
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    key(alice, "export", "-o", "backup", code=2)


def test_one_of_several_keys_must_be_specified(alice: Person) -> None:
    keygen(alice)
    keygen(alice)
    prints = [line.split()[1] for line in key(alice, "list")[0].split("\n")[:-1]]
    out, err = key(alice, "export", code=2)
    assert out == ""
    assert all(one in err for one in prints)
    second = key(alice, "export", "2")[0]
    assert key(alice, "export", prints[1])[0] == second
    assert key(alice, "export", prints[1][:8])[0] == second
    assert key(alice, "export", "3", code=2)[0] == ""
    assert key(alice, "export", prints[1][:2], code=2)[0] == ""


def test_import_takes_a_backup_once(alice: Person) -> None:
    public = keygen(alice)
    backup = key(alice, "export")[0]
    alice.identities.unlink()
    for _ in range(2):
        key(alice, "import", "-", answers=backup)
    assert key(alice, "list", "--public")[0] == f"{public}\n"


@pytest.mark.parametrize("content", ["nonsense", "", "age1pq1qqqq"])
def test_import_refuses_an_invalid_private_key(alice: Person, content: str) -> None:
    key(alice, "import", "-", answers=content, code=3)
    assert not alice.identities.exists()


def test_import_of_a_missing_file_is_an_error(alice: Person) -> None:
    assert "no such file" in key(alice, "import", "missing", code=1)[1]


def test_an_ssh_key_stays_where_it_is(alice: Person) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
    )
    assert "SSH keys" in key(alice, "import", "-", answers=pem.decode(), code=2)[1]


def test_delete_removes_one_key_and_its_comments(alice: Person) -> None:
    first, second = keygen(alice), keygen(alice)
    text = alice.identities.read_text()
    alice.identities.write_text("# my keys\n" + text)
    key(alice, "delete", "1", "--yes")
    assert key(alice, "list", "--public")[0] == f"{second}\n"
    assert first not in alice.identities.read_text()
    assert alice.identities.read_text() == "# my keys\n" + "\n".join(text.split("\n")[3:])
    if sys.platform != "win32":
        assert stat.S_IMODE(alice.identities.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 1), ("", 1), ("y", 1)])
def test_delete_asks(
    alice: Person, answer: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from age.programs import on_terminal

    keygen(alice)
    monkeypatch.chdir(alice.home)
    for name, value in alice.environment().items():
        monkeypatch.setenv(name, value)
    status, shown = on_terminal([*program(), "key", "delete", "1"], [("(yes/no)", answer)])
    assert status == code, shown
    assert bool(key(alice, "list")[0]) == bool(code)


def test_without_a_terminal_nothing_is_deleted_without_confirmation(alice: Person) -> None:
    keygen(alice)
    done = run([*program(), "key", "delete", "1"], alice.home, variables=surroundings(alice))
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert key(alice, "list")[0]


# -- with a real keyring


def surroundings(person: Person) -> dict[str, str]:
    environment = person.environment()
    del environment["HOME"]
    return environment


@pytest.fixture
def desktop(alice: Person) -> Callable[..., CompletedProcess[str]]:
    """Run the program as Alice in a desktop session."""

    def at_desktop(
        *arguments: str,
        answers: str = "",
        code: int = 0,
        wrap: Callable[[Sequence[str]], list[str]] = with_keyring,
    ) -> CompletedProcess[str]:
        environment = surroundings(alice)
        del environment["PYTHON_KEYRING_BACKEND"]
        done = run(wrap([*program(), *arguments]), alice.home, answers, variables=environment)
        assert done.returncode == code, done.stderr
        return done

    return at_desktop


@pytest.mark.slow
def test_a_key_moves_from_the_file_to_the_keyring_and_is_deleted_from_either(
    alice: Person, desktop: Callable[..., CompletedProcess[str]]
) -> None:
    public = keygen(alice)
    assert "is stored in the OS keyring" in desktop("key", "import", str(alice.identities)).stderr
    lines = desktop("key", "list").stdout.split("\n")
    assert lines[0].endswith("  the OS keyring")
    assert lines[1].endswith(f"  {alice.identities}")
    private = desktop("key", "export", lines[0].split()[1]).stdout
    assert private.strip() in alice.identities.read_text()

    desktop("key", "delete", "2", "--yes")
    assert "AGE-SECRET-KEY" not in alice.identities.read_text()
    assert desktop("key", "list", "--public").stdout == f"{public}\n"
    assert desktop("key", "export").stdout == private

    desktop("key", "delete", "1", "--yes")
    assert desktop("key", "list").stdout == ""


@pytest.mark.slow
def test_of_several_keys_in_the_keyring_one_is_deleted(
    desktop: Callable[..., CompletedProcess[str]],
) -> None:
    made = [desktop("keygen").stdout for _ in range(3)]
    desktop("key", "delete", "2", "--yes")
    assert desktop("key", "list", "--public").stdout == made[0] + made[2]


@pytest.mark.slow
def test_a_locked_keyring_is_named_and_the_rest_is_listed(
    alice: Person, desktop: Callable[..., CompletedProcess[str]]
) -> None:
    desktop("keygen")
    public = keygen(alice)
    done = desktop(
        "key", "list", "--public", wrap=lambda command: with_keyring(command, "not " + PASSWORD)
    )
    assert done.stdout == f"{public}\n"
    assert "the OS keyring is locked" in done.stderr


@pytest.mark.parametrize("command", [("keygen",), ("key", "export")])
def test_no_command_writes_a_key_into_the_repository(fresh: Repo, command: tuple[str, ...]) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles(*command, "-o", "ci.key", code=2)
    assert "ci.key is inside the repository" in fresh.stderr
    assert not (fresh.path / "ci.key").exists()
