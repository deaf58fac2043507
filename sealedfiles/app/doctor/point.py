"""One point of an examination."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Level(Enum):
    """How grave a point is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Point(NamedTuple):
    """What was looked at, what came of it, and the one command (or step) that mends it."""

    name: str
    level: Level
    text: str
    fix: str = ""


def ok(name: str, text: str) -> Point:
    """Return a point that is as it should be."""
    return Point(name, Level.OK, text)


def warning(name: str, text: str, fix: str) -> Point:
    """Return a point that works, but not as well as it could."""
    return Point(name, Level.WARNING, text, fix)


def error(name: str, text: str, fix: str) -> Point:
    """Return a point that must be put right."""
    return Point(name, Level.ERROR, text, fix)
