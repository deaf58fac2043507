"""``track``: seal the files that match a pattern, from the policy to the index."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from sealedfiles.app.access.granting import accept_named, create_group, groups_to_create
from sealedfiles.app.dialog import Dialog, require_agreement
from sealedfiles.app.files.confirm_plaintext import confirm_plaintext
from sealedfiles.app.files.confirm_suspects import confirm_suspects
from sealedfiles.app.files.still_sealed import unauthenticated
from sealedfiles.app.files.suspects import FOREIGN
from sealedfiles.app.files.working_file import staged_file
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.tracking.folder_attributes import update_folder_attributes
from sealedfiles.app.tracking.idle_rules import warn_of_idle_rules
from sealedfiles.app.tracking.key_origin import created_by
from sealedfiles.app.tracking.moved_report import report_moved
from sealedfiles.app.tracking.new_rules import NewRule, add_rules
from sealedfiles.app.tracking.other_filters import refuse_ciphertext, refuse_other_filters
from sealedfiles.app.tracking.patterns import compile_pattern, pattern_for
from sealedfiles.app.tracking.planned_keys import PlannedKeys
from sealedfiles.app.tracking.policy_allow import withdraw_plaintext
from sealedfiles.app.tracking.policy_tracked import add_tracked
from sealedfiles.app.tracking.policy_writing import (
    confirmed_policy,
    derive_attributes,
    warn_of_unproved,
    with_tracked,
    write_policy,
)
from sealedfiles.app.tracking.preset_rules import preset_rules, warn_of_services
from sealedfiles.app.tracking.presets import Preset
from sealedfiles.app.tracking.track_report import (
    OPENED_ON_PURPOSE,
    report_matches,
    warn_of_earlier_plaintext,
    warn_of_unexpected,
)
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import GitError, PolicyError, UsageError
from sealedfiles.git.attributes import add_pattern
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import TreeFolder
from sealedfiles.git.index import Entry
from sealedfiles.git.install import is_configured
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.moved_values import MovedValue, moved_values
from sealedfiles.git.rewrite import rewrite_entries, stage
from sealedfiles.git.worktree import with_blobs
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.keys.recipients import check_name
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import PathPattern, show
from sealedfiles.model.policy import FileRules, Policy, parse_policy
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN, split
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.file import Keys, is_whole, show_path
from sealedfiles.sealing.reseal import move_file
from sealedfiles.sealing.sealed_text import SealedText, inspect_file
from sealedfiles.util.messages import counted


class TrackRequest(NamedTuple):
    """What `track` is to do."""

    rules: Mapping[str, Sequence[NewRule]]
    """The patterns, as in .gitattributes and relative to *folder*, each with its new rules."""
    folder: Path
    force: bool = False
    """Whether files that another filter handles are tracked, too."""
    yes: bool = False
    """Whether nothing is asked."""
    preset: Preset | None = None
    """The preset that rules for all patterns are from."""
    group: str | None = None
    """The group that the preset's values are sealed to; None: `default`."""
    is_planned: bool = False
    """Whether the user has seen a plan with these files, so that nothing more is reported about them."""
    removed: Collection[bytes] = ()
    """The files that are removed afterwards, and therefore not sealed."""


