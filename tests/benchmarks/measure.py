"""Timing that survives a noisy machine: candidates take turns, ratios compare medians."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LAUNCHER = str(Path(__file__).with_name("measured_process.py"))


def nothing() -> None:
    """Prepare nothing."""


class Candidate(NamedTuple):
    """One of several ways to do the same work; ``before`` is not timed."""

    name: str
    run: Callable[[], object]
    before: Callable[[], object] = nothing


class Timing(NamedTuple):
    """Seconds, over all repeats."""

    median: float
    least: float


def interleaved(candidates: Sequence[Candidate], repeats: int) -> dict[str, Timing]:
    """Time every candidate *repeats* times, in turns (A B A B), so that drift hits all alike."""
    seconds: dict[str, list[float]] = {candidate.name: [] for candidate in candidates}
    for _ in range(repeats):
        for candidate in candidates:
            candidate.before()
            # What an earlier candidate left behind must not be collected on this one's time.
            gc.collect()
            started = time.perf_counter()
            candidate.run()
            seconds[candidate.name].append(time.perf_counter() - started)
    return {name: Timing(statistics.median(taken), min(taken)) for name, taken in seconds.items()}


class Cost(NamedTuple):
    """What one command took."""

    seconds: float
    cpu: float
    """The CPU time, in seconds, of the processes that the command waited for."""
    peak: int
    """The most memory, in bytes, that one of its processes held."""


def cost_of(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], statuses: Sequence[int] = (0,)
) -> Cost:
    """Run *command* once and return its cost; raise if its exit status is not one of *statuses*."""
    # -S: a process that is small itself does not add to the peak.
    launched = [sys.executable, "-S", LAUNCHER, *command]
    done = subprocess.run(launched, cwd=cwd, env=env, check=True, capture_output=True)
    seconds, cpu, peak, status = done.stdout.split()
    if int(status) not in statuses:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
    return Cost(float(seconds), float(cpu), int(peak))
