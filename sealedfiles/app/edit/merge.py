"""Merge an edit with a change that was made to the file during the edit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sealedfiles.light_typing import NamedTuple
from sealedfiles.util import atomic

_LABELS = ("your edit", "before the edit", "on disk")
_MOST_CONFLICTS = 127


class MergedEdit(NamedTuple):
    """The text with the changes of both sides."""

    data: bytes
    conflicts: bool
    """Whether it has conflict markers."""


def merge(folder: Path, ours: bytes, base: bytes, theirs: bytes) -> MergedEdit | None:
    """Merge two versions of *base* line by line; return None if git cannot merge them.

    The texts are written only to *folder*, which is private.
    """
    if theirs in (base, ours):
        return MergedEdit(ours, False)
    place = folder / "merge"
    place.mkdir(mode=0o700, exist_ok=True)
    files = [place / name for name in ("ours", "base", "theirs")]
    for file, data in zip(files, (ours, base, theirs), strict=True):
        atomic.replace(file, data, atomic.PRIVATE)
    labels = [word for label in _LABELS for word in ("-L", label)]
    command = ["git", "merge-file", "-p", "-q", *labels, *map(str, files)]
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    # A higher status is an error: a file that is not text.
    if run.returncode < 0 or run.returncode > _MOST_CONFLICTS:
        return None
    return MergedEdit(run.stdout, run.returncode > 0)
