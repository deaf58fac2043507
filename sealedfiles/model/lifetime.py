"""How long the values of a rule may be used, and how new ones are generated.

These are the keys ``max_age``, ``expires`` and ``generate`` of a rule (docs/format.md, section 11).  They
do not affect sealing, so the filter does not import this module for a policy without them.
"""

from __future__ import annotations

from datetime import datetime, timezone

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.value_spec import parse_spec
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.errors import PolicyError
    from sealedfiles.light_typing import Any, Protocol

    class Reader(Protocol):
        """The reader of a policy, as far as it is needed here."""

        def value(self, node: Any) -> str:
            """Return the text of a scalar.  Raises PolicyError."""

        def fail(self, node: Any, message: str) -> PolicyError:
            """Return the error *message* with the line of *node*."""


KEYS = ("max_age", "expires", "generate")

_AGE = lazy_pattern(r"([1-9][0-9]{0,4})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_DATE = lazy_pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Lifetime(NamedTuple):
    """The content of these keys."""

    max_age: int | None = None
    """The number of days for which a value may be used; None: without a limit."""
    expires: int | None = None
    """The time (Unix time) from which a value must not be used; None: never."""
    generate: str = ""
    """How a new value is generated (``value_spec``); empty: it must come from somewhere else."""


def read_lifetime(reader: Reader, keys: dict[str, Any]) -> Lifetime:
    """Parse the *keys* of a rule.  Raises PolicyError with the line."""
    for name in KEYS:
        if name in keys and "plain" in keys and reader.value(keys["plain"]) == "true":
            message = f"`{name}` applies to sealed values, not to `plain` ones"
            raise reader.fail(keys[name], message)
    return Lifetime(
        _days(reader, keys["max_age"]) if "max_age" in keys else None,
        _date(reader, keys["expires"]) if "expires" in keys else None,
        _spec(reader, keys["generate"]) if "generate" in keys else "",
    )


def strictest(lifetimes: Iterable[Lifetime]) -> Lifetime:
    """Return the limits that all of *lifetimes* together set for a file that is sealed whole.

    Nothing is generated for such a file.
    """
    found = list(lifetimes)
    return Lifetime(
        min((one.max_age for one in found if one.max_age is not None), default=None),
        min((one.expires for one in found if one.expires is not None), default=None),
    )


def _days(reader: Reader, node: Any) -> int:
    match = _AGE.fullmatch(reader.value(node))
    if match is None:
        raise reader.fail(
            node, "`max_age` must be a number of days, weeks, months or years, such as `90d`"
        )
    return int(match[1]) * _DAYS[match[2]]


def _date(reader: Reader, node: Any) -> int:
    text = reader.value(node)
    try:
        day = datetime.strptime(text if _DATE.fullmatch(text) else "", "%Y-%m-%d")
    except ValueError:
        raise reader.fail(node, "`expires` must be a date, such as `2027-01-31`") from None
    return int(day.replace(tzinfo=timezone.utc).timestamp())


def _spec(reader: Reader, node: Any) -> str:
    text = reader.value(node)
    try:
        parse_spec(text)
    except ValueError as error:
        raise reader.fail(node, f"`generate` {error}") from None
    return text
