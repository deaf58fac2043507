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
MANY = 20
HANDSHAKE = packets(b"git-filter-client\n", b"version=2\n") + packets(
    b"capability=clean\n", b"capability=smudge\n"
)
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
    small = {"small.yaml": "yaml", "small.env": "dotenv"}
    for name, style in small.items():
        (folder / name).write_text(samples.small(0, style))
    many = samples.write_small_files(folder / "many", MANY, "yaml", 0)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "files")

    def count_filter(*requests: tuple[str, str, bytes]) -> int:
        data = b"".join([HANDSHAKE, *map(_request, requests)])
        return count(repository, MAIN, "git", "filter-process", data=data)

    for name, style in small.items():
        path = f"{DATA}/{name}"
        sealed = repository.git("cat-file", "blob", f":{path}")
        changed = samples.small(0, style, edition=1).encode()
        yield f"smudge {name}", count_filter(("smudge", path, sealed))
        yield f"clean {name}", count_filter(("clean", path, changed))
    paths = sorted(file.relative_to(repository.folder).as_posix() for file in many)
    # What a file costs beyond the first.  An unchanged one is known from the run before the count.
    for work, edition in (("unchanged", 0), ("changed", 1)):
        texts = [samples.small(number, "yaml", edition).encode() for number in range(MANY)]
        requests = [("clean", *one) for one in zip(paths, texts, strict=True)]
        yield f"clean {MANY} {work} files", count_filter(*requests)
    yield "get small.env", count(repository, MAIN, "get", f"{DATA}/small.env", "API_PASSWORD")
    yield "post-checkout", count(repository, MAIN, "hook", "run", "post-checkout", "0", "0", "1")


def _request(request: tuple[str, str, bytes]) -> bytes:
    """Return the packets in which git asks to clean or smudge a file: the command, its path, its content."""
    command, path, content = request
    asked = packets(f"command={command}\n".encode(), f"pathname={path}\n".encode())
    return asked + content_packets(content)


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
        print(f"{name:24} {number:6} committed {figure:6}{'  WORSE' if is_worse else ''}")
    return status


if __name__ == "__main__":
    sys.exit(main())
