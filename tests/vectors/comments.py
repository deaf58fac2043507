"""Vectors of comments, and what the reference says about them."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any, NamedTuple

from vectors import reference_comments
from vectors.comment_cases import CASES, Case
from vectors.marked import KEYS, MARK, Sealer, plain_of, quote_of, steps_of
from vectors.reference_comments import Previous, Value

_FORMATS = {"v.yaml": "yaml", "v.env": "dotenv", "v.jsonc": "json"}


class Parts(NamedTuple):
    """A marked text: its plaintext, and where its values and its sealed comments are."""

    text: str
    values: list[Value]
    sealed: dict[tuple[int, int], tuple[str, ...]]
    """The span of each sealed comment, and its groups, the innermost first."""
    standing: set[tuple[int, int]]
    """The spans of those that are tokens already."""


def parts_of(marked: str) -> Parts:
    """Return the parts of a marked text."""
    text, at = "", 0
    parts = Parts("", [], {}, set())
    for mark in MARK.finditer(marked):
        text += marked[at : mark.start()]
        groups = tuple((mark[1] or "default").split("+"))
        if groups[-1] == "standing":
            groups = groups[:-1] or ("default",)
            parts.standing.add((len(text), len(text) + len(mark[4])))
        span = len(text), len(text) + len(mark[4])
        if mark[2] == "#":
            parts.sealed[span] = groups
        else:
            group = None if groups == ("plain",) else groups[0]
            parts.values.append(Value(*span, tuple(steps_of(mark[2])), group))
        text += mark[4]
        at = mark.end()
    return parts._replace(text=text + marked[at:])


def comments_of(parts: Parts, form: str) -> list[tuple[int, int]]:
    """Return the spans of all comments: they are outside of values, and behind white space."""
    if form == "json":
        pattern = r'"(?:[^"\\]|\\.)*"|//([^\r\n]*)|/\*(.*?)[ \t\r\n]*\*/'
    else:
        pattern = r"(?:^|(?<=[ \t\r\n]))#([^\r\n]*)"
    found = []
    for match in re.finditer(pattern, parts.text, re.DOTALL):
        group = match.lastindex
        inside = any(value.start <= match.start() < value.end for value in parts.values)
        if group is not None and not inside:
            found.append(match.span(group))
    return found


def decided(case: Case) -> dict[tuple[int, int], tuple[str, ...]]:
    """Return the comments that the reference seals, and their groups, the innermost first."""
    form = _FORMATS[case.path]
    parts = parts_of(case.marked)
    before = parts_of(case.previous)
    previous = Previous(
        [
            (value.path, before.text[value.start : value.end], value.group)
            for value in before.values
            if value.group is not None
        ],
        [(before.text[start:end], groups) for (start, end), groups in before.sealed.items()],
    )
    spans = comments_of(parts, form)
    standing = [parts.sealed[span] if span in parts.standing else () for span in spans]
    groups = reference_comments.decide(
        form, parts.text, parts.values, spans, list(case.rules), previous, standing
    )
    return {span: own for span, own in zip(spans, groups, strict=True) if own}


def vectors() -> list[dict[str, Any]]:
    """Return the vectors, in the form of those of ``files.json``."""
    made = []
    for case in CASES:
        sealer = Sealer(case.path, quote_of(case.path, case.rules))
        sealed = sealer.text(case.marked)
        earlier = Sealer(case.path, quote_of(case.path, case.rules))
        previous = {"previous": earlier.text(case.previous)} if case.previous else {}
        made.append(
            {
                "name": case.name,
                "file path": case.path,
                "keys": {group: b64encode(KEYS[group]).decode() for group in sorted(KEYS)},
                "rules": list(case.rules),
                **previous,
                "plain": plain_of(case.marked, case.path),
                "sealed": sealed,
            }
        )
    return made
