"""Write the file for `git filter-repo --replace-text` and ``--replace-message``, which removes values from a
history, in files and in messages of commits and tags.

The format is that of https://github.com/newren/git-filter-repo: one line for each text,
``literal:TEXT==>NEW`` or ``regex:PATTERN==>NEW``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from sealedfiles.app.adopt.rotation import ALLOWED, REVIEW, UNKNOWN, Row
from sealedfiles.app.held.encodings import BASE64, BASE64URL, decoded_base64, encodings_of
from sealedfiles.app.held.values import is_telling
from sealedfiles.app.history.values import WHOLE
from sealedfiles.app.key_output import refuse_inside_repository
from sealedfiles.errors import UsageError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util import atomic

_NEW = b"==>REMOVED\n"
"""Unlike the default, `***REMOVED***`, this is a value in YAML: old versions still parse."""
_WRAPPED = 40
"""Characters of base64 that programs may write on more than one line."""
_BREAK = rb"(?:(?:\\r)?\\n|\r?\n[ \t]*)?"
"""A line end, or the escape of one, or neither."""
_BASE64_LINES = re.compile(rb"[A-Za-z0-9+/_-]+=*")
_KEPT = (REVIEW, ALLOWED, UNKNOWN)
"""The kinds of rows whose values are not removed."""


class Replacements(NamedTuple):
    """What was written."""

    texts: int
    """The number of values."""
    too_short: list[Row]
    """Those with values that are too short or too common: to replace them would damage other files."""
    unsupported: list[Row]
    """Files that were whole in plaintext: remove these files by their paths."""


def write_replacements(name: str, rows: Iterable[Row]) -> Replacements:
    """Write the values of *rows* to the new file *name*, which only its owner can read.

    Raises UsageError if the file exists, or if it is in a repository, and OSError.
    """
    refuse_inside_repository(name)
    texts: dict[bytes, None] = {}
    spellings: dict[bytes, None] = {}
    short, whole = [], []
    for row in rows:
        if row.kind in _KEPT:
            continue
        if row.path == WHOLE:
            whole.append(row)
            continue
        for text in row.texts:
            data = text.strip().encode("utf-8", "surrogatepass")
            if not is_telling(max(data.split(b"\n"), key=len).strip()):
                short.append(row)
                continue
            texts[data] = None
        spellings.update(
            dict.fromkeys(one.encode("utf-8", "surrogatepass") for one in row.spellings)
        )
    # Longer ones first: one may contain another.
    ordered = sorted({**texts, **spellings}, key=len, reverse=True)
    lines = [line for data in ordered for line in _lines(data, encoded=data in texts)]
    _write_new(name, b"".join(line + _NEW for line in dict.fromkeys(lines)))
    return Replacements(len(texts), list(dict.fromkeys(short)), whole)


def _lines(data: bytes, *, encoded: bool) -> list[bytes]:
    """Return the patterns for a value, as it is, and if *encoded* as `scan` searches for it."""
    parts = [part.strip() for part in data.replace(b"\r\n", b"\n").split(b"\n")]
    # In YAML, the lines of a value are indented.
    found = [b"regex:" + rb"\r?\n[ \t]*".join(map(re.escape, parts))] if len(parts) > 1 else []
    if not encoded:
        return found or [b"literal:" + data]
    # All of it: what is left of a key, before its end, would still be secret.
    texts: dict[bytes, None] = {}
    for name, text in encodings_of(data, max(len(data), 1)):
        texts[text] = None
        if name in (BASE64, BASE64URL) and len(text) >= _WRAPPED:
            found.append(b"regex:" + _BREAK.join(map(_escaped, text)))
    decoded = decoded_base64(data)  # of a Kubernetes Secret
    if decoded and is_telling(decoded):
        texts[decoded] = None
    if len(parts) > 1 and _BASE64_LINES.fullmatch(joined := b"".join(parts)):
        texts[joined] = None  # base64 over several lines, which was on one
    return found + [b"literal:" + text for text in texts if b"\n" not in text]


def _escaped(char: int) -> bytes:
    return re.escape(bytes([char]))


def _write_new(name: str, data: bytes) -> None:
    try:
        handle = os.open(name, atomic.NEW, atomic.PRIVATE)
    except FileExistsError:
        raise UsageError(f"{name} already exists", "choose a new file") from None
    except FileNotFoundError:
        raise UsageError(f"the folder of {name} does not exist") from None
    with os.fdopen(handle, "wb") as out:
        out.write(data)
