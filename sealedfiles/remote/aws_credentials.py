"""AWS credentials, from the places of AWS's own programs, without their library.

https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html.  Of profiles,
only those with keys are read here; roles and single sign-on are left to the program ``aws``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.parse
from functools import cache
from pathlib import Path

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.remote import oidc
from sealedfiles.remote.aws_endpoints import endpoint
from sealedfiles.remote.http import Response, Service

_CONTAINERS = "http://169.254.170.2"
_TRUSTED_HOSTS = frozenset(
    {"localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}
)
"""Hosts that may be asked for credentials without TLS: this machine, ECS, EKS."""
_METADATA = "http://169.254.169.254"
_JOB_TOKEN = "AWS_ID_TOKEN"
"""The variable for the token of a CI job, as in GitLab's ``id_tokens:``."""
_SECONDS = 120
"""How long ``aws`` may take; single sign-on may ask the user."""


class Credentials(NamedTuple):
    """What signs requests."""

    access_key: str
    secret_key: str
    session_token: str = ""


@cache
def credentials(region: str) -> Credentials:
    """Return the credentials of the first place that has some; it is asked once per process.

    In order: variables, a web identity token with a role, the user's files, the program ``aws`` if there are
    such files, the container, the machine.  *region* is for the web identity.  Raises RemoteError.
    """
    places = (_variables, lambda: _web_identity(region), _files, _program, _container, _machine)
    for place in places:
        found = place()
        if found:
            return found
    raise RemoteError(
        "AWS: no credentials found",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        "in a CI job, set AWS_ROLE_ARN, and let the job have an OpenID Connect token",
    )


def _variables() -> Credentials | None:
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        return None
    return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN", ""))


def _web_identity(region: str) -> Credentials | None:
    """Return the credentials of AWS_ROLE_ARN for the token in AWS_WEB_IDENTITY_TOKEN_FILE, or a CI job's."""
    role = os.environ.get("AWS_ROLE_ARN")
    file = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if not role or not (file or oidc.has_job_token(_JOB_TOKEN)):
        return None
    if file:
        token = _text("AWS_WEB_IDENTITY_TOKEN_FILE", file)
    else:
        token = oidc.job_token(_JOB_TOKEN, "sts.amazonaws.com")
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": os.environ.get("AWS_ROLE_SESSION_NAME") or "sealedfiles",
        "WebIdentityToken": token,
    }
    response = Service("AWS STS", endpoint("sts", region)).request(
        "POST",
        "/",
        urllib.parse.urlencode(form).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    answer = response.body.decode("utf-8", "replace")
    if not response.is_ok:
        kind = _element(answer, "Code") or f"HTTP status {response.status}"
        raise RemoteError(
            f"AWS STS: the role {role} was refused to this job: {kind}",
            "check the role's trust policy: the provider, the audience and the subject of the token",
        )
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return _complete("AWS STS", *(_element(answer, name) for name in names))


def _element(text: str, name: str) -> str:
    found = re.search(rf"<{name}>\s*([A-Za-z0-9+/=._-]+)\s*</{name}>", text)
    return found[1] if found else ""


def _files() -> Credentials | None:
    """Return the keys of the profile, if it has some and does not use them to assume a role."""
    import configparser

    name = os.environ.get("AWS_PROFILE") or "default"
    found: dict[str, str] = {}
    for path in map(os.path.expanduser, _configuration()):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            return None  # `aws` says what is wrong with it
        for section in (f"profile {name}", name):
            found.update(parser[section] if parser.has_section(section) else {})
    key, secret = found.get("aws_access_key_id"), found.get("aws_secret_access_key")
    if not key or not secret or "role_arn" in found:
        return None
    return Credentials(key, secret, found.get("aws_session_token", ""))


def _program() -> Credentials | None:
    """Return what ``aws`` gives for the profile, if the user has configured it."""
    if not os.environ.get("AWS_PROFILE") and not any(map(_is_file, _configuration())):
        return None
    program = shutil.which("aws")
    if program is None:
        if not os.environ.get("AWS_PROFILE"):
            return None
        raise RemoteError(
            "AWS_PROFILE is set, and the program aws was not found on PATH", "install AWS CLI 2"
        )
    command = [program, "configure", "export-credentials", "--format", "process"]
    try:
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_SECONDS,
            check=False,
        )
        answer = json.loads(run.stdout) if run.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        answer = None
    if not isinstance(answer, dict):
        raise RemoteError(
            "AWS: aws configure export-credentials gave no credentials",
            "log in, for example: aws sso login; AWS CLI 2 is needed",
        )
    return _from_json("aws", answer, "SessionToken")


def _configuration() -> list[str]:
    folder = "~/.aws/"
    return [
        os.environ.get("AWS_CONFIG_FILE") or folder + "config",
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or folder + "credentials",
    ]


def _is_file(path: str) -> bool:
    return os.path.isfile(os.path.expanduser(path))


def _container() -> Credentials | None:
    """Return the credentials of a task of ECS, or a pod of EKS."""
    relative = os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    full = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not relative and not full:
        return None
    url = urllib.parse.urlsplit(f"{_CONTAINERS}{relative}" if relative else full or "")
    if url.scheme != "https" and url.hostname not in _TRUSTED_HOSTS:
        raise RemoteError(
            f"AWS_CONTAINER_CREDENTIALS_FULL_URI: {url.hostname} may not be asked without TLS"
        )
    file = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    if file:
        token = _text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)
    service = Service(
        "the credentials of the container", f"{url.scheme}://{url.netloc}", local=True
    )
    path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    response = service.request("GET", path, headers={"Authorization": token} if token else {})
    return _from_response(service, response)


def _machine() -> Credentials | None:
    """Return the credentials of an EC2 instance's role, by its metadata service, version 2."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    address = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _METADATA
    service = Service("the metadata of the machine", address, local=True)
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
    try:
        token = service.request("PUT", "/latest/api/token", headers=lifetime)
    except RemoteError:
        return None  # this machine is not one of EC2
    if not token.is_ok:
        return None
    headers = {"X-aws-ec2-metadata-token": token.body.decode("ascii", "replace")}
    folder = "/latest/meta-data/iam/security-credentials/"
    roles = service.request("GET", folder, headers=headers)
    role = roles.body.decode("utf-8", "replace").split("\n")[0].strip()
    if not roles.is_ok or not role:
        return None
    response = service.request("GET", folder + urllib.parse.quote(role), headers=headers)
    return _from_response(service, response)


def _from_response(service: Service, response: Response) -> Credentials:
    answer = response.json() if response.is_ok else None
    if not isinstance(answer, dict):
        raise RemoteError(f"{service.name}: HTTP status {response.status}")
    return _from_json(service.name, answer, "Token")


def _from_json(place: str, answer: dict[str, Any], token: str) -> Credentials:
    names = ("AccessKeyId", "SecretAccessKey", token)
    return _complete(place, *(str(answer.get(name) or "") for name in names))


def _complete(place: str, key: str = "", secret: str = "", token: str = "") -> Credentials:
    if not key or not secret:
        raise RemoteError(f"{place}: the answer has no credentials")
    return Credentials(key, secret, token)


def _text(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise RemoteError(f"{variable} ({path}): cannot be read: {why}") from None
