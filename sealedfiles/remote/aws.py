"""AWS: requests to services of the JSON protocol, signed with Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; addresses of
other servers: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.remote.aws_credentials import Credentials, credentials
from sealedfiles.remote.aws_endpoints import endpoint
from sealedfiles.remote.http import Response, Service

_ATTEMPTS = 4
_BUSY = frozenset({"ThrottlingException", "TooManyRequestsException", "LimitExceededException"})
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
_UNKNOWN = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationToken"}
)
_UNSIGNED = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch"})
_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})


class _Api(NamedTuple):
    """How a service is named: in messages, and in the header of its requests."""

    title: str
    target: str


_APIS = {
    "kms": _Api("AWS KMS", "TrentService"),
    "secretsmanager": _Api("AWS Secrets Manager", "secretsmanager"),
    "ssm": _Api("AWS Systems Manager", "AmazonSSM"),
}


class AwsError(RemoteError):
    """The service refused a request."""

    def __init__(self, message: str, *hints: str, status: int, kind: str, reason: str) -> None:
        super().__init__(message, *hints)
        self.status = status
        self.kind = kind
        """The name of the error in the service's documentation, such as ``AccessDeniedException``."""
        self.reason = reason
        """The service's own words, which may repeat what was sent: mask that before you show them."""


class Aws:
    """A service of AWS in one region, used with the environment's credentials."""

    def __init__(
        self, service: str, region: str = "", pause: Callable[[float], None] = time.sleep
    ) -> None:
        """*service* is ``kms``, ``secretsmanager`` or ``ssm``; *region* defaults to the environment's.

        Raises RemoteError if there is no region.
        """
        self.region = region or default_region()
        self._signed_as = service
        self._api = _APIS[service]
        self._pause = pause
        self._service = Service(self._api.title, endpoint(service, self.region))

    def call(self, operation: str, data: Mapping[str, object]) -> dict[str, Any]:
        """Return the answer to *operation*, such as ``Decrypt``, with the parameters *data*.

        If there are too many requests, it is repeated, each time after a longer pause.  Raises AwsError, and
        RemoteError if there are no credentials or the service cannot be reached.
        """
        for attempt in range(_ATTEMPTS):
            response = self._send(operation, json.dumps(data).encode())
            if response.is_ok:
                answer = response.json()
                return answer if isinstance(answer, dict) else {}
            kind, reason = _error_of(response)
            if kind not in _BUSY or attempt + 1 == _ATTEMPTS:
                break
            self._pause(2.0**attempt / 2)
        raise self._refused(operation, response.status, kind, reason)

    def pages(self, operation: str, data: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Yield each page of the answer to *operation*, which returns lists.  Raises as ``call``."""
        following: dict[str, object] = {}
        while True:
            page = self.call(operation, {**data, **following})
            yield page
            if not page.get("NextToken"):
                return
            following = {"NextToken": page["NextToken"]}

    def _send(self, operation: str, body: bytes) -> Response:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "Host": urllib.parse.urlsplit(self._service.address).netloc,
            "X-Amz-Target": f"{self._api.target}.{operation}",
        }
        owner = credentials(self.region)
        now = datetime.now(timezone.utc)
        signature = sign(headers, body, owner, self.region, self._signed_as, now)
        return self._service.request("POST", "/", body, {**headers, **signature})

    def _refused(self, operation: str, status: int, kind: str, reason: str) -> AwsError:
        if kind in _EXPIRED:
            why, hint = "the credentials have expired", "get new ones, for example: aws sso login"
        elif kind in _UNKNOWN:
            why, hint = (
                "the credentials are not valid",
                "compare them with: aws sts get-caller-identity",
            )
        elif kind in _UNSIGNED:
            why, hint = (
                "the signature was refused",
                "check the secret access key, and this machine's clock",
            )
        elif kind in _DENIED:
            why, hint = (
                "the credentials do not allow it",
                "allow this action in the role's policy, and in the key's if it has one",
            )
        else:
            why, hint = f"{kind or 'refused'} (HTTP status {status})", ""
        return AwsError(
            f"{self._api.title}, region {self.region}: {operation}: {why}",
            *filter(None, [hint]),
            status=status,
            kind=kind,
            reason=reason,
        )


def default_region() -> str:
    """Return the region of the environment.  Raises RemoteError if there is none."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise RemoteError("AWS: the region is not set", "set AWS_REGION")
    return region


def sign(
    headers: Mapping[str, str],
    body: bytes,
    owner: Credentials,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """Return the headers that sign a POST of *body* to ``/``, with *headers*, among them ``Host``.

    *now* is in UTC.
    """
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    added = {"X-Amz-Date": moment}
    if owner.session_token:
        added["X-Amz-Security-Token"] = owner.session_token
    signed = {name.lower(): value.strip() for name, value in {**headers, **added}.items()}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    key = f"AWS4{owner.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    added["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={owner.access_key}/{scope},"
        f" SignedHeaders={names}, Signature={signature}"
    )
    return added


def _error_of(response: Response) -> tuple[str, str]:
    """Return the name of an error, and the service's words."""
    try:
        answer = response.json()
    except RemoteError:
        answer = None
    if not isinstance(answer, dict):
        return "", ""
    kind = str(answer.get("__type") or "").rpartition("#")[2]
    reason = answer.get("message") or answer.get("Message") or ""
    return kind if re.fullmatch(r"[A-Za-z0-9.]{1,80}", kind) else "", str(reason)
