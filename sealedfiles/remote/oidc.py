"""The token by which a CI job proves who it is (OpenID Connect), for logins that need no stored secret.

GitHub: https://docs.github.com/actions/reference/security/oidc.  GitLab: https://docs.gitlab.com/ci/yaml/#id_tokens.
"""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path

from sealedfiles.errors import RemoteError
from sealedfiles.remote.http import Service


def has_job_token(variable: str) -> bool:
    """Return True if ``job_token`` has a place to get a token from."""
    names = (variable, f"{variable}_FILE", "ACTIONS_ID_TOKEN_REQUEST_URL")
    return any(os.environ.get(name) for name in names)


def job_token(variable: str, audience: str = "") -> str:
    """Return the job's token: the value of *variable*, the file in *variable*_FILE, or GitHub's.

    *audience* is for GitHub; if it is empty, GitHub uses the address of the repository's owner.
    Raises RemoteError if there is none.
    """
    token = os.environ.get(variable)
    file = os.environ.get(f"{variable}_FILE")
    if token:
        return token.strip()
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not text"
            raise RemoteError(f"{variable}_FILE ({file}): cannot be read: {why}") from None
    if os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        return _token_of_github(audience)
    raise RemoteError(
        "there is no token of a CI job",
        f"GitHub: give the job permissions: id-token: write; GitLab: set id_tokens: {variable}: aud: ADDRESS",
        f"elsewhere: set {variable}_FILE to a file that contains the token",
    )


def _token_of_github(audience: str) -> str:
    url = urllib.parse.urlsplit(os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"])
    asked = urllib.parse.urlencode({"audience": audience}) if audience else ""
    query = "&".join(filter(None, (url.query, asked)))
    secret = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    service = Service(
        "GitHub", f"{url.scheme}://{url.netloc}", {"Authorization": f"Bearer {secret}"}
    )
    response = service.request("GET", f"{url.path}?{query}")
    answer = response.json() if response.is_ok else None
    token = answer.get("value") if isinstance(answer, dict) else None
    if not token:
        raise RemoteError(
            f"GitHub did not give the job a token (HTTP status {response.status})",
            "give the job permissions: id-token: write",
        )
    return str(token)
