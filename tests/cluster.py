"""A Kubernetes API server for tests: a real one if its programs are named, otherwise a stand-in.

The real one needs the programs `kube-apiserver` and `etcd`, which take ten minutes to build; name them in
SEALEDFILES_KUBE_APISERVER and SEALEDFILES_ETCD.  The stand-in answers in the shapes that were recorded from
it (Kubernetes 1.36), and implements of server-side apply what a Secret needs.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKENS = {"admin": "admin-token", "reader": "reader-token"}
"""The reader may get Secrets and nothing else."""
_APPLY = "application/apply-patch+yaml"


@dataclass
class Cluster:
    """A server with the namespace `shop`."""

    address: str
    authorities: str = ""
    is_real: bool = False

    def kubeconfig(self, file: Path, token: str = TOKENS["admin"]) -> Path:
        cluster: dict[str, object] = {"server": self.address}
        if self.authorities:
            cluster["certificate-authority"] = self.authorities
        config = {
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        file.write_text(json.dumps(config))
        return file

    def request(self, method: str, path: str, data: object = None, kind: str = "") -> Any:
        headers = {
            "Authorization": f"Bearer {TOKENS['admin']}",
            "Content-Type": kind or "application/json",
        }
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.address + path, body, headers, method=method)
        tls = ssl.create_default_context(cafile=self.authorities or None)
        with urllib.request.urlopen(request, timeout=30, context=tls) as answer:
            return json.loads(answer.read())

    def secret(self, name: str) -> dict[str, str]:
        """Return the decoded values of a Secret."""
        found = self.request("GET", f"/api/v1/namespaces/shop/secrets/{name}")
        return {k: base64.b64decode(v).decode() for k, v in (found.get("data") or {}).items()}

    def apply(self, name: str, manager: str, values: dict[str, str], *, force: bool = False) -> Any:
        """Write values as another manager does."""
        data = {k: base64.b64encode(v.encode()).decode() for k, v in values.items()}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
        query = f"?fieldManager={manager}&force={'true' if force else 'false'}"
        path = f"/api/v1/namespaces/shop/secrets/{name}{query}"
        return self.request("PATCH", path, body, _APPLY)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start a server."""
    programs = [os.environ.get(f"SEALEDFILES_{name}") for name in ("KUBE_APISERVER", "ETCD")]
    if all(programs):
        with _real(folder, *map(str, programs)) as found:
            yield found
    else:
        with _stand_in() as found:
            yield found


@contextlib.contextmanager
def _real(folder: Path, apiserver: str, etcd: str) -> Iterator[Cluster]:
    key = folder / "sa.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    tokens = folder / "tokens.csv"
    tokens.write_text(
        f"{TOKENS['admin']},admin,1,system:masters\n{TOKENS['reader']},reader,2,readers\n"
    )
    client, peer, port = services.free_port(), services.free_port(), services.free_port()
    store = [
        *(etcd, "--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"),
        *("--listen-client-urls", f"http://127.0.0.1:{client}"),
        *("--advertise-client-urls", f"http://127.0.0.1:{client}"),
        *("--listen-peer-urls", f"http://127.0.0.1:{peer}"),
    ]
    server = [
        *(apiserver, "--etcd-servers", f"http://127.0.0.1:{client}"),
        *("--bind-address", "127.0.0.1", "--secure-port", str(port)),
        *("--cert-dir", str(folder / "certs"), "--token-auth-file", str(tokens)),
        *("--authorization-mode", "RBAC", "--disable-admission-plugins", "ServiceAccount"),
        *("--service-account-issuer", "https://example.org"),
        *("--service-account-key-file", str(key), "--service-account-signing-key-file", str(key)),
        *("--service-cluster-ip-range", "10.0.0.0/24"),
    ]
    with services.started(store, f"http://127.0.0.1:{client}/health", folder / "etcd.log"):
        log = (folder / "apiserver.log").open("wb")
        running = subprocess.Popen(server, stdout=log, stderr=log, cwd=folder)
        try:
            found = Cluster(
                f"https://127.0.0.1:{port}", str(folder / "certs/apiserver.crt"), is_real=True
            )
            _wait(found, running)
            for path, data in _SET_UP:
                found.request("POST", path, data)
            yield found
        finally:
            running.terminate()
            running.wait(30)


