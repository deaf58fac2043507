"""Stand-ins for the secret stores of Google Cloud and Azure, served by ``forges.forge``."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forges import Forge, Query, Reply

_NOT_FOUND: Reply = 404, {"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}}


def gcp(forge: Forge, method: str, path: str, query: Query, data: Any) -> Reply:
    """Answer like secretmanager.googleapis.com."""
    folder = "/v1/projects/shop/secrets"
    if not path.startswith(folder):
        return 403, {"error": {"message": "Permission denied on resource project"}}
    name, _, more = path.removeprefix(folder).strip("/").partition("/")
    name, _, verb = name.partition(":")
    if not name and method == "POST":
        if query["secretId"] in forge.secrets:
            return 409, {"error": {"message": "already exists", "status": "ALREADY_EXISTS"}}
        assert data["replication"] == {"automatic": {}}
        secret = {"annotations": data["annotations"], "versions": []}
        forge.secrets[query["secretId"]] = secret
        return 200, {"name": f"projects/1/secrets/{query['secretId']}"}
    if not name:
        prefix = query["filter"].removeprefix("name:")
        found = sorted(one for one in forge.secrets if prefix in one)
        at = int(query.get("pageToken", 0))
        page = [
            {"name": f"projects/1/secrets/{n}", "annotations": forge.secrets[n]["annotations"]}
            for n in found[at : at + 2]
        ]
        return 200, {"secrets": page, **({"nextPageToken": str(at + 2)} if found[at + 2 :] else {})}
    if name not in forge.secrets:
        return _NOT_FOUND
    secret = forge.secrets[name]
    if verb == "addVersion":
        secret["versions"].append(base64.b64decode(data["payload"]["data"]))
        return 200, {}
    if more == "versions/latest:access":
        if not secret["versions"]:
            return _NOT_FOUND
        number = len(secret["versions"])
        payload = {"data": base64.b64encode(secret["versions"][-1]).decode()}
        return 200, {"name": f"{path.partition(':')[0]}/{number}", "payload": payload}
    if method == "DELETE":
        del forge.secrets[name]
        return 200, {}
    if method == "PATCH":
        assert query["updateMask"] == "annotations"
        secret["annotations"] = data["annotations"]
    return 200, {"name": name, "annotations": secret["annotations"]}


def azure(forge: Forge, method: str, path: str, query: Query, data: Any) -> Reply:
    """Answer like a vault of Azure."""
    assert query == {"api-version": "7.4"}
    name = path.removeprefix("/secrets/")
    if method == "PUT":
        assert len(data["tags"]) <= 15
        assert all(len(text) <= 256 for text in data["tags"].values())
        number = next(forge.clock)
        forge.secrets[name] = {"id": f"https://vault/secrets/{name}/{number}", **data}
        return 200, forge.secrets[name]
    if name not in forge.secrets:
        return 404, {"error": {"code": "SecretNotFound", "message": "not found"}}
    return 200, forge.secrets[name]
