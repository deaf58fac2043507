"""File patterns with the semantics of .gitattributes.

These are git's wildmatch rules as gitattributes(5) restricts them: like .gitignore, but a pattern
that matches a folder does not match the files in it, and there is no negation.  (Libraries for
.gitignore patterns get the first of these wrong on purpose.)
"""

from __future__ import annotations

import re

_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "\\x21-\\x7e",
    "lower": "a-z",
    "print": "\\x20-\\x7e",
    "punct": "!-\\/:-@\\[-`{-~",
    # Not the vertical tab and the form feed: git has its own table.
    "space": " \\t\\n\\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile *pattern*; ``fullmatch`` takes a path relative to the folder the pattern stands in.

    Raises ValueError, with the reason, for what git would not take as a pattern either.
    """
    if not pattern:
        raise ValueError("is empty")
    if pattern.startswith("!"):
        raise ValueError("is negative, which .gitattributes does not know")
    if pattern.endswith("/"):
        raise ValueError(f"names a folder; its files are {pattern}**")
    anchored = "/" in pattern
    body = _translate(pattern.removeprefix("/"))
    return re.compile(body if anchored else f"(?:.*/)?{body}", re.DOTALL)


def _translate(pattern: str) -> str:
    regex = ""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at) and _is_whole_step(pattern, at):
            at += 2
            if at == len(pattern):
                regex += ".+"
            else:
                regex += "(?:.*/)?"
                at += 1
            continue
        at += 1
        if char == "*":
            regex += "[^/]*"
        elif char == "?":
            regex += "[^/]"
        elif char == "[":
            part, at = _bracket(pattern, at)
            regex += part
        elif char == "\\":
            if at == len(pattern):
                raise ValueError("ends in a backslash")
            regex += re.escape(pattern[at])
            at += 1
        else:
            regex += re.escape(char)
    return regex


def _is_whole_step(pattern: str, at: int) -> bool:
    """Tell whether the ``**`` at *at* stands alone between slashes or ends."""
    before = at == 0 or pattern[at - 1] == "/"
    after = at + 2 == len(pattern) or pattern[at + 2] == "/"
    return before and after


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """Translate the bracket expression behind the ``[`` before *at*; also return where it ends."""
    items = ""
    negative = at < len(pattern) and pattern[at] in "!^"
    at += negative
    first = True
    while at < len(pattern) and (first or pattern[at] != "]"):
        first = False
        named = re.compile(r"\[:([a-z]+):\]").match(pattern, at)
        if named:
            if named[1] not in _CLASSES:
                raise ValueError("has an unknown character class")
            items += _CLASSES[named[1]]
            at = named.end()
            continue
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
        elif pattern[at] == "-" and items and pattern[at + 1 : at + 2] not in ("]", ""):
            items += "-"
            at += 1
            continue
        items += re.escape(pattern[at])
        at += 1
    if at >= len(pattern):
        raise ValueError("has a bracket that is not closed")
    try:
        re.compile(f"[{items}]")
    except re.error:
        raise ValueError("has a range that runs backwards") from None
    # A bracket never matches the slash, whatever it lists.
    return f"(?!/)[{'^' if negative else ''}{items}]", at + 1
