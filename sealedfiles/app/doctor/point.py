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
    """The name of a check, its result, and the one command (or step) that fixes the problem."""

    name: str
    level: Level
    text: str
    fix: str = ""


def ok(name: str, text: str) -> Point:
    """Return the result of a check that passed."""
    return Point(name, Level.OK, text)


def warning(name: str, text: str, fix: str) -> Point:
    """Return the result of a check that found something to improve."""
    return Point(name, Level.WARNING, text, fix)


def error(name: str, text: str, fix: str) -> Point:
    """Return the result of a check that found something to fix."""
    return Point(name, Level.ERROR, text, fix)
