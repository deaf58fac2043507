"""Plaintext in the versions of a file that git stores.

Anyone with push access could have written it. So clean leaves such a value exactly as it is in git: if a
merge, a rebase, or the edit of another value turned it into a token, it would look like a value that a reader
wrote. Only explicit commands seal it (`status --fix`, `track`, `seal`).

The same holds for plaintext that a checkout wrote to the working tree and that is in no version in git any
more (``Noted``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple, Protocol
from sealedfiles.sealing.file import File, is_whole
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.sealing.spelling import (
    SPELLED,
    comparable,
    comparable_content,
    has_other_spellings,
    with_encodings,
)
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from sealedfiles.sealing.comment_lines import PlacedComment

_WRITTEN_AS_READ = lazy_pattern(r"[!#-&(-\[\]-~]+")
"""Text that every quoting style writes unchanged, unless it uses a backslash escape."""


class Noted(Protocol):
    """The plaintext that smudge wrote to the working tree (``sealedfiles.git.plaintext_memory``)."""

    def __bool__(self) -> bool:
        """Return False if nothing was noted: no value needs to be decoded."""
        ...

    def has_value(self, path: bytes, value: str) -> bool:
        """Return True if the decoded *value* was noted at the key path *path*."""
        ...

    def has_comment(self, comment: PlacedComment) -> bool:
        """Return True if *comment*, or a value of its entry, was noted."""
        ...

    def has_line(self, line: PlacedComment) -> bool:
        """Return True if *line*, of a text that does not parse, may contain something noted."""
        ...

    def has_content(self, data: bytes) -> bool:
        """Return True if *data* was noted as the content of a file."""
        ...


class NewComment(NamedTuple):
    """A comment that has no token yet."""

    comment: PlacedComment
    groups: set[str]
    """The groups that it is sealed to."""


class NewTokens(NamedTuple):
    """What a sealing made new tokens for, and did not find in the previous version."""

    values: list[tuple[bytes, str]]
    """Key paths and decoded values."""
    comments: list[NewComment]
    paths: set[bytes]
    """The key paths of all values of the text."""


class SealedBefore(Protocol):
    """The values that a sealed version has (``sealing.sealed_before``): they are the readers'."""

    def has_value(self, path: bytes, value: str) -> bool:
        """Return True if *value* is sealed with the key of *path*, or anywhere if it is long enough."""
        ...

    def has_comment(self, comment: PlacedComment) -> bool:
        """Return True if all that *comment* holds is sealed."""
        ...


class OriginCheck(Protocol):
    """Refuses to seal what would hide who wrote a value (``sealing.unproved``); raises SealedFilesError.

    *replaced* are the versions that the new content replaces, *stored* those in git.
    """

    def whole(
        self,
        data: bytes,
        replaced: list[bytes],
        stored: Iterable[bytes],
        noted: Noted | None = None,
    ) -> None:
        """Check *data*, which will be sealed whole, or one of the versions *replaced* is."""
        ...

    def moved(self, new: NewTokens, replaced: list[bytes], stored: Iterable[bytes]) -> None:
        """Check *new*, which may be values of a version at other key paths."""
        ...


class StoredPlaintext:
    """The values, comments and contents that *versions* of one file have in plaintext.

    *versions* are read only as far as needed. *noted* is the plaintext that smudge wrote to the working tree
    earlier, or None.
    """

    def __init__(
        self,
        versions: Iterable[bytes],
        file: File,
        noted: Noted | None = None,
        origin: OriginCheck | None = None,
    ) -> None:
        self._given = versions
        self._file = file
        self._noted = noted
        self._origin = origin
        self.was_found = False
        """Whether *versions* had something that was asked for."""

    @property
    def is_read(self) -> bool:
        """Whether anything of *versions* or *noted* was needed."""
        return "_versions" in self.__dict__

    @property
    def is_empty(self) -> bool:
        """Whether there is no plaintext at all, as for a new file."""
        return not self._versions and not self._noted

    def check_origin(self, data: bytes, replaced: list[bytes]) -> None:
        """Check *data*, which will be sealed whole, or one of the versions *replaced* is: ``OriginCheck``."""
        if self._origin is not None:
            versions = [one.data for one in self._versions]
            self._origin.whole(data, replaced, versions, self._noted)

    def check_moved(self, find_new: Callable[[], NewTokens], replaced: list[bytes]) -> None:
        """Check what got new tokens, which *find_new* returns: see ``OriginCheck``."""
        if self._origin is None or not replaced:
            return
        new = find_new()
        if new.values or new.comments:
            self._origin.moved(new, replaced, [one.data for one in self._versions])

    def has_value(
        self, path: bytes, literal: str, find_sealed: Callable[[], SealedBefore] | None = None
    ) -> bool:
        """Return True if a version holds the value of *literal* at the key path *path* in plaintext.

        Values are compared without their quotes: a formatter that changes the quotes does not make the
        value the user's own.  What was noted does not count if *find_sealed* returns it.
        """
        assert self._file.format is not None  # noqa: S101 - only structured files have values
        if self.is_empty:
            return False
        value = self._file.format.decode(literal)
        if any(one.may_hold(value) and one.has_value(path, value) for one in self._versions):
            self.was_found = True
            return True
        if not self._noted or (find_sealed and find_sealed().has_value(path, value)):
            return False
        return self._noted.has_value(path, value)

    def has_comment(
        self,
        find_comment: Callable[[], PlacedComment],
        text: str,
        find_sealed: Callable[[], SealedBefore],
    ) -> bool:
        """Return True if a version holds a comment with *text* in plaintext, or its content was noted.

        What was noted does not count if *find_sealed* returns it.
        """
        if any(comparable(text) in one.comment_texts for one in self._versions):
            self.was_found = True
            return True
        if not self._noted:
            return False
        comment = find_comment()
        return not find_sealed().has_comment(comment) and self._noted.has_comment(comment)

    def has_content(self, data: bytes) -> bool:
        """Return True if *data* is the content of a version, in plaintext."""
        content = comparable_content(data)
        if any(comparable_content(one.data) == content for one in self._versions):
            self.was_found = True
            return True
        return self._noted is not None and bool(self._noted) and self._noted.has_content(data)

    @cached_property
    def _versions(self) -> list[_Version]:
        given = (data for data in self._given if data and not is_whole(data))
        distinct = dict.fromkeys(with_encodings(given))
        return [_Version(data, self._file) for data in distinct]


class _Version(SealedText):
    """One version, parsed only if it may contain the value."""

    def may_hold(self, value: str) -> bool:
        """Return False if *value* cannot be in the text: parsing costs more than a search."""
        if value in self.text or has_other_spellings(value):
            return True
        return SPELLED.search(self.text) is not None or not _WRITTEN_AS_READ.fullmatch(value)

    def has_value(self, path: bytes, value: str) -> bool:
        """Return True if the decoded *value* is in plaintext at *path*."""
        return comparable(value) in self._plain_values.get(path, ())

    @cached_property
    def comment_texts(self) -> set[str]:
        """The text of every comment, as ``comparable``."""
        return {
            comparable(one.text[start:end]) for one in self.readings for start, end in one.comments
        }

    @cached_property
    def _plain_values(self) -> dict[bytes, set[str]]:
        found: dict[bytes, set[str]] = {}
        for one in self.readings:
            for span in one.values:
                if not one.is_token(span):
                    found.setdefault(span.path, set()).add(comparable(one.decoded(span)))
        return found
