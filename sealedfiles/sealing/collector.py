"""Python's cycle collector, held off while a document is worked on."""

from __future__ import annotations

import functools
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")


def without_collector(work: Callable[P, R]) -> Callable[P, R]:
    """Let *work* run without the cycle collector.

    A large document becomes tens of thousands of small objects, none of them in a cycle, and all
    alive until it is done: looking through them again and again is a third of the time.
    """

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not gc.isenabled():
            return work(*args, **kwargs)
        gc.disable()
        try:
            return work(*args, **kwargs)
        finally:
            gc.enable()

    return run
