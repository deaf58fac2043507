"""Somebody who edits files with ``sealedfiles edit``, with shell scripts as editors."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from age.programs import TIMEOUT, on_terminal
from people import SECRET, program

if TYPE_CHECKING:
    from people import Repo


@dataclass
class Desk:
    """A repository (or another folder), and the places where plaintext may be stored while it is edited."""

    repo: Repo
    memory: Path
    scripts: Path

    def editor(self, script: str) -> str:
        """Create an editor from shell statements, in which ``$1`` is the file; return its path."""
        path = self.scripts / f"an editör {len(list(self.scripts.iterdir()))}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    def having(self, **variables: str) -> Desk:
        repo = replace(self.repo, person=self.repo.person.having(**variables))
        return replace(self, repo=repo)

    def edit(self, file: str, script: str, *options: str, code: int | None = 0) -> str:
        """Edit *file* with the editor script *script*; return stderr."""
        desk = self.having(EDITOR=self.editor(script))
        desk.repo.sealedfiles("edit", file, *options, code=code)
        return desk.repo.stderr

    def edit_on_terminal(
        self, file: str, script: str, *answers: tuple[str, str], code: int | None = 0
    ) -> str:
        """Edit *file* at a terminal with the editor script *script*; see ``at_terminal``."""
        return self.at_terminal(file, self.editor(script), *answers, code=code)

    def at_terminal(
        self, file: str, editor: str, *answers: tuple[str, str], code: int | None = 0
    ) -> str:
        """Edit *file* at a terminal, where *answers* are typed; return everything that it displayed."""
        variables = {**self.repo.person.environment(), "EDITOR": editor, "TERM": "xterm"}
        pairs = [f"{name}={value}" for name, value in variables.items()]
        change = ["/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(self.repo.path)]
        command = ["env", "-i", *pairs, *change, *program(), "edit", file]
        status, shown = on_terminal(command, answers)
        assert code is None or status == code, shown
        assert "Traceback" not in shown, shown
        return shown

    def start(self, file: str, script: str) -> subprocess.Popen[bytes]:
        """Start editing *file*; return when the editor runs.

        The editor must create a file called ``running`` in the folder ``$DESK``.
        """
        environment = {**self.repo.person.environment(), "EDITOR": self.editor(script)}
        process = subprocess.Popen(
            [*program(), "edit", file],
            cwd=self.repo.path,
            env={**environment, "DESK": str(self.scripts.parent)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        wait_for(self.scripts.parent / "running")
        return process

    def recoveries(self, folder: Path | None = None) -> list[str]:
        """Return the saved edits in git's folder."""
        folder = folder or self.repo.path / ".git/sealedfiles/recovery"
        files = sorted(folder.iterdir()) if folder.exists() else []
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
        assert not files or folder.stat().st_mode & 0o777 == 0o700
        return [file.read_text() for file in files]

    def assert_tidy(self) -> None:
        """Check that nothing is left in memory, and no plaintext in the home directory or in git."""
        assert list(self.memory.iterdir()) == []
        for file in self.repo.person.home.rglob("*"):
            assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
        assert list((self.repo.path / ".git/sealedfiles").glob("tmp/*")) == []


def wait_for(path: Path) -> None:
    """Return when *path* exists."""
    end = time.monotonic() + TIMEOUT
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.01)


def ended(process: subprocess.Popen[bytes]) -> str:
    """Wait until a process, and all processes that share its stderr, end; return its stderr."""
    stderr = process.communicate(timeout=TIMEOUT)[1].decode()
    assert "Traceback" not in stderr
    return stderr
