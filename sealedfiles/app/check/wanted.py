"""What a run of `sealedfiles check` is asked to check."""

from __future__ import annotations

from typing import NamedTuple


class Wanted(NamedTuple):
    """What is to be looked at.  The index, where nothing else is said."""

    staged: bool = False
    """Only what the index changes."""
    revisions: tuple[str, ...] = ()
    history: bool = False
    """Every commit there is."""
    known_on: str = ""
    """A remote: commits that one of its branches has are left out."""
    known_here: bool = False
    """Commits that any branch or tag here has are left out."""
    keyed: bool = False
    """Tokens are opened, too."""
    hook: bool = False
    """For a hook: tokens are opened as far as keys are available, and what is added is compared with the
    values that they open."""
    tags: tuple[str, ...] = ()
    """Annotated tags whose messages are compared, too."""
    paths: tuple[bytes, ...] = ()
    """Files and folders; none: all."""

    @property
    def commits(self) -> bool:
        """Whether commits are looked at, and not the index."""
        return bool(self.revisions) or self.history

    def selects(self, path: bytes) -> bool:
        """Tell whether *path* is of interest."""
        return not self.paths or any(
            path == one or path.startswith(one + b"/") for one in self.paths
        )
