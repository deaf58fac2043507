"""Values of one sealed .env file, each start counted: `get` and `run` against dotenvx and SOPS."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import samples
from measure import Candidate, interleaved
from peers import DOTENVX, SOPS, Dotenvx, Sops
from report import OURS, compare
from repositories import DATA, PROGRAM, PYTHON, Repository, bare_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from options import Options
    from report import Row

NAME = "API_PASSWORD"
TEXT = samples.small(0, "dotenv")
VALUE = dict(line.split("=") for line in TEXT.splitlines())[NAME]
FILE = f"{DATA}/one.env"
WITH_IDENTITY = "with an identity file"


def get(options: Options) -> Iterator[Row]:
    """Yield the rows for one value, with the key from the cache and from an identity file."""
    repository = _repository(options.memory / "get")
    identity = _identity(repository)
    fresh = options.memory / "get-fresh"
    repository.git("clone", "--quiet", str(repository.folder), str(fresh))

    def ours() -> bytes:
        return repository.run(PROGRAM, "get", FILE, NAME)

    def without_cache() -> bytes:
        command = (PROGRAM, "get", "-i", identity, str(fresh / FILE), NAME)
        return subprocess.run(
            command, env=repository.env, cwd=fresh, check=True, capture_output=True
        ).stdout

    dotenvx, sops = _peers(options, "get")
    candidates = [
        Candidate(PYTHON, lambda: bare_python(repository.env)),
        Candidate(OURS, _verified(ours)),
        Candidate(WITH_IDENTITY, _verified(without_cache)),
    ]
    if dotenvx:
        candidates.append(Candidate(DOTENVX, _verified(lambda: dotenvx.run("get", NAME))))
    if sops:
        extract = ("decrypt", "--extract", f'["{NAME}"]', "one.env")
        candidates.append(Candidate(SOPS, _verified(lambda: sops.run(*extract))))
    if (fresh / ".git" / "sealedfiles" / "keys").exists():
        raise RuntimeError("the fresh clone has cached keys")
    timings = interleaved(candidates, options.repeats * 4)
    for how, key, limit in ((OURS, "the cache", 3.5), (WITH_IDENTITY, "an identity file", 4.0)):
        one = timings | {OURS: timings[how]}
        title = f"`get`, one sealed .env file with 25 values, key from {key}"
        yield compare(title, one, PYTHON, limit)
        yield compare(title, one, DOTENVX, 0.5, "`dotenvx get`")
        yield compare(title, one, SOPS, None, "`sops decrypt --extract`")


def run(options: Options) -> Iterator[Row]:
    """Yield the rows for starting a program with the values in its environment."""
    repository = _repository(options.memory / "run")
    dotenvx, sops = _peers(options, "run")

    def ours(*command: str) -> bytes:
        return repository.run(PROGRAM, "run", "-f", FILE, "--", *command)

    if VALUE.encode() not in ours("env"):
        raise RuntimeError("run has not set the value")
    candidates = [Candidate(OURS, lambda: ours("true"))]
    if dotenvx:
        candidates.append(Candidate(DOTENVX, lambda: dotenvx.run("run", "--", "true")))
    if sops:
        candidates.append(Candidate(SOPS, lambda: sops.run("exec-env", "one.env", "true")))
    timings = interleaved(candidates, options.repeats * 2)
    yield compare("`run -f .env -- true`", timings, DOTENVX, 1 / 6, "`dotenvx run`")
    yield compare("`run -f .env -- true`", timings, SOPS, 2.0, "`sops exec-env`")


def _repository(folder: Path) -> Repository:
    """Return a repository in which a sealed .env file is committed, and sealed in the working tree too."""
    repository = Repository(folder, OURS)
    file = repository.folder / FILE
    file.parent.mkdir()
    file.write_text(TEXT)
    repository.run(PROGRAM, "seal", FILE)
    if VALUE in file.read_text():
        raise RuntimeError("the .env file was not sealed")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "file")
    return repository


def _identity(repository: Repository) -> str:
    """Return a file with a new key that can read the repository's group."""
    file = f"{repository.folder}.identity"
    public = repository.run(PROGRAM, "keygen", "--output", file).decode().strip()
    repository.run(PROGRAM, "grant", "machine", public, "--to", "default")
    repository.git("commit", "--quiet", "--message", "reader")
    return file


def _peers(options: Options, name: str) -> tuple[Dotenvx | None, Sops | None]:
    dotenvx = sops = None
    if options.dotenvx:
        dotenvx = Dotenvx(options.dotenvx, options.memory / f"{name}-dotenvx")
        dotenvx.encrypted(TEXT)
    if options.sops:
        sops = Sops(options.sops, options.memory / f"{name}-sops")
        sops.encrypted("one.env", TEXT)
    return dotenvx, sops


def _verified(work: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return *work*, which must print the value."""
    if VALUE.encode() not in work():
        raise RuntimeError("a program did not print the value")
    return work
