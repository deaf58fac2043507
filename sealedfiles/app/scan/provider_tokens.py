"""Find secrets that are not sealed values: tokens of providers and private keys.

The rules are those of kingfisher (https://github.com/mongodb/kingfisher), which runs in this process.  Only
its detection is used.  Its validation, which sends secrets over the network, is never called.
"""

from __future__ import annotations

from functools import cache

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

EXTRA = "sealedfiles[scan]"


class ProviderToken(NamedTuple):
    """A secret that a rule recognizes.  ``text`` is a secret: never print it."""

    rule: str
    name: str
    """What the rule calls it."""
    text: bytes

    @property
    def identity(self) -> tuple[object, ...]:
        """What is equal in two places with the same secret."""
        return self.rule, self.text


class Detector:
    """Finds provider tokens with kingfisher.  Its rules are compiled once, and kept in the user's cache."""

    def __init__(self, scanner: Any) -> None:
        self._scanner = scanner

    def find(self, data: bytes) -> Iterator[tuple[int, ProviderToken]]:
        """Yield the provider tokens in *data*, each with its line, counted from 1."""
        for found in self._scanner.scan(data):
            if found.visible:
                secret = found.secret.encode("utf-8", "surrogatepass")
                token = ProviderToken(found.rule_id, found.rule_name, secret)
                yield found.location["line"], token


def is_installed() -> bool:
    """Return True if the extra is installed; nothing is loaded."""
    from importlib.util import find_spec

    return find_spec("kingfisher_sdk") is not None


def load_detector() -> Detector | None:
    """Return the detector, or None if the extra is not installed."""
    try:
        import kingfisher_sdk
    except ImportError:
        return None
    return _detector(kingfisher_sdk.Scanner)


@cache
def _detector(scanner: Callable[..., Any]) -> Detector:
    """Return a detector with the rules, which take longer to load than a small repository to scan."""
    return Detector(scanner(redact=False))
