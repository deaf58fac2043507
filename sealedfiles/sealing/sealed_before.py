"""The values and comments that sealed versions have, as the readers of their keys wrote them.

A reader may comment such a value out, or move it, also if somebody else once pushed the same in plaintext.
"""

from __future__ import annotations

from sealedfiles.formats.base import splice
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import last_key
from sealedfiles.model.token import COMMENT, VALUE
from sealedfiles.sealing.opened_tokens import opened_at
from sealedfiles.sealing.placed_comments import placed_comments
from sealedfiles.sealing.sealed_text import TELLING, Text
from sealedfiles.sealing.spelling import comparable, telling_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealedfiles.formats.base import Format
    from sealedfiles.sealing.comment_lines import PlacedComment
    from sealedfiles.sealing.opened_tokens import OpenedToken


class SealedValues:
    """See ``stored.SealedBefore``.  *versions* are stored texts with their decrypted tokens."""

    def __init__(
        self, versions: Iterable[tuple[str, Sequence[OpenedToken]]], file_format: Format
    ) -> None:
        self._pairs: set[tuple[str | None, str]] = set()
        self._texts: set[str] = set()
        for stored, opened_tokens in versions:
            self._add(Text(splice(stored, opened_tokens), file_format), opened_tokens)

    def has_value(self, path: bytes, value: str) -> bool:
        """See ``stored.SealedBefore``."""
        text = comparable(value)
        is_known = len(value) >= TELLING and text in self._texts
        return is_known or (last_key(path), text) in self._pairs

    def has_comment(self, comment: PlacedComment) -> bool:
        """See ``stored.SealedBefore``."""
        if comment.values:
            return all(self.has_value(*one) for one in comment.values)
        return comparable(comment.text) in self._texts

    def _add(self, opened: Text, opened_tokens: Sequence[OpenedToken]) -> None:
        tokens = {start: one.kind for start, one in opened_at(opened_tokens)}
        for span in opened.values:
            if tokens.get(span.start) == VALUE:
                self._add_value(span.path, opened.decoded(span))
        if opened.scan is None or opened.form is None or COMMENT not in tokens.values():
            return
        placed = placed_comments(opened.text, opened.scan, opened.form)
        for (start, _), comment in zip(opened.comments, placed, strict=True):
            if tokens.get(start) == COMMENT:
                self._texts.add(comparable(comment.text))
                for one in comment.values:
                    self._add_value(*one)

    def _add_value(self, path: bytes, value: str) -> None:
        self._pairs.add((last_key(path), comparable(value)))
        self._texts.update((comparable(value), *telling_lines(value)))
