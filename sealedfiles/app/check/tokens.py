"""Check one stored file against the rules, against the keys, and against itself."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from sealedfiles.app.check.content import (
    BROKEN,
    COMMENT,
    NOWHERE,
    OPAQUE,
    VALUE,
    VALUES,
    WHOLE,
    Content,
    Held,
)
from sealedfiles.app.check.findings import Finding
from sealedfiles.errors import FormatError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import ITEM, ROOT, show
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import UNAUTHENTICATED_TOKEN, split
from sealedfiles.sealing.comments import Reasons, groups_of_comments, is_sealed_comment
from sealedfiles.sealing.file import choose_file_id, own_ids
from sealedfiles.sealing.other_tools import can_migrate_values, tool_of_value
from sealedfiles.sealing.sealed_text import is_rewritten_literal
from sealedfiles.util.messages import counted

_FORMATS = {
    "yaml": "YAML",
    "json": "JSON",
    "dotenv": ".env",
    "toml": "TOML",
    "ndjson": "NDJSON",
    "properties": "Java properties",
    "ini": "INI",
    "tfvars": "Terraform variables",
    "xml": "XML",
}
_OF_PLAINTEXT = ("plain-value", "plain-file", "plain-comment", "broken-file")


class GroupKeys(NamedTuple):
    """The ids of a group's keys, as its ``epochs`` list them, and its readers."""

    current: str
    known: frozenset[str]
    retired: frozenset[str]
    listed: frozenset[str]
    """The names of those who have a key file."""
    readers: frozenset[str]
    """Those of them whose key file has the current key, according to their grants."""


class CheckedFile(NamedTuple):
    """A file that is checked."""

    path: bytes
    content: Content
    before: Sequence[Content]
    """The versions of the file in the parents that differ from it."""
    groups: Mapping[str, GroupKeys | None]
    """The groups that have keys; None if the keys of a group cannot be read."""

    def is_known(self, one: Held) -> bool:
        """Return True if the key of a token is a key of its group."""
        keys = self.groups.get(one.names.group)
        return keys is not None and one.names.key_id in keys.known

    def at(self, code: str, start: int, what: str, key: bytes | None, subject: str = "") -> Finding:
        """Return a finding at the offset *start* of the file."""
        return Finding(code, self.path, what, self.content.line(start), key, subject=subject)

    def whole(self, code: str, what: str, line: int = 1) -> Finding:
        """Return a finding about the file."""
        return Finding(code, self.path, what, line)


def against_rules(
    subject: CheckedFile, rules: FileRules, skip: Collection[int]
) -> Iterator[Finding]:
    """Yield the deviations from *rules*.

    *skip* has the offsets of plaintext values with a more severe finding; -1 is the whole file.
    """
    content = subject.content
    name = _FORMATS.get(content.file.format.name, "") if content.file.format else ""
    groups = rules.whole_groups()
    if content.conflict_line:
        yield subject.whole("conflict-markers", "has conflict markers", content.conflict_line)
    if content.state == OPAQUE and groups and -1 not in skip:
        sealed_to = f"the policy seals it to {', '.join(groups)}"
        yield subject.whole("plain-file", f"the whole file is in plaintext; {sealed_to}")
    elif content.state == BROKEN and groups:
        what = f"does not parse as {name}: {content.broken_reason}"
        yield subject.whole("broken-file", what, content.broken_line or 1)
    elif content.state == WHOLE:
        group = content.held[0].names.group
        # Without a key, a file sealed whole looks the same as one scalar at the root.
        if group not in groups and not (name and group == rules.group_of(ROOT)):
            said = f"assigns it to {', '.join(groups)}" if groups else "leaves it in plaintext"
            code = "other-group" if groups else "plain-rule"
            yield subject.whole(code, f"sealed whole to {group}; the policy {said}")
    elif content.state == VALUES:
        yield from _values_against_rules(subject, rules, skip)


