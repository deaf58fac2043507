"""Which comments are sealed: commenting a secret out must not commit it (design, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles import paths
from sealedfiles.document.pieces import is_token
from sealedfiles.token import VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealedfiles.document.previous import Previous
    from sealedfiles.formats.base import Format
    from sealedfiles.policy import FileRules

_TELLING = 8
"""How many characters a value must have for its mention in a comment to be no accident."""


class Reasons:
    """What makes a comment of one text a secret, and for which groups.

    *sealed* are the sealed values of the text, each as path, literal (None where it stays a token)
    and group; *known* the sealed versions that it may come from.
    """

    def __init__(
        self,
        file_format: Format,
        rules: FileRules,
        sealed: Iterable[tuple[bytes, str | None, str]],
        known: Sequence[Previous],
    ) -> None:
        self._format = file_format
        self._rules = rules
        self._known = known
        self._last_keys: dict[str, set[str]] = {}
        # First eight characters -> length -> text -> groups.
        self._mentions: dict[str, dict[int, dict[str, set[str]]]] = {}
        for path, literal, group in sealed:
            self._add_key(path, group)
            if literal is not None:
                self._add_text(literal, group)
        for piece in (piece for version in known for piece in version.pieces):
            if piece.kind == VALUE:
                self._add_text(piece.literal, piece.key.group)
            else:
                self.add_comment(piece.literal, piece.key.group)
        self._knows_previous_keys = False

    def groups(self, comment: str) -> set[str]:
        """Return the groups that *comment* is sealed to; none where it may be read by everybody."""
        found = self._mentioned(comment)
        entries = [
            entry
            for entry in self._format.uncommented(comment)
            if not is_token(comment[entry.start : entry.end], self._format)
        ]
        always = bool(entries) and self._format.always_sealed(comment)
        for entry in entries:
            found |= self._known_key(entry.path)
            if always:
                group = self._rules.group_of(entry.path)
                found |= {group} if group else set()
        return found

    def _known_key(self, path: bytes) -> set[str]:
        key = paths.last_key(path)
        if key is None:
            return set()
        if not self._knows_previous_keys:
            self._knows_previous_keys = True
            for version in self._known:
                for sealed, group in version.sealed_paths().items():
                    self._add_key(sealed, group)
        return self._last_keys.get(key, set())

    def _mentioned(self, comment: str) -> set[str]:
        """Return the groups of the values whose text stands in *comment*.

        Values that begin alike (`https://…`) are told apart by one look for each length they have.
        """
        found: set[str] = set()
        for at in range(len(comment) - _TELLING + 1):
            for length, texts in self._mentions.get(comment[at : at + _TELLING], {}).items():
                found |= texts.get(comment[at : at + length], set())
        return found

    def _add_key(self, path: bytes, group: str) -> None:
        key = paths.last_key(path)
        if key is not None:
            self._last_keys.setdefault(key, set()).add(group)

    def add_comment(self, comment: str, group: str) -> None:
        """Know the entries of a sealed comment: it may be edited where it stands, or copied."""
        for start, end, path in self._format.uncommented(comment):
            self._add_key(path, group)
            self._add_text(comment[start:end], group)

    def _add_text(self, literal: str, group: str) -> None:
        # A value of several lines is commented out line by line.
        for line in self._format.decode(literal).replace("\r", "\n").split("\n"):
            text = line.strip()
            if len(text) >= _TELLING:
                by_length = self._mentions.setdefault(text[:_TELLING], {})
                by_length.setdefault(len(text), {}).setdefault(text, set()).add(group)
