"""Regular expressions that are compiled when they are first used.

Compiling all of them takes longer than a short command, which uses only a few.  Importing `re` takes two
thirds of Python's own start, and a filter process to which git sends no file does not need it.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from re import Pattern
    from typing import Any, AnyStr


class _LazyPattern:
    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Return a method of the compiled pattern, and keep it for the next use."""
        if name.startswith("__"):
            raise AttributeError(name)
        import re

        found = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, found)
        return found


def lazy_pattern(pattern: AnyStr, flags: int = 0) -> Pattern[AnyStr]:
    """Return a stand-in for ``re.compile(pattern, flags)``, which compiles at its first use."""
    return cast("Pattern[AnyStr]", _LazyPattern(pattern, flags))