def _values_against_rules(
    subject: CheckedFile, rules: FileRules, skip: Collection[int]
) -> Iterator[Finding]:
    content = subject.content
    sealed = content.sealed
    name = content.file.format.name if content.file.format else ""
    # A key path may have several values in a file of several documents, and in XML.
    has_documents = name in ("ndjson", "xml") or (name == "yaml" and "\n---" in content.text)
    may_repeat = bool(content.conflict_line) or has_documents
    for start, end, path in content.plain:
        group = rules.group_of(path)
        literal = content.text[start:end]
        if start in skip or -1 in skip:
            continue
        if path in sealed and not may_repeat and ITEM not in path:
            what = "appears twice, once sealed and here in plaintext"
            yield subject.at("duplicate-key", start, what, path, literal)
        elif group:
            what = f"in plaintext; the policy seals it to {group}"
            yield about_literal(subject.at("plain-value", start, what, path, literal), subject)
    for start, token, place, key, names in content.held:
        if place != VALUE or key is None:
            continue
        group = rules.group_of(key)
        if group is None:
            what = f"sealed to {names.group}; the policy leaves it in plaintext"
            yield subject.at("plain-rule", start, what, key, token)
        elif group != names.group and names.group in subject.groups:
            what = f"sealed to {names.group}; the policy assigns {group}"
            yield subject.at("other-group", start, what, key, token)
    yield from _line_ends(subject)
    yield from _comments_against_rules(subject, rules)


def about_literal(finding: Finding, subject: CheckedFile) -> Finding:
    """Return *finding*, about a value in plaintext, with another text if the value is not: a token that was
    rewritten, or what another tool has encrypted."""
    form = subject.content.file.format
    tool = tool_of_value(finding.subject)
    if tool:
        what = finding.what.replace("in plaintext", f"encrypted with {tool}", 1)
        can_migrate = can_migrate_values(tool, has_tokens=bool(subject.content.held))
        fix = "sealedfiles migrate {file}" if can_migrate else "sealedfiles set {file} KEY"
        return finding._replace(what=what, own_fix=fix)
    if form is None or not is_rewritten_literal(finding.subject, form):
        return finding
    what = "a token that another program rewrote; it is not decrypted: restore the line"
    return finding._replace(what=what, own_fix="git log -p -- {file}")


def about_ciphertext(
    findings: Iterable[Finding], subject: CheckedFile, tool: str
) -> Iterator[Finding]:
    """Yield *findings*, but one about *tool*, which has encrypted the file, for all about its plaintext.

    To seal the ciphertext would hide it, and it would still need the keys of the tool.
    """
    is_reported = False
    for finding in findings:
        if not tool or finding.code not in _OF_PLAINTEXT:
            yield finding
        elif not is_reported:
            is_reported = True
            yield subject.whole("other-tool", f"encrypted with {tool}, and not sealed")


def _line_ends(subject: CheckedFile) -> Iterator[Finding]:
    """Yield a finding for the first character that other YAML parsers read as a line end."""
    content = subject.content
    if content.file.format and content.file.format.name == "yaml" and not content.text.isascii():
        from sealedfiles.formats.yaml.format import YamlScan

        with contextlib.suppress(FormatError):  # conflict markers
            for at in islice(YamlScan(content.text).other_line_ends(), 1):
                what = f"U+{ord(content.text[at]):04X} is a line end in YAML 1.1"
                yield subject.at("line-end", at, what, None)


def _comments_against_rules(subject: CheckedFile, rules: FileRules) -> Iterator[Finding]:
    """Yield the plaintext comments that the filter would seal because of their keys."""
    content = subject.content
    if not content.comments or content.file.format is None:
        return
    known = [
        (path, None, group)
        for version in (content, *subject.before)
        for path, group in version.sealed.items()
        if rules.group_of(path) is not None
    ]
    try:
        scan = content.file.format.scan(content.text)
    except FormatError:
        return
    reasons = Reasons(content.file.format, rules, known, [])
    comments = scan.comments()
    # Without a key, nobody knows which lines belong together around a sealed comment.
    decided = groups_of_comments(
        content.text, scan.values, comments, reasons, is_unread=is_sealed_comment
    )
    last = -1
    for index, ((start, end), groups) in enumerate(zip(comments, decided, strict=True)):
        comment = content.text[start:end]
        if not groups or is_sealed_comment(comment):
            continue
        read = content.file.format.commented(comment)
        # The lines below an entry are reported with it.
        if read.values or last != index - 1:
            path = read.values[0].path if read.values else read.header or ROOT
            what = "commented out and in plaintext; the filter would seal it"
            yield subject.at("plain-comment", start, what, path, comment)
        last = index


