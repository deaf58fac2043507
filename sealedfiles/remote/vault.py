"""Vault and OpenBao: their settings, a login with a CI job's token, and requests to API paths.

The settings are those of the servers' own programs (``vault``, ``bao``), and for the login those of GitLab:
https://developer.hashicorp.com/vault/docs/commands#environment-variables,
https://docs.gitlab.com/ci/secrets/hashicorp_vault/.
"""

from __future__ import annotations

import os
import ssl
import urllib.parse
from functools import cache
from pathlib import Path

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any
from sealedfiles.remote import oidc
from sealedfiles.remote.http import Response, Service, checked_address

_NAME = "Vault"


class VaultError(RemoteError):
    """The server refused a request."""

    def __init__(self, message: str, *hints: str, status: int, reasons: tuple[str, ...]) -> None:
        super().__init__(message, *hints)
        self.status = status
        self.reasons = reasons
        """The server's own words, which may repeat what was sent: mask that before you show them."""


class Vault:
    """A server, and the token for it."""

    def __init__(
        self,
        address: str,
        token: str,
        namespace: str = "",
        tls: ssl.SSLContext | None = None,
        *,
        is_own: bool = False,
    ) -> None:
        """*namespace* is empty for the root.  Raises RemoteError for an address that is not one."""
        self.is_own = is_own
        """Whether the token is from a login of this process, which no other one uses."""
        headers = {"X-Vault-Request": "true", "X-Vault-Token": token}
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        self._service = Service(
            _NAME, address, {name: value for name, value in headers.items() if value}, tls
        )

    def read(self, path: str, *, exact: bool = False, **query: str) -> dict[str, Any] | None:
        """Return the server's whole answer (``data``, ``lease_id``, …) for *path*; None if nothing is there.

        *path* is that of the API without ``/v1/``, such as ``secret/data/app``; *query* are parameters.
        With *exact*, numbers are as ``exact_json`` has them.
        A version of a secret that was deleted is an answer with ``data`` that has only metadata.
        Raises VaultError, and RemoteError if the server cannot be reached; so do the other methods.
        """
        suffix = f"?{urllib.parse.urlencode(query)}" if query else ""
        response = self._service.request("GET", _url(path) + suffix)
        if response.status == 404:
            answer = _object(response)
            if answer.get("errors"):
                raise self._refused("GET", path, response)
            return answer if answer.get("data") else None
        return self._checked("GET", path, response, exact=exact)

    def write(self, path: str, data: object, method: str = "POST") -> dict[str, Any]:
        """Send *data* to *path*, and return the server's whole answer; empty if there is none."""
        return self._checked(method, path, self._service.send_json(method, _url(path), data))

    def delete(self, path: str) -> None:
        """Delete *path*, which need not exist."""
        self._checked("DELETE", path, self._service.request("DELETE", _url(path)))

    def list(self, path: str) -> list[str]:
        """Return the names below *path*; those of folders end with a slash."""
        response = self._service.request("GET", f"{_url(path)}?list=true")
        if response.status == 404 and not _object(response).get("errors"):
            return []
        return list(self._checked("LIST", path, response)["data"]["keys"])

    def _checked(
        self, method: str, path: str, response: Response, *, exact: bool = False
    ) -> dict[str, Any]:
        if not response.is_ok:
            raise self._refused(method, path, response)
        if not response.body:
            return {}
        answer = response.json(exact=exact)
        return answer if isinstance(answer, dict) else {}

    def _refused(self, method: str, path: str, response: Response) -> VaultError:
        reasons = tuple(str(one) for one in _object(response).get("errors") or ())
        status = response.status
        if status == 503 and any("sealed" in reason for reason in reasons):
            why = "the server is sealed"
            hints: tuple[str, ...] = ("ask its operators to unseal it",)
        elif status == 403 and any(map(_names_invalid_token, reasons)):
            why = "the token has expired, was revoked, or is not one of this server"
            hints = ("log in again, or set VAULT_TOKEN",)
        elif status == 403:
            why = f"the token may not {method} this path"
            hints = ("add it to the token's policies, and check VAULT_NAMESPACE",)
        elif status == 404:
            why = "no secrets engine is mounted at this path"
            hints = ("check the mount's name, and VAULT_NAMESPACE",)
        else:
            why, hints = f"the server refused the request (HTTP status {status})", ()
        return VaultError(f"{_NAME}: {path}: {why}", *hints, status=status, reasons=reasons)


