"""Secrets of Vault and OpenBao: KV version 1 and 2, and engines that create credentials on a read."""

from __future__ import annotations

from sealedfiles.app.resolving.secret import Lease, Secret, seconds_of
from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.remote.vault import Vault, VaultError, connect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_NOT_SECRETS = frozenset({"auth", "cubbyhole", "identity", "sys"})
"""Mounts of the server itself, which return the caller's token, for example."""
_KINDS = frozenset({"cubbyhole", "identity", "system", "token"})
"""The types of these mounts."""
_NO_MOUNT = "no secrets engine is mounted at this path, or the token may not read it"


class VaultSecrets:
    """The server of the environment."""

    def __init__(self) -> None:
        self._mounts: dict[str, bool] = {}
        """For each known mount, such as ``secret/``, whether it is KV version 2."""

    def read(self, steps: Sequence[str]) -> Secret:
        """Return a secret, with its lease if it was created for this request.  Raises RemoteError."""
        path = "/".join(steps)
        mount = path.partition("/")[0]
        if mount in _NOT_SECRETS:
            raise RemoteError(f"the mount {mount} has no secrets")
        server = connect()
        mount = self._mount_of(server, path)
        if self._mounts[mount]:
            answer = _read(server, f"{mount}data/{path.removeprefix(mount)}")
            fields = (answer.get("data") or {}).get("data")
        else:
            answer = _read(server, path)
            fields = answer.get("data")
        if not fields:
            raise RemoteError("there is no secret at this path, or it was deleted")
        return Secret(fields=fields, lease=_lease(answer))

    def _mount_of(self, server: Vault, path: str) -> str:
        """Return the mount of *path*, which may have several steps, as ``vault kv get`` does."""
        known = next((mount for mount in self._mounts if path.startswith(mount)), None)
        if known is not None:
            return known
        found = _read(server, f"sys/internal/ui/mounts/{path}").get("data") or {}
        mount = str(found.get("path") or "")
        if not mount or not path.startswith(mount):
            raise RemoteError(_NO_MOUNT)
        # In a namespace, `auth/` and the others come after its name.
        kind = str(found.get("type")).removeprefix("ns_")
        if {*mount.split("/")} & _NOT_SECRETS or kind in _KINDS:
            raise RemoteError("the mount of this path has no secrets")
        version = (found.get("options") or {}).get("version")
        self._mounts[mount] = found.get("type") == "kv" and version == "2"
        return mount


def _read(server: Vault, path: str) -> dict[str, Any]:
    """Return the server's answer, empty if nothing is there.

    Raises RemoteError without the path, which is a part of the reference.
    """
    try:
        return server.read(path) or {}
    except VaultError as error:
        if any("preflight" in reason for reason in error.reasons):
            hint = "check the mount's name, the token's policies, and VAULT_NAMESPACE"
            raise RemoteError(_NO_MOUNT, hint) from None
        raise RemoteError(error.message.replace(f" {path}:", "", 1), *error.hints) from None


def _lease(answer: dict[str, Any]) -> Lease | None:
    identity = answer.get("lease_id")
    if not identity:
        return None
    seconds = seconds_of(answer.get("lease_duration"))
    return Lease(str(identity), seconds, bool(answer.get("renewable")))
