"""Access to the groups, and the readers' public keys, in one version of ``.sealedfiles/``.

No key is needed, so no proof is verified: this is what a reviewer sees in a pull request.  Grants that do
not match their public keys are reported.
"""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles import age
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.keys.epochs import Epoch, read_epochs
from sealedfiles.keys.folder import MetadataSource
from sealedfiles.keys.grants import fingerprints, parse_grant
from sealedfiles.keys.identity.kms_file import read_head
from sealedfiles.keys.recipients import (
    fingerprint,
    group_names,
    members,
    read_recipients,
    reader_names,
    ssh_fingerprint,
    with_ssh_fingerprint,
)
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import shell_word

_KINDS = {
    "mlkem768x25519": "age, post-quantum hybrid",
    "x25519": "age, X25519",
    "p256tag": "hardware, P-256",
    "mlkem768p256tag": "hardware, post-quantum hybrid",
}

GRANTED = "granted"
CHANGED_KEY = "changed-key"
OLD_GRANT = "old-grant"
NO_GRANT = "no-grant"


class PublicKey(NamedTuple):
    """One public key of a reader."""

    kind: str
    """For people: ``age, X25519``, ``ssh-ed25519``, ``plugin yubikey``."""
    post_quantum: bool | None
    """None if only a plugin knows it."""
    fingerprint: str
    ssh_fingerprint: str | None = None
    """The fingerprint of ``ssh-keygen -lf``; None for a key that is not an SSH key."""

    @property
    def shown_fingerprint(self) -> str:
        """The fingerprints, for people."""
        return with_ssh_fingerprint(self.fingerprint, self.ssh_fingerprint)


class Access(NamedTuple):
    """A reader's access to a group."""

    since: str
    """The date of the grant, which each new key of the group renews; empty without a grant."""
    state: str
    """``granted``, or a problem to review: ``changed-key``, ``old-grant``, ``no-grant``."""


class Reader(NamedTuple):
    """One reader."""

    name: str
    keys: list[PublicKey]
    access: dict[str, Access]
    """By group."""
    trouble: str
    """The reason why there are no public keys; otherwise empty."""
    kms: str = ""
    """The URI of the key that its private key is encrypted with in ``.sealedfiles/``, as that file says."""

    @property
    def post_quantum(self) -> bool | None:
        """Whether all keys of the reader resist a quantum computer; None if unknown."""
        known = {key.post_quantum for key in self.keys} or {None}
        return False if False in known else None if None in known else True


class Group(NamedTuple):
    """A group and its key; the key's id and date are empty if the epochs cannot be read."""

    name: str
    key_id: str
    date: str
    readers: list[str]


class Matrix(NamedTuple):
    """The groups and the readers, each in the order of their names."""

    groups: list[Group]
    readers: list[Reader]

    def readers_of(self, groups: Iterable[str]) -> list[str]:
        """Return the readers of a value that is sealed to all of *groups*, one layer for each."""
        wanted = set(groups)
        return [reader.name for reader in self.readers if wanted <= reader.access.keys()]

    def post_quantum(self, group: Group) -> bool | None:
        """Return True if all keys of the readers of *group* resist a quantum computer; None if unknown."""
        known = {reader.post_quantum for reader in self.readers if reader.name in group.readers}
        return False if False in known else None if None in known or not known else True

    def troubles(self) -> list[tuple[str, str]]:
        """Return the problems to review, each with a hint."""
        unread = [
            (f"{group.name}: the list of its keys cannot be read", "run: sealedfiles check")
            for group in self.groups
            if not group.key_id
        ]
        return unread + [found for reader in self.readers for found in _troubles(reader)]


def read_matrix(folder: MetadataSource) -> Matrix:
    """Return the groups and readers of *folder*.  Raises TamperedError for a symbolic link in it."""
    groups = []
    access: dict[str, dict[str, Access]] = {name: {} for name in reader_names(folder)}
    for group in group_names(folder):
        last = _last_epoch(folder, group)
        names = members(folder, group)
        key_id, date = (last.key_id, last.date) if last else ("", "")
        groups.append(Group(group, key_id, date, names))
        for name in names:
            access.setdefault(name, {})[group] = _read_access(folder, group, name, key_id)
    return Matrix(groups, [_reader(folder, name, access[name]) for name in sorted(access)])


def as_json(matrix: Matrix) -> dict[str, object]:
    """Return what ``who --json`` prints, without its version."""
    return {
        "groups": [
            {
                "group": group.name,
                "key_id": group.key_id,
                "date": group.date,
                "post_quantum": matrix.post_quantum(group),
                "readers": group.readers,
            }
            for group in matrix.groups
        ],
        "readers": [
            {
                "reader": reader.name,
                "public_keys": [key._asdict() for key in reader.keys],
                "kms": reader.kms or None,
                "post_quantum": reader.post_quantum,
                "access": [
                    {"group": group, **one._asdict()} for group, one in reader.access.items()
                ],
            }
            for reader in matrix.readers
        ],
    }


def _reader(folder: MetadataSource, name: str, access: dict[str, Access]) -> Reader:
    try:
        keys = [describe_public_key(one) for one in read_recipients(folder, name)]
    except UsageError:
        return Reader(name, [], access, "the public key cannot be read")
    held = read_head(folder, name)
    is_own = held is not None and held.fingerprint in {key.fingerprint for key in keys}
    kms = held.uri.text if held and is_own else ""
    return Reader(name, keys, access, "" if keys else "the public key is missing", kms)


def describe_public_key(recipient: age.Recipient) -> PublicKey:
    """Return the kind and the fingerprints of *recipient*."""
    plugin = getattr(recipient, "plugin", None)
    if plugin:
        return PublicKey(f"plugin {plugin}", None, fingerprint(recipient))
    kind = _KINDS.get(recipient.kind, recipient.kind)
    of_ssh = ssh_fingerprint(recipient)
    return PublicKey(kind, recipient.post_quantum, fingerprint(recipient), of_ssh)


def _last_epoch(folder: MetadataSource, group: str) -> Epoch | None:
    try:
        return read_epochs(folder, group)[-1]
    except TamperedError:
        return None  # `check` reports the reason


def _read_access(folder: MetadataSource, group: str, name: str, current: str) -> Access:
    grant = parse_grant(folder.read(f"keys/{group}/{name}.grant"))
    if grant is None:
        return Access("", NO_GRANT)
    try:
        is_same = grant.fingerprints == fingerprints(read_recipients(folder, name))
    except UsageError:
        is_same = False
    state = GRANTED if grant.key_id == current or not current else OLD_GRANT
    return Access(grant.date, state if is_same else CHANGED_KEY)


_WORDS = {
    CHANGED_KEY: "the public key changed after access to {} was granted",
    OLD_GRANT: "has a grant for {} under an older key",
    NO_GRANT: "has keys of {}, but no valid grant",
}


def _troubles(reader: Reader) -> Iterable[tuple[str, str]]:
    if reader.trouble:
        yield (
            f"{reader.name}: {reader.trouble}",
            f"check the file .sealedfiles/recipients/{reader.name}.pub",
        )
    for state, words in _WORDS.items():
        groups = [group for group, access in reader.access.items() if access.state == state]
        if groups:
            fix = (
                "sealedfiles sync"
                if state == OLD_GRANT
                else f"sealedfiles trust {shell_word(reader.name)}"
            )
            yield (
                f"{reader.name}: {words.format(', '.join(groups))}",
                f"if this is correct, run: {fix}",
            )
