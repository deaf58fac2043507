"""Read the history of a group's ``epochs`` file: its first key, and the keys that were retired.

This is for clones without a record of the group's keys, such as in CI, and for commits pulled since the last
check.  Anyone with push access can push a commit that restores old keys or replaces the keys, but the earlier
commits still exist.  Rewriting the whole history is detected only by expected key ids (``keys.expected``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from sealedfiles.errors import GitError, TamperedError
from sealedfiles.git.folders import TreeFolder
from sealedfiles.git.objects import Objects
from sealedfiles.git.repository import Repository
from sealedfiles.keys.epochs import Epoch, parse_epochs
from sealedfiles.keys.expected import VARIABLE, StartError
from sealedfiles.keys.folder import NAME
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import printable, warn

MOST = 10_000
"""Maximum number of versions of one file to read, so that a hostile history cannot hang a command.

A longer history is refused, because if only a part were read, anyone could hide old versions by pushing
commits.
"""

_FEW = 100
"""Commits that are given as arguments."""


class EpochCommit(NamedTuple):
    """A commit that changed a group's ``epochs`` file."""

    commit: str
    parents: tuple[str, ...]
    """The commits before it that changed the file; empty if no earlier commit has the file."""
    words: str
    """The commit, its author and its date, for messages."""


def verify_start(repository: Repository, objects: Objects, group: str, epochs: list[Epoch]) -> None:
    """Raise StartError if the first key in *epochs* is not the first key of *group* that was ever committed.

    Nor may it differ from the first key on the remote's default branch.  *epochs* must be verified already.
    This detects that a whole group was replaced, in a clone without a record of it.  A shallow clone cannot
    detect that; then a warning is printed.
    """
    first = epochs[0].key_id
    if (repository.common_dir / "shallow").is_file():
        warn(
            f"this clone is shallow: cannot verify that the keys of {group} were not replaced",
            f"compare the key id, then set {VARIABLE}={group}={first}",
            "or fetch the whole history: git fetch --unshallow",
        )
        return
    starts = _starts(repository, objects, group)
    for start, version in starts.items():
        if start != first:
            newest = next(versions(repository, group))
            raise StartError(
                f"the keys of the group {group} were replaced: they start with {first}, but with {start} in "
                f"commit {version.words}",
                f"the last commit that changed the file is {newest.words}",
                f"find who replaced them: git log -p -- {NAME}/keys/{group}/epochs",
                f"if the new keys are correct, expect them: {VARIABLE}={group}={first}",
            )
    if starts:
        from sealedfiles.git.default_branch import verify_default_branch  # on first use only

        verify_default_branch(
            repository, group, first, lambda tip: {*_starts(repository, objects, group, tip)}
        )


def _starts(
    repository: Repository, objects: Objects, group: str, tip: str = "HEAD"
) -> dict[str, EpochCommit]:
    """Return the first keys of *group* in the history of *tip*, with the commits that have them."""
    found: dict[str, EpochCommit] = {}
    for version in versions(repository, group, tip=tip):
        if version.parents:
            continue
        folder = TreeFolder(objects, version.commit, is_evidence=True)
        data = folder.read(f"keys/{group}/epochs") or b""
        with contextlib.suppress(TamperedError):
            found.setdefault(parse_epochs(data, group)[0].key_id, version)
    return found


def versions(
    repository: Repository,
    group: str,
    since: str = "",
    heads: Sequence[str] = (),
    tip: str = "HEAD",
) -> Iterator[EpochCommit]:
    """Yield the commits of *tip* and *heads* after *since* that changed the epochs of *group*, newest first.

    Of *heads*, those that git has removed are left out.  If HEAD has no commit, as after `git checkout
    --orphan`, the commits of all refs are read.

    Raises TamperedError if there are more than ``MOST``, because no group is rotated so often.
    """
    from sealedfiles.git.dates import AUTHORED, authored  # the filter does not need it

    file = f"{NAME}/keys/{group}/epochs"
    show = ["log", "--full-history", "--topo-order", "--parents", f"--max-count={MOST + 1}"]
    show.append(f"--format=%x00%H%x1f%P%x1f{AUTHORED}")
    # Arguments have a maximum length, and stdin needs `subprocess`.
    few = heads if len(heads) <= _FEW else []
    more = b"" if few else "".join(f"{one}\n" for one in heads).encode("ascii")
    options = [*(["--ignore-missing"] if heads else []), *(["--stdin"] if more else []), *few]
    revisions = f"{since}..{tip}" if since else tip
    code, out, _ = repository.try_run(*show, *options, revisions, "--", file, stdin=more)
    if code and since:  # the commit no longer exists: read all versions
        yield from versions(repository, group, heads=heads, tip=tip)
        return
    if code and repository.head_commit():
        _explain_failure(repository, group)
        return
    if code:
        code, out, _ = repository.try_run(*show, *options, "--all", "--", file, stdin=more)
    records = out.decode("utf-8", "replace").split("\x00")[1:]
    if len(records) > MOST:
        raise TamperedError(
            f"the keys of the group {group} were changed by more than {MOST:,} commits: "
            "their history cannot be verified",
            f"find who made these commits: git log -- {file}",
            "remove them from the branch",
        )
    for record in records:
        commit, parents, words = record.strip("\n").split("\x1f", 2)
        yield EpochCommit(commit, tuple(parents.split()), printable(authored(words)))


def _explain_failure(repository: Repository, group: str) -> None:
    """Print a warning if git cannot read the history because this clone lacks trees; else raise GitError."""
    if not repository.is_partial:
        raise GitError(f"git cannot read the history of the keys of {group}", "git fsck")
    warn(
        f"this clone is partial, without trees: cannot verify that the keys of {group} were not replaced",
        "clone it with --filter=blob:none, or without a filter",
    )
