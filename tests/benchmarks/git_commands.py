"""``git add``, ``git checkout`` and ``git status`` over many small files, in memory and on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import Candidate, Timing, interleaved
from report import OURS, Row, compare
from repositories import GIT_CRYPT, PASS_THROUGH, Repository, SmallFiles, installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from options import Options

LIMITS = {
    ("in memory", GIT_CRYPT): 1 / 10,
    ("in memory", PASS_THROUGH): 4.0,
    ("on disk", GIT_CRYPT): 1 / 6,
    ("on disk", PASS_THROUGH): None,
}
SCALE_LIMIT = 1.2


def against_peers(options: Options) -> Iterator[Row]:
    """Yield the rows for git-crypt and the pass-through filter."""
    for place, folder in (("in memory", options.memory), ("on disk", options.disk)):
        fields = {
            name: _small_files(folder / f"git-{number}", name, options.files, options)
            for number, name in enumerate(installed())
        }
        for work, timings in _timings(fields, options.repeats):
            for peer in (GIT_CRYPT, PASS_THROUGH):
                title = f"`{work}`, {options.files} files, {place}"
                yield compare(title, timings, peer, LIMITS[place, peer])


def many_against_few(options: Options) -> Iterator[Row]:
    """Yield the rows that compare the cost per file in a large repository and in a smaller one."""
    for contestant in (OURS, PASS_THROUGH):
        counts = {"many": options.many, "few": options.files}
        fields = {
            name: _small_files(options.memory / f"{contestant}-{count}", contestant, count, options)
            for name, count in counts.items()
        }
        for work, timings in _timings(fields, options.repeats):
            per_file = {
                name: Timing(*(seconds / counts[name] for seconds in timing))
                for name, timing in timings.items()
            }
            title = f"`{work}` per file, {contestant}, {options.many} files"
            limit = SCALE_LIMIT if contestant == OURS else None
            sizes = {OURS: per_file["many"], f"with {options.files}": per_file["few"]}
            yield compare(title, sizes, f"with {options.files}", limit)


def _small_files(folder: Path, contestant: str, count: int, options: Options) -> SmallFiles:
    return SmallFiles(Repository(folder, contestant), count, options.style)


def _timings(
    fields: dict[str, SmallFiles], repeats: int
) -> Iterable[tuple[str, dict[str, Timing]]]:
    """Yield each command with its timings; what the commands did is verified in between."""
    yield (
        "git add",
        interleaved([Candidate(n, f.add, f.go_back) for n, f in fields.items()], repeats),
    )
    for field in fields.values():
        field.commit()
        field.verify()
    checkouts = [Candidate(name, field.checkout, field.remove) for name, field in fields.items()]
    yield "git checkout", interleaved(checkouts, repeats)
    statuses = [Candidate(name, field.status, field.touch) for name, field in fields.items()]
    yield "git status", interleaved(statuses, repeats)
    changes = [
        Candidate(name, field.add, field.change_one_value_each) for name, field in fields.items()
    ]
    yield "git add, one value changed in each", interleaved(changes, repeats)
    for field in fields.values():
        field.commit()
        field.verify()
