"""Kubernetes: the API server and the credentials of the environment, as `kubectl` finds them.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/,
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.remote.http import Service

_NAME = "Kubernetes"
_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECONDS = 120
"""How long a credential plugin may take: it may open a browser."""


class _Credentials(NamedTuple):
    token: str = ""
    basic: str = ""
    certificate: bytes = b""
    key: bytes = b""


def connect() -> Service:
    """Return the server of the current context, or that of the cluster in whose pod this runs.

    Raises RemoteError if there is none, or if its settings or credentials cannot be read.
    """
    files = _kubeconfigs()
    if files:
        return _from_kubeconfig(files)
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
    if not host:
        raise RemoteError(f"{_NAME}: no kubeconfig was found", "set KUBECONFIG")
    host = f"[{host}]" if ":" in host else host
    token = _read(_POD / "token").decode().strip()
    tls = _tls(_read(_POD / "ca.crt"), _Credentials())
    return Service(
        _NAME, f"https://{host}:{port or 443}", {"Authorization": f"Bearer {token}"}, tls
    )


def _kubeconfigs() -> list[Path]:
    named = os.environ.get("KUBECONFIG", "")
    if named:
        files = [Path(name) for name in named.split(os.pathsep) if name]
    else:
        with contextlib.suppress(RuntimeError):
            files = [Path.home() / ".kube" / "config"]
    return [file for file in files if file.is_file()]


def _from_kubeconfig(files: list[Path]) -> Service:
    config: dict[str, Any] = {"clusters": {}, "users": {}, "contexts": {}, "current-context": ""}
    for file in files:
        _merge(config, file)
    current = config["current-context"]
    context = config["contexts"].get(current)
    if context is None:
        raise RemoteError(
            f"{_NAME}: the kubeconfig has no current context",
            "choose one: kubectl config use-context NAME",
        )
    cluster = config["clusters"].get(context.get("cluster")) or {}
    user = config["users"].get(context.get("user")) or {}
    credentials = _credentials(user)
    authorities = _data(cluster, "certificate-authority")
    tls = _tls(authorities, credentials, verify=not cluster.get("insecure-skip-tls-verify"))
    headers = {}
    if credentials.token:
        headers["Authorization"] = f"Bearer {credentials.token}"
    elif credentials.basic:
        headers["Authorization"] = f"Basic {credentials.basic}"
    return Service(_NAME, str(cluster.get("server", "")), headers, tls)


def _merge(config: dict[str, Any], file: Path) -> None:
    """Add the entries of one kubeconfig; those that are there already have precedence."""
    import yaml

    try:
        found = yaml.safe_load(_read(file))
        for kind in ("clusters", "users", "contexts"):
            for entry in found.get(kind) or ():
                content = dict(entry.get(kind[:-1]) or {}, folder=file.parent)
                config[kind].setdefault(entry["name"], content)
        config["current-context"] = config["current-context"] or found.get("current-context") or ""
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError):
        raise RemoteError(f"{_NAME}: {file} is not a kubeconfig") from None


def _credentials(user: dict[str, Any]) -> _Credentials:
    if user.get("exec"):
        return _from_plugin(user["exec"], user["folder"])
    token = str(user.get("token") or "")
    if user.get("tokenFile"):
        token = _read(user["folder"] / user["tokenFile"]).decode().strip()
    basic = ""
    if user.get("username"):
        basic = base64.b64encode(f"{user['username']}:{user.get('password', '')}".encode()).decode()
    certificate, key = _data(user, "client-certificate"), _data(user, "client-key")
    return _Credentials(token, basic, certificate, key)


def _from_plugin(settings: dict[str, Any], folder: Path) -> _Credentials:
    """Run the credential plugin that the user's kubeconfig names."""
    command = str(settings.get("command", ""))
    if os.path.dirname(command):
        command = str(folder / command)
    version = settings.get("apiVersion") or "client.authentication.k8s.io/v1"
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    added = {one["name"]: str(one["value"]) for one in settings.get("env") or ()}
    try:
        done = subprocess.run(
            [command, *map(str, settings.get("args") or ())],
            env={**_inherited(), **added, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_SECONDS,
            check=True,
        )
        status = json.loads(done.stdout)["status"]
        return _Credentials(
            str(status.get("token") or ""),
            certificate=str(status.get("clientCertificateData") or "").encode(),
            key=str(status.get("clientKeyData") or "").encode(),
        )
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError, AttributeError):
        raise RemoteError(
            f"{_NAME}: the credential plugin {command} failed", "run kubectl, which shows its error"
        ) from None


def _inherited() -> dict[str, str]:
    """Return the environment without the keys of sealedfiles, which no other program needs."""
    return {n: v for n, v in os.environ.items() if not n.startswith("SEALEDFILES_")}


def _data(entry: dict[str, Any], name: str) -> bytes:
    """Return the content of a file that *entry* holds, or names; empty if it does neither."""
    try:
        if entry.get(f"{name}-data"):
            return base64.b64decode(entry[f"{name}-data"], validate=True)
    except (ValueError, TypeError):
        raise RemoteError(f"{_NAME}: {name}-data in the kubeconfig is not base64") from None
    return _read(entry["folder"] / entry[name]) if entry.get(name) else b""


def _tls(authorities: bytes, credentials: _Credentials, *, verify: bool = True) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(
            cadata=authorities.decode("ascii", "replace") if authorities else None
        )
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if credentials.certificate:
            with _as_file(credentials.certificate + b"\n" + credentials.key) as name:
                context.load_cert_chain(name)
    except (OSError, ValueError):
        raise RemoteError(f"{_NAME}: a certificate in the kubeconfig is invalid") from None
    return context


@contextlib.contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """Yield the name of a file with *data*, because ``ssl`` loads a private key from nothing else.

    It is in memory if the system can do that.
    """
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("key", os.MFD_CLOEXEC)
        try:
            os.write(number, data)
            yield f"/proc/self/fd/{number}"
        finally:
            os.close(number)
        return
    with tempfile.TemporaryDirectory() as folder:  # only this user can read it
        file = Path(folder, "key")
        file.write_bytes(data)
        yield str(file)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise RemoteError(f"{_NAME}: {file} cannot be read: {error.strerror}") from None
