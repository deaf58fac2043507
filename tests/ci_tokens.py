"""Tokens of CI jobs as GitHub issues them: signed with RS256, with claims about the job."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

if TYPE_CHECKING:
    from services import Bao

REPOSITORY = "acme/orders"
AUDIENCE = "https://vault.example"


class Issuer:
    """An issuer of tokens, with a key of its own."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self.mount = f"jwt-{time.monotonic_ns()}"
        self.url = "https://token.actions.githubusercontent.com"

    def token(self, repository: str = REPOSITORY, audience: str = AUDIENCE) -> str:
        """Return the token of a job on the branch ``main`` of *repository*."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": audience,
            "sub": f"repo:{repository}:ref:refs/heads/main",
            "repository": repository,
            "ref": "refs/heads/main",
            "iat": now - 10,
            "nbf": now - 10,
            "exp": now + 300,
        }
        text = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_encode(signature)}"

    def trust(self, bao: Bao, role: str, policy: str) -> None:
        """Let jobs of ``REPOSITORY`` log in as *role*, with what *policy* (HCL) allows."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        bao.request("POST", f"sys/auth/{self.mount}", {"type": "jwt"})
        bao.request(
            "POST",
            f"auth/{self.mount}/config",
            {"jwt_validation_pubkeys": [public.decode()], "bound_issuer": self.url},
        )
        bao.request("PUT", f"sys/policies/acl/{self.mount}", {"policy": policy})
        bao.request(
            "POST",
            f"auth/{self.mount}/role/{role}",
            {
                "role_type": "jwt",
                "user_claim": "sub",
                "bound_audiences": [AUDIENCE],
                "bound_claims": {"repository": REPOSITORY, "ref": "refs/heads/main"},
                "token_policies": [self.mount],
                "token_ttl": "5m",
            },
        )


def _part(data: dict[str, object]) -> str:
    return _encode(json.dumps(data).encode())


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