def track(workspace: Workspace, clone: Clone, request: TrackRequest, dialog: Dialog) -> None:
    """Track the files that match the patterns, and seal those that git has in the index.

    Raises UsageError, PolicyError, NoKeyError, TamperedError and GitError, most of them before anything is
    written.
    """
    clone.require_writable()
    _require_filter(clone)
    groups = _named_groups(request)
    if groups:
        accept_named(workspace, groups, dialog)
    wanted, matches = _wanted(clone, request)
    missing = groups_to_create(clone, groups)
    before = with_tracked(clone, confirmed_policy(clone), missing)
    data = new_policy(clone, request, before, wanted, matches)
    policy = parse_policy(data, ignore_case=clone.repository.ignores_case)
    plan = _plan(clone, policy, set().union(*matches), PlannedKeys(clone.ring, missing))
    if not request.force:
        refuse_ciphertext(plan.accepted)
    _confirm_foreign(workspace, plan, dialog, yes=request.yes)
    _confirm(clone, plan.moved, dialog, yes=request.yes)
    if plan.plaintext and not confirm_plaintext(clone, plan.plaintext, dialog, yes=request.yes):
        raise UsageError("nothing was changed")
    for group in missing:  # after the questions, so that nothing was changed if the user declines
        create_group(workspace, group, dialog)
    if missing:
        plan = _plan(clone, policy, plan.paths, clone.ring)
    # First: files that attributes alone track would have no rules if this process were killed in between.
    write_policy(clone, data)
    for pattern in wanted:
        add_pattern(clone.repository.top, pattern)
    derive_attributes(clone)
    update_folder_attributes(clone, dialog)
    exclude_leftovers(clone.repository)
    stage(clone, NAME, ".gitattributes")
    if not request.is_planned:
        what = "tracking" if data != before else "already tracking"
        report_matches(clone, wanted, matches, dialog, what)
    if data != before:
        warn_of_unproved(clone, dialog)
    _carry_out(clone, plan, dialog)
    if not request.is_planned:
        _warn(clone, request, policy, plan, dialog)


def preview(workspace: Workspace, clone: Clone, request: TrackRequest, dialog: Dialog) -> None:
    """Report what ``track`` would do, and change nothing.  Raises the errors that it would."""
    _require_filter(clone)
    groups = _named_groups(request)
    wanted, matches = _wanted(clone, request)
    created = groups_to_create(clone, groups)
    accepted = [group for group in groups if clone.ring.is_new(group) and group not in created]
    before = confirmed_policy(clone)
    data = new_policy(clone, request, before, wanted, matches)
    policy = parse_policy(data, ignore_case=clone.repository.ignores_case)
    keys = PlannedKeys(clone.ring, [*created, *accepted])
    plan = _plan(clone, policy, set().union(*matches), keys)
    if not request.force:
        refuse_ciphertext(plan.accepted)
    for group in created:
        dialog.say(f"would create the group {group}, with you as its first reader")
    for group in accepted:
        dialog.say(
            f"would accept the group {group}, which is new in this clone",
            *created_by(clone, group),
        )
    report_matches(clone, wanted, matches, dialog, "would track")
    if data == before:
        dialog.say("the policy would not change")
    _confirm_foreign(workspace, plan, dialog, yes=True)
    if plan.moved:
        report_moved(plan.moved, dialog)
    if plan.plaintext:
        confirm_plaintext(clone, plan.plaintext, dialog, yes=True)
    for entry in plan.blobs:
        dialog.say(f"{show_path(entry.path)}: would be re-encrypted in the index")
    if plan.opened:
        dialog.say(f"values of {counted(plan.opened, 'file')} would be in plaintext")
    _warn(clone, request, policy, plan, dialog)
    dialog.say("nothing was changed")


def _named_groups(request: TrackRequest) -> list[str]:
    """Return the groups that the user named.  Raises UsageError."""
    rules = (rule for rules in request.rules.values() for rule in rules)
    groups = sorted(filter(None, {request.group, *(rule.group for rule in rules)}))
    return [check_name(group, "group") for group in groups]


def _wanted(clone: Clone, request: TrackRequest) -> tuple[list[str], list[list[bytes]]]:
    """Return the patterns for the policy, and the files that each matches now.  Raises UsageError."""
    wanted = [pattern_for(one, clone.repository, request.folder) for one in request.rules]
    rules = (rule for rules in request.rules.values() for rule in rules)
    for value in dict.fromkeys(value for rule in rules for value in rule.values):
        _check_path(value)
    matches = _matches(clone, wanted, {*request.removed})
    if not request.force:
        refuse_other_filters(clone, sorted(set().union(*matches)))
    return wanted, matches


