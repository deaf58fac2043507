"""`sealedfiles track`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sealedfiles.app.access.granting import accept_named, create_group
from sealedfiles.app.check.earlier import earlier_plaintext
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.tracking.folder_attributes import update_folder_attributes
from sealedfiles.app.tracking.opened import OPENED_ON_PURPOSE
from sealedfiles.app.tracking.patterns import compile_pattern, pattern_for
from sealedfiles.app.tracking.policy_edit import add_rule
from sealedfiles.app.tracking.policy_tracked import add_tracked
from sealedfiles.app.tracking.policy_writing import (
    confirmed_policy,
    derive_attributes,
    list_tracked,
    write_policy,
)
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.plaintext import confirm_plaintext
from sealedfiles.cli.prompts import TERMINAL, confirm
from sealedfiles.errors import UsageError
from sealedfiles.git.attributes import add_pattern
from sealedfiles.git.folders import TreeFolder
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.moved_values import moved_values
from sealedfiles.git.policy_in_force import POLICY
from sealedfiles.git.rewrite import rewrite_entries, stage
from sealedfiles.git.worktree import with_blobs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.recipients import check_name
from sealedfiles.model.paths import PathPattern
from sealedfiles.model.policy import FORMATS, parse_policy
from sealedfiles.model.token import TOKEN
from sealedfiles.model.wildmatch import FilePattern
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.file import is_whole, show_path
from sealedfiles.sealing.inspect import inspect_file
from sealedfiles.sealing.moving import move_file
from sealedfiles.sealing.whole import keep_whole_hint, why_whole
from sealedfiles.util.messages import counted, say, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealedfiles.git.clone import Clone
    from sealedfiles.git.index import Entry
    from sealedfiles.git.moved_values import MovedValue
    from sealedfiles.model.policy import Policy

_SHOWN = 10
_OTHER_TOOLS = (
    ".github/**",
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    "docker-compose*.y*ml",
    "compose*.y*ml",
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "tsconfig*.json",
    "composer.json",
    "mkdocs.yml",
    ".readthedocs.y*ml",
    "Chart.yaml",
    "kustomization.y*ml",
    ".vscode/**",
    ".devcontainer/**",
)
"""Files that other programs read straight from the repository, without a filter."""


@click.command("track")
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True, type=click.Path())
@click.option("--group", "-g", help="The group that the values are sealed to (default: default).")
@click.option(
    "--values",
    metavar="PATH",
    multiple=True,
    help="Only values whose key path matches, such as 'production.**'.  Repeatable.",
)
@click.option("--plain", is_flag=True, help="Leave these values in plaintext.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="Override the format.")
@click.option("--force", is_flag=True, help="Also track files that another filter handles.")
@click.option(
    "--yes",
    is_flag=True,
    help="Do not ask before values get other readers, or plaintext that was pushed is sealed.",
)
@identity_option
def command(
    patterns: tuple[str, ...],
    group: str | None,
    values: tuple[str, ...],
    plain: bool,
    file_format: str | None,
    force: bool,
    yes: bool,
    identity: str | None,
) -> int:
    """Seal the files that match a pattern.

    PATTERN is written as in .gitattributes.  Files that git has already are sealed in the index at once;
    their history stays as it is.  A folder stands for all files in it; a path is relative to the current
    folder.

    \b
    Examples:
      sealedfiles track 'secrets/*.yaml' '*.env' config/app.json
      sealedfiles track 'config/*.yaml' --values 'production.**' --group production
      sealedfiles track 'k8s/*.yaml' --values kind --values 'metadata.**' --plain
    """
    if plain and group:
        raise UsageError("values are sealed to a group, or stay in plaintext: not both")
    workspace, clone = clone_here(identity)
    clone.require_writable()
    if group:
        accept_named(workspace, [check_name(group, "group")], TERMINAL)
    wanted = [pattern_for(one, clone.repository, Path.cwd()) for one in patterns]
    for value in values:
        _check_path(value)
    matches = _matches(clone, wanted)
    if not force:
        _refuse_other_filters(clone, sorted(set().union(*matches)))
    if group and group not in workspace.group_names():
        create_group(workspace, group, TERMINAL)
    list_tracked(clone)
    before = confirmed_policy(clone)
    data = before
    if group or values or plain or file_format:
        for pattern in wanted:
            data = add_rule(data, pattern, values, group, plain, file_format)
    data = add_tracked(data, wanted)
    policy = parse_policy(data, ignore_case=clone.repository.ignores_case)
    plan = _plan(clone, policy, {path for found in matches for path in found})
    _confirm(clone, plan.moved, yes=yes)
    if plan.plaintext and not confirm_plaintext(clone, plan.plaintext, yes=yes):
        raise UsageError("nothing was changed")
    for pattern in wanted:
        add_pattern(clone.repository.top, pattern)
    write_policy(clone, data)
    derive_attributes(clone)
    update_folder_attributes(clone, TERMINAL)
    exclude_leftovers(clone.repository)
    stage(clone, NAME, ".gitattributes")
    _report_matches(clone, wanted, matches, changed=data != before)
    _carry_out(clone, plan)
    _name_oddities(clone, plan.entries)
    clone.objects.close()
    return 0


class _Plan(NamedTuple):
    """What happens to the files that git has."""

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


def _plan(clone: Clone, policy: Policy, paths: set[bytes]) -> _Plan:
    """Return what *policy* makes of the files at *paths* that are in the index."""
    stages = clone.index.stages()
    entries = [
        found[0]
        for path in sorted(paths)
        if 0 in (found := stages.get(path, {})) and found[0].mode.startswith("100")
    ]
    plan = _Plan(entries, {}, {}, [], [], 0, 0)
    was_tracked = _tracked_in_head(clone)
    newly_sealed = opened = 0
    for entry, blob in with_blobs(clone, entries):
        rules = policy.for_file(entry.path.decode("utf-8", "surrogateescape"))
        file = describe_file(entry.path, rules.format)
        new = move_file(blob, file, rules, clone.ring)
        if new == blob:
            continue
        plan.blobs[entry], plan.accepted[entry] = new, blob
        plan.moved.extend(moved_values(clone, blob, new, file))
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


def _confirm(clone: Clone, moved: Sequence[MovedValue], *, yes: bool) -> None:
    """Ask before sealed values get other readers, and list those under a retired key in any case.

    Raises UsageError unless the user agrees.
    """
    if not moved:
        return
    say(f"{counted(len(moved), 'sealed value')} would change readers:")
    # Those under a retired key first: a removed reader may have written them.
    ordered = sorted(moved, key=lambda one: not one.is_retired)
    shown = max(_SHOWN, sum(one.is_retired for one in moved))
    for one in ordered[:shown]:
        say(one.line)
    if len(moved) > shown:
        say(f"and {len(moved) - shown} more")
    names = sorted({group for one in moved for group in one.old if clone.ring.holds(group)})
    tokens = {one.token for one in moved}
    if tokens_to_keep(
        clone, names, TERMINAL, yes=yes, command="the same command with --yes", among=tokens
    ):
        raise UsageError("nothing was changed")
    if yes:
        return
    try:
        agreed = confirm("Continue?")
    except click.Abort:
        raise UsageError(
            "nothing was changed: there is no terminal to ask on", "to confirm: --yes"
        ) from None
    if not agreed:
        raise UsageError("nothing was changed")


def _carry_out(clone: Clone, plan: _Plan) -> None:
    """Write the plan into the index, and report what changed."""
    rewrite_entries(clone, plan.blobs)
    for entry in plan.blobs:
        clone.plaintext_memory.forget_file(plan.accepted[entry], clone.describe(entry.path)[0])
        say(f"{show_path(entry.path)}: re-encrypted in the index")
    if plan.opened:
        say(f"values of {counted(plan.opened, 'file')} are in plaintext now", *OPENED_ON_PURPOSE)
    if plan.newly_sealed:
        _name_earlier_plaintext(clone, {entry.path for entry in plan.blobs})


def _name_earlier_plaintext(clone: Clone, paths: set[bytes]) -> None:
    """Name the values of *paths* that git's history has in plaintext, with the commits that brought them."""
    keys: dict[tuple[bytes, str], list[str]] = {}
    for finding in earlier_plaintext(clone, lambda path: path in paths):
        found = keys.setdefault((finding.path, finding.commit), [])
        found.append(finding.shown_key or "the whole file")
    for (path, commit), names in list(keys.items())[:_SHOWN]:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        shown = ", ".join(names[:_SHOWN])
        warn(f"{show_path(path)}: in plaintext in commit {commit[:10]}: {shown}{more}")
    warn(
        f"{counted(len(paths), 'file')} in plaintext in git's history",
        "anyone with the repository can read these values there: change them at their source",
        *(["see all of them: sealedfiles check --all"] if len(keys) > _SHOWN else []),
    )


