"""Timing that survives a noisy machine: candidates take turns, ratios compare medians."""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
