"""A finding and its severity."""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles.app.check.kinds import ERROR, KINDS
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.policy import Policy
from sealedfiles.util.messages import shell_path

NEVER_ALLOWED = ("new-allow", "unproved-policy")
"""What reports a policy that somebody else may have written: that policy must not hide it."""


class Finding(NamedTuple):
    """A problem at one place.  Only ``subject``, which is never printed, may contain a secret."""

    code: str
    """One of ``KINDS``: stable, because programs and the `allow` of policies use it."""
    path: bytes
    """The file, as git stores it."""
    what: str
    """The description: lower case, no period; no text from a file except names that were checked or
    escaped."""
    line: int = 0
    """The line in the stored text, from 1; 0 for the whole file."""
    key: bytes | None = None
    """The encoded key path of the value; None if there is none."""
    own_fix: str = ""
    """The command that fixes it, if it differs from the one of its kind."""
    commit: str = ""
    """The commit; empty for the index."""
    subject: str = ""
    """The object of the finding, such as a token or a name.  With place and code, it identifies the finding.
    It may be a plaintext value: it is never printed."""
    reason: str = ""
    """The reason for which the policy allows it; empty if it does not."""

    @property
    def is_error(self) -> bool:
        """Whether a secret is or may become readable to an unauthorized person, or a value is lost."""
        return KINDS[self.code].severity == ERROR

    @property
    def shown_key(self) -> str:
        """The key path for display; empty if there is none."""
        return "" if self.key is None else paths.show(self.key)

    @property
    def fix(self) -> str:
        """The command that fixes it."""
        return (self.own_fix or KINDS[self.code].fix).replace("{file}", shell_path(self.path))

    def judged(self, policy: Policy | None, in_force: Policy | None = None) -> Finding:
        """Return the finding with the reason for which *policy* allows it, if it does.

        Only what the policy *in_force* allows as well counts, if there is one (``allowing.policy_in_force``).
        """
        if policy is None or self.code in NEVER_ALLOWED:
            return self
        accepted = None if in_force is None else {allow.words for allow in in_force.allows}
        for allow in policy.allows:
            is_accepted = accepted is None or allow.words in accepted
            if is_accepted and allow.covers(self.code, self.path, self.key):
                return self._replace(reason=allow.reason)
        return self

    @property
    def identity(self) -> tuple[object, ...]:
        """The identity of the finding: equal for the same finding in two commits.

        A finding that is allowed differs from one that is not.
        """
        return self.code, self.path, self.key, self.subject or self.what, bool(self.reason)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings of one version by file and line."""
    return sorted(findings, key=lambda one: (one.path, one.line))
