"""Turn unauthenticated tokens into ordinary ones after a reader has confirmed the values, for ``accept``."""

from __future__ import annotations

import time
from collections import Counter
from itertools import chain

from sealedfiles.app.files.assignment import EditedText
from sealedfiles.app.files.provenance import is_of_another_file
from sealedfiles.app.files.working_file import WorkingFile, change_text
from sealedfiles.app.files.write_only import is_same_but
from sealedfiles.app.history.ages import CurrentValue, since_head
from sealedfiles.app.history.values import Contents, PastValue, TokenOpener, values_in
from sealedfiles.errors import ChangedOnDiskError, FormatError, TamperedError, UsageError
from sealedfiles.formats.base import Editor, Format, Span, splice
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import Described, describe_commits, read_commits
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import PathPattern, json_string, show
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN, Token, split
from sealedfiles.model.unauthenticated import GroupPrivateKey
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import LineNumbers, id_in, own_ids
from sealedfiles.sealing.opened_tokens import may_hold_tokens, token_in
from sealedfiles.sealing.sealed_text import is_rewritten_literal
from sealedfiles.util.progress import Progress

MOST = 1000
"""Maximum number of tokens that one command decrypts: each takes as long as a hundred ordinary ones."""
_MOST_VERSIONS = 1000
"""Maximum number of versions of the file that are searched for an earlier value."""


class WrittenValue(NamedTuple):
    """An unauthenticated token in a file.  ``repr`` contains a secret."""

    path: bytes
    line: int
    group: str
    token: str
    start: int
    """Where its source begins in the decrypted text: the token, its quotes, and a YAML anchor before it."""
    end: int
    literal: str
    trouble: str
    """Why it cannot be accepted; empty if it can."""


class Origin(NamedTuple):
    """Where a token came from."""

    commit: Described | None
    """The commit that added it; None if it is not committed, and outside git."""
    replaces: bool
    """Whether a reader's value was there before."""


def find_written(place: WorkingFile, patterns: tuple[str, ...] = ()) -> list[WrittenValue]:
    """Return the unauthenticated tokens of a file, decrypted, in file order.

    With *patterns*, only those at key paths that match one of them.  Raises UsageError for a file with
    conflict markers or too many tokens, and for a pattern that is invalid or matches none; FormatError.
    """
    text, form = place.text()[1], place.described.format
    if form is None or not may_hold_tokens(text, form):
        return []
    if sides_of(text):
        raise UsageError(f"{place.name} has conflict markers", "resolve the merge first")
    spans = _chosen(place, _tokens(text, form), patterns)
    if len(spans) > MOST:
        raise UsageError(
            f"{place.name} has {len(spans)} values that were written without reading",
            f"accept at most {MOST} at once: name their keys",
        )
    lines = LineNumbers(text)
    opener = _Opener(place, text)
    found = []
    for span, token in spans:
        parts = split(token)
        source, literal, trouble = opener.open(span, parts, token)
        found.append(
            WrittenValue(
                span.path, lines.of(span.start), parts.group, token, *source, literal, trouble
            )
        )
    return found


def _tokens(text: str, form: Format) -> list[tuple[Span, str]]:
    found = []
    for span in form.scan(text).values:
        literal = text[span.start : span.end]
        if may_hold_tokens(literal, form):
            decoded = form.decode(literal)
            if UNAUTHENTICATED_TOKEN.fullmatch(decoded):
                found.append((span, decoded))
    return found


def _chosen(
    place: WorkingFile, spans: list[tuple[Span, str]], patterns: tuple[str, ...]
) -> list[tuple[Span, str]]:
    if not patterns:
        return spans
    chosen: set[tuple[Span, str]] = set()
    for text in patterns:
        try:
            pattern = PathPattern(text)
        except ValueError as error:
            raise UsageError(f"the path `{text}` {error}") from None
        found = [one for one in spans if pattern.matches(one[0].path)]
        if not found:
            raise UsageError(
                f"{place.name} has no value at {json_string(text)} that was written without reading",
                *(f"there is one at {show(span.path)}" for span, _ in spans),
            )
        chosen.update(found)
    return sorted(chosen)


