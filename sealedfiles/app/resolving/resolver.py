"""Request the secrets that references name: each secret once, however many of its keys are used."""

from __future__ import annotations

from contextlib import nullcontext

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.secret_reference import SecretReference
from sealedfiles.util.signals import held_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealedfiles.app.resolving.find import Found
    from sealedfiles.app.resolving.secret import Lease, Secret
    from sealedfiles.model.address import Address

    Read = Callable[[Sequence[str]], Secret]


class Resolver:
    """The secrets of the stores that the user's environment names."""

    def __init__(self, hold: Callable[[Lease], None] = lambda _: None) -> None:
        """*hold* is called with each lease, before anything else can fail."""
        self._hold = hold
        self._readers: dict[str, Read] = {}
        self._secrets: dict[tuple[str, tuple[str, ...]], Secret] = {}

    def resolve(self, found: Found) -> dict[Address, str]:
        """Return the value for each reference.

        Raises RemoteError with the file, the key path and the scheme, without any part of the reference.
        """
        values = {}
        for address, reference in found.references.items():
            try:
                values[address] = self._secret(reference).value(reference.key)
            except RemoteError as error:
                raise RemoteError(
                    f"{found.place(address)}: {reference.scheme}: {error.message}", *error.hints
                ) from None
        return values

    def _secret(self, reference: SecretReference) -> Secret:
        if reference.secret not in self._secrets:
            read = self._reader(reference.scheme)
            # A signal waits until the answer is there: with it, a server may create a lease.
            with held_back() if reference.scheme == "vault" else nullcontext():
                secret = read(reference.steps)
                self._secrets[reference.secret] = secret
                if secret.lease:
                    self._hold(secret.lease)
        return self._secrets[reference.secret]

    def _reader(self, scheme: str) -> Read:
        if scheme not in self._readers:
            self._readers[scheme] = _reader(scheme)
        return self._readers[scheme]


def _reader(scheme: str) -> Read:
    """Return the function that reads a secret of *scheme*, of which no other one is imported."""
    if scheme == "vault":
        from sealedfiles.app.resolving.vault import VaultSecrets
        from sealedfiles.remote.http import understood

        return understood("the store")(VaultSecrets().read)
    if scheme.startswith("aws-"):
        from sealedfiles.app.resolving import aws
        from sealedfiles.remote.http import understood

        read = aws.read_secret if scheme == "aws-sm" else aws.read_parameter
        return understood("the store")(read)
    from sealedfiles.app.resolving import local

    return {"env": local.read_variable, "keyring": local.read_keyring, "op": local.read_op}[scheme]
