"""The record of rotations in git's history: trailer lines of the commits that changed the values.

    Sealedfiles-Rotated: secrets/app.yaml database.password
    Sealedfiles-Reason: bob left

Anyone who creates a commit can write such lines.  A line counts only if its commit changed the file, and
where values are compared, only the comparison decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from sealedfiles.app.rotation.unite import operation_under_way
from sealedfiles.errors import GitError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.dates import parse_time
from sealedfiles.git.repository import Repository
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import json_string
from sealedfiles.util.messages import counted

ROTATED, REASON = "Sealedfiles-Rotated", "Sealedfiles-Reason"
_FORMAT = (
    "commit %H%n%ct%n%an%n%ae%n%s%n"
    f"%(trailers:key={ROTATED},valueonly,unfold,separator=%x01)%n"
    f"%(trailers:key={REASON},valueonly,unfold,separator=%x01)"
)
_OPTIONS = (
    *("log", "-z", "--raw", "--root", "--no-abbrev", "--no-renames", "--date-order", "--no-color"),
    *("--no-show-signature", "--no-mailmap", "--encoding=UTF-8", f"--format={_FORMAT}"),
)


class Place(NamedTuple):
    """A value: its file, as git stores it, and its address."""

    file: str
    key: str


class RotationCommit(NamedTuple):
    """A commit that says that it rotated values of files that it changed."""

    id: str
    time: int
    author: str
    email: str
    subject: str
    values: list[Place]
    reason: str


def message_of(values: list[Place], reason: str) -> str:
    """Return the message of the commit that rotates *values*."""
    (first, *more) = values
    what = counted(len(values), "value") if more else f"{_shown(first.file)}: {first.key}"
    return "\n".join([f"Rotate {what}", "", *trailers_of(values, reason), ""])


def trailers_of(values: list[Place], reason: str) -> list[str]:
    """Return the trailer lines for the rotation of *values*."""
    lines = [f"{ROTATED}: {_shown(one.file)} {one.key}" for one in values]
    words = " ".join(reason.split())
    return [*lines, f"{REASON}: {words}"] if words else lines


def require_commit(clone: Clone) -> None:
    """Raise UsageError if a commit of exactly the rotated values is not possible here."""
    repository = clone.repository
    if repository.run("diff-index", "--cached", "--name-only", "-z", "HEAD"):
        raise UsageError(
            "other changes are staged, and --commit would commit them as well",
            "commit them first, or leave out --commit",
        )
    # A rebase that stopped between two commits has only its folder.
    is_rebase = any((repository.git_dir / f"rebase-{how}").exists() for how in ("merge", "apply"))
    if is_rebase or operation_under_way(clone):
        raise UsageError("a merge, rebase or cherry-pick is not finished", "leave out --commit")
    code, _, _ = repository.try_run("var", "GIT_COMMITTER_IDENT")
    if code:
        raise UsageError(
            "git does not know who commits",
            "git config user.name NAME; git config user.email EMAIL",
        )


def commit(clone: Clone, values: list[Place], reason: str) -> str:
    """Commit the staged changes, which are the rotation of *values*; return the id of the commit.

    Raises GitError.
    """
    text = message_of(values, reason).encode("utf-8", "surrogateescape")
    try:
        clone.repository.run("commit", "--quiet", "--cleanup=whitespace", "-F", "-", stdin=text)
    except GitError as error:
        raise GitError(
            error.message, "the rotated values are staged: fix this, then commit them", *error.hints
        ) from None
    return clone.repository.head_commit()


def read_rotations(repository: Repository, start: str) -> list[RotationCommit]:
    """Return the commits reachable from *start* (a revision, or ``--all``) that rotated values, newest first.

    Raises GitError.
    """
    if start == "HEAD" and not repository.head_commit():
        return []
    return _parse(repository.run(*_OPTIONS, f"--grep=^{ROTATED}: ", start, "--"))


def rotations_in(repository: Repository, oids: Iterable[str]) -> dict[str, RotationCommit]:
    """Return those of the commits *oids* that say that they rotated values, by id."""
    wanted = "".join(f"{oid}\n" for oid in dict.fromkeys(oids)).encode("ascii")
    if not wanted:
        return {}
    out = repository.run(*_OPTIONS, "--no-walk", "--ignore-missing", "--stdin", stdin=wanted)
    return {one.id: one for one in _parse(out)}


def _parse(out: bytes) -> list[RotationCommit]:
    """Return the commits in the output of `git log` that changed a file which their trailers name."""
    found: list[RotationCommit] = []
    changed: list[set[str]] = []
    fields = iter(out.decode("utf-8", "surrogateescape").split("\0"))
    for field in fields:
        text = field.removeprefix("\n")
        if text.startswith(":"):
            changed[-1].add(next(fields))
        elif text:
            oid, time, author, email, subject, rotated, reason = text.split("\n", 6)
            places = filter(None, map(_place, rotated.split("\1")))
            rest = list(places), " ".join(reason.split())
            oid = oid.removeprefix("commit ")
            found.append(RotationCommit(oid, parse_time(time), author, email, subject, *rest))
            changed.append(set())
    for number, (one, files) in enumerate(zip(found, changed, strict=True)):
        found[number] = one._replace(values=[value for value in one.values if value.file in files])
    return [one for one in found if one.values]


def _place(line: str) -> Place | None:
    """Parse the value of a trailer; None if it is something else."""
    if line.startswith('"'):
        try:
            file, end = json.JSONDecoder().raw_decode(line)
        except ValueError:
            return None
        return Place(file, line[end + 1 :]) if line[end:].startswith(" ") else None
    file, _, key = line.partition(" ")
    return Place(file, key) if file and key else None


def _shown(file: str) -> str:
    """Return a path for a trailer: in double quotes if it would be ambiguous."""
    plain = file.isprintable() and " " not in file and not file.startswith('"')
    return file if plain else json_string(file)
