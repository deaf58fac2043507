"""What sealedfiles says to people: everything but data goes to stderr, through here.

The rules: lower case, no full stop, ``sealedfiles: `` before what happened and ``hint: `` before each
thing that can be done about it; never a secret.
"""

from __future__ import annotations

import sys
from typing import NamedTuple


class Note(NamedTuple):
    """Something to be said, by whoever speaks to people."""

    message: str
    hints: tuple[str, ...] = ()


def counted(count: int, what: str) -> str:
    """Return ``1 file`` or ``3 files``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def say(message: str, *hints: str) -> None:
    """Say what happened, and what can be done about it."""
    lines = [f"sealedfiles: {message}", *(f"hint: {hint}" for hint in hints)]
    text = "".join(line + "\n" for line in lines)
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except UnicodeEncodeError:
        sys.stderr.write(text.encode("ascii", "backslashreplace").decode("ascii"))