class _Opener:
    """Decrypts the tokens of one file, and checks that each belongs where it is."""

    def __init__(self, place: WorkingFile, text: str) -> None:
        self._place = place
        self._workspace = place.workspace
        self._text = text
        self._rules: FileRules = place.workspace.describe(place.path)[1]
        self._ids = _valid_ids(place, text)
        self._keys: dict[tuple[str, str], GroupPrivateKey] = {}

    def open(self, span: Span, parts: Token, token: str) -> tuple[tuple[int, int], str, str]:
        """Return the source to replace, the literal, and the reason why it cannot be accepted, or ""."""
        nowhere = (span.start, span.end)
        trouble = self._refusal(span, parts)
        if trouble:
            return nowhere, "", trouble
        try:
            data = self._key(parts).open(token, span.path)
            literal = data.decode("utf-8")
        except (TamperedError, UnicodeDecodeError) as error:
            said = error.message if isinstance(error, TamperedError) else "it is not text"
            return nowhere, "", said
        form = self._place.described.format
        if form and (token_in(literal, form) or is_rewritten_literal(literal, form)):
            return nowhere, "", "its value is itself a token"
        source = self._source(span, token, literal)
        if source is None:
            return nowhere, "", "its quotes or its anchor were changed"
        return source, literal, ""

    def _refusal(self, span: Span, parts: Token) -> str:
        workspace, group = self._workspace, parts.group
        wanted = self._rules.sealing_group(span.path)
        if wanted != group:
            assigned = f"assigns the value to {wanted}" if wanted else "leaves it in plaintext"
            return f"it was written for the group {group}, but the policy {assigned}"
        if not workspace.ring.holds(group):
            return f"you do not read the group {group}"
        if workspace.ring.key(group, parts.key_id) is None:
            return f"the group {group} never had the key {parts.key_id}"
        if workspace.is_retired(group, parts.key_id):
            return (
                "its key was retired when a reader was removed, who can decrypt the value: "
                "have it written again"
            )
        if parts.file_id not in self._ids or self._is_of_another_file(parts.file_id):
            return "it was made for another file"
        return ""

    def _is_of_another_file(self, identity: str) -> bool:
        """Return True if this file is a copy: a value that is sealed in it would be valid in the original."""
        path = self._place.path
        return identity not in own_ids(path) and is_of_another_file(self._workspace, path, identity)

    def _key(self, parts: Token) -> GroupPrivateKey:
        name = parts.group, parts.key_id
        if name not in self._keys:
            key = self._workspace.ring.key(*name)
            assert key is not None  # noqa: S101 - _refusal has checked
            self._keys[name] = GroupPrivateKey(key.secret)
        return self._keys[name]

    def _source(self, span: Span, token: str, literal: str) -> tuple[int, int] | None:
        """Return the source that *literal* replaces: the token with its quotes, and the anchor before it."""
        text, form = self._text, self._place.described.format
        start = text.find(token, span.start, span.end)
        end = start + len(token)
        if start < 0 or form is None:
            return None
        quote = text[start - 1 : start] if start > span.start else ""
        if quote in ("'", '"', "`") and text[end : end + 1] == quote:
            start, end = start - 1, end + 1
        start = form.source_start(text, start, literal)
        return (start, end) if start == span.start else None


def _valid_ids(place: WorkingFile, text: str) -> set[str]:
    """Return the file ids that the tokens of the file may have."""
    versions = (one.decode("utf-8", "replace") for one in place.stored_versions())
    on_disk = (place.data or b"").decode("utf-8", "replace")
    found = id_in(place.path, (*versions, on_disk, text))
    return {found} if found else set(own_ids(place.path))


