"""HTTP requests to a service that stores secrets or keys.

No redirect is followed, because it could send a token or a value to another host.  No response text is shown
unless the caller has checked it: a service may repeat a value in its error message.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.remote import exact_json
from sealedfiles.util.lazy_pattern import lazy_pattern

_TIMEOUT = 30
"""Seconds in which a service sends nothing; the whole answer may take twice as long."""
_LOCAL_TIMEOUT = 2
"""The same for a service of this machine, which may not exist."""
_ATTEMPTS = 5
_LONGEST_PAUSE = 20.0
"""Seconds between two attempts, also if the service asks for more."""
_LARGEST = 32 << 20
"""Bytes of a response: more is not an answer of any of these services."""
_WITH_TOKENS = frozenset(
    {"authorization", "job-token", "private-token", "x-amz-security-token", "x-vault-token"}
)
_SHORTEST_TOKEN = 8
"""Characters: shorter ones are those of test servers, and parts of words."""
_NOT_IN_HEADERS = lazy_pattern(r"[\x00-\x1f\x7f]|[^\x00-\xff]")
BUSY = frozenset({429, 502, 503, 504})
"""Statuses of a request that the service did not process: too many requests, or not available."""


def checked_address(name: str, address: str) -> str:
    """Return *address* without a slash at its end, for requests and for messages of the service *name*.

    Raises RemoteError, also for an address with a user name or a password: it is not sent to the service, and
    messages would print it.
    """
    if "@" in address:  # anywhere, because a password may have a slash
        raise RemoteError(
            f"{name}: the address has a user name or a password (@)",
            "remove it from the address, and set the token of the service",
        )
    try:
        is_http = urllib.parse.urlsplit(address).scheme in ("http", "https")
    except ValueError:  # "http://[", for example
        is_http = False
    if not is_http:
        raise RemoteError(f"{name}: not an http or https address: {address}")
    return address.rstrip("/")


class Response(NamedTuple):
    """What a service answered."""

    status: int
    headers: Mapping[str, str]
    """Names are in lower case."""
    body: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300

    def json(self, *, exact: bool = False) -> Any:
        """Return the body as JSON; with *exact*, numbers as ``exact_json`` has them.

        Raises RemoteError if it is not JSON, as of a proxy or a login page.
        """
        try:
            return exact_json.loads(self.body) if exact else json.loads(self.body)
        except ValueError:
            raise RemoteError(
                f"the answer is not JSON (HTTP status {self.status})",
                "check the address of the service, and whether a proxy answers in its place",
            ) from None


class Service:
    """A service at one address."""

    def __init__(
        self,
        name: str,
        address: str,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        pause: Callable[[float], None] = time.sleep,
        local: bool = False,
    ) -> None:
        """*name* is for messages; *address* is a URL without a query; *headers* are added to every request.

        *local* is for a service of this machine that may not exist, such as a cloud's metadata: it is asked
        once, without a proxy, and for two seconds.  Raises RemoteError for an invalid *address*.
        """
        self.name = name
        self.address = checked_address(name, address)
        self.headers = dict(headers or {})
        self._pause = pause
        self._timeout = _LOCAL_TIMEOUT if local else _TIMEOUT
        self._attempts = 1 if local else _ATTEMPTS
        self._opener = urllib.request.build_opener(
            _NoRedirect,
            urllib.request.HTTPSHandler(context=tls or ssl.create_default_context()),
            urllib.request.ProxyHandler({} if local else None),
        )

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request and return the answer, also if it is an error.

        *path* begins with a slash, is quoted, and may have a query.  While the service is busy, or cannot be
        reached, the request is repeated up to four times, each time after a longer pause.  Raises RemoteError
        if it cannot be reached, or if a header, such as one with a token, cannot be sent.
        """
        all_headers = {**self.headers, **(headers or {})}
        for name, value in all_headers.items():
            if _NOT_IN_HEADERS.search(value):
                raise RemoteError(
                    f"{self.name}: the header {name} has a line end or another invalid character",
                    "check the variables of the service: the token in a CI secret must have no line end",
                )
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self.address + path, body, all_headers, method=method
        )
        attempt = 1
        while True:
            is_last = attempt == self._attempts
            try:
                response = self._send(request)
            except _UnreachableError as error:
                if is_last or not error.may_repeat:
                    raise RemoteError(
                        f"{self.name} at {self.address} cannot be reached: {error}"
                    ) from None
                self._pause(2.0 ** (attempt - 1) / 2)
            else:
                if is_last or response.status not in BUSY:
                    return response if response.is_ok else _without_tokens(response, request)
                self._pause(_pause_after(response, attempt))
            attempt += 1

    def send_json(
        self,
        method: str,
        path: str,
        data: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send *data* as JSON; see ``request``."""
        body = None if data is None else exact_json.dumps(data).encode()
        kind = {} if data is None else {"Content-Type": "application/json"}
        return self.request(method, path, body, {**kind, **(headers or {})})

    def _send(self, request: urllib.request.Request) -> Response:
        """Return the answer to *request*, in a thread: a timeout of a socket begins again with each byte."""
        results: list[Response | Exception] = []

        def exchange() -> None:
            try:
                results.append(self._exchange(request))
            except Exception as error:  # noqa: BLE001 - it is raised below
                results.append(error)

        thread = threading.Thread(target=exchange, daemon=True)
        thread.start()
        thread.join(2 * self._timeout)
        if not results:
            late = f"no complete answer in {2 * self._timeout} seconds"
            raise _UnreachableError(TimeoutError(late))
        if isinstance(results[0], Exception):
            raise results[0]
        return results[0]

    def _exchange(self, request: urllib.request.Request) -> Response:
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return _read(answer)
        except urllib.error.HTTPError as error:
            with error:
                return _read(error)
        except (OSError, http.client.HTTPException) as error:
            raise _UnreachableError(error) from None


class _UnreachableError(Exception):
    def __init__(self, error: Exception) -> None:
        reason = getattr(error, "reason", error)
        super().__init__(getattr(reason, "strerror", None) or str(reason) or type(reason).__name__)
        # A certificate does not become valid; after another fault, the request may have been carried out.
        self.may_repeat = isinstance(reason, ConnectionRefusedError)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Return none, so that a redirect is an error."""


def _read(answer: http.client.HTTPResponse | urllib.error.HTTPError) -> Response:
    body = answer.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise RemoteError(f"the answer is larger than {_LARGEST >> 20} MB")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status or 0, headers, body)


def _without_tokens(response: Response, request: urllib.request.Request) -> Response:
    """Return *response* without the tokens of *request*, which an error message may repeat."""
    body = response.body
    for name, value in request.header_items():
        token = value.rpartition(" ")[2].encode()
        if name.lower() in _WITH_TOKENS and len(token) >= _SHORTEST_TOKEN:
            body = body.replace(token, b"(token)")
    return response._replace(body=body)


def _pause_after(response: Response, attempt: int) -> float:
    asked = response.headers.get("retry-after", "")
    seconds = float(asked) if asked.isdecimal() else 2.0 ** (attempt - 1) / 2
    return min(seconds, _LONGEST_PAUSE)


@contextmanager
def understood(name: str) -> Iterator[None]:
    """Raise RemoteError if an answer has another form than its reader expects, as that of a proxy."""
    try:
        yield
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise RemoteError(
            f"{name}: the answer has another form than expected ({type(error).__name__})",
            "check the address of the service, and whether a proxy answers in its place",
        ) from error


def quoted(text: str) -> str:
    """Return *text* as one step of a path of a URL."""
    return urllib.parse.quote(text, safe="")
