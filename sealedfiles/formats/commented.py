"""What one comment line would be if its comment sign were removed.

The grammar is in docs/format.md, section 5.  It is deliberately not a parser: a comment may be half of
an entry, and which parser reads it must not matter.
"""

from __future__ import annotations

from sealedfiles.formats.base import Commented, Span
from sealedfiles.model.paths import ROOT

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
