"""Problems for which all files are needed: file ids of other files, and rules that have no effect."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

from sealedfiles.app.check.content import VALUES, Content
from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.tokens import CheckedFile, right_id
from sealedfiles.app.check.versions import POLICY, Store, Version
from sealedfiles.model.policy import Policy, Rule
from sealedfiles.sealing.file import own_ids, show_path


class Copies:
    """Records the file ids of the files of one version.

    If the records are *complete* (all sealed files), files with the same id are found in them.  Otherwise,
    only new files with an id that does not match their path are recorded, and searched for in other files.
    """

    def __init__(self, store: Store, version: Version, *, complete: bool) -> None:
        self._store = store
        self._version = version
        self._complete = complete
        self._holders: dict[str, list[bytes]] = defaultdict(list)

    def note(self, subject: CheckedFile, *, is_added: bool) -> None:
        """Record a file."""
        if not subject.content.held:
            return
        identity = right_id(subject)
        if self._complete or (is_added and identity not in own_ids(subject.path)):
            self._holders[identity].append(subject.path)

    def findings(self) -> Iterator[Finding]:
        """Yield every file that has the id of another file, which may be the owner of the id."""
        if not self._complete and self._holders:
            self._look_for_others()
        for identity, paths in self._holders.items():
            first = min(paths, key=lambda path: (identity not in own_ids(path), path))
            for path in sorted(paths):
                if path != first:
                    what = f"has the file id of {show_path(first)}"
                    yield Finding("same-id", path, what, 1)

    def _look_for_others(self) -> None:
        """Add the unchanged files with one of the ids.  Rarely needed: it reads all of them."""
        covers = self._version.attributes.covers
        files = ((p, b) for p, b in self._version.files() if b.is_file and covers(p))
        wanted = {identity: f":{identity}:".encode() for identity in self._holders}
        for path, _, data in self._store.blobs(files):
            for identity, text in wanted.items():
                if data and text in data and path not in self._holders[identity]:
                    self._holders[identity].append(path)


class RuleUse:
    """Records files and their values, and finds the rules that apply to none of them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._unused = dict(enumerate(policy.rules))
        self._shadowed: set[int] = set()

    def note(self, path: bytes, content: Content) -> None:
        """Record a file."""
        file = os.fsdecode(path)
        waiting = {number for number, rule in self._unused.items() if rule.covers(file)}
        if not waiting:
            return
        self._shadowed |= waiting
        paths = {span.path for span in (*content.plain, *content.newer)} | content.sealed.keys()
        if content.state != VALUES or not paths:
            # Its values are unknown: each of its rules may match one.
            for number in waiting:
                del self._unused[number]
            return
        covering = [(n, rule) for n, rule in enumerate(self._policy.rules) if rule.covers(file)]
        if covering and (named := next((n for n, r in covering if r.format), None)) is not None:
            self._unused.pop(named, None)
        # The rule for all other values is for those that may come.
        rest = next((number for number, rule in covering if not rule.values), -1)
        self._unused.pop(rest, None)
        rules = self._policy.for_file(file)
        deciding = {id(rules.rule_for(value)) for value in paths}
        for (number, _), rule in zip(covering, rules.rules, strict=True):
            if id(rule) in deciding:
                self._unused.pop(number, None)

    def findings(self) -> Iterator[Finding]:
        """Yield the rules that have no effect."""
        for number, rule in self._unused.items():
            what = "this rule matches no file"
            if number in self._shadowed:
                if _is_for_later(rule):
                    continue
                what = "this rule has no effect: no value matches it, or an earlier rule matches them all"
            yield Finding("unused-rule", POLICY, what, rule.line)


def _is_for_later(rule: Rule) -> bool:
    """Return True if the rule is a list for any depth, as presets write it, for values that may come."""
    values = dict(rule.entries).get("values", ())
    return len(values) > 1 and any(one.startswith("**.") for one in values)
