"""Requests to the JSON APIs of forges and clouds, and their errors in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any
from sealedfiles.remote.http import Response, Service, checked_address

_PAGE = 100
"""Entries that are asked for at once."""
_MOST_PAGES = 1000


class RestError(RemoteError):
    """The service refused a request."""

    def __init__(self, message: str, *hints: str, status: int, reason: str) -> None:
        super().__init__(message, *hints)
        self.status = status
        self.reason = reason
        """The service's own words, which may repeat a value."""


class Rest:
    """A service with a JSON API."""

    def __init__(
        self, name: str, address: str, headers: Mapping[str, str], *, needs: str, page: int = _PAGE
    ) -> None:
        """*needs* describes the permission that a token needs.  Raises RemoteError for an invalid address."""
        self._name = name
        self._needs = needs
        self._page = page
        self._service = Service(name, address, {"User-Agent": "sealedfiles", **headers})

    def call(self, method: str, path: str, data: object = None) -> Any:
        """Return the service's answer; None if it is empty.  Raises RestError."""
        response = self._service.send_json(method, path, data)
        if not response.is_ok:
            raise self._refused(path, response)
        return response.json() if response.body else None

    def find(self, path: str) -> Any:
        """Return what is at *path*; None if there is nothing.  Raises RestError."""
        try:
            return self.call("GET", path)
        except RestError as error:
            if error.status == 404:
                return None
            raise

    def pages(self, path: str, entries: Callable[[Any], list[dict[str, Any]]]) -> Iterator[Any]:
        """Yield the entries of all pages at *path*; *entries* returns those of one answer."""
        sign = "&" if "?" in path else "?"
        limit = f"per_page={self._page}&limit={self._page}"
        for number in range(1, _MOST_PAGES):
            found = entries(self.call("GET", f"{path}{sign}{limit}&page={number}"))
            yield from found
            if len(found) < self._page:
                return

    def _refused(self, path: str, response: Response) -> RestError:
        where = f"{self._name}: {path.partition('?')[0]}"
        status = response.status
        reason = _reason(response)
        if status == 401:
            why, hint = "the token has expired, or is not valid", "create a new one"
        elif status == 429 or (status == 403 and "rate limit" in reason.lower()):
            why, hint = "too many requests", "wait, then run the command again"
        elif status == 403:
            why, hint = "the token does not allow it", f"the token needs {self._needs}"
        elif status == 404:
            why, hint = (
                "it does not exist, or the token does not allow it",
                f"check the URL in the target; the token needs {self._needs}",
            )
        else:
            why, hint = f"the service refused it (HTTP status {status})", ""
        return RestError(f"{where}: {why}", *filter(None, [hint]), status=status, reason=reason)


def _reason(response: Response) -> str:
    try:
        answer = response.json()
    except RemoteError:
        return ""
    if not isinstance(answer, dict):
        return ""
    error = answer.get("error")
    nested = error.get("message") if isinstance(error, dict) else error
    return str(answer.get("message") or nested or "")


def variable(*names: str) -> str:
    """Return the first of the variables *names* that is set; empty if none is."""
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def require_host(store: str, host: str, address: str, how: str) -> None:
    """Raise RemoteError unless *address*, which the user chose, is on *host*, which the target names.

    Otherwise a target could send the user's token to any host.
    """
    found = urlsplit(checked_address(store, address)).hostname or ""
    if found != host.lower():
        raise RemoteError(
            f"{store}: the target names the host {host}, but your environment names {found or 'none'}",
            how,
        )
