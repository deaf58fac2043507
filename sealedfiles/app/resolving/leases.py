"""Credentials that a store created for one command: kept while it runs, revoked at its end.

https://developer.hashicorp.com/vault/docs/concepts/lease, https://openbao.org/docs/concepts/lease/
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress

from sealedfiles.app.resolving.secret import seconds_of
from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.signals import handling, time_to_clean_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    from sealedfiles.app.dialog import Dialog
    from sealedfiles.app.resolving.secret import Lease
    from sealedfiles.remote.vault import Vault

_SHARE = 2 / 3
"""The part of a lease's time after which it is renewed."""
_LAST = 2.0
"""Seconds before the end of a lease after which no renewal is tried."""
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def leases_of_command(dialog: Dialog) -> Iterator[Leases]:
    """Revoke the leases that are held in this block at its end, also if a signal ends it."""
    with time_to_clean_up():
        leases = Leases(dialog)
        try:
            yield leases
        finally:
            leases.end()


class Leases:
    """The leases that one command uses."""

    def __init__(self, dialog: Dialog) -> None:
        self._dialog = dialog
        self._held: list[Lease] = []
        self._kept: list[_Kept] = []
        self._ended = threading.Event()

    def __bool__(self) -> bool:
        return bool(self._held)

    def hold(self, lease: Lease) -> None:
        """Revoke *lease* at the end."""
        self._held.append(lease)
        if lease.is_renewable:
            self._kept.append(_KeptLease(lease))

    def keep(self) -> None:
        """Start to renew the leases, and the token that they depend on, until the end."""
        for lease in self._held:
            if not lease.is_renewable:
                self._dialog.warn(
                    f"the lease {lease.identity} ends in {lease.seconds:.0f} seconds and cannot be renewed"
                )
        with suppress(RemoteError):
            self._kept += _own_token()
        threading.Thread(target=self._renew_all, daemon=True).start()

    def end(self) -> None:
        """Revoke the leases.  A failure is a warning.  Signals are ignored meanwhile; a second call does
        nothing."""
        self._ended.set()
        with handling(_ENDING, lambda *_: None):
            held, self._held = self._held, []
            if held and not _revoke_own_token():
                for lease in held:
                    self._revoke(lease)

    def _revoke(self, lease: Lease) -> None:
        try:
            _server().write("sys/leases/revoke", {"lease_id": lease.identity, "sync": True})
        except RemoteError as error:
            self._dialog.warn(
                f"the lease {lease.identity} was not revoked: {error.message}",
                f"revoke it: bao lease revoke {lease.identity} (or: vault lease revoke …)",
                'allow it to the token: path "sys/leases/revoke" { capabilities = ["update"] }',
                "otherwise it ends by itself, after at most "
                f"{lease.seconds:.0f} seconds from its last renewal",
            )

    def _renew_all(self) -> None:
        while self._kept:
            first = min(self._kept, key=lambda one: one.due)
            pause = max(0.0, first.due - time.monotonic())
            if self._ended.wait(min(pause, threading.TIMEOUT_MAX)):
                return
            try:
                first.renew()
            except RemoteError as error:
                self._warn(first, f"could not be renewed: {error.message}")
            if first.is_over:
                self._kept.remove(first)
                self._warn(first, f"cannot be renewed further: it ends in {first.left:.0f} seconds")

    def _warn(self, one: _Kept, what: str) -> None:
        if not self._ended.is_set() and not one.is_reported:
            one.is_reported = True
            self._dialog.warn(f"{one.name} {what}")


class _Kept:
    """Something that ends unless it is renewed."""

    path: str
    data: dict[str, Any]

    def __init__(self, name: str, seconds: float) -> None:
        self.name = name
        self.is_reported = False
        self._end = time.monotonic() + seconds
        self._plan()

    @property
    def left(self) -> float:
        """The seconds until its end."""
        return max(0.0, self._end - time.monotonic())

    def renew(self) -> None:
        """Renew it.  Raises RemoteError; then it is due again after a part of the rest of its time."""
        before = self._end
        try:
            with _understood():
                answer = _server().write(self.path, self.data)
                self._end = time.monotonic() + self.seconds_in(answer)
        finally:
            self._plan()
        # The store does not extend it beyond a maximum.
        if self._end < before + 1:
            self.is_over = True

    def seconds_in(self, answer: dict[str, Any]) -> float:
        """Return the new time, from the store's answer."""
        return seconds_of(answer.get("lease_duration"))

    def _plan(self) -> None:
        self.due = time.monotonic() + self.left * _SHARE
        self.is_over = self.left < _LAST


class _KeptLease(_Kept):
    path = "sys/leases/renew"

    def __init__(self, lease: Lease) -> None:
        super().__init__(f"the lease {lease.identity}", lease.seconds)
        self.data = {"lease_id": lease.identity, "increment": round(lease.seconds)}


class _KeptToken(_Kept):
    """The token: the store revokes its leases when it ends."""

    path = "auth/token/renew-self"

    def __init__(self, seconds: float) -> None:
        super().__init__("the token of the store", seconds)
        self.data = {}

    def seconds_in(self, answer: dict[str, Any]) -> float:
        return seconds_of((answer.get("auth") or {}).get("lease_duration"))


def _revoke_own_token() -> bool:
    """Revoke the token, with all of its leases, if this process logged in for it; return True if it did."""
    with suppress(RemoteError):
        if _server().is_own:
            # The default policy of a server allows this, but not to revoke a lease.
            _server().write("auth/token/revoke-self", {})
            return True
    return False


def _own_token() -> list[_Kept]:
    """Return the token if it ends and can be renewed.  Raises RemoteError if it may not be looked up."""
    with _understood():
        found = (_server().read("auth/token/lookup-self") or {}).get("data") or {}
        seconds = seconds_of(found.get("ttl")) if found.get("renewable") else 0
    return [_KeptToken(seconds)] if seconds else []


def _understood() -> AbstractContextManager[None]:
    # Imported here for the same reason as below.
    from sealedfiles.remote.http import understood

    return understood("the store")


def _server() -> Vault:
    # Imported here because it takes longer than the rest, and a command may have no lease.
    from sealedfiles.remote.vault import connect

    return connect()
