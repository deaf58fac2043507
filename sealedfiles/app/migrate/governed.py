"""What the policy in force, and the history, already decide about the files to migrate.

Anyone with push access can write files of another tool, and its settings: the public keys are public.  So in
a repository that uses sealedfiles, neither may change what is encrypted.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from functools import cached_property

from sealedfiles.app.migrate.source import FoundFile, Plaintext
from sealedfiles.app.tracking.new_rules import NewRule, add_rules
from sealedfiles.app.tracking.policy_writing import confirmed_policy
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import read_commits
from sealedfiles.git.worktree import tracked_sealed_files
from sealedfiles.keys.folder import NAME
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import show
from sealedfiles.model.policy import DEFAULT_GROUP, FileRules, parse_policy
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.messages import Note, shell_path
from sealedfiles.util.progress import Progress

_SHOWN = 10
_FEW_PATHS = 500


class Governed(NamedTuple):
    """A file for which the policy in force decides."""

    group: str
    rules: tuple[NewRule, ...] = ()
    """The rules for its values that the user asks for, in addition."""
    notes: tuple[Note, ...] = ()
    """The values that the tool leaves in plaintext, and the policy seals."""
    has_group: bool = False
    """Whether a rule assigns the group, so that the user cannot choose another one."""


class Governing:
    """The policy in force before a migration."""

    def __init__(self, clone: Clone, *, is_new: bool) -> None:
        data = b"version: 1\ntracked: []\n" if is_new else confirmed_policy(clone)
        self.policy = parse_policy(data, ignore_case=clone.repository.ignores_case)
        self._clone = None if is_new else clone

    @cached_property
    def is_empty(self) -> bool:
        """Whether nothing is sealed yet, so that rules for any files change nothing."""
        if self.policy.tracked != () or self.policy.rules:
            return False
        return self._clone is None or not any(tracked_sealed_files(self._clone))

    def covers(self, path: bytes) -> bool:
        """Return True if a tracked pattern matches the file at *path*."""
        return self.policy.covers(os.fsdecode(path))

    def decide(
        self, file: FoundFile, plain: Plaintext, chosen: str | None = None
    ) -> Governed | None:
        """Return what the policy decides about *file*, without rules of the tool; None if it says nothing.

        *chosen* is the group that the user names, for values without a rule.  Raises UsageError if the policy
        assigns several groups, or another one, or leaves in plaintext what the tool encrypts.
        """
        rules = self.policy.for_file(os.fsdecode(file.path))
        if not rules.rules and not (self._clone and self._clone.covers(file.path)):
            return None
        added = (NewRule(group=chosen),) if chosen else ()
        after = FileRules([*rules.rules, *rules_of(added).rules])
        version = SealedText(plain.data, describe_file(file.path, rules.format))
        paths = list(dict.fromkeys(span.path for span in version.values))
        is_whole = version.scan is None
        groups = after.whole_groups() if is_whole else [*filter(None, map(after.group_of, paths))]
        group = chosen or file.group or (groups[0] if groups else DEFAULT_GROUP)
        if is_whole:
            if groups != [group]:
                raise refusal(file.path, "the file")
            has_group = any(rule.group for rule in rules.rules)
            is_added = rules.whole_groups() != groups
            return Governed(group, added if is_added else (), has_group=has_group)
        own = rules_of(plain.rules)
        for path in paths:
            if after.group_of(path) != group and (after.group_of(path) or own.group_of(path)):
                raise refusal(file.path, show(path))
        sealed = [show(path) for path in paths if after.group_of(path) and not own.group_of(path)]
        is_needed = any(rules.group_of(path) != after.group_of(path) for path in paths)
        return Governed(
            group,
            added if is_needed else (),
            _notes_of_sealed(file.path, sealed) if sealed else (),
            has_group=any(rules.has_rule(path) and rules.group_of(path) for path in paths),
        )


def rules_of(rules: Iterable[NewRule]) -> FileRules:
    """Return *rules* as those of a file for which there are no others."""
    return parse_policy(add_rules(b"version: 1\n", "f", [*rules])).for_file("f")


def refusal(path: bytes, what: str) -> UsageError:
    """Return the error that an earlier rule of the policy decides about *what* in the file at *path*."""
    return UsageError(
        f"{show_path(path)}: an earlier rule of the policy decides about {what}",
        "change the rule in .sealedfiles/policy.yaml first, or choose its group: --group GROUP",
    )


def _notes_of_sealed(path: bytes, sealed: list[str]) -> tuple[Note]:
    more = f" and {len(sealed) - _SHOWN} more" if len(sealed) > _SHOWN else ""
    what = f"the policy seals values that are in plaintext now: {', '.join(sealed[:_SHOWN])}{more}"
    hint = "anyone with push access could have written them: check them before you commit"
    return (Note(f"{show_path(path)}: {what}", (hint,)),)


def refuse_replaced(clone: Clone, tool: str, paths: Collection[bytes]) -> None:
    """Raise UsageError if the history of HEAD has a file of *paths* with sealed values.

    Somebody without a key could have replaced it, and written the values of the tool's file.
    """
    found = _sealed_in_history(clone, paths)
    if found:
        path, commit = min(found.items())
        file = shell_path(path)
        raise UsageError(
            f"{show_path(path)} had sealed values in commit {commit[:12]}, and was replaced by a file "
            f"of {tool}",
            f"find who replaced it: git log -p -- {file}",
            f"to restore it: git restore --source={commit[:12]} --staged --worktree -- {file}",
            f"to use the values of {tool}, name the file: sealedfiles migrate {file}",
        )


def _sealed_in_history(clone: Clone, paths: Collection[bytes]) -> dict[bytes, str]:
    """Return those of *paths* that a commit has with a token, each with the last such commit."""
    repository = clone.repository
    if not repository.head_commit() or not repository.run("rev-list", "-1", "HEAD", "--", NAME):
        return {}
    wanted = {*paths}
    names = [os.fsdecode(path) for path in sorted(wanted)]
    limit = ["--full-history", "--", *names] if len(names) <= _FEW_PATHS else []
    found: dict[bytes, str] = {}
    with Progress("commits") as progress:
        for commit in read_commits(
            repository, "HEAD", *limit, progress=progress, git=["--literal-pathspecs"]
        ):
            for change in commit.changes():
                if change.new and change.path in wanted and change.path not in found:
                    data = clone.objects.blob(change.new.encode("ascii"))
                    if data is None:
                        raise UsageError(
                            f"the version of {show_path(change.path)} in commit {commit.oid[:12]} is missing "
                            "in this clone: it may have been sealed",
                            "fetch all objects: git fetch --refetch --no-filter",
                        )
                    if b"sealed:v" in data:
                        found[change.path] = commit.oid
    return found
