"""Sealed texts that somebody has edited, merged or tampered with: what opening makes of them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from vectors import reference
from vectors.marked import COMMENT, KEYS, S1, VALUE, WHOLE, steps_of

_HEAD = b"\x00" * 5


def token(
    path: str,
    literal: str,
    kind: int = VALUE,
    *,
    file: str = "v.yaml",
    group: str = "default",
    occurrence: int = 0,
) -> str:
    """Return a token that is right by itself."""
    return reference.seal(
        KEYS[group],
        group,
        reference.file_id(file),
        kind,
        occurrence,
        steps_of(path),
        literal.encode(),
    )


A, B = token("a", "1"), token("b", "2")
OTHER = token("a", "1", file="other.yaml")
LIST = token("l[]", "x")
BLOCK = token("c", "|\n  one\n  two")
ANCHORED = token("a", "&x 1")
NOTE = token("", " old: 1", COMMENT)
FILE = token("", "a: 1\n", WHOLE)
PRODUCTION = token("p", "3", group="b")
NESTED = " " + token("", " " + token("", " pw: 1", COMMENT), COMMENT, group="b")
_DAMAGED = A[:-8] + ("B" if A[-8] == "A" else "A") + A[-7:]
_ENV_A = token("A", "1", file="v.env")
_ENV_QUOTED = token("A", '"1"', file="v.env")
_ENV_LINES = token("A", '"one\ntwo"', file="v.env")
_JSON_A = token("a", "1", file="v.json")
_JSON_NOTE = token("", ' "a": 1', COMMENT, file="v.json")
_TWO_VALUES = token("a", "1\nevil: 2")

CASES: list[tuple[str, str, str, str]] = [
    ("two values", "v.yaml", f'a: "{A}"\nb: "{B}"\n', "a: 1\nb: 2\n"),
    ("values beside plain ones", "v.yaml", f'a: "{A}"\nc: 3\n', "a: 1\nc: 3\n"),
    ("other quotes around a token", "v.yaml", f"a: '{A}'\nb: {B}\n", "a: 1\nb: 2\n"),
    ("blanks and comments around a token", "v.yaml", f'a:   "{A}"   # x\n', "a:   1   # x\n"),
    ("a value of several lines", "v.yaml", f'c: "{BLOCK}"\nb: "{B}"\n', "c: |\n  one\n  two\nb: 2\n"),
    ("the copy of an anchor", "v.yaml", f'a: &x "{ANCHORED}"\nb: *x\n', "a: &x 1\nb: *x\n"),
    ("a comment", "v.yaml", f'a: "{A}" # {NOTE}\n', "a: 1 # old: 1\n"),
    ("a comment for two groups", "v.yaml", f"a: 1 #{NESTED}\n", "a: 1 # pw: 1\n"),
    ("a whole file", "v.yaml", f'"{FILE}"\n', "a: 1\n"),
    ("a whole file without its line end", "v.yaml", f'"{FILE}"', "a: 1\n"),
    ("a whole file with CR LF, without quotes", "v.yaml", f"{FILE}\r\n", "a: 1\n"),
    ("a root scalar", "v.yaml", f'"{token("", "42")}"\n', "42\n"),
    ("items of a list can be exchanged", "v.yaml", f'l: ["{LIST}", "{LIST}"]\n', "l: [x, x]\n"),
    ("a value of another document", "v.yaml", f'---\na: "{A}"\n---\na: "{A}"\n', "---\na: 1\n---\na: 1\n"),
    ("blanks before a comment that are not in the literal, behind an anchor", "v.yaml",
     f'a: &x "{ANCHORED}" \t# b\n', "a: &x 1 \t# b\n"),
    ("blanks before a comment that are not in the literal, in .env", "v.env",
     f"A={_ENV_QUOTED}   # b\n", 'A="1"   # b\n'),
    ("an escape in YAML", "v.yaml", f'a: "\\x73{A[1:]}"\n', "a: 1\n"),
    ("an escaped line end in YAML", "v.yaml", f'a: "{A[:40]}\\\n  {A[40:]}"\n', "a: 1\n"),
    ("an escape in JSON", "v.json", f'{{"a": "\\u0073{_JSON_A[1:]}"}}', '{"a": 1}'),
    ("a whole file in single quotes", "v.yaml", f"'{FILE}'\n", "a: 1\n"),
    ("a whole file with an escape", "v.yaml", f'"\\u0073{FILE[1:]}"', "a: 1\n"),
    # what stays sealed
    ("a whole file with one stray quote", "v.yaml", f'{FILE}"\n', f'{FILE}"\n'),
    ("blanks behind the token of a block scalar", "v.yaml", f'c: "{BLOCK}"   \n', f'c: "{BLOCK}"   \n'),
    ("two values exchanged", "v.yaml", f'a: "{B}"\nb: "{A}"\n', f'a: "{B}"\nb: "{A}"\n'),
    ("a value at another key", "v.yaml", f'c: "{A}"\nb: "{B}"\n', f'c: "{A}"\nb: 2\n'),
    ("a value deeper", "v.yaml", f'c: {{a: "{A}"}}\nb: "{B}"\n', f'c: {{a: "{A}"}}\nb: 2\n'),
    ("a value in a comment", "v.yaml", f'b: "{B}" # {A}\n', f"b: 2 # {A}\n"),
    ("a value in a longer text", "v.yaml", f'b: "{B}"\na: "x {A}"\n', f'b: 2\na: "x {A}"\n'),
    ("a value as a key", "v.yaml", f'b: "{B}"\n"{A}": 1\n', f'b: 2\n"{A}": 1\n'),
    ("a comment as a value", "v.yaml", f'b: "{B}"\na: "{NOTE}"\n', f'b: 2\na: "{NOTE}"\n'),
    ("a comment in a longer comment", "v.yaml", f'b: "{B}" # see {NOTE}\n', f"b: 2 # see {NOTE}\n"),
    ("a whole file as a value", "v.yaml", f'b: "{B}"\na: "{FILE}"\n', f'b: 2\na: "{FILE}"\n'),
    ("a token that was altered", "v.yaml", f'a: "{_DAMAGED}"\nb: "{B}"\n', f'a: "{_DAMAGED}"\nb: 2\n'),
    ("a group that nobody has", "v.yaml", f'q: "{A.replace(":default:", ":q:")}"\nb: "{B}"\n',
     f'q: "{A.replace(":default:", ":q:")}"\nb: 2\n'),
    ("a token of another file", "v.yaml", f'a: "{OTHER}"\nb: "{B}"\n', f'a: "{OTHER}"\nb: 2\n'),
    ("more tokens of another file than own ones", "v.yaml",
     f'a: "{OTHER}"\nc: "{OTHER}"\nb: "{B}"\n', f'a: "{OTHER}"\nc: "{OTHER}"\nb: 2\n'),
    ("a renamed file: all tokens have another id", "new.yaml", f'a: "{A}"\nb: "{B}"\n', "a: 1\nb: 2\n"),
    ("a renamed file: the id that most tokens have", "new.yaml",
     f'a: "{A}"\nb: "{B}"\nc: "{OTHER}"\n', f'a: 1\nb: 2\nc: "{OTHER}"\n'),
    ("a renamed file: of as many the first", "new.yaml", f'b: "{B}"\na: "{OTHER}"\n',
     f'b: 2\na: "{OTHER}"\n'),
    ("a literal that would bring a key along", "v.yaml", f'a: "{_TWO_VALUES}"\nb: "{B}"\n',
     f'a: "{_TWO_VALUES}"\nb: 2\n'),
    ("a token of another version", "v.yaml", f'a: "{A.replace(":v1:", ":v2:")}"\nb: "{B}"\n',
     f'a: "{A.replace(":v1:", ":v2:")}"\nb: 2\n'),
    # .env and JSON
    (".env", "v.env", f"A={_ENV_A}\n", "A=1\n"),
    (".env: quotes that a formatter put", "v.env", f'A="{_ENV_A}"\n', "A=1\n"),
    (".env: a value of several lines", "v.env", f"A={_ENV_LINES} # x\n", 'A="one\ntwo" # x\n'),
    (".env: at another key", "v.env", f"B={_ENV_A}\n", f"B={_ENV_A}\n"),
    (".env: more on the line", "v.env", f"A={_ENV_A} x\n", f"A={_ENV_A} x\n"),
    ("JSON", "v.json", f'{{"a": "{_JSON_A}", "b": 2}}\n', '{"a": 1, "b": 2}\n'),
    ("JSON: at another key", "v.json", f'{{"b": "{_JSON_A}"}}\n', f'{{"b": "{_JSON_A}"}}\n'),
    ("JSON: as a key", "v.json", f'{{"{_JSON_A}": 1}}\n', f'{{"{_JSON_A}": 1}}\n'),
    ("JSONC: a line comment", "v.json", f'{{"a": "{_JSON_A}"}} // {_JSON_NOTE}\n', '{"a": 1} // "a": 1\n'),
    ("JSONC: a block comment", "v.json", f'{{"a": "{_JSON_A}"}} /* {_JSON_NOTE} */\n',
     '{"a": 1} /* "a": 1 */\n'),
    ("JSONC: a value in a comment", "v.json", f'{{"a": 1}} // {_JSON_A}\n', f'{{"a": 1}} // {_JSON_A}\n'),
    # conflicts
    ("a conflict: each side has its value", "v.yaml",
     f'<<<<<<< a\na: "{A}"\n=======\nb: "{B}"\n>>>>>>> b\n',
     "<<<<<<< a\na: 1\n=======\nb: 2\n>>>>>>> b\n"),
    ("a conflict with a base", "v.yaml",
     f'c: 3\n<<<<<<< a\na: "{A}"\n||||||| o\na: 0\n=======\nb: "{B}"\n>>>>>>> b\n',
     "c: 3\n<<<<<<< a\na: 1\n||||||| o\na: 0\n=======\nb: 2\n>>>>>>> b\n"),
    ("a conflict: values that the sides share", "v.yaml",
     f'b: "{B}"\n<<<<<<< a\nc: 1\n=======\nc: 2\n>>>>>>> b\na: "{A}"\n',
     "b: 2\n<<<<<<< a\nc: 1\n=======\nc: 2\n>>>>>>> b\na: 1\n"),
    ("a conflict: a value at another key on one side", "v.yaml",
     f'<<<<<<< a\na: "{B}"\n=======\nb: "{B}"\n>>>>>>> b\n',
     f'<<<<<<< a\na: "{B}"\n=======\nb: 2\n>>>>>>> b\n'),
    ("a conflict in .env", "v.env", f"<<<<<<< a\nA={_ENV_A}\n=======\nA=2\n>>>>>>> b\n",
     "<<<<<<< a\nA=1\n=======\nA=2\n>>>>>>> b\n"),
]  # fmt: skip


def opening() -> list[dict[str, Any]]:
    """Return the vectors: the text with its tokens, and the text that opening gives."""
    keys = {group: b64encode(KEYS[group]).decode() for group in ("b", "default")}
    return [
        {"name": name, "file path": path, "keys": keys, "sealed": sealed, "opened": opened}
        for name, path, sealed, opened in CASES
    ]


def previous_files() -> list[dict[str, Any]]:
    """Return files that are sealed with a previous version: unchanged values keep their tokens."""
    later = token("a", "1", occurrence=1)
    cases = [
        ("nothing changed", f'a: "{A}"\nb: "{B}"\n', "a: 1\nb: 2\n", f'a: "{A}"\nb: "{B}"\n'),
        ("a value changed", f'a: "{A}"\nb: "{B}"\n', "a: 1\nb: 3\n", f'a: "{A}"\nb: "{token("b", "3")}"\n'),
        ("another order", f'a: "{A}"\nb: "{B}"\n', "b: 2\na: 1\n", f'b: "{B}"\na: "{A}"\n'),
        ("an occurrence that is not the lowest stays", f'a: "{later}"\n', "a: 1\n# x\n", f'a: "{later}"\n# x\n'),
        ("a second one takes the lowest that is free", f'a: "{later}"\n', "a: 1\n---\na: 1\n",
         f'a: "{later}"\n---\na: "{A}"\n'),
        ("a token in the text passes through", f'a: "{A}"\n', f'a: "{A}"\nb: 2\n', f'a: "{A}"\nb: "{B}"\n'),
        ("the file id of the previous version counts", f'a: "{OTHER}"\n', "a: 1\nb: 2\n",
         f'a: "{OTHER}"\nb: "{token("b", "2", file="other.yaml")}"\n'),
        ("quotes that a formatter put stay", f"a: '{A}'\n", "a: 1\nb: 2\n", f"a: '{A}'\nb: \"{B}\"\n"),
        ("empty before", "", "a: 1\n", f'a: "{A}"\n'),
    ]  # fmt: skip
    return [
        {
            "name": f"with a previous version: {name}",
            "file path": "v.yaml",
            "keys": {"default": b64encode(S1).decode()},
            "rules": [],
            "previous": previous,
            "plain": plain,
            "sealed": sealed,
        }
        for name, previous, plain, sealed in cases
    ]
