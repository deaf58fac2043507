"""Which comments are sealed: commenting a secret out must not publish it (docs/format.md, section 5).

The decision is the least solution of rules that only ever add groups, found in one pass over the
comments and one over the reasons: the order of comments, and how often they are sealed, do not matter.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model import paths
from sealedfiles.model.token import TOKEN, VALUE
from sealedfiles.sealing.comment_lines import CommentLines
from sealedfiles.sealing.opened_tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sealedfiles.formats.base import Commented, Format, Span
    from sealedfiles.model.policy import FileRules
    from sealedfiles.sealing.previous import Previous

_SHORTEST = 8
"""The length in characters from which a text is not in a comment by chance."""
_LONGEST = 64
"""The number of characters that are searched for: more would cost more than linear time."""


class Reasons:
    """What makes a comment of one text a secret, and for which groups.

    *sealed* are the sealed values of the text, each as path, literal (None if it stays a token)
    and group; *known* the sealed versions that it may come from.
    """

    def __init__(
        self,
        file_format: Format,
        rules: FileRules | None,
        sealed: Iterable[tuple[bytes, str | None, str]],
        known: Sequence[Previous],
    ) -> None:
        self.format = file_format
        self.rules = rules
        self.keys: dict[str, set[str]] = {}
        self.texts: dict[str, set[str]] = {}
        self._known = known
        for path, literal, group in sealed:
            self._add_key(path, group)
            if literal is not None:
                self._add_texts(lines_of(literal, file_format), group)
        for version in known:
            for one in version.opened_tokens:
                if one.kind == VALUE:
                    self._add_texts(lines_of(one.literal, file_format), one.key.group)
                else:
                    self._add_comment(one.literal, one.key.group)

    def add_previous_keys(self) -> None:
        """Add the keys that are sealed in the versions before: they are parsed for it."""
        for version in self._known:
            for path, group in version.sealed_paths().items():
                self._add_key(path, group)
        self._known = []

    def _add_comment(self, comment: str, group: str) -> None:
        """Know what a sealed comment holds: it may be edited where it is, or copied."""
        read = self.format.commented(comment)
        self._add_texts(texts_of(comment, read, self.format), group)
        for path in paths_of(comment, read, self.format):
            self._add_key(path, group)

    def _add_key(self, path: bytes, group: str) -> None:
        key = paths.last_key(path)
        if key is not None:
            self.keys.setdefault(key, set()).add(group)

    def _add_texts(self, texts: Iterable[str], group: str) -> None:
        for text in texts:
            self.texts.setdefault(text, set()).add(group)


def lines_of(literal: str, file_format: Format) -> list[str]:
    """Return the lines of the text that *literal* stands for: a value is commented out line by line."""
    lines = file_format.decode(literal).replace("\r", "\n").split("\n")
    return [line.strip() for line in lines]


def values_of(comment: str, read: Commented, file_format: Format) -> list[Span]:
    """Return the values of a comment's entry that are not tokens already."""
    return [
        span for span in read.values if not is_token(comment[span.start : span.end], file_format)
    ]


def texts_of(comment: str, read: Commented, file_format: Format) -> list[str]:
    """Return what a sealed comment makes secret wherever it is: the values of its entry; all of it, if it
    is a line of a longer value."""
    if read.content < 0:
        return []
    if read.values:
        values = values_of(comment, read, file_format)
        return [line for v in values for line in lines_of(comment[v.start : v.end], file_format)]
    return [] if read.header else [comment[read.content :].strip()]


def paths_of(comment: str, read: Commented, file_format: Format) -> list[bytes]:
    """Return the paths, relative, of what a comment is an entry for."""
    if read.values:
        return [span.path for span in values_of(comment, read, file_format)]
    return [read.header] if read.header else []


