"""Real files: the YAML and JSON of whatever is installed on this machine."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import lru_cache
from pathlib import Path

import pytest

WANTED = 2000
ENOUGH = 2400
LARGEST = 16_000
"""In bytes: the slow parser reads half a megabyte in a second."""

HOME = Path.home()
PLACES = [
    *(Path(path) for path in sys.path if path.endswith("-packages")),
    HOME / ".cargo/registry/src",
    Path(os.environ.get("GOMODCACHE", HOME / "go/pkg/mod")),
    HOME / "node_modules",
    Path("/usr"),
]


@lru_cache(maxsize=1)
def real_files() -> dict[Path, bytes]:
    """Return a good mix of real YAML and JSON files, no two alike, by their paths.

    Skips the test where there are none.  Where the real parts are required too few are a failure.
    """
    found: dict[Path, bytes] = {}
    seen = set()
    for path in _paths():
        try:
            if path.stat().st_size > LARGEST:
                continue
            data = path.read_bytes()
        except OSError:
            continue
        if data not in seen:
            seen.add(data)
            found[path] = data
        if len(found) == ENOUGH:
            break
    if len(found) < WANTED and os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"only {len(found)} YAML and JSON files on this machine, not {WANTED}")
    if not found:
        pytest.skip("no YAML or JSON files on this machine")
    return found


def _paths() -> list[Path]:
    """Return all files of the first places that have enough of them, well mixed."""
    found: set[str] = set()
    for place in PLACES:
        if len(found) >= ENOUGH * 2:
            break
        for folder, _, names in os.walk(place):
            found.update(
                os.path.join(folder, name)
                for name in names
                if name.endswith((".yaml", ".yml", ".json"))
            )
    return [Path(name) for name in sorted(found, key=_mixed)]


def _mixed(name: str) -> bytes:
    return hashlib.sha256(os.fsencode(name)).digest()
