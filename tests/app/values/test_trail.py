"""The trailer lines of commits that rotate values."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.values.trail import (
    Place,
    message_of,
    read_rotations,
    rotations_in,
    trailers_of,
)
from sealedfiles.app.values.trail import _place as parse
from sealedfiles.git.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = st.text(
    st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=20
).filter(lambda name: name not in (".", ".."))


@given(NAMES)
def test_every_file_name_comes_back(name: str) -> None:
    (line,) = trailers_of([Place(name, "a.b")], "")
    assert line.isprintable()
    assert parse(line.partition(": ")[2]) == Place(name, "a.b")


@pytest.mark.parametrize("line", ["", "a", "a ", '"a', '"a"', '"a"b c', " b"])
def test_other_lines_are_no_places(line: str) -> None:
    assert parse(line) is None


@given(st.text(max_size=60))
def test_a_reason_adds_one_line_at_most(reason: str) -> None:
    lines = trailers_of([Place("a", "b")], reason)
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert len(lines) <= 2


@pytest.fixture
def commit(tmp_path: Path) -> Callable[..., str]:
    """Return a function that changes files and commits them with a message."""

    def git(*arguments: str, stdin: str = "") -> str:
        setup = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        command = ["git", *setup, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, input=stdin, capture_output=True, check=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet")

    def act(message: str, *files: str) -> str:
        for file in files:
            path = tmp_path / file
            path.write_text((path.read_text() if path.exists() else "") + "x")
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=message)
        return git("rev-parse", "HEAD")

    return act


def repository(folder: Path) -> Repository:
    return Repository(folder, folder / ".git", folder / ".git")


def test_only_lines_for_files_that_the_commit_changed_count(
    commit: Callable[..., str], tmp_path: Path
) -> None:
    places = [Place("a", "k"), Place("b c", 'data."x y"')]
    first = commit(message_of(places, "it is\n time"), "a", "b c")
    other = commit("Sealedfiles-Rotated: a k\n\nnot a trailer", "a")
    forged = commit(message_of(places, ""), "b c")
    empty = commit(message_of(places, ""))
    found = read_rotations(repository(tmp_path), "HEAD")
    assert [(one.id, one.values, one.reason) for one in found] == [
        (forged, places[1:], ""),
        (first, places, "it is time"),
    ]
    assert found[1].subject == "Rotate 2 values"
    assert (found[1].author, found[1].email) == ("a", "a@example.org")
    chosen = rotations_in(repository(tmp_path), [first, other, empty, "0" * 40])
    assert set(chosen) == {first}
    assert rotations_in(repository(tmp_path), []) == {}


def test_a_file_name_cannot_make_a_commit_of_its_own(
    commit: Callable[..., str], tmp_path: Path
) -> None:
    name = "commit x\n1\nn\ne\ns\nr\nq"
    oid = commit(message_of([Place(name, "k")], ""), name)
    (one,) = read_rotations(repository(tmp_path), "--all")
    assert (one.id, one.values) == (oid, [Place(name, "k")])


def test_without_a_commit_there_is_nothing(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    assert read_rotations(repository(tmp_path), "HEAD") == []
    assert read_rotations(repository(tmp_path), "--all") == []