def groups_of_comments(
    text: str,
    values: Sequence[Span],
    comments: Sequence[tuple[int, int]],
    reasons: Reasons,
    kept: Sequence[str | None] = (),
    is_unread: Callable[[str], bool] | None = None,
) -> list[set[str]]:
    """Return for each of *comments* the groups that it is sealed to; none: everybody may read it.

    *kept* are the groups of those that are sealed in any case; for *is_unread* see CommentLines.
    """
    lines = CommentLines(text, values, comments, reasons.format, is_unread)
    return _Decision(lines, reasons, kept or [None] * len(comments)).groups


class _Mentions:
    """*texts* to find in comments, each by its first 64 characters, if it has 8 or more."""

    def __init__(self, texts: Iterable[str]) -> None:
        # First eight characters -> lengths -> texts.
        self._found: dict[str, dict[int, set[str]]] = {}
        for text in texts:
            name = self.name(text)
            if name:
                by_length = self._found.setdefault(name[:_SHORTEST], {})
                by_length.setdefault(len(name), set()).add(name)

    @staticmethod
    def name(text: str) -> str:
        """Return the part of *text* that is searched for; empty if it is too short."""
        return text[:_LONGEST] if len(text) >= _SHORTEST else ""

    def find(self, comment: str) -> set[str]:
        """Return the texts that *comment* contains."""
        found: set[str] = set()
        starts = self._found
        if not starts:
            return found
        for at in range(len(comment) - _SHORTEST + 1):
            by_length = starts.get(comment[at : at + _SHORTEST])
            if by_length:
                for length, texts in by_length.items():
                    if comment[at : at + length] in texts:
                        found.add(comment[at : at + length])
        return found