def _warn(clone: Clone, request: TrackRequest, policy: Policy, plan: _Plan, dialog: Dialog) -> None:
    """Warn of plaintext in the history, and of files and rules that were probably not meant so."""
    if plan.newly_sealed:
        warn_of_earlier_plaintext(clone, dialog, {entry.path for entry in plan.blobs}, policy)
    if request.preset:
        warn_of_services(request.preset, plan.blobs, dialog)
    else:
        warn_of_unexpected(clone, plan.entries, dialog)
    rules = (rule for rules in request.rules.values() for rule in rules)
    warn_of_idle_rules(clone, rules, plan.paths, policy, dialog)


def new_policy(
    clone: Clone,
    request: TrackRequest,
    data: bytes,
    patterns: list[str],
    matches: list[list[bytes]],
) -> bytes:
    """Return the policy *data* with the new patterns and rules.

    *matches* are the files of each pattern now, for a preset, and for what `untrack` allowed for them.
    """
    same: dict[tuple[NewRule, ...], list[str]] = {}
    for pattern, rules, found in zip(patterns, request.rules.values(), matches, strict=True):
        new = tuple(rules)
        if request.preset:
            new = tuple(preset_rules(clone, request.preset, found, request.group))
        if request.is_planned:
            same.setdefault(new, []).append(pattern)
        else:
            data = add_rules(data, pattern, new)
    for new, files in same.items():  # there may be many, with long rules
        data = add_rules(data, tuple(files) if len(files) > 1 else files[0], new)
    data = add_tracked(data, patterns)
    # What a policy written by hand allows stays: `check` lists it.
    with contextlib.suppress(PolicyError):
        data = withdraw_plaintext(data, set().union(*matches))
    return data


class _Plan(NamedTuple):
    """What happens to the files that git has."""

    paths: set[bytes]
    """All files that the patterns match, also those that git does not have."""
    entries: list[Entry]
    blobs: dict[Entry, bytes]
    """The new content of each entry that changes."""
    accepted: dict[Entry, bytes]
    """The content of each of them before: the user accepts its plaintext."""
    moved: list[MovedValue]
    plaintext: list[Entry]
    """Those with plaintext that was to be sealed before: anyone with push access could have written it."""
    newly_sealed: int
    opened: int


def _plan(clone: Clone, policy: Policy, paths: set[bytes], keys: Keys) -> _Plan:
    """Return what *policy* makes of the files at *paths* that are in the index, with *keys*."""
    staged = map(clone.index.entry, sorted(paths))
    entries = [entry for entry in staged if entry and entry.mode.startswith("100")]
    plan = _Plan(paths, entries, {}, {}, [], [], 0, 0)
    was_tracked = _tracked_in_head(clone)
    newly_sealed = opened = 0
    for entry, blob in with_blobs(clone, entries):
        rules = policy.for_file(os.fsdecode(entry.path))
        if b"sealed:v2:" in blob:
            _require_acceptable(clone, entry.path, blob, rules)
        file = describe_file(entry.path, rules.format)
        new = move_file(blob, file, rules, keys)
        if new == blob:
            continue
        plan.blobs[entry], plan.accepted[entry] = new, blob
        plan.moved.extend(moved_values(clone, blob, new, file, keys))
        if (
            was_tracked(entry.path)
            and inspect_file(blob, *clone.describe(entry.path)).has_plaintext
        ):
            plan.plaintext.append(entry)
        newly_sealed += b"sealed:v1:" not in blob
        opened += not is_whole(new) and len(TOKEN.findall(new.decode("utf-8", "replace"))) < len(
            TOKEN.findall(blob.decode("utf-8", "replace"))
        )
    return plan._replace(newly_sealed=newly_sealed, opened=opened)


