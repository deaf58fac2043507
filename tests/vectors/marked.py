"""Sealed files from texts in which values are marked by hand: no parser is involved.

``⟦path|literal⟧`` is a value.  The path is written ``a.b[]`` (empty: the root), or as a JSON array of
steps.  ``⟦path|&x|literal⟧`` has a copy of an anchor before its token.  ``⟦b@path|literal⟧`` is sealed to the
group ``b``.  ``⟦#|literal⟧`` is a comment; ``⟦a+b#|literal⟧`` is one that is sealed to two groups.
``⟦plain@path|literal⟧`` is a value that the rules leave plain; ``⟦standing#|literal⟧`` is a comment whose token is in
the plaintext already.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Any

from vectors import reference

S1 = bytes(range(32))
S2 = bytes(range(32, 64))
S3 = b"\xff" * 32
KEYS = {"default": S1, "a": S3, "b": S2}
VALUE, COMMENT, WHOLE = 0, 1, 2
BARE = ("dotenv", "properties", "ini", "xml")
"""The formats in which a token has no quotes; in XML, those of the literal."""
QUOTED = ("yaml", "yml", "json", "jsonc", "json5", "toml", "ndjson", "jsonl", "tfvars")
"""The endings of names of files in other formats."""

MARK = re.compile(r"⟦(?:([a-z+]+)(?=[@#]))?@?([^|⟧]*)\|(?:&([^|⟧]*)\|)?([^⟧]*)⟧", re.DOTALL)
Rules = "list[dict[str, Any]]"


def steps_of(path: str) -> list[str | None]:
    """Return the steps of a path as a mark has it."""
    if path.startswith(('["', "[null")):
        steps: list[str | None] = json.loads(path)
        return steps
    found: list[str | None] = []
    for step in path.split(".") if path else []:
        key, *items = step.split("[]")
        found += [key] if key else []
        found += [None] * len(items)
    return found


def plain_of(marked: str, path: str = "") -> str:
    """Return the plaintext."""
    sealer = Sealer(path, "")

    def plain(mark: re.Match[str]) -> str:
        return sealer.text(mark[0]) if "standing" in (mark[1] or "") else mark[4]

    return MARK.sub(plain, marked)


class Sealer:
    """Seals one file, mark by mark, each value with the lowest occurrence that is free."""

    def __init__(self, path: str, quote: str) -> None:
        self.identifier = reference.file_id(path)
        self._is_xml = path.endswith(".xml")
        self.quote = quote
        self._taken: dict[tuple[Any, ...], int] = {}
        self.groups: set[str] = set()

    def text(self, marked: str) -> str:
        """Return the sealed text; values first, then comments, as occurrences are given."""
        return MARK.sub(self._mark, marked)

    def _mark(self, mark: re.Match[str]) -> str:
        groups = (mark[1] or "default").split("+")
        if groups == ["plain"]:
            return mark[4]
        if groups[-1] == "standing":
            groups = groups[:-1] or ["default"]
        if mark[2] == "#":
            literal = mark[4]
            for group in groups:
                token = self.token(group, COMMENT, [], literal)
                while self._is_xml and "--" in token and group == groups[-1]:
                    token = self.token(group, COMMENT, [], literal)
                literal = f" {token}"
            return literal + " " * self._is_xml
        token = self.token(groups[0], VALUE, steps_of(mark[2]), mark[4])
        quote = self.quote
        if self._is_xml and re.fullmatch("\"[^\"]*\"|'[^']*'", mark[4]):
            quote = mark[4][0]
        return (f"&{mark[3]} " if mark[3] else "") + quote + token + quote

    def token(self, group: str, kind: int, steps: list[str | None], literal: str) -> str:
        """Return the token for one value or comment."""
        place = (group, kind, tuple(steps), literal)
        occurrence = self._taken.get(place, 0)
        self._taken[place] = occurrence + 1
        self.groups.add(group)
        return reference.seal(
            KEYS[group], group, self.identifier, kind, occurrence, steps, literal.encode()
        )


def quote_of(path: str, rules: Any) -> str:
    """Return what a token of a value stands in."""
    form = next((rule["format"] for rule in rules if "format" in rule), None)
    if form is not None:
        return "" if form in BARE else '"'
    return '"' if path.rpartition(".")[2].lower() in QUOTED else ""


def marked_file(name: str, path: str, marked: str, rules: Any = ()) -> dict[str, Any]:
    """Return the vector of a file that is sealed value by value."""
    sealer = Sealer(path, quote_of(path, rules))
    sealed = sealer.text(marked)
    groups = {"default", *sealer.groups}
    return {
        "name": name,
        "file path": path,
        "keys": {group: b64encode(KEYS[group]).decode() for group in sorted(groups)},
        "rules": list(rules),
        "plain": plain_of(marked),
        "sealed": sealed,
    }


def whole_file(name: str, path: str, plain: str | bytes, rules: Any = ()) -> dict[str, Any]:
    """Return the vector of a file that is sealed whole, to ``default``."""
    data = plain.encode() if isinstance(plain, str) else plain
    identifier = reference.file_id(path)
    token = reference.seal(S1, "default", identifier, WHOLE, 0, [], data)
    quote = (
        '"' if path.rpartition(".")[2].lower() in ("yaml", "yml", "json", "jsonc", "json5") else ""
    )
    try:
        field = {"plain": data.decode()}
    except UnicodeDecodeError:
        field = {"plain base64": b64encode(data).decode()}
    return {
        "name": name,
        "file path": path,
        "keys": {"default": b64encode(S1).decode()},
        "rules": list(rules),
        **field,
        "sealed": f"{quote}{token}{quote}\n",
    }
