""".env files as bash evaluates them when it sources them, but without running anything.

It reads assignments, also several on one line, and ``export``; quotes of every kind, escapes, ``~``,
``$NAME``, and ``${NAME}`` with ``-``, ``+`` or ``?``.  Everything else that a shell would interpret is
refused: commands, command substitutions, arithmetic, arrays, redirections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from sealedfiles.formats.dotenv.python import Expansion, layered
from sealedfiles.formats.place import error_at
from sealedfiles.light_typing import NoReturn, TypeAlias
from sealedfiles.util.lazy_pattern import lazy_pattern

Pattern: TypeAlias = Callable[[str, int], re.Match[str] | None]

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_BETWEEN = re.compile(r"(?:[ \t\n]|\\\n|#[^\n]*)*").match
_BLANKS = re.compile(r"(?:[ \t]|\\\n)*").match
_STATEMENT_END = re.compile(r"(?:#[^\n]*)?(?:\n|\Z)|;").match
_EXPORT = re.compile(r"export(?=[ \t\n;]|\Z)").match
_ASSIGNED = re.compile(rf"({_NAME})(\+?)=").match
_EXPORTED = re.compile(rf"{_NAME}(?=[ \t\n;]|\Z)").match
_VARIABLE = re.compile(_NAME).match
_BRACED = re.compile(rf"({_NAME})(\}}|:?[-+?])").match
_TILDE = re.compile(r"~([A-Za-z0-9_.+-]*)(?=[/: \t\n;]|\Z)").match
_BROKEN_TILDE = re.compile(r"~[A-Za-z0-9_.+-]*\\\n").match
# Literal text: outside quotes, in the word of ${NAME-word} outside quotes, and in double quotes.
_BARE = re.compile(r"[^\\'\"`$:~{ \t\n;&|<>()]+").match
_IN_WORD = re.compile(r"[^\\'\"`$}~]+").match
_IN_QUOTES = {'"': re.compile(r'[^\\"`$]+').match, "}": re.compile(r"[^\\'\"`$}]+").match}
_SINGLE = re.compile("'([^']*)'").match
_ANSI = re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL).match
_ANSI_ESCAPE = lazy_pattern(
    r"\\(?:([abeEfnrtv\\'\"?])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})"
    r"|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|(c|x\{))"
)
_CONTROLS = {"a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def read_bash(
    text: str, environ: Mapping[str, str], *, override: bool = False
) -> dict[str, str | None]:
    """Return the values of *text*; see ``dotenv.values.read``.

    bash itself behaves as with *override*: the file's value of a variable is used.
    """
    reader = _Reader(text, environ, override)
    try:
        reader.read()
    except RecursionError:
        reader.refuse("is nested too deeply")
    return reader.values


class _Reader:
    def __init__(self, text: str, environ: Mapping[str, str], override: bool) -> None:
        self.values: dict[str, str | None] = {}
        self._known = layered(self.values, environ, override=override)
        self._expansion = Expansion(text)
        self._text = text
        self._at = 0
        self._key = ""

    def read(self) -> None:
        """Read the whole text.  Raises FormatError."""
        while self._take(_BETWEEN) and self._at < len(self._text):
            if self._take(_EXPORT):
                # A command's arguments are all evaluated before it does anything.
                for assignment in list(self._assignments(exports=True)):
                    self._assign(*assignment)
            elif self._peek() == ";":
                self.refuse("begins with a semicolon, which bash does not read")
            else:
                for assignment in self._assignments(exports=False):
                    self._assign(*assignment)

    def refuse(self, what: str) -> NoReturn:
        """Raise FormatError for the current position."""
        subject = f"the value of {self._key}" if self._key else "a line"
        raise error_at(self._text, self._at, f"{subject} {what}")

    def _peek(self, ahead: int = 0) -> str:
        """Return the character *ahead* of the current one; empty at the end of the text."""
        return self._text[self._at + ahead : self._at + ahead + 1]

    def _take(self, pattern: Pattern) -> re.Match[str] | None:
        """Match *pattern* at the current position, and move to the end of the match if there is one."""
        match = pattern(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _assign(self, key: str, is_appended: bool, value: str) -> None:
        if is_appended:
            value = self._expansion.add(self._known.get(key) or "", self._at) + value
        self.values[key] = value

    def _assignments(self, *, exports: bool) -> Iterator[tuple[str, bool, str]]:
        """Yield key, whether the value is appended, and value, up to the end of the statement."""
        self._key = ""
        while self._take(_BLANKS) and not self._take(_STATEMENT_END):
            assigned = self._take(_ASSIGNED)
            if assigned is not None:
                self._key = assigned[1]
                yield self._key, assigned[2] == "+", self._value(exports=exports)
            elif not exports or not self._take(_EXPORTED):
                what = "is followed by" if self._key else "is"
                self.refuse(f"{what} a command, which is never run")

    def _value(self, *, exports: bool) -> str:
        value = ""
        # A tilde is expanded at the beginning and after a colon.
        is_start = True
        while (char := self._peek()) not in ("", " ", "\t", "\n", ";"):
            if char in "&|<>()" or (char == "{" and exports):
                self.refuse("has a character outside quotes that is special to a shell")
            if char == "~" and is_start:
                value += self._tilde()
            elif char in ":~{":
                value += char
                self._at += 1
            else:
                value += self._piece(_BARE)
            # A line end after a backslash is removed.
            is_start = char == ":" or (is_start and self._text[self._at - 2 : self._at] == "\\\n")
        return value

    def _piece(self, plain: Pattern) -> str:
        """Read one part of an unquoted value: a quoted string, an escape, a variable, or *plain* text."""
        found = self._take(plain)
        if found is not None:
            return found[0]
        char = self._peek()
        self._at += 1
        if char == "'":
            return self._single(_SINGLE)
        if char == '"':
            return self._in_quotes('"')
        if char == "$":
            return self._dollar(in_quotes=False)
        if char == "`":
            self._refuse_command()
        escaped = self._peek()
        if not escaped:
            self.refuse("ends in a backslash with nothing after it")
        self._at += 1
        return escaped if escaped != "\n" else ""

    def _single(self, pattern: Pattern) -> str:
        """Return the text in single quotes; the opening quote was just read."""
        self._at -= 1
        found = self._take(pattern)
        if found is None:
            self.refuse("has no closing quote")
        return found[1]

    def _in_quotes(self, end: str) -> str:
        """Read text in double quotes, up to *end*: the closing quote, or the brace of ``${NAME-word}``."""
        value = ""
        while True:
            plain = self._take(_IN_QUOTES[end])
            value += plain[0] if plain else ""
            char, following = self._peek(), self._peek(1)
            if not char:
                self.refuse("has no closing quote or brace")
            self._at += 1
            if char == end:
                return value
            if char == '"':
                value += self._in_quotes('"')
            elif char == "'":
                self.refuse("has a single quote in braces in quotes, which is not supported")
            elif char == "`":
                self._refuse_command()
            elif char == "$":
                value += self._dollar(in_quotes=True)
            else:
                self._at += 1
                is_escape = following in '$`"\\\n' or following == end
                value += following.replace("\n", "") if is_escape else char + following

    def _dollar(self, *, in_quotes: bool) -> str:
        """Return the expansion of a dollar sign, which was just read, and of the text that belongs to it."""
        char = self._peek()
        if char in ("(", "["):
            self._refuse_command()
        if char == "{":
            self._at += 1
            return self._braced(in_quotes=in_quotes)
        if char and char in "'\"" and not in_quotes:
            self._at += 1
            return self._in_quotes('"') if char == '"' else self._ansi(self._single(_ANSI))
        name = self._take(_VARIABLE)
        if self._text.startswith("\\\n", self._at):
            self.refuse("continues the name of a variable on the next line, which is not supported")
        if name is not None:
            return self._variable(name[0]) or ""
        if char and char in "0123456789@*#?$!-":
            self.refuse("needs a variable that only a shell has")
        return "$"

    def _braced(self, *, in_quotes: bool) -> str:
        braced = self._take(_BRACED)
        if braced is None:
            self.refuse("has a substitution that is not supported: only ${NAME} with -, + or ? is")
        value, operator = self._variable(braced[1]), braced[2]
        if operator == "}":
            return value or ""
        word = self._in_quotes("}") if in_quotes else self._word()
        is_there = bool(value) if operator.startswith(":") else value is not None
        if operator.endswith("+"):
            return word if is_there else ""
        if operator.endswith("?") and not is_there:
            self.refuse("requires a variable that is not set")
        return (value or "") if is_there else word

    def _word(self) -> str:
        """Read the word of ``${NAME-word}`` and its closing brace, outside quotes."""
        value = ""
        while (char := self._peek()) != "}":
            if not char:
                self.refuse("has no closing brace")
            if char == "~":
                self.refuse("has a tilde in braces, which is not supported")
            value += self._piece(_IN_WORD)
        self._at += 1
        return value

    def _variable(self, name: str) -> str | None:
        if name == "_":
            self.refuse("needs a variable that only a shell has")
        value = self._known.get(name)
        return value if value is None else self._expansion.add(value, self._at)

    def _tilde(self) -> str:
        """Return the expansion of the tilde at the current position and of the name after it."""
        tilde = self._take(_TILDE)
        if tilde is None:
            if _BROKEN_TILDE(self._text, self._at):
                self.refuse("continues a tilde on the next line, which is not supported")
            self._at += 1
            return "~"
        name = tilde[1]
        if re.fullmatch("[+-]?[0-9]+|[+-]", name):
            self.refuse("has a tilde for a folder that only a shell knows")
        home = self._known.get("HOME") if not name else _home_of(name)
        if home is None and not name:
            self.refuse("needs the variable HOME, which is not set")
        return tilde[0] if home is None else self._expansion.add(home, self._at)

    def _ansi(self, inside: str) -> str:
        """Return the text of ``$'inside'``."""
        try:
            data = b"".join(self._ansi_bytes(inside))
            # As in bash, a NUL ends the text.
            return data.partition(b"\0")[0].decode("utf-8")
        except ValueError:
            self.refuse("has an escape that is not valid UTF-8")

    def _ansi_bytes(self, inside: str) -> Iterator[bytes]:
        at = 0
        for escape in _ANSI_ESCAPE.finditer(inside):
            yield inside[at : escape.start()].encode()
            at = escape.end()
            control, octal, byte, short, long, unread = escape.groups()
            if unread:
                self.refuse("has an escape that is not supported")
            elif control:
                yield bytes([_CONTROLS.get(control, ord(control))])
            elif octal or byte:
                yield bytes([(int(octal, 8) if octal else int(byte, 16)) & 0xFF])
            else:
                yield chr(min(int(short or long, 16), 0x110000)).encode()
        yield inside[at:].encode()

    def _refuse_command(self) -> NoReturn:
        self._at -= 1
        self.refuse("is the output of a command, which is never run")


def _home_of(user: str) -> str | None:
    """Return the home folder of *user*, or None if there is no such user."""
    try:
        from pwd import getpwnam

        return getpwnam(user).pw_dir
    except (ImportError, KeyError):
        return None
