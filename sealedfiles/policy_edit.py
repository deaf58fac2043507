"""Changing ``policy.yaml`` by command: line by line, so that every other byte stays as it is.

The marks of the parsed nodes say where in the text a rule stands; lines are cut out and put in there.
Only a list of rules in flow style (``rules: [{files: a}]``) goes through a YAML writer.
"""

from __future__ import annotations

import bisect
import copy
import io
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from sealedfiles.errors import PolicyError
from sealedfiles.policy import parse_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Rule = dict[str, str | tuple[str, ...]]

_WHERE = ".sealedfiles/policy.yaml"
_UNCHANGED = "the policy was left as it is"
_BY_HAND = f"{_WHERE}: the policy is written in a way that only an editor can change"
_SETTINGS = ("plain", "group", "format", "max_age")
"""The keys of a rule that say what is done, not what it is about."""

_BREAKS = "\r\n\x85\u2028\u2029"
"""All that ends a line (YAML 1.1, section 4.1.4): a comment ends there for the parser."""

_BREAK = re.compile(f"\r\n|[{_BREAKS}]")
_COMMENT_LINE = re.compile(f"[ \t]*#[^{_BREAKS}]*(?:{_BREAK.pattern})")


def add_rule(
    data: bytes,
    pattern: str,
    values: Sequence[str] = (),
    group: str | None = None,
    plain: bool = False,
    file_format: str | None = None,
) -> bytes:
    """Return the policy with a rule for *pattern*.

    The first rule that matches decides, so one that picks out values goes to the top, where no wider
    rule hides it; one for all values goes to the end, or in the place of the one that was there for
    the same files.  Raises PolicyError where the outcome would not be a policy.
    """
    rule: Rule = {"files": pattern}
    if values:
        rule["values"] = tuple(values)
    if plain:
        rule["plain"] = "true"
    elif group:
        rule["group"] = group
    if file_format:
        rule["format"] = file_format
    source = PolicySource(data)
    wanted = list(source.rules)
    same = [n for n, old in enumerate(wanted) if _subject(old) == _subject(rule)]
    if same:
        if not plain and "max_age" in wanted[same[0]]:
            rule["max_age"] = wanted[same[0]]["max_age"]
        wanted[same[0]] = rule
        edit = partial(source.replace, same[0], rule)
    elif values:
        wanted.insert(0, rule)
        edit = partial(source.insert_first, rule)
    else:
        wanted.append(rule)
        edit = partial(source.append, rule)
    return source.changed(edit, wanted)


def remove_rules(data: bytes, pattern: str) -> bytes:
    """Return the policy without the rules for exactly *pattern*.

    What goes is the lines of a rule, with what is noted behind its values; comments that have a line
    to themselves stay.  Raises PolicyError where the outcome would not be a policy.
    """
    source = PolicySource(data)
    gone = [n for n, rule in enumerate(source.rules) if rule["files"] == pattern]
    if not gone:
        return data
    wanted = [rule for n, rule in enumerate(source.rules) if n not in gone]
    return source.changed(partial(source.remove, gone), wanted)


def set_recovery(data: bytes, name: str) -> bytes:
    """Return the policy with *name* as the reader who is added to every new group.

    Raises PolicyError where the outcome would not be a policy that says so.
    """
    return PolicySource(data).with_recovery(name)


def _subject(rule: Rule) -> tuple[Any, ...]:
    """Return which values a rule is about."""
    return rule["files"], rule.get("values")


