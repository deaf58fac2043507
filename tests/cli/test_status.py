"""`sealedfiles status`: the state of every sealed file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from people import ENV, FILES, JSON, YAML, Repo

if TYPE_CHECKING:
    from pathlib import Path


def states(repo: Repo, code: int = 0) -> dict[str, str]:
    data = json.loads(repo.sealedfiles("status", "--json", code=code))
    assert data["version"] == 1
    return {file["path"]: file["state"] for file in data["files"]}


def test_open_files(repo: Repo) -> None:
    assert states(repo) == dict.fromkeys(FILES, "open")


def test_sealed_files_in_a_locked_clone(repo: Repo) -> None:
    repo.sealedfiles("lock")
    assert states(repo) == dict.fromkeys(FILES, "sealed")


def test_partly_open_for_a_reader_of_one_of_two_groups(world, tmp_path: Path) -> None:
    assert states(world.copy("bob", tmp_path / "bob's")) == dict.fromkeys(FILES, "partly open")


def test_a_file_that_is_not_checked_out_is_absent(repo: Repo) -> None:
    (repo.path / JSON).unlink()
    assert states(repo)[JSON] == "absent"


def test_a_file_committed_in_plaintext_is_named_and_gives_exit_1(repo: Repo) -> None:
    repo.git(
        "-c",
        "filter.sealedfiles.process=",
        "-c",
        "filter.sealedfiles.clean=cat",
        "-c",
        "filter.sealedfiles.required=false",
        "add",
        "--renormalize",
        ENV,
    )
    repo.git("commit", "--quiet", "--message", "by a program that runs no filters")
    assert states(repo, code=1)[ENV] == "plaintext"
    assert "change these values" in repo.stderr


def test_text_for_people_has_a_line_a_file(repo: Repo) -> None:
    lines = repo.sealedfiles("status").split("\n")[:-1]
    assert [line.split()[-1] for line in lines] == sorted(FILES)
    assert all(line.startswith("open ") for line in lines)


def test_groups_are_listed_for_programs(repo: Repo) -> None:
    data = json.loads(repo.sealedfiles("status", "--json"))
    assert {tuple(file["groups"]) for file in data["files"]} == {("default", "production")}
    assert YAML in {file["path"] for file in data["files"]}