def _check_path(value: str) -> None:
    try:
        PathPattern(value)
    except ValueError as error:
        raise UsageError(f"the pattern `{value}` {error}") from None


def _matches(clone: Clone, patterns: list[str]) -> list[list[bytes]]:
    """Return, for each pattern, the files of the work tree and the index that it matches now."""
    out = clone.repository.run("ls-files", "-z", "--cached", "--others")
    paths = sorted(set(out.split(b"\x00")[:-1]))
    compiled = [compile_pattern(pattern, clone.repository) for pattern in patterns]
    return [
        [
            path
            for path in paths
            if one.matches(path.decode("utf-8", "surrogateescape"))
            and not clone.is_passed_through(path)
        ]
        for one in compiled
    ]


def _refuse_other_filters(clone: Clone, paths: list[bytes]) -> None:
    """Raise UsageError for a file that git sends through another program's filter."""
    names = b"".join(path + b"\x00" for path in paths)
    out = clone.repository.run("check-attr", "--stdin", "-z", "filter", stdin=names)
    fields = out.split(b"\x00")
    for path, value in zip(fields[0:-1:3], fields[2::3], strict=False):
        if value not in (b"unspecified", b"unset", b"set", b"sealedfiles"):
            name = value.decode("utf-8", "replace")
            raise UsageError(
                f"{show_path(path)} belongs to another filter, {name}; a file can have one only",
                f"remove its line with filter={name} from .gitattributes first",
                "to replace that filter: --force",
            )


