"""Requests for secrets, and signals in the middle of one."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from sealedfiles.app.resolving.find import Found
from sealedfiles.app.resolving.resolver import Resolver
from sealedfiles.app.resolving.secret import Lease, Secret
from sealedfiles.model.secret_reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence


class _EndedError(Exception):
    pass


def test_a_lease_that_is_created_while_a_signal_arrives_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lease = Lease("database/creds/app/x", 60, is_renewable=True)

    def end(*_: object) -> None:
        raise _EndedError

    def read(_: Sequence[str]) -> Secret:
        signal.raise_signal(signal.SIGTERM)
        return Secret(fields={"password": "s3cr3t"}, lease=lease)

    monkeypatch.setattr("sealedfiles.app.resolving.resolver._reader", lambda _: read)
    held: list[Lease] = []
    before = signal.signal(signal.SIGTERM, end)
    try:
        reference = parse_reference("ref+vault://database/creds/app#password")
        with pytest.raises(_EndedError):
            Resolver(held.append).resolve(Found("a.env", {("A",): reference}))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert held == [lease]
