"""Parse ``.gitattributes`` files by git's rules (gitattributes(5)).  No other module parses them.

Unlike `git check-attr`, this does not read ``.git/info/attributes``, to which every clone mirrors the policy,
or the user's own file.  It reads only the files in one version of the repository, which every clone gets, and
so also works in a bare repository and for a commit that is not checked out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from sealedfiles.light_typing import NamedTuple, TypeAlias
from sealedfiles.model.wildmatch import FilePattern
from sealedfiles.util.lazy_pattern import lazy_pattern

NAME = b".gitattributes"

State: TypeAlias = "bytes | bool | None"
"""The state of an attribute in a line: a value, True (set), False (unset), None (unspecified: ``!name``)."""

Parsed: TypeAlias = "tuple[bytes, list[tuple[bytes, State]]]"
"""A line: its pattern, or ``[attr]`` and the name of a macro; and its attributes."""

_LONGEST_LINE = 2048
_LARGEST_FILE = 100 << 20
"""Maximum length of a line in bytes: git ignores longer lines."""

_BLANK = b" \t\r\n"
_QUOTED = lazy_pattern(rb'"((?:[^"\\]|\\(?:[abfnrtv"\\]|[0-3][0-7]{2}))*)"')
_ESCAPE = lazy_pattern(rb'\\([abfnrtv"\\]|[0-3][0-7]{2})')
_CONTROLS = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))
_WORD = lazy_pattern(rb"[^ \t\r]+")
_NEEDS_QUOTES = lazy_pattern(rb'[\x00-\x20"\x7f]|^[#!]|^\[attr\]|^\xef\xbb\xbf')
_TO_QUOTE = lazy_pattern(rb'[\x00-\x1f"\\\x7f]')
_QUOTES = {b'"': rb"\"", b"\\": rb"\\", b"\t": rb"\t", b"\n": rb"\n", b"\r": rb"\r"}
_HEAD = lazy_pattern(rb'[ \t]*(?:"(?:[^"\\]|\\.)*"|[^\s"#]\S*)')
_WORD_WITH_BLANKS = lazy_pattern(rb"[ \t]+[^ \t\r]+")
_ATTRIBUTE = lazy_pattern(rb"[A-Za-z0-9_.][A-Za-z0-9_.-]*")


class AttributesLine(NamedTuple):
    """A line that may set the filter."""

    pattern: str
    compiled: FilePattern
    states: list[tuple[bytes, State]]


class Attributes:
    """The attributes in one version of the repository.

    *read* returns the id and the content of a ``.gitattributes`` file by its path, or None if the file does
    not exist or is a symbolic link, which git ignores.  *parsed* caches parsed files by id, for all versions.
    *ignore_case* is git's ``core.ignoreCase``.
    """

    def __init__(
        self,
        read: Callable[[bytes], tuple[str, bytes] | None],
        parsed: dict[str, list[Parsed]],
        *,
        ignore_case: bool = False,
    ) -> None:
        self._read = read
        self._parsed = parsed
        self._ignore_case = ignore_case
        self._folders: dict[bytes, list[AttributesLine]] = {}
        self._macros: dict[bytes, list[tuple[bytes, State]]] = {}
        self._knows_top = False

    def covers(self, path: bytes) -> bool:
        """Return True if git sends the file at *path* through the sealedfiles filter."""
        return self.filter_of(path) == b"sealedfiles"

    def is_unspecified(self, path: bytes) -> bool:
        """Return True if no line sets, unsets or resets a filter for *path*."""
        return b"filter" not in self._known(path)

    def filter_of(self, path: bytes) -> State:
        """Return the filter of the file at *path*, or None."""
        return self._known(path).get(b"filter")

    def sealed_patterns(self) -> list[str]:
        """Return the patterns that the top ``.gitattributes`` sends through the filter, in file order."""
        found = (pattern for pattern, name in self.filters() if name == b"sealedfiles")
        return [*dict.fromkeys(found)]

    def filters(self, folder: bytes = b"") -> Iterator[tuple[str, State]]:
        """Yield the patterns of *folder*'s file that decide about a filter, with it, also by a macro."""
        for line in self._lines(folder):
            known: dict[bytes, State] = {}
            self._fill(line.states, known)
            if b"filter" in known:
                yield line.pattern, known[b"filter"]

    def _known(self, path: bytes) -> dict[bytes, State]:
        """Return the states of the filter, and of the macros that may set it, for *path*.

        Files are read from the innermost folder outward, each from its last line up; the first state found
        applies.
        """
        known: dict[bytes, State] = {}
        folder = path
        while folder:
            folder = folder.rpartition(b"/")[0]
            lines = self._lines(folder)
            name = path[len(folder) + 1 if folder else 0 :].decode("utf-8", "surrogateescape")
            for line in reversed(lines):
                if line.compiled.matches(name):
                    self._fill(line.states, known)
                    if b"filter" in known:
                        return known
        return known

    def _fill(self, states: list[tuple[bytes, State]], known: dict[bytes, State]) -> None:
        for name, state in reversed(states):
            if name not in known and (name == b"filter" or name in self._macros):
                known[name] = state
                if state is True and name in self._macros:
                    self._fill(self._macros[name], known)

    def _lines(self, folder: bytes) -> list[AttributesLine]:
        if not self._knows_top:
            self._knows_top = True
            self._lines(b"")  # the macros are defined in the top file
        if folder not in self._folders:
            self._folders[folder] = self._compiled(folder)
        return self._folders[folder]

    def _compiled(self, folder: bytes) -> list[AttributesLine]:
        found = self._read(folder + b"/" + NAME if folder else NAME)
        if found is None:
            return []
        oid, data = found
        if oid not in self._parsed:
            self._parsed[oid] = parse(data)
        lines = self._parsed[oid]
        if not folder:
            # Macros can be defined only in the top file.
            self._macros = {
                name.removeprefix(b"[attr]"): states
                for name, states in lines
                if name.startswith(b"[attr]")
            }
        return [line for name, states in lines if (line := self._line(name, states))]

    def _line(self, name: bytes, states: list[tuple[bytes, State]]) -> AttributesLine | None:
        if not any(attribute == b"filter" or attribute in self._macros for attribute, _ in states):
            return None
        if name.startswith(b"[attr]"):
            return None
        pattern = name.decode("utf-8", "surrogateescape")
        try:
            return AttributesLine(
                pattern, FilePattern(pattern, ignore_case=self._ignore_case), states
            )
        except ValueError:
            return None  # git also ignores it, or it never matches


