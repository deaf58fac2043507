"""Run another secret scanner that is installed, on the texts that this scan reads.

It gets the texts through its standard input, one after the other.  So it starts no git, which could show it
decrypted files (textconv), and nothing is written to disk.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_right

from sealedfiles.app.scan.provider_tokens import ProviderToken
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

_NETWORK = ("BETTERLEAKS_VALIDATE", "BETTERLEAKS_ANALYZE")
"""Variables with which betterleaks would send what it finds to the services that it is for."""


class Program(NamedTuple):
    """How to run a scanner, and to read the JSON that it prints."""

    arguments: tuple[str, ...]
    parse: Callable[[Any], list[tuple[int, str, str]]]
    """Returns line, rule and secret of each finding."""


def _parse_betterleaks(data: Any) -> list[tuple[int, str, str]]:
    return [
        (one["location"]["start_line"], one["rule_id"], one["match"]["value"])
        for one in data["findings"] or ()
    ]


def _parse_gitleaks(data: Any) -> list[tuple[int, str, str]]:
    return [(one["StartLine"], one["RuleID"], one["Secret"]) for one in data]


PROGRAMS = {
    "betterleaks": Program(
        ("stdin", "--silent", "--output=-", "--exit-code=0"), _parse_betterleaks
    ),
    "gitleaks": Program(
        ("stdin", "--no-banner", "--report-format=json", "--report-path=-", "--exit-code=0"),
        _parse_gitleaks,
    ),
}


class _Part(NamedTuple):
    """A part of the texts that were sent."""

    context: object
    """The file or object that it is from."""
    name: bytes
    """The name of the file in it, if it is a container."""
    line: int
    """The number of its first line in the file."""


class EngineFinding(NamedTuple):
    """A secret that the program found."""

    context: object
    name: bytes
    line: int
    token: ProviderToken


class Engine:
    """The program *name*, which is started in *folder* when there is something to scan."""

    def __init__(self, name: str, folder: Path) -> None:
        import shutil

        found = shutil.which(name)
        if found is None:
            raise UsageError(
                f"{name} was not found on PATH", f"install {name}, or choose --engine none"
            )
        self._name = name
        self._path = found
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._parts: list[_Part] = []
        self._starts: list[int] = []
        self._line = 1

    def feed(self, context: object, name: bytes, line: int, data: bytes) -> None:
        """Send *data*, which begins at *line* of the file *name* in *context*.  Binary data is left out."""
        if b"\x00" in data:
            return
        if self._process is None:
            self._process = self._start()
        self._starts.append(self._line)
        self._parts.append(_Part(context, name, line))
        self._write(data)

    def end_file(self) -> None:
        """Begin a new line, so that two files are not one text."""
        self._write(b"\n")

    def _write(self, data: bytes) -> None:
        if self._process is None:
            return
        self._line += data.count(b"\n")
        try:
            assert self._process.stdin  # noqa: S101 - opened as a pipe
            self._process.stdin.write(data)
        except BrokenPipeError:
            raise self._failed() from None

    def finish(self) -> Iterator[EngineFinding]:
        """Yield what the program found in all the texts since the last call."""
        process, self._process = self._process, None
        parts, self._parts = self._parts, []
        starts, self._starts = self._starts, []
        self._line = 1
        if process is None:
            return
        out, _ = process.communicate()
        try:
            found = PROGRAMS[self._name].parse(json.loads(out or b"null"))
        except (ValueError, LookupError, TypeError):
            raise self._failed() from None
        if process.returncode:
            raise self._failed()
        for line, rule, secret in found:
            at = bisect_right(starts, line) - 1
            part = parts[at]
            token = ProviderToken(rule, rule, secret.encode("utf-8", "surrogatepass"))
            yield EngineFinding(part.context, part.name, part.line + line - starts[at], token)

    def _start(self) -> subprocess.Popen[bytes]:
        import subprocess

        return subprocess.Popen(
            [self._path, *PROGRAMS[self._name].arguments],
            cwd=self._folder,
            env={name: value for name, value in os.environ.items() if name not in _NETWORK},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _failed(self) -> SealedFilesError:
        return SealedFilesError(
            f"{self._name} failed, or printed no report that can be read",
            f"to see why, give it a text: {self._name} stdin < FILE",
        )
