"""The state of one clone: ``.git/sealedfiles/`` in git's common folder, never committed.

``keys``: the group keys that `unlock` decrypted, so that the filter needs no identity.
``opened``: the groups whose keys were ever cached here.
``newest``: the newest epoch seen of each group, and where it was seen, to detect a fork or a rollback.
``policy``: the last policy that this clone accepted.
``retired``: keys that this clone has seen retired when a reader was removed.
``looked-at``: the commit up to which the history of each group's epochs was read, and the keys it requires.
``held``: keyed hashes of the values that the hooks search for (``sealedfiles.app.held.index``).
``begun``: the new key of a rotation until it is complete, so that it can be resumed after an interruption.
``plaintext``: hashes of the plaintext that was checked out (``sealedfiles.git.plaintext_memory``).
``written``: the versions with comments that were checked out (``sealedfiles.git.written_versions``).
``unchanged``: marks of files that clean found unchanged (``sealedfiles.git.filter.unchanged``).
``public-keys``: the fingerprints of groups' public keys that the user confirmed.
``readers``: the fingerprints of readers' public keys that the user gave or confirmed.
``put-back``, ``accepted-keys``: the groups that were deleted and restored, and the keys without a revocation,
that the user accepted.
``place``: where a submodule was when its user set up sealedfiles in it (``sealedfiles.git.submodule``).
``rotations``: new values that are not in their files yet (``sealedfiles.app.values.pending``).
``locked``: created by `lock`; while it exists, nothing is decrypted.

The mark of a worktree that was locked alone is in git's folder of that worktree, with which git removes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from functools import cached_property

from sealedfiles.errors import TamperedError
from sealedfiles.keys.keyfile import GroupKey, parse_key_line
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Seen(NamedTuple):
    """The newest epoch of a group that this clone has seen, and where."""

    key_id: str
    where: str


class LookedAt(NamedTuple):
    """Up to where the history of a group's epochs was read."""

    head: str
    """A value that changes when HEAD moves."""
    commit: str
    depth: str
    """``Repository.depth`` at that time: what was fetched since then may show more."""
    revocations: dict[str, str]
    """The keys that were generated when a reader was removed, each with its commit: later epochs must list
    them."""

    @property
    def log_size(self) -> int:
        """The size of HEAD's log at that time, which ``head`` ends in; 0 if it is not known."""
        size = self.head.rpartition("-")[2]
        return int(size) if size.isdigit() else 0


_REVOKED = "revoked="
"""The start of the field of ``looked-at`` with the revocations."""


def _parse_looked_at(line: str) -> LookedAt | None:
    """Parse a line of ``looked-at`` without its group.

    Returns None if it lacks the revocations, as in clones of earlier versions: history must be read again.
    """
    fields = line.split(" ", 3)
    if len(fields) < 3 or not fields[2].startswith(_REVOKED):
        return None
    revocations = [one.partition("@")[::2] for one in fields[2][len(_REVOKED) :].split(",") if one]
    return LookedAt(fields[0], fields[1], "".join(fields[3:]), dict(revocations))


