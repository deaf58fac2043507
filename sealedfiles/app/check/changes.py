"""Find changes of a file since its parent commits: unsealed values, and moved tokens."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from sealedfiles.app.check.content import (
    EMPTY,
    OPAQUE,
    VALUE,
    VALUES,
    WHOLE,
    Content,
    read_content,
)
from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.tokens import CheckedFile, about_literal
from sealedfiles.formats.base import Format
from sealedfiles.model.paths import ITEM, show
from sealedfiles.model.policy import FileRules
from sealedfiles.util.messages import counted, shell_key

_TELLING = 8
"""A value that more items share does not help to identify an item."""


def sealed_before(
    subject: CheckedFile, data: bytes, before: Content, parent: str, rules: FileRules | None = None
) -> Iterator[tuple[int, Finding]]:
    """Yield the values that are sealed in *before* and in plaintext in the file, whatever the policy says.

    *data* is the stored file, *parent* the name of the version of *before*, and *rules* those of the policy,
    for the command that seals the value again.  With each finding comes the offset of the plaintext value, or
    -1 for the whole file.
    """
    content = subject.content
    if content.file.format is not before.file.format and before.state == VALUES:
        # A rule may have changed the format: read the file in the old one.
        content = read_content(data, before.file)
        subject = subject._replace(content=content)
    if content.state in (EMPTY, WHOLE) or not before.held:
        return
    if before.state == WHOLE and not content.held and (content.plain or content.state == OPAQUE):
        yield -1, subject.whole("sealed-before", f"in plaintext; sealed whole in {parent}")
    elif content.state == OPAQUE and before.state == VALUES and not content.held:
        count = counted(len(before.held), "value")
        yield -1, subject.whole("sealed-before", f"in plaintext; {count} sealed in {parent}")
    elif content.state == VALUES:
        was_open = {(path, before.text[start:end]) for start, end, path in before.plain}
        for start, end, path in content.plain:
            literal = content.text[start:end]
            group = before.sealed.get(path)
            if group and (path, literal) not in was_open:
                what = f"in plaintext; sealed to {group} in {parent}"
                finding = subject.at("sealed-before", start, what, path, literal)
                finding = finding._replace(own_fix=_new_rule(path, group, rules))
                yield start, about_literal(finding, subject)


def _new_rule(path: bytes, group: str, rules: FileRules | None) -> str:
    """Return the command that seals *path* to *group*, if *rules* leave it in plaintext; otherwise empty.

    No command that restores the file: it would discard the user's other changes.
    """
    key = show(path)
    # The file's name replaces `{file}` in a command, which would end the quotes around a key.
    if rules is None or rules.group_of(path) is not None or "{file}" in key:
        return ""
    return f"sealedfiles track {{file}} --values {shell_key(key)} --group {group}"


def moved(subject: CheckedFile) -> Iterator[Finding]:
    """Yield the tokens that are at a different key path than in all earlier versions."""
    there = _places(*subject.before)
    here = _places(subject.content)
    for one in subject.content.held:
        paths = there.get(one.token)
        if one.place == VALUE and paths and not paths & here[one.token]:
            what = "a token that was made for another key: it cannot be decrypted here"
            yield subject.at("moved", one.start, what, one.path, one.token)


def _places(*versions: Content) -> dict[str, set[bytes | None]]:
    """Return the key paths of each token."""
    found: dict[str, set[bytes | None]] = defaultdict(set)
    for version in versions:
        for one in version.held:
            if one.place == VALUE:
                found[one.token].add(one.path)
    return found


def swapped(subject: CheckedFile, before: Content) -> Iterator[Finding]:
    """Yield the tokens that were exchanged between items of a list, or between documents.

    An item is recognized by its other values.  A token was moved if the item that it is in now
    has more in common with another earlier item than with the one that the token was in.
    """
    order = [one.token for one in before.held if one.place == VALUE]
    if order == [one.token for one in subject.content.held if one.place == VALUE]:
        return
    old, new = _Items(before), _Items(subject.content)
    shared_by_item: dict[int, Counter[int]] = {}
    for one in subject.content.held:
        item, origin = new.of_token.get(one.token), old.of_token.get(one.token)
        if item is None or origin is None:
            continue
        if item not in shared_by_item:
            shared_by_item[item] = old.shared(new.values[item])
        shared = shared_by_item[item]
        others = max((count for there, count in shared.items() if there != origin), default=0)
        if others > shared[origin] - 1:  # the token itself is one of those it shares
            what = "a token that was in another entry of the same kind: it decrypts here too"
            yield subject.at("swapped", one.start, what, one.path, one.token)


class _Items:
    """The items of the lists of a file, or its documents, as groups of values.

    An item ends when one of its key paths appears again.
    """

    def __init__(self, content: Content) -> None:
        self.values: list[list[str]] = []
        self.of_token: dict[str, int | None] = {}
        self._holders: dict[str, list[int]] = {}
        entries = [(span[0], span[2], content.text[span[0] : span[1]]) for span in content.plain]
        entries += [
            (one.start, one.path, one.token)
            for one in content.held
            if one.place == VALUE and one.path is not None
        ]
        current: dict[bytes, int] = {}
        seen: dict[bytes, set[bytes]] = {}
        for _, path, literal in sorted(entries):
            prefix = path[: path.rindex(ITEM) + len(ITEM)] if ITEM in path else b""
            if prefix not in current or path in seen[prefix]:
                current[prefix] = len(self.values)
                seen[prefix] = set()
                self.values.append([])
            seen[prefix].add(path)
            self._add(current[prefix], path, literal)

    def _add(self, item: int, path: bytes, literal: str) -> None:
        value = f"{path.hex()} {literal}"
        self.values[item].append(value)
        self._holders.setdefault(value, []).append(item)
        if literal.startswith("sealed:v1:"):
            # A token that is in several items has no known origin.
            self.of_token[literal] = None if literal in self.of_token else item

    def shared(self, values: list[str]) -> Counter[int]:
        """Count the values that each item here shares with *values*."""
        found: Counter[int] = Counter()
        for value in values:
            holders = self._holders.get(value, ())
            # A value that all items share (`kind: Secret`) identifies none, and takes long to count.
            if len(holders) <= _TELLING:
                found.update(holders)
        return found


def made_from(
    data: bytes, path: bytes, vanished: Mapping[bytes, Content]
) -> tuple[bytes, Content] | None:
    """Return the one of the *vanished* sealed files that was renamed to the new file at *path*.

    It is recognized by the file id of its tokens, or in plaintext by its key paths: half of the sealed key
    paths, and at least two, must be in plaintext here; one is enough for a file of the same name.
    """
    name = path.rpartition(b"/")[2]
    read: dict[Format | None, Content] = {}
    for old, before in vanished.items():
        form = before.file.format
        if form not in read:
            read[form] = read_content(data, before.file)
        content = read[form]
        same_name = old.rpartition(b"/")[2] == name
        if content.held:
            is_it = bool({*content.ids} & {*before.ids})
        elif before.state == WHOLE:
            is_it = same_name and bool(data)
        else:
            shared = len({span.path for span in content.plain} & before.sealed.keys())
            is_it = shared >= (1 if same_name else max(2, len(before.sealed) / 2))
        if is_it:
            return old, before
    return None
