"""Values of .env files that have no spelling which all programs read in the same way."""

from __future__ import annotations

from collections.abc import Collection

from sealedfiles.formats.dotenv.edit import misread
from sealedfiles.util.messages import Note


def notes_on_spellings(
    name: str, text: str, keys: Collection[str], *, only_quoted: bool = False
) -> tuple[Note, ...]:
    """Return notes on the *keys* of a .env file *text* whose values some programs read differently."""
    found: dict[tuple[str, ...], list[str]] = {}
    for key, programs in misread(text, only_quoted=only_quoted).items():
        if key in keys:
            found.setdefault(programs, []).append(key)
    return tuple(
        Note(
            f"{name}: no spelling suits all programs, so {' and '.join(programs)} would read another value: "
            + ", ".join(some),
            ("change the value, or start programs with: sealedfiles run",),
        )
        for programs, some in found.items()
    )
