"""Which comments are sealed, written from docs/format.md, section 5, alone; nothing of sealedfiles is used.

Every rule is applied as the page has it, again and again until nothing changes: slow, and easy to compare
with the page.  Values and comments are given: no text is parsed, but for what a comment itself reads as.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from vectors.reference import group_of
from vectors.reference_decoding import decode
from vectors.reference_reading import READERS, Path, Read, is_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_YAML_KEY = re.compile(
    r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s#'\"\[\]{},:](?:[^:#]|:(?![ \t]|$)|(?<![ \t])#)*?)[ \t]*:"
)
Groups = set[str]


class Value(NamedTuple):
    """A value of the text; *group* is None if it is plain."""

    start: int
    end: int
    path: Path
    group: str | None


class Previous(NamedTuple):
    """What is sealed in the previous version: paths and literals of values, literals of comments; groups."""

    values: Sequence[tuple[Path, str, str]]
    comments: Sequence[tuple[str, tuple[str, ...]]]


class Comment:
    """One comment: where it is, and what it reads as."""

    def __init__(self, form: str, text: str, start: int, end: int) -> None:
        self.form, self.start, self.end = form, start, end
        self.text = text[start:end]
        self.read: Read = READERS[form](self.text)
        line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
        sign = start - (2 if form == "json" else 1)
        self.is_behind = text[line:sign].strip(" \t") != ""
        begin = sign if self.is_behind else line
        self.sign = _width(text[begin:sign])
        self.column = _width(text[begin : start + max(self.read.content, 0)])
        self.indentation = max(self.column - 2, self.sign)
        self.above: Path = ()
        self.is_among_items = False

    @property
    def is_empty(self) -> bool:
        return self.read.content < 0

    def values(self) -> list[tuple[Path, str]]:
        """Return the paths and literals of the values that are not tokens."""
        found = [(path, self.text[start:end]) for start, end, path in self.read.values]
        return [(path, literal) for path, literal in found if not is_token(literal)]

    def known_keys(self) -> set[str]:
        """Return the keys, that of the path above included."""
        if not self.read.values:
            return _last_keys([self.read.header] if self.read.header else [])
        found = _last_keys([path for path, _ in self.values()])
        has_none = any(all(step is None for step in path) for path, _ in self.values())
        if self.read.is_item and has_none and self.is_among_items:
            found |= _last_keys([self.above])
        return found

    def texts(self) -> set[str]:
        """Return the texts: what makes other comments secret that mention it."""
        if self.is_empty:
            return set()
        if self.read.values:
            return {one for _, literal in self.values() for one in _lines(self.form, literal)}
        return set() if self.read.header else _counted([self.text[self.read.content :]])


def _width(text: str) -> int:
    return len(text.expandtabs(8))


def _last_keys(paths: list[Path]) -> set[str]:
    found = ([step for step in path if step is not None] for path in paths)
    return {keys[-1] for keys in found if keys}


def _lines(form: str, literal: str) -> set[str]:
    return _counted(decode(form, literal).replace("\r", "\n").split("\n"))


def _counted(texts: list[str]) -> set[str]:
    return {text.strip()[:64] for text in texts if len(text.strip()) >= 8}


# -- 5.2: which lines belong together


def bodies(text: str, form: str, comments: list[Comment]) -> list[range]:
    """Return for each of *comments* the numbers of those that are its body."""
    return [range(n + 1, _body_end(text, form, comments, n)) for n in range(len(comments))]


def _body_end(text: str, form: str, comments: list[Comment], number: int) -> int:
    """Return the number behind the last comment of a body."""
    block = paragraph = number + 1
    is_paragraph = not comments[number].is_empty
    sign = 2 if form == "json" else 1
    while block < len(comments):
        between = text[comments[block - 1].end : comments[block].start - sign]
        if between.strip():
            break
        is_paragraph = is_paragraph and not comments[block].is_empty
        is_paragraph = is_paragraph and between.strip(" \t") in ("\n", "\r\n", "\r")
        block += 1
        paragraph = block if is_paragraph else paragraph
    one, read = comments[number], comments[number].read
    end = number + 1
    if form == "yaml" and read.entry is not None:
        while end < block and (comments[end].is_empty or _belongs(one, comments[end])):
            end += 1
    if read.opens:
        closing = _closing(comments[number:block], read.opens, form)
        end = max(end, paragraph if closing is None else number + closing + 1)
    return end


def _belongs(one: Comment, below: Comment) -> bool:
    assert one.read.entry is not None
    shift = one.read.entry - one.read.content
    if one.read.is_block:
        return below.column > one.column + shift
    if below.indentation > one.indentation + shift:
        return True
    is_item = below.text.startswith(("- ", "-\t"), below.read.content)
    return one.read.takes_items and is_item and below.indentation == one.indentation + shift


def _closing(block: list[Comment], sign: str, form: str) -> int | None:
    """Return the number of the comment that closes what the first one opens."""
    if sign == "[":
        depth = 0
        for number, comment in enumerate(block):
            for bracket in brackets_of(comment, form):
                depth += 1 if bracket in "[{" else -1
                if depth <= 0:
                    if number:
                        return number
                    depth = 0
        return None
    for number, comment in enumerate(block[1:], 1):
        text = re.sub(r"\\.", "", comment.text)
        if sign == "\\":
            backslashes = len(comment.text) - len(comment.text.rstrip("\\"))
            found = backslashes % 2 == 0
        elif sign == "'" and form == "yaml":
            found = comment.text.count("'") % 2 == 1
        else:
            found = sign in (comment.text if sign == "-----END " else text)
        if found:
            return number
    return None


def brackets_of(comment: Comment, form: str) -> list[str]:
    quotes = (
        r"(?<![^\s,\[{:(])(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')"
        if form == "yaml"
        else r"\"(?:[^\"\\]|\\.)*\""
    )
    return re.findall(r"[\[\]{}]", re.sub(quotes, "", comment.text))


# -- 5.3: where an entry is


class _Stack:
    """The paths that a line may belong to, each with its column and whether it is an item's."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, Path, bool]] = []

    def copy(self) -> _Stack:
        made = _Stack()
        made.rows = self.rows.copy()
        return made

    def top(self) -> Path:
        return self.rows[-1][1] if self.rows else ()

    def leave(self, column: int, *, is_dash: bool) -> bool:
        """Remove what does not hold an entry at *column*; return whether an item was removed last."""
        last = False
        while self.rows:
            at, _, is_item = self.rows[-1]
            if not (at > column or (at == column and (is_item or not is_dash))):
                break
            last = is_item
            self.rows.pop()
        return last

    def add(self, column: int, steps: Path, *, is_item: bool) -> None:
        self.rows.append((column, self.top() + steps, is_item))


