"""Carry out the plan for a repository that has secrets in plaintext, and list what is left to do."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.adopt.plan import (
    AdoptionPlan,
    FilePlan,
    Selection,
    Unsealable,
    plan_adoption,
    step_for,
)
from sealedfiles.app.adopt.rotation import RotationReport, rotation_list
from sealedfiles.app.check.held_findings import MESSAGE
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.scan.findings import HISTORY, Leak
from sealedfiles.app.scan.run import Request, scan
from sealedfiles.app.start import clone_to_scan, create_workspace, set_up_git
from sealedfiles.app.track import TrackRequest, track
from sealedfiles.app.workspace import clone_here
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import Repository
from sealedfiles.git.version import refuse_old_git
from sealedfiles.keys.epochs import NewGroupError
from sealedfiles.keys.recipients import check_name
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.wildmatch import FilePattern
from sealedfiles.util.messages import Note


class AdoptRequest(NamedTuple):
    """What `adopt` is to do."""

    identity: str | None
    groups: tuple[str, ...] = ()
    """Groups to create for the files and keys that are named like them, in addition to existing groups."""
    paths: tuple[str, ...] = ()
    """The files and folders to adopt; none for all."""
    excluded: tuple[str, ...] = ()
    """Patterns of files to leave as they are, as in .gitattributes."""
    engine: str = "auto"
    """What searches for tokens of providers; see ``scan.run.ENGINES``."""
    name: str | None = None
    """The name of the first reader of a new ``.sealedfiles/``; None: from git's user.name."""


class Prepared(NamedTuple):
    """A repository and the plan for it."""

    repository: Repository
    plan: AdoptionPlan
    is_new: bool
    """Whether ``.sealedfiles/`` must be created first."""


class Adopted(NamedTuple):
    """What is left to do after the files were sealed."""

    others: list[Unsealable]
    rotation: RotationReport


def prepare(request: AdoptRequest) -> Prepared:
    """Scan the repository of the current folder, and plan what to seal.  Changes nothing.

    Raises UsageError, GitError, and NoKeyError if the keys of an earlier ``.sealedfiles/`` are lost.
    """
    refuse_old_git()
    for group in request.groups:
        check_name(group, "group")
    clone, is_new = clone_to_scan(request.identity)
    groups, notes = _usable_groups(clone)
    groups = [*dict.fromkeys([*request.groups, *groups])]
    try:
        plan = plan_adoption(clone, groups, request.engine, _selection(clone.repository, request))
        plan.notes.extend(notes)
    finally:
        clone.close()
    return Prepared(clone.repository, plan, is_new)


def _usable_groups(clone: Clone) -> tuple[list[str], list[Note]]:
    """Return the groups that this clone can seal to, and notes on the others.  Raises TamperedError.

    A group that is new in this clone may be from somebody who only can push.  A plan does not name it in the
    place of the user.
    """
    usable, notes = [], []
    for group in clone.group_names():
        try:
            clone.ring.current(group)
            usable.append(group)
        except (NewGroupError, NoKeyError) as error:
            notes.append(Note(f"nothing is sealed to {group}: {error.message}", error.hints))
    return usable, notes


def _selection(repository: Repository, request: AdoptRequest) -> Selection:
    """Return the files that are requested.  Raises UsageError for a file outside the working tree."""
    for name in request.paths:
        if not Path(name).exists():
            raise UsageError(f"no such file: {name}")
    only = tuple(repository.relative(Path(name)) for name in request.paths)
    try:
        return Selection(only, tuple(map(FilePattern, request.excluded)))
    except ValueError as error:
        raise UsageError(f"--exclude: the pattern {error}") from None


def adopt(prepared: Prepared, request: AdoptRequest, dialog: Dialog) -> Adopted:
    """Set up sealedfiles if needed, seal the files of the plan, at least one, stage them, and scan again.

    Raises the errors of `init` and `track`.
    """
    repository = prepared.repository
    repository.require_writable()
    if prepared.is_new:
        create_workspace(repository.top, repository, request.name, dialog)
        set_up_git(repository)
    workspace, clone = clone_here(request.identity)
    try:
        rules = {one.pattern: one.rules for one in prepared.plan.files}
        tracked = TrackRequest(rules, repository.top, yes=True, is_planned=True)
        track(workspace, clone, tracked, dialog)
    finally:
        clone.close()
    _, clone = clone_here(request.identity)  # with the new policy
    try:
        return _left(clone, prepared.plan, request.engine)
    finally:
        clone.close()


def _left(clone: Clone, plan: AdoptionPlan, engine: str) -> Adopted:
    """Return what sealing did not fix: other findings, copies of values, and values in the history."""
    history = scan(clone, Request(history=True, engine=engine)).leaks
    rotation = rotation_list(clone, history)
    listed = {text.encode("utf-8", "surrogatepass") for row in rotation.rows for text in row.texts}
    steps = {_line_of(one.leak): one.step for one in plan.others}
    others: dict[object, Unsealable] = {}
    known: set[bytes] = set()
    for leak in scan(clone, Request(engine=engine)).leaks:
        if leak.is_open:
            step = steps.get(_line_of(leak)) or step_for(leak)
            place = (_line_of(leak), leak.finding.key or leak.finding.what)
            others[place] = Unsealable(leak, step)
            known.add(leak.secret)
    for leak in history:
        is_listed = leak.sealed_key or any(leak.secret in text for text in listed)
        is_old = leak.where == HISTORY and leak.secret not in known and not is_listed
        if leak.is_open and (is_old or leak.finding.path == MESSAGE):
            known.add(leak.secret)
            others[leak.finding.path, leak.oid, leak.finding.what] = Unsealable(
                leak, step_for(leak)
            )
    return Adopted([*others.values()], rotation)


def _line_of(leak: Leak) -> tuple[bytes, int]:
    return leak.finding.path, leak.finding.line


def not_in_git(plan: AdoptionPlan) -> list[FilePlan]:
    """Return the files of the plan that git does not have yet: they are sealed when they are added."""
    return [one for one in plan.files if not one.is_in_git]