class PolicySource:
    """The text of a policy, its rules, and the edits that are to be made.

    ``sealedfiles.policy_tracked`` edits the list of tracked patterns with it.
    """

    def __init__(self, data: bytes) -> None:
        self.text, self.top, self._dashes = _compose(data)
        self.entries = {key.value: (key, value) for key, value in self.top.value}
        self._key, self._list = self.entries.get("rules", (None, None))
        self._items = self._list.value if self._list and self._list.id == "sequence" else []
        self.rules = [_meaning(item) for item in self._items]
        self._in_flow = bool(self.top.flow_style or (self._items and self._list.flow_style))
        self.edits: list[tuple[int, int, str]] = []
        found_break = re.search("\r\n|\n", self.text)
        self.eol = found_break.group() if found_break else "\n"

    def insert_first(self, rule: Rule) -> None:
        """Put *rule* before the others, and before the comment that stands upon the first."""
        if not self._items:
            self.append(rule)
            return
        dash = self.dash_of(self._items[0])
        place = self._line_start(dash)
        while place and _COMMENT_LINE.fullmatch(self.text, above := self._line_above(place), place):
            place = above
        lines = self._lines(rule, self.column_of(dash))
        self.edits.append((place, place, "".join(line + self.eol for line in lines)))

    def append(self, rule: Rule) -> None:
        """Put *rule* behind the others, or make the list of which it is the first."""
        if self._items:
            column = self.column_of(self.dash_of(self._items[-1]))
            place = self.line_end(self.end_of(self._items[-1]))
            # Comments that are indented further than the dashes still belong to the rule above.
            deeper = f"(?:(?:{_BREAK.pattern}) {{{column + 1},}}#[^{_BREAKS}]*)+"
            below = re.compile(deeper).match(self.text, place)
            place = below.end() if below else place
            lines = self._lines(rule, column)
        else:
            column = self.top.value[0][0].start_mark.column
            lines = self._lines(rule, column + 2)
            if self._key is None:
                place = self.line_end(self.end_of(self.top))
                lines.insert(0, " " * column + "rules:")
            else:
                place = self.line_end(self._key.end_mark.index)
                self._cut_empty_list()
        self.edits.append((place, place, "".join(self.eol + line for line in lines)))

    def replace(self, number: int, rule: Rule) -> None:
        """Give the rule at *number* the settings of *rule*; what it is about is the same."""
        item = self._items[number]
        entries = {key.value: (key, value) for key, value in item.value if key.value in _SETTINGS}
        free = [entries[name] for name in entries if name not in rule]
        added = ""
        for name in [name for name in _SETTINGS if name in rule]:
            text = _entry(name, rule[name])
            if name in entries:
                # The value alone: a key can be quoted.
                start, end = entries[name][1].start_mark.index, self.end_of(entries[name][1])
                self.edits.append((start, end, text.partition(": ")[2]))
            elif free:
                key, value = free.pop(0)
                self.edits.append((key.start_mark.index, self.end_of(value), text))
            elif item.flow_style:
                added += f", {text}"
            else:
                added += self.eol + " " * item.value[0][0].start_mark.column + text
        for entry in free:
            self._cut_entry(item, *entry)
        place = self.end_of(item.value[-1][1])
        place = place if item.flow_style else self.line_end(place)
        self.edits.append((place, place, added))

    def remove(self, numbers: list[int]) -> None:
        """Take out the lines of the rules at *numbers*; where none is left, write an empty list."""
        for item in (self._items[number] for number in numbers):
            self.cut_lines(self.dash_of(item), self.end_of(item))
        if len(numbers) == len(self._items):
            place = self.text.index(":", self._key.end_mark.index) + 1
            self.edits.append((place, place, " []"))

    def with_recovery(self, name: str) -> bytes:
        """Return the policy with another reader for recovery; the entry stands below the version."""
        entries = {key.value: value for key, value in self.top.value}
        if "recovery" in entries:
            value = entries["recovery"]
            self.edits.append((value.start_mark.index, self.end_of(value), scalar(name)))
        else:
            place = self.end_of(entries["version"])
            added = ", " if self.top.flow_style else ""
            if not added:
                place = self.line_end(place)
                added = self.eol + " " * self.top.value[0][0].start_mark.column
            self.edits.append((place, place, added + _entry("recovery", name)))
        data = self.checked(self.edited(), self.rules)
        if parse_policy(data, _WHERE).recovery != name:
            raise PolicyError(_BY_HAND, _UNCHANGED)
        return data

    def changed(self, edit: Callable[[], None], wanted: list[Rule]) -> bytes:
        """Return the policy after *edit*.  Raises PolicyError unless its rules are then *wanted*."""
        if self._in_flow:
            text = _round_trip(self.text.replace("\r\n", "\n"), self.rules, wanted)
            text = text.replace("\n", self.eol)
        else:
            edit()
            text = self.edited()
        return self.checked(text, wanted)

    def edited(self) -> str:
        """Return the text after the edits."""
        text = self.text
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def checked(self, text: str, wanted: list[Rule]) -> bytes:
        """Return *text* encoded.  Raises PolicyError unless it is a policy with the rules *wanted*."""
        data = text.encode("utf-8")
        try:
            parse_policy(data, _WHERE)
            rules = PolicySource(data).rules
        except PolicyError as error:
            raise PolicyError(error.message, _UNCHANGED) from None
        # Anchors or keys marked with `?` can make lines mean something else than they seem to.
        if rules != wanted:
            raise PolicyError(_BY_HAND, _UNCHANGED)
        return data

    def _cut_empty_list(self) -> None:
        """Take out `[]` or `null`, but not the comments that can stand within the brackets."""
        start, end = self._list.start_mark.index, self.end_of(self._list)
        if "#" in self.text[start:end]:
            self.cut(start, start + 1)
            self.cut(end - 1, end)
        else:
            self.cut(start, end)

    def _cut_entry(self, rule: Any, key: Any, value: Any) -> None:
        start, end = key.start_mark.index, self.end_of(value)
        keys = [entry[0] for entry in rule.value]
        number = keys.index(key)
        if not rule.flow_style:
            # Not what is noted behind it; where it is first, the dash stands on a line of its own.
            self.cut(start, end)
        elif number < [one.value for one in keys].index("files"):
            self.edits.append((start, keys[number + 1].start_mark.index, ""))
        else:
            self.edits.append((self.end_of(rule.value[number - 1][1]), end, ""))

    def cut_lines(self, start: int, end: int) -> None:
        """Take out the lines from *start* to *end* but those that are comments."""
        first, last = self._line_start(start), self._next_line(end)
        comments = []
        place = first
        while place < last:
            following = self._next_line(place)
            if _COMMENT_LINE.fullmatch(self.text, place, following):
                comments.append(self.text[place:following])
            place = following
        self.edits.append((first, last, "".join(comments)))

    def cut(self, start: int, end: int) -> None:
        """Take out a piece with the blanks before it, and its line if nothing else is there.

        A comment behind it that is then alone on the line gets its place: no tab may come first.
        """
        begin, line_end = self._line_start(start), self.line_end(end)
        before = self.text[begin:start].rstrip(" \t")
        behind = self.text[end:line_end].lstrip(" \t")
        if before:
            start = begin + len(before)
            blanks = self.text[end : line_end - len(behind)]
            if before.endswith("-") and behind and "\t" in blanks:
                # No tab may come behind a dash either.
                self.edits.append((start, line_end - len(behind), " "))
                return
        elif behind:
            end = line_end - len(behind)
        else:
            start, end = begin, self._next_line(end)
        self.edits.append((start, end, ""))

    def _lines(self, rule: Rule, column: int) -> list[str]:
        """Return the lines of a rule, one key a line, the dash at *column*."""
        lines = [_entry(name, value) for name, value in rule.items()]
        return [" " * column + ("  " if n else "- ") + line for n, line in enumerate(lines)]

    def dash_of(self, item: Any) -> int:
        """Return the offset of the dash in front of the list item *item*."""
        return self._dashes[bisect.bisect_left(self._dashes, item.start_mark.index) - 1]

    def column_of(self, index: int) -> int:
        """Return how many characters stand in front of offset *index* on its line."""
        return index - self._line_start(index)

    def end_of(self, node: Any) -> int:
        """Return where the text of *node* ends.  The marks of block nodes are far behind that."""
        if node.id != "scalar" and not node.flow_style:
            last = node.value[-1]
            return self.end_of(last[1] if node.id == "mapping" else last)
        start: int = node.start_mark.index
        end = node.end_mark.index
        return start + len(self.text[start:end].rstrip(f" {_BREAKS}"))

    def _line_start(self, index: int) -> int:
        return max(self.text.rfind(one, 0, index) for one in _BREAKS) + 1

    def _line_above(self, start: int) -> int:
        """Return where the line above the one that starts at *start* does."""
        crlf = self.text.endswith("\r\n", 0, start)
        return self._line_start(start - 1 - crlf)

    def line_end(self, index: int) -> int:
        """Return the offset at which the line that holds *index* ends."""
        found = _BREAK.search(self.text, index)
        return found.start() if found else len(self.text)

    def _next_line(self, index: int) -> int:
        found = _BREAK.search(self.text, index)
        return found.end() if found else len(self.text)


