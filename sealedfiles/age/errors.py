"""Everything that can go wrong with an age file or an age key, as one exception tree.

A message is lower case, without a full stop, and never contains a secret or the text of a key that may
be one; each hint is one thing that the user can do next.
"""

from __future__ import annotations


class AgeError(Exception):
    """Anything that this package refuses or cannot do; nothing else leaves it."""

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints

    def __str__(self) -> str:
        return self.message


class ArmorError(AgeError):
    """The text around the file (``-----BEGIN AGE ENCRYPTED FILE-----``) is malformed."""


class HeaderError(AgeError):
    """The header, or a stanza that an identity has to read, is malformed."""


class HmacError(AgeError):
    """The header was changed after the file was written."""


class PayloadError(AgeError):
    """The payload was cut short, extended or changed."""


class NoIdentityMatch(AgeError):  # noqa: N818  the name is what happened, and public
    """None of the identities opens this file.

    ``stanza_types`` are the types of the file's stanzas, in order.
    """

    def __init__(self, message: str, stanza_types: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.stanza_types = stanza_types


class KeyTextError(AgeError):
    """A text is not a key of any known kind, or is a damaged one."""


class RecipientError(AgeError):
    """A file cannot be encrypted to these recipients: there are none, they cannot be mixed, or one
    of them is not a usable public key."""


class KeyUnavailableError(AgeError):
    """A valid key that cannot be used at the moment.

    Decrypting continues with the other identities, and reports this if none of them can decrypt.
    """


class PassphraseNeededError(KeyUnavailableError):
    """The private key is protected by a passphrase, and there is no way to prompt for it."""


class WrongPassphraseError(KeyUnavailableError):
    """The passphrase does not open the private key."""


class UnsupportedKeyError(KeyUnavailableError):
    """A type of key that age, or this installation, does not support."""


class MissingPackageError(UnsupportedKeyError):
    """The key needs a Python package that is not installed."""


class PluginError(KeyUnavailableError):
    """A plugin reported an error, or broke the protocol."""


class PluginNotFoundError(PluginError):
    """The program of a plugin is not on PATH."""
