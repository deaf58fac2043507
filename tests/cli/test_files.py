"""cat, seal and unseal: single files, with and without git."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, SECRET, Person, Repo, every_file, program, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


@every_file
def test_seal_and_unseal_in_place_give_the_bytes_back(repo: Repo, path: str) -> None:
    plain = repo.read_bytes(path)
    repo.sealedfiles("seal", path)
    assert repo.read_bytes(path) == repo.blob("HEAD", path)
    repo.sealedfiles("unseal", path)
    assert repo.read_bytes(path) == plain


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o640, 0o700, 0o444])
def test_seal_and_unseal_keep_the_mode(repo: Repo, mode: int) -> None:
    file = repo.path / ENV
    file.chmod(mode)
    repo.sealedfiles("seal", ENV)
    assert stat.S_IMODE(file.stat().st_mode) == mode
    repo.sealedfiles("unseal", ENV)
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert repo.read(ENV) == FILES[ENV]


def test_sealing_a_second_time_changes_nothing(repo: Repo) -> None:
    repo.sealedfiles("seal", ENV)
    once = repo.read_bytes(ENV)
    repo.sealedfiles("seal", ENV)
    assert repo.read_bytes(ENV) == once


def test_cat_prints_the_same_for_a_sealed_and_for_an_open_file(repo: Repo) -> None:
    assert repo.sealedfiles("cat", ENV) == FILES[ENV]
    repo.sealedfiles("seal", ENV)
    assert repo.sealedfiles("cat", ENV) == FILES[ENV]
    assert tokens(repo.read(ENV)), "cat writes nothing"


def test_cat_takes_several_files(repo: Repo) -> None:
    assert repo.sealedfiles("cat", *FILES) == "".join(FILES.values())


def test_cat_in_ci_needs_one_variable_and_nothing_else(
    world: World, origin: Path, tmp_path: Path
) -> None:
    key = world.bob.identities.read_text()
    machine = Person.at(tmp_path / "ci").having(CI="true", SEALEDFILES_KEY=key)
    clone = machine.clone(origin, tmp_path / "build")
    text = clone.sealedfiles("cat", ENV)
    assert "s3cr3t-db-alpha" in text
    assert "s3cr3t-production" not in text, "bob does not read production"
    # Ids of keys that were seen may be noted: they show keys that are put back.
    kept = {file.name for file in (clone.path / ".git/sealedfiles").glob("*")}
    assert not kept & {"keys", "policy"}


def test_cat_without_a_key_prints_the_tokens_and_exits_3(origin: Path, tmp_path: Path) -> None:
    nobody = Person.at(tmp_path / "nobody")
    clone = nobody.clone(origin, tmp_path / "clone")
    text = clone.sealedfiles("cat", ENV, code=3)
    assert SECRET not in text
    assert text == clone.read(ENV)
    assert "no key" in clone.stderr
    assert "alice" in clone.stderr, "who could grant access"
    assert str(nobody.identities) in clone.stderr, "where was looked"


def test_cat_of_a_damaged_token_exits_4_and_names_file_line_and_key(repo: Repo) -> None:
    repo.sealedfiles("seal", ENV)
    token = tokens(repo.read(ENV))[0]
    repo.write(ENV, repo.read(ENV).replace(token, token[:-5] + "AAAAA"))
    text = repo.sealedfiles("cat", ENV, code=4)
    assert f"{ENV}:6: DB_USER" in repo.stderr
    assert token[:-5] + "AAAAA" in text
    assert "s3cr3t-db-alpha" in text, "the others open"
    repo.sealedfiles("unseal", ENV, code=4)
    assert repo.read(ENV) == text


@pytest.mark.parametrize("command", ["cat", "seal", "unseal"])
def test_a_file_that_does_not_exist_is_named(repo: Repo, command: str) -> None:
    repo.sealedfiles(command, "no such.yaml", code=2)
    assert "no such.yaml" in repo.stderr


def test_a_folder_that_is_not_set_up_is_named(alice: Person) -> None:
    (alice.home / "a.env").write_bytes(b"A=1\n")
    _, stderr = alice.run([*program(), "cat", "a.env"], alice.home, code=2)
    assert "sealedfiles init" in stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize("command", ["seal", "unseal", "cat"])
def test_a_symlink_may_lead_anywhere_and_is_refused(
    repo: Repo, tmp_path: Path, command: str
) -> None:
    (tmp_path / "outside.env").write_bytes(b"A=1\n")
    (repo.path / "link.env").symlink_to(tmp_path / "outside.env")
    repo.sealedfiles(command, "link.env", code=2)
    assert (tmp_path / "outside.env").read_bytes() == b"A=1\n"


def test_a_named_identity_is_used_alone_first(world: World, origin: Path, tmp_path: Path) -> None:
    nobody = Person.at(tmp_path / "nobody")
    clone = nobody.clone(origin, tmp_path / "clone")
    text = clone.sealedfiles("cat", "--identity", str(world.alice.identities), ENV)
    assert text == FILES[ENV]


@pytest.mark.parametrize("content", ["not a key", "", "AGE-SECRET-KEY-1QQQQ"])
def test_an_invalid_key_in_the_environment_is_reported_but_not_shown(
    repo: Repo, tmp_path: Path, content: str
) -> None:
    repo.sealedfiles("lock")
    machine = Person.at(tmp_path / "ci").having(SEALEDFILES_KEY=content)
    clone = Repo(machine, repo.path)
    clone.sealedfiles("cat", ENV, code=3)
    assert not content or content not in clone.stderr
