"""One value out of one sealed .env file, each start counted: ours against ``dotenvx get``."""

from __future__ import annotations

import importlib.util
import subprocess
from typing import TYPE_CHECKING

import samples
from measure import Candidate, interleaved
from report import OURS, Row, compare
from repositories import DATA, PROGRAM, PYTHON, Repository, bare_python, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from options import Options

DOTENVX = "dotenvx get"
NAME = "API_PASSWORD"


def get(options: Options) -> Iterator[Row]:
    """Yield the rows for bare Python and for dotenvx."""
    repository = Repository(options.memory / "get", OURS)
    command, ours = _ours(repository)
    candidates = [Candidate(PYTHON, lambda: bare_python(repository.env)), ours]
    if options.dotenvx:
        candidates.append(_dotenvx(options.dotenvx, options.memory / "dotenvx"))
    timings = interleaved(candidates, options.repeats * 4)
    title = f"`{command}`, one sealed .env file with 25 values"
    yield compare(title, timings, PYTHON, 8.0)
    yield compare(title, timings, DOTENVX, 0.5)


def _ours(repository: Repository) -> tuple[str, Candidate]:
    file = repository.folder / DATA / "one.env"
    file.parent.mkdir()
    file.write_text(samples.small(0, "dotenv"))
    repository.run(PROGRAM, "seal", str(file))
    if _value() in file.read_text():
        raise RuntimeError("the .env file was not sealed")
    commands = {"get": ("get", str(file), NAME), "cat": ("cat", str(file))}
    # The whole file is what the first versions can print.
    name = "get" if importlib.util.find_spec("sealedfiles.cli.get") else "cat"
    if _value().encode() not in repository.run(PROGRAM, *commands[name]):
        raise RuntimeError(f"{name} did not give the value")
    return name, Candidate(OURS, lambda: repository.run(PROGRAM, *commands[name]))


def _dotenvx(program: str, folder: Path) -> Candidate:
    folder.mkdir()
    (folder / ".env").write_text(samples.small(0, "dotenv"))
    env = environment(folder.with_name("dotenvx.home"))

    def run(*arguments: str) -> bytes:
        done = subprocess.run(
            [program, *arguments], cwd=folder, env=env, capture_output=True, check=True
        )
        return done.stdout

    run("encrypt")
    if _value() in (folder / ".env").read_text() or _value().encode() not in run("get", NAME):
        raise RuntimeError("dotenvx did not work as expected")
    return Candidate(DOTENVX, lambda: run("get", NAME))


def _value() -> str:
    text = samples.small(0, "dotenv")
    return dict(line.split("=") for line in text.split("\n") if line)[NAME]
