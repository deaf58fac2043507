"""The states of a file on disk, in each of which the single-file commands do the same."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, YAML, Repo

from sealedfiles.cli import run_command_line

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

STATES = ("open", "sealed", "locked", "cloned", "outside")
"""Plaintext in an unlocked clone; sealed by hand in one; sealed in a locked one; as `git clone` leaves it,
without filter; and in a folder that is no repository, with `.sealedfiles` in it."""

every_state_and_file = pytest.mark.parametrize(
    ("state", "path"),
    [*((state, YAML) for state in STATES), *itertools.product(("open", "sealed"), (ENV, JSON))],
)
sealed_states_and_files = pytest.mark.parametrize(
    ("state", "path"), [*((state, YAML) for state in STATES[1:]), ("sealed", ENV), ("sealed", JSON)]
)
every_state = pytest.mark.parametrize("state", STATES)
sealed_states = pytest.mark.parametrize("state", STATES[1:])


class Quick(Repo):
    """A repository in which sealedfiles commands run in this process, which is much faster."""

    @classmethod
    def of(cls, repo: Repo) -> Quick:
        return cls(repo.person, repo.path)

    def sealedfiles(self, *arguments: str, answers: str = "", code: int | None = 0) -> str:
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(3)]
        streams[0].buffer.write(answers.encode())
        streams[0].buffer.seek(0)
        before = dict(os.environ), os.getcwd(), (sys.stdin, sys.stdout, sys.stderr)
        environment = self.person.environment()
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(self.path)
        sys.stdin, sys.stdout, sys.stderr = streams
        try:
            status = run_command_line([*arguments])
        finally:
            os.environ.clear()
            os.environ.update(before[0])
            os.chdir(before[1])
            sys.stdin, sys.stdout, sys.stderr = before[2]
        for stream in streams:
            stream.flush()
        out, self.stderr = (stream.buffer.getvalue().decode() for stream in streams[1:])
        assert code is None or status == code, (
            f"exit status {status}, expected {code}\n{self.stderr}"
        )
        return out


def in_state(world: World, state: str, path: Path, name: str = "alice") -> Quick:
    """Return a folder with the three files of ``people.FILES`` in one of the states."""
    base = world.repos[name].path.parent / f"{name} {state}"
    if not base.exists():
        _make(world, state, base, name)
    shutil.copytree(base, path, symlinks=True)
    return Quick(world.repos[name].person, path)


def _make(world: World, state: str, path: Path, name: str) -> None:
    if state == "cloned":
        world.repos[name].person.clone(world.repos["alice"], path)
        return
    repo = world.copy(name, path)
    if state == "locked":
        repo.sealedfiles("lock")
    elif state != "open":
        repo.sealedfiles("seal", *FILES)
    if state == "outside":
        shutil.rmtree(path / ".git")


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines that differ between two texts with equally many lines."""
    pairs = zip(before.split("\n"), after.split("\n"), strict=True)
    return [(old, new) for old, new in pairs if old != new]
