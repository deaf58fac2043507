"""Run another secret scanner that is installed, on the texts that this scan reads.

It gets the texts through its standard input, many at once.  So it starts no git, which could show it
decrypted files (textconv), and nothing is written to disk.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_right

from sealedfiles.app.held.encodings import encodings_of
from sealedfiles.app.scan.programs import PROGRAMS
from sealedfiles.app.scan.provider_tokens import ProviderToken
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.messages import Note, counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from sealedfiles.app.scan.programs import Report

_BATCH = 16 << 20
"""Bytes: with so much text, the program is started."""
_NETWORK = ("BETTERLEAKS_VALIDATE", "BETTERLEAKS_ANALYZE")
"""Variables with which betterleaks would send what it finds to the services that it is for."""


class _Part(NamedTuple):
    """A part of a file."""

    context: object
    """The file or object that it is from."""
    name: bytes
    """The name of the file in it, if it is a container."""
    line: int
    """The number of its first line in the file."""
    text: bytes


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
        self.is_remote = PROGRAMS[name].is_remote
        """Whether it sends the texts to a service."""
        self.withheld = 0
        """The number of texts that were not given to a program that sends them to a service."""
        self._name = name
        self._path = found
        self._program = PROGRAMS[name]
        self._folder = folder
        self._parts: list[_Part] = []
        self._size = 0
        self._running: Future[list[EngineFinding]] | None = None
        self._found: list[EngineFinding] = []
        self._sent = 0
        self._unscanned = 0

    def feed(self, context: object, name: bytes, line: int, rest: bytes, chunk: bytes) -> None:
        """Take *chunk* of the file *name* in *context*, which follows *rest*, which begins at *line*.

        Binary data is left out.
        """
        if self._program.document or not self._parts:
            text = rest + chunk  # a secret may begin in the part before
        else:
            line, text = line + rest.count(b"\n"), chunk
        if b"\x00" in text:
            return
        self._parts.append(_Part(context, name, line, text))
        self._size += len(text)
        if self._size >= _BATCH:
            self._start()

    def end_file(self) -> None:
        """Begin a new line, so that two files are not one text."""
        last = self._parts[-1] if self._parts else None
        if last and not last.text.endswith(b"\n"):
            self._parts[-1] = last._replace(text=last.text + b"\n")

    def finish(self) -> Iterator[EngineFinding]:
        """Yield what the program found in all the texts since the last call."""
        if self._parts:
            self._start()
        self._wait()
        found, self._found = self._found, []
        yield from found

    def notes(self) -> list[Note]:
        """Return notes on what left this machine, and on what was not scanned."""
        notes = []
        if self.is_remote:
            what = f"{self._name} sent {counted(self._sent, 'text')} to GitGuardian"
            if self.withheld:
                withheld = counted(self.withheld, "text")
                what += f"; not sent, because of sealed values or their size: {withheld}"
            notes.append(Note(what))
        if self._unscanned:
            what = f"{self._name} did not scan {counted(self._unscanned, 'text')}"
            notes.append(Note(what, (f"to see why: {self._program.check}",)))
        return notes

    def _start(self) -> None:
        """Run the program in the background on what it has not seen.  At most two batches are in memory."""
        from concurrent.futures import ThreadPoolExecutor

        self._wait()
        pool = ThreadPoolExecutor(1)
        self._running = pool.submit(self._run, self._parts)
        pool.shutdown(wait=False)
        self._parts, self._size = [], 0

    def _wait(self) -> None:
        if self._running:
            self._found += self._running.result()
            self._running = None

    def _run(self, parts: list[_Part]) -> list[EngineFinding]:
        import subprocess

        done = subprocess.run(
            [self._path, *self._program.arguments],
            check=False,
            cwd=self._folder,
            env={name: value for name, value in os.environ.items() if name not in _NETWORK},
            input=self._input(parts),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            report = self._program.parse(done.stdout)
            found = [*self._findings(parts, report)]
        except (ValueError, LookupError, TypeError):
            raise self._failed() from None
        if done.returncode:
            raise self._failed()
        self._sent += len(parts)
        self._unscanned += 0 if report.scanned is None else len(parts) - report.scanned
        return found

    def _input(self, parts: list[_Part]) -> bytes:
        if not self._program.document:
            return b"".join(part.text for part in parts)
        texts = (part.text.decode("utf-8", "replace") for part in parts)
        documents = (self._program.document(*one) for one in enumerate(texts))
        return "".join(f"{json.dumps(one)}\n" for one in documents).encode("ascii")

    def _findings(self, parts: list[_Part], report: Report) -> Iterator[EngineFinding]:
        starts = [1]
        for part in parts:
            starts.append(starts[-1] + part.text.count(b"\n"))
        for one in report.found:
            secret = one.secret.encode("utf-8", "surrogatepass")
            if self._program.document:
                part = parts[one.number]
                line = one.line or _line_of(secret, part.text)
            else:
                at = bisect_right(starts, one.line, hi=len(parts)) - 1
                part, line = parts[at], one.line - starts[at] + 1
            token = ProviderToken(one.rule, one.rule, secret)
            yield EngineFinding(part.context, part.name, part.line + line - 1, token)

    def _failed(self) -> SealedFilesError:
        return SealedFilesError(
            f"{self._name} failed, or printed no report that can be read",
            f"to see why: {self._program.check}",
        )


def _line_of(secret: bytes, text: bytes) -> int:
    """Return the line of *text* that *secret* is in, as it is or encoded; 1 if it is in none."""
    for one in (secret, *(encoded for _, encoded in encodings_of(secret))):
        at = text.find(one)
        if at >= 0:
            return 1 + text.count(b"\n", 0, at)
    return 1
