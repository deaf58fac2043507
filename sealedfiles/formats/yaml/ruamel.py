"""ruamel.yaml with a scanner whose work does not grow with the depth of brackets.

Its own looks at every open bracket for every token: a line of brackets takes seconds.  The positions
that it looks at are in file order, one for each open bracket, so that the first ones decide.
"""

from __future__ import annotations

from ruamel.yaml import YAML
from ruamel.yaml.scanner import Scanner

from sealedfiles.light_typing import Any

_LONGEST_KEY = 1024
"""In characters, with its quotes: a limit of YAML for a key without a question mark."""


class _Scanner(Scanner):
    def next_possible_simple_key(self) -> Any:
        """Return the number of the first token that may turn out to be a key, or None."""
        return next((key.token_number for key in self.possible_simple_keys.values()), None)

    def stale_possible_simple_keys(self) -> None:
        """Drop the positions that can be no keys.  Raises ScannerError for one that had to be a key."""
        keys = self.possible_simple_keys
        while keys:
            level, key = next(iter(keys.items()))
            if key.line == self.reader.line and self.reader.index - key.index <= _LONGEST_KEY:
                return
            if key.required:
                super().stale_possible_simple_keys()
            del keys[level]


def ruamel_yaml() -> YAML:
    """Return a parser of ruamel.yaml, in Python."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = _Scanner
    return yaml