_SET_UP: list[tuple[str, object]] = [
    ("/api/v1/namespaces", {"metadata": {"name": "shop"}}),
    (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles",
        {
            "metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
        },
    ),
    (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings",
        {
            "metadata": {"name": "reader"},
            "subjects": [{"kind": "User", "name": "reader"}],
            "roleRef": {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"},
        },
    ),
]


def _wait(found: Cluster, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 90
    while True:
        with contextlib.suppress(OSError, ValueError):
            found.request("GET", "/api/v1/namespaces/default")
            return
        assert running.poll() is None, "kube-apiserver did not start"
        assert time.monotonic() < end, "kube-apiserver did not start"
        time.sleep(0.2)


# -- the stand-in


@dataclass
class _Secret:
    version: int = 1
    data: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    owners: dict[str, set[str]] = field(default_factory=dict)
    """The names that each manager has applied."""

    def shown(self, name: str) -> dict[str, Any]:
        managed = [
            {
                "manager": manager,
                "operation": "Apply",
                "fieldsV1": {"f:data": {".": {}, **{f"f:{key}": {} for key in sorted(keys)}}},
            }
            for manager, keys in self.owners.items()
        ]
        meta = {
            "name": name,
            "namespace": "shop",
            "resourceVersion": str(self.version),
            "annotations": self.annotations,
            "managedFields": managed,
        }
        secret = {"kind": "Secret", "apiVersion": "v1", "metadata": meta, "type": "Opaque"}
        return {**secret, "data": self.data} if self.data else secret


def _failure(status: int, message: str, causes: list[dict[str, str]] | None = None) -> Any:
    details = {"causes": causes} if causes else {}
    return status, {"kind": "Status", "message": message, "code": status, "details": details}


def _applied(old: _Secret | None, body: Any, manager: str, force: bool) -> Any:
    secret = old or _Secret(0)
    version = body["metadata"].get("resourceVersion")
    if version and version != str(secret.version):
        return _failure(409, "the object has been modified; please apply your changes to it")
    data = body.get("data") or {}
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{other}" using v1',
            "field": f".data.{key}",
        }
        for other, keys in secret.owners.items()
        for key in sorted(keys)
        if other != manager and key in data and secret.data.get(key) != data[key]
    ]
    if causes and not force:
        return _failure(409, f"Apply failed with {len(causes)} conflicts", causes)
    if any(not key.replace("_", "").replace(".", "").replace("-", "").isalnum() for key in data):
        return _failure(422, f"Secret is invalid: data: Invalid value: {json.dumps(data)}")
    owners = {
        one: {k for k in keys if not (k in data and secret.data.get(k) != data[k])}
        for one, keys in secret.owners.items()
        if one != manager
    }
    left = secret.owners.get(manager, set()) - data.keys()
    gone = {key for key in left if not any(key in keys for keys in owners.values())}
    new = {k: v for k, v in {**secret.data, **data}.items() if k not in gone}
    annotations = {**secret.annotations, **(body["metadata"].get("annotations") or {})}
    owners[manager] = set(data)
    return 200 if old else 201, _Secret(secret.version + 1, new, annotations, owners)


@contextlib.contextmanager
def _stand_in() -> Iterator[Cluster]:
    secrets: dict[str, _Secret] = {}

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"null")
            status, data = self.decide(urllib.parse.urlsplit(self.path), body)
            content = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def decide(self, url: urllib.parse.SplitResult, body: Any) -> Any:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in TOKENS.values():
                return _failure(401, "Unauthorized")
            namespace, name = url.path.split("/")[4], url.path.split("/")[6]
            if self.command != "GET" and token != TOKENS["admin"]:
                return _failure(403, f'secrets "{name}" is forbidden: User "reader" cannot patch')
            if self.command == "GET":
                found = secrets.get(name)
                if namespace != "shop" or found is None:
                    return _failure(404, f'secrets "{name}" not found')
                return 200, found.shown(name)
            if namespace != "shop":
                return _failure(404, f'namespaces "{namespace}" not found')
            assert self.headers["Content-Type"] == _APPLY
            query = dict(urllib.parse.parse_qsl(url.query))
            status, new = _applied(
                secrets.get(name), body, query["fieldManager"], query.get("force") == "true"
            )
            if not isinstance(new, _Secret):
                return status, new
            if query.get("dryRun") != "All":
                secrets[name] = new
            return status, new.shown(name)

        do_GET = do_PATCH = answer  # noqa: N815 - http.server names them so

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield Cluster(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