def accept(place: WorkingFile, values: list[WrittenValue]) -> None:
    """Put the literals of *values* in the place of their tokens, and seal the file if it is sealed on disk.

    Raises TamperedError if that would change anything else in the file, ChangedOnDiskError, and the errors of
    sealing; then nothing is written.
    """
    judged = place.text()[1]

    def change(_editor: Editor, text: str) -> EditedText:
        form = place.described.format
        if text != judged or form is None:
            raise ChangedOnDiskError(
                f"{place.name} was changed by another program, so it was not written",
                "check it, then run the command again",
            )
        return EditedText(_with_literals(place, text, form, values))

    change_text(place, change)


def _with_literals(place: WorkingFile, text: str, form: Format, values: list[WrittenValue]) -> str:
    edits = sorted((one.start, one.end, one.literal) for one in values)
    new = splice(text, edits)
    scan = form.scan(text)
    places = {one.start: one.literal for one in values}
    try:
        now = form.scan(new).values
    except FormatError:
        now = []
    is_same = is_same_but(text, scan, new, form, {*places}) and all(
        new[after.start : after.end] == places[before.start]
        for before, after in zip(scan.values, now, strict=True)
        if before.start in places
    )
    if not is_same:
        more = "accept them one at a time" if len(values) > 1 else "have it written again"
        raise TamperedError(
            f"{place.name}: a value would change the text around it, so nothing was accepted", more
        )
    return new


def origins(place: WorkingFile, values: list[WrittenValue]) -> list[Origin]:
    """Return where each of *values* came from."""
    clone = place.workspace.clone
    if clone is None:
        return [Origin(None, replaces=False) for _ in values]
    contents = Contents(clone, TokenOpener(None))
    entry = clone.index.entry(place.path)
    in_index = contents.of(place.path, entry.oid) if entry else []
    subjects = {
        one.token: CurrentValue(place.path, one)
        for one in in_index
        if UNAUTHENTICATED_TOKEN.fullmatch(one.token)
    }
    staged = [one.token for one in values if one.token in subjects]
    found = since_head(clone, [subjects[one] for one in staged], contents, int(time.time()))
    commits = {
        token: commit.oid
        for token, commit in zip(staged, found, strict=True)
        if commit and commit.oid
    }
    described = describe_commits(clone.repository, sorted({*commits.values()}))
    replacing = _replacing(clone, place, contents, values)
    return [
        Origin(described.get(commits.get(one.token, "")), one.path in replacing) for one in values
    ]


def _replacing(
    clone: Clone, place: WorkingFile, contents: Contents, values: list[WrittenValue]
) -> set[bytes]:
    """Return the key paths of *values* at which an earlier version has a reader's value that is gone now."""
    text = place.text()[1]
    assert place.described.format is not None  # noqa: S101 - there are values
    written = Counter(span.path for span, _ in _tokens(text, place.described.format))
    now = Counter(span.path for span in place.described.format.scan(text).values) - written
    left = {one.path for one in values}
    found: set[bytes] = set()

    def look(version: list[PastValue]) -> None:
        sealed = Counter(one.path for one in version if TOKEN.fullmatch(one.token))
        gone = {path for path in left if sealed[path] > now[path]}
        found.update(gone)
        left.difference_update(gone)

    for data in place.stored_versions():
        look(values_in(data, place.described, TokenOpener(None)))
    seen: set[str] = set()
    with Progress("commits") as progress:
        commits = read_commits(clone.repository, "HEAD", progress=progress)
        changes = chain.from_iterable(
            commit.changes() for commit in (commits if clone.repository.head_commit() else ())
        )
        for one in changes:
            if not left or len(seen) > _MOST_VERSIONS:
                break
            if one.path == place.path and one.old and one.old not in seen:
                seen.add(one.old)
                look(contents.of(one.path, one.old))
    return found
