"""Which patterns and rules a migration writes to the policy."""

from __future__ import annotations

import os
from collections.abc import Collection

from sealedfiles.app.migrate.governed import Governing
from sealedfiles.app.migrate.source import Found, FoundFile, Plaintext
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.app.tracking.patterns import compile_pattern, literal_pattern, pattern_for
from sealedfiles.errors import FormatError, UsageError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import Note


class PlannedFile(NamedTuple):
    """A file to migrate."""

    file: FoundFile
    group: str
    plain: Plaintext
    rules: tuple[NewRule, ...] = ()
    """The rules for its values; none if all are sealed to the group."""
    exposed: int = 0
    """The number of comments that the tool encrypts, and that will be in plaintext."""
    is_governed: bool = False
    """Whether the policy in force decides about its values."""
    has_group: bool = False
    """Whether a rule of that policy assigns the group."""
    broken: FormatError | None = None
    """Why it does not parse, so that it is sealed whole."""

    @property
    def path(self) -> bytes:
        """The path of the sealed file."""
        return self.file.path


def rules_for(
    tree: Tree,
    governing: Governing,
    found: Found,
    planned: list[PlannedFile],
    removed: Collection[bytes],
) -> tuple[dict[str, list[NewRule]], list[Note]]:
    """Return the patterns to track with their rules: those of the tool if possible, else one for each file.

    A pattern of the tool is kept for the sake of files that are added later.  It gets rules only if nothing
    is sealed yet: otherwise, whoever wrote the tool's settings would choose what becomes plaintext.
    *removed* are the files that the migration removes: a pattern may match them.
    """
    top, repository = tree.top, tree.clone.repository
    by_path = {one.path: one for one in planned}
    rules: dict[str, list[NewRule]] = {}
    notes: list[Note] = []
    covered: set[bytes] = set()
    for pattern in found.patterns:
        try:
            written = pattern_for(pattern, repository, top)
            compiled = compile_pattern(written, repository)
        except UsageError as error:
            notes.append(_not_kept(pattern, error.message))
            continue
        if written in (governing.policy.tracked or ()):
            continue
        matched = {
            path
            for path in {*tree.files, *by_path}
            if compiled.matches(os.fsdecode(path)) and not tree.clone.is_passed_through(path)
        }
        others = _with_content(tree, matched - {*by_path, *removed})
        files = [one for path, one in by_path.items() if path in matched and not one.is_governed]
        groups = {one.group for one in files}
        own = {one.rules for one in files} or {()}
        # Rules for some values of single files are before those of the pattern.
        common: tuple[NewRule, ...] = () if () in own else next(iter(own))
        new = in_group(common, next(iter(groups), DEFAULT_GROUP))
        if others:
            notes.append(_not_kept(pattern, f"it also matches {show_path(others[0])}"))
        elif len(groups) > 1 or not all(_are_before(one) for one in own - {common}):
            notes.append(_not_kept(pattern, "its files have different rules"))
        elif new and not governing.is_empty:
            notes.append(_not_kept(pattern, "its rules would also decide about other files"))
        else:
            rules[pattern] = new
            covered |= {one.path for one in files if one.rules == common}
    for path, one in by_path.items():
        new = [] if one.is_governed and not one.rules else in_group(one.rules, one.group)
        if one.broken:
            new = in_group((NewRule(file_format="whole"),), one.group)
            notes.append(_whole(path, one.broken))
        if one.broken or (path not in covered and (new or not governing.covers(path))):
            rules["./" + literal_pattern(os.fsdecode(path))] = new
    return rules, notes


def _with_content(tree: Tree, paths: set[bytes]) -> list[bytes]:
    """Return those of *paths* that are not empty, sorted: no tool encrypts an empty file."""
    files = sorted(paths)
    sizes = tree.clone.objects.sizes([tree.files[path].oid.encode("ascii") for path in files])
    # The size of an object that is missing is also 0.
    return [path for path, size in zip(files, sizes, strict=True) if size or tree.read(path) != b""]


def _are_before(rules: tuple[NewRule, ...]) -> bool:
    return bool(rules) and all(rule.values for rule in rules)


def _not_kept(pattern: str, reason: str) -> Note:
    return Note(
        f"the pattern {pattern} is not tracked: {reason}",
        ("files that are added later are not sealed by it; choose one: sealedfiles track PATTERN",),
    )


def _whole(path: bytes, error: FormatError) -> Note:
    where = f"{show_path(path)}:{error.line}" if error.line else show_path(path)
    return Note(
        f"{where}: sealed whole: {error.message}",
        (
            "the policy gets `format: whole` for it",
            "to seal its values one by one: fix the file, and remove that rule from .sealedfiles/policy.yaml",
        ),
    )


def in_group(rules: tuple[NewRule, ...], group: str) -> list[NewRule]:
    """Return *rules* for values of *group*."""
    named = None if group == DEFAULT_GROUP else group
    if not rules and named is None:
        return []
    return [
        one if one.plain or one.group else one._replace(group=named)
        for one in rules or (NewRule(),)
    ]
