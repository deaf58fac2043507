"""``git add``, ``git checkout`` and ``git status`` over many small files, in memory and on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import Candidate, interleaved
from report import compare
from repositories import GIT_CRYPT, PASS_THROUGH, Repository, SmallFiles, installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from measure import Timing
    from options import Options
    from report import Row

ADD, CHECKOUT, STATUS = "git add", "git checkout", "git status"
CHANGE = "git add, one value changed in each"
IN_MEMORY, ON_DISK = "in memory", "on disk"
LIMITS = {
    (STATUS, PASS_THROUGH): 3.0,
    (ADD, PASS_THROUGH): 4.0,
    (CHECKOUT, PASS_THROUGH): 4.0,
    (CHANGE, PASS_THROUGH): 4.0,
    (STATUS, GIT_CRYPT): 1 / 12,
    (ADD, GIT_CRYPT): 1 / 12,
    (CHECKOUT, GIT_CRYPT): 1 / 20,
    (CHANGE, GIT_CRYPT): 1 / 12,
}
ON_DISK_LIMITS = {PASS_THROUGH: None, GIT_CRYPT: 1 / 6}


def against_peers(options: Options) -> Iterator[Row]:
    """Yield the rows for git-crypt and the pass-through filter."""
    for place, folder in ((IN_MEMORY, options.memory), (ON_DISK, options.disk)):
        fields = {
            name: _small_files(folder / f"git-{number}", name, options.files, options)
            for number, name in enumerate(installed())
        }
        for work, timings in _timings(fields, options.repeats):
            for peer in (GIT_CRYPT, PASS_THROUGH):
                title = f"`{work}`, {options.files} files, {place}"
                limit = ON_DISK_LIMITS[peer] if place == ON_DISK else LIMITS[work, peer]
                yield compare(title, timings, peer, limit)


def _small_files(folder: Path, contestant: str, count: int, options: Options) -> SmallFiles:
    return SmallFiles(Repository(folder, contestant), count, options.style)


def _timings(
    fields: dict[str, SmallFiles], repeats: int
) -> Iterable[tuple[str, dict[str, Timing]]]:
    """Yield each command with its timings; what the commands did is verified in between."""
    yield ADD, interleaved([Candidate(n, f.add, f.go_back) for n, f in fields.items()], repeats)
    for field in fields.values():
        field.commit()
        field.verify()
    checkouts = [Candidate(name, field.checkout, field.remove) for name, field in fields.items()]
    yield CHECKOUT, interleaved(checkouts, repeats)
    statuses = [Candidate(name, field.status, field.touch) for name, field in fields.items()]
    yield STATUS, interleaved(statuses, repeats)
    changes = [
        Candidate(name, field.add, field.change_one_value_each) for name, field in fields.items()
    ]
    yield CHANGE, interleaved(changes, repeats)
    for field in fields.values():
        field.commit()
        field.verify()
