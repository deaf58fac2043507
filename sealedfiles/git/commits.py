"""Read the commits of a repository, with the files that each changed, from `git diff-tree`.

Only plumbing commands are used, because user settings do not affect them; one process reads many commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sealedfiles.errors import GitError
from sealedfiles.git.dates import parse_time, show_day, show_time
from sealedfiles.git.repository import Repository
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.progress import Progress

_MANY = 500
"""Commits per batch, so that a caller that needs only the first few does not wait for the rest."""

_RAW = ("--raw", "-z", "--no-renames", "--no-abbrev")
_FILES = ("100",)
FILES_AND_LINKS = (*_FILES, "120000")
"""What the modes of files, and of files and symbolic links, begin with."""


class Change(NamedTuple):
    """A regular file that differs between a commit and its parent."""

    path: bytes
    old: str
    """The blob in the parent; empty if there is none."""
    new: str
    """The blob in the commit; empty if there is none."""


class Parent(NamedTuple):
    """A parent of a commit, and the changes relative to it.  A root commit has one with an empty id."""

    oid: str
    changes: list[Change]


class Commit(NamedTuple):
    """One commit."""

    oid: str
    """The commit id; empty for the staged changes, which are not committed yet."""
    time: int
    """The committer date in Unix time."""
    parents: list[Parent]

    @property
    def date(self) -> str:
        """The committer date as ``YYYY-MM-DDTHH:MM:SSZ``, the format of all dates."""
        return show_time(self.time)

    def changes(self) -> Iterator[Change]:
        """Yield the changes relative to each parent."""
        for parent in self.parents:
            yield from parent.changes


def read_commits(
    repository: Repository, *revisions: str, progress: Progress, git: Sequence[str] = ()
) -> Iterator[Commit]:
    """Yield the commits reachable from *revisions*, children before parents.  Raises GitError.

    *git* contains options for git itself, before the subcommand.
    """
    out = repository.run(*git, "rev-list", "--topo-order", "--timestamp", "--parents", *revisions)
    lines = [line.split() for line in out.decode("ascii").split("\n")[:-1]]
    yield from _with_changes(repository, lines, progress)


def read_first_parents(
    repository: Repository, oids: list[str], *, progress: Progress
) -> Iterator[Commit]:
    """Yield the commits *oids*, parents before children, each with its changes relative to the first parent.

    Symbolic links count as files.  The commits need not be reachable from a ref.
    """
    options = ["--date-order", "--reverse", "--timestamp", "--parents", "--ignore-missing"]
    given = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    out = repository.run("rev-list", *options, "--stdin", stdin=given)
    lines = [line.split()[:3] for line in out.decode("ascii").split("\n")[:-1]]
    yield from _with_changes(repository, lines, progress, FILES_AND_LINKS)


def staged(repository: Repository, time: int, modes: tuple[str, ...] = _FILES) -> Commit | None:
    """Return the staged changes as a commit at *time*; None in a repository without an index.

    The changes are those of files whose mode begins with one of *modes*.
    """
    head = repository.head_commit()
    if not head:
        return None
    out = repository.run("diff-index", "--cached", *_RAW, "HEAD")
    changes = dict(_sections(b"\x00" + out, modes))
    return Commit("", time, [Parent(head, changes.get("", []))])


class Described(NamedTuple):
    """A commit, for messages."""

    short: str
    author: str
    date: str
    subject: str

    @property
    def words(self) -> str:
        """The commit on one line: abbreviated id, author, date and subject."""
        return f"{self.short} ({self.author}, {self.date}: {self.subject})"


def describe_commits(repository: Repository, oids: list[str]) -> dict[str, Described]:
    """Return the commits *oids* by id, except those that are missing."""
    if not oids:
        return {}
    form = "--format=%H%x00%h%x00%an%x00%at%x00%s"
    _, out, _ = repository.try_run(
        "log", "--no-walk", "--ignore-missing", "--no-color", form, *oids
    )
    found = {}
    for line in out.decode("utf-8", "replace").split("\n"):
        oid, _, rest = line.partition("\x00")
        if rest.count("\x00") == len(Described._fields) - 1:
            short, author, time, subject = rest.split("\x00")
            found[oid] = Described(short, author, show_day(time), subject)
    return found


def is_shallow(repository: Repository) -> bool:
    """Return True if the clone is shallow."""
    return (repository.common_dir / "shallow").is_file()


def _with_changes(
    repository: Repository,
    lines: list[list[str]],
    progress: Progress,
    modes: tuple[str, ...] = _FILES,
) -> Iterator[Commit]:
    progress.total = len(lines)
    for at in range(0, len(lines), _MANY):
        yield from progress.each(_read(repository, lines[at : at + _MANY], modes))


def _read(
    repository: Repository, lines: list[list[str]], modes: tuple[str, ...]
) -> Iterator[Commit]:
    pairs = [(commit, parent) for _, commit, *parents in lines for parent in parents or [""]]
    given = "".join(f"{commit} {parent}".rstrip() + "\n" for commit, parent in pairs).encode()
    out = repository.run("diff-tree", "--stdin", "--always", "--root", "-r", *_RAW, stdin=given)
    found = iter(_sections(out, modes))
    for time, commit, *parents in lines:
        sections = [next(found, ("", [])) for _ in parents or [""]]
        if any(name != commit for name, _ in sections):
            raise GitError(f"git diff-tree reported nothing for {commit}")
        changes = [
            Parent(parent, rows)
            for parent, (_, rows) in zip(parents or [""], sections, strict=True)
        ]
        yield Commit(commit, parse_time(time), changes)


def _sections(out: bytes, modes: tuple[str, ...]) -> Iterator[tuple[str, list[Change]]]:
    """Yield each heading of a raw diff with the changes below it, of files whose mode begins with one of
    *modes*."""
    fields = iter(out.split(b"\x00")[:-1])
    heading: str | None = None
    changes: list[Change] = []
    for field in fields:
        if not field.startswith(b":"):
            if heading is not None:
                yield heading, changes
            heading, changes = field.decode("ascii"), []
            continue
        old_mode, new_mode, old, new, _ = field[1:].decode("ascii").split(" ")
        old = old if old_mode.startswith(modes) else ""
        new = new if new_mode.startswith(modes) else ""
        path = next(fields)
        if old != new:
            changes.append(Change(path, old, new))
    if heading is not None:
        yield heading, changes
