"""What sealing and opening need to know about a file, and what they report about it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable

from sealedfiles import formats
from sealedfiles.formats.base import Format, Span
from sealedfiles.light_typing import NamedTuple, Protocol
from sealedfiles.model import paths
from sealedfiles.model.token import TOKEN, FileKey, file_id
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import printable

BOM = "\ufeff"
WHOLE_FILE = lazy_pattern(rf"""(["']?)({TOKEN.pattern})\1(?:\r\n|\n|\r)?""")
_ESCAPED_WHOLE = lazy_pattern(rb'("[A-Za-z0-9_.:\\-]+")(?:\r\n|\n|\r)?')
_LINE_END = lazy_pattern(r"\r\n|\r|\n")
_WHOLE_STARTS = (b"sealed:v1:", b'"sealed:v1:', b"'sealed:v1:")


class Keys(Protocol):
    """The source of the keys (``sealedfiles.keys.group_keyring.GroupKeyring``)."""

    def for_prefix(self, prefix: str) -> FileKey | None:
        """Return the key for tokens that start with *prefix*, or None if it is not available."""
        ...

    def sealing_key(self, group: str, file_id: str) -> FileKey:
        """Return the current key of *group* for a file.  Raises NoKeyError, TamperedError."""
        ...

    def holds(self, group: str) -> bool:
        """Return True if new values can be sealed to *group*. Raises TamperedError."""
        ...


class SomeKeys(NamedTuple):
    """The keys among *keys* for which *selects* (group, key id) is true; other tokens stay sealed."""

    keys: Keys
    selects: Callable[[str, str], bool]

    def for_prefix(self, prefix: str) -> FileKey | None:
        """See Keys."""
        key = self.keys.for_prefix(prefix)
        _, _, group, key_id, _ = prefix.split(":", 4)
        return key if key and self.selects(group, key_id) else None

    def sealing_key(self, group: str, file_id: str) -> FileKey:
        """See Keys."""
        return self.keys.sealing_key(group, file_id)

    def holds(self, group: str) -> bool:
        """See Keys."""
        return self.keys.holds(group)


class FileIds(Protocol):
    """The file ids in use (``sealedfiles.git.used_ids.UsedIds``)."""

    def free_id(self, path: bytes) -> str:
        """Return the id that the file at *path* takes if it has none yet."""
        ...

    def belongs_to_other(self, path: bytes, identity: str) -> bool:
        """Return True if another file than the one at *path* has the id *identity*."""
        ...


class File(NamedTuple):
    """One file: its path, and how it is sealed."""

    path: bytes
    """As git stores it, relative to the folder that holds ``.sealedfiles``."""
    format: Format | None
    """None if the file is sealed whole."""
    quoted: bool
    """Whether the token of a file sealed whole is written in double quotes."""
    ids: FileIds | None = None
    """None if other files are not known: a file that has no id takes the first of its path."""

    @property
    def name(self) -> str:
        """The path, to be shown in a message."""
        return show_path(self.path)

    def new_id(self) -> str:
        """Return the file id for a file that has none yet."""
        return self.ids.free_id(self.path) if self.ids else file_id(self.path)


def describe_file(path: bytes, format_name: str | None = None) -> File:
    """Return how the file at *path* is sealed. *format_name* is the format that a rule names."""
    by_path = formats.name_by_path(path)
    return File(path, formats.load(format_name or by_path), by_path in ("yaml", "json"))


class Problem(NamedTuple):
    """A token that was not decrypted, and why."""

    reason: str
    """``no-key``, ``retired``, ``damaged``, ``foreign``, ``moved`` or ``misplaced``; see ``REASONS``."""
    group: str
    line: int
    """Counted from 1, in the sealed text."""
    path: bytes | None
    """The encoded key path of the value that the token is part of; None if it is not part of a value."""
    token: str

    @property
    def key(self) -> str:
        """The key path for display; empty if there is none."""
        return "" if self.path is None else paths.show(self.path)


REASONS = {
    "retired": "its key is retired: a reader was removed from the group since",
    "no-key": "none of your keys can decrypt it",
    "damaged": "it is damaged, or was not made with the group's key",
    "foreign": "it was made for another file",
    "moved": "it was made for another key of the file",
    "misplaced": "it is not the whole of one value",
    "broken": "the text around it does not parse",
}


class Opened(NamedTuple):
    """The result of opening a file."""

    data: bytes
    problems: list[Problem]
    """One for each token that was not decrypted, in file order."""
    opened: int
    """The number of decrypted tokens."""
    plain: list[Span] | None = None
    """The values of *data* that do not come from a decrypted token; None if the text was not parsed."""


def show_path(path: bytes) -> str:
    """Return a path for a message, escaped by ``printable``."""
    return printable(path.decode("utf-8", "surrogateescape"))


def path_text(path: bytes) -> str:
    """Return a path for a program, unescaped; bytes that are not UTF-8 become ``\\xNN``."""
    return path.decode("utf-8", "backslashreplace")


def is_whole(data: bytes) -> bool:
    """Return True if *data* is one line that consists of one token: a file sealed whole."""
    return whole_token(data) is not None


def whole_token(data: bytes) -> str | None:
    """Return the token that the file *data* consists of, or None if it has any other content.

    A formatter may have changed the quotes, or written the token with escapes (the escapes of YAML include
    those of JSON).
    """
    # Do not decode a large binary file.
    if data.startswith(_WHOLE_STARTS):
        match = WHOLE_FILE.fullmatch(data.decode("ascii", "replace"))
        if match:
            return match[2]
    if data.startswith(b'"') and (escaped := _ESCAPED_WHOLE.fullmatch(data)):
        from sealedfiles.formats.yaml import literal as yaml_literal

        text = yaml_literal.decode(escaped[1].decode("ascii"))
        return text if TOKEN.fullmatch(text) else None
    return None


def decide_file_id(file: File, *texts: str) -> str:
    """Return the id of *file*: that of the tokens in the first of *texts* that has any, else a new one."""
    return id_in(file.path, texts) or file.new_id()


def id_in(path: bytes, texts: Iterable[str]) -> str | None:
    """Return the id of the file at *path*, of which *texts* are versions; None if none has tokens."""
    for text in texts:
        tokens = TOKEN.findall(text) if "sealed:v1:" in text else []
        if tokens:
            return choose_file_id(path, tokens)
    return None


MOST_IDS = 16
"""The number of ids that count as a path's own."""


def choose_file_id(path: bytes, tokens: Iterable[str]) -> str:
    """Return the id of the file at *path* that holds *tokens*, in file order.

    If the tokens have different ids, the right one is the path's own id with the highest number: another file
    may have kept a lower one when it was renamed, so that its tokens, pasted here, must not open, however
    many they are.  If none is the path's own, it is the most frequent id, of equally frequent ones the first.
    A file without tokens takes the first id of its path.
    """
    ids = Counter([token.split(":", 5)[4] for token in tokens])
    if len(ids) == 1:
        return next(iter(ids))
    own = [one for one in own_ids(path) if one in ids]
    if own:
        return own[-1]
    return ids.most_common(1)[0][0] if ids else file_id(path)


def own_ids(path: bytes) -> list[str]:
    """Return the path's own ids, in the order in which they are tried."""
    return [file_id(path, number) for number in range(MOST_IDS)]


def structured_text(data: bytes) -> tuple[str, str] | None:
    """Return the BOM (or an empty string) and the text of *data*, or None if it is not UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return (BOM, text[1:]) if text.startswith(BOM) else ("", text)


def line_of(text: str, at: int) -> int:
    """Return the line number, counted from 1, of offset *at* in *text*."""
    pairs = text.count("\r\n", 0, at)
    return 1 + text.count("\n", 0, at) + text.count("\r", 0, at) - pairs


class LineNumbers:
    """The line numbers of many offsets in one text, which is read once."""

    def __init__(self, text: str) -> None:
        self._ends = [match.end() for match in _LINE_END.finditer(text)]

    def of(self, at: int) -> int:
        """Return the line number, counted from 1, of offset *at*."""
        return 1 + bisect_right(self._ends, at)
