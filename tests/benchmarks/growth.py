"""How costs grow: each case in a small and in a large size, compared by the cost of one unit.

A unit is a file, a commit, a group, a reader or a megabyte.  Works whose cost must not depend on the size at
all, as a commit of one file among many, are compared as a whole.
"""

from __future__ import annotations

import os
import shutil
import time
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from growth_repository import FOUND, GrowingRepository
from report import Row, megabytes, seconds
from repositories import DATA, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from measure import Cost
    from options import Options

LIMIT = 1.2
SHORT = 1.0
"""Seconds.  The CPU time of shorter commands differs by a fifth from run to run."""
MANY_COMMITS = 100
"""How many commits that touch one file are checked in a repository of many files."""


class Work(NamedTuple):
    """One command in one repository."""

    title: str
    cost: Cost
    is_constant: bool = False
    """Whether its time must not depend on the size."""
    streams: bool = False
    """Whether its memory must not depend on the size."""


class Case(NamedTuple):
    """What grows."""

    unit: str
    sizes: tuple[float, float]
    works: Callable[[GrowingRepository, float], Iterator[Work]]


def growth(options: Options) -> Iterator[Row]:
    """Yield a row for the time, and one for the memory, of each command in each case."""
    for case in cases(quick=options.quick):
        yield from compare_sizes(case, options.memory / "growth")


def compare_sizes(case: Case, folder: Path) -> Iterator[Row]:
    """Yield the rows of one case, with repositories in *folder*, which is removed."""
    small, large = (_measured(case, size, folder) for size in case.sizes)
    for title, work in large.items():
        yield from _rows(case, work, small[title])


def cases(*, quick: bool) -> list[Case]:
    """Return what grows; *quick*: in sizes for a trial run."""
    return [
        Case("files", (10, 100) if quick else (10_000, 100_000), _files),
        Case("commits", (10, 100) if quick else (1000, 10_000), _commits),
        Case("groups", (2, 6) if quick else (10, 100), _groups),
        Case("readers", (2, 10) if quick else (100, 1000), _readers),
        Case("MB in one file", (0.01, 0.1) if quick else (10, 100), _large_file),
    ]


def _measured(case: Case, size: float, folder: Path) -> dict[str, Work]:
    try:
        repository = GrowingRepository(folder / "repository")
        return {work.title: work for work in case.works(repository, size)}
    finally:
        shutil.rmtree(folder)


def _rows(case: Case, large: Work, small: Work) -> Iterator[Row]:
    few, many = case.sizes
    times = 1 if large.is_constant else many / few
    peaks = 1 if large.is_constant or large.streams else many / few
    title = f"{large.title}, {many:,g} {case.unit}"
    peer = f"{few:,g} {case.unit}"
    ours, theirs = large.cost, small.cost
    # Each command runs once, so that the work of other programs would be a part of the ratio of wall times.
    ratio = ours.cpu / theirs.cpu / times
    yield Row(title, _times(ours), peer, _times(theirs), ratio, LIMIT)
    ratio = ours.peak / theirs.peak / peaks
    title = f"peak memory: {title}"
    yield Row(title, megabytes(ours.peak), peer, megabytes(theirs.peak), ratio, LIMIT)


def _times(cost: Cost) -> str:
    return f"{seconds(cost.seconds)}, CPU {seconds(cost.cpu)}"


def _files(repository: GrowingRepository, size: float) -> Iterator[Work]:
    for number in range(int(size)):
        repository.write(number)
    yield from _add(repository)
    yield from _git(repository)
    yield from _commands(repository)
    repository.create_commits(MANY_COMMITS)
    ours = partial(repository.cost, PROGRAM)
    some = ("check", "--rev", f"HEAD~{MANY_COMMITS}..HEAD")
    yield Work(f"`check --rev` of {MANY_COMMITS} commits of one file each", ours(*some), True)
    yield _one_file(repository, MANY_COMMITS + 1)
    (repository.folder / "plain.txt").write_text("not sealed\n")
    alone = "git add plain.txt && git -c core.hooksPath=/dev/null commit --quiet --message one"
    title = "the same by git alone: no filter, no hooks"
    yield Work(title, repository.cost("sh", "-c", alone), True)
    yield _new_file(repository, int(size))
    yield Work("`rotate`", ours("rotate", "--yes"), streams=True)


