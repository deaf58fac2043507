"""Files that no pattern tracks: tokens without ``.sealedfiles/``, and readers' private keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from keys.kit import ALICE, CAROL, recipient_of

from check.toy import APP, Toy
from sealedfiles import age
from sealedfiles.errors import UsageError

if TYPE_CHECKING:
    pass

LOST = f"unknown-group {APP}:3"
KEY = "ci/key.txt"
FOUND = f"private-key {KEY}:2"
ALICES, CAROLS = str(ALICE.text), str(CAROL.text)
HYBRID = age.generate_identity()


@pytest.fixture
def bare(toy: Toy) -> Toy:
    """The same repository at a commit without sealedfiles, with its files still in the working tree."""
    toy.git("checkout", "-q", "--orphan", "other")
    toy.git("rm", "-r", "-q", "--cached", ".")
    toy.git("commit", "-q", "--allow-empty", "-m", "before sealedfiles")
    return toy


def only(toy: Toy, *paths: str) -> None:
    toy.git("add", "--force", *paths)
    toy.git("commit", "-q", "-m", "a commit")


def test_tokens_are_not_committed_without_their_folder(bare: Toy) -> None:
    bare.git("add", "--force", APP)
    assert bare.found(staged=True) == [LOST]
    (finding,) = bare.findings()
    assert finding.fix == "git add .sealedfiles .gitattributes"
    bare.git("add", "--force", ".sealedfiles", ".gitattributes")
    assert bare.found(staged=True) == bare.found() == []


def test_tokens_are_not_pushed_without_their_folder(bare: Toy) -> None:
    only(bare, APP)
    assert bare.found("HEAD") == [LOST]
    bare.write(APP, "x: 1\n")
    only(bare, APP)
    assert bare.found("HEAD") == [LOST]
    assert bare.found("HEAD^!") == []


def test_tokens_whose_folder_follows_are_not_lost(bare: Toy) -> None:
    only(bare, APP)
    only(bare, ".sealedfiles", ".gitattributes")
    assert bare.found("HEAD") == []
    assert bare.found("HEAD~1") == [LOST]


def test_files_sealed_whole_are_found_under_any_name(bare: Toy) -> None:
    bare.write("cert.pem", bare.token("user"))
    bare.write("note.md", f"A token looks like this: {bare.token('user')}\n")
    bare.git("add", "--force", "cert.pem", "note.md")
    assert bare.found(staged=True) == ["unknown-group cert.pem:1"]


def test_a_branch_without_tokens_has_no_findings(bare: Toy) -> None:
    bare.write("README.md", "Values are stored as sealed:v1:… tokens.\n")
    bare.write("a.env", "A=sealed:v1:b\n")
    bare.git("add", "README.md", "a.env")
    assert bare.found(staged=True) == []
    only(bare, "README.md", "a.env")
    assert bare.found("HEAD") == []
    with pytest.raises(UsageError, match="is not set up"):
        bare.found()


def test_a_key_of_a_reader_is_found_wherever_it_is(toy: Toy) -> None:
    toy.write(KEY, f"# Alice\n{ALICES}\n")
    assert toy.staged() == [FOUND]
    assert toy.found() == [FOUND]
    toy.commit()
    assert toy.found("HEAD") == toy.found(history=True) == [FOUND]
    (finding,) = toy.findings()
    assert "the reader alice" in finding.what
    assert ALICES not in repr(finding)


def test_a_key_is_found_in_the_middle_of_a_line_and_in_lower_case(toy: Toy) -> None:
    toy.write("deploy.sh", f'true\nexport SEALEDFILES_KEY="{ALICES.lower()}"\n')
    assert toy.staged() == ["private-key deploy.sh:2"]


def test_a_post_quantum_key_is_found(toy: Toy) -> None:
    toy.write(".sealedfiles/recipients/dora.pub", f"{HYBRID.recipient}\n")
    toy.commit()
    toy.write(KEY, f"# Dora\n{HYBRID.text}\n")
    assert toy.staged() == [FOUND]


def test_a_key_of_nobody_is_no_finding(toy: Toy) -> None:
    toy.write(KEY, f"# a fixture\n{CAROLS}\nAGE-SECRET-KEY-1{'Q' * 58}\n")
    assert toy.staged() == []
    assert toy.found() == []


def test_a_key_that_becomes_a_readers_is_found_in_a_file_that_is_there(toy: Toy) -> None:
    toy.write(KEY, f"# a key\n{CAROLS}\n")
    toy.commit()
    toy.write(".sealedfiles/recipients/carol.pub", f"{recipient_of(CAROL)}\n")
    assert FOUND in toy.staged()
    toy.commit()
    assert FOUND in toy.found("HEAD^!")
    assert FOUND in toy.found(history=True)


def test_a_key_is_found_on_a_branch_without_the_folder(bare: Toy) -> None:
    bare.git("checkout", "-q", "--force", "main")
    bare.git("checkout", "-q", "--orphan", "third")
    bare.git("rm", "-r", "-q", "--force", ".")
    bare.write(KEY, f"# Alice\n{ALICES}\n")
    only(bare, KEY)
    bare.git("checkout", "-q", "main")
    assert bare.found("third") == [FOUND]


def test_a_key_can_be_allowed(toy: Toy) -> None:
    toy.write(KEY, f"# Alice\n{ALICES}\n")
    toy.policy(more=f"allow:\n  - {{finding: private-key, files: {KEY}, reason: a test}}\n")
    toy.commit()
    assert toy.found() == []


def test_the_policy_of_head_can_allow_tokens_on_a_branch_without_the_folder(toy: Toy) -> None:
    toy.git("checkout", "-q", "--orphan", "split")
    toy.git("rm", "-r", "-q", "--cached", ".")
    only(toy, APP)
    toy.git("checkout", "-q", "--force", "main")
    assert toy.found("split") == [LOST]
    toy.policy(more=f"allow:\n  - {{finding: unknown-group, files: {APP}, reason: a split}}\n")
    toy.commit()
    assert toy.found("split") == []
