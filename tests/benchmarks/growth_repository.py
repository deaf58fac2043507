"""Repositories of any size, generated quickly, and the cost of one command in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import samples
from filter_client import Request, converse
from measure import cost_of
from report import OURS
from repositories import DATA, PROGRAM, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measure import Cost

READERS = str(Path(__file__).with_name("many_readers.py"))
FOUND = (0, 1)
"""The exit statuses of commands that report something."""
TOUCHED = 100
"""How many files the commits of a long history take turns in changing."""


class GrowingRepository(Repository):
    """A repository whose sealed files, commits, groups and readers are generated."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, OURS)

    def cost(self, *command: str, statuses: tuple[int, ...] = (0,)) -> Cost:
        """Run *command* here and return its cost; raise if its exit status is not one of *statuses*."""
        return cost_of(command, self.folder, self.env, statuses)

    def write(self, number: int, folder: str = "", edition: int = 0) -> str:
        """Write a small file and return its path in the repository."""
        name = f"{DATA}/{folder or f'{number // samples.FOLDER_SIZE:04d}'}/{number:06d}.yaml"
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(samples.few(number, edition))
        return name

    def write_large(self, count: float) -> None:
        """Write one file of *count* MB."""
        path = self.folder / DATA / "large.yaml"
        path.parent.mkdir()
        with path.open("w") as file:
            file.writelines(samples.megabytes(count))

    def create_groups(self, count: int, files: int) -> None:
        """Create *count* groups, each with a folder of *files* files."""
        groups = [f"group{number:03d}" for number in range(count)]
        self.run(PROGRAM, "grant", "bench", *(f"--to={group}" for group in groups))
        policy = self.folder / ".sealedfiles" / "policy.yaml"
        rules = (f'  - files: "{DATA}/{group}/**"\n    group: {group}\n' for group in groups)
        policy.write_text(policy.read_text().replace("rules: []\n", "rules:\n" + "".join(rules)))
        self.run(PROGRAM, "trust", "policy", "--yes")
        self.git("add", "--all", ".sealedfiles")
        for at, group in enumerate(groups):
            for number in range(files):
                self.write(at * files + number, group)

    def create_readers(self, count: int) -> None:
        """Grant *count* readers access to the group ``default``."""
        self.run(sys.executable, READERS, str(count))

    def create_commits(self, count: int) -> None:
        """Add *count* commits, each of which changes one value of one file.

        The product seals them, and `git fast-import` writes the commits.
        """
        paths = self.git("ls-files", DATA).decode().split()[:TOUCHED]
        changes = [(paths[at % len(paths)], at) for at in range(count)]
        requests = [self._clean(path, at) for path, at in changes]
        command = ("sh", "-c", self.git("config", "filter.sealedfiles.process").decode())
        sealed = converse(command, requests, self.folder, self.env)
        stream = b"".join(self._commits(changes, sealed))
        subprocess.run(
            ["git", "fast-import", "--quiet"],
            cwd=self.folder,
            env=self.env,
            input=stream,
            check=True,
        )
        self.git("reset", "--quiet", "--hard")

    def _clean(self, path: str, at: int) -> Request:
        text = samples.few(int(Path(path).stem), at + 1)
        return Request(("command=clean", f"pathname={path}"), text.encode())

    def _commits(self, changes: list[tuple[str, int]], sealed: list[bytes]) -> Iterator[bytes]:
        start, branch = 1_700_000_000, "refs/heads/main"
        for (path, at), data in zip(changes, sealed, strict=True):
            yield f"commit {branch}\ncommitter bench <bench@example.org> {start + at} +0000\n".encode()
            yield b"data 7\nchange\n\n"
            if at == 0:
                yield f"from {branch}^0\n".encode()
            yield f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"
