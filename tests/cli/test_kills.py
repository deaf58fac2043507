"""`kill -9` at any moment: every file is its old or new version, and no plaintext gets into git.

Each command reverts the opposite command, so that a repository can be used for many kills. From time to
time a command runs to its end, and must work as if nothing had happened.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, YAML, Repo, assert_no_plaintext, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conftest import World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal"),
]

KILLS = 9
"""By the clock, for each of the commands and what turns it back."""


@dataclass
class Turn:
    """A command, and the files' content after it."""

    arguments: Sequence[str]
    editor: str = "true"
    texts: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Ground:
    """A repository in which commands are killed."""

    repo: Repo
    memory: Path
    turns: tuple[Turn, Turn]
    kills: int = 0

    def start(self, turn: Turn) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*program(), *turn.arguments],
            cwd=self.repo.path,
            env={**self.repo.person.environment(), "EDITOR": turn.editor},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def finish(self, turn: Turn) -> float:
        """Run a command to its end; return the time that it took."""
        start = time.monotonic()
        process = self.start(turn)
        said = process.communicate()[0].decode()
        assert process.returncode == 0, said
        return time.monotonic() - start

    def run(self, turn: Turn) -> None:
        """Run a command to its end, in a forked process."""
        self.having(turn).sealedfiles(*turn.arguments)

    def having(self, turn: Turn) -> Repo:
        return replace(self.repo, person=self.repo.person.having(EDITOR=turn.editor))

    def contents(self) -> dict[str, bytes]:
        return {path: self.repo.read_bytes(path) for path in FILES}

    def kill_by_clock(self, seed: int) -> None:
        """Kill each command after the first, second, and so on part of its usual time."""
        random_part = random.Random(seed)
        times = [self.finish(turn) for turn in self.turns]
        for number in range(10 * KILLS):
            for turn, took in zip(self.turns, times, strict=True):
                delay = took * (number % KILLS + random_part.random()) / KILLS
                process = self.start(turn)
                try:
                    process.wait(delay)
                except subprocess.TimeoutExpired:
                    process.kill()
                said = process.communicate()[0].decode()
                assert process.returncode in (0, -9) or "index.lock" in said, said
                self._look(turn)
                self.kills += process.returncode == -9
                if process.returncode == -9 and self.kills % 8 == 0:
                    self._go_on(turn)
            if self.kills >= 2 * KILLS:
                return

    def kill_by_count(self) -> None:
        """Kill each command before its first, second, and so on change, until it runs to its end."""
        number, running = 0, True
        while running:
            number += 1
            running = False
            for turn in self.turns:
                was_killed = self.having(turn).is_killed(number, *turn.arguments)
                self._look(turn)
                self.kills += was_killed
                running = was_killed or running
                self._go_on(turn)

    def _look(self, turn: Turn) -> None:
        """Check the state after a command that may have been killed."""
        self.repo.wait_for_git()
        one, other = (turn.texts for turn in self.turns)
        for path, content in self.contents().items():
            assert content in (one[path], other[path]), f"{turn.arguments}: {path}"
        assert self.repo.git("ls-files", "--others", "--exclude-standard") == ""

    def _go_on(self, turn: Turn) -> None:
        """Continue working after a kill."""
        self.repo.git("add", "--all")
        self.run(turn)
        assert self.contents() == turn.texts, turn.arguments


def sed(old: str, new: str) -> str:
    return f"sed -i.bak s/{old}/{new}/"


TURNS = {
    "edit an open file": (
        Turn(["edit", YAML], sed("db-alpha", "db-beta")),
        Turn(["edit", YAML], sed("db-beta", "db-alpha")),
    ),
    "edit a sealed file": (
        Turn(["edit", ENV], sed("db-alpha", "db-beta")),
        Turn(["edit", ENV], sed("db-beta", "db-alpha")),
    ),
    "set in an open file": (
        Turn(["set", JSON, "cache.url", "--value", "s3cr3t-cache-beta"]),
        Turn(["set", JSON, "cache.url", "--value", "s3cr3t-cache-alpha"]),
    ),
    "set in a sealed file": (
        Turn(["set", JSON, "api.token", "--value", "s3cr3t-api-beta"]),
        Turn(["set", JSON, "api.token", "--value", "s3cr3t-api-alpha"]),
    ),
    "seal and unseal": (Turn(["seal", *FILES]), Turn(["unseal", *FILES])),
    "lock and unlock": (Turn(["lock"]), Turn(["unlock"])),
}


@pytest.fixture
def grounds(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[list[Ground]]:
    """A repository for each pair of commands, which are killed in parallel."""
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    with TemporaryDirectory(dir=in_memory) as memory:
        yield [
            prepared(world.copy("alice", tmp_path / name), Path(memory, name), name)
            for name in request.param
        ]


def prepared(repo: Repo, memory: Path, name: str) -> Ground:
    """Return a repository, with the files' texts after each command."""
    memory.mkdir()
    person = repo.person.having(XDG_RUNTIME_DIR=str(memory), TMPDIR=str(memory))
    first, second = (replace(turn, texts={}) for turn in TURNS[name])
    ground = Ground(replace(repo, person=person), memory, (first, second))
    if "sealed" in name:
        ground.repo.sealedfiles("seal", ground.turns[0].arguments[1])
    for turn in ground.turns:
        ground.run(turn)
        turn.texts.update(ground.contents())
    assert ground.turns[0].texts != ground.turns[1].texts
    return ground


def assert_nothing_is_left(ground: Ground) -> None:
    """Check that after a last run there is no plaintext in memory, and none in git's folder except saved
    edits."""
    for turn in ground.turns:
        ground.run(turn)
    assert list(ground.memory.glob("sealedfiles-*")) == []
    ground.repo.git("add", "--all")
    ground.repo.git("commit", "--quiet", "--allow-empty", "--message", "all of it")
    # An edit that was saved when the kill came, which `lock` would list.
    shutil.rmtree(ground.repo.path / ".git/sealedfiles/recovery", ignore_errors=True)
    ground.repo.sealedfiles("lock")
    assert_no_plaintext(ground.repo)


@pytest.mark.parametrize("grounds", [list(TURNS)], ids=["all"], indirect=True)
def test_kills_at_any_time(grounds: list[Ground]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Ground.kill_by_clock, grounds, range(len(grounds))))
    assert sum(ground.kills for ground in grounds) >= 2 * KILLS * len(TURNS)
    for ground in grounds:
        assert_nothing_is_left(ground)


@pytest.mark.parametrize(
    "grounds",
    [["edit a sealed file", "set in an open file", "seal and unseal", "lock and unlock"]],
    ids=["each-command"],
    indirect=True,
)
def test_kills_before_each_change_of_a_file(grounds: list[Ground]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Ground.kill_by_count, grounds))
    for ground in grounds:
        assert ground.kills >= 4, "a new file is made and renamed, in either command"
        assert_nothing_is_left(ground)
