"""Identities that may need a passphrase from the terminal, a plugin or a package.

Entered passphrases and failures are cached for the rest of the process, because a command that decrypts many
files must not prompt for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sealedfiles import age
from sealedfiles.age import Recipient, Stanza
from sealedfiles.age.terminal import ask, show
from sealedfiles.light_typing import TypeVar

_T = TypeVar("_T")

_TRIES = 3
_opened: dict[tuple[bytes, str], list[age.Identity] | age.AgeError] = {}


def open_identities(data: bytes, where: str, public: Recipient | None = None) -> list[age.Identity]:
    """Return the identities in *data*; *where* is the name of their place, for messages.

    Prompts for a passphrase at the terminal: immediately if *data* as a whole is encrypted; for an SSH key,
    when a file that is encrypted to it must be decrypted.  *public* is the public key of a single SSH key.
    Raises age.AgeError.
    """
    key = (data, where)
    if key not in _opened:
        try:
            _opened[key] = _open(data, where, public)
        except age.AgeError as error:
            _opened[key] = error
    opened = _opened[key]
    if isinstance(opened, age.AgeError):
        raise opened
    return opened


def needs_passphrase(data: bytes, where: str) -> bool:
    """Return True if the identities in *data* cannot be read without a passphrase."""
    return (data, where) not in _opened and age.is_encrypted(data)


def _open(data: bytes, where: str, public: Recipient | None) -> list[age.Identity]:
    def passphrase() -> str | None:
        return ask(f"passphrase of {where}:", secret=True)

    found = _retry(lambda: age.parse_identities(data, passphrase), where)
    return [_PromptingIdentity(identity, where, public) for identity in found]


def _retry(action: Callable[[], _T], where: str) -> _T:
    """Return the result of *action*, repeating it at most twice after a wrong passphrase."""
    tries = 1
    while True:
        try:
            return action()
        except age.WrongPassphraseError:
            if tries == _TRIES:
                raise
            tries += 1
            show(f"wrong passphrase for {where}")
        except age.PassphraseNeededError:
            raise age.PassphraseNeededError(
                "it is protected by a passphrase, and no passphrase was entered",
                "run this in a terminal: sealedfiles unlock",
                "without a terminal, set SEALEDFILES_KEY or SEALEDFILES_KEY_CMD",
            ) from None


class _PromptingIdentity(age.Identity):
    """An identity that may prompt for its passphrase, and caches its failure."""

    def __init__(self, inner: age.Identity, where: str, public: Recipient | None) -> None:
        self.kind = inner.kind
        self._inner = inner
        self._where = where
        self._public = public
        self.failed: age.KeyUnavailableError | None = None
        """The error, if it failed to decrypt a file that is encrypted to it."""

    @property
    def recipient(self) -> Recipient | None:
        return self._inner.recipient or self._public

    @property
    def text(self) -> str | None:
        return self._inner.text

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        if self.failed:
            raise self.failed
        if self._is_for_others(stanzas):
            return None
        try:
            return _retry(lambda: self._inner.unwrap(stanzas), self._where)
        except age.KeyUnavailableError as error:
            self.failed = error
            raise

    def _is_for_others(self, stanzas: Sequence[Stanza]) -> bool:
        """Return True if the public key is known and matches no stanza, so that no prompt is needed."""
        from sealedfiles.age.ssh import SSHRecipient

        recipient = self.recipient
        return isinstance(recipient, SSHRecipient) and not any(map(recipient.is_for_me, stanzas))


def failure_of(identity: age.Identity) -> age.KeyUnavailableError | None:
    """Return the error if an identity from ``open_identities`` failed, to which a file was encrypted."""
    return identity.failed if isinstance(identity, _PromptingIdentity) else None


def describe(error: age.AgeError) -> str:
    """Return the message of an error with its hints, on one line."""
    return "; ".join((error.message, *error.hints))
