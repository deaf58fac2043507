"""Google Cloud Secret Manager: one secret with a JSON object, or one secret for each value.

Only tried against a stand-in.  https://cloud.google.com/secret-manager/docs/reference/rest
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from sealedfiles.app.push.stores.base import (
    ChangedMeanwhileError,
    Remote,
    Store,
    Work,
    as_text,
    json_object,
    merged,
)
from sealedfiles.app.push.stores.rest import Rest, RestError, variable
from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any
from sealedfiles.model.targets import Target
from sealedfiles.remote.kms.program import run

_LARGEST = 65536
_COMMIT, _NAMES, _CREATED = "sealedfiles-commit", "sealedfiles-names", "sealedfiles-created"
"""Annotations of a secret."""


def gcp_secrets(target: Target) -> Store:
    """Return the store for one secret, or for one secret per value."""
    return JsonSecret(target) if target.as_json else Secrets(target)


class _Secrets(Store):
    """The secrets of a project."""

    largest = _LARGEST

    def __init__(self, target: Target) -> None:
        """Raises RemoteError if `gcloud` has no credentials."""
        token = variable("CLOUDSDK_AUTH_ACCESS_TOKEN")
        if not token:
            arguments = ("auth", "print-access-token", "--quiet")
            token = run("gcloud", arguments, b"", RemoteError).decode().strip()
        address = variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER")
        needs = "the role roles/secretmanager.admin on these secrets"
        headers = {"Authorization": f"Bearer {token}"}
        self._rest = Rest(
            "Google Secret Manager",
            address or "https://secretmanager.googleapis.com",
            headers,
            needs=needs,
        )
        self._project, self._name = target.to.steps
        self._path = f"/v1/projects/{self._project}/secrets"

    def _annotations(self, name: str) -> dict[str, str] | None:
        """Return the annotations of a secret; None if it does not exist."""
        found = self._rest.find(f"{self._path}/{name}")
        return None if found is None else dict(found.get("annotations") or {})

    def _annotate(self, name: str, annotations: dict[str, str]) -> None:
        data = {"annotations": annotations}
        self._rest.call("PATCH", f"{self._path}/{name}?updateMask=annotations", data)

    def _create(self, name: str, annotations: dict[str, str]) -> None:
        data = {"replication": {"automatic": {}}, "annotations": annotations}
        try:
            self._rest.call("POST", f"{self._path}?{urlencode({'secretId': name})}", data)
        except RestError as error:
            if error.status == 409:
                raise ChangedMeanwhileError(f"the secret {name}") from None
            raise

    def _latest(self, name: str) -> tuple[str, str]:
        """Return the name and the text of the newest version; empty if there is none."""
        found = self._rest.find(f"{self._path}/{name}/versions/latest:access")
        if found is None:
            return "", ""
        try:
            return found["name"], base64.b64decode(found["payload"]["data"]).decode("utf-8")
        except ValueError:
            raise RemoteError(f"the secret {name} is not text") from None

    def _add(self, name: str, value: str) -> None:
        data = {"payload": {"data": base64.b64encode(value.encode()).decode()}}
        self._rest.call("POST", f"{self._path}/{name}:addVersion", data)


class JsonSecret(_Secrets):
    """One secret, whose text is a JSON object."""

    def read(self) -> Remote:
        """See Store."""
        notes = self._annotations(self._name)
        version, text = self._latest(self._name) if notes is not None else ("", "")
        data = json_object(text, f"the secret {self._name}") if version else {}
        created = frozenset((notes or {}).get(_NAMES, "").split())
        return Remote(
            {name: as_text(value) for name, value in data.items()},
            created,
            state=(data, version, notes),
        )

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store.  There is no check-and-set, so the version is read again before it is replaced."""
        data, version, notes = work.remote.state
        text = merged(data, work)
        if len(text.encode()) > _LARGEST:
            raise RemoteError("the secret would be larger than 64 KB: nothing was written")
        annotations = {**(notes or {}), _COMMIT: work.commit}
        if notes is None:
            self._create(self._name, annotations)
        if self._latest(self._name)[0] != version:
            raise ChangedMeanwhileError(f"the secret {self._name}")
        if work.delete:
            self._annotate(self._name, {**annotations, _NAMES: " ".join(work.kept)})
        if work.write or work.delete:
            self._add(self._name, text)
        for name in (*work.write, *work.delete):
            done(name)
        self._annotate(self._name, {**annotations, _NAMES: " ".join(work.created)})


class Secrets(_Secrets):
    """A secret for each value: the target's name, a hyphen, and the name of the value."""

    valid_name = re.compile(r"[A-Za-z0-9_-]{1,200}")
    name_rule = "at most 200 of A-Z, a-z, 0-9, _ and -"

    def read(self) -> Remote:
        """See Store."""
        values: dict[str, str | None] = {}
        notes: dict[str, dict[str, str]] = {}
        for secret in self._list():
            path = secret["name"].rpartition("/")[2]
            name = path.removeprefix(f"{self._name}-")
            version, text = self._latest(path)
            values[name] = text if version else None
            notes[name] = dict(secret.get("annotations") or {})
        # `app-prod-KEY` may be of the target `app` or `app-prod`.
        created = frozenset(n for n, one in notes.items() if one.get(_CREATED) == self._name)
        return Remote(values, created, state=notes)

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store."""
        for name in work.write:
            path, notes = f"{self._name}-{name}", {_COMMIT: work.commit}
            if name in work.remote.values:
                self._annotate(path, {**work.remote.state[name], **notes})
            else:
                self._create(path, {**notes, _CREATED: self._name})
            self._add(path, work.values[name])
            done(name)
        for name in work.delete:
            self._rest.call("DELETE", f"{self._path}/{self._name}-{name}")
            done(name)

    def _list(self) -> Iterator[dict[str, Any]]:
        query = {"filter": f"name:{self._name}-", "pageSize": "100"}
        while True:
            page = self._rest.call("GET", f"{self._path}?{urlencode(query)}")
            for secret in page.get("secrets") or ():
                if secret["name"].rpartition("/")[2].startswith(f"{self._name}-"):
                    yield secret
            if not page.get("nextPageToken"):
                return
            query["pageToken"] = page["nextPageToken"]
