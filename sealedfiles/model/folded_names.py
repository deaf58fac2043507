"""Key paths that a program may read as another one, which the policy seals.

Configparser and Windows ignore the case of INI keys, git also that of sections, and configparser takes values
that a section lacks from ``[DEFAULT]``.  Programs find XML elements by their namespace, whatever the prefix.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from sealedfiles.model.globs import match_steps
from sealedfiles.model.paths import PathPattern, steps

_DEFAULTS = "DEFAULT"


def folding_pattern(name: str) -> Callable[[str], PathPattern]:
    """Return what compiles the patterns of rules that seal values, so that they match such paths.

    *name* is the format, ``ini`` or ``xml``, or the name of a file in one of them.
    """
    return _ini_pattern if name.endswith("ini") else _xml_pattern


class _IniPattern(PathPattern):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern, below=True, fold=str.lower)

    def matches(self, path: bytes) -> bool:
        """Return True if the pattern matches *path* or, if it is a default, the key in any section."""
        if super().matches(path):
            return True
        section, *key = steps(path) or [None]
        if section != _DEFAULTS or not key:
            return False
        in_section = self._steps[1:] if self._steps[0] else self._steps
        return match_steps(in_section, [step and step.lower() for step in key])


class _XmlPattern(PathPattern):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern, below=True, fold=_without_prefix)


_ini_pattern, _xml_pattern = cache(_IniPattern), cache(_XmlPattern)
"""Compile each pattern once: there may be many files."""


def _without_prefix(name: str) -> str:
    """Return the local part of the *name* of an element or, after ``@``, of an attribute."""
    sign = "@" if name.startswith("@") else ""
    return sign + name.removeprefix("@").rpartition(":")[2]
