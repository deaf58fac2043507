"""Find the commits and objects that a push adds to the remote.

Remote-tracking refs are not used: a fetch from another remote, or anyone with access to this clone, can
write `refs/remotes/origin/...`, and all its ancestors would then count as pushed.  Only the remote itself
is trusted: the object ids on the hook's stdin and, if these leave many commits, the output of `git
ls-remote`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from sealedfiles.errors import UsageError
from sealedfiles.git.repository import Repository
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import Note, shell_word

_FEW = 100
"""Up to this number of commits, checking them is cheaper than running `git ls-remote`."""

_MOST_TREES = 50
"""Maximum number of the remote's commits to search for trees and blobs that are pushed without a commit."""

_TIMEOUT = 30
"""Timeout for the remote, in seconds."""


class Update(NamedTuple):
    """One ref that is pushed."""

    name: str
    """The name of the ref on the remote."""
    new: str
    """The new object id; zeros if the ref is deleted."""
    old: str
    """The current object id on the remote; zeros or empty if there is none."""


class Pushed(NamedTuple):
    """The commits and objects to check before a push."""

    revisions: list[str]
    """Arguments for `git rev-list`: the new commits and, with ``^``, commits that the remote already has."""
    tags: list[str]
    """The ids of the annotated tags that are pushed."""
    without_commit: list[Update]
    """Updates to a tree or blob, whose files have no path that determines how they are sealed."""
    notes: list[Note]


def read_updates(fields: int) -> list[list[str]]:
    """Return the lines on a hook's stdin, one for each ref, split into *fields* words."""
    data = sys.stdin.buffer.read() if sys.stdin else b""
    lines = [line.split(" ") for line in data.decode("utf-8", "surrogateescape").split("\n")]
    return [line for line in lines if len(line) == fields]


def unpushed(repository: Repository) -> Pushed:
    """Return what a push of the current branch would send to its remote.  Raises UsageError, GitError."""
    head = _commits(repository, ["HEAD"])
    if not head:
        raise UsageError("there is no commit to push")
    branch = repository.try_run("symbolic-ref", "-q", "--short", "HEAD")[1]
    name = branch.decode("utf-8", "surrogateescape").strip()
    keys = (f"branch.{name}.pushRemote", "remote.pushDefault", f"branch.{name}.remote")
    remote = next(filter(None, map(repository.config, keys)), "origin")
    code, out, _ = repository.try_run("remote", "get-url", "--push", "--", remote)
    if code:
        raise UsageError(
            f"there is no remote {remote}",
            "add one: git remote add NAME URL",
            "list: git remote -v",
        )
    url = out.decode("utf-8", "surrogateescape").strip()
    return pushed(repository, [Update("HEAD", head[0], "")], url, few=0)


def pushed(
    repository: Repository, updates: Iterable[Update], url: str, *, few: int = _FEW
) -> Pushed:
    """Return what to check before *updates* are pushed to *url*.  Raises GitError.

    For more than *few* new commits, the remote is asked which of them it has.
    """
    updates = list(updates)
    kinds = _kinds(repository, updates)
    tips = [commit for _, _, commit in kinds if commit]
    there = _commits(repository, [one.old for one in updates])
    bare = [one for one, kind, commit in kinds if kind and not commit]
    notes: list[Note] = []
    if url and (bare or (tips and _count(repository, tips, there) > few)):
        advertised = _advertised(repository, url)
        if advertised is None:
            what = "the remote did not list its branches: commits that it may already have are checked too"
            notes.append(Note(what, (f"to see why: git ls-remote {shell_word(url)}",)))
        else:
            there += _commits(repository, sorted(advertised))
            bare = [one for one in bare if not _is_there(repository, one.new, advertised, there)]
    revisions = [*dict.fromkeys(tips), *(f"^{commit}" for commit in dict.fromkeys(there))]
    tags = [one.new for one, kind, _ in kinds if kind == "tag"]
    return Pushed(revisions if tips else [], tags, bare, notes)


def received(repository: Repository, updates: Iterable[Update]) -> Pushed:
    """Return what to check on a server before it accepts *updates*.  Raises GitError."""
    kinds = _kinds(repository, list(updates))
    bare = [one for one, kind, commit in kinds if kind and not commit]
    return Pushed([commit for _, _, commit in kinds if commit], [], bare, [])


def _kinds(repository: Repository, updates: list[Update]) -> list[tuple[Update, str, str]]:
    """Return each update with the type of its new object, empty if that does not exist, and the id of the
    commit that the object is, or that it tags, otherwise empty."""
    types = _batch_check(repository, [one.new for one in updates])
    commits = _batch_check(repository, [f"{one.new}^{{commit}}" for one in updates])
    return [
        (one, own[1] if own else "", peeled[0] if peeled and peeled[1] == "commit" else "")
        for one, own, peeled in zip(updates, types, commits, strict=True)
    ]


def _commits(repository: Repository, names: list[str]) -> list[str]:
    """Return the commits that *names* refer to, directly or as tags; objects missing here are left out."""
    found = _batch_check(repository, [f"{name}^{{commit}}" for name in names if name])
    return [one[0] for one in found if one and one[1] == "commit"]


def _batch_check(repository: Repository, names: list[str]) -> list[tuple[str, str] | None]:
    lines = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    out = repository.run("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=lines)
    pairs = [line.split(" ") for line in out.decode("utf-8", "replace").split("\n")[:-1]]
    known = ("commit", "tree", "blob", "tag")
    return [(one[0], one[1]) if len(one) == 2 and one[1] in known else None for one in pairs]


def _count(repository: Repository, tips: list[str], there: list[str]) -> int:
    lines = "".join(f"{line}\n" for line in (*tips, *(f"^{commit}" for commit in there)))
    out = repository.run(
        "rev-list", "--count", f"--max-count={_FEW + 1}", "--stdin", stdin=lines.encode("ascii")
    )
    return int(out)


def _is_there(
    repository: Repository, oid: str, advertised: Iterable[str], commits: list[str]
) -> bool:
    """Return True if the remote has the tree or blob *oid*, with everything below it, in its refs or in one
    of its *commits* that exist in this clone."""
    if oid in advertised:
        return True
    out = repository.run("rev-list", "--objects", "--no-object-names", oid).decode("ascii")
    types = _batch_check(repository, out.split("\n")[:-1])
    wanted = {one[0] for one in types if one and one[1] != "tag"}
    for commit in list(dict.fromkeys(commits))[:_MOST_TREES]:
        entries = repository.run("ls-tree", "-r", "-t", "-z", commit).split(b"\x00")[:-1]
        wanted -= {entry.split(b"\t")[0].split(b" ")[2].decode("ascii") for entry in entries}
        wanted -= {one[0] for one in _batch_check(repository, [f"{commit}^{{tree}}"]) if one}
        if not wanted:
            return True
    return False


def _advertised(repository: Repository, url: str) -> set[str] | None:
    """Return the object ids of the remote's refs; None if it does not answer.

    Never prompts for a password; git itself prompts when it pushes.
    """
    import subprocess

    ssh = os.environ.get("GIT_SSH_COMMAND") or repository.config("core.sshCommand")
    env = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_SSH_COMMAND": f"{ssh or 'ssh'} -o BatchMode=yes",
    }
    if os.environ.get("GIT_SSH") and not ssh:
        del env["GIT_SSH_COMMAND"]  # the program may not support ssh's options
    try:
        code, out, _ = repository.try_run("ls-remote", "--", url, env=env, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        return None
    if code:
        return None
    return {line.split("\t")[0] for line in out.decode("utf-8", "replace").split("\n") if line}