def _report_matches(
    clone: Clone, patterns: list[str], matches: list[list[bytes]], *, changed: bool
) -> None:
    """Report how many files each pattern matches now, and which of them git ignores."""
    for pattern, found in zip(patterns, matches, strict=True):
        shown = show_path(pattern.encode("utf-8", "surrogateescape"))
        already = "" if changed else " already"
        say(f"tracking '{shown}'{already}: {counted(len(found), 'file')}")
        if not found:
            warn(
                f"'{shown}' matches no file now",
                "a pattern is relative to the top of the work tree; see: sealedfiles track --help",
            )
    names = b"".join(path + b"\x00" for path in sorted(set().union(*matches)))
    _, out, _ = clone.repository.try_run("check-ignore", "--stdin", "-z", stdin=names)
    ignored = out.split(b"\x00")[:-1]
    for path in ignored[:_SHOWN]:
        warn(
            f"{show_path(path)} is ignored by git, so it is not stored at all",
            f"to store it sealed: git add -f {show_path(path)}",
        )


def _name_oddities(clone: Clone, entries: list[Entry]) -> None:
    """Name files that a pattern matches and that probably were not meant, or are sealed whole."""
    others = [FilePattern(pattern) for pattern in _OTHER_TOOLS]
    for entry in entries:
        name = entry.path.decode("utf-8", "surrogateescape")
        if any(other.matches(name) for other in others):
            warn(
                f"{show_path(entry.path)} is matched too, and other programs read it as it is in git",
                f"leave it in plaintext: sealedfiles track {show_path(entry.path)} --plain",
            )
        path = clone.repository.file(entry.path)
        file, _ = clone.describe(entry.path)
        data = path.read_bytes() if path.is_file() else b""
        error = why_whole(data, file) if data and not is_whole(data) else None
        if error is not None:
            where = f":{error.line}" if error.line else ""
            message = f"{show_path(entry.path)}{where}: sealed whole: {error.message}"
            warn(message, keep_whole_hint(entry.path))
