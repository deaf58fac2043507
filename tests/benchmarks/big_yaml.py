"""1 MB of YAML with 30,000 values, in process, against the bare event loop of libyaml."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import product
import samples
from measure import Candidate, interleaved
from report import OURS, Row, compare
from repositories import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from options import Options

EVENT_LOOP = "libyaml's event loop"
LIMITS = {"seal": 4.0, "unseal": 4.0, "clean": 5.0}
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
