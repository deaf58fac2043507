"""The log of HEAD: at which commits HEAD was.

A push that replaces history (`git push --force`) does not change it: only the clone's user does.
"""

from __future__ import annotations

import os

from sealedfiles.git.repository import Repository

_MOST = 1000
"""Commits: a clone that is set up late has seen a few."""


def heads_since(repository: Repository, commit: str, size: int) -> list[str]:
    """Return the commits to which this worktree's HEAD moved since its log had *size* and ended in *commit*.

    All commits of the log if it never did: git removes old lines, and each worktree has its own.
    """
    try:
        with open(os.path.join(repository.git_folder, "logs", "HEAD"), "rb") as file:
            data = file.read()
    except FileNotFoundError:  # git is told to keep none, or keeps its refs in another format
        code, out, _ = repository.try_run("log", "--walk-reflogs", "--format=%H", "HEAD", "--")
        return out.decode("ascii").split() if not code else []
    before, after = data[:size], data[size:]
    last = before.rpartition(b"\n")[0].rpartition(b"\n")[2]
    is_same = before.endswith(b"\n") and _moved_to(last) == commit
    found = map(_moved_to, (after if is_same else data).split(b"\n")[:-1])
    return [one for one in dict.fromkeys(found) if one.isalnum()]


def _moved_to(line: bytes) -> str:
    """Return the second id in a line of the log; empty if it has none."""
    return b"".join(line.split(b" ", 2)[1:2]).decode("ascii", "replace")


def visited(repository: Repository) -> list[str]:
    """Return the ids of the commits at which HEAD of this and the other worktrees was, latest first."""
    others = os.path.join(repository.common_folder, "worktrees")
    names = os.listdir(others) if os.path.isdir(others) else []
    found: dict[str, None] = {}
    is_unborn = False
    for head in ("HEAD", "main-worktree/HEAD", *(f"worktrees/{name}/HEAD" for name in names)):
        code, out, _ = repository.try_run(
            "log", "--walk-reflogs", f"--max-count={_MOST}", "--format=%H", head, "--"
        )
        found.update(dict.fromkeys(out.decode("ascii").split() if not code else ()))
        is_unborn = is_unborn or code != 0
    if is_unborn:
        # git shows the reflog of a HEAD without a commit only together with all other reflogs.
        options = ("--reflog", "--no-walk", f"--max-count={_MOST}")
        code, out, _ = repository.try_run("rev-list", *options)
        found.update(dict.fromkeys(out.decode("ascii").split() if not code else ()))
    return list(found)
