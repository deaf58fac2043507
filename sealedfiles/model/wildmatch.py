"""File patterns with the semantics of .gitattributes.

These are git's wildmatch rules with the restrictions of gitattributes(5): like .gitignore, but a pattern
that matches a folder does not match the files in it, and there is no negation.  (Libraries for
.gitignore patterns intentionally differ in the first point.)
"""

from __future__ import annotations

import re

from sealedfiles.model.globs import Glob, match_steps
from sealedfiles.util.lazy_pattern import lazy_pattern

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
    "space": " \\t\\n\\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
_CLASS = lazy_pattern(r"\[:([a-z]+):\]")
_ANY = Glob([[], []])


def require_few_stars(pattern: str) -> None:
    """Raise ValueError, with the reason, if git may never finish matching *pattern*.

    git before 2.41 tries every position of every star (wildmatch.c), and anyone with push access can write
    a policy and a file with a long name.
    """
    steps = pattern.removesuffix("/**").split("/")
    stars = [step.count("*") for step in steps if step != "**"]
    anywhere = len(steps) - len(stars)
    # Beyond the first star of a step, each one multiplies the time by the length of the name.
    if anywhere > 2 or anywhere + sum(max(count - 1, 0) for count in stars) > 3:
        raise ValueError("has too many stars for git before 2.41")


class FilePattern:
    """A compiled file pattern."""

    def __init__(self, pattern: str, *, ignore_case: bool = False) -> None:
        """Compile *pattern*; *ignore_case* is git's ``core.ignoreCase``.

        Raises ValueError, with the reason, for a pattern that git does not accept.
        """
        if not pattern:
            raise ValueError("is empty")
        if pattern.startswith("!"):
            raise ValueError("is negative, which .gitattributes does not support")
        if pattern.endswith("/"):
            raise ValueError(f"matches a folder; to match its files, use {pattern}**")
        steps = _split(_bytes(pattern).removeprefix("/"))
        deep = [len(step) > 1 and not step.strip("*") for step in steps]
        self._steps: list[Glob | None] = [
            None if is_deep else Glob(_parts(step), ignore_case=ignore_case)
            for step, is_deep in zip(steps, deep, strict=True)
        ]
        if "/" not in pattern:
            self._steps = [None, Glob(_parts(steps[0]), ignore_case=ignore_case)]
        elif deep[-1]:
            # A trailing ** matches everything inside a folder, but not the folder.
            self._steps.append(_ANY)

    def matches(self, path: str) -> bool:
        """Return True if the pattern matches the file at *path*, relative to the pattern's folder."""
        return match_steps(self._steps, _bytes(path).split("/"))


def _bytes(text: str) -> str:
    """Return *text* with one character per byte: `?` matches one byte in git."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _split(pattern: str) -> list[str]:
    """Return the steps of *pattern*; a slash in brackets or after a backslash is not a boundary."""
    return re.findall(r"(?:^|(?<=/))((?:\\.|[^/\\]|\\$)*)", pattern, re.DOTALL)


def _parts(step: str) -> list[list[str]]:
    """Return the parts of *step* between its stars, each as a list of characters."""
    parts: list[list[str]] = [[]]
    at = 0
    while at < len(step):
        char = step[at]
        at += 1
        if char == "*":
            if parts[-1] or len(parts) == 1:
                parts.append([])
        elif char == "?":
            parts[-1].append(".")
        elif char == "[":
            bracket, at = _bracket(step, at)
            parts[-1].append(bracket)
        elif char == "\\":
            if at == len(step):
                raise ValueError("ends in a backslash")
            parts[-1].append(re.escape(step[at]))
            at += 1
        else:
            parts[-1].append(re.escape(char))
    return parts


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """Translate the bracket expression after the ``[`` before *at*; also return its end."""
    items = ""
    negative = at < len(pattern) and pattern[at] in "!^"
    at += negative
    first = True
    after_class = False
    while at < len(pattern) and (first or pattern[at] != "]"):
        first = False
        named = _CLASS.match(pattern, at)
        if named:
            if named[1] not in _CLASSES:
                raise ValueError("has an unknown character class")
            items += _CLASSES[named[1]]
            at = named.end()
            after_class = True
            continue
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
        elif (
            pattern[at] == "-"
            and items
            and not after_class
            and pattern[at + 1 : at + 2] not in ("]", "")
        ):
            items += "-"
            at += 1
            continue
        items += re.escape(pattern[at])
        after_class = False
        at += 1
    if at >= len(pattern):
        raise ValueError("has an unclosed bracket")
    try:
        re.compile(f"[{items}]")
    except re.error:
        raise ValueError("has a character range in reverse order") from None
    return f"[{'^' if negative else ''}{items}]", at + 1