class CloneFiles:
    """The state files of one clone."""

    def __init__(self, folder: Path | str, git_folder: str = "") -> None:
        """Create the state in *folder*, for the worktree with *git_folder*, by default the main one."""
        self.name = os.fspath(folder)
        """The folder as a string."""
        self._own_mark = os.path.join(
            git_folder or os.path.dirname(self.name), "sealedfiles-locked"
        )
        self._unwritten: dict[str, str] = {}
        """The content, by file name, of files that this process could not or must not write."""

    @cached_property
    def folder(self) -> Path:
        """The folder."""
        from pathlib import Path  # imported here because the filter does not need it

        return Path(self.name)

    def file(self, name: str) -> str:
        """Return the path of the state file *name*."""
        return os.path.join(self.name, name)

    @property
    def locked(self) -> bool:
        """Whether the clone, or this worktree of it, is locked."""
        # Also False if the folder belongs to another user, whose lock does not apply to this one.
        return os.path.exists(self.file("locked")) or os.path.exists(self._own_mark)

    def lock_worktree(self) -> None:
        """Create the mark of this worktree; others stay unlocked, and the keys stay cached."""
        from sealedfiles.util import atomic  # most commands write no state

        atomic.replace(self._own_mark, b"", atomic.PRIVATE)

    def set_locked(self, locked: bool) -> None:
        """Create the mark that locks all worktrees, or remove it together with that of this worktree."""
        if locked:
            self._write("locked", b"")
            return
        self._remove("locked")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._own_mark)

    def place(self) -> bytes:
        """Return where this submodule was when its user set up sealedfiles in it; empty if they did not."""
        try:
            return self._read("place")
        except OSError:
            return b""

    def write_place(self, place: bytes) -> None:
        """Record where this submodule is, also if ``CI`` is set: the user has decided it in this clone."""
        self._write("place", place)

    def cached_keys(self) -> list[tuple[str, GroupKey]]:
        """Return the cached keys with their groups.

        Raises TamperedError if a key does not match its id.
        """
        found = []
        for line in self._lines("keys"):
            group, _, rest = line.partition(" ")
            try:
                found.append((group, parse_key_line(rest)))
            except TamperedError as error:
                raise TamperedError(
                    f"{self.file('keys')}: {error.message}",
                    "create it again: sealedfiles unlock",
                ) from None
        return found

    def write_keys(self, keys: Iterable[tuple[str, GroupKey]]) -> None:
        """Replace the cached keys.

        Nothing is written if ``CI`` is set, because a build machine's folder may be cached or shared.
        """
        if os.environ.get("CI"):
            return
        cached = list(keys)
        text = "".join(f"{group} {key.line}\n" for group, key in cached)
        self._write("keys", text.encode("ascii"))
        opened = {*self.opened(), *(group for group, _ in cached)}
        if opened != self.opened():
            self._write("opened", "".join(f"{one}\n" for one in sorted(opened)).encode("ascii"))

    def opened(self) -> set[str]:
        """Return the groups whose keys were ever cached here: `lock` does not forget that."""
        return {*self._lines("opened")}

    def forget_keys(self) -> None:
        """Remove the cached keys and everything derived from them, but keep the newest epochs."""
        for name in ("keys", "held", "unchanged", "ids"):
            self._remove(name)

    def newest(self) -> dict[str, Seen]:
        """Return the newest epoch seen of each group."""
        pairs = ((group, rest.partition(" ")) for group, rest in self._by_group("newest").items())
        return {group: Seen(key_id, where) for group, (key_id, _, where) in pairs}

    def remember(self, group: str, seen: Seen) -> None:
        """Record the newest epoch of *group*."""
        newest = self.newest()
        if newest.get(group, Seen("", "")).key_id == seen.key_id:
            return
        newest[group] = seen
        text = "".join(f"{name} {s.key_id} {s.where}\n" for name, s in sorted(newest.items()))
        self._note("newest", text)

    def policy(self) -> bytes | None:
        """Return the last policy that this clone accepted; None if it has not accepted any."""
        try:
            return self._read("policy")
        except OSError:
            return None

    def write_policy(self, data: bytes) -> None:
        """Record *data* as the last policy that this clone accepted.  Raises OSError."""
        self._write("policy", data)

    def forget_policy(self) -> None:
        """Remove the record of the accepted policy."""
        self._remove("policy")

    def retired(self) -> dict[str, set[str]]:
        """Return the keys that are recorded as retired, by group."""
        found: dict[str, set[str]] = {}
        for line in self._lines("retired"):
            group, _, key_id = line.partition(" ")
            found.setdefault(group, set()).add(key_id)
        return found

    def write_retired(self, group: str, key_ids: Iterable[str]) -> None:
        """Replace the retired keys of *group*."""
        retired = self.retired()
        wanted = set(key_ids)
        if retired.get(group, set()) == wanted:
            return
        retired[group] = wanted
        text = "".join(
            f"{name} {one}\n" for name in sorted(retired) for one in sorted(retired[name])
        )
        self._note("retired", text)

    def looked_at(self, group: str) -> LookedAt | None:
        """Return up to where the history of *group* was read; None if it was not."""
        return _parse_looked_at(self._by_group("looked-at").get(group, ""))

    def note_looked_at(self, group: str, now: LookedAt | None) -> None:
        """Record up to where the history of *group* was read, and in the same step what it requires.

        None removes the record.
        Nothing is recorded if the retired keys that were read could not be written.
        """
        if "retired" in self._unwritten and not os.environ.get("CI"):
            return
        lines = self._by_group("looked-at")
        lines.pop(group, None)
        if now:
            revoked = ",".join(f"{one}@{now.revocations[one]}" for one in now.revocations)
            fields = now.head or "-", now.commit, _REVOKED + revoked, now.depth
            lines[group] = " ".join(fields).rstrip()
        self._note("looked-at", "".join(f"{name} {line}\n" for name, line in lines.items()))

    def required(self) -> dict[str, list[Seen]]:
        """Return the keys that the history read so far requires in the epochs of each group."""
        lines = self._by_group("looked-at").items()
        known = ((group, found) for group, line in lines if (found := _parse_looked_at(line)))
        return {
            group: [Seen(one, f"commit {commit[:12]}") for one, commit in found.revocations.items()]
            for group, found in known
        }

    def begun(self) -> dict[str, GroupKey]:
        """Return the new keys of rotations that were started but not completed here, by group."""
        return {group: parse_key_line(line) for group, line in self._by_group("begun").items()}

    def note_begun(self, group: str, key: GroupKey | None) -> None:
        """Record the new key when a rotation starts, or None when it is complete."""
        begun = self.begun()
        if key is None:
            begun.pop(group, None)
        else:
            begun[group] = key
        if begun:
            text = "".join(f"{name} {one.line}\n" for name, one in begun.items())
            self._write("begun", text.encode("ascii"))
        else:
            self._remove("begun")

    def confirmed_public_keys(self) -> dict[str, str]:
        """Return the fingerprint of the public key of each group that the user confirmed here."""
        return self._by_group("public-keys")

    def confirm_public_key(self, group: str, fingerprint: str) -> None:
        """Record that the user confirmed the public key of *group* with this *fingerprint*."""
        self._confirm("public-keys", group, fingerprint)

    def accepted_keys(self) -> dict[str, str]:
        """Return the key of each group with which the user gave up newer ones (`sync --forget`)."""
        return self._by_group("accepted-keys")

    def accept_key(self, group: str, key_id: str) -> None:
        """Record that the user gave up the keys of *group* that are newer than *key_id*."""
        self._confirm("accepted-keys", group, key_id)

    def accepted_deletions(self) -> dict[str, str]:
        """Return the commits that deleted groups which were put back, and which the user has accepted."""
        return self._by_group("put-back")

    def accept_deletion(self, group: str, commit: str) -> None:
        """Record that the user accepted *group*, which was put back after *commit* deleted it."""
        self._confirm("put-back", group, commit)

    def confirmed_readers(self) -> dict[str, str]:
        """Return the fingerprints of the public keys of each reader that the user gave or confirmed here."""
        return self._by_group("readers")

    def confirm_reader(self, name: str, fingerprints: str) -> None:
        """Record that the user gave or confirmed the public keys of a reader, as a grant lists them."""
        self._confirm("readers", name, fingerprints)

    def _confirm(self, file: str, name: str, fingerprints: str) -> None:
        known = {**self._by_group(file), name: fingerprints}
        self._note(file, "".join(f"{one} {known[one]}\n" for one in sorted(known)))

    def _note(self, name: str, text: str) -> None:
        """Write a state file; if that fails, keep the text in memory for this process.

        A read-only folder must not make a git command fail.  Nothing is written if ``CI`` is set: otherwise a
        reused working tree would refuse older commits that a fresh clone accepts.
        """
        self._unwritten[name] = text
        if not os.environ.get("CI"):
            with contextlib.suppress(OSError):
                self._write(name, text.encode("utf-8", "replace"))
                del self._unwritten[name]

    def _by_group(self, name: str) -> dict[str, str]:
        """Return the lines of a state file, by the group that each begins with."""
        return dict(line.partition(" ")[::2] for line in self._lines(name))

    def _lines(self, name: str) -> list[str]:
        if name in self._unwritten:
            return self._unwritten[name].split("\n")[:-1]
        try:
            text = self._read(name).decode("utf-8", "replace")
        except (FileNotFoundError, PermissionError):
            # The folder of another user: a key that was passed in decrypts the files without this memory.
            return []
        return text.split("\n")[:-1]

    def _read(self, name: str) -> bytes:
        with open(self.file(name), "rb") as file:
            return file.read()

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.file(name))

    def _write(self, name: str, data: bytes) -> None:
        from sealedfiles.util import atomic  # most commands write no state

        atomic.make_private_folder(self.name)
        atomic.replace(self.file(name), data, atomic.PRIVATE)
