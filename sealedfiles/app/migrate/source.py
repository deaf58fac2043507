"""The interface of a source: a tool whose encrypted files a migration replaces."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sealedfiles.app.migrate.tree import Tree
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.light_typing import ClassVar, NamedTuple
from sealedfiles.util.messages import Note


class FoundFile(NamedTuple):
    """A file that the tool has encrypted."""

    stored: bytes
    """The path of the encrypted file."""
    path: bytes
    """The path of its plaintext: the same one, if the tool encrypts files in place."""
    group: str | None = None
    """The group that its values go to, if the tool separates readers by name."""


class Reader(NamedTuple):
    """Somebody who can decrypt files of the tool, as files say that anyone may have pushed."""

    name: str
    key: str
    """The public key, if a group key can be encrypted to it; otherwise empty."""
    shown: str
    """The fingerprint, and what else is known."""
    files: frozenset[bytes]
    """The paths of the plaintexts that this reader can decrypt."""


class Removal(NamedTuple):
    """What of the tool git tracks, and a complete migration removes."""

    files: tuple[bytes, ...] = ()
    """Its files, in addition to the encrypted files."""
    attributes: tuple[bytes, ...] = ()
    """Its attributes in .gitattributes, such as ``filter=git-crypt``."""
    ignored: tuple[bytes, ...] = ()
    """Plaintexts that .gitignore may exclude, for the tool's sake."""
    keys: tuple[bytes, ...] = ()
    """The files that stay on the disk: private keys, which no commit may have."""


class Found(NamedTuple):
    """What a repository has of a tool.  Nothing is decrypted for it."""

    files: list[FoundFile]
    readers: list[Reader]
    removal: Removal
    patterns: tuple[str, ...] = ()
    """Patterns of files that the tool encrypts when they are added."""
    notes: tuple[Note, ...] = ()
    """What stays, and why; what cannot be carried over."""


class Plaintext(NamedTuple):
    """A decrypted file.  Never print it."""

    data: bytes
    rules: tuple[NewRule, ...] = ()
    """The rules for its values; none if all are sealed."""
    by_value: bool = False
    """Whether the tool encrypts single values, so that keys are in plaintext already."""
    is_confirmed: bool = False
    """Whether the tool itself, which is installed, decrypted it to the same values, or a hash that the tool
    keeps is that of the plaintext."""
    notes: tuple[Note, ...] = ()
    rule_notes: tuple[Note, ...] = ()
    """Notes on the rules, if the policy in force does not already decide about the file."""

    def __repr__(self) -> str:
        """Show no secret."""
        return "<a decrypted file>"


class Access(NamedTuple):
    """What a migration may decrypt with."""

    identities: Identities
    key_files: tuple[str, ...] = ()
    """Files with keys or passwords of the tool."""


class Source(ABC):
    """A tool, for one repository."""

    name: ClassVar[str]
    takes_key_files: ClassVar[bool] = False
    """Whether it decrypts with keys or passwords in files."""

    def __init__(self, tree: Tree, access: Access) -> None:
        self.tree = tree
        self.access = access

    @staticmethod
    @abstractmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:
        """Return True if the tool has encrypted the file *data* at *path*, or values in it."""

    @abstractmethod
    def find(self, stored: list[bytes]) -> Found:
        """Return what the repository has of the tool; *stored* are the files that it has encrypted."""

    @abstractmethod
    def decrypt(self, file: FoundFile) -> Plaintext:
        """Decrypt *file*.  Raises NoKeyError, TamperedError, and UsageError for what is not supported."""
