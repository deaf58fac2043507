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


def one_file(options: Options) -> Iterator[Row]:
    """Yield the rows for a handshake alone, one file smudged, and one changed file cleaned."""
    repository = Repository(options.memory / "filter-process", OURS)
    files = SmallFiles(repository, options.files, options.style)
    files.add()
    files.commit()
    configured = repository.git("config", "filter.sealedfiles.process").decode()
    commands = {PASS_THROUGH: PASS_THROUGH_COMMAND, OURS: ("sh", "-c", configured)}

    def candidate(name: str, requests: Sequence[Request]) -> Candidate:
        command = commands[name]
        return Candidate(
            name, lambda: converse(command, requests, repository.folder, repository.env)
        )

    works: tuple[tuple[str, list[Request], float], ...] = (
        ("handshake", [], 2.0),
        ("one file smudged, as for `git diff`", [_smudge(files, switching=False)], 4.0),
        ("one file smudged, as for `git switch`", [_smudge(files, switching=True)], 4.0),
        ("one changed file cleaned", [_clean(files)], 6.0),
    )
    bare = Candidate(PYTHON, lambda: bare_python(repository.env))
    for work, requests, limit in works:
        _verify(requests, converse(commands[OURS], requests, repository.folder, repository.env))
        candidates = [bare, *(candidate(name, requests) for name in commands)]
        timings = interleaved(candidates, options.repeats * 4)
        yield compare(f"filter process: {work}", timings, PYTHON, limit)
        yield compare(f"filter process: {work}", timings, PASS_THROUGH, None)


def _smudge(files: SmallFiles, *, switching: bool) -> Request:
    git, name = files.repository.git, _name(files)
    blob = git("rev-parse", f":{name}").decode().strip()
    lines = ["command=smudge", f"pathname={name}"]
    if switching:
        commit = git("rev-parse", "HEAD").decode().strip()
        lines += ["ref=refs/heads/main", f"treeish={commit}"]
    return Request((*lines, f"blob={blob}"), git("cat-file", "blob", blob))


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
