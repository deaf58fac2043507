"""What one comment line would be if its comment sign were removed.

The grammar is in docs/format.md, section 5.  It is deliberately not a parser: a comment may be half of
an entry, and which parser reads it must not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.formats.base import Span
from sealedfiles.model.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

# What introduces prose.
_PROSE = """
attention author bug caution copyright deprecated doc docs documentation eg e.g. example examples fixme
hack hint i.e. ie important info licence license nb note notes ref reference remark see since source tip
todo usage warning xxx
"""
# What programs read from comments.
_DIRECTIVES = """
ex prettier-ignore renovate spdx-filecopyrighttext spdx-license-identifier vi vim yaml-language-server
"""
LABELS = frozenset(f"{_PROSE} {_DIRECTIVES}".split())
"""Words that are not keys if they are in front of a colon, in lower case: ``# see: docs`` is prose."""

_LONGEST_KEY = 3
"""In words: ``admin password`` may be a key, more words are a sentence."""


class Commented(NamedTuple):
    """One comment line, read without its comment sign.  Offsets count within the comment."""

    content: int
    """Where its content begins, after the comment signs and blanks; -1 if it has none."""
    values: Sequence[Span] = ()
    """The values of its entry; their paths are relative to where the comment is."""
    is_entry: bool = False
    """Whether it reads as an entry; else it may be prose, and only a key that is sealed elsewhere counts."""
    is_item: bool = False
    """Whether it is a list item that may also be a line of prose with a bullet."""
    header: bytes | None = None
    """The path, relative, that lines below it belong to."""
    body: int = -1
    """Lines below it whose content is right of this offset belong to it; -1: none."""
    is_block: bool = False
    """Whether its value is a block scalar: then every line that is indented at all belongs to it."""
    takes_items: bool = False
    """Whether list items below it that are not indented belong to it: it is ``key:`` without a value."""
    opens: str = ""
    """What it opens and does not close: a quote, ``[`` for any bracket, ``-----END `` for a private key, a
    backslash for the next line."""


class Place(NamedTuple):
    """A comment line whose place in the structure is looked for."""

    start: int
    """Of the text behind its ``#``."""
    column: int
    """Of its content, if ``#`` and one blank are taken for the comment sign."""
    read: Commented


def pem(comment: str, content: int, path: bytes = ROOT) -> Commented | None:
    """Return *comment* as the first line of a private key or certificate; None if it is not one."""
    if not comment.startswith("-----BEGIN ", content):
        return None
    opens = "" if "-----END " in comment else "-----END "
    end = len(comment.rstrip())
    return Commented(content, [Span(content, end, path)], is_entry=True, opens=opens)


def is_prose(key: str, value: str) -> bool:
    """Return True if ``key: value``, *value* being plain text, is a sentence and not an entry."""
    words = key.split()
    if len(words) > 1:
        return len(words) > _LONGEST_KEY or len(value.split()) > 1
    return key.lower() in LABELS