def sealed_patterns(data: bytes) -> list[str]:
    """Return the patterns that the attributes file *data* sends through the filter, in file order."""
    return Attributes(lambda path: ("", data) if path == NAME else None, {}).sealed_patterns()


def quoted(pattern: str) -> str:
    """Return *pattern* in the syntax of an attributes file, in C-style quotes if git requires them.

    Raises ValueError if git would ignore the line.
    """
    data = pattern.encode("utf-8", "surrogateescape")
    if b"\x00" in data or len(data) * 4 > _LONGEST_LINE - 200:
        raise ValueError("is too long, or contains a NUL character")
    if not _NEEDS_QUOTES.search(data):
        return pattern
    text = _TO_QUOTE.sub(lambda m: _QUOTES.get(m[0], b"\\%03o" % m[0][0]), data)
    return f'"{text.decode("utf-8", "surrogateescape")}"'


def parse(data: bytes) -> list[Parsed]:
    """Return the lines of an attributes file: the pattern, or ``[attr]NAME``, and its attributes."""
    if len(data) >= _LARGEST_FILE:
        return []
    found = []
    # git reads a file only up to its first NUL.
    for line in data.removeprefix(b"\xef\xbb\xbf").partition(b"\x00")[0].split(b"\n"):
        text = line.strip(_BLANK)
        if not text or text.startswith(b"#") or len(line) >= _LONGEST_LINE:
            continue
        quoted = _QUOTED.match(text)
        name = _ESCAPE.sub(_unescaped, quoted[1]) if quoted else _WORD.findall(text)[0]
        words = _WORD.findall(text[quoted.end() if quoted else len(name) :])
        states = [_state(word) for word in words]
        if all(states):  # git ignores a line with an invalid attribute name
            found.append((name, [state for state in states if state]))
    return found


def without(data: bytes, attributes: Collection[bytes]) -> bytes:
    """Return the attributes file *data* without *attributes*, such as ``filter=git-crypt``.

    A line on which nothing else is left is removed, and so is a macro that defines nothing else, wherever it
    is used.  All other lines stay as they are.
    """
    lines = data.split(b"\n")
    removed = set(attributes)
    for line in lines:
        words = line.split()
        if words and words[0].startswith(b"[attr]") and {*words[1:]} and {*words[1:]} <= removed:
            removed.add(words[0].removeprefix(b"[attr]"))
    kept = []
    for line in lines:
        head = _HEAD.match(line)
        found = _WORD_WITH_BLANKS.findall(line, head.end()) if head else []
        if not any(word.strip(_BLANK) in removed for word in found):
            kept.append(line)
        elif any(word.strip(_BLANK) not in removed for word in found):
            words = [word for word in found if word.strip(_BLANK) not in removed]
            end = b"\r" if line.endswith(b"\r") else b""
            kept.append(line[: head.end() if head else 0] + b"".join(words) + end)
    return b"\n".join(kept)


def _state(word: bytes) -> tuple[bytes, State] | None:
    name, equals, value = word.partition(b"=")
    state: State = value if equals else True
    if name[:1] in (b"-", b"!"):
        state = False if name[:1] == b"-" else None
        name = name[1:]
    return (name, state) if _ATTRIBUTE.fullmatch(name) else None


def _unescaped(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if len(escape) == 3:
        return bytes([int(escape, 8)])
    return bytes([_CONTROLS.get(escape[0], escape[0])])
