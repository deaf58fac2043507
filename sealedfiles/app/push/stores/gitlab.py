"""GitLab: CI/CD variables of a project.  https://docs.gitlab.com/api/project_level_variables/"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from sealedfiles.app.push.stores.base import Remote, Store, Work
from sealedfiles.app.push.stores.rest import Rest, require_host, variable
from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any
from sealedfiles.model.targets import Target
from sealedfiles.remote.http import quoted

_MASKABLE = re.compile(r"[A-Za-z0-9_:@+.~=/-]{8,}")
"""Values that GitLab can mask in job logs."""
_MARK = "sealedfiles"


class GitlabStore(Store):
    """The variables of a project for one environment scope."""

    largest = 10_000
    valid_name = re.compile(r"[A-Za-z0-9_]{1,255}")
    name_rule = "at most 255 of A-Z, a-z, 0-9 and _"

    def __init__(self, target: Target) -> None:
        """Raises RemoteError without a token, or if the environment names another host."""
        host = target.to.option("host") or "gitlab.com"
        address = variable("GITLAB_HOST", "CI_SERVER_URL") or "https://gitlab.com"
        address = address if "://" in address else f"https://{address}"
        require_host("GitLab", host, address, "set GITLAB_HOST, or ?host= in the target")
        token, job = variable("GITLAB_TOKEN"), variable("CI_JOB_TOKEN")
        if not token and not job:
            raise RemoteError("GitLab: there is no token", "set GITLAB_TOKEN")
        headers = {"PRIVATE-TOKEN": token} if token else {"JOB-TOKEN": job}
        self._rest = Rest("GitLab", address, headers, needs="the scope api and the role Maintainer")
        self._path = f"/api/v4/projects/{quoted('/'.join(target.to.steps))}/variables"
        self._scope = target.to.option("scope") or "*"

    def read(self) -> Remote:
        """See Store."""
        found: list[dict[str, Any]] = [
            one
            for one in self._rest.pages(self._path, lambda answer: answer)
            if one.get("environment_scope", "*") == self._scope
        ]
        created = frozenset(
            one["key"]
            for one in found
            if re.fullmatch(rf"{_MARK} \S+ created", str(one.get("description") or ""))
        )
        return Remote({one["key"]: one.get("value") for one in found}, created)

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store."""
        suffix = "?" + urlencode({"filter[environment_scope]": self._scope})
        for name in work.write:
            value = work.values[name]
            data: dict[str, object] = {
                "value": value,
                "raw": True,
            }  # otherwise GitLab expands $NAME
            if name in work.created:
                data["description"] = f"{_MARK} {work.commit} created"
            if name in work.remote.values:
                self._rest.call("PUT", f"{self._path}/{name}{suffix}", data)
            else:
                data |= {"key": name, "environment_scope": self._scope}
                data["masked"] = bool(_MASKABLE.fullmatch(value))
                self._rest.call("POST", self._path, data)
            done(name)
        for name in work.delete:
            self._rest.call("DELETE", f"{self._path}/{name}{suffix}")
            done(name)
