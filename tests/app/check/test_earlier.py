"""Plaintext in a file's history from before it was tracked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from check.toy import Toy
from sealedfiles.app.check.earlier import earlier_plaintext
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    from pathlib import Path

OLD = "config/app.yaml"
LINE = "config/*.yaml filter=sealedfiles -text\n"


@pytest.fixture
def adopted(toy: Toy) -> Toy:
    """A file that was in plaintext for three commits, in another form in the second, and is tracked now."""
    toy.write(OLD, "# settings\ndb:\n  password: hunter2-old\n  port: 5432\n")
    toy.commit()
    toy.write(OLD, "db:\n  password: hunter2-old\n  port: 5433\n")
    toy.commit()
    toy.write("README.md", "unrelated\n")
    toy.commit()
    attributes = toy.read(".gitattributes")
    toy.write(".gitattributes", attributes + LINE)
    toy.write(OLD, toy.sealed(toy.read(OLD), OLD))
    toy.commit()
    return toy


def test_each_value_is_found_with_its_oldest_commit(adopted: Toy) -> None:
    assert adopted.found(history=True) == [
        f"earlier-plaintext {OLD}:3 db.password",
        f"earlier-plaintext {OLD}:3 db.port",
        f"earlier-plaintext {OLD}:4 db.port",
    ]
    commits = [one.commit for one in adopted.findings(history=True)]
    first, second = (adopted.git("rev-parse", f"HEAD~{n}").strip() for n in (3, 2))
    assert sorted(commits) == sorted([first, first, second])
    assert not any("hunter2" in one.what for one in adopted.findings(history=True))


def test_it_is_no_finding_of_the_index_or_of_a_range(adopted: Toy) -> None:
    assert adopted.found() == []
    assert adopted.found("HEAD~1..HEAD") == []


def test_history_from_before_the_first_set_up_counts(toy: Toy) -> None:
    toy.git("checkout", "-q", "--orphan", "other")
    toy.git("rm", "-rfq", ".")
    toy.write("secrets/app.yaml", "name: shop\nkey: hunter2-x\n")
    toy.commit()
    toy.git("checkout", "-q", "main")
    assert toy.found(history=True) == ["earlier-plaintext secrets/app.yaml:2 key"]


def test_what_the_rules_leave_plain_is_no_finding(adopted: Toy) -> None:
    adopted.policy("- {files: 'config/*', values: db.port, plain: true}")
    adopted.stage()
    assert [one for one in adopted.found(history=True) if "earlier" in one] == [
        f"earlier-plaintext {OLD}:3 db.password"
    ]


def test_one_that_was_changed_at_its_source_can_be_allowed(adopted: Toy) -> None:
    adopted.policy(
        more=f"allow:\n- {{finding: earlier-plaintext, files: {OLD}, values: db.*, reason: new ones}}\n"
    )
    adopted.stage()
    assert [one for one in adopted.found(history=True) if "earlier" in one] == []


def test_paths_limit_it_and_names_can_hold_anything(adopted: Toy, tmp_path: Path) -> None:
    del tmp_path
    odd = 'config/a [1]\n"*.yaml'
    for text in ("a: hunter2-odd\n", None):
        adopted.write(odd, text or adopted.sealed("a: hunter2-odd\n", odd))
        attributes = adopted.read(".gitattributes")
        if text:
            adopted.write(".gitattributes", attributes.replace(LINE, ""))
        else:
            adopted.write(".gitattributes", attributes + LINE)
        adopted.commit()
    repository = find_repository(adopted.path)
    assert repository is not None
    found = earlier_plaintext(Clone(repository), lambda path: path == odd.encode())
    assert [(one.path, one.shown_key) for one in found] == [(odd.encode(), "a")]


def test_a_file_that_is_sealed_whole(toy: Toy) -> None:
    toy.write("config/key.p12", b"\x00secret")
    toy.commit()
    toy.write(".gitattributes", toy.read(".gitattributes") + "config/* filter=sealedfiles -text\n")
    toy.write("config/key.p12", toy.sealed(b"\x00secret", "config/key.p12"))
    toy.commit()
    assert toy.found(history=True) == ["earlier-plaintext config/key.p12:1"]


ENC = "ENC[AES256_GCM,data:QUJD,iv:QUJD,tag:QUJD,type:str]"


@pytest.mark.parametrize(
    ("name", "data", "plain"),
    [
        ("a.yaml", b"\x00GITCRYPT\x00" + bytes(100), []),
        ("a.yaml", b"U2FsdGVkX1" + b"A" * 100, []),
        ("a.p12", b"$ANSIBLE_VAULT;1.1;AES256\n6162\n", []),
        ("a.yaml", f"db: {ENC}\nuser: hunter2\nsops:\n  mac: {ENC}\n  version: 3.9\n", ["user"]),
        ("a.p12", f'{{"data": "{ENC}", "sops": {{"mac": "{ENC}"}}}}', []),
        ("a.json", f'{{"data": "{ENC}", "sops": {{"mac": "{ENC}", "version": "3"}}}}', []),
    ],
)
def test_what_another_tool_encrypted_is_no_plaintext(
    toy: Toy, name: str, data: bytes | str, plain: list[str]
) -> None:
    name = f"config/{name}"
    toy.write(name, data)
    toy.commit()
    toy.write(".gitattributes", toy.read(".gitattributes") + "config/* filter=sealedfiles -text\n")
    toy.write(name, toy.sealed(data, name))
    toy.commit()
    assert [line.split()[-1] for line in toy.found(history=True)] == plain
