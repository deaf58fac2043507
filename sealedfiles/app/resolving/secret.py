"""A secret that a reference names, as a store returned it."""

from __future__ import annotations

import json

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


_LONGEST = 10 * 365 * 24 * 60 * 60


def seconds_of(answer: object) -> float:
    """Return a time that a store answered, at most ten years; 0 if it is not a positive number.

    A store can answer any number, also one that is too large for a float.
    """
    if isinstance(answer, (int, float)) and answer > 0:  # NaN is not
        return float(min(answer, _LONGEST))
    return 0.0


class Lease(NamedTuple):
    """The time for which the store keeps a secret that it created for this request."""

    identity: str
    """Its id, which is not secret."""
    seconds: float
    is_renewable: bool


class Secret(NamedTuple):
    """The content of a secret: a text, values by key, or both."""

    text: str | None = None
    fields: Mapping[str, Any] | None = None
    lease: Lease | None = None

    def value(self, key: str) -> str:
        """Return the value at *key*, or the text if *key* is empty.

        Raises RemoteError if there is none, or if no variable can hold it.
        """
        found = self._at(key) if key else self.text
        if isinstance(found, (bool, int, float)):
            found = json.dumps(found)
        if not isinstance(found, str):
            raise RemoteError("the value in the store is not a text")
        if "\0" in found or any("\ud800" <= sign <= "\udfff" for sign in found):
            raise RemoteError("the value in the store has a NUL character or a lone surrogate")
        return found

    def _at(self, key: str) -> object:
        fields = self.fields
        if fields is None:
            try:
                fields = json.loads(self.text or "")
            except ValueError:
                fields = None
            if not isinstance(fields, dict):
                raise RemoteError(
                    "the secret in the store is not a JSON object, so it has no keys",
                    "to use all of it, leave the # and the key out",
                )
        if key not in fields:
            raise RemoteError("the secret in the store has no such key")
        return fields[key]
