"""Azure Key Vault: one secret with a JSON object.

Only tried against a stand-in.  https://learn.microsoft.com/en-us/rest/api/keyvault/secrets/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sealedfiles.app.push.stores.base import (
    ChangedMeanwhileError,
    Remote,
    Store,
    Work,
    as_text,
    json_object,
    merged,
    record,
)
from sealedfiles.app.push.stores.rest import Rest
from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.model.targets import Target
from sealedfiles.remote.kms.program import run

_ADDRESS = "https://{}.vault.azure.net"
_VERSION = "?api-version=7.4"
_LARGEST = 25_000
_COMMIT, _NAMES = "sealedfiles-commit", "sealedfiles-names"
_LONGEST, _MOST = 256, 15
"""The length of a tag's value, and the number of tags."""


class AzureSecret(Store):
    """One secret, whose text is a JSON object."""

    def __init__(self, target: Target) -> None:
        """Raises RemoteError if `az` has no credentials."""
        vault, self._name = target.to.steps
        for one in (vault, self._name):
            if not re.fullmatch(r"[A-Za-z0-9-]{1,127}", one):
                raise UsageError(f"Azure Key Vault: a name consists of A-Z, a-z, 0-9 and -: {one}")
        arguments = (
            *("account", "get-access-token", "--resource", "https://vault.azure.net"),
            *("--query", "accessToken", "--output", "tsv"),
        )
        token = run("az", arguments, b"", RemoteError).decode().strip()
        self._rest = Rest(
            "Azure Key Vault",
            _ADDRESS.format(vault),
            {"Authorization": f"Bearer {token}"},
            needs="the role Key Vault Secrets Officer",
        )

    def read(self) -> Remote:
        """See Store."""
        found = self._rest.find(f"/secrets/{self._name}{_VERSION}")
        if found is None:
            return Remote({}, state=({}, "", {}))
        data = json_object(found["value"], f"the secret {self._name}")
        tags = found.get("tags") or {}
        names = " ".join(text for key, text in tags.items() if key.startswith(_NAMES))
        return Remote(
            {name: as_text(value) for name, value in data.items()},
            frozenset(names.split()),
            state=(data, found["id"], tags),
        )

    def check(self, values: Mapping[str, str]) -> None:
        """See Store."""
        super().check(values)
        if sum(len(name) + len(value.encode()) for name, value in values.items()) > _LARGEST:
            raise UsageError(f"the values are larger than {_LARGEST} bytes, the limit of a secret")

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store.  There is no check-and-set, so the version is read again before it is replaced."""
        data, version, tags = work.remote.state
        others = {key: text for key, text in tags.items() if not key.startswith("sealedfiles-")}
        texts = record(work.created, _LONGEST)[: _MOST - 1 - len(others)]
        names = {f"{_NAMES}-{number}": text for number, text in enumerate(texts, 1)}
        if self.read().state[1] != version:
            raise ChangedMeanwhileError(f"the secret {self._name}")
        content = {
            "value": merged(data, work),
            "contentType": "application/json",
            "tags": {**others, **names, _COMMIT: work.commit},
        }
        self._rest.call("PUT", f"/secrets/{self._name}{_VERSION}", content)
        for name in (*work.write, *work.delete):
            done(name)