def _compose(data: bytes) -> tuple[str, Any, list[int]]:
    """Return the text of a policy, its top node, and where the dashes of its lists are.

    Raises PolicyError where *data* is no policy.
    """
    import yaml

    parse_policy(data, _WHERE)
    dashes: list[int] = []

    class Loader(yaml.SafeLoader):
        def scan_to_next_token(self) -> None:
            super().scan_to_next_token()
            # A tab before a comment, which libyaml takes; where tabs are wrong it refused them.
            while self.peek() == "\t":
                self.forward()
                super().scan_to_next_token()

        def fetch_block_entry(self) -> None:
            dashes.append(self.get_mark().index)
            super().fetch_block_entry()

        def compose_node(self, parent: Any, index: int) -> Any:
            event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs lack its type
            node: Any = super().compose_node(parent, index)
            if isinstance(event, yaml.AliasEvent):
                # Else it has the marks of the node that it stands for.  Its text is one piece.
                node = copy.copy(node)
                node.start_mark, node.end_mark = event.start_mark, event.end_mark
                node.flow_style = True
            return node

    try:
        text = data.decode("utf-8")
        return text, yaml.compose(text, Loader=Loader), dashes
    except (yaml.YAMLError, ValueError):
        raise PolicyError(_BY_HAND, _UNCHANGED) from None


