"""Find values of a .env file that continue on the next lines as words of a shell."""

from __future__ import annotations

import re

from sealedfiles.model.token import TOKEN

_BLANK = r"[^\S\r\n]"
_UNQUOTED = re.compile(rf"(?:[^'\"`\\\s]|\\(?:\r\n|.)?|{_BLANK}+(?![\#\s]))*", re.DOTALL).match
"""Text without quotes, up to a quote, a comment or the end of the line, which a backslash can escape."""
_QUOTED = re.compile(
    r"'[^']*'" r'|"[^"\\]*(?:\\.[^"\\]*)*"' r"|`[^`\\]*(?:\\.[^`\\]*)*`", re.DOTALL
).match
_ANSI = re.compile(r"'[^'\\]*(?:\\.[^'\\]*)*'", re.DOTALL).match
_MOST = 20
"""How often, on average, a character may be read as quoted."""


class Words:
    """The words of a shell in *text*."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._budget = _MOST * len(text)

    def end(self, start: int) -> int:
        """Return the end of the words from the offset *start* to a line end that is not quoted, or a comment.

        A quote that is never closed counts as text.  A token ends the words: it replaces a value, whose
        quotes are not in this text.  Otherwise the words might be longer than in the decrypted text.
        """
        text, at = self._text, start
        while True:
            found = _UNQUOTED(text, at)
            at = found.end() if found else at
            if text[at : at + 1] not in ("'", '"', "`"):
                break
            quoted = (_ANSI if text[at - 1 : at + 1] == "$'" else _QUOTED)(text, at)
            self._budget -= (quoted.end() if quoted else len(text)) - at
            if self._budget < 0:  # hostile: each of many lines begins a long value
                return len(text)
            at = quoted.end() if quoted else at + 1
        token = TOKEN.search(text, start, at)
        return token.start() if token else at
