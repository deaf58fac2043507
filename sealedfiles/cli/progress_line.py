"""A progress line on the terminal.  It has no colors, so ``NO_COLOR`` does not apply."""

from __future__ import annotations

import os
import sys

from sealedfiles.util import progress


def show_progress() -> None:
    """Show the progress of long operations if stderr is a terminal that can replace a line."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        progress.show_with(_Line().show)


class _Line:
    def __init__(self) -> None:
        self._width = 0

    def show(self, text: str) -> None:
        """Write *text* over the text before; see ``sealedfiles.util.progress``."""
        line = f"sealedfiles: {text}" if text else ""
        sys.stderr.write("\r" + line.ljust(self._width) + ("" if line else "\r"))
        sys.stderr.flush()
        self._width = len(line)
