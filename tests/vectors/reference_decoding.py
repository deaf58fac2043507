"""The text that a literal stands for, as docs/format.md has it; nothing of sealedfiles is used."""

from __future__ import annotations

import json
import re

QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
PROPERTIES = re.compile(r"(?:[!&][^ \t]*[ \t]+)*")


def after_properties(text: str, start: int) -> int:
    found = PROPERTIES.match(text, start)
    return found.end() if found else start


_ESCAPES = dict(
    zip('0abtnvfre "/\\N_LP\t', '\0\a\b\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029\t', strict=True)
)


def decode(form: str, literal: str) -> str:
    if form == "json":
        return str(json.loads(literal)) if literal.startswith('"') and is_json(literal) else literal
    return _decode_env(literal) if form == "dotenv" else _decode_yaml(literal)


def is_json(literal: str) -> bool:
    try:
        return isinstance(json.loads(literal), str)
    except ValueError:
        return False


def _decode_env(literal: str) -> str:
    if literal[:1] == "'":
        return re.sub(r"\\([\\'])", r"\1", literal.strip()[1:-1])
    if literal[:1] == '"':
        known = dict(zip("\\'\"abfnrtv", "\\'\"\a\b\f\n\r\t\v", strict=True))
        return re.sub(r"\\([\\'\"abfnrtv])", lambda one: known[one[1]], literal.strip()[1:-1])
    if literal[:1] == "`":
        return literal.strip()[1:-1]
    return re.split(r"\s+#", literal)[0].rstrip()


def _decode_yaml(literal: str) -> str:
    literal = literal[after_properties(literal, 0) :]
    if literal[:1] in ("|", ">"):
        return _decode_block(literal)
    quoted = QUOTED.match(literal)
    folded = re.sub(r"[ \t]*(?:\r\n|\n|\r)[ \t]*", " ", literal).rstrip(" \t")
    if not quoted:
        return folded
    text = folded[1 : folded.rindex(literal[0])]
    if literal[0] == "'":
        return text.replace("''", "'")

    def character(one: re.Match[str]) -> str:
        return chr(int(one[1][1:], 16)) if len(one[1]) > 1 else _ESCAPES[one[1]]

    return re.sub(
        r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", character, text, flags=re.DOTALL
    )


def _decode_block(literal: str) -> str:
    _, *lines = re.split(r"\r\n|\n|\r", literal)
    stripped = [line.strip() for line in lines]
    return ("\n" if literal[0] == "|" else " ").join(stripped)
