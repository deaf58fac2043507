"""`sealedfiles status`: the state of every sealed file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, YAML, Repo, at_home_of_its_own

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


def states(repo: Repo, code: int = 0) -> dict[str, str]:
    data = json.loads(repo.sealedfiles("status", "--json", code=code))
    assert data["version"] == 1
    return {file["path"]: file["state"] for file in data["files"]}


def stage_in_plaintext(repo: Repo, path: str) -> None:
    """Stage a file as a program does that runs no filters."""
    off = ("filter.sealedfiles.process=", "filter.sealedfiles.clean=cat")
    options = [word for one in (*off, "filter.sealedfiles.required=false") for word in ("-c", one)]
    repo.git(*options, "add", "--renormalize", path)


def commit_in_plaintext(repo: Repo, path: str) -> None:
    """Commit a file as such a program does."""
    stage_in_plaintext(repo, path)
    repo.git("commit", "--quiet", "--message", "by a program that runs no filters")


def test_open_files(repo: Repo) -> None:
    assert states(repo) == dict.fromkeys(FILES, "open")


def test_sealed_files_in_a_locked_clone(repo: Repo) -> None:
    repo.sealedfiles("lock")
    assert states(repo) == dict.fromkeys(FILES, "sealed")


def test_partly_open_for_a_reader_of_one_of_two_groups(world: World, tmp_path: Path) -> None:
    assert states(world.copy("bob", tmp_path / "bob's")) == dict.fromkeys(FILES, "partly open")


def test_a_file_that_is_not_checked_out_is_absent(repo: Repo) -> None:
    (repo.path / JSON).unlink()
    assert states(repo)[JSON] == "absent"


def test_a_file_committed_in_plaintext_is_named_and_gives_exit_1(repo: Repo) -> None:
    commit_in_plaintext(repo, ENV)
    assert states(repo, code=1)[ENV] == "plaintext"
    assert "change them at their source" in repo.stderr


def test_text_for_people_has_a_line_a_file(repo: Repo) -> None:
    lines = repo.sealedfiles("status").split("\n")[:-1]
    assert [line.split()[-1] for line in lines] == sorted(FILES)
    assert all(line.startswith("open ") for line in lines)


def test_groups_are_listed_for_programs(repo: Repo) -> None:
    data = json.loads(repo.sealedfiles("status", "--json"))
    assert {tuple(file["groups"]) for file in data["files"]} == {("default", "production")}
    assert YAML in {file["path"] for file in data["files"]}


def test_fix_seals_in_the_index_what_was_committed_in_plaintext(repo: Repo) -> None:
    sealed = repo.git("show", f"HEAD:{ENV}")
    commit_in_plaintext(repo, ENV)
    shown = (repo.path / ENV).read_bytes()
    repo.sealedfiles("status", "--fix", "--yes")
    assert "still contain these values in plaintext" in repo.stderr
    assert repo.git("show", f":{ENV}") == sealed
    assert (repo.path / ENV).read_bytes() == shown
    assert repo.git("status", "--porcelain") == f"M  {ENV}\n"


def test_fix_of_what_was_only_staged_speaks_of_no_commit(repo: Repo) -> None:
    sealed = repo.git("show", f"HEAD:{ENV}")
    stage_in_plaintext(repo, ENV)
    repo.sealedfiles("status", "--fix", "--yes")
    assert "in the index, not committed" in repo.stderr
    assert "commits" not in repo.stderr
    assert repo.git("show", f":{ENV}") == sealed


BROKEN = {
    "secrets/broken.yaml": b"a: 's3cr3t-broken\n",
    "secrets/binary.yaml": b"\xff\xfes3cr3t",
    "secrets/partly.yaml": b'a: \'s3cr3t-broken\nb: "sealed:v1:default:%b:%b:%b"\n'
    % (b"a" * 16, b"A" * 8, b"A" * 64),
}
"""Files without values that can be found."""


@pytest.mark.parametrize("path", BROKEN)
def test_fix_seals_whole_what_has_no_values(repo: Repo, path: str) -> None:
    repo.write(".git/blob", BROKEN[path])
    oid = repo.git("hash-object", "-w", "--no-filters", ".git/blob").strip()
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
    repo.git("commit", "--quiet", "--message", "by a program that runs no filters")
    repo.git("checkout", "--quiet", "--", path)
    findings = json.loads(repo.sealedfiles("check", "--json", code=1))["findings"]
    fixes = {one["fix"] for one in findings if one["path"] == path and one["severity"] == "error"}
    assert "sealedfiles status --fix" in fixes
    repo.git("add", "--renormalize", path)
    assert repo.blob("", path) == BROKEN[path], "anyone could have pushed it"
    repo.sealedfiles("status", "--fix", code=1)
    assert "Seal them as they are?" in repo.stderr
    since = "since commit" if "partly" not in path else "the file is in plaintext"
    assert f"{path}: " in repo.stderr
    assert since in repo.stderr
    assert repo.blob("", path) == BROKEN[path]
    repo.sealedfiles("status", "--fix", "--yes")
    assert repo.blob("", path).startswith((b'"sealed:v1:', b"sealed:v1:"))
    assert repo.read_bytes(path) == BROKEN[path]
    assert states(repo)[path] in ("open", "partly open")
    # In the working tree, `seal` does the same.
    repo.git("reset", "--quiet", "--", path)
    repo.sealedfiles("seal", path, code=1)
    assert since in repo.stderr
    assert repo.read_bytes(path) == BROKEN[path]
    repo.sealedfiles("seal", "--yes", path)
    assert f"{path}: " in repo.stderr
    assert b"s3cr3t" not in repo.read_bytes(path)


def test_fix_leaves_local_changes_and_other_files_alone(repo: Repo) -> None:
    commit_in_plaintext(repo, ENV)
    changed = (repo.path / ENV).read_bytes().replace(b"8080", b"9090")
    (repo.path / ENV).write_bytes(changed)
    repo.sealedfiles("status", "--fix", "--yes")
    assert (repo.path / ENV).read_bytes() == changed
    assert repo.git("status", "--porcelain") == f"MM {ENV}\n"


def test_fix_with_nothing_to_fix_changes_nothing(repo: Repo) -> None:
    repo.sealedfiles("status", "--fix", "--yes")
    assert repo.git("status", "--porcelain") == ""


def test_fix_without_a_key_is_refused_and_changes_nothing(repo: Repo, tmp_path: Path) -> None:
    commit_in_plaintext(repo, ENV)
    repo.sealedfiles("lock")
    before = repo.git("ls-files", "--stage")
    repo = at_home_of_its_own(repo, tmp_path)
    repo.person.identities.unlink()
    repo.sealedfiles("status", "--fix", code=3)
    assert repo.git("ls-files", "--stage") == before