class _Decision:
    """Finds the groups of all comments of one text.

    Reasons are passed on by three things that a sealed comment has: its keys, its texts, its body.
    """

    def __init__(self, lines: CommentLines, reasons: Reasons, kept: Sequence[str | None]) -> None:
        self._lines = lines
        self._reasons = reasons
        count = len(lines.lines)
        self.groups: list[set[str]] = [set() for _ in range(count)]
        self._heads: list[set[str]] = [set() for _ in range(count)]
        self._ends: dict[int, int] = {}
        self._sealed: list[tuple[int, str]] = []
        self._bodies: list[tuple[int, str, bool]] = []
        self._is_settled: list[bool] = []
        self._texts = [self._texts_of(index) for index in range(count)]
        self._keys = [self._keys_of(index) for index in range(count)]
        self._by_key: dict[str, list[int]] = {}
        for index, keys in enumerate(self._keys):
            for key in keys:
                self._by_key.setdefault(key, []).append(index)
        if self._by_key:
            reasons.add_previous_keys()
        self._active_keys: set[tuple[str, str]] = set()
        self._active_texts: set[tuple[str, str]] = set()
        self._next_line: dict[str, list[int]] = {}
        mentions = _Mentions([*reasons.texts, *(text for own in self._texts for text in own)])
        self._by_text: dict[str, list[int]] = {}
        for index, group in enumerate(kept):
            if group is None and lines.lines[index].column >= 0:
                for found in mentions.find(lines.text_of(index)):
                    self._by_text.setdefault(found, []).append(index)
        self._names = mentions.name
        self._start(kept)
        self._seal_bodies()
        # A comment that has a reason outside of comments is sealed to the groups of that alone.
        self._is_settled = [bool(groups) for groups in self.groups]
        while self._sealed:
            index, group = self._sealed.pop()
            for text in self._texts[index]:
                self._add_text(text, group)
            for key in self._keys[index]:
                self._add_key(key, group)
            self._seal_bodies()

    def _start(self, kept: Sequence[str | None]) -> None:
        """Add every reason that does not come from another comment."""
        for key, groups in self._reasons.keys.items():
            for group in groups:
                self._add_key(key, group)
        for text, groups in self._reasons.texts.items():
            for group in groups:
                self._add_text(text, group)
        for index, kept_group in enumerate(kept):
            if kept_group is not None:
                self._seal(index, kept_group)
            for group in self._groups_by_rules(index):
                if self._lines.lines[index].read.values:
                    self._seal(index, group)
                else:
                    self._add_head(index, group, by_rule=True)

    def _groups_by_rules(self, index: int) -> set[str]:
        rules, read = self._reasons.rules, self._lines.lines[index].read
        if rules is None or not (read.is_entry or read.is_item):
            return set()
        relative = paths_of(self._lines.text_of(index), read, self._reasons.format)
        if not relative:
            return set()
        parent = b""
        if not read.is_entry or not rules.uniform:
            parent, among_items = self._lines.parents[index]
            if not read.is_entry and not among_items:
                return set()
        groups = {rules.group_of(parent + path) for path in {*relative}}
        return {group for group in groups if group is not None}

    def _texts_of(self, index: int) -> list[str]:
        comment = self._lines.text_of(index)
        return texts_of(comment, self._lines.lines[index].read, self._reasons.format)

    def _keys_of(self, index: int) -> set[str]:
        comment, read = self._lines.text_of(index), self._lines.lines[index].read
        relative = paths_of(comment, read, self._reasons.format)
        keys = {paths.last_key(path) for path in {*relative}}
        if None in keys and read.is_item:
            parent, among_items = self._lines.parents[index]
            keys |= {paths.last_key(parent)} if among_items else set()
        return {key for key in keys if key is not None}

    # Each reason is passed on once for each group.

    def _add_key(self, key: str, group: str) -> None:
        if (key, group) not in self._active_keys:
            self._active_keys.add((key, group))
            for index in self._by_key.get(key, ()):
                if self._lines.lines[index].read.values:
                    self._seal(index, group)
                else:
                    self._add_head(index, group)

    def _add_text(self, text: str, group: str) -> None:
        name = self._names(text)
        if name and (name, group) not in self._active_texts:
            self._active_texts.add((name, group))
            for index in self._by_text.get(name, ()):
                self._seal(index, group)

    def _seal(self, index: int, group: str) -> None:
        if self._lines.lines[index].column < 0 or group in self.groups[index]:
            return
        if self._is_settled and self._is_settled[index]:
            return
        self.groups[index].add(group)
        self._sealed.append((index, group))
        self._bodies.append((index, group, False))

    def _add_head(self, index: int, group: str, *, by_rule: bool = False) -> None:
        """Seal the body of a ``key:`` without a value; itself it shows nothing."""
        if by_rule or group not in self._heads[index]:
            self._bodies.append((index, group, by_rule))
        if not by_rule:
            self._heads[index].add(group)

    def _seal_bodies(self) -> None:
        """Seal the bodies of the lines that were sealed since this was done last."""
        while self._bodies:
            index, group, by_rule = self._bodies.pop()
            if index not in self._ends:
                self._ends[index] = self._lines.body_end(index)
            self._seal_body(index + 1, self._ends[index], group, by_rule)

    def _seal_body(self, start: int, end: int, group: str, by_rule: bool) -> None:
        """Seal the lines from *start* to *end*; *by_rule* those that are no entries with paths of their own.

        Lines that all of this was done to are passed over, so that bodies in bodies cost nothing.
        """
        name = f"{group} by rule" if by_rule else group
        following = self._next_line.get(name)
        if following is None:
            following = self._next_line[name] = list(range(len(self.groups) + 1))
        at = _climb(following, start)
        while at < end:
            if not (by_rule and self._lines.lines[at].read.is_entry):
                self._seal(at, group)
            following[at] = at + 1
            at = _climb(following, at)


def _climb(following: list[int], at: int) -> int:
    """Return the first line from *at* on that is left, and shorten the way to it."""
    root = at
    while following[root] != root:
        root = following[root]
    while following[at] != root:
        following[at], at = root, following[at]
    return root


def is_sealed_comment(comment: str) -> bool:
    """Return True if *comment*, the text after its ``#``, is a token and nothing else."""
    return TOKEN.fullmatch(comment.strip()) is not None
