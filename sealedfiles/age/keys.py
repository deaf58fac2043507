"""Recipient and Identity, the two interfaces that every kind of key implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sealedfiles.light_typing import ClassVar

from .stanza import Stanza

_NO_LABELS: frozenset[str] = frozenset()
_POST_QUANTUM = frozenset({"postquantum"})


class Recipient(ABC):
    """A public key (or a passphrase) that files can be encrypted to.

    ``str()`` is its canonical text; recipients with the same text are equal.
    """

    kind: ClassVar[str]
    """A short name: ``x25519``, ``mlkem768x25519``, ``ssh-ed25519``, ``ssh-rsa``, ``p256tag``,
    ``mlkem768p256tag``, ``scrypt``, ``plugin``."""

    stanza_type: ClassVar[str]
    """The type of the stanzas that ``wrap`` creates; empty if only the plugin knows it."""

    post_quantum: ClassVar[bool] = False
    """Whether a file encrypted today is safe from future quantum computers."""

    alone: ClassVar[bool] = False
    """Whether this must be the only recipient of a file."""

    @abstractmethod
    def wrap(self, file_key: bytes) -> list[Stanza]:
        """Return the stanzas from which this recipient's identity gets *file_key* (16 bytes).

        Raises RecipientError if the key is not usable, and KeyUnavailableError.
        """

    def wrap_with_labels(self, file_key: bytes) -> tuple[list[Stanza], frozenset[str]]:
        """Return what ``wrap`` returns, and labels, which must be the same for all recipients of a file."""
        return self.wrap(file_key), _POST_QUANTUM if self.post_quantum else _NO_LABELS

    @abstractmethod
    def __str__(self) -> str: ...

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipient) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Identity(ABC):
    """A private key (or a passphrase) that can decrypt files."""

    kind: str
    """The kind of the recipient; ``ssh`` for a protected key whose file does not contain it."""

    @property
    def recipient(self) -> Recipient | None:
        """The public key; None if it is unknown (a plugin, a passphrase, a protected key whose file
        does not contain it)."""
        return None

    @property
    @abstractmethod
    def text(self) -> str | None:
        """The private key as text, in the form that ``parse_identity`` reads: a secret.  None for a
        passphrase, which has no such form."""

    @abstractmethod
    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key (16 bytes), or None if no stanza is for this identity.

        *stanzas* are all stanzas of the file.  Raises HeaderError for a stanza of this identity's
        type that is malformed, and KeyUnavailableError.
        """

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.recipient or 'unknown recipient'}>"
