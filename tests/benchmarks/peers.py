"""The programs with which single files are compared: SOPS, dotenvx and age, each with a key of its own."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from repositories import GIT_CRYPT, PROGRAM, environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from options import Options

SOPS, DOTENVX, AGE = "SOPS", "dotenvx", "age"


def missing(options: Options) -> list[str]:
    """Return the names of the programs that are not installed."""
    programs = {
        GIT_CRYPT: shutil.which(GIT_CRYPT),
        SOPS: options.sops,
        DOTENVX: options.dotenvx,
        AGE: options.age,
    }
    return [name for name, program in programs.items() if not program]


class Peer:
    """A program that works in a folder of its own, with an empty home."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.env = environment(folder.with_name(f"{folder.name}.home"))
        folder.mkdir(parents=True)

    def run(self, *arguments: str, statuses: tuple[int, ...] = (0,)) -> bytes:
        """Run the program and return its stdout; raise if its exit status is not one of *statuses*."""
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        if done.returncode not in statuses:
            error = done.stderr.decode(errors="replace")
            raise RuntimeError(f"{self.program} {' '.join(arguments)}: {error}")
        return done.stdout

    def write(self, name: str, text: str) -> Path:
        """Write a file in plaintext and return its path."""
        path = self.folder / name
        path.write_text(text)
        return path


class Sops(Peer):
    """SOPS with an age key in a file, as a team without a cloud provider uses it."""

    def __init__(self, program: str, folder: Path) -> None:
        super().__init__(program, folder)
        key, recipient = x25519_key(folder, self.env)
        self.env |= {"SOPS_AGE_KEY_FILE": key, "SOPS_AGE_RECIPIENTS": recipient, "EDITOR": "true"}

    def encrypted(self, name: str, text: str) -> str:
        """Write a file, encrypt its values and return its path."""
        path = str(self.write(name, text))
        self.encrypt(path)
        return path

    def encrypt(self, path: str) -> None:
        """Encrypt the values of a file in place."""
        self.run("encrypt", "--in-place", path)


class Dotenvx(Peer):
    """dotenvx with its key in ``.env.keys``."""

    def encrypted(self, text: str) -> None:
        """Write ``.env`` and encrypt its values."""
        self.write(".env", text)
        self.run("encrypt")


class Age(Peer):
    """age, which encrypts whole files."""

    def __init__(self, program: str, folder: Path) -> None:
        super().__init__(program, folder)
        self.key, self.recipient = x25519_key(folder, self.env)

    def encrypted(self, name: str, text: str) -> str:
        """Write a file, encrypt it and return the path of the encrypted file."""
        path = str(self.write(name, text))
        self.run("-r", self.recipient, "-o", f"{path}.age", path)
        return f"{path}.age"


def x25519_key(folder: Path, env: Mapping[str, str]) -> tuple[str, str]:
    """Generate a key that all versions of age can use; return its file and the public key."""
    key = f"{folder}.key"
    command = [PROGRAM, "keygen", "--classic", "--output", key]
    done = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True)
    return key, done.stdout.strip()
