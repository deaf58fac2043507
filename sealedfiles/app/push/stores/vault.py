"""Vault and OpenBao: one secret of a KV engine, version 2.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sealedfiles.app.push.stores.base import (
    ChangedMeanwhileError,
    Remote,
    Store,
    Work,
    as_text,
    record,
)
from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any
from sealedfiles.model.targets import Target
from sealedfiles.remote.vault import VaultError, connect

_COMMIT = "sealedfiles-commit"
_NAMES = "sealedfiles-names"
_LONGEST = 512
"""The maximum length of a value of ``custom_metadata``."""


class VaultStore(Store):
    """One secret: a mapping of names to values."""

    def __init__(self, target: Target) -> None:
        """Raises RemoteError if the environment names no server, or has no token."""
        self._mount, self._path = target.to.first, target.to.rest
        self._where = f"{self._mount}/{self._path}"
        self._server = connect()

    def read(self) -> Remote:
        """See Store."""
        answer = self._server.read(f"{self._mount}/data/{self._path}", exact=True)
        if answer is None:
            self._require_version_2()
            # The secret may have metadata already; without a version, this is the only place to read it.
            known = self._ask(f"{self._mount}/metadata/{self._path}")
            return Remote({}, state=({}, 0, known.get("custom_metadata") or {}))
        found = answer.get("data") or {}
        meta = found.get("metadata") or {}
        data = found.get("data") or {}
        custom = meta.get("custom_metadata") or {}
        names = " ".join(text for key, text in custom.items() if key.startswith(_NAMES))
        return Remote(
            {name: as_text(value) for name, value in data.items()},
            created=frozenset(names.split()),
            state=(data, int(meta.get("version", 0)), custom),
        )

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store.  The first record also shows whether the token may write one, before a value changes."""
        data, version, custom = work.remote.state
        self._record(custom, work.kept, custom.get(_COMMIT, ""))
        if work.write or work.delete:
            self._write(data, version, work)
        for name in (*work.write, *work.delete):
            done(name)
        self._record(custom, work.created, work.commit)

    def _write(self, data: dict[str, Any], version: int, work: Work) -> None:
        new = {name: value for name, value in data.items() if name not in work.delete}
        new.update({name: work.values[name] for name in work.write})
        try:
            answer = self._server.write(
                f"{self._mount}/data/{self._path}", {"data": new, "options": {"cas": version}}
            )
        except VaultError as error:
            if error.status == 400 and any("check-and-set" in one for one in error.reasons):
                raise ChangedMeanwhileError(self._where) from None
            raise
        if not isinstance(answer.get("data"), dict) or "version" not in answer["data"]:
            raise RemoteError(
                f"Vault: {self._where}: the server did not confirm that it wrote the values",
                "check the address of the server, and whether a proxy answers in its place",
            )

    def _record(self, custom: dict[str, str], names: list[str], commit: str) -> None:
        """Write the commit, and which names `push` created, to the secret's own metadata."""
        others = {key: text for key, text in custom.items() if not key.startswith("sealedfiles-")}
        texts = {f"{_NAMES}-{n}": text for n, text in enumerate(record(names, _LONGEST), 1)}
        self._server.write(
            f"{self._mount}/metadata/{self._path}",
            {"custom_metadata": {**others, **texts, **({_COMMIT: commit} if commit else {})}},
        )

    def _require_version_2(self) -> None:
        """Raise RemoteError if the engine is not a KV engine of version 2, if the token may ask that."""
        mount = self._ask(f"sys/internal/ui/mounts/{self._mount}")
        version = (mount.get("options") or {}).get("version")
        if mount and (mount.get("type"), version) != ("kv", "2"):
            raise RemoteError(
                f"Vault: {self._mount} is not a KV secrets engine of version 2",
                f"upgrade it: vault kv enable-versioning {self._mount}",
            )

    def _ask(self, path: str) -> dict[str, Any]:
        """Return the data at *path*; empty if there is none, or if the token may not read it."""
        with suppress(VaultError):
            answer = self._server.read(path) or {}
            return answer.get("data") or {}
        return {}
