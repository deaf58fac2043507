"""The versions to check: the index, its changes, commits, or the whole history."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sealedfiles.app.check.renames import ComparedVersion, Task
from sealedfiles.app.check.versions import IndexVersion, Store, Version, staged_version
from sealedfiles.errors import UsageError
from sealedfiles.git.clone_keys import merged_commits
from sealedfiles.model.paths import json_string
from sealedfiles.util.lazy_pattern import lazy_pattern

_SHORT = 12
_PARENTS = lazy_pattern(r"\^(?:[!@]|-[0-9]*)\Z")
"""``COMMIT^!``, ``COMMIT^@``, ``COMMIT^-``: a commit without its parents, or only its parents."""

_GLOB = lazy_pattern(r"[*?\[\\]")


def index_task(store: Store, *, everything: bool) -> Task:
    """Return the task to check the index, all of it or only its changes."""
    parents = []
    for name in ["HEAD", *_merged(store)]:
        commit = store.resolve(f"{name}^{{commit}}")
        if commit:
            shown = name if name == "HEAD" else f"MERGE_HEAD {name[:_SHORT]}"
            parents.append(ComparedVersion(shown, Version(store, commit)))
    version = IndexVersion(store) if everything else staged_version(store)
    return Task(version, parents, everything)


def _merged(store: Store) -> list[str]:
    """Return the commits that are being merged into HEAD."""
    head = store.repository.git_dir / "MERGE_HEAD"
    if head.is_file():
        return head.read_text(encoding="ascii", errors="replace").split()
    # During pre-merge-commit the file does not exist yet.
    return merged_commits()


class Commits:
    """The commits of *revisions* (in the syntax of `git rev-list`) with their parents.

    *known_on* is a remote: commits of its branches are skipped; *known_here* skips commits that any
    reference here has.  Without revisions: all commits.  Raises UsageError for an invalid
    revision.
    """

    def __init__(
        self,
        store: Store,
        revisions: Iterable[str] = (),
        *,
        known_on: str = "",
        known_here: bool = False,
    ) -> None:
        self._store = store
        self._versions: dict[str, Version] = {}
        lines = [_revision(store, revision) for revision in revisions]
        options = [] if lines else ["--all"]
        if known_here:
            options += ["--not", "--all"]
        if known_on and not _GLOB.search(known_on):
            options += ["--not", f"--remotes={known_on}"]
        # Through stdin: there may be too many for a command line, and after --not git would negate them.
        out = store.repository.run(
            "rev-list",
            "--parents",
            "--reverse",
            "--topo-order",
            "--stdin",
            *options,
            stdin="".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"),
        )
        self._listed = [line.split() for line in out.decode("ascii").split("\n")[:-1]]

    def __len__(self) -> int:
        return len(self._listed)

    def at_the_edge(self) -> int:
        """Return how many of the commits have parents that are missing in a shallow clone."""
        file = self._store.repository.common_dir / "shallow"
        edge = set(file.read_text(encoding="ascii").split()) if file.is_file() else set()
        return sum(commit[0] in edge for commit in self._listed)

    def __iter__(self) -> Iterator[Task]:
        """Yield the task to check each commit, parents first."""
        waiting: dict[str, int] = {}
        for _, *parents in self._listed:
            for parent in parents:
                waiting[parent] = waiting.get(parent, 0) + 1
        for commit, *parents in self._listed:
            version = self._version(commit)
            yield Task(
                version, [ComparedVersion(p[:_SHORT], self._version(p)) for p in parents], False
            )
            for done in parents:
                waiting[done] -= 1
                if not waiting[done]:
                    del self._versions[done]
            if commit not in waiting:
                del self._versions[commit]

    def _version(self, commit: str) -> Version:
        if commit not in self._versions:
            self._versions[commit] = Version(self._store, commit)
        return self._versions[commit]


def _revision(store: Store, text: str) -> str:
    """Return *text* if it is a commit or a range of commits.  Raises UsageError.

    Options are refused, so that they never reach git.  Revisions that resolve to no commits are refused,
    because the check would seem to pass.
    """
    plain = _PARENTS.sub("", text.removeprefix("^"))
    ends = re.split(r"\.\.\.?", plain) if ".." in plain else [plain]
    is_good = len(ends) <= 2 and not any(char in text for char in "\n\x00")
    for end in ends:
        name = end or ("HEAD" if len(ends) == 2 else "")
        is_good = is_good and bool(name) and not name.startswith(("-", "^"))
        is_good = is_good and store.resolve(f"{name}^{{commit}}") is not None
    if not is_good:
        raise UsageError(
            f"{json_string(text)} is not a revision or range",
            "use the syntax of git rev-list: A..B, HEAD^!, BRANCH, ^BRANCH",
        )
    return text