def place(text: str, values: list[Value], comments: list[Comment]) -> None:
    """Set the path above each of *comments*, and whether it is among the items of a list."""
    stack = _Stack()
    lines = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    waiting = list(comments)
    for line, following in zip(lines, [*lines[1:], len(text) + 1], strict=True):
        if not any(value.start < line < value.end for value in values):
            _enter_line(re.split(r"[\r\n]", text[line:following])[0], stack)
        while waiting and waiting[0].start < following:
            comment = waiting.pop(0)
            _enter_comment(comment, stack.copy() if comment.is_behind else stack, values)


def _enter_line(line: str, stack: _Stack) -> None:
    if line.startswith(("---", "...")):
        stack.rows.clear()
    at = len(line) - len(line.lstrip(" \t"))
    if line.startswith("#", at):
        return
    while found := re.compile(r"([-?])[ \t]+").match(line, at):
        if found[1] == "-":
            stack.leave(at, is_dash=True)
            stack.add(at, (None,), is_item=True)
        at = found.end()
    while line.startswith(("[", "{", " ", "\t"), at):
        at += 1
    key = _YAML_KEY.match(line, at)
    if key:
        stack.leave(at, is_dash=False)
        stack.add(at, (decode("yaml", key[1].rstrip(" \t")),), is_item=False)


def _enter_comment(comment: Comment, stack: _Stack, values: list[Value]) -> None:
    if comment.is_empty:
        return
    read = comment.read
    is_dash = comment.text.startswith(("- ", "-\t"), read.content)
    was_item = stack.leave(comment.indentation, is_dash=is_dash)
    comment.above = stack.top()
    item = (*comment.above, None)
    after = next((value.path for value in values if value.start >= comment.start), ())
    comment.is_among_items = was_item or after[: len(item)] == item
    if read.header:
        shift = (read.entry or read.content) - read.content
        stack.add(comment.indentation + shift, read.header, is_item=read.header[-1] is None)


# -- 5.4: the decision


