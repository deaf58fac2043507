"""What the history of a group's ``epochs`` file shows: where its keys start, and which were retired.

For clones that remember nothing, like those of CI, and for what was pulled since a clone looked last.  Anyone
with push access can push a commit that puts old keys back, or other keys in their place; the commits of
before are still there.  Somebody who rewrites the whole history is not noticed by this: for that there are
expected key ids (``keys.expected``).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import SealedFilesError, TamperedError
from sealedfiles.git.folders import TreeFolder
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.keys.expected import VARIABLE, StartError
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.retirement import read_verified, retired_by
from sealedfiles.util.messages import printable, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.clone import Clone
    from sealedfiles.keys.epochs import Epoch

_MOST = 10_000
"""So many versions of one file are read: hostile history must not hang a command."""


class _Version(NamedTuple):
    commit: str
    is_root: bool
    """Whether no commit before it has the file."""
    words: str
    """The commit, its author and date, for a message."""


def verify_start(clone: Clone, group: str, epochs: list[Epoch]) -> None:
    """Raise StartError if the first key of *group* is not the first that was ever committed.

    *epochs* are verified.  A group that was replaced as a whole is found by it in a clone that remembers
    nothing.  A shallow clone cannot tell, and warns.
    """
    first = epochs[0].key_id
    if (clone.repository.common_dir / "shallow").is_file():
        say(
            f"this clone is shallow: nobody can verify here that the keys of {group} were not replaced",
            f"set {VARIABLE}={group}={first} where this runs, after you have compared the key id",
            "or fetch the whole history: git fetch --unshallow",
        )
        return
    for version in _versions(clone, group):
        if not version.is_root:
            continue
        data = TreeFolder(clone.objects, version.commit).read(f"keys/{group}/epochs") or b""
        try:
            start = parse_epochs(data, group)[0].key_id
        except TamperedError:
            continue
        if start != first:
            newest = next(_versions(clone, group))
            raise StartError(
                f"the keys of the group {group} were replaced: they start with {first}, but with {start} in "
                f"commit {version.words}",
                f"the file was changed last in commit {newest.words}",
                f"see who replaced them: git log -p -- {NAME}/keys/{group}/epochs",
                f"if the new keys are right, expect them: {VARIABLE}={group}={first}",
            )


def learn_retired(clone: Clone, group: str) -> None:
    """Add to what this clone remembers the keys of *group* that commits of HEAD retire.

    Only commits since this was done last are read, and nothing is if HEAD has not moved.
    """
    now = _head_state(clone)
    before, head = clone.state.looked_at(group)
    if now and now == before:
        return
    code, out, _ = clone.repository.try_run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if code:
        return
    new_head = out.decode("ascii", "replace").strip()
    found: set[str] = set()
    seen: set[bytes] = set()
    for version in _versions(clone, group, head) if new_head != head else ():
        folder = TreeFolder(clone.objects, version.commit)
        try:
            data = folder.read(f"keys/{group}/epochs") or b""
            if b" revoked " in data and data not in seen:
                seen.add(data)
                found |= retired_by(read_verified(clone.ring, group, folder))
        except SealedFilesError:
            continue  # not made by readers of the group, or of keys that nobody wrapped to this one
    clone.retire(group, found)
    clone.state.note_looked_at(group, now, new_head)


def forget_retired(clone: Clone, group: str) -> None:
    """Forget which keys of *group* commits up to HEAD have retired."""
    code, out, _ = clone.repository.try_run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    head = "" if code else out.decode("ascii", "replace").strip()
    clone.state.write_retired(group, ())
    clone.state.note_looked_at(group, _head_state(clone), head)


def _head_state(clone: Clone) -> str:
    """Return what changes when HEAD moves, empty if that is not known without asking git."""
    try:
        stat = os.stat(clone.repository.git_dir / "logs" / "HEAD")
    except OSError:
        return ""
    return f"{stat.st_mtime_ns}-{stat.st_size}"


def _versions(clone: Clone, group: str, since: str = "") -> Iterator[_Version]:
    """Yield the commits of HEAD that changed the epochs of *group*, newest first."""
    file = f"{NAME}/keys/{group}/epochs"
    show = ["log", "--full-history", "--parents", "--format=%x00%H%x1f%P%x1f%h by %an <%ae> on %as"]
    code, out, _ = clone.repository.try_run(
        *show, f"--max-count={_MOST}", *([f"{since}..HEAD"] if since else ["HEAD"]), "--", file
    )
    if code and since:  # the commit is gone: look at all of them
        yield from _versions(clone, group)
        return
    for record in out.decode("utf-8", "replace").split("\x00")[1:] if code == 0 else ():
        commit, parents, words = record.strip("\n").split("\x1f", 2)
        yield _Version(commit, not parents.strip(), printable(words))
