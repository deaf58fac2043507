"""Files that git has in plaintext, in whole or in part, where the policy seals them: warnings of smudge."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.document.file import show_path, structured_text
from sealedfiles.document.inspect import inspect_file
from sealedfiles.document.pieces import is_token
from sealedfiles.messages import counted, say
from sealedfiles.paths import show

if TYPE_CHECKING:
    from sealedfiles.formats.base import Span
    from sealedfiles.git.clone import Clone

_SHOWN_FILES = 10
_SHOWN_KEYS = 5


class _Found(NamedTuple):
    path: bytes
    keys: list[bytes]
    """The encoded key paths of the values in plaintext; none for a file as a whole."""


class PlaintextFiles:
    """The files with values in plaintext that were written to the working tree."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._found: dict[bytes, _Found] = {}

    def note(self, path: bytes, data: bytes, plain: list[Span] | None = None) -> None:
        """Note the file *data* (opened) if it has values in plaintext that the policy seals.

        *plain* are its values that no token stands for, if the caller knows them.  Never raises: a policy
        that cannot be read is reported elsewhere.
        """
        if plain is not None and not plain:
            return
        # A smudge that fails would leave a half-switched working tree.
        with contextlib.suppress(Exception):
            keys = self._keys(path, data, plain)
            if keys is not None:
                self._found.setdefault(path, _Found(path, keys))

    def report(self) -> None:
        """Print one warning per file."""
        found = list(self._found.values())
        for one in found[:_SHOWN_FILES]:
            say(
                f"{show_path(one.path)}: {_what(one.keys)} in plaintext in git, but the policy seals it"
            )
        if len(found) > _SHOWN_FILES:
            say(f"and {len(found) - _SHOWN_FILES} more files")
        if found:
            say(
                "anyone with push access could have written these values",
                "find who wrote them: git log -p -- FILE",
                "if they are right, seal them: sealedfiles status --fix, then commit",
            )

    def _keys(self, path: bytes, data: bytes, plain: list[Span] | None) -> list[bytes] | None:
        """Return the key paths in plaintext that the policy seals; None if there is nothing."""
        file, rules = self._clone.describe(path)
        if rules.uniform and not rules.whole_groups():
            return None
        if plain is None:
            found = inspect_file(data, file, rules)
            return [span.path for span in found.plain] if found.plain or found.whole_plain else None
        structured = structured_text(data)
        if structured is None or file.format is None:
            return None
        text = structured[1]
        keys = [
            path
            for start, end, path in plain
            if rules.group_of(path) is not None and not is_token(text[start:end], file.format)
        ]
        return keys or None


def _what(keys: list[bytes]) -> str:
    """Return what is in plaintext, for a message: ``2 values (a.b, c) are``."""
    if not keys:
        return "the file is"
    distinct = list(dict.fromkeys(show(key) for key in keys))
    shown = ", ".join(distinct[:_SHOWN_KEYS])
    more = f" and {len(distinct) - _SHOWN_KEYS} more" if len(distinct) > _SHOWN_KEYS else ""
    return f"{counted(len(keys), 'value')} ({shown}{more}) {'is' if len(keys) == 1 else 'are'}"
