"""GitHub: secrets of Actions, of a repository or of an environment.

GitHub returns no value of a secret.  So a variable of the same repository or environment holds a keyed digest
of each, and which secrets `push` created.  https://docs.github.com/en/rest/actions/secrets
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from sealedfiles.app.push.stores.base import Remote, Store, Work
from sealedfiles.app.push.stores.rest import Rest, RestError, variable
from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.light_typing import Any
from sealedfiles.model.targets import Target
from sealedfiles.remote.http import quoted

_LARGEST = 48 << 10


class GithubStore(Store):
    """The secrets of a repository, or of one of its environments."""

    can_read = False
    largest = _LARGEST
    valid_name = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
    name_rule = "of A-Z, 0-9 and _, and must not begin with a digit or with GITHUB_"

    def __init__(self, target: Target) -> None:
        """Raises RemoteError without a token, and UsageError without PyNaCl."""
        self._seal = _sealing()
        token = variable("GH_TOKEN", "GITHUB_TOKEN")
        if not token:
            raise RemoteError("GitHub: there is no token", "set GH_TOKEN or GITHUB_TOKEN")
        address = variable("GITHUB_API_URL") or "https://api.github.com"
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        needs = "write access to secrets and variables of Actions (and of environments)"
        self._rest = Rest("GitHub", address, headers, needs=needs)
        repository = "/repos/" + "/".join(map(quoted, target.to.steps))
        environment = target.to.option("env")
        self._path = (
            f"{repository}/environments/{quoted(environment)}"
            if environment
            else f"{repository}/actions"
        )
        self._variable = f"SEALEDFILES_{re.sub('[^A-Z0-9]', '_', target.name.upper())}"

    def read(self) -> Remote:
        """See Store.  ``state`` is the content of the variable; None if the token may not read it."""
        times = self._times()
        known = self._read_record()
        digests = {}
        for name, entry in ((known or {}).get("digests") or {}).items():
            digest, _, time = str(entry).partition(" ")
            if times.get(name) == time:  # otherwise somebody else has written it since
                digests[name] = digest
        created = frozenset((known or {}).get("created") or ())
        return Remote(dict.fromkeys(times), created, digests, known)

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store."""
        times = self._times()
        written: list[str] = []
        self._write_record(work, work.kept, written, times)
        key = self._rest.call("GET", f"{self._path}/secrets/public-key")
        try:
            for name in work.write:
                value = self._seal(key["key"], work.values[name])
                data = {"encrypted_value": value, "key_id": key["key_id"]}
                self._rest.call("PUT", f"{self._path}/secrets/{name}", data)
                written.append(name)
                done(name)
            for name in work.delete:
                self._rest.call("DELETE", f"{self._path}/secrets/{name}")
                done(name)
        except RemoteError:
            with suppress(RemoteError):  # the first error is the one to report
                created = [name for name in work.created if name in {*work.kept, *written}]
                self._write_record(work, created, written, self._times())
            raise
        self._write_record(work, work.created, written, self._times())

    def _times(self) -> dict[str, str]:
        """Return when each secret was written last."""
        entries = self._rest.pages(f"{self._path}/secrets", lambda answer: answer["secrets"])
        return {entry["name"]: str(entry.get("updated_at")) for entry in entries}

    def _read_record(self) -> dict[str, Any] | None:
        try:
            found = self._rest.find(f"{self._path}/variables/{self._variable}")
        except RestError as error:
            if error.status == 403:
                return None
            raise
        try:
            content = json.loads(found["value"]) if found else {}
        except ValueError:
            content = {}
        return content if isinstance(content, dict) else {}

    def _write_record(
        self, work: Work, created: list[str], written: list[str], times: Mapping[str, str]
    ) -> None:
        """Write the variable: the digests of what was there before, and of what was *written*."""
        if work.remote.state is None:
            return
        kept = {n: d for n, d in work.remote.digests.items() if n not in work.write}
        now = {name: work.digests.get(name, "") for name in written}
        content = {
            "commit": work.commit,
            "created": created,
            "digests": {n: f"{d} {times[n]}" for n, d in {**kept, **now}.items() if n in times},
        }
        data = {"name": self._variable, "value": json.dumps(content)}
        if self._rest.find(f"{self._path}/variables/{self._variable}") is None:
            self._rest.call("POST", f"{self._path}/variables", data)
        else:
            self._rest.call("PATCH", f"{self._path}/variables/{self._variable}", data)


def _sealing() -> Callable[[str, str], str]:
    """Return a function that encrypts a value to a public key, as libsodium's sealed box.

    Raises UsageError if PyNaCl is missing.
    """
    try:
        from nacl.public import PublicKey, SealedBox
    except ImportError:
        raise UsageError(
            "GitHub needs values in libsodium's format, and the Python package PyNaCl is missing",
            "install it: pip install 'sealedfiles[github]'",
        ) from None

    def seal(key: str, value: str) -> str:
        box = SealedBox(PublicKey(base64.b64decode(key)))
        return base64.b64encode(box.encrypt(value.encode())).decode()

    return seal
