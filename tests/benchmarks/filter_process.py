"""The filter process, from its start to its end, driven over pipes as git drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import samples
from filter_client import Request, converse
from measure import Candidate, interleaved
from report import OURS, Row, compare
from repositories import (
    DATA,
    PASS_THROUGH,
    PASS_THROUGH_COMMAND,
    PYTHON,
    Repository,
    SmallFiles,
    bare_python,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from options import Options

NUMBER = 7
"""Which of the small files is smudged or cleaned."""
SMUDGED = {"yaml": 3.5, "dotenv": 3.0, "json": 3.0}
CLEANED = 4.5


def one_file(options: Options) -> Iterator[Row]:
    """Yield the rows for a handshake alone, and in each format for one file smudged and one changed file
    cleaned."""
    for style, limit in SMUDGED.items():
        repository = Repository(options.memory / f"filter-{style}", OURS)
        files = SmallFiles(repository, NUMBER + 1, style)
        files.add()
        files.commit()
        works: list[tuple[str, list[Request], float]] = [
            (f"one {style} file smudged, as for `git diff`", [_smudge(files)], limit),
            (f"one {style} file smudged, as for `git switch`", [_switch(files)], limit),
            (f"one changed {style} file cleaned", [_clean(files)], CLEANED),
        ]
        if style == "yaml":
            works.insert(0, ("handshake", [], 2.0))
        yield from _rows(repository, works, options.repeats * 4)


def _rows(
    repository: Repository, works: Sequence[tuple[str, list[Request], float]], repeats: int
) -> Iterator[Row]:
    configured = repository.git("config", "filter.sealedfiles.process").decode()
    commands = {PASS_THROUGH: PASS_THROUGH_COMMAND, OURS: ("sh", "-c", configured)}

    def candidate(name: str, requests: Sequence[Request]) -> Candidate:
        command = commands[name]
        return Candidate(
            name, lambda: converse(command, requests, repository.folder, repository.env)
        )

    bare = Candidate(PYTHON, lambda: bare_python(repository.env))
    for work, requests, limit in works:
        _verify(requests, converse(commands[OURS], requests, repository.folder, repository.env))
        timings = interleaved([bare, *(candidate(name, requests) for name in commands)], repeats)
        yield compare(f"filter process: {work}", timings, PYTHON, limit)
        yield compare(f"filter process: {work}", timings, PASS_THROUGH, None)


def _smudge(files: SmallFiles, *more: str) -> Request:
    git, name = files.repository.git, _name(files)
    blob = git("rev-parse", f":{name}").decode().strip()
    lines = ("command=smudge", f"pathname={name}", *more, f"blob={blob}")
    return Request(lines, git("cat-file", "blob", blob))


def _switch(files: SmallFiles) -> Request:
    commit = files.repository.git("rev-parse", "HEAD").decode().strip()
    return _smudge(files, "ref=refs/heads/main", f"treeish={commit}")


def _clean(files: SmallFiles) -> Request:
    changed = samples.small(NUMBER, files.style, edition=1)
    return Request(("command=clean", f"pathname={_name(files)}"), changed.encode())


def _name(files: SmallFiles) -> str:
    return f"{DATA}/{files.paths[NUMBER].relative_to(files.repository.folder / DATA).as_posix()}"


def _verify(requests: Sequence[Request], results: Sequence[bytes]) -> None:
    for request, result in zip(requests, results, strict=True):
        value = samples.value_of(samples.small(NUMBER).encode())
        if (value in result) != ("command=smudge" in request.lines):
            raise RuntimeError(f"{request.lines}: not filtered as it should")
