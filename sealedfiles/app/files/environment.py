"""Values as environment variables: their names, and the values that are allowed.

``database.password`` becomes ``DATABASE_PASSWORD``, ``users[0].token`` becomes ``USERS_0_TOKEN``; the keys of
a .env file are used as they are.  Two values with the same name are an error, unless the caller chooses.
"""

from __future__ import annotations

import re

from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.formats.base import Data
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.paths import json_string
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN, split
from sealedfiles.sealing.file import show_path
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

_ODD = lazy_pattern(r"[^A-Za-z0-9_]")
_PREFIX = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_ANY_TOKEN = lazy_pattern(r"sealed:v[0-9]+:[A-Za-z0-9_.:-]+")
_SURROGATE = lazy_pattern("[\ud800-\udfff]")
_MOST = 100_000
"""Maximum number of values in one file: more than any environment needs, but nested aliases can exceed it."""


class Variable(NamedTuple):
    """One value with its variable name and its source."""

    name: str
    value: str
    file: bytes
    """The path of the file."""
    address: Address
    path: bytes
    """The encoded key path, as rules and patterns match it."""

    @property
    def place(self) -> str:
        """The position of the value, for a message."""
        return f"{show_path(self.file)}: {show_address(self.address)}"

    def holds_any(self, tokens: Collection[str]) -> bool:
        """Return True if the value contains one of *tokens*."""
        # In a .env file a token may be part of another value, followed by characters of the token alphabet.
        found = [self.value, *TOKEN.findall(self.value)]
        return any(one in tokens or any(one.startswith(t) for t in tokens) for one in found)

    def check(self) -> None:
        """Raise UsageError if the name or value is not valid in an environment, NoKeyError if the value is
        a token of an unsupported version, TamperedError if it is an unauthenticated one."""
        if UNAUTHENTICATED_TOKEN.fullmatch(self.value):
            from sealedfiles.app.files.still_sealed import unauthenticated

            raise unauthenticated(self.file, split(self.value).group, show_address(self.address))
        if _ANY_TOKEN.fullmatch(self.value):
            raise NoKeyError(
                f"{self.place} stays sealed: its token is incomplete, or has an unsupported version",
                "update sealedfiles",
            )
        if not self.name or re.search("[=\0\ud800-\udfff]", self.name):
            problem = f": {json_string(self.name)} is not a valid variable name"
        elif "\0" in self.value:
            problem = " contains a NUL character, which a variable cannot contain"
        elif _SURROGATE.search(self.value):
            problem = " contains a lone surrogate, which a variable cannot contain"
        else:
            return
        raise UsageError(self.place + problem, "to leave it out, select the others with --only")


def scalars(data: Data) -> Iterator[tuple[Address, str | int | float | bool | None]]:
    """Yield each scalar value in *data*, with its address, in file order."""
    waiting: list[tuple[Address, Data]] = [((), data)]
    while waiting:
        address, value = waiting.pop()
        # Reversed, because pop() takes the last item first.
        if isinstance(value, dict):
            waiting.extend(((*address, key), item) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend(((*address, at), value[at]) for at in reversed(range(len(value))))
        else:
            yield address, value


def variables(
    data: Data,
    file: bytes,
    path_of: Callable[[Address], bytes],
    *,
    prefix: str = "",
    as_named: bool = False,
    documents: bool = False,
) -> list[Variable]:
    """Return a variable for each value of *data*, in file order; null and empty collections are skipped.

    *path_of* returns the key path of an address in one document.  *as_named*: use the keys as names, as in a
    .env file.  *documents*: the outermost list holds the documents of a YAML file, and is not part of key
    paths.  Values that stay sealed are returned as
    tokens.  Raises UsageError for a *prefix* that cannot begin a name, a value without a key, and a file
    with too many values.
    """
    if prefix and not _PREFIX.fullmatch(prefix):
        raise UsageError(
            f"{json_string(prefix)} is not a valid prefix",
            "use A-Z, a-z, 0-9 and _, for example APP_",
        )
    found = []
    for number, (address, value) in enumerate(scalars(data)):
        if number == _MOST:
            raise UsageError(f"{show_path(file)} has too many values for variables")
        if value is None:
            continue
        if not address:
            name = show_path(file)
            raise UsageError(f"{name} is a single value without a key, so the variable has no name")
        name = prefix + str(address[0]) if as_named else _name(prefix, address)
        path = path_of(address[1:] if documents else address)
        found.append(Variable(name, _written(value), file, address, path))
    return found


def merge(files: Sequence[list[Variable]], *, later_wins: bool = False) -> dict[str, Variable]:
    """Return the variables of several *files* by name, in order.

    Raises UsageError if two values in one file have the same name.  Also raises it if different values in
    two files have the same name, unless *later_wins* is set.
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
