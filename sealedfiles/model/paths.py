"""Key paths: the position of a value in a document.

A path is kept in its encoded form (docs/format.md, section 3).  Each step consists of one byte, ``k`` for a
mapping key or ``s`` for a sequence item, the length of its text (4 bytes, big endian), and the text in UTF-8.
The position in a sequence is not included.  A token's path tag is computed from this form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sealedfiles.model.globs import ITEM as ITEM_GLOB
from sealedfiles.model.globs import Glob, match_steps
from sealedfiles.util.lazy_pattern import lazy_pattern

ROOT = b""
_KEY = ord("k")
ITEM = b"s\x00\x00\x00\x00"
LONGEST = 4096
"""The maximum length of an encoded path in bytes, which no real file reaches.

A path contains the keys of its parents, so without a limit a small hostile file (nested brackets, or many
values below one very long key) could exhaust the memory.
"""


def key_step(key: str) -> bytes:
    """Return the encoded step for the mapping key *key* (decoded text; may contain lone surrogates)."""
    text = key.encode("utf-8", "surrogatepass")
    return b"k%b%b" % (len(text).to_bytes(4, "big"), text)


_MERGE_STEP = key_step("<<")


def steps(path: bytes) -> list[str | None]:
    """Return the steps of an encoded path: a mapping key's text, or None for a sequence item."""
    found: list[str | None] = []
    at = 0
    while at < len(path):
        end = at + 5 + int.from_bytes(path[at + 1 : at + 5], "big")
        is_key = path[at : at + 1] == b"k"
        found.append(path[at + 5 : end].decode("utf-8", "surrogatepass") if is_key else None)
        at = end
    return found


def merged_path(path: bytes) -> bytes:
    """Return the encoded path at which YAML readers find the value at *path*: without its merge keys.

    ``database.<<.password`` and ``database.<<[].password`` become ``database.password``.  A merge key that no
    other key follows has nothing to merge, and stays.
    """
    if _MERGE_STEP not in path:
        return path
    merged = held = b""
    for step in steps(path):
        if step == "<<":
            held += _MERGE_STEP
        elif step is not None:
            merged, held = merged + key_step(step), b""
        elif held.endswith(_MERGE_STEP):
            held += ITEM
        else:
            merged, held = merged + held + ITEM, b""
    return merged + held


_BARE_STEP = lazy_pattern(r"[^\s.\[\]\"*\\\x00-\x1f\x7f]+")


def show(path: bytes) -> str:
    """Return a path as text: ``database.password``, ``users[].token``, ``data."tls.crt"``.

    Control characters are escaped; the root is ``.``.
    """
    text = ""
    for step in steps(path):
        if step is None:
            text += "[]"
            continue
        plain = _BARE_STEP.fullmatch(step) and step.isprintable()
        text += ("." if text else "") + (step if plain else json_string(step))
    return text or "."


def json_string(text: str) -> str:
    """Return *text* in double quotes, with every character escaped that a terminal could interpret."""
    out = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char.isprintable():
            out.append(char)
        else:
            units = char.encode("utf-16-be", "surrogatepass").hex()
            out.extend(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    return '"' + "".join(out) + '"'


def last_key(path: bytes) -> str | None:
    """Return the innermost mapping key of *path*, or None."""
    start = end = at = 0
    while at < len(path):
        after = at + 5 + int.from_bytes(path[at + 1 : at + 5], "big")
        if path[at] == _KEY:
            start, end = at + 5, after
        at = after
    return path[start:end].decode("utf-8", "surrogatepass") if end else None


class PathPattern:
    """A pattern for whole paths, as in the policy's ``values``.

    Inside a step, ``*`` matches any characters; ``**`` as a step matches zero or more steps; ``[]`` matches
    a sequence item; a step in double quotes is literal, with JSON's escapes.  Matching is case-sensitive.
    """

    def __init__(
        self, pattern: str, *, below: bool = False, fold: Callable[[str], str] | None = None
    ) -> None:
        """Parse *pattern*.  Raises ValueError, with the reason, if it is invalid.

        With *below*, it also matches each path below one that it matches, and what is the same without
        ``[]``: a list in the place of a mapping or of a value, and the other way round.  Names for which
        *fold* returns the same text are the same.
        """
        self._fold = fold
        self._steps = list(_pattern_steps(pattern, fold or str))
        self._without_items: list[Glob | None] | None = None
        if below:
            self._without_items = [one for one in self._steps if one is not ITEM_GLOB]
            if self._steps[-1:] != [ITEM_GLOB]:  # a mapping is not an item
                self._without_items.append(None)
            self._steps.append(None)

    def matches(self, path: bytes) -> bool:
        """Return True if the pattern matches all of the encoded *path*."""
        names = steps(path)
        if self._fold:
            names = [name if name is None else self._fold(name) for name in names]
        if match_steps(self._steps, names):
            return True
        others = self._without_items
        if others is None or (len(others) == len(self._steps) and None not in names):
            return False
        return match_steps(others, [name for name in names if name is not None])


_PATTERN_STEP = lazy_pattern(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<item>\[\*?\])|(?P<bare>[^."\[\]]+)'
)
_ESCAPE = lazy_pattern(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


def _pattern_steps(pattern: str, fold: Callable[[str], str]) -> Iterator[Glob | None]:
    at = 0
    while at < len(pattern):
        step = _PATTERN_STEP.match(pattern, at)
        if step is None:
            raise ValueError(f"is not valid from character {at + 1} on")
        at = step.end()
        if step["item"]:
            yield ITEM_GLOB
        elif step["quoted"] is not None:
            yield Glob([[re.escape(char) for char in fold(unescape(step["quoted"]))]])
        elif step["bare"] == "**":
            yield None
        else:
            parts = re.split(r"\*+", fold(step["bare"]))
            yield Glob([[re.escape(char) for char in part] for part in parts])
        if at < len(pattern) and pattern[at] == ".":
            at += 1
            if at == len(pattern):
                raise ValueError("ends in a dot")
        elif at < len(pattern) and pattern[at] != "[":
            raise ValueError(f"lacks a dot before character {at + 1}")


def unescape(text: str) -> str:
    """Undo ``json_string``, so that a path copied from a message is a pattern that matches it."""
    plain = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)
    # Two escapes may be a surrogate pair; a lone surrogate is kept.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
