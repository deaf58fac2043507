"""The API server and the credentials of a kubeconfig."""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from stub_server import serving

from sealedfiles.errors import RemoteError
from sealedfiles.remote import kubernetes
from sealedfiles.remote.kubernetes import connect

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)


def config(user: object, cluster: object, **more: object) -> str:
    return json.dumps(
        {
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
            **more,
        }
    )


def authorization(file: Path, user: object) -> str:
    """Return the header that the server gets."""
    with serving([(200, {}, b"{}")]) as (address, requests):
        file.write_text(config(user, {"server": address}))
        connect().request("GET", "/version")
    return requests[0].headers.get("authorization", "")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file that is read if KUBECONFIG is not set."""
    (tmp_path / ".kube").mkdir()
    return tmp_path / ".kube" / "config"


@pytest.mark.slow
def test_tokens(file: Path) -> None:
    assert authorization(file, {"token": "s3cr3t"}) == "Bearer s3cr3t"
    file.with_name("token").write_text("s3cr3t-of-file\n")
    assert authorization(file, {"tokenFile": "token"}) == "Bearer s3cr3t-of-file"
    basic = base64.b64encode(b"alice:s3cr3t").decode()
    assert authorization(file, {"username": "alice", "password": "s3cr3t"}) == f"Basic {basic}"


def test_a_credential_plugin_is_run(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY", "s3cr3t")
    code = (
        "assert 'SEALEDFILES_KEY' not in __import__('os').environ;"
        "import json, os; info = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "print(json.dumps({'status': {'token': os.environ['PREFIX'] + info['kind']}}))"
    )
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", code],
        "env": [{"name": "PREFIX", "value": "s3cr3t-"}],
    }
    assert authorization(file, {"exec": plugin}) == "Bearer s3cr3t-ExecCredential"


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "print('no JSON')", "print('{}')"])
def test_a_credential_plugin_that_fails_is_named(file: Path, code: str) -> None:
    with pytest.raises(RemoteError, match=r"credential plugin .* failed"):
        authorization(file, {"exec": {"command": sys.executable, "args": ["-c", code]}})


def test_the_first_of_several_files_has_precedence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, [one, tmp_path / "none", two])))
    with serving([(200, {}, b"{}")]) as (address, requests):
        one.write_text(json.dumps({"current-context": "x", "users": None}))
        two.write_text(config({"token": "s3cr3t"}, {"server": address}) + "\n")
        connect().request("GET", "/")
    assert requests[0].headers["authorization"] == "Bearer s3cr3t"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "is not a kubeconfig"),
        ("[a]", "is not a kubeconfig"),
        ("clusters: [{cluster: {}}]", "is not a kubeconfig"),
        ("a: b", "no current context"),
        (config({}, {}, **{"current-context": "y"}), "no current context"),
        (config({}, {}), "not an http"),
        (config({"client-certificate-data": "%"}, {"server": "https://x"}), "not base64"),
        (config({"client-certificate": "nothing"}, {"server": "https://x"}), "cannot be read"),
        (
            config({"client-certificate-data": "YWJj"}, {"server": "https://x"}),
            "a certificate in the kubeconfig is invalid",
        ),
    ],
)
def test_a_kubeconfig_that_is_not_usable_is_an_error(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(RemoteError, match=words):
        connect()


def test_without_any_cluster() -> None:
    with pytest.raises(RemoteError, match="no kubeconfig was found"):
        connect()


def certificate(name: str) -> tuple[bytes, bytes]:
    """Return a certificate that signs itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_a_client_certificate_is_shown_to_the_servers_only(file: Path, tmp_path: Path) -> None:
    """The key is in the kubeconfig, and is never written to a disk."""
    servers, mine = certificate("server"), certificate("alice")
    (tmp_path / "server.pem").write_bytes(b"".join(servers))
    (tmp_path / "mine.pem").write_bytes(mine[0])
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.connection.getpeercert())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    context.load_verify_locations(tmp_path / "mine.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        encoded = [base64.b64encode(one).decode() for one in (*mine, servers[0])]
        user = {"client-certificate-data": encoded[0], "client-key-data": encoded[1]}
        cluster = {"server": f"https://localhost:{server.server_port}"}
        file.write_text(config(user, {**cluster, "certificate-authority-data": encoded[2]}))
        assert connect().request("GET", "/").status == 200
        assert seen[0]["subject"] == ((("commonName", "alice"),),)
        file.write_text(config(user, cluster))
        with pytest.raises(RemoteError, match="cannot be reached"):
            connect().request("GET", "/")
    finally:
        server.shutdown()
        server.server_close()


def test_in_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service account of the pod, without a kubeconfig."""
    monkeypatch.setattr(kubernetes, "_POD", tmp_path)
    (tmp_path / "token").write_text("s3cr3t-token\n")
    (tmp_path / "ca.crt").write_bytes(certificate("cluster")[0])
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    service = connect()
    assert service.address == "https://[fd00::1]:6443"
    assert service.headers == {"Authorization": "Bearer s3cr3t-token"}
    (tmp_path / "ca.crt").unlink()
    with pytest.raises(RemoteError, match=r"ca\.crt cannot be read"):
        connect()
