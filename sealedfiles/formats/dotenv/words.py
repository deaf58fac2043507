"""Find values of a .env file that continue on the next lines as words of a shell."""

from __future__ import annotations

import re

from sealedfiles.model.token import TOKEN

# Not any white space: bash knows only these blanks.
_NEXT = re.compile(r"\\(?:\r\n|.)?|\$?'|\$[{(]|[\"`(){}\r\n]|(?<=[ \t])#", re.DOTALL).search
_CLOSED_QUOTE = re.compile("'[^']*'").match
_CLOSED_ANSI = re.compile(r"\$'[^'\\]*(?:\\.[^'\\]*)*'", re.DOTALL).match
_CLOSING = {'"': '"', "`": "`", "${": "}", "$(": ")", "(": ")"}
_OUTER = {*_CLOSING, "'", "$'"} - {"("}
_MOST = 20
"""How often, on average, a character may be read as part of something that is opened."""


class Words:
    """The words of a shell in *text*."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._budget = _MOST * len(text)

    def end(self, start: int) -> int:
        """Return the end of the words from the offset *start* to a line end that is not quoted, or a comment.

        What is opened and never closed counts as text.  A token ends the words: it replaces a value, whose
        quotes are not in this text.  Otherwise the words might be longer than in the decrypted text.
        """
        text, at = self._text, start
        while True:
            found = _NEXT(text, at)
            at = found.start() if found else len(text)
            if found is None or found[0] in "\r\n#":
                break
            end = found.end()
            if found[0] in _OUTER:
                closed = self._closed(at)
                self._budget -= (closed or len(text)) - at
                if self._budget < 0:  # hostile: each of many lines begins a long value
                    return len(text)
                end = closed or at + 1
            at = end
        while at > start and text[at - 1] in " \t":
            at -= 1
        token = TOKEN.search(text, start, at)
        return token.start() if token else at

    def _closed(self, at: int) -> int:
        """Return the end of the quote, expansion or command that begins *at*; 0 if it has no end."""
        text = self._text
        opened: list[str] = []
        while found := _NEXT(text, at):
            sign, at = found[0], found.end()
            if sign[0] == "\\":
                continue
            is_literal = opened[-1:] == ['"'] or opened[-2:] == ['"', "${"]  # a single quote
            if sign in ("'", "$'"):
                if is_literal:
                    continue
                whole = _CLOSED_ANSI(text, found.start()) if sign == "$'" else None
                whole = whole or _CLOSED_QUOTE(text, at - 1)
                if whole is None:
                    return 0
                at = whole.end()
            elif opened and sign == _CLOSING[opened[-1]]:
                opened.pop()
            elif sign == "`" and "`" in opened:
                del opened[opened.index("`") :]
            elif sign in _CLOSING and (sign != "(" or opened[-1:] in (["$("], ["("])):
                opened.append(sign)
            if not opened:
                return at
        return 0