@cache
def connect() -> Vault:
    """Return the server of the environment, with its token; one login per process.

    The token is BAO_TOKEN or VAULT_TOKEN; if VAULT_AUTH_ROLE is set, that of a login with the job's token;
    otherwise that of ``vault login``.  Raises RemoteError.
    """
    address = _setting("ADDR")
    if not address:
        raise RemoteError(
            f"{_NAME}: the address of the server is not set", "set VAULT_ADDR (or BAO_ADDR)"
        )
    address = checked_address(_NAME, address)
    namespace = _setting("NAMESPACE")
    tls = _tls()
    token = _setting("TOKEN")
    is_own = not token and bool(_setting("AUTH_ROLE"))
    if is_own:
        token = _log_in(Vault(address, "", namespace, tls))
    token = token or _stored_token()
    if not token:
        raise RemoteError(
            f"{_NAME}: there is no token for {address}",
            "set VAULT_TOKEN, run: vault login, or set VAULT_AUTH_ROLE in a CI job",
        )
    return Vault(address, token, namespace, tls, is_own=is_own)


def _log_in(server: Vault) -> str:
    """Return a token for VAULT_AUTH_ROLE, by the auth method at VAULT_AUTH_PATH (default: ``jwt``)."""
    role, mount = _setting("AUTH_ROLE"), _setting("AUTH_PATH") or "jwt"
    jwt = oidc.job_token("VAULT_ID_TOKEN", audience=_setting("ID_TOKEN_AUDIENCE"))
    try:
        answer = server.write(f"auth/{mount}/login", {"role": role, "jwt": jwt})
        return str(answer["auth"]["client_token"])
    except VaultError as error:
        raise VaultError(
            f"{_NAME}: the login of the job as role {role} at auth/{mount} was refused"
            f" (HTTP status {error.status})",
            "compare the role's bound_audiences and bound_claims with the job, and check VAULT_AUTH_PATH",
            status=error.status,
            reasons=error.reasons,
        ) from None
    except (KeyError, TypeError):
        raise RemoteError(f"{_NAME}: auth/{mount}/login returned no token") from None


def _stored_token() -> str:
    """Return the token that ``vault login`` and ``bao login`` have stored; empty if there is none."""
    try:
        return (Path.home() / ".vault-token").read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError, UnicodeDecodeError):
        return ""


def _tls() -> ssl.SSLContext:
    authorities, folder = _setting("CACERT"), _setting("CAPATH")
    certificate, key = _setting("CLIENT_CERT"), _setting("CLIENT_KEY")
    try:
        context = ssl.create_default_context(cafile=authorities or None, capath=folder or None)
        if certificate:
            context.load_cert_chain(certificate, key or None)
    except OSError as error:
        raise RemoteError(
            f"{_NAME}: the certificates cannot be read: {error.strerror or 'invalid file'}",
            "check VAULT_CACERT, VAULT_CAPATH, VAULT_CLIENT_CERT and VAULT_CLIENT_KEY",
        ) from None
    return context


def _setting(name: str) -> str:
    """Return a setting; OpenBao's variable has precedence, as in its own program."""
    return os.environ.get(f"BAO_{name}") or os.environ.get(f"VAULT_{name}") or ""


def _url(path: str) -> str:
    steps = path.strip("/").split("/")
    if any(step in ("", ".", "..") for step in steps):
        # Without the path, which may be a part of a secret reference.
        raise RemoteError(f"{_NAME}: a step of the path is empty, . or ..")
    return "/v1/" + "/".join(urllib.parse.quote(step, safe="") for step in steps)


def _names_invalid_token(reason: str) -> bool:
    """Return True if the server does not know the token; a policy refuses with ``1 error occurred: …``."""
    return reason.strip() == "permission denied" or "invalid token" in reason


def _object(response: Response) -> dict[str, Any]:
    """Return the answer as an object; empty if it is something else, such as a proxy's page."""
    try:
        answer = response.json()
    except RemoteError:
        return {}
    return answer if isinstance(answer, dict) else {}
