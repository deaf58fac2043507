"""People, groups and folders for tests, created by the reference implementation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from age.kit import recipient_of as recipient_of
from keyring.backend import KeyringBackend
from vectors import reference

from sealedfiles import age
from sealedfiles.age.keys import Identity
from sealedfiles.errors import NoKeyError, TamperedError
from sealedfiles.keys.expected import expected_by_environment
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.keyfile import GroupKey, wrap_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealedfiles.age import Stanza
    from sealedfiles.age.keys import Recipient


def identity() -> Identity:
    """A new classic identity, because generating a post-quantum one is slow."""
    return age.generate_identity(post_quantum=False)


ALICE, BOB, CAROL, MALLORY = (identity() for _ in range(4))


def secret(number: int) -> bytes:
    """A group key that is the same in every run."""
    return hashlib.sha256(b"group key %d" % number).digest()


def date(number: int) -> str:
    return f"2026-{number + 1:02}-01T00:00:00Z"


def group_key(number: int) -> GroupKey:
    return GroupKey(reference.key_id(secret(number)), date(number), secret(number))


def epochs(*numbers: int, group: str = "default") -> bytes:
    """The ``epochs`` file with these keys, oldest first, as readers of the group create it."""
    lines: list[str] = []
    parent = None
    for number in numbers:
        why = "rotated" if lines else "created"
        lines.append(reference.epoch_line(group, secret(number), date(number), why, parent))
        parent = secret(number)
    return "".join(f"{line}\n" for line in lines).encode()


@dataclass
class MemoryFolder:
    """A ``.sealedfiles`` that is a mapping."""

    files: dict[str, bytes]
    where: str = "memory"
    refused: frozenset[str] = frozenset()
    """The names that are symbolic links, or in conflict."""
    reads: list[str] = field(default_factory=list)

    def read(self, name: str) -> bytes | None:
        self.reads.append(name)
        if name in self.refused:
            raise TamperedError(f"{name} is refused")
        return self.files.get(name)

    def list(self, name: str) -> list[str]:
        prefix = f"{name}/"
        found = (file[len(prefix) :] for file in self.files if file.startswith(prefix))
        return sorted({one.partition("/")[0] for one in found})

    def having(self, **files: bytes | None) -> MemoryFolder:
        """The same folder with other files; names are written as ``keys__default__epochs``."""
        changed = dict(self.files)
        for name, data in files.items():
            path = name.replace("__", "/").replace("_dot_", ".")
            if data is None:
                del changed[path]
            else:
                changed[path] = data
        return MemoryFolder(changed, self.where, self.refused)


def make_folder(
    *numbers: int, group: str = "default", where: str = "memory", **readers: Identity
) -> MemoryFolder:
    """A folder with one group and the keys *numbers*, encrypted to every reader."""
    keys = [group_key(number) for number in numbers]
    files = {f"keys/{group}/epochs": epochs(*numbers, group=group)}
    for name, one in readers.items():
        files[f"recipients/{name}.pub"] = f"{one.recipient}\n".encode()
        files[f"keys/{group}/{name}.age"] = wrap_keys(keys, [recipient_of(one)])
    return MemoryFolder(files, where)


class Counting(Identity):
    """An identity that counts its uses."""

    kind = "x25519"

    def __init__(self, inner: Identity) -> None:
        self._inner = inner
        self.used = 0

    @property
    def recipient(self) -> Recipient | None:
        return self._inner.recipient

    @property
    def text(self) -> str | None:
        return self._inner.text

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        self.used += 1
        return self._inner.unwrap(stanzas)


class Somebody(Identities):
    """Identities that are available, used one after the other."""

    def __init__(self, *identities: Identity) -> None:
        self._identities = identities
        self._found = {}
        self._explicit = None
        self._expected = expected_by_environment()
        self.taken = 0

    def __iter__(self) -> Iterator[Identity]:
        for one in self._identities:
            self.taken += 1
            yield one

    def without_prompt(self) -> Iterator[Identity]:
        return iter(self)

    def read_named(self) -> None:
        """Find nothing more."""

    def no_key(self, message: str, *hints: str) -> NoKeyError:
        return NoKeyError(message, *hints, *self.report())

    def report(self) -> list[str]:
        return [f"looked at {len(self._identities)} keys"]


class Nobody(Identities):
    """Identities that must not be used."""

    def __init__(self) -> None:
        """Have no places."""
        self._explicit = None
        self._expected = {}

    def __iter__(self) -> Iterator[Identity]:
        raise AssertionError("an identity was looked for")

    def without_prompt(self) -> Iterator[Identity]:
        return iter(self)

    def no_key(self, message: str, *hints: str) -> NoKeyError:
        return NoKeyError(message, *hints)

    def report(self) -> list[str]:
        return []


class Memory(KeyringBackend):
    """An OS keyring in memory, for tests that do not need a real one."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.reads = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.reads += 1
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]
