"""Read .env files as other programs do, with one reader per dialect.

* ``python``: python-dotenv, version 1.2.4 (``${NAME}``, ``${NAME:-default}``, in any quotes).
* ``node``: the package dotenv, version 16; no variables.
* ``compose``: ``docker compose`` (compose-go), with the substitutions of the Compose specification.
* ``bash``: a file that a shell sources; assignments only, nothing is ever run.
* ``docker``: ``docker run --env-file``: everything after ``=`` is the value, including quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sealedfiles.errors import UsageError
from sealedfiles.formats.dotenv.python import bindings, interpolated
from sealedfiles.formats.place import error_at
from sealedfiles.util.lazy_pattern import lazy_pattern

DIALECTS = ("python", "node", "compose", "bash", "docker")
PYTHON_BEFORE = "python-dotenv 1.2.2"
"""How python-dotenv read before version 1.2.3.  It is not a dialect to choose, but programs still use it."""


def read(
    text: str,
    dialect: str = "python",
    environ: Mapping[str, str] | None = None,
    override: bool = False,
) -> dict[str, str | None]:
    """Return the values of *text* (without BOM); None for a key without ``=``, only in ``python``.

    If a value refers to a variable that is both above it in the file and in *environ*, the file's value is
    used with *override*, otherwise that of the environment, as in python-dotenv.  The value therefore matches
    the variables that a program is started with.  Raises FormatError if the program would refuse the file, if
    a shell would have to run a command for a value, and if references expand to too much; UsageError for an
    unknown dialect.
    """
    known = environ or {}
    if dialect == "python":
        return interpolated(text, bindings(text), known, override=override)
    if dialect == PYTHON_BEFORE:
        found = bindings(text, before_1_2_3=True)
        return interpolated(text, found, known, override=override)
    if dialect == "node":
        return dict(_node(text))
    if dialect == "docker":
        return dict(_docker(text, known))
    if dialect == "compose":
        from sealedfiles.formats.dotenv.compose import read_compose

        return read_compose(text, known, override=override)
    if dialect == "bash":
        from sealedfiles.formats.dotenv.bash import read_bash

        return read_bash(text, known, override=override)
    raise UsageError(f"unknown .env dialect {dialect!r}", f"available: {', '.join(DIALECTS)}")


# The meaning of \s, \w, . and the anchors in JavaScript, for a text whose line ends are LF only.
_JS_BLANK = "\\t\\v\\f \xa0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff"
_JS_SPACE = rf"[{_JS_BLANK}\n\u2028\u2029]"
_JS_LINE_START = r"(?:\A|(?<=[\n\u2028\u2029]))"
_JS_LINE_END = r"(?=[\n\u2028\u2029]|\Z)"
_NODE_LINE = lazy_pattern(
    rf"""{_JS_LINE_START}[{_JS_BLANK}]*
    (?:export{_JS_SPACE}+)?([A-Za-z0-9_.-]+)
    (?:{_JS_SPACE}*={_JS_SPACE}*? | :{_JS_SPACE}+?)
    ( {_JS_SPACE}*'(?:\\'|[^'])*' | {_JS_SPACE}*"(?:\\"|[^"])*" | {_JS_SPACE}*`(?:\\`|[^`])*`
    | [^\#\n]+ )?
    {_JS_SPACE}*(?:\#[^\n\u2028\u2029]*)?{_JS_LINE_END}""",
    re.VERBOSE,
)
# Matches blanks only from their start, so that a failure costs linear time.
_NODE_ENDS = lazy_pattern(rf"\A{_JS_SPACE}+|(?<!{_JS_SPACE}){_JS_SPACE}+\Z")
_NODE_QUOTES = lazy_pattern(
    rf"{_JS_LINE_START}(?P<quote>['\"`])(?P<inside>[\s\S]*)(?P=quote){_JS_LINE_END}"
)


def _node(text: str) -> dict[str, str]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    values = {}
    for line in _NODE_LINE.finditer(lines):
        source = _NODE_ENDS.sub("", line[2] or "")
        value = _NODE_QUOTES.sub(lambda m: m["inside"], source)
        if source.startswith('"'):
            value = value.replace(r"\n", "\n").replace(r"\r", "\r")
        values[line[1]] = value
    return values


def _docker(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    from sealedfiles.formats.dotenv.compose import GO_SPACE

    values = {}
    at = 0
    for source in text.split("\n"):
        start, at = at, at + len(source) + 1
        line = re.sub(f"^[{GO_SPACE}]+", "", source.removesuffix("\r"))
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not key or " " in key or "\t" in key:
            what = "blanks in" if key else "nothing as"
            raise error_at(text, start, f"docker refuses a line with {what} the name of a variable")
        if equals:
            values[key] = value
        elif key in environ:
            values[key] = environ[key]
    return values
