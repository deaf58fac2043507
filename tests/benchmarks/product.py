"""The product in process: sealing and opening whole texts, with one key at hand, without git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import samples

from sealedfiles.model.policy import DEFAULT_GROUP, FileRules
from sealedfiles.model.token import FileKey, file_id
from sealedfiles.sealing import describe_file, open_file
from sealedfiles.sealing.seal import seal_file

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = b"big.yaml"
FILE = describe_file(PATH)


class OneKey:
    """A ring (``sealedfiles.sealing.file.Keys``) with one group's key, new for every work: a file
    key remembers what it has computed, and would be faster the second time."""

    def __init__(self) -> None:
        self._key = FileKey(DEFAULT_GROUP, bytes(range(32)), file_id(PATH))

    def for_prefix(self, prefix: str) -> FileKey | None:
        """Return the key, where the token is its."""
        return self._key if prefix == self._key.prefix else None

    def sealing_key(self, group: str, file_id: str) -> FileKey:
        """Return the key."""
        assert (group, file_id) == (self._key.group, self._key.file_id)
        return self._key

    def holds(self, group: str) -> bool:
        """Tell whether *group* is the key's."""
        return group == self._key.group


def seal(text: bytes) -> bytes:
    """Seal *text*, which has no earlier version."""
    return seal_file(text, [], FILE, FileRules([]), OneKey())


def unseal(sealed: bytes) -> bytes:
    """Open *sealed*."""
    return open_file(sealed, FILE, OneKey()).data


def clean(changed: bytes, sealed: bytes) -> bytes:
    """Seal *changed*, whose earlier version is *sealed*."""
    return seal_file(changed, [sealed], FILE, FileRules([]), OneKey())


WORKS: dict[str, Callable[..., bytes]] = {"seal": seal, "unseal": unseal, "clean": clean}


def inputs(work: str) -> tuple[bytes, ...]:
    """Return what the function of *work* takes; raise where the works do not what they should."""
    text = samples.large().encode()
    changed = samples.large(edition=1).encode()
    sealed = seal(text)
    lines = zip(clean(changed, sealed).split(b"\n"), sealed.split(b"\n"), strict=True)
    if sealed.count(b"sealed:v1:") != 30_000 or sum(new != old for new, old in lines) != 1:
        raise RuntimeError("the text was not sealed as it should")
    if unseal(sealed) != text:
        raise RuntimeError("the text did not come back")
    return {"seal": (text,), "unseal": (sealed,), "clean": (changed, sealed)}[work]


def warm_up() -> None:
    """Import everything that the works need."""
    clean(b"a: c\n", seal(b"a: b\n"))
