"""Write values in other formats, for ``cat --format``.  All output ends with a newline."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sealedfiles.app.files.environment import Variable, scalars
from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data, JsonNumber, Spelled, YamlFloat, YamlPlain
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.paths import json_string
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from typing import Any

_SURROGATE = lazy_pattern("[\ud800-\udfff]")
_SHELL_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")

_YAML_PLAIN = lazy_pattern(r"[A-Za-z_/][A-Za-z0-9_/.@+-]*(?: [A-Za-z0-9_/.@+-]+)*")
_YAML_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Plain scalars that some YAML 1.1 or 1.2 parser does not read as a string."""
_YAML_ESCAPED = lazy_pattern("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_LONGEST_KEY = 1000
"""YAML parsers search for the colon after a key for at most 1024 characters."""

_JSON_NUMBER = lazy_pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = lazy_pattern(r"[-+]?0[0-9]")
_NO_NUMBERS = {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}

_GITHUB_NAME = lazy_pattern(r"(?!.*<<)[^=\r\n]+")
_GITHUB_OWN = lazy_pattern(r"(?:GITHUB_(?!TOKEN\Z)|RUNNER_).*|NODE_OPTIONS\Z", re.IGNORECASE)


def to_json(data: Data) -> str:
    """Return *data* as JSON. Raises UsageError if it is too large, and for infinity and NaN."""
    return json_text(data, indent=2) + "\n"


def json_text(data: Data, indent: int | None = None) -> str:
    """Return *data* as JSON. Raises UsageError if it is too large, and for infinity and NaN."""
    import json

    spelled: list[str] = []
    # The author of a value cannot predict it, and so cannot end the value early.
    mark = secrets.token_hex(16)

    def marked(value: Spelled) -> Data:
        found = _json_number(value)
        if not isinstance(found, Spelled):
            return found
        spelled.append(found)
        return f"{mark}{len(spelled) - 1}"

    with _within_limits(data):
        data = _each_spelled(data, marked)
    with _within_limits(data):
        text = json.dumps(data, ensure_ascii=False, indent=indent, allow_nan=False)
    if spelled:
        text = re.sub(f'"{mark}([0-9]+)"', lambda found: spelled[int(found[1])], text)
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _json_number(value: Spelled) -> Data:
    """Return *value* itself if its spelling is a valid JSON number; otherwise its closest JSON value."""
    if _JSON_NUMBER.fullmatch(value):
        return JsonNumber(f"{value}.0") if isinstance(value, YamlFloat) else value
    if isinstance(value, JsonNumber):
        return float(value)
    from sealedfiles.formats.yaml.data import is_number, plain

    return plain(value) if is_number(value) and not _LEADING_ZERO.match(value) else str(value)


def _each_spelled(data: Data, change: Callable[[Spelled], Data]) -> Data:
    """Return a copy of *data* with *change* applied to every ``Spelled`` value; *data* itself if none is."""
    if not any(isinstance(value, Spelled) for _, value in scalars(data)):
        return data
    root: list[Data] = [data]
    waiting: list[Any] = [root]
    while waiting:
        one = waiting.pop()
        for key, value in list(one.items() if isinstance(one, dict) else enumerate(one)):
            if isinstance(value, Spelled):
                one[key] = change(value)
            elif isinstance(value, (dict, list)):
                one[key] = value.copy()
                waiting.append(one[key])
    return root[0]


def to_yaml(data: Data, comments: Mapping[Address, Sequence[str]] | None = None) -> str:
    """Return *data* as YAML that YAML 1.1 and 1.2 parsers read like its source.

    *comments* are lines, without their comment sign, that are written above the entry at an address.  Raises
    UsageError if it is too large.
    """
    with _within_limits(data):
        return "".join(f"{line}\n" for line in _yaml_lines(data, comments or {}))


@contextmanager
def _within_limits(data: Data) -> Iterator[None]:
    """Raise UsageError instead of the writer's errors, which may contain values."""
    try:
        yield
    except RecursionError:
        raise UsageError("the values are nested too deeply to write") from None
    except ValueError:
        for address, value in scalars(data):
            if isinstance(value, float) and not math.isfinite(value):
                raise UsageError(
                    f"JSON cannot represent the number {value} at {show_address(address)}"
                ) from None
        raise UsageError("a number has too many digits to write") from None


def _yaml_lines(
    data: Data, comments: Mapping[Address, Sequence[str]], above: Address = ()
) -> list[str]:
    if not data or not isinstance(data, (dict, list)):
        return [_yaml_scalar(data)]
    lines = []
    if isinstance(data, list):
        for number, item in enumerate(data):
            first, *rest = _yaml_lines(item, comments, (*above, number))
            lines += [f"#{text}" for text in comments.get((*above, number), ())]
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    for key, item in data.items():
        lines += [f"#{text}" for text in comments.get((*above, key), ())]
        written = f"{_yaml_scalar(key)}:"
        if len(written) > _LONGEST_KEY:
            lines.append(f"? {written[:-1]}")
            written = ":"
        below = _yaml_lines(item, comments, (*above, key))
        if item and isinstance(item, (dict, list)):
            lines += [written, *(f"  {line}" for line in below)]
        else:
            lines.append(f"{written} {below[0]}")
    return lines


def _yaml_scalar(value: Data) -> str:
    """Return a scalar, or an empty collection, on one line."""
    if isinstance(value, YamlPlain):
        return f"{value}.0" if isinstance(value, YamlFloat) else value
    if isinstance(value, JsonNumber):
        return _yaml_number(value)
    if isinstance(value, str):
        if _YAML_PLAIN.fullmatch(value) and value.lower() not in _YAML_WORDS:
            return value
        import json

        text = json.dumps(value, ensure_ascii=False)
        return _YAML_ESCAPED.sub(lambda char: f"\\u{ord(char[0]):04x}", text)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
        # Without a decimal point, YAML 1.1 reads 1e+16 as a string.
        text = repr(value)
        return text if "." in text else text.replace("e", ".0e")
    return str(value) if isinstance(value, int) else "{}" if isinstance(value, dict) else "[]"


def _yaml_number(value: JsonNumber) -> str:
    """Return a JSON number as YAML 1.1 and 1.2 read it: 1e3, for example, is a string in YAML 1.1."""
    if value in _NO_NUMBERS:
        return _NO_NUMBERS[value]
    digits, e, exponent = value.lower().partition("e")
    if not e:
        return value
    sign = "" if exponent.startswith(("+", "-")) else "+"
    return f"{digits}{'' if '.' in digits else '.0'}e{sign}{exponent}"


def to_env(variables: Iterable[Variable]) -> str:
    """Return the variables as a .env file, quoted so that all dialects read the same value, if possible.

    Raises UsageError for a value that no dialect can represent.
    """
    from sealedfiles.formats.dotenv.edit import DOTENV_EDITOR

    lines = [DOTENV_EDITOR.assign("", (one.name,), one.value) for one in variables]
    # Before version 1.2.3, python-dotenv ends a value that ends in a backslash only if no quote follows.
    return "".join(sorted(lines, key=lambda line: line.endswith(('\\\\"\n', "\\\\'\n"))))


def to_shell(variables: Iterable[Variable]) -> str:
    """Return commands that set the variables in any POSIX shell.  Raises UsageError for an invalid name."""
    lines = []
    for variable in variables:
        if not _SHELL_NAME.fullmatch(variable.name):
            raise _no_name(variable, "a shell")
        value = variable.value.replace("'", "'\\''")
        lines.append(f"export {variable.name}='{value}'\n")
    return "".join(lines)


def to_github(variables: Iterable[Variable]) -> str:
    """Return the lines that set the variables for the next steps of a job, for ``$GITHUB_ENV``.

    Raises UsageError for names that GitHub reserves.
    """
    parts = []
    for variable in variables:
        if _GITHUB_OWN.match(variable.name):
            raise UsageError(
                f"{variable.place}: GitHub does not let steps set {variable.name}",
                "give it another name with --prefix, or leave it out: --only",
            )
        if not _GITHUB_NAME.fullmatch(variable.name):
            raise _no_name(variable, "GitHub")
        # The author of a value cannot predict it, and so cannot end the value early.
        delimiter = f"sealedfiles_{secrets.token_hex(16)}"
        parts.append(f"{variable.name}<<{delimiter}\n{variable.value}\n{delimiter}\n")
    return "".join(parts)


def github_masks(texts: Iterable[str]) -> str:
    """Return the commands that hide *texts* in the log of a job, one for each line."""
    lines = sorted({line for text in texts for line in re.split(r"[\r\n]+", text) if line.strip()})
    return "".join(f"::add-mask::{line.replace('%', '%25')}\n" for line in lines)


def _no_name(variable: Variable, reader: str) -> UsageError:
    return UsageError(
        f"{variable.place}: {reader} does not allow a variable named {json_string(variable.name)}",
        "to leave it out, select the others with --only",
    )
