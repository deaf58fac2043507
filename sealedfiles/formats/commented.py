"""Read one comment line as if its comment sign were removed.

The grammar is in docs/format.md, section 5.  It is deliberately not a parser: a comment may be a part of
an entry, and the result must not depend on a parser.
"""

from __future__ import annotations

from sealedfiles.formats.base import Commented, Span
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import ROOT
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

# Words that introduce prose.
_PROSE = """
attention author bug caution copyright deprecated doc docs documentation eg e.g. example examples fixme
hack hint i.e. ie important info licence license nb note notes ref reference remark see since source tip
todo usage warning xxx
"""
# Words of comments that programs read.
_DIRECTIVES = """
ex prettier-ignore renovate spdx-filecopyrighttext spdx-license-identifier vi vim yaml-language-server
"""
LABELS = frozenset(f"{_PROSE} {_DIRECTIVES}".split())
"""Words, in lower case, that are not keys before a colon: ``# see: docs`` is prose."""

LONGEST_KEY = 3
"""In words: ``admin password`` may be a key; a longer text is a sentence."""

_LAST_BACKSLASHES = lazy_pattern(r"(?<!\\)(?:\\\\)*\\\Z")
_BRACKETS = lazy_pattern(r"[\[\]{}]")


def is_continued(line: str) -> bool:
    """Return True if *line* ends in a backslash that nothing escapes."""
    return _LAST_BACKSLASHES.search(line) is not None


def brackets_outside(strings: re.Pattern[str], line: str) -> list[tuple[int, str]]:
    """Return the brackets of *line* that are not in *strings*, with their offsets."""
    if "'" in line or '"' in line:
        line = strings.sub(lambda match: " " * len(match[0]), line)
    return [(match.start(), match[0]) for match in _BRACKETS.finditer(line)]


def pem(comment: str, content: int, path: bytes = ROOT) -> Commented | None:
    """Return *comment* as the first line of a private key or certificate; None if it is not one."""
    if not comment.startswith("-----BEGIN ", content):
        return None
    opens = "" if "-----END " in comment else "-----END "
    end = len(comment.rstrip())
    return Commented(content, [Span(content, end, path)], is_entry=True, opens=opens)


def read_block(comment: str, read: Callable[[str], Commented]) -> Commented:
    """Return the content of *comment*, which may have several lines, with *read*.

    If it does not begin with an entry, it reads as one if one of its lines does: ``/* old:`` may be above it.
    """
    found = read(comment)
    if found.is_entry or "\n" not in comment:
        return found
    values: list[Span] = []
    start = 0
    for line in comment.split("\n"):
        one = read(line)
        if one.is_entry:
            found = found._replace(is_entry=True)
            values += [Span(start + a, start + b, path) for a, b, path in one.values]
        start += len(line) + 1
    return found._replace(values=found.values or values)


def is_prose(key: str, value: str) -> bool:
    """Return True if ``key: value`` with the plain text *value* is a sentence and not an entry."""
    words = key.split()
    if len(words) > 1:
        return len(words) > LONGEST_KEY or len(value.split()) > 1
    return key.lower() in LABELS
