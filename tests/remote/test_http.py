"""Requests to a service: what is repeated, and what never leaves for another host."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest
from stub_server import Answer, serving

from sealedfiles.app.push.stores.rest import require_host
from sealedfiles.errors import RemoteError
from sealedfiles.remote import http
from sealedfiles.remote.http import Response, Service, quoted, understood
from sealedfiles.remote.vault import connect


def test_an_answer_is_returned_whatever_its_status() -> None:
    with serving([(404, {"X-Why": "none"}, b"{}"), (200, {}, b'{"a": 1}')]) as (address, requests):
        service = Service("the store", f"{address}/base/", {"X-Token": "t"})
        missing = service.request("GET", f"/{quoted('a/b c')}")
        assert (missing.status, missing.is_ok, missing.headers["x-why"]) == (404, False, "none")
        assert service.send_json("PUT", "/v1?x=1", {"b": 2}).json() == {"a": 1}
    assert [request[:3] for request in requests] == [
        ("GET", "/base/a%2Fb%20c", b""),
        ("PUT", "/base/v1?x=1", b'{"b": 2}'),
    ]
    assert requests[0].headers["x-token"] == "t"


def test_a_request_is_repeated_while_the_service_is_busy() -> None:
    pauses: list[float] = []
    busy: Answer = 429, {"Retry-After": "3"}, b""
    with serving([busy, (503, {}, b""), (200, {}, b"")]) as (address, requests):
        assert Service("it", address, pause=pauses.append).request("PUT", "/", b"x").is_ok
    assert [request.body for request in requests] == [b"x", b"x", b"x"]
    assert pauses == [3.0, 1.0]


@pytest.mark.parametrize(("after", "pause"), [("9" * 5000, 20.0), ("\xb2", 0.5), ("-1", 0.5)])
def test_a_pause_is_bounded(after: str, pause: float) -> None:
    pauses: list[float] = []
    with serving([(429, {"Retry-After": after}, b""), (200, {}, b"")]) as (address, _):
        assert Service("it", address, pause=pauses.append).request("GET", "/").is_ok
    assert pauses == [pause]


def test_a_number_that_is_too_large_is_an_error_with_a_message() -> None:
    with pytest.raises(RemoteError, match="another form"), understood("it"):
        float(10**400)


def test_a_service_that_stays_busy_answers_so_in_the_end() -> None:
    pauses: list[float] = []
    with serving([(429, {"Retry-After": "9999"}, b"")] * 5) as (address, requests):
        assert Service("it", address, pause=pauses.append).request("GET", "/").status == 429
    assert len(requests) == 5
    assert max(pauses) == 20.0


def test_other_errors_are_not_repeated() -> None:
    with serving([(500, {}, b"")]) as (address, requests):
        assert Service("it", address).request("GET", "/").status == 500
    assert len(requests) == 1


def test_an_error_that_repeats_the_token_does_not_show_it() -> None:
    token = "t0ken-of-somebody"
    answers: list[Answer] = [(status, {}, f"no {token}".encode()) for status in (403, 200)]
    with serving(answers) as (address, _):
        service = Service("it", address, {"Authorization": f"Bearer {token}"})
        assert service.request("GET", "/").body == b"no (token)"
        assert service.request("GET", "/").body == f"no {token}".encode()


def test_no_redirect_is_followed() -> None:
    """Its target would get the token."""
    with serving([]) as (other, stolen):
        redirect: Answer = 307, {"Location": f"{other}/steal"}, b""
        with serving([redirect]) as (address, _):
            assert Service("it", address, {"X-Token": "t"}).request("GET", "/").status == 307
    assert stolen == []


def test_a_service_that_cannot_be_reached_is_named() -> None:
    with serving([]) as (address, _):
        pass
    pauses: list[float] = []
    with pytest.raises(RemoteError, match=f"the store at {address} cannot be reached: "):
        Service("the store", address, pause=pauses.append).request("GET", "/")
    assert len(pauses) == 4


@pytest.mark.parametrize("text", ["[1, 2]", "{}", '{"data": 1}', "[" * 100_000])
def test_an_answer_of_another_form_is_an_error_with_a_message(text: str) -> None:
    answer = Response(200, {}, text.encode())
    message = "the store: the answer has another form than expected"
    with pytest.raises(RemoteError, match=message), understood("the store"):
        _ = answer.json()["data"]["value"]


def test_an_answer_of_another_program_is_not_taken_for_the_services() -> None:
    with serving([(200, {}, b"<html>log in</html>")]) as (address, _):
        answer = Service("it", address).request("GET", "/")
    with pytest.raises(RemoteError, match="the answer is not JSON") as error:
        answer.json()
    assert "log in" not in error.value.message


@pytest.mark.parametrize("address", ["", "localhost:8200", "file:///etc/passwd", "http://[::1"])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(RemoteError, match="not an http or https address"):
        Service("it", address)


@pytest.mark.parametrize(
    "address",
    ["http://u:s3cr3t@127.0.0.1:1", "https://s3cr3t@host", "u:s3cr3t@h:1", "http://u:s3cr3t/x@h"],
)
def test_the_password_of_an_address_is_not_shown(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RemoteError, match="user name or a password") as error:
        Service("it", address)
    monkeypatch.setenv("VAULT_ADDR", address)
    monkeypatch.delenv("BAO_ADDR", raising=False)
    with pytest.raises(RemoteError, match="user name or a password") as other:
        connect()
    with pytest.raises(RemoteError, match="user name or a password") as third:
        require_host("it", "host", address, "")
    for one in (error, other, third):
        assert "s3cr3t" not in f"{one.value.message} {one.value.hints}"


def test_a_service_of_this_machine_is_asked_once_and_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Credentials of a machine must not pass a proxy."""
    with serving([]) as (proxy, stolen), serving([(503, {}, b"")]) as (address, requests):
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        assert Service("it", address, local=True).request("GET", "/").status == 503
    assert (len(requests), stolen) == (1, [])


@pytest.mark.parametrize("value", ["hvs.token\n", "a\rb", "a\x00b", "\u20ac"])
def test_a_token_that_no_header_can_have_is_an_error_with_a_message(value: str) -> None:
    with serving([]) as (address, requests):
        service = Service("the store", address, {"X-Vault-Token": value})
        with pytest.raises(RemoteError, match="the header X-Vault-Token has a line end") as error:
            service.request("GET", "/")
    assert requests == []
    assert value not in f"{error.value.message} {error.value.hints}"


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_the_time_for_a_whole_answer_is_limited(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_LOCAL_TIMEOUT", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(start)
                for _ in range(100):
                    connection.sendall(b"H")
                    time.sleep(0.1)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        service = Service("it", f"http://127.0.0.1:{server.getsockname()[1]}", local=True)
        with pytest.raises(RemoteError, match="cannot be reached: no complete answer"):
            service.request("GET", "/")
