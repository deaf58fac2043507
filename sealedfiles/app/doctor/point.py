"""The result of one check of `doctor`."""

from __future__ import annotations

from enum import Enum

from sealedfiles.light_typing import NamedTuple


class Level(Enum):
    """The severity of a result."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Point(NamedTuple):
    """The result of a check, the one command (or step) that fixes the problem, and the name of the check."""

    level: Level
    text: str
    fix: str = ""
    name: str = ""
    """By default the name under which the check is listed."""


def ok(text: str) -> Point:
    """Return the result of a check that passed."""
    return Point(Level.OK, text)


def warning(text: str, fix: str) -> Point:
    """Return the result of a check that found something to improve."""
    return Point(Level.WARNING, text, fix)


def error(text: str, fix: str) -> Point:
    """Return the result of a check that found something to fix."""
    return Point(Level.ERROR, text, fix)
