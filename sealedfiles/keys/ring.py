"""The ring: every group key at hand, opened when it is first needed.

Cached keys come first, then the key files in the versions of ``.sealedfiles/`` that the ring was given,
opened with the first identity that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles import age
from sealedfiles.errors import NoKeyError, SealedFilesError, TamperedError
from sealedfiles.keys.epochs import Epoch, parse_epochs, verify_epochs
from sealedfiles.keys.keyfile import GroupKey, unwrap_keys
from sealedfiles.keys.recipients import members, reader_names, who_can_help
from sealedfiles.keys.state import Seen
from sealedfiles.token import FileKey, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sealedfiles.keys.folder import Folder
    from sealedfiles.keys.identities import Identities


class Ring:
    """The group keys of one run.

    *key_folders* are the versions of ``.sealedfiles/`` to open keys from, best first; *history* gives
    older versions that may hold a group's keys; *epoch_folders* those that say which key is current.
    *newest* is the newest epoch seen per group, and *remember* is told of a newer one.
    """

    def __init__(
        self,
        identities: Identities,
        key_folders: Callable[[], Iterable[Folder]],
        epoch_folders: Callable[[], Iterable[Folder]] | None = None,
        history: Callable[[str], Iterable[Folder]] = lambda _group: (),
        cached: Iterable[tuple[str, GroupKey]] = (),
        newest: Mapping[str, Seen] | None = None,
        remember: Callable[[str, str], None] = lambda _group, _key_id: None,
        locked: bool = False,
    ) -> None:
        self.identities = identities
        self.locked = locked
        self.troubles: list[SealedFilesError] = []
        self._key_folders = key_folders
        self._epoch_folders = epoch_folders or key_folders
        self._history = history
        self._newest = newest or {}
        self._remember = remember
        self._keys: dict[str, dict[str, GroupKey]] = {}
        self._missing: set[tuple[str, str]] = set()
        self._tried: set[bytes] = set()
        self._file_keys: dict[str, FileKey | None] = {}
        self._current: dict[str, GroupKey] = {}
        for group, key in () if locked else cached:
            self._keys.setdefault(group, {})[key.key_id] = key

    # -- opening

    def for_prefix(self, prefix: str) -> FileKey | None:
        """Return the file key of tokens that start with *prefix*, None where it is not at hand.

        Never raises: what was wrong with a key file is in ``troubles``.
        """
        if prefix not in self._file_keys:
            token = split(prefix)
            try:
                key = self.key(token.group, token.key_id)
            except SealedFilesError as error:
                self.troubles.append(error)
                key = None
            self._file_keys[prefix] = key and FileKey(token.group, key.secret, token.file_id)
        return self._file_keys[prefix]

    def key(self, group: str, key_id: str) -> GroupKey | None:
        """Return one key of a group, None where no key file at hand has it.

        Raises NoKeyError for an identity that was named and cannot be used, and TamperedError.
        """
        held = self._keys.get(group, {}).get(key_id)
        if held or self.locked or (group, key_id) in self._missing:
            return held
        known = False
        for folder in self._key_folders():
            try:
                self._open(folder, group)
                epochs = folder.read(f"keys/{group}/epochs") or b""
            except TamperedError as error:
                # One version may be in the middle of a merge; the next one may do.
                self.troubles.append(error)
                continue
            if key_id in self._keys.get(group, {}):
                return self._keys[group][key_id]
            known = known or key_id.encode("ascii") in epochs
        # A key that a present epochs file lists was not wrapped to us: looking through history on
        # every checkout of somebody who is not a member would cost more than the checkout.
        for folder in () if known else self._history(group):
            self._open(folder, group)
            if key_id in self._keys.get(group, {}):
                return self._keys[group][key_id]
        self._missing.add((group, key_id))
        return None

    def keys(self, group: str) -> list[GroupKey]:
        """Return every key of *group* that has been opened so far, oldest first."""
        return sorted(self._keys.get(group, {}).values(), key=lambda key: key.date)

    def holds(self, group: str) -> bool:
        """Tell whether *group*'s current key is at hand.  Raises TamperedError."""
        try:
            self.current(group)
        except NoKeyError:
            return False
        return True

    def add(self, group: str, key: GroupKey) -> None:
        """Take in a key that was made here just now."""
        self._take(group, [key])
        self.forget_current()

    def groups(self) -> list[str]:
        """Return the groups of which any key is at hand."""
        return sorted(group for group, keys in self._keys.items() if keys)

    def is_member(self, group: str) -> bool:
        """Tell whether any key of *group* is at hand, without looking for more."""
        return bool(self._keys.get(group))

    # -- sealing

    def current(self, group: str) -> GroupKey:
        """Return the key that new values of *group* are sealed with.

        Raises NoKeyError where it is not at hand, and TamperedError where it is older than the newest
        one seen, not chained to it, or forked from it.
        """
        if group not in self._current:
            self._current[group] = self._verified_current(group)
        return self._current[group]

    def sealing_key(self, group: str, file_id: str) -> FileKey:
        """Return the current file key of *group*.  Raises as ``current`` does."""
        key = self.current(group)
        prefix = f"sealed:v1:{group}:{key.key_id}:{file_id}:"
        found = self._file_keys.get(prefix)
        if found is None:
            found = self._file_keys[prefix] = FileKey(group, key.secret, file_id)
        return found

    def forget_current(self) -> None:
        """Look anew at what is current: ``.sealedfiles`` has changed since."""
        self._current.clear()
        self._missing.clear()
        self._file_keys = {prefix: key for prefix, key in self._file_keys.items() if key}

    def _verified_current(self, group: str) -> GroupKey:
        if self.locked:
            raise NoKeyError("this clone is locked", "open it again: sealedfiles unlock")
        folder, epochs = self.epochs(group)
        keys = {epoch.key_id: self.key(group, epoch.key_id) for epoch in epochs}
        if not any(keys.values()):
            hints = (who_can_help(folder, group), *self.identities.report())
            raise NoKeyError(f"no key of the group {group} is at hand", *hints)
        secrets = {key_id: key.secret for key_id, key in keys.items() if key}
        verify_epochs(group, epochs, secrets)
        seen = self._newest.get(group)
        if seen and seen.key_id not in secrets:
            raise TamperedError(
                f"the keys of the group {group} here do not follow from the newest seen, "
                f"{seen.key_id} ({seen.where})",
                "somebody rotated them there: merge that branch, then run: sealedfiles sync",
                f"if that rotation was given up: sealedfiles sync --forget {group}",
            )
        last = epochs[-1].key_id
        self._remember(group, last)
        current = keys[last]
        assert current is not None  # noqa: S101 - verify_epochs has refused a missing key
        return current

    def epochs(self, group: str) -> tuple[Folder, list[Epoch]]:
        """Return the epochs of *group* that count here, and the folder they stand in.

        Raises NoKeyError where the group has none, TamperedError where they cannot be read.
        """
        for folder in self._epoch_folders():
            data = folder.read(f"keys/{group}/epochs")
            if data is not None:
                return folder, parse_epochs(data, group)
        raise NoKeyError(
            f"there is no group {group}",
            f"make it, with yourself as its first reader: sealedfiles grant NAME --to {group}",
        )

    # -- key files

    def _open(self, folder: Folder, group: str) -> None:
        """Open the key file of *group* in *folder*, where one opens with an identity at hand."""
        names = members(folder, group)
        files = {name: folder.read(f"keys/{group}/{name}.age") or b"" for name in names}
        fresh = {name: data for name, data in files.items() if data and data not in self._tried}
        self._tried.update(fresh.values())
        if not fresh:
            return
        for identity in self.identities:
            for name in _own_first(folder, identity, fresh):
                try:
                    keys = unwrap_keys(fresh[name], [identity])
                except age.AgeError:
                    continue
                self._take(group, keys)
                return

    def _take(self, group: str, keys: list[GroupKey]) -> None:
        held = self._keys.setdefault(group, {})
        for key in keys:
            old = held.setdefault(key.key_id, key)
            if old.secret != key.secret:
                # Two keys of one 80-bit name can be made, with effort, by whoever makes both.
                raise TamperedError(f"key {key.key_id} of {group} has other bytes than before")


def _own_first(folder: Folder, identity: age.Identity, names: Iterable[str]) -> list[str]:
    """Order *names* so that the reader whose public key is *identity*'s comes first."""
    own = str(identity.recipient).encode("ascii") if identity.recipient else None
    mine = {
        name
        for name in reader_names(folder)
        if own and own in (folder.read(f"recipients/{name}.pub") or b"")
    }
    return sorted(names, key=lambda name: (name not in mine, name))
