"""The keyring: all available group keys, each decrypted when it is first needed.

Cached keys are used first, then the key files in the given versions of ``.sealedfiles/``, decrypted with the
first identity that can.  A key is accepted only if its chain of epochs is proved and connected to the known
keys of the group.  Otherwise anyone with push access could encrypt their own key to a reader, and then write
their own values into that reader's files.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from sealedfiles import age
from sealedfiles.age.hkdf import hkdf_sha256
from sealedfiles.errors import ConflictError, NoKeyError, SealedFilesError, TamperedError
from sealedfiles.keys.epochs import (
    Epoch,
    NewGroupError,
    SeenKeys,
    flood,
    fork,
    new_group,
    parse_epochs,
    verify_epochs,
)
from sealedfiles.keys.folder import MetadataSource, no_folder, no_group
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.keyfile import GroupKey, unwrap_keys
from sealedfiles.keys.state import Seen
from sealedfiles.light_typing import cast
from sealedfiles.model.token import FileKey, FileKeyCache, split

_MOST_TRIED, _LEAST_TRIED = 16 << 20, 16 << 10
"""Maximum total size of the key files to try for one group, and the minimum size to count: 1024 files."""


class GroupKeyring:
    """The group keys of one run.

    *key_folders* yields the versions of ``.sealedfiles/`` to read keys from, best first; *history* yields
    older versions that may have a group's keys; *epoch_folders* yields the versions that define the current
    key.  *newest* is the newest epoch seen of each group; *remember* is called with a newer one.  *required*
    are other keys that the epochs must list.  *verify_start* is called with the verified epochs of a group
    that is used for the first time, and *verify_current* with those whose last key is about to be used; both
    may raise TamperedError.  *no_folder* returns the error if no version has a group that was used before.
    *locate* returns a key that was seen with its place as messages show it.
    """

    def __init__(
        self,
        identities: Identities,
        key_folders: Callable[[], Iterable[MetadataSource]],
        epoch_folders: Callable[[], Iterable[MetadataSource]] | None = None,
        history: Callable[[str], Iterable[MetadataSource]] = lambda _group: (),
        cached: Iterable[tuple[str, GroupKey]] = (),
        newest: Mapping[str, Seen] | None = None,
        required: Mapping[str, Iterable[Seen]] | None = None,
        remember: Callable[[str, str], None] = lambda _group, _key_id: None,
        locked: bool = False,
        verify_start: Callable[[str, list[Epoch]], None] = lambda _group, _epochs: None,
        verify_current: Callable[[str, list[Epoch]], None] = lambda _group, _epochs: None,
        no_folder: Callable[[], SealedFilesError] = no_folder,
        locate: Callable[[str, Seen], Seen] = lambda _group, seen: seen,
    ) -> None:
        self.identities = identities
        self.locked = locked
        self.troubles: list[SealedFilesError] = []
        self.probe_new_groups = False
        """Whether to try all identities on the key files of new groups, to find out if one decrypts them."""
        self._accepted: set[str] = set()
        self._key_folders = key_folders
        self._epoch_folders = epoch_folders or key_folders
        self._history = history
        self._seen = SeenKeys(newest or {}, required or {})
        self.has_memory = bool(newest)
        """Whether this clone had a record of any group before this run."""
        self._known_before = frozenset(newest or ())
        self._remember = remember
        self._verify_start = verify_start
        self._verify_current = verify_current
        self._no_folder = no_folder
        self._locate = locate
        self._keys: dict[str, dict[str, GroupKey]] = {}
        self._refused: dict[str, TamperedError] = {}
        self._searched: set[str] = set()
        self._searched_history: set[str] = set()
        self._opened: dict[bytes, list[GroupKey] | None] = {}
        self._file_keys = FileKeyCache()
        self._current: dict[str, GroupKey] = {}
        self._derived: dict[tuple[bytes, int], bytes] = {}
        for group, key in () if locked else cached:
            self._keys.setdefault(group, {})[key.key_id] = key

    def accept(self, *groups: str) -> None:
        """Accept *groups*, which this clone has never used, because the user named them in the command.

        Other groups are not accepted: a pull may add an attacker's group with keys encrypted to every reader,
        and a command for another group must not accept it.
        """
        self._accepted.update(groups)
        for group in groups:
            self._refused.pop(group, None)
        self.forget_current()

    def require(self, group: str, revocations: Iterable[Seen]) -> None:
        """Require *revocations*, keys that history shows, in the epochs of *group* from now on."""
        self._seen.require(group, revocations)
        self._current.pop(group, None)

    def is_new(self, group: str) -> bool:
        """Return True if this clone had a record of groups before this run, but not of *group*."""
        return self.has_memory and group not in self._known_before

    # -- opening

    def for_prefix(self, prefix: str) -> FileKey | None:
        """Return the file key for tokens that start with *prefix*, or None if it is not available.

        Never raises: errors in key files are in ``troubles``.
        """
        if prefix not in self._file_keys:
            token = split(prefix)
            try:
                key = self.key(token.group, token.key_id)
            except SealedFilesError as error:
                self.troubles.append(error)
                key = None
            self._file_keys[prefix] = key and FileKey(
                token.group, key.secret, token.file_id, token.key_id
            )
        return self._file_keys[prefix]

    def key(self, group: str, key_id: str) -> GroupKey | None:
        """Return one key of a group, or None if no available key file has it.

        Raises NoKeyError if an identity that the user named is unusable.
        """
        is_missing = key_id not in self._keys.get(group, {}) and not self.locked
        if is_missing and group not in self._searched and not self._search(group, key_id):
            self._searched.add(group)
        return self._keys.get(group, {}).get(key_id)

    def keys(self, group: str) -> list[GroupKey]:
        """Return every key of *group* that has been decrypted so far, oldest first."""
        return sorted(self._keys.get(group, {}).values(), key=lambda key: key.date)

    def holds(self, group: str) -> bool:
        """Return True if the current key of *group* is available.  Raises TamperedError.

        For a group that is new in this clone and was not accepted, the result is False.
        """
        try:
            self.current(group)
        except (NoKeyError, NewGroupError):
            return False
        return True

    def add(self, group: str, key: GroupKey) -> None:
        """Add a key that this run has generated."""
        self._accepted.add(group)
        self._keys.setdefault(group, {})[key.key_id] = key
        self.forget_current()

    def groups(self) -> list[str]:
        """Return the groups that have an available key."""
        return sorted(group for group, keys in self._keys.items() if keys)

    def derive(self, info: bytes) -> bytes:
        """Return a key for the purpose *info*, derived from all available keys; empty if there are none."""
        count = sum(map(len, self._keys.values()))  # keys are added, but never removed
        if (info, count) not in self._derived:
            keys = sorted(
                b"%b:%b" % (group.encode("ascii"), key.secret)
                for group, held in self._keys.items()
                for key in held.values()
            )
            self._derived[info, count] = hkdf_sha256(b"".join(keys), b"", info) if keys else b""
        return self._derived[info, count]

    def refusal(self, group: str) -> TamperedError | None:
        """Return the reason why keys of *group* that are encrypted to the user were refused, or None."""
        return self._refused.get(group)

    def is_member(self, group: str) -> bool:
        """Return True if a key of *group* is already decrypted; does not search key files."""
        return bool(self._keys.get(group))

    # -- sealing

    def current(self, group: str) -> GroupKey:
        """Return the key that new values of *group* are sealed with.

        Raises NoKeyError if it is not available, and TamperedError if it does not descend from keys seen.
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
            found = self._file_keys[prefix] = FileKey(group, key.secret, file_id, key.key_id)
        return found

    def forget_current(self) -> None:
        """Discard the current keys, because ``.sealedfiles`` changed; they are determined again."""
        self._current.clear()
        self._searched.clear()
        self._file_keys.forget_missing()

    def older_than_seen(self, group: str, listed: Container[str]) -> Seen | None:
        """Return a key that the epochs of *group* must list and that is not *listed*, otherwise None."""
        seen = self._seen.missing(group, listed)
        return self._locate(group, seen) if seen else None

    def epochs(self, group: str) -> tuple[MetadataSource, list[Epoch]]:
        """Return the epochs of *group* that apply, and the folder that contains them.

        Raises NoKeyError if the group does not exist, TamperedError if its epochs are invalid.
        """
        for folder in self._epoch_folders():
            data = folder.read(f"keys/{group}/epochs")
            if data is not None:
                return folder, parse_epochs(data, group)
        if self.has_memory and not any(folder.list("keys") for folder in self._epoch_folders()):
            raise self._no_folder()
        raise no_group(group)

    def _verified_current(self, group: str) -> GroupKey:
        if self.locked:
            raise NoKeyError("this clone is locked", "unlock it: sealedfiles unlock")
        folder, epochs = self.epochs(group)
        keys = {epoch.key_id: self.key(group, epoch.key_id) for epoch in epochs}
        if not any(keys.values()):
            raise self._refused.get(group) or self._no_key(group, folder)
        if self._is_unaccepted(group):
            raise new_group(group)
        secrets = {key_id: key.secret for key_id, key in keys.items() if key}
        verify_epochs(group, epochs, secrets)
        self._refuse_fork(group, secrets)
        last = epochs[-1].key_id
        self._verify_current(group, epochs)
        self._refuse_fork(group, secrets)  # history may require more keys: ``require``
        seen = self._seen.newest.get(group)
        if seen is None or seen.key_id != last:
            self._seen.newest[group] = Seen(last, "")
            self._remember(group, last)
        return cast("GroupKey", keys[last])  # verify_epochs has refused a missing key

    def _refuse_fork(self, group: str, key_ids: Container[str]) -> None:
        if seen := self.older_than_seen(group, key_ids):
            raise fork(group, seen)

    def _no_key(self, group: str, folder: MetadataSource) -> NoKeyError:
        from sealedfiles.keys.recipients import who_can_help

        hint = who_can_help(folder, group)
        return self.identities.no_key(f"no key for the group {group} is available", hint)

    def _is_unaccepted(self, group: str) -> bool:
        """Return True if *group* is new in this clone and the user has not accepted it."""
        return self.has_memory and group not in self._seen.newest and group not in self._accepted

    # -- key files

    def opens(self, group: str, folder: MetadataSource) -> bool:
        """Return True if an identity is available that decrypts a key file of *group* in *folder*."""
        return any(self._key_files(folder, group))

    def _search(self, group: str, key_id: str) -> bool:
        """Search the key files of *group*, and history if no version lists the key; True if it is found."""
        refused: list[tuple[list[Epoch], list[GroupKey]]] = []
        known = False
        for folder in self._key_folders():
            known = self._open(folder, group, refused, key_id) or known
            if key_id in self._keys.get(group, {}):
                # One version had a merge conflict, but another one provided the key.
                self.troubles = [t for t in self.troubles if not isinstance(t, ConflictError)]
                return True
        # A key that a current epochs file lists was not encrypted to this user.  Do not search the history
        # for it: for a user outside the group, that would take longer than the checkout itself.
        if (refused or not known) and group not in self._searched_history:
            self._searched_history.add(group)
            for folder in self._history(group):
                self._open(folder, group, refused, key_id)
        # Retry key files whose chain could not be connected before.
        for epochs, keys in refused:
            if not self._accept_chain(group, epochs, keys):
                error = TamperedError(
                    f"keys of the group {group} that are encrypted to you are unrelated "
                    "to the keys known in this clone",
                    f"find who added them: git log -- .sealedfiles/keys/{group}",
                    f"if a rotation was abandoned (git reset): sealedfiles sync --forget {group}",
                )
                self._note(group, error)
        return key_id in self._keys.get(group, {})

    def _open(
        self,
        folder: MetadataSource,
        group: str,
        refused: list[tuple[list[Epoch], list[GroupKey]]],
        key_id: str,
    ) -> bool:
        """Accept the keys of *group* in one *folder*; return True if *key_id* is among its epochs.

        Errors in the folder are added to ``troubles``: one version may have a merge conflict, while the next
        one is valid.
        """
        known = False
        try:
            data = folder.read(f"keys/{group}/epochs")
            if data is None:
                return False
            known = key_id.encode("ascii") in data
            epochs = parse_epochs(data, group)
            if all(epoch.key_id in self._keys.get(group, {}) for epoch in epochs):
                return known
            for keys in self._key_files(folder, group):
                if self._accept_chain(group, epochs, keys):
                    break
                refused.append((epochs, keys))
        except TamperedError as error:
            self._note(group, error)
        return known

    def _note(self, group: str, error: TamperedError) -> None:
        self.troubles.append(error)
        self._refused.setdefault(group, error)

    def _key_files(self, folder: MetadataSource, group: str) -> Iterator[list[GroupKey]]:
        """Yield the keys in every file of *group* that can be decrypted, the reader's own file first."""
        from sealedfiles.keys.recipients import members, own_first  # keys are usually cached

        names = members(folder, group)
        # For a group that the clone has never used, do not prompt or run programs: for a reader of only some
        # groups, the filter would do so in every git command.
        budget = _MOST_TRIED  # anyone with push access can add key files
        few = self._is_unaccepted(group) and not self.probe_new_groups
        identities = self.identities.without_prompt() if few else self.identities
        for identity in identities if names else ():
            for name in own_first(folder, identity, names):
                if budget < 0:
                    self._note(group, flood(group))
                    return
                try:
                    data = folder.read(f"keys/{group}/{name}.age") or b""
                    budget -= max(len(data), _LEAST_TRIED)
                    keys = self._unwrap(data, identity)
                except TamperedError as error:
                    self._note(group, error)
                    continue
                if keys:
                    yield keys

    def _unwrap(self, data: bytes, identity: age.Identity) -> list[GroupKey]:
        known = self._opened.get(data)
        if known is None:
            try:
                known = unwrap_keys(data, [identity])
            except age.AgeError:
                return []
            self._opened[data] = known
        return known

    def _accept_chain(self, group: str, epochs: list[Epoch], keys: list[GroupKey]) -> bool:
        """Accept *keys*, from one key file, if they are a proved chain that may be trusted.

        Returns False if the chain is not connected to the known keys of the group.  A key file may be
        shorter than the chain, if a reader was added while another branch rotated.  Raises TamperedError
        if a line is not proved.
        """
        secrets = {key.key_id: key.secret for key in keys}
        chain = epochs[: len(secrets)]
        verify_epochs(group, chain, secrets)
        held = self._keys.setdefault(group, {})
        seen = self._seen.newest.get(group)
        common = [key for key in keys if key.key_id in held]
        for key in common:
            if held[key.key_id].secret != key.secret:
                # Somebody who generates both keys can, with much effort, give them the same 80-bit id.
                raise TamperedError(f"key {key.key_id} of {group} differs from the key seen before")
        is_first = not held and seen is None
        is_seen = seen is not None and seen.key_id in secrets
        if is_first and self._is_unaccepted(group):
            raise new_group(group)
        if is_first:
            self._verify_start(group, chain)
        if not (common or is_first or is_seen):
            return False
        if seen and not is_seen and not all(key.key_id in held for key in keys):
            # A removed reader may have done this; it also happens if two branches rotate independently.
            self.troubles.append(fork(group, seen))
        listed = {epoch.key_id for epoch in chain}
        held.update({key.key_id: key for key in keys if key.key_id in listed})
        return True
