"""Key paths: where in a document a value stands.

A path is kept in its encoded form (design, section 3): per step one byte, ``k`` for a mapping key or
``s`` for a sequence item, the length of its text (4 bytes, big endian), and the text in UTF-8.  The
position in a sequence is not part of it.  That form is what goes into a token's path tag, and as
``bytes`` it is also a cheap dictionary key.
"""

from __future__ import annotations

import re

ROOT = b""
ITEM = b"s\x00\x00\x00\x00"


def key_step(key: str) -> bytes:
    """Return the encoded step for the mapping key *key* (decoded text; lone surrogates pass)."""
    text = key.encode("utf-8", "surrogatepass")
    return b"k%b%b" % (len(text).to_bytes(4, "big"), text)


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


_BARE_STEP = re.compile(r"[^\s.\[\]\"*\\\x00-\x1f\x7f]+")


def show(path: bytes) -> str:
    """Return a path as people write it: ``database.password``, ``users[].token``, ``data."tls.crt"``.

    Control characters of the file come out escaped; the root is ``.``.
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
    """Return *text* in double quotes, everything that a terminal could act on escaped."""
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
    """Return the innermost mapping key of *path*, None where it has none."""
    return next((step for step in reversed(steps(path)) if step is not None), None)


class PathPattern:
    """A pattern for whole paths, as the policy's ``values`` has them.

    Inside a step ``*`` is any characters; ``**`` alone is any number of steps, also none; ``[]`` is a
    sequence item; a step in double quotes is taken as it is.  Case counts.
    """

    def __init__(self, pattern: str) -> None:
        """Raises ValueError, with the reason, where *pattern* is not one."""
        self.text = pattern
        self._regex = re.compile(_pattern_regex(pattern), re.DOTALL)

    def matches(self, path: bytes) -> bool:
        """Tell whether the whole of the encoded *path* is as the pattern says."""
        flat = "".join("\x01" if step is None else "\x00" + _flat(step) for step in steps(path))
        return self._regex.fullmatch(flat) is not None


_ANY_STEPS = "(?:\x00[^\x00\x01]*|\x01)*"
_PATTERN_STEP = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<item>\[\*?\])|(?P<bare>[^."\[\]]+)')


def _flat(step: str) -> str:
    """Free a step of the two characters that part steps while matching."""
    return step.replace("\x02", "\x02\x02").replace("\x00", "\x02a").replace("\x01", "\x02b")


def _pattern_regex(pattern: str) -> str:
    regex = ""
    at = 0
    while at < len(pattern):
        step = _PATTERN_STEP.match(pattern, at)
        if step is None:
            raise ValueError(f"cannot be read from character {at + 1} on")
        at = step.end()
        if step["item"]:
            regex += "\x01"
        elif step["quoted"] is not None:
            regex += "\x00" + re.escape(_flat(re.sub(r"\\(.)", r"\1", step["quoted"])))
        elif step["bare"] == "**":
            regex += _ANY_STEPS
        else:
            parts = (re.escape(part) for part in step["bare"].split("*"))
            regex += "\x00" + "[^\x00\x01]*".join(parts)
        if at < len(pattern) and pattern[at] == ".":
            at += 1
            if at == len(pattern):
                raise ValueError("ends in a dot")
        elif at < len(pattern) and pattern[at] != "[":
            raise ValueError(f"lacks a dot before character {at + 1}")
    return regex
