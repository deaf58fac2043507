"""The request of a run of `sealedfiles check`."""

from __future__ import annotations

from sealedfiles.light_typing import NamedTuple


class Wanted(NamedTuple):
    """What to check; by default the index."""

    staged: bool = False
    """Only the changes of the index."""
    revisions: tuple[str, ...] = ()
    history: bool = False
    """All commits."""
    known_on: str = ""
    """A remote: commits that one of its branches has are skipped."""
    known_here: bool = False
    """Commits that any branch or tag here has are skipped."""
    keyed: bool = False
    """Also decrypt tokens."""
    hook: bool = False
    """For a hook: decrypt tokens as far as keys are available, and compare additions with the decrypted
    values."""
    tags: tuple[str, ...] = ()
    """Annotated tags whose messages are also compared."""
    paths: tuple[bytes, ...] = ()
    """Files and folders; empty for all."""

    @property
    def commits(self) -> bool:
        """Whether commits are checked instead of the index."""
        return bool(self.revisions) or self.history

    def selects(self, path: bytes) -> bool:
        """Return True if *path* is selected."""
        return not self.paths or any(
            path == one or path.startswith(one + b"/") for one in self.paths
        )
