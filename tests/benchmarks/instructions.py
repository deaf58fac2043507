"""Count the instructions that the hot paths take, and compare them with the committed figures.

    python tests/benchmarks/instructions.py [--write]

A count hardly differs from run to run, also on a busy machine, so it shows a loss of a few percent, which a time does
not.  Each is given in thousandths of what Python takes to import a few of its own modules, so that the figures also
hold for another build of the same version.  Exits with 1 if one is over 5 % higher than its figure; --write replaces the
figures of this version.  Without valgrind, or figures for this version, nothing is compared.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import samples
from passthrough import content_packets, packets
from report import OURS
from repositories import DATA, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES = Path(__file__).with_suffix(".json")
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
ALLOWED = 1.05
COUNTER = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
MAIN = "import sys; from sealedfiles.__main__ import main; sys.exit(main())"
YARDSTICK = "import re, pathlib, hashlib, subprocess"


def count(repository: Repository, code: str, *arguments: str, data: bytes = b"") -> int:
    """Return the instructions that a fresh Python takes for *code*, without those of programs that it starts."""
    command = [sys.executable, "-c", code, *arguments]
    # The order of sets and dictionaries must be the same every time; also, the first run compiles the modules.
    env = {**repository.env, "PYTHONHASHSEED": "0"}
    for prefix in ((), COUNTER):
        done = subprocess.run(
            [*prefix, *command],
            cwd=repository.folder,
            env=env,
            input=data,
            capture_output=True,
            check=True,
        )
    found = re.search(rb"Collected : (\d+)", done.stderr)
    if found is None:
        raise RuntimeError(f"valgrind has not counted: {done.stderr.decode()}")
    return int(found[1])


def hot_paths(repository: Repository) -> Iterator[tuple[str, int]]:
    """Yield the name of each hot path, and its instructions."""
    folder = repository.folder / DATA
    folder.mkdir()
    for name, style in (("small.yaml", "yaml"), ("small.env", "dotenv")):
        (folder / name).write_text(samples.small(0, style))
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "files")
    for name, style in (("small.yaml", "yaml"), ("small.env", "dotenv")):
        path = f"{DATA}/{name}"
        sealed = repository.git("cat-file", "blob", f":{path}")
        changed = samples.small(0, style, edition=1).encode()
        for work, content in (("smudge", sealed), ("clean", changed)):
            data = packets(b"git-filter-client\n", b"version=2\n") + packets(
                b"capability=clean\n", b"capability=smudge\n"
            )
            data += packets(f"command={work}\n".encode(), f"pathname={path}\n".encode())
            data += content_packets(content)
            yield f"{work} {name}", count(repository, MAIN, "git", "filter-process", data=data)
    yield "get small.env", count(repository, MAIN, "get", f"{DATA}/small.env", "API_PASSWORD")
    yield "post-checkout", count(repository, MAIN, "hook", "run", "post-checkout", "0", "0", "1")


def measured() -> dict[str, int]:
    """Return the figure of each hot path."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder) / "repository", OURS)
        unit = count(repository, YARDSTICK)
        return {name: round(1000 * number / unit) for name, number in hot_paths(repository)}


def main() -> int:
    """Compare or write the figures; return the exit status."""
    figures = json.loads(FIGURES.read_text())
    if shutil.which(COUNTER[0]) is None:
        print("skipped: valgrind is not installed")
        return 0
    if "--write" in sys.argv[1:]:
        figures[VERSION] = measured()
        FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
        return 0
    if VERSION not in figures:
        print(f"skipped: there are no figures for Python {VERSION}")
        return 0
    status = 0
    for name, number in measured().items():
        figure = figures[VERSION].get(name, 0)
        is_worse = number > figure * ALLOWED
        status = status or int(is_worse)
        print(f"{name:18} {number:6} committed {figure:6}{'  WORSE' if is_worse else ''}")
    return status


if __name__ == "__main__":
    sys.exit(main())