def decide(
    form: str,
    text: str,
    values: list[Value],
    spans: list[tuple[int, int]],
    rules: list[dict[str, Any]],
    previous: Previous,
    standing: list[tuple[str, ...]],
) -> list[tuple[str, ...]]:
    """Return the groups of each comment of *text*, the innermost first; those of its token if it keeps it."""
    comments = [Comment(form, text, start, end) for start, end in spans]
    if form == "yaml":
        place(text, values, comments)
    return _Decision(form, text, values, comments, rules, previous, standing).layers


class _Decision:
    def __init__(
        self,
        form: str,
        text: str,
        values: list[Value],
        comments: list[Comment],
        rules: list[dict[str, Any]],
        previous: Previous,
        standing: list[tuple[str, ...]],
    ) -> None:
        self._comments = comments
        self._rules = rules
        self._bodies = bodies(text, form, comments)
        self._keys: set[tuple[str, str]] = set()
        self._texts: set[tuple[str, str]] = set()
        self._know_values(form, text, values, previous)
        kept = list(previous.comments)
        layers: list[tuple[str, ...]] = []
        for comment, own in zip(comments, standing, strict=True):
            if own:
                layers.append(own)
                continue
            same = next((one for one in kept if one[0] == comment.text), None)
            if same:
                kept.remove(same)
            layers.append(same[1] if same else ())
        self._kept: list[str | None] = [one[-1] if one else None for one in layers]
        self._open = [True] * len(comments)
        self.groups: list[Groups] = [set() for _ in comments]
        self._close()
        self._open = [not groups for groups in self.groups]
        while True:
            for comment, groups in zip(comments, self.groups, strict=True):
                for group in groups:
                    self._know(comment.known_keys(), group, comment.texts())
            if not self._close():
                break
        self.layers = [
            own or tuple(sorted(groups, key=str.encode))
            for own, groups in zip(layers, self.groups, strict=True)
        ]

    def _know_values(self, form: str, text: str, values: list[Value], previous: Previous) -> None:
        for value in values:
            literal = text[value.start : value.end]
            if value.group is not None:
                self._know(_last_keys([value.path]), value.group)
                if not is_token(literal):
                    self._know(set(), value.group, _lines(form, literal))
        for path, literal, group in previous.values:
            self._know(_last_keys([path]), group, _lines(form, literal))
        for literal, layers in previous.comments:
            before = Comment(form, "##" + literal, 2, 2 + len(literal))
            self._know(before.known_keys(), layers[-1], before.texts())

    def _know(self, keys: set[str], group: str, texts: Iterable[str] = ()) -> None:
        self._keys |= {(key, group) for key in keys}
        self._texts |= {(text, group) for text in texts}

    def _close(self) -> bool:
        """Apply 1 to 3 until nothing changes; return whether anything did."""
        changed = False
        while self._apply():
            changed = True
        return changed

    def _apply(self) -> bool:
        before = [set(groups) for groups in self.groups]
        for number, comment in enumerate(self._comments):
            self._add(number, self._own(number))
            by_key = {group for key, group in self._keys if key in comment.known_keys()}
            if comment.read.header and not comment.read.values:
                for below in self._bodies[number]:
                    self._add(below, by_key)
                    if not self._comments[below].read.is_entry:
                        self._add(below, self._by_rules(comment))
            for below in self._bodies[number]:
                self._add(below, self.groups[number])
        return before != self.groups

    def _add(self, number: int, groups: Groups) -> None:
        if self._open[number] and not self._comments[number].is_empty:
            self.groups[number] |= groups

    def _own(self, number: int) -> Groups:
        comment, kept = self._comments[number], self._kept[number]
        groups = {kept} if kept else set()
        if kept is None:
            groups |= {group for text, group in self._texts if text in comment.text}
        if comment.read.values:
            groups |= {group for key, group in self._keys if key in comment.known_keys()}
            groups |= self._by_rules(comment)
        return groups

    def _by_rules(self, comment: Comment) -> Groups:
        """Return the groups that the policy assigns to the paths of an entry or a header."""
        read = comment.read
        if not (read.is_entry or (read.is_item and comment.is_among_items)):
            return set()
        relative = [path for path, _ in comment.values()]
        if not read.values and read.header:
            relative = [read.header]
        groups = {group_of(self._rules, comment.above + path) for path in relative}
        return {group for group in groups if group is not None}
