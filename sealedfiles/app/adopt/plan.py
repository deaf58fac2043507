"""Plan how to seal what a scan found: which files to track, with which rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from sealedfiles.app.adopt.likely import evident_secrets
from sealedfiles.app.adopt.providers import provider_of
from sealedfiles.app.check.held_findings import MESSAGE
from sealedfiles.app.held.encodings import PLAIN
from sealedfiles.app.scan.findings import FILE, HISTORY, INDEX, STDIN, Leak, named_leak
from sealedfiles.app.scan.named_secrets import LARGEST, may_have_values
from sealedfiles.app.scan.places import contents, work_tree_files
from sealedfiles.app.scan.run import Request, policy_of, scan
from sealedfiles.app.tracking.new_rules import NewRule, add_rules
from sealedfiles.app.tracking.other_filters import other_filters
from sealedfiles.app.tracking.patterns import literal_pattern, pattern_for
from sealedfiles.app.tracking.presets import Preset, preset_of
from sealedfiles.app.tracking.track_report import is_read_by_others
from sealedfiles.errors import UsageError
from sealedfiles.formats import name_by_path
from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.policy import DEFAULT_GROUP, FileRules, parse_policy
from sealedfiles.model.wildmatch import FilePattern
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.other_tools import encrypting_tool
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.messages import Note, shell_path

_SEALED_WHOLE = [
    FilePattern(name)
    for name in (
        *(".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".htpasswd", ".git-credentials"),
        "*.tfvars",
    )
]
"""Files of other formats that are secret as a whole."""
_ALIASES = {
    "production": ("production", "prod"),
    "staging": ("staging", "stage"),
    "development": ("development", "dev"),
}
"""The words that stand for a group in names of files and keys, in addition to the name of the group."""
_WORD = re.compile(r"[a-z0-9]+")
_IN_COMMENT = "remove it: it is in a comment"
_EXAMPLE = re.compile(r".*[._-](example|sample|template|dist)(\..*)?", re.IGNORECASE)
"""The name of a file that others copy and fill in."""


class FilePlan(NamedTuple):
    """A file to track."""

    path: bytes
    preset: Preset | None
    pattern: str
    """The pattern to track, relative to the top."""
    rules: list[NewRule]
    found: list[bytes]
    """The encoded key paths of the secrets that were found; none if the file is sealed whole."""
    sealed: int
    """The number of values that are sealed."""
    plain: int
    """The number of values that stay in plaintext."""
    groups: list[str]
    is_whole: bool
    is_in_git: bool
    """Whether the index has it.  Another file is sealed when it is added."""
    outside: list[Leak]
    """The findings that are not in its values, but in comments."""


class Unsealable(NamedTuple):
    """A finding that sealing does not fix."""

    leak: Leak
    step: str
    """What to do about it."""


class AdoptionPlan(NamedTuple):
    """What to do about the findings of a scan."""

    files: list[FilePlan]
    others: list[Unsealable]
    notes: list[Note]
    """What was not scanned, and why."""


class Selection(NamedTuple):
    """The files to adopt."""

    only: tuple[bytes, ...] = ()
    """Files and folders, as git stores them; none for all."""
    excluded: tuple[FilePattern, ...] = ()

    def has(self, path: bytes) -> bool:
        """Return True if the file at *path* is to be adopted."""
        name = path.decode("utf-8", "surrogateescape")
        if any(pattern.matches(name) for pattern in self.excluded):
            return False
        return not self.only or any(
            one in (b".", path) or path.startswith(one + b"/") for one in self.only
        )


def plan_adoption(
    clone: Clone, groups: Collection[str], engine: str, selection: Selection
) -> AdoptionPlan:
    """Scan the working tree and the index, and return what to do about the findings in selected files.

    Values are assigned to those of *groups* that their file or key is named like.
    """
    report = scan(clone, Request(engine=engine))
    leaks: dict[bytes, list[Leak]] = {}
    known = {(one.finding.path, one.finding.key) for one in report.leaks if not one.sealed_key}
    evident = [one for one in _evident(clone) if (one.finding.path, one.finding.key) not in known]
    for leak in [*report.leaks, *evident]:
        if leak.is_open and selection.has(leak.finding.path):
            leaks.setdefault(leak.finding.path, []).append(leak)
    files: list[FilePlan] = []
    others: list[Unsealable] = []
    filters = other_filters(clone, leaks)
    for path, found in sorted(leaks.items()):
        if path in filters:
            step = f"another filter, {filters[path]}, has this file: sealedfiles track --help"
            others += [Unsealable(leak, step) for leak in found]
            continue
        planned = _Planner(clone, path, groups).plan(found)
        if isinstance(planned, FilePlan):
            files.append(planned)
            others += [Unsealable(leak, _IN_COMMENT) for leak in planned.outside]
        else:
            others += [Unsealable(leak, planned or step_for(leak)) for leak in found]
    return AdoptionPlan(files, others, report.notes)


class _Planner:
    """Plans for one file."""

    def __init__(self, clone: Clone, path: bytes, groups: Collection[str]) -> None:
        self._clone = clone
        self._path = path
        self._name = path.decode("utf-8", "surrogateescape")
        self._groups = groups
        self._pattern = "./" + literal_pattern(self._name)

    def plan(self, leaks: list[Leak]) -> FilePlan | str:
        """Return the plan for the file with *leaks*, or what to do if sealing does not help.

        An empty text stands for what ``step_for`` returns.
        """
        data = _content_of(self._clone, self._path, leaks)
        if data is None:
            return (
                "remove it from there: it is in a link, or in an archive, which must be built again"
            )
        try:
            pattern_for(self._pattern, self._clone.repository, self._clone.repository.top)
        except UsageError as error:
            return error.message
        if encrypting_tool(data):
            return "sealedfiles migrate"
        if self._clone.covers(self._path):
            return "sealedfiles status --fix"
        version = SealedText(data, describe_file(self._path))
        keys = [span.path for span in version.values]
        preset = preset_of(self._path, keys)
        if _EXAMPLE.fullmatch(self._name.rpartition("/")[2]):
            return "write a placeholder: this file is an example"
        if preset and preset.from_git:
            return f"store it as a secret of {preset.from_git}, and refer to it"
        if preset is None and is_read_by_others(self._path):
            return "other programs read this file from git: store it with their secrets"
        if version.form is None:
            is_whole = data.lstrip().startswith(b"-----BEGIN") or any(
                pattern.matches(self._name) for pattern in _SEALED_WHOLE
            )
            return self._whole() if is_whole else ""
        if version.scan is None:
            return f"seal the whole file: sealedfiles track --format whole {shell_path(self._path)}"
        places = [(leak, _keys_of(leak, version)) for leak in leaks]
        found = [*dict.fromkeys(key for _, some in places for key in some)]
        outside = [leak for leak, some in places if not some]
        return self._structured(preset, keys, found, outside) if found else _IN_COMMENT

    def _whole(self) -> FilePlan:
        group = self._group_of(self._name)
        rules = [NewRule(group=group)] if group else []
        groups = [group or DEFAULT_GROUP]
        is_in_git = self._clone.index.entry(self._path) is not None
        return FilePlan(
            self._path, None, self._pattern, rules, [], 1, 0, groups, True, is_in_git, []
        )

    def _structured(
        self, preset: Preset | None, keys: list[bytes], found: list[bytes], outside: list[Leak]
    ) -> FilePlan:
        group = self._group_of(self._name)
        if preset:
            left = [paths.show(key) for key in found if preset.leaves_plain(key)]
            rules = preset.rules(left, group)
        else:
            rules = [NewRule(group=group)] if group else [*self._rules_of_keys(keys)]
        decided = _decided(rules)
        assigned = [decided.group_of(key) for key in keys]
        return FilePlan(
            self._path,
            preset,
            self._pattern,
            rules,
            found,
            sum(one is not None for one in assigned),
            assigned.count(None),
            sorted(set(filter(None, assigned))),
            False,
            self._clone.index.entry(self._path) is not None,
            outside,
        )

    def _rules_of_keys(self, keys: Iterable[bytes]) -> Iterator[NewRule]:
        """Yield the rules for the keys at the top of the file that are named like a group."""
        tops = dict.fromkeys(step for key in keys for step in paths.steps(key)[:1] if step)
        for top in tops:
            group = self._group_of(top)
            if group:
                yield NewRule((f"{paths.show(paths.key_step(top))}.**",), group)

    def _group_of(self, name: str) -> str | None:
        """Return the group that a file or key is named like; None: `default`."""
        words = _WORD.findall(name.lower())
        for group in self._groups:
            if group != DEFAULT_GROUP and any(
                word in words for word in _ALIASES.get(group, (group,))
            ):
                return group
        return None


def _evident(clone: Clone) -> Iterator[Leak]:
    """Yield the values in .env files, and in files with a preset, that are secrets in spite of their keys."""
    policy = policy_of(clone)
    files = work_tree_files(clone, ignored=False)
    for one, data in contents((one for one in files if may_have_values(one.path)), LARGEST):
        version = SealedText(data, describe_file(one.path))
        is_known = name_by_path(one.path) == "dotenv" or preset_of(
            one.path, [span.path for span in version.values]
        )
        for secret in evident_secrets(version) if is_known else ():
            leak = named_leak(one.where, one.path, secret)
            what = "in plaintext; it looks like a secret, and no pattern tracks the file"
            yield leak._replace(finding=leak.finding._replace(what=what).judged(policy))


def _content_of(clone: Clone, path: bytes, leaks: Iterable[Leak]) -> bytes | None:
    """Return the file at *path* with *leaks*, from the working tree or the index; None if there is none."""
    file = clone.repository.regular_file(path)
    if file and any(leak.where != INDEX for leak in leaks):
        return file.read_bytes()
    entry = clone.index.entry(path)
    is_file = entry is not None and entry.mode.startswith("100")
    return clone.objects.blob(entry.oid.encode("ascii")) if entry and is_file else None


def _keys_of(leak: Leak, version: SealedText) -> list[bytes]:
    """Return the key paths of the values of a file that contain what *leak* found."""
    if leak.finding.key is not None and not leak.sealed_key:
        return [leak.finding.key]
    text = leak.secret.decode("utf-8", "replace")
    return [
        span.path
        for span in version.values
        if text in version.literal(span)
        or text in version.decoded(span)
        or (leak.encoding not in ("", PLAIN) and version.line_of(span) == leak.finding.line)
    ]


def step_for(leak: Leak) -> str:
    """Return what to do about a finding in a file that is not sealed, in the history or in a message."""
    provider = provider_of(leak.secret.decode("utf-8", "replace"))
    page = f" at {provider.page}" if provider else ""
    if leak.where in (HISTORY, FILE, STDIN) or leak.finding.path == MESSAGE:
        return f"change it{page}; only a rewritten history lacks it"
    return f"{_step_outside(leak.finding.path)}; change it{page}"


def _step_outside(path: bytes) -> str:
    if name_by_path(path) == "whole":
        return (
            "move it to a sealed .env, YAML or JSON file, and read it from there: sealedfiles run"
        )
    return "seal the file: sealedfiles track"


def _decided(rules: list[NewRule]) -> FileRules:
    return parse_policy(add_rules(b"version: 1\n", "f", rules)).for_file("f")
