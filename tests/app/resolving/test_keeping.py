"""Leases with a server that fails: what is retried, and what the user is told."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from stub_server import Answer, Request, serving

from sealedfiles.app.resolving import leases
from sealedfiles.app.resolving.leases import Leases, leases_of_command
from sealedfiles.app.resolving.secret import Lease, seconds_of
from sealedfiles.remote.vault import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN_WITHOUT_END: Answer = (200, {}, b'{"data": {"ttl": 0, "renewable": false}}')
FAULT: Answer = (500, {}, b'{"errors": ["1 error occurred"]}')
DONE: Answer = (204, {}, b"")


class Spy:
    """A dialog that keeps what it is told."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, ...]] = []

    def say(self, message: str, *_: str) -> None:
        raise AssertionError(message)

    def warn(self, message: str, *hints: str) -> None:
        self.warnings.append((message, *hints))

    def show(self, *lines: str) -> None:
        raise AssertionError(lines)

    def ask(self, question: str) -> bool | None:
        raise AssertionError(question)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spy]:
    monkeypatch.setenv("VAULT_TOKEN", "s.token")
    monkeypatch.delenv("BAO_TOKEN", raising=False)
    monkeypatch.delenv("BAO_ADDR", raising=False)
    connect.cache_clear()
    yield Spy()
    connect.cache_clear()


def renewed(seconds: int) -> Answer:
    return 200, {}, json.dumps({"lease_duration": seconds, "renewable": True}).encode()


def wait_for(requests: list[Request], count: int) -> None:
    end = time.monotonic() + 20
    while len(requests) < count:
        assert time.monotonic() < end, requests
        time.sleep(0.02)


@pytest.mark.slow
def test_a_renewal_that_fails_is_tried_again_and_named_once(
    spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_SHARE", 0.02)
    answers = [TOKEN_WITHOUT_END, FAULT, FAULT, renewed(60), DONE]
    with serving(answers) as (address, requests):
        monkeypatch.setenv("VAULT_ADDR", address)
        with leases_of_command(spy) as held:
            held.hold(Lease("database/creds/app/x", 10, True))
            assert held
            held.keep()
            wait_for(requests, 4)
        assert not held
    paths = [request.path.removeprefix("/v1/") for request in requests]
    assert paths == ["auth/token/lookup-self", *["sys/leases/renew"] * 3, "sys/leases/revoke"]
    assert json.loads(requests[1].body) == {"lease_id": "database/creds/app/x", "increment": 10}
    assert json.loads(requests[-1].body) == {"lease_id": "database/creds/app/x", "sync": True}
    ((warning,),) = spy.warnings
    assert warning.startswith("the lease database/creds/app/x could not be renewed: Vault: ")
    assert warning.endswith("the server refused the request (HTTP status 500)")


@pytest.mark.parametrize("answer", [10**400, float("inf"), 1e30])
def test_no_time_of_a_store_is_too_long(
    answer: float, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = seconds_of(answer)
    token: Answer = (200, {}, json.dumps({"data": {"ttl": answer, "renewable": True}}).encode())
    with serving([token, DONE]) as (address, _):
        monkeypatch.setenv("VAULT_ADDR", address)
        with leases_of_command(spy) as held:
            held.hold(Lease("a/x", seconds, True))
            held.keep()
    assert seconds == 10 * 365 * 24 * 3600
    assert not spy.warnings


@pytest.mark.parametrize("answer", [float("nan"), -1, 0, None, "60", [], {}])
def test_what_is_not_a_time_is_none(answer: object) -> None:
    assert seconds_of(answer) == 0


@pytest.mark.parametrize("body", [b'{"data": [1]}', b'{"data": {"ttl": {}, "renewable": 1}}'])
def test_a_token_of_another_form_is_not_renewed(
    body: bytes, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving([(200, {}, body), DONE]) as (address, _):
        monkeypatch.setenv("VAULT_ADDR", address)
        with leases_of_command(spy) as held:
            held.hold(Lease("a/x", 60, True))
            held.keep()
    assert not spy.warnings


@pytest.mark.slow
def test_what_cannot_be_renewed_is_named_at_the_start(
    spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving([TOKEN_WITHOUT_END, DONE]) as (address, requests):
        monkeypatch.setenv("VAULT_ADDR", address)
        with leases_of_command(spy) as held:
            held.hold(Lease("aws/sts/app/x", 900, False))
            held.keep()
    assert len(requests) == 2
    assert spy.warnings == [("the lease aws/sts/app/x ends in 900 seconds and cannot be renewed",)]


@pytest.mark.slow
def test_a_lease_is_revoked_once_and_the_others_are_revoked_after_a_fault(
    spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving([FAULT, DONE]) as (address, requests):
        monkeypatch.setenv("VAULT_ADDR", address)
        held = Leases(spy)
        held.hold(Lease("a/x", 60, True))
        held.hold(Lease("b/y", 60, True))
        held.end()
        held.end()
    assert [json.loads(request.body)["lease_id"] for request in requests] == ["a/x", "b/y"]
    ((message, *hints),) = spy.warnings
    assert message.startswith("the lease a/x was not revoked: Vault: sys/leases/revoke: ")
    assert hints[0] == "revoke it: bao lease revoke a/x (or: vault lease revoke …)"


@pytest.mark.slow
def test_an_error_in_the_block_revokes_too(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving([DONE]) as (address, requests):
        monkeypatch.setenv("VAULT_ADDR", address)
        with suppress(KeyboardInterrupt), leases_of_command(spy) as held:
            held.hold(Lease("a/x", 60, True))
            raise KeyboardInterrupt
    assert len(requests) == 1


def test_without_a_lease_there_is_no_request(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    with leases_of_command(spy) as held:
        assert not held
