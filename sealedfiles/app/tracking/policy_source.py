"""The text of ``policy.yaml``, edited line by line, so that every other byte is unchanged.

The tree of the YAML text gives the position of a rule, at which lines are removed and inserted.
A list of rules in flow style (``rules: [{files: a}]``) is changed by the editor for YAML files.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sealedfiles.errors import FormatError, PolicyError, SealedFilesError
from sealedfiles.formats.base import Data
from sealedfiles.formats.place import line_end_of
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    from sealedfiles.formats.tree import Child, Node

Rule = dict[str, str | tuple[str, ...]]

_WHERE = ".sealedfiles/policy.yaml"
_UNCHANGED = "the policy was not changed"
_BY_HAND = f"{_WHERE}: this policy can only be changed in an editor"
_SETTINGS = ("plain", "group", "format", "max_age", "expires", "generate")
"""The keys of a rule that are settings; all others select files and values."""

_BREAKS = "\r\n\x85\u2028\u2029"
"""All line breaks (YAML 1.1, section 4.1.4): a comment ends there for the parser."""

_BREAK = re.compile(f"\r\n|[{_BREAKS}]")
_COMMENT_LINE = re.compile(f"[ \t]*#[^{_BREAKS}]*(?:{_BREAK.pattern})")


def items_of(entry: Child | None) -> list[Child]:
    """Return the items of the list that is the value of *entry*; none if it is not a list."""
    return entry.value.entries if entry and entry.value.kind == "sequence" else []


class PolicySource:
    """The text of a policy, its rules, and the pending edits.

    ``policy_edit`` edits the rules with it, ``policy_tracked`` the list of tracked patterns.
    """

    def __init__(self, data: bytes) -> None:
        from sealedfiles.formats.yaml.tree import parse

        self.data = data
        policy = parse_policy(data, _WHERE)
        text = data.decode("utf-8")
        self._bom = "\ufeff" if text.startswith("\ufeff") else ""
        self.text = text.removeprefix("\ufeff")
        try:
            self.top = parse(self.text).root
        except FormatError:
            raise PolicyError(_BY_HAND, _UNCHANGED) from None
        self.entries = {entry.key: entry for entry in self.top.entries}
        self._entry = self.entries.get("rules")
        self._items = items_of(self._entry)
        self.rules = [_meaning(item.value) for item in self._items]
        # libyaml reads the policy, and may find other rules in an unusual text.
        if len(self.rules) != len(policy.rules):
            raise PolicyError(_BY_HAND, _UNCHANGED)
        self._in_flow = self.top.flow or bool(self._items and self.entries["rules"].value.flow)
        self.edits: list[tuple[int, int, str]] = []
        self.eol = line_end_of(self.text)

    def insert_first(self, rule: Rule) -> None:
        """Insert *rule* before the others, and before the comment above the first."""
        if not self._items:
            self.append(rule)
            return
        dash = self._items[0].start
        place = self._line_start(dash)
        while place and _COMMENT_LINE.fullmatch(self.text, above := self._line_above(place), place):
            place = above
        lines = self._lines(rule, self.column_of(dash))
        self.edits.append((place, place, "".join(line + self.eol for line in lines)))

    def append(self, rule: Rule) -> None:
        """Append *rule* to the others, or create the list with it."""
        if self._items:
            column = self.column_of(self._items[-1].start)
            place = self.line_end(self.end_of(self._items[-1].value))
            # Comments that are indented further than the dashes belong to the rule above.
            deeper = f"(?:(?:{_BREAK.pattern}) {{{column + 1},}}#[^{_BREAKS}]*)+"
            below = re.compile(deeper).match(self.text, place)
            place = below.end() if below else place
            lines = self._lines(rule, column)
        else:
            column = self.column_of(self.top.entries[0].start)
            lines = self._lines(rule, column + 2)
            if self._entry is None:
                place = self.line_end(self.end_of(self.top))
                lines.insert(0, " " * column + "rules:")
            else:
                place = self.line_end(self._entry.key_end)
                self._cut_empty_list(self._entry.value)
        self.edits.append((place, place, "".join(self.eol + line for line in lines)))

    def replace(self, number: int, rule: Rule) -> None:
        """Replace the settings of the rule at *number* with those of *rule*; keep its selection."""
        item = self._items[number].value
        entries = {entry.key: entry for entry in item.entries if entry.key in _SETTINGS}
        free = [entries[name] for name in entries if name not in rule]
        added = ""
        for name in [name for name in _SETTINGS if name in rule]:
            text = _entry(name, rule[name])
            if name in entries:
                # Replace only the value: the key may be in quotes.
                value = entries[name].value
                self.edits.append((value.start, self.end_of(value), text.partition(": ")[2]))
            elif free:
                entry = free.pop(0)
                self.edits.append((entry.key_start, self.end_of(entry.value), text))
            elif item.flow:
                added += f", {text}"
            else:
                added += self.eol + " " * self.column_of(item.entries[0].start) + text
        for entry in free:
            self._cut_entry(item, entry)
        place = self.end_of(item.entries[-1].value)
        place = place if item.flow else self.line_end(place)
        self.edits.append((place, place, added))

    def drop_file(self, number: int, pattern: str) -> str | tuple[str, ...]:
        """Remove *pattern* from the list of files of the rule at *number*; return what is left."""
        (entry,) = (one for one in self._items[number].value.entries if one.key == "files")
        rest = tuple(one for one in self.rules[number]["files"] if one != pattern)
        if entry.value.kind == "sequence" and not entry.value.flow:
            for item in items_of(entry):
                if (item.value.target or item.value).text == pattern:
                    self.cut_lines(item.start, self.end_of(item.value))
            return rest
        self.edits.append((entry.value.start, self.end_of(entry.value), scalar(rest)))
        return rest if len(rest) > 1 else rest[0]

    def remove(self, numbers: list[int]) -> None:
        """Remove the lines of the rules at *numbers*; if none is left, write an empty list."""
        for item in (self._items[number] for number in numbers):
            self.cut_lines(item.start, self.end_of(item.value))
        if self._entry and len(numbers) == len(self._items):
            place = self.text.index(":", self._entry.key_end) + 1
            self.edits.append((place, place, " []"))

    def with_recovery(self, name: str) -> bytes:
        """Return the policy with another reader for recovery; a new entry goes below the version."""
        if "recovery" in self.entries:
            value = self.entries["recovery"].value
            self.edits.append((value.start, self.end_of(value), scalar(name)))
        else:
            self.add_below_version(_entry("recovery", name))
        data = self.checked(self.edited(), self.rules)
        if parse_policy(data, _WHERE).recovery != name:
            raise PolicyError(_BY_HAND, _UNCHANGED)
        return data

    def place_for_item(self, name: str) -> tuple[int, int]:
        """Return the place and the column of a new last item of the list *name*, in block style.

        The list is added if the policy has none; an empty list in flow style is removed.
        """
        entry = self.entries.get(name)
        items = items_of(entry)
        if items:
            return self.line_end(self.end_of(items[-1].value)), self.column_of(items[-1].start)
        if entry:
            self.cut(entry.value.start, self.end_of(entry.value))
            place = self.line_end(entry.key_end)
        else:
            self.add_below_version(f"{name}:")
            place = self.line_end(self.end_of(self.entries["version"].value))
        return place, self.column_of(self.top.entries[0].start) + 2

    def add_below_version(self, text: str) -> None:
        """Add an entry to the policy, after its version."""
        place = self.end_of(self.entries["version"].value)
        if self.top.flow:
            self.edits.append((place, place, f", {text}"))
        else:
            indent = " " * self.column_of(self.top.entries[0].start)
            place = self.line_end(place)
            self.edits.append((place, place, self.eol + indent + text))

    def changed(self, edit: Callable[[], None], wanted: list[Rule]) -> bytes:
        """Return the policy after *edit*.  Raises PolicyError unless its rules are then *wanted*."""
        if self._in_flow:
            text = _in_flow(self.text, self.rules, wanted)
        else:
            edit()
            text = self.edited()
        return self.checked(text, wanted)

    def edited(self) -> str:
        """Return the text after the edits."""
        text = self.text
        # Sorted by position; edits at the same position stay in the order in which they were made.
        edits = sorted(enumerate(self.edits), key=lambda one: (one[1][0], one[0]), reverse=True)
        for _, (start, end, new) in edits:
            text = text[:start] + new + text[end:]
        return text

    def checked(self, text: str, wanted: list[Rule]) -> bytes:
        """Return *text* encoded.  Raises PolicyError unless it is a policy with the rules *wanted*."""
        data = (self._bom + text).encode("utf-8")
        try:
            parse_policy(data, _WHERE)
            rules = PolicySource(data).rules
        except PolicyError as error:
            raise PolicyError(error.message, _UNCHANGED) from None
        # With anchors or keys marked with `?`, lines may have another meaning than expected.
        if rules != wanted:
            raise PolicyError(_BY_HAND, _UNCHANGED)
        return data

    def _cut_empty_list(self, node: Node) -> None:
        """Remove `[]` or `null`, but not the comments inside the brackets."""
        start, end = node.start, self.end_of(node)
        if "#" in self.text[start:end]:
            self.cut(start, start + 1)
            self.cut(end - 1, end)
        else:
            self.cut(start, end)

    def _cut_entry(self, rule: Node, entry: Child) -> None:
        start, end = entry.key_start, self.end_of(entry.value)
        number = rule.entries.index(entry)
        if not rule.flow:
            # Comments after it stay.  If it is the first key, the dash is then alone on its line.
            self.cut(start, end)
        elif number < [one.key for one in rule.entries].index("files"):
            self.edits.append((start, rule.entries[number + 1].key_start, ""))
        else:
            self.edits.append((self.end_of(rule.entries[number - 1].value), end, ""))

    def cut_lines(self, start: int, end: int) -> None:
        """Remove the lines from *start* to *end*, except comments."""
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
        """Remove a span with the blanks before it, and its line if nothing else is there.

        A comment after it that is then alone on the line moves to the start of the span, because a line must
        not begin with a tab.
        """
        begin, line_end = self._line_start(start), self.line_end(end)
        before = self.text[begin:start].rstrip(" \t")
        behind = self.text[end:line_end].lstrip(" \t")
        if before:
            start = begin + len(before)
            blanks = self.text[end : line_end - len(behind)]
            if before.endswith("-") and "\t" in blanks:
                # A tab must not follow a dash either.
                self.edits.append((start, line_end - len(behind), " " if behind else ""))
                return
        elif behind:
            end = line_end - len(behind)
        else:
            start, end = begin, self._next_line(end)
        self.edits.append((start, end, ""))

    def _lines(self, rule: Rule, column: int) -> list[str]:
        """Return the lines of a rule, one key per line, with the dash at *column*."""
        lines = [_entry(name, value) for name, value in rule.items()]
        return [" " * column + ("  " if n else "- ") + line for n, line in enumerate(lines)]

    def column_of(self, index: int) -> int:
        """Return the number of characters before offset *index* on its line."""
        return index - self._line_start(index)

    def end_of(self, node: Node) -> int:
        """Return the end of the text of *node*, before the blanks that precede a comment."""
        return node.start + len(self.text[node.start : node.end].rstrip(f" \t{_BREAKS}"))

    def _line_start(self, index: int) -> int:
        return max(self.text.rfind(one, 0, index) for one in _BREAKS) + 1

    def _line_above(self, start: int) -> int:
        """Return the start of the line above the one that starts at *start*."""
        crlf = self.text.endswith("\r\n", 0, start)
        return self._line_start(start - 1 - crlf)

    def line_end(self, index: int) -> int:
        """Return the end of the line that contains *index*."""
        found = _BREAK.search(self.text, index)
        return found.start() if found else len(self.text)

    def _next_line(self, index: int) -> int:
        found = _BREAK.search(self.text, index)
        return found.end() if found else len(self.text)


def _meaning(item: Node) -> Rule:
    """Return the content of a rule: texts, and tuples of texts for lists; `values` is always a list."""
    rule: Rule = {}
    for entry in (item.target or item).entries:
        key, value = entry.key or "", entry.value.target or entry.value
        if value.kind == "sequence":
            items = [one.value.target or one.value for one in value.entries]
            rule[key] = tuple(one.text for one in items)
        else:
            rule[key] = (value.text,) if key == "values" else value.text
    return rule


def _entry(name: str, value: str | tuple[str, ...]) -> str:
    return f"{name}: {'true' if name == 'plain' else scalar(value)}"


def scalar(value: str | tuple[str, ...]) -> str:
    """Return *value* as YAML on one line, in quotes if needed; a list of one item as that item."""
    if isinstance(value, tuple):
        return scalar(value[0]) if len(value) == 1 else f"[{', '.join(map(scalar, value))}]"
    plain = _dump(value)
    return plain if plain[0] not in "'\"" else _dump(value, style='"')


def _dump(value: str, style: str | None = None) -> str:
    import yaml

    # Inside a list in flow style, commas and brackets need quotes too.
    text = yaml.safe_dump(
        [value], default_style=style, default_flow_style=True, allow_unicode=True, width=1 << 30
    )
    return text[1:-2]


def _in_flow(text: str, old: list[Rule], wanted: list[Rule]) -> str:
    """Return the policy with the rules *wanted*, edited as a YAML file; other rules stay as written."""
    from sealedfiles.formats.yaml import change as yaml_change

    added = [number for number, rule in enumerate(wanted) if not any(rule is one for one in old)]
    try:
        for number in reversed(range(len(old)) if len(wanted) < len(old) else ()):
            if not any(old[number] is rule for rule in wanted):
                text = yaml_change.remove(text, ("rules", number))
        if not old or (added == [0] and len(wanted) > len(old)):
            return yaml_change.assign(text, ("rules",), [_plain_data(rule) for rule in wanted])
        for number in added:
            text = yaml_change.assign(text, ("rules", number), _plain_data(wanted[number]))
    except SealedFilesError:
        raise PolicyError(_BY_HAND, _UNCHANGED) from None
    return text


def _plain_data(rule: Rule) -> dict[str, Data]:
    data: dict[str, Data] = {
        key: value if isinstance(value, str) else list(value) for key, value in rule.items()
    }
    if len(values := rule.get("values", ())) == 1:
        data["values"] = values[0]
    return {**data, "plain": True} if "plain" in data else data