def _require_acceptable(clone: Clone, path: bytes, blob: bytes, rules: FileRules) -> None:
    """Raise TamperedError for an unauthenticated token that could not be accepted any more under *rules*.

    It is neither decrypted nor sealed again, and nothing would say so.
    """
    file, before = clone.describe(path)
    version = SealedText(blob, file)
    for span in version.values:
        token = UNAUTHENTICATED_TOKEN.fullmatch(version.decoded(span))
        group = split(token[0]).group if token else ""
        stays = rules.format != "whole" and rules.group_of(span.path) == group
        if not stays and before.group_of(span.path) == group and clone.ring.holds(group):
            raise unauthenticated(path, group, show(span.path))


def _tracked_in_head(clone: Clone) -> Callable[[bytes], bool]:
    """Return what tells whether the policy of HEAD tracks a path.

    Not the policy in force: a run that could not write the index has written the new policy already.
    """
    data = TreeFolder(clone.objects, "HEAD").read(POLICY)
    if data is None:
        return lambda _path: False
    policy = parse_policy(data, ignore_case=clone.repository.ignores_case)
    if policy.tracked is None:
        return clone.covers
    return lambda path: policy.covers(os.fsdecode(path))


def _confirm(clone: Clone, moved: Sequence[MovedValue], dialog: Dialog, *, yes: bool) -> None:
    """Ask before sealed values get other readers, and list those under a retired key in any case.

    Raises UsageError unless the user agrees.
    """
    if not moved:
        return
    report_moved(moved, dialog)
    names = sorted({group for one in moved for group in one.old if clone.ring.holds(group)})
    tokens = {one.token for one in moved}
    if tokens_to_keep(
        clone, names, dialog, yes=yes, command="the same command with --yes", among=tokens
    ):
        raise UsageError("nothing was changed")
    require_agreement(dialog, "Continue?", yes=yes)


def _confirm_foreign(workspace: Workspace, plan: _Plan, dialog: Dialog, *, yes: bool) -> None:
    """Ask about tokens with the id of another file: anyone with push access can copy a sealed file.

    Their groups may stay the same, so they need not be among the values that change readers.
    """
    places = (
        staged_file(workspace, entry.path, blob)
        for entry, blob in plan.accepted.items()
        if b"sealed:v1:" in blob
    )
    confirm_suspects(places, dialog, yes=yes, only=FOREIGN)


def _carry_out(clone: Clone, plan: _Plan, dialog: Dialog) -> None:
    """Write the plan into the index, and report what changed."""
    rewrite_entries(clone, plan.blobs.items())
    for entry in plan.blobs:
        clone.plaintext_memory.forget_file(plan.accepted[entry], clone.describe(entry.path)[0])
        dialog.say(f"{show_path(entry.path)}: re-encrypted in the index")
    if plan.opened:
        dialog.say(
            f"values of {counted(plan.opened, 'file')} are in plaintext now", *OPENED_ON_PURPOSE
        )


def _check_path(value: str) -> None:
    try:
        PathPattern(value)
    except ValueError as error:
        raise UsageError(f"the pattern `{value}` {error}") from None


def _matches(clone: Clone, patterns: list[str], without: set[bytes]) -> list[list[bytes]]:
    """Return, for each pattern, the files of the work tree and the index that it matches now."""
    out = clone.repository.run("ls-files", "-z", "--cached", "--others")
    paths = sorted({*out.split(b"\x00")[:-1]} - without)
    compiled = [compile_pattern(pattern, clone.repository) for pattern in patterns]
    return [
        [
            path
            for path in paths
            if one.matches(os.fsdecode(path)) and not clone.is_passed_through(path)
        ]
        for one in compiled
    ]


def _require_filter(clone: Clone) -> None:
    """Raise GitError if git would store what is tracked in plaintext, as in a clone without set-up."""
    if not is_configured(clone.repository):
        raise GitError(
            "the filter is not set up in this clone: git would store plaintext",
            "set it up: sealedfiles unlock",
        )
