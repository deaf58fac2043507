"""One finding, and how grave it is."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.app.check.kinds import ERROR, KINDS
from sealedfiles.model import paths
from sealedfiles.sealing.file import show_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.model.policy import Policy


class Finding(NamedTuple):
    """Something that is not as it should be, at one place.  No part of it holds a secret."""

    code: str
    """One of ``KINDS``: stable, for programs and for the policy's `allow`."""
    path: bytes
    """The file, as git stores it."""
    what: str
    """What it is, here: lower case, no full stop; nothing from a file in it but names that were checked
    or escaped."""
    line: int = 0
    """Counted from 1, in the stored text; 0: the file as a whole."""
    key: bytes | None = None
    """The encoded key path of the value; None: no value."""
    fix: str = ""
    """The command that mends it, where it is not the one of its kind."""
    commit: str = ""
    """The commit it was found in; empty: the index."""
    subject: str = ""
    """What it is about, beside place and code: a token, a name.  The same again is the same finding.
    It may be a value in the clear: it is never shown."""
    reason: str = ""
    """Why the policy allows it; empty: it does not."""

    @property
    def is_error(self) -> bool:
        """Whether a secret is or may become readable to somebody who should not, or a value is lost."""
        return KINDS[self.code].severity == ERROR

    @property
    def shown_key(self) -> str:
        """The key path as people write it, empty where there is none."""
        return "" if self.key is None else paths.show(self.key)

    @property
    def mend(self) -> str:
        """The command that mends it."""
        return (self.fix or KINDS[self.code].fix).replace("{file}", shown_argument(self.path))

    def judged(self, policy: Policy | None) -> Finding:
        """Return the finding with the reason for which *policy* allows it, if it does."""
        for allow in policy.allows if policy else ():
            if allow.covers(self.code, self.path, self.key):
                return self._replace(reason=allow.reason)
        return self

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two findings, perhaps of two commits, the same one.

        One that was allowed is another one where it is not.
        """
        return self.code, self.path, self.key, self.subject or self.what, bool(self.reason)


def shown_argument(path: bytes) -> str:
    """Return a path as an argument in a command that is shown."""
    return shlex.quote(show_path(path))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings of one version by file and line."""
    return sorted(findings, key=lambda one: (one.path, one.line))
