"""Where a person's or a machine's identity is found (design, section 6).

The places are looked at lazily and in a fixed order; the first identity that opens what is needed
wins.  What was looked at, and found there, is kept for the error that says that no key opens this.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles import age
from sealedfiles.errors import NoKeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Place(NamedTuple):
    """One place where identities may be; ``load`` returns the text there, None where there is none."""

    name: str
    load: Callable[[], str | None]
    required: bool


class Found(NamedTuple):
    """One place that was looked at, and what came of it."""

    place: str
    identities: list[age.Identity]
    trouble: str = ""


def config_folder() -> Path:
    """Return the folder of this user's settings for sealedfiles."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "sealedfiles"
    if sys.platform == "darwin" and not os.environ.get("XDG_CONFIG_HOME"):
        return home / "Library" / "Application Support" / "sealedfiles"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "sealedfiles"


def identities_file() -> Path:
    """Return the file that `keygen` and `init` write new identities to."""
    return config_folder() / "identities"


class Identities:
    """The identities of whoever runs this, found one place after the other as they are asked for."""

    def __init__(self, explicit: str | None = None) -> None:
        self._places = list(_places(explicit))
        self.found: list[Found] = []

    def __iter__(self) -> Iterator[age.Identity]:
        """Yield every identity, looking at further places only when those before did not do."""
        at = 0
        while True:
            if at == len(self.found):
                if at == len(self._places):
                    return
                self.found.append(self._look(self._places[at]))
            yield from self.found[at].identities
            at += 1

    def report(self) -> list[str]:
        """Return a line for every place, with the public keys that were found there."""
        lines = []
        for found in self.found:
            what = found.trouble or ", ".join(public_name(i) for i in found.identities) or "nothing"
            lines.append(f"looked at {found.place}: {what}")
        return lines

    @staticmethod
    def _look(place: Place) -> Found:
        try:
            text = place.load()
            if text is None:
                return Found(place.name, [])
            return Found(place.name, age.parse_identities(_repair(text)))
        except age.AgeError as error:
            trouble = f"no key that can be used ({error})"
        except (OSError, UnicodeDecodeError) as error:
            trouble = f"cannot be read ({getattr(error, 'strerror', None) or 'not text'})"
        if place.required:
            raise NoKeyError(f"{place.name}: {trouble}")
        return Found(place.name, [], trouble)


def public_name(identity: age.Identity) -> str:
    """Return what to call an identity in a message: its public key, cut short."""
    text = str(identity.recipient) if identity.recipient else "a key whose public half is not known"
    return text if len(text) <= 80 else f"{text[:24]}…{text[-8:]}"


def _repair(text: str) -> str:
    r"""Undo what CI systems do to a key in a variable: a literal ``\n`` for every line end."""
    return text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n")


def _places(explicit: str | None) -> Iterator[Place]:
    if explicit:
        yield Place(f"--identity {explicit}", lambda: _read(Path(explicit)), True)
    yield Place("SEALEDFILES_KEY", lambda: os.environ.get("SEALEDFILES_KEY") or None, True)
    file = os.environ.get("SEALEDFILES_KEY_FILE")
    name = f"SEALEDFILES_KEY_FILE ({file})" if file else "SEALEDFILES_KEY_FILE"
    yield Place(name, lambda: _read(Path(file)) if file else None, True)
    line = os.environ.get("SEALEDFILES_KEY_CMD")
    yield Place("SEALEDFILES_KEY_CMD", lambda: _run(line) if line else None, True)
    try:
        own = identities_file()
    except RuntimeError:
        return  # a container whose user has no home
    yield Place(str(own), lambda: _read(own) if own.exists() else None, False)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _run(command: str) -> str:
    import subprocess

    # Neither stdin nor stdout may be git's: they carry the filter protocol.
    run = subprocess.run(  # noqa: S602 - the variable is a command line by definition
        command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
    )
    if run.returncode:
        raise NoKeyError(f"SEALEDFILES_KEY_CMD failed with exit status {run.returncode}")
    return run.stdout.decode("utf-8")
