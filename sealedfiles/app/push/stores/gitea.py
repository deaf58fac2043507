"""Gitea and Forgejo: secrets of Actions of a repository.

The service returns no value of a secret, but its description, which holds a keyed digest of the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sealedfiles.app.push.stores.base import Remote, Store, Work
from sealedfiles.app.push.stores.rest import Rest, require_host, variable
from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any
from sealedfiles.model.targets import Target
from sealedfiles.remote.http import quoted

_DESCRIPTION = re.compile(r"sealedfiles (?P<commit>\S+) (?P<digest>\S+)(?P<created> created)?")


class GiteaStore(Store):
    """The secrets of a repository."""

    can_read = False
    largest = 65536
    valid_name = re.compile(r"(?!GITHUB_|GITEA_|FORGEJO_)[A-Z_][A-Z0-9_]*")
    name_rule = "of A-Z, 0-9 and _, and must not begin with a digit, GITHUB_, GITEA_ or FORGEJO_"

    def __init__(self, target: Target) -> None:
        """Raises RemoteError without a token, or if the environment names another host."""
        host, owner, repository = target.to.steps
        address = variable("GITEA_SERVER_URL", "FORGEJO_SERVER_URL")
        require_host("Gitea", host, address, f"set GITEA_SERVER_URL, such as https://{host}")
        token = variable("GITEA_TOKEN", "FORGEJO_TOKEN")
        if not token:
            raise RemoteError("Gitea: there is no token", "set GITEA_TOKEN")
        headers = {"Authorization": f"token {token}"}
        needs = "the scope write:repository"
        self._rest = Rest("Gitea", address, headers, needs=needs, page=50)
        self._path = f"/api/v1/repos/{quoted(owner)}/{quoted(repository)}/actions/secrets"

    def read(self) -> Remote:
        """See Store."""
        found: list[dict[str, Any]] = list(self._rest.pages(self._path, lambda answer: answer))
        digests, created = {}, set()
        for secret in found:
            match = _DESCRIPTION.fullmatch(str(secret.get("description") or ""))
            if match:
                digests[secret["name"]] = match["digest"]
                created |= {secret["name"]} if match["created"] else set()
        return Remote({one["name"]: None for one in found}, frozenset(created), digests)

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store."""
        for name in work.write:
            is_created = " created" if name in work.created else ""
            description = f"sealedfiles {work.commit} {work.digests.get(name) or '-'}{is_created}"
            data = {"data": work.values[name], "description": description}
            self._rest.call("PUT", f"{self._path}/{name}", data)
            done(name)
        for name in work.delete:
            self._rest.call("DELETE", f"{self._path}/{name}")
            done(name)
