"""The exceptions for age files and age keys.

A message is lower case and has no period.  It never contains a secret, or the text of a key that may be
a private key.  Each hint is one action that the user can take next.
"""

from __future__ import annotations


class AgeError(Exception):
    """The base of all errors of this package; it raises no other exceptions."""

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints

    def __str__(self) -> str:
        return self.message


class ArmorError(AgeError):
    """The text around the file (``-----BEGIN AGE ENCRYPTED FILE-----``) is malformed."""


class HeaderError(AgeError):
    """The header, or a stanza that an identity must read, is malformed."""


class HmacError(AgeError):
    """The header was modified after the file was written."""


class PayloadError(AgeError):
    """The payload was truncated, extended or modified."""


class NoIdentityMatch(AgeError):  # noqa: N818  a public name
    """None of the identities can decrypt this file.

    ``stanza_types`` are the types of the file's stanzas, in order.
    """

    def __init__(self, message: str, stanza_types: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.stanza_types = stanza_types


class KeyTextError(AgeError):
    """A text is not a key of any known kind, or is a damaged key."""


class RecipientError(AgeError):
    """A file cannot be encrypted to these recipients: there are none, they cannot be mixed, or one
    of them is not a usable public key."""


class KeyUnavailableError(AgeError):
    """A valid key cannot be used at the moment.

    Decrypting continues with the other identities, and reports this if none of them can decrypt.
    """


class PassphraseNeededError(KeyUnavailableError):
    """The private key is protected by a passphrase, and there is no way to prompt for it."""


class WrongPassphraseError(KeyUnavailableError):
    """The passphrase does not decrypt the private key."""


class UnsupportedKeyError(KeyUnavailableError):
    """Age, or this installation, does not support this type of key."""


class MissingPackageError(UnsupportedKeyError):
    """The key needs a Python package that is not installed."""


class PluginError(KeyUnavailableError):
    """A plugin reported an error, or violated the protocol."""


class PluginNotFoundError(PluginError):
    """The program of a plugin is not on PATH."""
