"""The values that differ between a commit and the index or the working tree, by key: ``diff``."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from sealedfiles.app.files.renamed import find_renames
from sealedfiles.app.files.version_suspects import suspects_of, workspace_for
from sealedfiles.app.files.working_file import staged_file
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import PolicyError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.token import UNAUTHENTICATED_TOKEN
from sealedfiles.sealing import Problem
from sealedfiles.sealing.file import REASONS, show_path
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.progress import Progress

ADDED, REMOVED, CHANGED, RENAMED = "added", "removed", "changed", "renamed"
SPELLING, LAYOUT, UNKNOWN = "spelling", "layout", "unknown"


class Change(NamedTuple):
    """A value that differs.  ``repr`` contains secrets, so never use it in a message."""

    file: bytes
    kind: str
    """``added``, ``removed``, ``changed``; ``renamed``: the whole file, followed by its other changes;
    ``spelling``: the same text in other quotes or of another type; ``layout``: comments or blanks of the
    file; ``unknown``: a side cannot be read."""
    key: bytes | None = None
    """The encoded key path; None for the whole file."""
    group: str = ""
    """The groups that the policy in force seals it to, joined by ``+``; empty if it stays in plaintext."""
    old: str | None = None
    """The value; None if there is none, or if it cannot be read or is not text."""
    new: str | None = None
    reason: str = ""
    """Why a side cannot be read."""
    old_suspect: str = ""
    """Why the old value may not come from a reader."""
    new_suspect: str = ""
    old_file: bytes = b""
    """The path of the file before it was renamed; empty if it was not."""

    @property
    def shown_key(self) -> str:
        """The key path for display; empty for the whole file."""
        return "" if self.key is None else paths.show(self.key)


class Difference(NamedTuple):
    """The result of ``diff``."""

    changes: list[Change]
    """By file, in file order."""
    without_key: set[str]
    """The groups of changed values without an available key."""
    refused: list[tuple[bytes, Problem]]
    """Files and tokens that cannot be decrypted at their position, or are damaged."""


class _Value(NamedTuple):
    text: str
    """The decoded text, or the token."""
    literal: str
    is_read: bool
    suspect: str = ""
    """Why it may not come from a reader."""

    @property
    def identity(self) -> tuple[str, bool]:
        return self.text, self.is_read


class _Side(NamedTuple):
    """One version of a file, decrypted as far as possible."""

    data: bytes
    values: dict[bytes, list[_Value]]
    """By key path."""
    whole: bool
    """Whether it has no separate values: binary, a certificate, a text that does not parse."""
    problems: list[Problem]
    error: str
    """Why a text does not parse."""
    suspect: str = ""
    """Why the file as a whole may not come from a reader."""

    def counted_values(self) -> Counter[Hashable]:
        """Return the values with their key paths; the content of a file without separate values."""
        if self.whole:
            return Counter([self.data])
        return Counter((key, one.identity) for key, some in self.values.items() for one in some)


class _Pair(NamedTuple):
    """Two versions of a file."""

    old_path: bytes
    path: bytes
    old: _Side
    new: _Side


def difference(
    workspace: Workspace, revision: str, names: Sequence[str], folder: Path, *, staged: bool
) -> Difference:
    """Return what differs between *revision* and the working tree, or with *staged* the index.

    *names* limit the files, relative to *folder*.  Values that no available key decrypts are compared as
    tokens.  Raises UsageError and GitError.
    """
    clone = workspace.clone
    assert clone is not None  # noqa: S101 - the command needs a git repository
    clone.allow_fetching()
    found = Difference([], set(), [])
    tree = _tree_of(clone, revision)
    files = _changed_files(clone, tree, names, folder, staged=staged)
    before = workspace_for(workspace, clone, tree)
    on_one_side: list[_Pair] = []
    with Progress("files", len(files)) as progress:
        for path, (old_oid, new_oid) in progress.each(files.items()):
            old = _blob(clone, old_oid)
            new = _new_content(clone, path, new_oid, staged=staged)
            if clone.covers(path) or b"sealed:v" in old or b"sealed:v" in new:
                is_stored = staged or set(new_oid) != {"0"}
                pair = _Pair(
                    path,
                    path,
                    _read(before, path, old, is_stored=True),
                    _read(workspace, path, new, is_stored=is_stored),
                )
                if old and new:
                    _compare(clone, pair, found)
                else:
                    on_one_side.append(pair)
    for pair in _with_renames(on_one_side):
        _compare(clone, pair, found)
    found.changes.sort(key=lambda one: one.file)
    return found


def _with_renames(pairs: list[_Pair]) -> list[_Pair]:
    """Return *pairs*, of files that one version lacks, with those of renamed files joined."""
    removed = {one.path: one for one in pairs if one.old.data}
    added = {one.path: one for one in pairs if one.new.data}
    renames = find_renames(
        {path: one.old.counted_values() for path, one in removed.items()},
        {path: one.new.counted_values() for path, one in added.items()},
    )
    gone = {*renames.values()}
    return [
        one._replace(old_path=renames[one.path], old=removed[renames[one.path]].old)
        if one.path in renames
        else one
        for one in pairs
        if one.path not in gone
    ]


def _compare(clone: Clone, pair: _Pair, found: Difference) -> None:
    path, before, after = pair.path, pair.old, pair.new
    changes = list(_changes(path, before, after))
    if not changes and before.data != after.data:
        changes.append(Change(path, LAYOUT))
    if pair.old_path != path:
        renamed = [Change(path, RENAMED), *changes]
        changes = [one._replace(old_file=pair.old_path) for one in renamed]
    found.changes.extend(_with_group(clone, one) for one in changes)
    if any(one.kind == UNKNOWN for one in changes):
        same = {one.token for one in before.problems} & {one.token for one in after.problems}
        for name, side in ((pair.old_path, before), (path, after)):
            for problem in side.problems:
                if problem.token in same:
                    continue
                if problem.reason == "no-key":
                    found.without_key.add(problem.group)
                else:
                    found.refused.append((name, problem))


def _changes(path: bytes, old: _Side, new: _Side) -> Iterator[Change]:
    if old.whole or new.whole:
        if old.data == new.data:
            return
        reason = old.error or new.error
        if old.problems or new.problems:
            first = (old.problems or new.problems)[0]
            reason = _reason(first)
        kind = UNKNOWN if reason else CHANGED
        kind = ADDED if not old.data else REMOVED if not new.data else kind
        yield Change(path, kind, reason=reason, old_suspect=old.suspect, new_suspect=new.suspect)
        return
    reasons = {one.token: _reason(one) for one in (*old.problems, *new.problems)}
    # In the order of the new version; values that it lacks come last.
    for key in {**new.values, **old.values}:
        values = old.values.get(key, []), new.values.get(key, [])
        yield from _value_changes(path, key, *values, reasons)


def _value_changes(
    path: bytes, key: bytes, a: list[_Value], b: list[_Value], reasons: Mapping[str, str]
) -> Iterator[Change]:
    """Yield the changes from the values *a* at one key path to *b*; both are several in a list.

    *reasons* are why tokens could not be decrypted.
    """
    pairs: list[tuple[_Value | None, _Value | None]] = []
    matcher = SequenceMatcher(
        None, [v.identity for v in a], [v.identity for v in b], autojunk=False
    )
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        length = max(i_end - i, j_end - j)
        olds = [*a[i:i_end], *[None] * (length - (i_end - i))]
        news = [*b[j:j_end], *[None] * (length - (j_end - j))]
        pairs += zip(olds, news, strict=True)
    for before, after in pairs:
        kind = _kind(before, after)
        if kind:
            reason = ""
            if kind == UNKNOWN:
                closed = after if after and not after.is_read else before
                token = closed.text if closed else ""
                reason = reasons.get(token, "")
                if UNAUTHENTICATED_TOKEN.fullmatch(token):
                    reason = "no reader has accepted it yet: sealedfiles accept"
            yield Change(
                path,
                kind,
                key,
                old=before.text if before and before.is_read else None,
                new=after.text if after and after.is_read else None,
                reason=reason,
                old_suspect=before.suspect if before else "",
                new_suspect=after.suspect if after else "",
            )


def _kind(old: _Value | None, new: _Value | None) -> str:
    if old is None or new is None:
        return ADDED if new else REMOVED
    if old.identity != new.identity:
        return CHANGED if old.is_read and new.is_read else UNKNOWN
    return SPELLING if old.is_read and old.literal != new.literal else ""


def _reason(problem: Problem) -> str:
    if problem.reason == "no-key":
        return f"no key of the group {problem.group} is available"
    return REASONS[problem.reason]


def _read(workspace: Workspace, path: bytes, data: bytes, *, is_stored: bool) -> _Side:
    place = staged_file(workspace, path, data)
    suspects = suspects_of(place, is_stored=is_stored) if data else {}
    opened, file = place.opened, place.described
    version = SealedText(opened.data, file)
    values: dict[bytes, list[_Value]] = {}
    for span in version.values:
        token = version.token_in(span)
        text = version.decoded(span) if token is None else token
        is_read = token is None and not UNAUTHENTICATED_TOKEN.fullmatch(text)
        values.setdefault(span.path, []).append(
            _Value(text, version.literal(span), is_read, suspects.get(span.start, ""))
        )
    is_whole = version.scan is None or version.whole is not None or bool(version.sides)
    error = ""
    if version.sides:
        error = "it has conflict markers"
    elif version.error:
        error = f"it does not parse{f' in line {version.error.line}' if version.error.line else ''}"
    is_whole = is_whole and bool(opened.data)
    suspect = suspects.get(None, "")
    return _Side(opened.data, values, is_whole, opened.problems, error, suspect)


def _with_group(clone: Clone, change: Change) -> Change:
    with contextlib.suppress(PolicyError):
        rules = clone.rules(change.file)
        groups = [rules.group_of(change.key)] if change.key is not None else rules.whole_groups()
        return change._replace(group="+".join(filter(None, groups)))
    return change


def _tree_of(clone: Clone, revision: str) -> str:
    """Return the id of the commit that *revision* names; of the empty tree for HEAD without a commit."""
    found = resolve_commit(clone, revision)
    if found:
        return found
    if revision == "HEAD":
        out = clone.repository.run("hash-object", "-t", "tree", "--stdin")
        return out.decode("ascii").strip()
    raise UsageError(f"{revision} is not a commit", "list commits: git log --oneline")


def resolve_commit(clone: Clone, revision: str) -> str:
    """Return the id of the commit that *revision* names; empty if it names none."""
    if revision.startswith("-"):
        return ""
    command = ("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    code, out, _ = clone.repository.try_run(*command)
    return "" if code else out.decode("ascii", "replace").strip()


def _changed_files(
    clone: Clone, tree: str, names: Sequence[str], folder: Path, *, staged: bool
) -> dict[bytes, tuple[str, str]]:
    """Return the files that may differ, each with its old and new blob; the name is empty if it is absent.

    The new one consists of zeros if git would have to read the working tree file.
    """
    repository = clone.repository
    where = [repository.relative(folder / name) for name in names]
    for name, path in zip(names, where, strict=True):
        if not os.path.lexists(folder / name) and not _is_known(clone, tree, path):
            raise UsageError(f"{name} is neither a commit nor a file")
    pathspecs = [f":(top,literal){os.fsdecode(path)}" for path in where if path != b"."]
    options = ("--raw", "-z", "--no-abbrev", "--no-renames", "--ignore-submodules")
    out = repository.run(
        "diff-index", *options, *["--cached"] * staged, tree, "--", *pathspecs
    ).split(b"\0")
    changes: dict[bytes, tuple[str, str]] = {}
    for meta, path in zip(out[::2], out[1::2], strict=False):
        old_mode, mode, oid, new_oid, status = meta.decode("ascii").lstrip(":").split(" ")
        if staged and status == "U":
            raise UsageError(
                f"{show_path(path)} has a merge conflict, so nothing is staged for it",
                "compare the working tree: sealedfiles diff",
            )
        old = oid if old_mode.startswith("100") else ""
        # Git gives no mode for an unmerged file, and none for a deleted one.
        new = new_oid if mode.startswith("100") or set(mode) == {"0"} else ""
        changes.setdefault(path, (old, new))
    return changes


def _is_known(clone: Clone, tree: str, path: bytes) -> bool:
    """Return True if *path* is a file or folder of *tree* or of the index."""
    name = os.fsdecode(path)
    run = clone.repository.run
    return bool(run("ls-tree", tree, "--", name) or run("ls-files", "--", f":(literal){name}"))


def _new_content(clone: Clone, path: bytes, oid: str, *, staged: bool) -> bytes:
    if staged or set(oid) != {"0"}:
        return _blob(clone, oid)
    file = clone.repository.regular_file(path)
    return file.read_bytes() if file else b""


def _blob(clone: Clone, oid: str) -> bytes:
    if not oid or set(oid) == {"0"}:
        return b""
    return clone.objects.blob(oid.encode("ascii")) or b""