def _commits(repository: GrowingRepository, size: float) -> Iterator[Work]:
    for number in range(100):
        repository.write(number)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "files")
    repository.create_commits(int(size))
    constant = {"`status`", "`check`", "`who`", "`git checkout`", "`git status`"}
    for work in (*_git(repository), *_commands(repository)):
        yield work._replace(is_constant=work.title in constant)
    ours = partial(repository.cost, PROGRAM)
    yield Work("`who --log`", ours("who", "--log"))
    yield Work("`status --age`", ours("status", "--age"))
    yield _one_file(repository, int(size) + 1)
    yield Work("`rotate`", ours("rotate", "--yes"))


def _groups(repository: GrowingRepository, size: float) -> Iterator[Work]:
    repository.create_groups(int(size), files=10)
    yield from _add(repository)
    yield from _git(repository)
    yield from _commands(repository)
    yield Work("`rotate`", repository.cost(PROGRAM, "rotate", "--yes"))


def _readers(repository: GrowingRepository, size: float) -> Iterator[Work]:
    repository.create_readers(int(size))
    for number in range(100):
        repository.write(number)
    constant = {"`git checkout`", "`git status`"}
    for work in (*_add(repository), *_git(repository), *_commands(repository)):
        yield work._replace(is_constant=work.title in constant)
    yield Work("`rotate`", repository.cost(PROGRAM, "rotate", "--yes"))


def _large_file(repository: GrowingRepository, size: float) -> Iterator[Work]:
    repository.write_large(size)
    yield from _add(repository)
    yield from _git(repository)
    name = f"{DATA}/large.yaml"
    ours = partial(repository.cost, PROGRAM)
    yield Work("`cat`", ours("cat", name))
    yield Work("`get` of one value", ours("get", name, "service-00000.setting-00"))
    yield from _commands(repository)
    yield Work("`rotate`", ours("rotate", "--yes"))


def _add(repository: GrowingRepository) -> Iterator[Work]:
    yield Work("`git add`", repository.cost("git", "add", "--all"))
    commit = repository.cost("git", "commit", "--quiet", "--message", "files")
    yield Work("`git commit`", commit)


def _one_file(repository: GrowingRepository, edition: int) -> Work:
    def commit() -> Cost:
        name = repository.write(0, edition=next(editions))
        return repository.cost("sh", "-c", f"git add {name} && git commit --quiet --message one")

    editions = count(edition)
    commit()  # from the second time on, the hooks know the files that another command has written
    return Work("`git add` and `git commit` of one file", commit(), True)


def _new_file(repository: GrowingRepository, number: int) -> Work:
    numbers = count(number)

    def add() -> Cost:
        return repository.cost("git", "add", repository.write(next(numbers)))

    add()  # from the second time on, the ids in use are known (``git/blob_ids.py``)
    cost = _settled(add)
    repository.git("reset", "--quiet", "--hard")
    return Work("`git add` of one new file", cost, True)


def _git(repository: GrowingRepository) -> Iterator[Work]:
    """Yield the commands of git that write and compare every file."""
    data = repository.folder / DATA

    def checkout() -> Cost:
        shutil.rmtree(data)
        return repository.cost("git", "checkout", "--", ".")

    yield Work("`git checkout`", _settled(checkout))
    # A time that no file ever had, long enough ago for git to trust, makes git clean each file again.
    times = count(int(time.time()) - 1_000_000)

    def status() -> Cost:
        then = next(times)
        for path in data.rglob("*.yaml"):
            os.utime(path, (then, then))
        return repository.cost("git", "status", "--porcelain")

    status()  # from the second time on, clean knows the files (``git/filter/unchanged.py``)
    yield Work("`git status`", status())


def _commands(repository: GrowingRepository) -> Iterator[Work]:
    """Yield the commands of sealedfiles that read the whole repository."""
    for command in ("status", "check", "check --all", "who", "exposure bench", "doctor"):
        run = partial(repository.cost, PROGRAM, *command.split(), statuses=FOUND)
        yield Work(f"`{command}`", _settled(run))


def _settled(run: Callable[[], Cost]) -> Cost:
    """Return the cost of a command that can be repeated: if it is short, the cheapest of three runs."""
    first = run()
    return first if first.cpu > SHORT else min(first, run(), run(), key=lambda cost: cost.cpu)
