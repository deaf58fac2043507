"""Stand-ins for the APIs of GitHub, Gitea and GitLab that keep what is written to them."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "s3cr3t-token"
Query = dict[str, str]
Reply = tuple[int, Any]


@dataclass
class Forge:
    """What a server has, and what it refuses."""

    address: str = ""
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By path of the collection and name."""
    variables: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[Reply]] = field(default_factory=dict)
    """Answers to give in place of the right one, by method and last step of the path."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    clock: Iterator[int] = field(default_factory=itertools.count)

    def values(self) -> dict[str, str]:
        """Return the values that were written, as they are used."""
        return {name: secret["value"] for name, secret in self.secrets.items()}


def _page(entries: list[Any], query: Query) -> list[Any]:
    assert query["per_page"] == query["limit"]
    size, number = int(query["per_page"]), int(query["page"])
    return entries[(number - 1) * size : number * size]


def github(forge: Forge, method: str, path: str, query: Query, data: Any) -> Reply:
    """Answer like api.github.com; values are decrypted by PyNaCl."""
    from nacl.public import PrivateKey, SealedBox

    key = PrivateKey(b"k" * 32)
    folder, _, name = path.rpartition("/")
    if not path.startswith(
        ("/repos/shop/orders/actions/", "/repos/shop/orders/environments/a%20b/")
    ):
        return 404, {"message": "Not Found"}
    if method == "GET" and name == "public-key":
        public = base64.b64encode(bytes(key.public_key)).decode()
        return 200, {"key_id": "568250167242549743", "key": public}
    if method == "GET" and name == "secrets":
        entries = [{"name": n, "updated_at": s["time"]} for n, s in forge.secrets.items()]
        return 200, {"total_count": len(entries), "secrets": _page(entries, query)}
    if folder.endswith("/secrets") and method == "PUT":
        assert data["key_id"] == "568250167242549743"
        box = base64.b64decode(data["encrypted_value"])
        is_new = name not in forge.secrets
        value = SealedBox(key).decrypt(box).decode()
        forge.secrets[name] = {"value": value, "time": f"2026-11-30T00:00:{next(forge.clock)}Z"}
        return (201 if is_new else 204), None
    if folder.endswith("/secrets") and method == "DELETE":
        return (204 if forge.secrets.pop(name, None) else 404), None
    if method == "POST" and name == "variables":
        if data["name"] in forge.variables:
            return 409, {"message": "Already exists"}
        forge.variables[data["name"]] = data["value"]
        return 201, None
    if folder.endswith("/variables") and name not in forge.variables:
        return 404, {"message": "Not Found"}
    if method == "PATCH":
        forge.variables[name] = data["value"]
        return 204, None
    return 200, {"name": name, "value": forge.variables[name]}


def gitea(forge: Forge, method: str, path: str, query: Query, data: Any) -> Reply:
    """Answer like Gitea 1.26, which replaces the description with each value."""
    folder = "/api/v1/repos/shop/orders/actions/secrets"
    if not path.startswith(folder):
        return 404, {"message": "The target couldn't be found."}
    name = path.removeprefix(folder).strip("/")
    if method == "GET":
        entries = [{"name": n, "description": s["description"]} for n, s in forge.secrets.items()]
        return 200, _page(entries, query)
    if method == "DELETE":
        return (204 if forge.secrets.pop(name, None) else 404), None
    is_new = name not in forge.secrets
    forge.secrets[name] = {"value": data["data"], "description": data.get("description", "")}
    return (201 if is_new else 204), None


def gitlab(forge: Forge, method: str, path: str, query: Query, data: Any) -> Reply:
    """Answer like GitLab 18."""
    folder = "/api/v4/projects/shop%2Fteam%2Forders/variables"
    if not path.startswith(folder):
        return 404, {"message": "404 Project Not Found"}
    name = path.removeprefix(folder).strip("/")
    if method == "GET":
        return 200, _page(list(forge.secrets.values()), query)
    if method == "POST":
        if data["key"] in forge.secrets:
            return 400, {"message": {"key": [f"({data['key']}) has already been taken"]}}
        forge.secrets[data["key"]] = {"description": None, **data}
        return 201, data
    scope = query["filter[environment_scope]"]
    if name not in forge.secrets or forge.secrets[name]["environment_scope"] != scope:
        return 404, {"message": "404 Variable Not Found"}
    if method == "DELETE":
        del forge.secrets[name]
        return 204, None
    forge.secrets[name] |= data
    return 200, data


Kind = Callable[[Forge, str, str, Query, Any], Reply]


@contextlib.contextmanager
def forge(kind: Kind) -> Iterator[Forge]:
    """Serve the API of *kind*."""
    found = Forge()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            data = json.loads(self.rfile.read(length) or b"null")
            url = urllib.parse.urlsplit(self.path)
            found.requests.append((self.command, url.path))
            status, content = self.decide(url, data)
            body = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def decide(self, url: urllib.parse.SplitResult, data: Any) -> Reply:
            given = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
            if given.rpartition(" ")[2] != TOKEN:
                return 401, {"message": "Bad credentials"}
            faults = found.faults.get(f"{self.command} {url.path.rpartition('/')[2]}")
            if faults:
                return faults.pop(0)
            query = dict(urllib.parse.parse_qsl(url.query))
            return kind(found, self.command, url.path, query, data)

        do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815 - http.server names them so

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        found.address = f"http://127.0.0.1:{server.server_port}"
        yield found
    finally:
        server.shutdown()
        server.server_close()
