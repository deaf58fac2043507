"""One small file, and many of them in one call: `cat`, `set`, `seal` and `edit` against SOPS and age."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import samples
from measure import Candidate, interleaved
from peers import AGE, SOPS, Age, Sops
from report import OURS, compare
from repositories import DATA, PROGRAM, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from options import Options
    from report import Row

TEXT = samples.small(0)
FILE = f"{DATA}/one.yaml"
UNCHANGED = 200
"""The exit status of `sops edit` if the editor changed nothing."""
LIMIT = 2.0
LOOP_LIMIT = 1 / 20


def small_file(options: Options) -> Iterator[Row]:
    """Yield the rows for one YAML file of 1 KB with 25 values."""
    ours = _Ours(options.memory / "one-file")
    sops = Sops(options.sops, options.memory / "one-file-sops") if options.sops else None
    age = Age(options.age, options.memory / "one-file-age") if options.age else None
    works: dict[str, list[Candidate]] = {
        "cat": [ours.cat()],
        "set": [ours.set()],
        "seal": [ours.seal()],
        "edit": [ours.edit()],
    }
    if sops:
        for name, candidate in _sops(sops).items():
            works[name].append(candidate)
    if age:
        file = age.encrypted("one.yaml", TEXT)
        works["cat"].append(Candidate(AGE, lambda: age.run("-d", "-i", age.key, file)))
        encrypt = ("-r", age.recipient, "-o", f"{file}.new", f"{age.folder}/one.yaml")
        works["seal"].append(Candidate(AGE, lambda: age.run(*encrypt)))
    for name, candidates in works.items():
        timings = interleaved(candidates, options.repeats * 2)
        title = f"`{name}`, one YAML file with 25 values"
        yield compare(title, timings, SOPS, LIMIT)
        if name in ("cat", "seal"):
            yield compare(title, timings, AGE, None, "age, the whole file")


def many_files(options: Options) -> Iterator[Row]:
    """Yield the row for the plaintext of many files."""
    repository = Repository(options.memory / "cat-many", OURS)
    paths = samples.write_small_files(repository.folder / DATA, options.files, "yaml")
    names = [str(path) for path in paths]
    repository.run(PROGRAM, "seal", *names)
    candidates = [Candidate(OURS, lambda: repository.run(PROGRAM, "cat", *names))]
    if options.sops:
        sops = Sops(options.sops, options.memory / "cat-many-sops")
        theirs = [sops.encrypted(f"{at}.yaml", samples.small(at)) for at in range(options.files)]

        def loop() -> None:
            for name in theirs:
                sops.run("decrypt", name)

        candidates.append(Candidate(SOPS, loop))
    timings = interleaved(candidates, min(options.repeats, 3))
    title = f"`cat` of {options.files} files in one call"
    yield compare(title, timings, SOPS, LOOP_LIMIT, "`sops decrypt` in a loop")


class _Ours:
    """A repository with one file, which is sealed in the working tree too."""

    def __init__(self, folder: Path) -> None:
        self._repository = Repository(folder, OURS)
        self._repository.env["EDITOR"] = "true"
        self._file = self._repository.folder / FILE
        self._file.parent.mkdir()
        self._write()
        self._run("seal", FILE)
        self._sealed = self._file.read_bytes()
        self._numbers = count()
        if self._run("cat", FILE) != TEXT.encode():
            raise RuntimeError("the file did not come back")

    def cat(self) -> Candidate:
        """Print the plaintext."""
        return Candidate(OURS, lambda: self._run("cat", FILE), self._restore)

    def set(self) -> Candidate:
        """Give one value a text that it never had."""
        arguments = ("set", FILE, "api.password", "--value")
        return Candidate(
            OURS, lambda: self._run(*arguments, f"new-{next(self._numbers)}"), self._restore
        )

    def seal(self) -> Candidate:
        """Encrypt the values in place."""
        return Candidate(OURS, lambda: self._run("seal", FILE), self._write)

    def edit(self) -> Candidate:
        """Start an editor that changes nothing."""
        return Candidate(OURS, lambda: self._run("edit", FILE), self._restore)

    def _run(self, *arguments: str) -> bytes:
        return self._repository.run(PROGRAM, *arguments)

    def _write(self) -> None:
        self._file.write_text(TEXT)

    def _restore(self) -> None:
        self._file.write_bytes(self._sealed)


def _sops(sops: Sops) -> dict[str, Candidate]:
    """Return the same works by SOPS."""
    name = sops.encrypted("one.yaml", TEXT)
    numbers = count()

    def change() -> None:
        sops.run("set", name, '["api"]["password"]', f'"new-{next(numbers)}"')

    def write() -> None:
        sops.write("new.yaml", TEXT)

    return {
        "cat": Candidate(SOPS, lambda: sops.run("decrypt", name)),
        "set": Candidate(SOPS, change),
        "seal": Candidate(SOPS, lambda: sops.encrypt("new.yaml"), write),
        "edit": Candidate(SOPS, lambda: sops.run("edit", name, statuses=(UNCHANGED,))),
    }
