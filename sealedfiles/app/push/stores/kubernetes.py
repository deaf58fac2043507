"""Kubernetes: one Secret, written by server-side apply.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping

from sealedfiles.app.push.stores.base import ChangedMeanwhileError, Remote, Store, Work
from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.light_typing import Any
from sealedfiles.model.targets import Target
from sealedfiles.remote.http import Response, quoted
from sealedfiles.remote.kubernetes import connect

_MANAGER = "sealedfiles"
_COMMIT = "sealedfiles/commit"
_LARGEST = 1 << 20
"""Bytes of all values of a Secret."""


class KubernetesError(RemoteError):
    """The server refused a request."""

    def __init__(self, message: str, *hints: str, reason: str) -> None:
        super().__init__(message, *hints)
        self.reason = reason
        """The server's words, which may repeat a value."""


class KubernetesStore(Store):
    """One Secret."""

    valid_name = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9_.-]{1,253}")
    name_rule = "at most 253 of A-Z, a-z, 0-9, -, _ and ."

    def __init__(self, target: Target) -> None:
        """Raises RemoteError if the environment has no cluster."""
        self._namespace, self._name = target.to.steps
        self._where = f"the Secret {self._namespace}/{self._name}"
        self._path = f"/api/v1/namespaces/{quoted(self._namespace)}/secrets/{quoted(self._name)}"
        self._service = connect()

    def check(self, values: Mapping[str, str]) -> None:
        """See Store."""
        super().check(values)
        if sum(len(value.encode()) for value in values.values()) > _LARGEST:
            raise UsageError(
                f"the values are larger than {_LARGEST >> 20} MB, the limit of a Secret",
                "use several targets, each with keys",
            )

    def read(self) -> Remote:
        """See Store."""
        response = self._service.request("GET", self._path)
        if response.status == 404:
            return Remote({}, state={})
        secret = self._checked(response)
        data = secret.get("data") or {}
        return Remote(
            {name: _decoded(value) for name, value in data.items()},
            created=frozenset(_applied(secret) & data.keys()),
            state=secret,
        )

    def rehearse(self, work: Work) -> None:
        """See Store."""
        self._apply(work, "&dryRun=All")

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store.

        The server deletes what we applied before and leave out now.  So values that are not deleted are sent
        again, also those that the target no longer has.
        """
        self._apply(work)
        for name in (*work.write, *work.delete):
            done(name)

    def _apply(self, work: Work, options: str = "") -> None:
        secret = work.remote.state
        kept = {
            name: value
            for name, value in (secret.get("data") or {}).items()
            if name in work.remote.created and name not in work.delete
        }
        values = {
            name: base64.b64encode(value.encode()).decode() for name, value in work.values.items()
        }
        metadata = {
            "name": self._name,
            "namespace": self._namespace,
            "annotations": {_COMMIT: work.commit},
        }
        version = (secret.get("metadata") or {}).get("resourceVersion")
        if version:
            metadata["resourceVersion"] = version
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "data": {**kept, **values},
        }
        force = "true" if work.force else "false"
        self._checked(
            self._service.request(
                "PATCH",
                f"{self._path}?fieldManager={_MANAGER}&force={force}{options}",
                json.dumps(body).encode(),
                {"Content-Type": "application/apply-patch+yaml"},
            )
        )

    def _checked(self, response: Response) -> dict[str, Any]:
        if response.is_ok:
            answer: dict[str, Any] = response.json()
            return answer
        try:
            status = response.json()
        except RemoteError:
            status = {}
        status = status if isinstance(status, dict) else {}
        reason = str(status.get("message") or "")
        if response.status == 409:
            causes = (status.get("details") or {}).get("causes") or []
            raise self._conflict(causes) if causes else ChangedMeanwhileError(self._where)
        what, *hints = {
            401: ("the credentials have expired, or are not valid", "log in to the cluster again"),
            403: (
                "the credentials do not allow it",
                "allow get, create and patch of this Secret in a Role",
            ),
            404: (f"the namespace {self._namespace} does not exist", "create it"),
            422: ("the server refused the Secret as invalid",),
        }.get(response.status, (f"the server refused it (HTTP status {response.status})",))
        raise KubernetesError(f"{self._where}: {what}", *hints, reason=reason)

    def _conflict(self, causes: list[dict[str, str]]) -> RemoteError:
        names = sorted({cause.get("field", "").removeprefix(".data.") for cause in causes})
        managers = {m for c in causes for m in re.findall(r'"([^"]*)"', c.get("message", ""))}
        return RemoteError(
            f"{self._where}: {', '.join(names)} belong to {', '.join(sorted(managers))}: nothing was written",
            "find out who writes it: kubectl get secret --show-managed-fields -o yaml",
            "to take it over: --force",
        )


def _applied(secret: dict[str, Any]) -> set[str]:
    """Return the names that `push` has applied, according to the server."""
    found: set[str] = set()
    for entry in (secret.get("metadata") or {}).get("managedFields") or ():
        if (entry.get("manager"), entry.get("operation")) == (_MANAGER, "Apply"):
            data = (entry.get("fieldsV1") or {}).get("f:data") or {}
            found |= {name[2:] for name in data if name.startswith("f:")}
    return found


def _decoded(value: str) -> str | None:
    try:
        return base64.b64decode(value).decode("utf-8")
    except ValueError:
        return None
