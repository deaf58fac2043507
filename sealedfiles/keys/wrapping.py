"""Encrypt group keys to readers.  No other module decides who a key is encrypted to.

Anyone with push access can add a public key to ``.sealedfiles/recipients/``.  So a group key is encrypted
only to a ``VerifiedReader``, which is created from a verified grant, from a public key that the user gave
or confirmed in this command, or from the identity in use.
"""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles import age
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.keys.folder import DirFolder, MetadataSource
from sealedfiles.keys.grants import new_grant, verify_grant
from sealedfiles.keys.keyfile import GroupKey, wrap_keys
from sealedfiles.keys.recipients import check_name, read_recipients
from sealedfiles.light_typing import Final
from sealedfiles.util import atomic
from sealedfiles.util.messages import shell_word

_PUBLIC: Final = 0o644
_PROOF: Final = object()


class VerifiedReader:
    """A reader's name with verified public keys.

    It can be created only by ``granted``, ``confirmed`` and ``own``.
    """

    __slots__ = ("name", "recipients")

    def __init__(self, name: str, recipients: Sequence[age.Recipient], proof: object) -> None:
        if proof is not _PROOF:
            raise TypeError("use VerifiedReader.granted, .confirmed or .own")
        self.name: Final = check_name(name)
        self.recipients: Final = tuple(recipients)
        if not self.recipients:
            raise UsageError(
                f"{name} has no known public key",
                f"give one: sealedfiles grant {shell_word(name)} KEY --to GROUP; "
                "sealedfiles keygen prints it",
            )

    @classmethod
    def granted(
        cls,
        folder: MetadataSource,
        group: str,
        name: str,
        key: GroupKey,
        grants: MetadataSource | None = None,
    ) -> VerifiedReader:
        """Return the reader *name* with the public keys in *folder*, proved by a grant under *key*.

        *key* is the current key of *group*; *grants* is the version of ``.sealedfiles`` with the grant, by
        default *folder*.  Raises TamperedError if the grant does not prove them.
        """
        recipients = read_recipients(folder, check_name(name))
        grant = (grants or folder).read(f"keys/{group}/{name}.grant")
        verify_grant(grant, group, name, recipients, key)
        return cls(name, recipients, _PROOF)

    @classmethod
    def confirmed(cls, name: str, recipients: Sequence[age.Recipient]) -> VerifiedReader:
        """Return the reader *name* with public keys that the user gave or confirmed in this command."""
        return cls(name, recipients, _PROOF)

    @classmethod
    def own(cls, name: str, *identities: age.Identity) -> VerifiedReader:
        """Return the reader *name* with the public keys of *identities*, which are in use."""
        return cls(name, [one.recipient for one in identities if one.recipient], _PROOF)


def wrap_to(
    folder: DirFolder, group: str, reader: VerifiedReader, keys: Sequence[GroupKey]
) -> None:
    """Encrypt *keys*, all keys of *group* with the current one last, to *reader*, and write a grant.

    Raises UsageError if encrypting to a public key fails.
    """
    if not isinstance(reader, VerifiedReader):
        raise TamperedError(f"the public keys of a reader of {group} were not verified")
    write_reader(folder, group, reader.name, list(reader.recipients), list(keys))


def write_reader(
    folder: DirFolder, group: str, name: str, recipients: list[age.Recipient], keys: list[GroupKey]
) -> None:
    """Write the key file and the grant of a reader without verification.  Call only from ``wrap_to``."""
    write_file(folder, f"keys/{group}/{name}.age", wrap_keys(keys, recipients))
    write_file(folder, f"keys/{group}/{name}.grant", new_grant(group, name, recipients, keys[-1]))


def write_file(folder: DirFolder, name: str, data: bytes) -> None:
    """Write a file in ``.sealedfiles/``.  Raises TamperedError if the path contains a symlink."""
    # Reading the file raises the error for a symlink.
    folder.read(name)
    path = folder.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, data, _PUBLIC)
