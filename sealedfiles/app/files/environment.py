"""Values as environment variables: what they are called, and what a variable can hold.

``database.password`` becomes ``DATABASE_PASSWORD``, ``users[0].token`` becomes ``USERS_0_TOKEN``; the keys of
a .env file are names already.  Two values for one name are never settled in silence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.model.address import show_address
from sealedfiles.model.paths import ITEM, json_string, key_step
from sealedfiles.model.token import TOKEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sealedfiles.formats.base import Data
    from sealedfiles.model.address import Address

_ODD = re.compile(r"[^A-Za-z0-9_]")
_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ANY_TOKEN = re.compile(r"sealed:v[0-9]+:[A-Za-z0-9_.:-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST = 100_000
"""How many values of one file: more than any environment holds, and fewer than aliases of aliases make."""

_LEAVE_OUT = "to leave it out, select the others with --only"


class Variable(NamedTuple):
    """One value with its variable name and its source."""

    name: str
    value: str
    file: str
    """As shown in messages."""
    address: Address
    path: bytes
    """The encoded key path, as rules and patterns match it."""

    @property
    def place(self) -> str:
        """The position of the value, for a message."""
        return f"{self.file}: {show_address(self.address)}"

    def holds_any(self, tokens: Collection[str]) -> bool:
        """Return True if this is one of *tokens*, or in a .env file a text that contains one."""
        # If the token was inserted into another value, more characters of its alphabet may follow.
        found = TOKEN.findall(self.value)
        return any(one in tokens or any(one.startswith(t) for t in tokens) for one in found)

    def check(self) -> None:
        """Raise UsageError if the value cannot be a variable, NoKeyError for a token of an unsupported
        version."""
        if _ANY_TOKEN.fullmatch(self.value):
            raise NoKeyError(
                f"{self.place} stays sealed: its token is incomplete, or has an unsupported version",
                "update sealedfiles",
            )
        if not self.name or re.search("[=\0\ud800-\udfff]", self.name):
            raise UsageError(
                f"{self.place}: no variable can be called {json_string(self.name)}", _LEAVE_OUT
            )
        if "\0" in self.value:
            raise UsageError(
                f"{self.place} contains a NUL character, which a variable cannot contain",
                _LEAVE_OUT,
            )
        if _SURROGATE.search(self.value):
            raise UsageError(
                f"{self.place} contains a lone surrogate, which a variable cannot contain",
                _LEAVE_OUT,
            )


def scalars(data: Data) -> Iterator[tuple[Address, str | int | float | bool | None]]:
    """Yield each scalar value in *data*, with its address, in file order."""
    waiting: list[tuple[Address, Data]] = [((), data)]
    while waiting:
        address, value = waiting.pop()
        # In reverse: the last item is taken next.
        if isinstance(value, dict):
            waiting.extend(((*address, key), item) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend(((*address, at), value[at]) for at in reversed(range(len(value))))
        else:
            yield address, value


def variables(
    data: Data, file: str, *, prefix: str = "", as_named: bool = False, documents: bool = False
) -> list[Variable]:
    """Return a variable for each value of *data*, in file order; null and empty collections give none.

    *as_named*: the keys are names already, as in a .env file.  *documents*: the outermost list is that of
    the documents of a YAML file, which are no part of key paths.  Values that stay sealed come as
    tokens.  Raises UsageError for a *prefix* that cannot begin a name, a value without a key, and a file
    with more values than any environment has.
    """
    if prefix and not _PREFIX.fullmatch(prefix):
        raise UsageError(
            f"{json_string(prefix)} is not a valid prefix",
            "use A-Z, a-z, 0-9 and _, for example APP_",
        )
    found = []
    for number, (address, value) in enumerate(scalars(data)):
        if number == _MOST:
            raise UsageError(f"{file} has too many values for variables")
        if value is None:
            continue
        if not address:
            raise UsageError(f"{file} is a single value without a key, so the variable has no name")
        name = prefix + str(address[0]) if as_named else _name(prefix, address)
        path = _encoded(address[1:] if documents else address)
        found.append(Variable(name, _written(value), file, address, path))
    return found


def merge(files: Sequence[list[Variable]], *, later_wins: bool = False) -> dict[str, Variable]:
    """Return the variables of several *files* by name, in order.

    Raises UsageError where two values of one file have the same name, and where those of two files have
    and are not equal, unless *later_wins*.
    """
    merged: dict[str, Variable] = {}
    origins: dict[str, int] = {}
    for number, variable in ((n, variable) for n, file in enumerate(files) for variable in file):
        known = merged.get(variable.name)
        if known:
            within = origins[variable.name] == number
            if within or not (later_wins or known.value == variable.value):
                raise UsageError(
                    f"{known.place} and {variable.place} both define {json_string(variable.name)}",
                    "choose one of them: --only PATTERN",
                    *(() if within else ("or let later files win over earlier ones: --override",)),
                )
        merged[variable.name] = variable
        origins[variable.name] = number
    return merged


def _name(prefix: str, address: Address) -> str:
    name = prefix + "_".join(_ODD.sub("_", str(step)) for step in address).upper()
    return f"_{name}" if name[:1].isdigit() else name


def _written(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _encoded(address: Address) -> bytes:
    return b"".join(ITEM if isinstance(step, int) else key_step(step) for step in address)
