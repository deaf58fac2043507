"""``scan --history`` of a repository whose files were changed often, beside other scanners."""

from __future__ import annotations

import random
import shutil
import subprocess
import sysconfig
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from growth_repository import GrowingRepository
from report import Row, megabytes, seconds
from repositories import DATA, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measure import Cost
    from options import Options

GITLEAKS, KINGFISHER = "gitleaks", "kingfisher"
EXTRA = "sealedfiles[scan]"
LEAST = 100e6
"""Bytes in each second of CPU time: how fast held values are to be found."""
VALUES = 500
_LEAKED = "s3cr3t-value-of-the-benchmark"
_LEAK = b"M 100644 inline notes.txt\ndata %d\n%b\n" % (len(_LEAKED), _LEAKED.encode())
_FOUND = (1,)
"""The exit status shows that the value in plaintext was found."""


def missing() -> list[str]:
    """Return the names of the scanners that are not installed, and of the extra to compare them with."""
    extra = [] if _has_rules() else [EXTRA]
    return [*extra, *(name for name in (GITLEAKS, KINGFISHER) if not shutil.which(name))]


def _has_rules() -> bool:
    return find_spec("kingfisher_sdk") is not None


def against_scanners(options: Options) -> Iterator[Row]:
    """Yield the time for held values against the budget, and for provider tokens against each scanner.

    Without the extra ``scan``, provider tokens are left out.
    """
    repository = GrowingRepository(options.memory / "scan")
    size = create_history(repository, 60 if options.quick else 3000)
    scan = (PROGRAM, "scan", "--history", "--engine")
    title = f"`scan --history` of {megabytes(size)}"
    held = repository.cost(*scan, "none", statuses=_FOUND)
    limit = size / LEAST
    yield Row(
        f"{title}, {VALUES} values",
        _shown(held),
        "100 MB/s",
        f"{seconds(limit)} of CPU",
        held.cpu / limit,
        None if options.quick else 1,
    )
    if not _has_rules():
        return
    both = repository.cost(*scan, KINGFISHER, statuses=_FOUND)
    commands = {
        GITLEAKS: ("git", "--no-banner", "--exit-code=0", "--log-level=error"),
        KINGFISHER: ("scan", ".", "--no-validate", "--no-update-check", "--quiet"),
    }
    for peer, arguments in commands.items():
        # kingfisher exits with 200 if it finds something.
        run = partial(repository.cost, peer, *arguments, statuses=(0, 200))
        theirs = run() if shutil.which(peer) else None
        yield Row(
            f"{title}, {VALUES} values and provider tokens",
            _shown(both),
            peer,
            theirs and _shown(theirs),
            both.cpu / theirs.cpu if theirs else None,
            None,
        )


def create_history(repository: GrowingRepository, commits: int) -> int:
    """Write *commits* that change some lines of Python's own modules, and return the size of all blobs."""
    chosen = random.Random(1)
    modules = Path(sysconfig.get_paths()["stdlib"]).glob("*.py")
    files = {path.name: path.read_bytes().split(b"\n") for path in sorted(modules)}
    names = list(files)
    _seal_values(repository)
    stream = bytearray()
    size = 0
    for number in range(commits):
        changed = chosen.sample(names, 3) if number else names
        stream += b"commit refs/heads/main\ncommitter a <a@example.com> %d +0000\n" % number
        stream += b"data 0\n" + (b"" if number else b"from refs/heads/main^0\n" + _LEAK)
        for name in changed:
            lines = files[name]
            for _ in range(4):
                lines.insert(
                    chosen.randrange(len(lines)), b"    value = %d" % chosen.getrandbits(60)
                )
            text = b"\n".join(lines)
            size += len(text)
            stream += b"M 100644 inline src/%b\ndata %d\n%b\n" % (name.encode(), len(text), text)
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, cwd=repository.folder, env=repository.env, input=stream, check=True)
    repository.git("repack", "-q", "-a", "-d", "-f")
    return size


def _seal_values(repository: GrowingRepository) -> None:
    repository.git("branch", "--move", "--force", "main")
    values = [_LEAKED, *(random.Random(at).randbytes(15).hex() for at in range(1, VALUES))]
    path = repository.folder / DATA / "values.yaml"
    path.parent.mkdir()
    path.write_text("".join(f"KEY_{at}: {value}\n" for at, value in enumerate(values)))
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "values")


def _shown(cost: Cost) -> str:
    return f"{seconds(cost.cpu)} of CPU"
