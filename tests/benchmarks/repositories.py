"""A git repository with a contestant's filter in it, cut off from the user's own settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import samples
from report import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

GIT_CRYPT = "git-crypt"
PASS_THROUGH = "pass-through filter"
PYTHON = "`python3 -c pass`"

DATA = "conf"
PATTERN = f"{DATA}/**"
PROGRAM = str(Path(sys.executable).with_name("sealedfiles"))
PASS_THROUGH_COMMAND = (sys.executable, str(Path(__file__).with_name("passthrough.py")))


def environment(home: Path) -> dict[str, str]:
    """Return an environment with an empty home in *home*, without git's and our own variables."""
    home.mkdir(parents=True, exist_ok=True)
    settings = home / ".gitconfig"
    settings.write_text(
        "[user]\n\tname = bench\n\temail = bench@example.org\n"
        "[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n"
    )
    foreign = ("GIT_", "SEALEDFILES_", "SOPS_", "XDG_", "DBUS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    kept.pop("CI", None)
    return kept | {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def bare_python(env: Mapping[str, str]) -> None:
    """Run ``python3 -c pass``."""
    subprocess.run([sys.executable, "-c", "pass"], env=env, check=True)


class Repository:
    """A repository at *folder* whose files below ``conf/`` go through *contestant*'s filter."""

    def __init__(self, folder: Path, contestant: str) -> None:
        self.folder = folder
        self.contestant = contestant
        self.env = environment(folder.with_name(f"{folder.name}.home"))
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--template=")
        SETUPS[contestant](self)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "set up")

    def git(self, *arguments: str) -> bytes:
        """Run git here and return its stdout; an error is raised with what git said."""
        return self.run("git", *arguments)

    def run(self, *command: str) -> bytes:
        """Run *command* here and return its stdout; an error is raised with what it said."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, capture_output=True
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def attributes(self, line: str) -> None:
        """Append *line* to ``.gitattributes``."""
        with (self.folder / ".gitattributes").open("a") as file:
            file.write(f"{line}\n")


class SmallFiles:
    """*count* small files in a repository, and the states in which the timed commands find it."""

    def __init__(self, repository: Repository, count: int, style: str) -> None:
        self.repository = repository
        self.count = count
        self.style = style
        self.edition = 0
        self.paths: list[Path] = []
        self._clock = time.time() - 1_000_000
        self._snapshot = repository.folder.with_name(f"{repository.folder.name}.git")
        self.write(0)
        self.keep()

    def write(self, edition: int) -> None:
        """Write all files anew, one value of each depending on *edition*."""
        self.edition = edition
        folder = self.repository.folder / DATA
        self.paths = samples.write_small_files(folder, self.count, self.style, edition)
        self.touch()

    def touch(self) -> None:
        """Give every file a time of change that it never had, long enough ago for git to trust."""
        self._clock += 10
        for path in self.paths:
            os.utime(path, (self._clock, self._clock))

    def keep(self) -> None:
        """Remember the repository as git sees it now."""
        shutil.rmtree(self._snapshot, ignore_errors=True)
        shutil.copytree(self.repository.folder / ".git", self._snapshot)

    def go_back(self) -> None:
        """Make the repository what it was when it was kept, without the objects made since."""
        shutil.rmtree(self.repository.folder / ".git")
        shutil.copytree(self._snapshot, self.repository.folder / ".git")

    def change_one_value_each(self) -> None:
        """Go back, and give one value of every file a text that it never had."""
        self.go_back()
        self.write(self.edition + 1)

    def remove(self) -> None:
        """Remove all files from the working tree."""
        shutil.rmtree(self.repository.folder / DATA)

    def add(self) -> None:
        """Run ``git add``."""
        self.repository.git("add", DATA)

    def checkout(self) -> None:
        """Run ``git checkout -- .``."""
        self.repository.git("checkout", "--", ".")

    def status(self) -> None:
        """Run ``git status``."""
        self.repository.git("status", "--porcelain")

    def commit(self) -> None:
        """Commit what is staged, and remember that state."""
        self.repository.git("commit", "--quiet", "--message", "files")
        self.keep()

    def verify(self) -> None:
        """Raise where the working tree is not as written, git not clean, or a blob not sealed."""
        number = self.count // 2
        text = samples.small(number, self.style, self.edition).encode()
        path = self.paths[number]
        if path.read_bytes() != text:
            raise RuntimeError(f"{self.repository.contestant}: {path} did not come back")
        if changes := self.repository.git("status", "--porcelain"):
            raise RuntimeError(f"{self.repository.contestant}: dirty: {changes[:200]!r}")
        name = path.relative_to(self.repository.folder).as_posix()
        blob = self.repository.git("cat-file", "blob", f":{name}")
        value = samples.value_of(text)
        if (value in blob) == (self.repository.contestant in SEALING):
            raise RuntimeError(f"{self.repository.contestant}: {name} is not stored as it should")


def installed() -> list[str]:
    """Return the contestants that can run here, ours first."""
    return [name for name in SETUPS if name != GIT_CRYPT or shutil.which(GIT_CRYPT)]


def _set_up_ours(repository: Repository) -> None:
    repository.run(PROGRAM, "init", "--name", "bench")
    repository.run(PROGRAM, "track", PATTERN)


def _set_up_git_crypt(repository: Repository) -> None:
    repository.run(GIT_CRYPT, "init")
    repository.attributes(f"{PATTERN} filter=git-crypt diff=git-crypt")


def _set_up_pass_through(repository: Repository) -> None:
    command = " ".join(f"'{part}'" for part in PASS_THROUGH_COMMAND)
    repository.git("config", "filter.pass.process", command)
    repository.git("config", "filter.pass.required", "true")
    repository.attributes(f"{PATTERN} filter=pass -text")


SETUPS = {
    OURS: _set_up_ours,
    PASS_THROUGH: _set_up_pass_through,
    GIT_CRYPT: _set_up_git_crypt,
}
SEALING = (OURS, GIT_CRYPT)
