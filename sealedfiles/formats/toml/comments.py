"""Headers of tables that are commented out in TOML (docs/format.md, section 5)."""

from __future__ import annotations

import re

from sealedfiles.errors import FormatError
from sealedfiles.formats.toml.events import Reader
from sealedfiles.model.paths import ITEM, ROOT, key_step

_HEADER = re.compile(r"\[\[?[ \t]*(?=[\w\"'-])").match
_AFTER_HEADER = re.compile(r"\]\]?[ \t]*(?:#.*)?\Z", re.DOTALL).match


def header_of(comment: str) -> bytes | None:
    """Return the path of the table whose header *comment* is; None if it is something else."""
    match = _HEADER(comment)
    if match is None:
        return None
    try:
        at, keys = Reader(comment).keys(match.end())
    except FormatError:
        return None
    if not _AFTER_HEADER(comment, at):
        return None
    item = ITEM if match[0].startswith("[[") else ROOT
    return b"".join(key_step(key) for key, _, _ in keys) + item
