"""The addresses of AWS services, or of the servers that the user has in their place."""

from __future__ import annotations

import os
import re

from sealedfiles.errors import RemoteError

_VARIABLES = {"kms": "KMS", "secretsmanager": "SECRETS_MANAGER", "ssm": "SSM", "sts": "STS"}


def endpoint(service: str, region: str) -> str:
    """Return the address of *service* in *region*, or that of AWS_ENDPOINT_URL[_SERVICE].

    Raises RemoteError for a text that cannot be a region, because it becomes part of the server's name.
    """
    if not re.fullmatch(r"[a-z]{2,8}(-[a-z]{1,16})+-[0-9]{1,2}", region):
        raise RemoteError(f"AWS: not a region: {region}")
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        named = os.environ.get(f"AWS_ENDPOINT_URL_{_VARIABLES[service]}")
        named = named or os.environ.get("AWS_ENDPOINT_URL")
        if named:
            return named
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"