def _meaning(item: Any) -> Rule:
    """Return what a rule says: texts, and tuples of texts for lists; `values` is always a list."""
    rule: Rule = {}
    for key, value in item.value:
        if value.id == "sequence":
            rule[key.value] = tuple(one.value for one in value.value)
        else:
            rule[key.value] = (value.value,) if key.value == "values" else value.value
    return rule


def _entry(name: str, value: str | tuple[str, ...]) -> str:
    return f"{name}: {'true' if name == 'plain' else scalar(value)}"


def scalar(value: str | tuple[str, ...]) -> str:
    """Return *value* as YAML on one line, quoted where it must be; a list of one as its text."""
    if isinstance(value, tuple):
        return scalar(value[0]) if len(value) == 1 else f"[{', '.join(map(scalar, value))}]"
    plain = _dump(value)
    return plain if plain[0] not in "'\"" else _dump(value, style='"')


def _dump(value: str, style: str | None = None) -> str:
    import yaml

    # Within a list in flow style, where quotes are needed around commas and brackets too.
    text = yaml.safe_dump(
        [value], default_style=style, default_flow_style=True, allow_unicode=True, width=1 << 30
    )
    return text[1:-2]


def _round_trip(text: str, old: list[Rule], wanted: list[Rule]) -> str:
    """Return the policy with the rules *wanted*, written anew; the rules of *old* stay as written."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        document = yaml.load(text)
    except (YAMLError, ValueError):  # it builds what tags and dates ask for
        raise PolicyError(_BY_HAND, _UNCHANGED) from None
    rules = document.get("rules")
    if rules is None:
        rules = document["rules"] = []
    for number in reversed(range(len(old))):
        if not any(old[number] is rule for rule in wanted):
            del rules[number]
    for number, rule in enumerate(wanted):
        if not any(rule is one for one in old):
            rules.insert(number, _plain_data(rule))
    # A list that has grown reads better in lines.
    if rules and hasattr(rules, "fa"):
        rules.fa.set_block_style()
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _plain_data(rule: Rule) -> dict[str, Any]:
    data: dict[str, Any] = dict(rule)
    if "values" in data:
        data["values"] = list(data["values"]) if len(data["values"]) > 1 else data["values"][0]
    if "plain" in data:
        data["plain"] = True
    return data
