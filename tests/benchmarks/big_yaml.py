"""1 MB of YAML with 30,000 values, in process, against the bare event loop of libyaml."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import product
import samples
from measure import Candidate, cost_of, interleaved
from peers import SOPS, Sops
from report import OURS, Row, compare, compare_sizes
from repositories import DATA, PROGRAM, Repository, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measure import Cost
    from options import Options

EVENT_LOOP = "libyaml's event loop"
LIMITS = {"seal": 3.0, "unseal": 3.0, "clean": 4.0}
TITLES = {
    "seal": "seal",
    "unseal": "unseal",
    "clean": "clean, one value changed,",
}
MEGABYTES = 100


def against_event_loop(options: Options) -> Iterator[Row]:
    """Yield the rows for the time of seal, unseal and clean."""
    text = samples.large()
    for work, limit in LIMITS.items():
        ours = partial(product.WORKS[work], *product.inputs(work))
        candidates = [Candidate(EVENT_LOOP, partial(event_loop, text)), Candidate(OURS, ours)]
        timings = interleaved(candidates, options.repeats)
        yield compare(f"{TITLES[work]} 1 MB of YAML", timings, EVENT_LOOP, limit)


def against_sops(options: Options) -> Iterator[Row]:
    """Yield the rows for the time and the memory of printing the plaintext."""
    text = samples.large()
    repository = Repository(options.memory / "big-yaml", OURS)
    name = f"{DATA}/big.yaml"
    path = repository.folder / name
    path.parent.mkdir()
    path.write_text(text)
    repository.run(PROGRAM, "seal", name)
    commands = {OURS: (PROGRAM, "cat", name)}
    folders = {OURS: (repository.folder, repository.env)}
    if repository.run(*commands[OURS]) != text.encode():
        raise RuntimeError("the file did not come back")
    if options.sops:
        sops = Sops(options.sops, options.memory / "big-yaml-sops")
        commands[SOPS] = (options.sops, "decrypt", sops.encrypted("big.yaml", text))
        folders[SOPS] = (sops.folder, sops.env)
    costs: dict[str, Cost] = {}

    def run(who: str) -> None:
        costs[who] = cost_of(commands[who], *folders[who])

    candidates = [Candidate(who, partial(run, who)) for who in commands]
    timings = interleaved(candidates, min(options.repeats, 3))
    yield compare("`cat` of 1 MB of YAML", timings, SOPS, None)
    peaks = {who: cost.peak for who, cost in costs.items()}
    yield compare_sizes("peak memory: `cat` of 1 MB of YAML", peaks, SOPS)


def memory(options: Options) -> Iterator[Row]:
    """Yield the rows for peak memory, each measured in a process of its own."""
    env = environment(options.memory / "peak.home")
    for work in LIMITS:
        files = []
        for number, content in enumerate(product.inputs(work)):
            files.append(str(options.memory / f"peak-{work}-{number}"))
            Path(files[-1]).write_bytes(content)
        program = Path(__file__).with_name("peak_memory.py")
        done = subprocess.run(
            [sys.executable, program, work, *files], env=env, check=True, stdout=subprocess.PIPE
        )
        used = int(done.stdout) / 1e6
        title = f"peak memory: {TITLES[work]} 1 MB of YAML"
        yield Row(title, f"{used:.0f} MB", "allowance", f"{MEGABYTES} MB", used / MEGABYTES, 1.0)


def event_loop(text: str) -> None:
    """Let libyaml parse *text*, and do nothing with the events."""
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    parser: Any = CParser(text)
    while parser.get_event() is not None:
        pass