def against_keys(subject: CheckedFile) -> Iterator[Finding]:
    """Yield the tokens that are not sealed with the current keys of their groups.

    There is one finding for each group and key, because a rotation makes all tokens of a file old.
    """
    by_key: dict[tuple[str, str], list[Held]] = {}
    for one in subject.content.held:
        by_key.setdefault((one.names.group, one.names.key_id), []).append(one)
    for (group, key_id), held in by_key.items():
        code, said = _about_key(group, key_id, subject.groups)
        if code:
            what = f"{counted(len(held), 'token')} of {group}: {said}"
            yield subject.at(code, held[0].start, what, held[0].path, f"{group}:{key_id}")
    yield from _of_other_versions(subject)


def _of_other_versions(subject: CheckedFile) -> Iterator[Finding]:
    content, form = subject.content, subject.content.file.format
    for start, end, path in content.newer:
        token = form.decode(content.text[start:end]) if form else ""
        if not UNAUTHENTICATED_TOKEN.fullmatch(token):
            what = "a token of a version that is not supported"
            yield subject.at("unknown-token", start, what, path, content.text[start:end])
            continue
        parts = split(token)
        what = f"written by a non-reader for {parts.group}, not authenticated"
        code, said = _about_key(parts.group, parts.key_id, subject.groups)
        if code and code != "old-key":
            what += f"; {said}: it cannot be accepted"
        yield subject.at("unauthenticated", start, what, path, token)


def _about_key(group: str, key_id: str, groups: Mapping[str, GroupKeys | None]) -> tuple[str, str]:
    if group not in groups:
        return "unknown-group", "the group has no keys here"
    keys = groups[group]
    if keys is None or key_id == keys.current:
        return "", ""
    if key_id not in keys.known:
        return "unknown-key", f"the group never had the key {key_id}"
    if key_id in keys.retired:
        return "retired-key", f"the key {key_id} was retired by a revocation"
    return "old-key", f"the key {key_id} is from before the last rotation"


def against_itself(subject: CheckedFile) -> Iterator[Finding]:
    """Yield the tokens that cannot be decrypted where they are, judged from the file alone."""
    content = subject.content
    if not content.held:
        return
    right = right_id(subject)
    for one in content.held:
        if one.place == NOWHERE:
            what = "a token in an invalid position: it is not decrypted there"
            yield subject.at("misplaced", one.start, what, one.path, one.token)
        elif one.names.file_id != right and subject.is_known(one):
            what = "a token that was made for another file"
            yield subject.at("mixed-ids", one.start, what, one.path, one.token)
    yield from _twice(subject)


def right_id(subject: CheckedFile) -> str:
    """Return the file id that the tokens of the file must have."""
    ids = subject.content.ids
    if len(set(ids)) == 1 or not set(ids).isdisjoint(own_ids(subject.path)):
        return choose_file_id(subject.path, [one.token for one in subject.content.held])
    texts = [version.held for version in subject.before if version.held]
    return choose_file_id(subject.path, [one.token for one in (*texts, subject.content.held)[0]])


def _twice(subject: CheckedFile) -> Iterator[Finding]:
    held = [one for one in subject.content.held if one.place != NOWHERE]
    counts = Counter(one.token for one in held)
    before = {one[1:] for version in subject.before for one in version.held}
    for token in [token for token, count in counts.items() if count > 1]:
        places = [one for one in held if one.token == token]
        # The token that was there before is valid; if there is none, the first value.
        first = min(places, key=lambda one: (one[1:] not in before, one.place == COMMENT))
        for other in places:
            if (other.place, other.path) != (first.place, first.path):
                where = f" {show(first.path)}" if first.path is not None else ""
                what = f"the same token as{where} in line {subject.content.line(first.start)}"
                yield subject.at("twice", other.start, what, other.path, token)
