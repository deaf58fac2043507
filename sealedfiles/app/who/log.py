"""The access history: readers added and removed, and values rotated, with dates and commits.

One `git log` lists every changed file of ``.sealedfiles/`` with its objects; one `git cat-file` reads
the objects whose content is needed.  No key is needed.  The author and date of a commit are not verified:
anyone who creates a commit can choose them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from heapq import merge

from sealedfiles.app.values.trail import read_rotations
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.dates import parse_time, show_time
from sealedfiles.git.folders import TreeFolder
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import parse_grant
from sealedfiles.keys.recipients import fingerprint, group_names, members, parse_recipients
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import NAME as NAME_RE
from sealedfiles.sealing.file import show_path
from sealedfiles.util.lazy_pattern import lazy_pattern

_HEADER = "commit "
_FORMAT = "commit %H%n%ct%n%an%n%ae%n%s"
_OPTIONS = (
    # All sides of all merges, and content of a merge that is from neither side; independent of user settings.
    *("log", "-z", "--raw", "-c", "--root", "--no-abbrev", "--no-renames", "--full-history"),
    *("--date-order", "--no-color", "--no-show-signature", "--no-mailmap", "--encoding=UTF-8"),
    f"--format={_FORMAT}",
)
_NAME = NAME_RE.pattern
_FILE = lazy_pattern(
    rf"{re.escape(NAME)}/(?:keys/(?P<group>{_NAME})/(?:(?P<epochs>epochs)|(?P<name>{_NAME})\.(?P<end>age|grant))"
    rf"|recipients/(?P<public>{_NAME})\.pub)"
)
_LOST = "lost"
_DELETED = "deleted"
_UNREAD = "unread"
_ROTATED = "value-rotated"


class Event(NamedTuple):
    """One change in a commit."""

    what: str
    """``granted``, ``revoked``, ``confirmed`` (a grant for other public keys); ``created``, ``rotated`` or
    ``revoked-key`` (a group's new key), ``lost`` (a key that is no longer listed), ``deleted`` (a group);
    ``key-added``,
    ``key-changed``, ``key-removed`` (a reader's public keys); ``unread`` (this clone lacks the file);
    ``value-rotated`` (according to the commit message)."""
    group: str = ""
    reader: str = ""
    key_id: str = ""
    fingerprints: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    """The previous fingerprints."""
    path: str = ""
    """The file of a rotated value."""
    key: str = ""
    reason: str = ""
    """Why a value was rotated."""

    def words(self) -> str:
        """Return the description in one line."""
        now, before = ", ".join(self.fingerprints), ", ".join(self.before)
        return {
            "granted": f"granted {self.reader}: {self.group}",
            "revoked": f"revoked {self.reader}: {self.group}",
            "confirmed": f"confirmed the changed public key of {self.reader}: {self.group}",
            "created": f"new group {self.group}: key {self.key_id}",
            "rotated": f"rotated {self.group}: new key {self.key_id}",
            "revoked-key": f"new key of {self.group} after a revocation: {self.key_id}",
            _LOST: f"key of {self.group} removed from the list: {self.key_id}",
            _DELETED: f"group {self.group} deleted",
            "key-added": f"public key of {self.reader}: {now}",
            "key-changed": f"public key of {self.reader} changed: {before} -> {now}",
            "key-removed": f"public key of {self.reader} removed: {before}",
            _ROTATED: f"rotated {self.path}: {self.key}" + f" ({self.reason})" * bool(self.reason),
            _UNREAD: f"{self.group or self.reader}: changed, but the file is missing in this clone",
        }[self.what]


class AccessCommit(NamedTuple):
    """A commit that changed access."""

    id: str
    time: int
    author: str
    email: str
    subject: str
    events: list[Event]

    @property
    def date(self) -> str:
        """The date of the commit, in UTC."""
        return show_time(self.time)


class _Change(NamedTuple):
    """A file that a commit changed; in a merge, a file that differs from all parents."""

    before: tuple[str, ...]
    """The objects of the parents; empty if no parent has the file."""
    after: str
    """The object of the commit; empty if the file was removed."""
    file: re.Match[str]


def read_log(clone: Clone, *, every_branch: bool = False) -> list[AccessCommit]:
    """Return the commits that changed readers, groups' keys or public keys, newest first.

    The commits are those reachable from HEAD, or from every branch and tag.  Raises GitError.
    """
    clone.allow_fetching()
    commits = list(_commits(clone, "--all" if every_branch else "HEAD"))
    wanted = list({oid: None for _, changes in commits for oid in _wanted(changes)})
    read = zip(wanted, clone.objects.blobs(wanted), strict=True)
    texts = {oid: data for oid, data in read if data is not None}
    found = []
    for commit, changes in commits:
        events = sorted(_events(changes, texts), key=lambda event: event.reader)
        if events:
            found.append(commit._replace(events=events))
    return found


def with_rotations(
    commits: list[AccessCommit], clone: Clone, *, every_branch: bool = False
) -> list[AccessCommit]:
    """Return *commits* and the commits that rotated values (``values.trail``), newest first."""
    found = [
        AccessCommit(
            one.id,
            one.time,
            one.author,
            one.email,
            one.subject,
            [
                Event(_ROTATED, path=place.file, key=place.key, reason=one.reason)
                for place in one.values
            ],
        )
        for one in read_rotations(clone.repository, "--all" if every_branch else "HEAD")
    ]
    return list(merge(commits, found, key=lambda one: -one.time))


def left_over(
    commits: Iterable[AccessCommit], members: set[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return the pairs of group and reader for which the newest event contradicts *members*.

    A merge that took one side's files over the other side's revocation causes this.
    """
    last: dict[tuple[str, str], str] = {}
    for event in (event for commit in commits for event in commit.events):
        if event.what in ("granted", "revoked"):
            last.setdefault((event.group, event.reader), event.what)
    granted = {pair for pair, what in last.items() if what == "granted"}
    return sorted(granted ^ members)


def members_at_head(clone: Clone) -> set[tuple[str, str]]:
    """Return the pairs of group and reader in HEAD."""
    head = TreeFolder(clone.objects, "HEAD")
    return {(group, name) for group in group_names(head) for name in members(head, group)}


def as_lines(commits: Iterable[AccessCommit]) -> Iterator[str]:
    """Yield a line for each event: date, commit, author, description; without control characters."""
    for commit in commits:
        date = commit.date[:16].replace("T", " ")
        who = show_path(commit.author.encode("utf-8", "surrogatepass"))
        for event in commit.events:
            yield f"{date}  {commit.id[:12]}  {who}  {event.words()}"


def as_json(commits: Iterable[AccessCommit]) -> dict[str, object]:
    """Return what ``who --log --json`` prints, without its version."""
    return {
        "events": [
            {
                "commit": commit.id,
                "date": commit.date,
                "author": commit.author,
                "email": commit.email,
                "subject": commit.subject,
                **event._asdict(),
            }
            for commit in commits
            for event in commit.events
        ]
    }


def _commits(clone: Clone, start: str) -> Iterator[tuple[AccessCommit, list[_Change]]]:
    """Yield every commit that `git log` lists, with the files that it changed."""
    if start == "HEAD" and not clone.repository.head_commit():
        return  # there are no commits
    paths = (f"{NAME}/keys", f"{NAME}/recipients")
    out = clone.repository.run(*_OPTIONS, start, "--", *paths)
    fields = iter(out.decode("utf-8", "backslashreplace").split("\x00"))
    commit: AccessCommit | None = None
    changes: list[_Change] = []
    for field in fields:
        text = field.removeprefix("\n")
        if text.startswith(_HEADER):
            if commit:
                yield commit, changes
            oid, time, author, email, subject = text.removeprefix(_HEADER).split("\n", 4)
            commit, changes = AccessCommit(oid, parse_time(time), author, email, subject, []), []
        elif text.startswith(":"):
            change = _change(text, next(fields))
            changes += [change] if change else []
    if commit:
        yield commit, changes


def _change(raw: str, path: str) -> _Change | None:
    """Parse a raw line of git: a colon for each parent, modes, objects, types of change."""
    file = _FILE.fullmatch(path)
    parents = len(raw) - len(raw.lstrip(":"))
    objects = raw.split(" ")[parents + 1 : -1]
    if file is None or len(objects) != parents + 1:
        return None
    *before, after = ("" if set(oid) == {"0"} else oid for oid in objects)
    # If a parent of a merge lacks the file, the merge neither added nor removed it.
    return _Change(tuple(oid for oid in before if oid), after, file)


def _wanted(changes: Iterable[_Change]) -> Iterator[str]:
    """Yield the objects to read; key files (``.age``) cannot be read without a key."""
    for change in changes:
        if change.file["end"] != "age":
            yield from (*change.before, *([change.after] if change.after else []))


def _events(changes: list[_Change], texts: dict[str, bytes]) -> Iterator[Event]:
    for change in changes:
        file = change.file
        if any(oid not in texts for oid in _wanted([change])):
            yield Event(_UNREAD, file["group"] or "", file["name"] or file["public"] or "")
            continue
        before = [texts.get(oid, b"") for oid in change.before]
        after = texts.get(change.after, b"")
        if file["epochs"] and not change.after:
            yield Event(_DELETED, file["group"])
        elif file["epochs"]:
            yield from _epoch_events(file["group"], before, after)
        elif file["public"]:
            yield from _public_key_event(file["public"], before, after)
        elif file["end"] == "age" and not (change.before and change.after):
            what = "granted" if change.after else "revoked"
            yield Event(what, file["group"], file["name"])
        elif file["end"] == "grant" and change.before and change.after:
            granted, was = _granted(after), tuple(sorted({p for b in before for p in _granted(b)}))
            if granted != was:
                yield Event("confirmed", file["group"], file["name"], "", granted, was)


def _epoch_events(group: str, before: list[bytes], after: bytes) -> Iterator[Event]:
    old = {key_id: why for data in before for key_id, why in _keys_of(group, data).items()}
    new = _keys_of(group, after)
    for key_id, why in new.items():
        if key_id not in old:
            yield Event("revoked-key" if why == "revoked" else why, group, "", key_id)
    for key_id in old.keys() - new.keys():
        yield Event(_LOST, group, "", key_id)


def _keys_of(group: str, data: bytes) -> dict[str, str]:
    """Return the ids of the keys that an ``epochs`` file lists, each with the reason why it was created."""
    try:
        return {epoch.key_id: epoch.why for epoch in parse_epochs(data, group)}
    except TamperedError:
        return {}


def _public_key_event(name: str, before: list[bytes], after: bytes) -> Iterator[Event]:
    now, was = _prints(after), tuple(sorted({p for data in before for p in _prints(data)}))
    if now != was:
        what = "key-changed" if now and was else "key-added" if now else "key-removed"
        yield Event(what, "", name, "", now, was)


def _prints(data: bytes) -> tuple[str, ...]:
    """Return the sorted fingerprints of the public keys in a ``.pub`` file; empty if it is invalid."""
    try:
        recipients = parse_recipients(data.decode("utf-8", "replace"), "")
    except UsageError:
        return ()
    return tuple(sorted(fingerprint(one) for one in recipients))


def _granted(data: bytes) -> tuple[str, ...]:
    grant = parse_grant(data)
    return tuple(grant.fingerprints.split(",")) if grant else ()
