"""Check one version of the repository, compared with its parents."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property

from sealedfiles.app.check.all_files import Copies, RuleUse
from sealedfiles.app.check.any_file import ADD_FOLDER, AnyFile
from sealedfiles.app.check.changes import moved, sealed_before, swapped
from sealedfiles.app.check.content import OPAQUE, VALUES, WHOLE, Content, read_content
from sealedfiles.app.check.findings import Finding, in_order
from sealedfiles.app.check.held import HeldCopies
from sealedfiles.app.check.keyed import Keyed, look_at_one_token
from sealedfiles.app.check.kinds import KINDS
from sealedfiles.app.check.links import look_at_links
from sealedfiles.app.check.readers import KeyFolder, against_parent, look_at_folder, no_policy
from sealedfiles.app.check.references import plain_references, plain_secret_references
from sealedfiles.app.check.renames import Before, Past, Task
from sealedfiles.app.check.tokens import (
    CheckedFile,
    about_ciphertext,
    against_itself,
    against_keys,
    against_rules,
)
from sealedfiles.app.check.trees import Blob
from sealedfiles.app.check.versions import FOLDER, POLICY, IndexVersion, Store, Version
from sealedfiles.git.clone import is_passed_through
from sealedfiles.git.gitattributes import NAME as ATTRIBUTES
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.model.policy import FileRules, Policy, Rule
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.other_tools import encrypting_tool
from sealedfiles.util.progress import Progress

COVERED, UNCOVERED, NAMED, SEALED = "covered", "uncovered", "named", "sealed"
"""The reason why a file is checked: an attribute applies the filter to it; an attribute did so in a
parent, or before the file was renamed; a rule matches it, or it has tokens; a parent has it sealed
without an attribute."""

_LEAVE_THE_REST = Rule(files=(), values=(), group=None, format=None)
_NO_FILE = "\x01/\x01"
"""A path that only a pattern for every file matches."""


class Checker:
    """Checks one version after another; a file that was already checked is not checked again.

    *selected* selects the paths, *restricted* is True if it excludes any; *progress* counts
    every file.
    """

    def __init__(
        self,
        store: Store,
        selected: Callable[[bytes], bool] = lambda _path: True,
        *,
        restricted: bool = False,
        keyed: Keyed | None = None,
        held: HeldCopies | None = None,
        ring: GroupKeyring | None = None,
        in_force: Policy | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.store = store
        self.selected = selected
        self.restricted = restricted
        self.keyed = keyed
        self.held = held
        self.any_file = AnyFile(store, selected)
        self.ring = keyed.ring if keyed else ring
        """The keys that are available without a prompt."""
        self.in_force = in_force
        """The policy that the clone has accepted, if it has one."""
        self.progress = progress or Progress("files")
        self.looked_at = 0
        """The number of file versions that were checked."""
        self._found: set[tuple[object, ...]] = set()
        self._seen: set[tuple[object, ...]] = set()
        self._folders: dict[object, KeyFolder] = {}

    def look(self, task: Task) -> list[Finding]:
        """Return the findings of one version that are new, in order."""
        policy = self._judging_policy(task.version)
        found: dict[tuple[object, ...], Finding] = {}
        for finding in _Look(self, task).findings():
            judged = finding.judged(policy, self.in_force)._replace(commit=task.version.name)
            if self.selected(judged.path) and judged.identity not in self._found:
                found[judged.line, judged.identity] = judged
        self._found.update(one.identity for one in found.values())
        return in_order(found.values())

    def _judging_policy(self, version: Version) -> Policy | None:
        """Return the policy whose `allow` applies: for a version without ``.sealedfiles/``, that of HEAD."""
        head = None
        if version.stored_policy is None and not version.folder():
            head = self.store.resolve("HEAD^{commit}")
        return Version(self.store, head).policy if head else version.policy

    def has_key_of(self, finding: Finding) -> bool:
        """Return True if another version has the key of values without ``.sealedfiles/``: nothing is lost."""
        if finding.own_fix != ADD_FOLDER:
            return False
        group, _, key_id = finding.subject.partition(":")
        groups = [folder.groups.get(group) for folder in self._folders.values()]
        return any(keys is not None and key_id in keys.known for keys in groups)

    def is_new(self, *what: object) -> bool:
        """Return True if *what* was not checked before, and record it."""
        known = what in self._seen
        self._seen.add(what)
        return not known

    def prefixes(self, version: Version) -> list[str]:
        """Return the beginnings of the tokens under the keys of *version*."""
        return [
            f"sealed:v1:{group}:{key_id}:"
            for group, keys in self.folder(version).groups.items()
            for key_id in (keys.known if keys else ())
        ]

    def folder(self, version: Version) -> KeyFolder:
        """Return the groups and the findings of the ``.sealedfiles`` of *version*."""
        files = version.folder()
        identity = frozenset(files.items())
        if identity not in self._folders:
            found = look_at_folder(files, version.stored_policy, self.store)
            if self.keyed:
                found.findings.extend(self.keyed.look_at_folder(files, self.store))
            self._folders[identity] = found
        return self._folders[identity]


class _Look:
    """The check of one version."""

    def __init__(self, checker: Checker, task: Task) -> None:
        self.checker = checker
        self.task = task
        self.version, self.parents, self.everything = task
        self.past = Past(checker.store, self.version, self.parents, checker.prefixes)
        self.policy = self.version.policy
        self.copies = Copies(
            checker.store, self.version, complete=self.everything or not self.parents
        )
        judges_rules = self.everything and isinstance(self.version, IndexVersion)
        judges_rules = judges_rules and not checker.restricted and not self.version.unmerged
        self.rule_use = RuleUse(self.policy) if self.policy and judges_rules else None

    @cached_property
    def folder(self) -> KeyFolder:
        """The groups and the findings of its ``.sealedfiles``."""
        return self.checker.folder(self.version)

    @cached_property
    def context(self) -> tuple[object, ...]:
        """The policy and the keys that files are checked against."""
        return self.version.entry(POLICY), frozenset(self.folder.groups.items())

    @cached_property
    def whole(self) -> bool:
        """Whether unchanged files are checked, because their policy, attributes or keys changed."""
        if self.everything or not self.parents:
            return True
        return any(
            path == POLICY
            or path.endswith(ATTRIBUTES)
            or (path.startswith(FOLDER + b"/keys/") and path.endswith(b"/epochs"))
            for path in self.past.changed_paths
        )

    def findings(self) -> Iterator[Finding]:
        """Yield the findings, in any order, possibly with duplicates."""
        yield from self.checker.any_file.look_at(self.task, self.past)
        if not self.task.is_set_up:
            # An orphan branch or a note; sealed values may be pasted there as well.
            yield from self._held()
            return
        yield from self._folder()
        entries = list(self._entries())
        yield from self._invalid_entries(entries)
        files = [(path, blob, role) for path, blob in entries if (role := self._role(path, blob))]
        roles = {path: role for path, _, role in files}
        self.checker.progress.total = len(files)
        blobs = self.checker.store.blobs((p, b) for p, b, _ in files)
        for path, blob, data in self.checker.progress.each(blobs):
            if data is not None and self._is_new(path, blob, roles[path]):
                self.checker.looked_at += 1
                yield from self._file(path, data, roles[path])
        yield from self.copies.findings()
        yield from self._held()
        if self.rule_use:
            yield from self.rule_use.findings()

    def _held(self) -> Iterator[Finding]:
        if self.checker.held:
            held, selected = self.checker.held, self.checker.selected
            yield from held.look_at(self.version, self.past, self.parents, selected)

    # -- the folder, the attributes, and entries that are not files

    def _folder(self) -> Iterator[Finding]:
        own = FOLDER + b"/"
        if self.whole or any(p == FOLDER or p.startswith(own) for p in self.past.changed_paths):
            yield from self.folder.findings
            if self.version.stored_policy is None and self.version.is_set_up:
                yield no_policy(self.version)
        for parent in self.parents:
            before = self.checker.folder(parent.version)
            yield from against_parent(self.folder.groups, before.groups, parent.name)
        if self.parents:
            yield from self._loosened()

    def _loosened(self) -> Iterator[Finding]:
        """Yield new allowances of the policy, and patterns that were removed from the attributes."""
        policies = [parent.version.policy for parent in self.parents]
        known = {allow.words for policy in policies if policy for allow in policy.allows}
        for allow in self.policy.allows if self.policy else ():
            if allow.words not in known:
                what = f"now allows {allow.finding}: {allow.reason}"
                yield Finding("new-allow", POLICY, what, allow.line, subject=str(allow.words))
        if ATTRIBUTES in self.past.changed_paths:
            patterns = [set(p.version.attributes.sealed_patterns()) for p in self.parents]
            lost = set.intersection(*patterns) - set(self.version.attributes.sealed_patterns())
            for pattern in sorted(lost):
                shown = show_path(os.fsencode(pattern))
                yield Finding("lost-pattern", ATTRIBUTES, f"no longer seals {shown}")

    def _invalid_entries(self, entries: list[tuple[bytes, Blob]]) -> Iterator[Finding]:
        others = []
        for path, blob in entries:
            folder, nested, _ = path.rpartition(b"/" + FOLDER + b"/")
            if nested:
                what = "only the folder at the top of the repository is used"
                yield Finding("nested-folder", folder + b"/" + FOLDER, what)
            is_attributes = path.rpartition(b"/")[2] == ATTRIBUTES
            if blob.is_link and (is_attributes or self.past.was_covered(path)):
                what = "a symbolic link, which git does not filter"
                yield Finding("symlink", path, what)
                continue
            others.append((path, blob))
        yield from look_at_links(
            self.version, others, self._is_covered, self._removed, whole=self.whole
        )

    def _removed(self) -> Iterator[bytes]:
        """Yield the sealed files of a parent that this version does not have."""
        for path in self.past.changed_paths:
            if self.version.entry(path) is None and self.past.was_covered(path):
                yield path

    def _is_covered(self, path: bytes) -> bool:
        return self.version.attributes.covers(path) or self._is_tracked(path)

    # -- which files

    @cached_property
    def holding(self) -> set[bytes]:
        """The files of the index that contain a token of a group of this version."""
        if not self.everything or not isinstance(self.version, IndexVersion):
            return set()
        return self.version.holding(self.checker.prefixes(self.version))

    def _entries(self) -> Iterator[tuple[bytes, Blob]]:
        if self.whole:
            return self.version.files()
        return self.past.new_entries()

    def _role(self, path: bytes, blob: Blob) -> str:
        """Return why a file is checked; empty if it is not."""
        if not blob.is_file or is_passed_through(path) or not self.checker.selected(path):
            return ""
        if self._is_covered(path):
            return COVERED
        renamed = self.past.renamed.get(path, ())
        if any(before.was_covered for before in renamed) or self.past.was_covered(path):
            return UNCOVERED
        if (self._naming(path) or path in self.holding) and (
            self.version.attributes.is_unspecified(path)
        ):
            return NAMED
        return SEALED if renamed or path in self.past.sealed else ""

    def _is_tracked(self, path: bytes) -> bool:
        return self.policy is not None and self.policy.covers(os.fsdecode(path))

    def _naming(self, path: bytes) -> list[Rule]:
        """Return the rules that match a file, except those that match every file.

        A rule for `**` assigns sealed values to a group; it does not seal every file.
        """
        file = os.fsdecode(path)
        rules = self.policy.rules if self.policy else ()
        naming = [rule for rule in rules if rule.covers(file) and not rule.covers(_NO_FILE)]
        return naming if any(rule.group for rule in naming) else []

    def _rules(self, path: bytes, role: str) -> FileRules | None:
        if self.policy is None or role == SEALED:
            return None
        if role == COVERED:
            return self.policy.for_file(os.fsdecode(path))
        return FileRules([*self._naming(path), _LEAVE_THE_REST])

    def _is_new(self, path: bytes, blob: Blob, role: str) -> bool:
        """Return True if this file was not yet checked with this policy, these keys and these parents."""
        before = tuple(self.past.old_ids(path))
        return self.checker.is_new(path, blob.oid, role, before, *self.context)

    # -- one file

    def _file(self, path: bytes, data: bytes, role: str) -> Iterator[Finding]:
        rules = self._rules(path, role)
        content = read_content(data, describe_file(path, rules.format if rules else None))
        befores = self.past.versions_of(path)
        subject = CheckedFile(
            path, content, [before.content for before in befores], self.folder.groups
        )
        of_policy = self.policy.for_file(os.fsdecode(path)) if self.policy else None
        skip: set[int] = set()
        tool = "" if content.held else encrypting_tool(data)
        for before in befores:
            for at, finding in sealed_before(subject, data, before.content, before.name, of_policy):
                if at not in skip:
                    # Without a pattern, only `seal` sealed it.
                    only_seal = (
                        "" if role != SEALED or before.is_renamed else "sealedfiles seal {file}"
                    )
                    own_fix = finding.own_fix or only_seal
                    # `migrate` does not replace sealed values unless the file is named.
                    yield finding._replace(
                        own_fix="sealedfiles migrate {file}" if tool else own_fix
                    )
                skip.add(at)
        yield from self._changes(subject, befores)
        if role != COVERED:
            yield from self._without_attribute(subject, role, befores)
        if rules and self._apply_to_file(role, content, rules):
            findings = self._against_rules(subject, rules, role, skip)
            yield from about_ciphertext(findings, subject, tool)
        yield from against_keys(subject)
        yield from against_itself(subject)
        yield from plain_references(subject, rules)
        schemes = self.policy.resolve if self.policy else ()
        yield from plain_secret_references(subject, rules, schemes)
        if self.checker.keyed:
            yield from self.checker.keyed.look_at_file(subject, data)
        if content.state == WHOLE:
            yield from look_at_one_token(subject, data, self.checker.ring)
        self._note(subject, role, is_added=not befores)

    @staticmethod
    def _apply_to_file(role: str, content: Content, rules: FileRules) -> bool:
        """Return True if the rules apply to the file even if it has no values.

        A wide pattern that also matches a README is not meant to seal the README.
        """
        return role != NAMED or content.state == VALUES or rules.format == "whole"

    def _against_rules(
        self, subject: CheckedFile, rules: FileRules, role: str, skip: set[int]
    ) -> Iterator[Finding]:
        for finding in against_rules(subject, rules, skip):
            if finding.code == "plain-rule" and role != COVERED:
                continue  # such a rule seals some values, but does not leave the others in plaintext
            if finding.code == "other-group" and POLICY in self.past.changed_paths:
                # Following a rule that was just changed may seal values to the attacker who changed it.
                yield finding._replace(own_fix=KINDS["plain-rule"].fix)
            else:
                yield finding

    def _changes(self, subject: CheckedFile, befores: list[Before]) -> Iterator[Finding]:
        # A file that a merge takes unchanged from one side was checked there.
        if befores and self.past.is_changed_against_all(subject.path):
            yield from moved(subject)
            for before in befores if not subject.content.conflict_line else ():
                yield from swapped(subject, before.content)

    def _without_attribute(
        self, subject: CheckedFile, role: str, befores: list[Before]
    ) -> Iterator[Finding]:
        what = ".gitattributes does not apply the filter to it"
        if role == UNCOVERED and subject.content.held:
            old = next((f"; renamed from {b.name}" for b in befores if b.is_renamed), "")
            yield subject.whole("uncovered", f"sealed, but {what}{old}")
        elif role == NAMED and (subject.content.held or subject.content.state == OPAQUE):
            why = "a rule matches it" if self._naming(subject.path) else "has sealed values"
            yield subject.whole("no-attribute", f"{why}, but {what}")

    def _note(self, subject: CheckedFile, role: str, *, is_added: bool) -> None:
        self.copies.note(subject, is_added=is_added)
        if self.rule_use and role in (COVERED, NAMED):
            self.rule_use.note(subject.path, subject.content)
