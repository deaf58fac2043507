"""The values of a target, read like those of `run`: only what readers sealed, and no references."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from sealedfiles.app.files.environment import Variable
from sealedfiles.app.files.provenance import suspects_in
from sealedfiles.app.files.reference import refuse_references, rules_for
from sealedfiles.app.files.suspects import refuse_suspects
from sealedfiles.app.files.working_file import WorkingFile, encoded, read_file
from sealedfiles.app.links import refuse_pushed_links
from sealedfiles.app.run.variables import VariableFile, read_sources, refuse_unset, sealed_by_policy
from sealedfiles.app.tracking.policy_writing import confirmed_policy
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import PolicyError, SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.paths import ROOT, PathPattern, json_string
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.model.targets import Target
from sealedfiles.model.token import base64url, proof
from sealedfiles.sealing.file import show_path, structured_text


class Item(NamedTuple):
    """A value to push."""

    name: str
    """Its name in the store."""
    value: str
    file: str
    key: str
    """Its address in the file, as text."""
    group: str | None
    """The group that the policy seals it to; None if the policy leaves it in plaintext."""

    @property
    def place(self) -> str:
        """The position of the value, for a message."""
        return f"{self.file}: {self.key}"


def targets_in_force(clone: Clone) -> dict[str, Target]:
    """Return the targets of the policy in force.

    Raises PolicyError if the policy in the repository is not accepted: anyone with push access could have
    added a target.
    """
    confirmed_policy(clone)
    return clone.policy().targets


def targets_using(clone: Clone, values: Sequence[tuple[bytes, bytes]]) -> list[str]:
    """Return the targets that push one of *values*, paths of files with key paths in them.

    None if the policy is invalid or not confirmed.
    """
    try:
        targets = targets_in_force(clone) if values else {}
    except PolicyError:
        return []
    return [
        name
        for name, target in targets.items()
        if any(
            os.fsdecode(file) in target.files
            and (not target.keys or any(PathPattern(one).matches(key) for one in target.keys))
            for file, key in values
        )
    ]


def find_target(clone: Clone, name: str) -> Target:
    """Return a target of the policy in force.  Raises UsageError if it does not exist, and PolicyError."""
    targets = targets_in_force(clone)
    if name not in targets:
        known = ", ".join(targets) or "none"
        raise UsageError(f"there is no target {json_string(name)}", f"available: {known}")
    if not any(clone.ring.holds(group) for group in clone.group_names()):
        # Without a key, a clone accepts the first policy that it sees.
        raise clone.identities.no_key(
            "values are pushed only with a key of a group: without one, nothing proves the policy"
        )
    return targets[name]


def uncommitted(clone: Clone, target: Target) -> list[str]:
    """Return the files of *target*, and the policy, that differ from the last commit."""
    paths = (*target.files, f"{NAME}/{POLICY}")
    missing = [path for path in paths if clone.index.entry(path.encode()) is None]
    # Literal: a name may have characters that mean something in a pathspec.
    changed = clone.repository.run(
        *("--literal-pathspecs", "status", "--porcelain", "-z", "--untracked-files=all"),
        *("--ignore-submodules=none", "--", *paths),
    )
    names = [entry[3:].decode("utf-8", "replace") for entry in changed.split(b"\0") if entry]
    return [*dict.fromkeys([*missing, *names])]


def read_items(workspace: Workspace, target: Target) -> list[Item]:
    """Return the values of *target*, in the order of its files.

    Raises TamperedError for values that may not come from a reader, NoKeyError if a value stays sealed, and
    UsageError for patterns and names that match nothing, a file without separate values and without a name,
    and two values with one name.
    """
    workspace.require_accepted()
    sources = [read_source(workspace, file) for file in target.files]
    patterns = {text: PathPattern(text) for text in target.keys}
    items: list[Item] = []
    unused: set[str | Address] = {*patterns, *(address for address, _ in target.names)}
    for source in sources:
        refuse_unset(source, patterns.values())
        for variable in source.variables:
            if not selects(target, source.place, variable):
                continue
            unused -= {text for text, one in patterns.items() if one.matches(variable.path)}
            unused.discard(variable.address)
            name = dict(target.names).get(variable.address, target.prefix + variable.name)
            source.place.require_no_tokens(variable.value)
            refuse_references(
                variable.file, [r for r in source.references if r.address == variable.address]
            )
            encoded(variable.value)  # a lone surrogate is not text for any store
            group = _group_of(source.place, variable)
            key = show_address(variable.address)
            items.append(Item(name, variable.value, show_path(variable.file), key, group))
    _refuse_unused(target, unused)
    if not items:
        # With --prune, nothing would be left in the store.
        raise UsageError(
            f"target {target.name}: no value of {', '.join(target.files)} is sealed",
            "track the file, or select values with keys in the target",
        )
    _refuse_repeated(items)
    return items


def read_source(workspace: Workspace, name: str) -> VariableFile:
    """Read a file of a target; one without separate values has one variable, whose address is empty.

    Raises UsageError, TamperedError, and NoKeyError if a whole file stays sealed.
    """
    file = workspace.root / name
    if not file.is_file():
        raise UsageError(f"{name} does not exist, or is not a file")
    refuse_pushed_links(file)
    place = read_file(workspace, file, workspace.path_to_read(file))
    place = place._replace(suspects=suspects_in(place))
    refuse_suspects(place.path, place.suspects or [])
    _require_readable(place)
    if place.described.format is None or structured_text(place.opened.data) is None:
        return VariableFile(place, [_whole(place)], [])
    # Without the environment, and without other files: what is pushed depends on the commit alone.
    return read_sources([place], environ={})[0]


def selects(target: Target, place: WorkingFile, variable: Variable) -> bool:
    """Return True if *target* includes the value: by its keys, or if the policy seals it.

    A file without separate values must have a name in the store.  Raises UsageError if it has none.
    """
    if not variable.address:
        if () in dict(target.names):
            return True
        raise UsageError(
            f"{place.name} has no separate values, so it needs a name in the store",
            'give it one in the target: names: {".": NAME}',
        )
    if target.keys:
        return any(PathPattern(text).matches(variable.path) for text in target.keys)
    return sealed_by_policy(place)(variable.path)


def _whole(place: WorkingFile) -> Variable:
    """Return the content of a file without separate values, which has no name yet."""
    for problem in place.opened.problems:
        place.require_no_tokens(problem.token)
    try:
        return Variable("", place.opened.data.decode("utf-8"), place.path, (), ROOT)
    except UnicodeDecodeError:
        raise UsageError(f"{place.name} is not UTF-8, and stores have only text") from None


def _group_of(place: WorkingFile, variable: Variable) -> str | None:
    rules = rules_for(place)
    if variable.address:
        return rules.group_of(variable.path)
    return next(iter(rules.whole_groups()), None)


def _require_readable(place: WorkingFile) -> None:
    """Raise TamperedError for a token that is damaged or misplaced, also if its value is not pushed."""
    for problem in place.opened.problems:
        if problem.reason != "no-key":
            place.require_no_tokens(problem.token)


def _refuse_unused(target: Target, unused: Iterable[str | Address]) -> None:
    for one in unused:
        what = (
            f"the pattern {json_string(one)}"
            if isinstance(one, str)
            else f"the name for {show_address(one)}"
        )
        raise UsageError(
            f"target {target.name}: {what} matches no value of {', '.join(target.files)}",
            "correct it in .sealedfiles/policy.yaml, then: sealedfiles trust policy",
        )


def _refuse_repeated(items: Sequence[Item]) -> None:
    found: dict[str, Item] = {}
    for item in items:
        other = found.setdefault(item.name, item)
        if other is not item:
            raise UsageError(
                f"{other.place} and {item.place} both have the name {json_string(item.name)}",
                "give one of them another name in the target: names",
            )


def digest_of(clone: Clone, target: Target, item: Item) -> str:
    """Return a keyed digest of a value at its place in the store; empty if no key is available for it.

    Only readers can compute it, so it does not help anyone to guess the value.
    """
    try:
        key = clone.ring.current(item.group or DEFAULT_GROUP)
    except SealedFilesError:
        return ""
    message = f"{target.url}\0{item.name}\0{item.value}".encode()
    return base64url(proof(key.secret, b"sealedfiles/v1/push", message))
