"""`sealedfiles track`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealedfiles import atomic
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.grant import make_own_group
from sealedfiles.cli.untrack import OPENED_ON_PURPOSE
from sealedfiles.document import move_file
from sealedfiles.document.file import is_whole, show_path
from sealedfiles.document.whole import keep_whole_hint, why_whole
from sealedfiles.errors import UsageError
from sealedfiles.git.attributes import add_pattern
from sealedfiles.git.folder_attributes import update_folder_attributes
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.pins import pin
from sealedfiles.git.rewrite import rewrite_entries, stage
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.recipients import check_name
from sealedfiles.messages import counted, say
from sealedfiles.paths import PathPattern
from sealedfiles.policy import FORMATS
from sealedfiles.policy_edit import add_rule
from sealedfiles.wildmatch import FilePattern
from sealedfiles.workspace import clone_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealedfiles.git.clone import Clone
    from sealedfiles.git.index import Entry

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
@click.option("--group", "-g", help="The group that the values are sealed to (else: default).")
@click.option(
    "--values",
    metavar="PATH",
    multiple=True,
    help="Only values whose key path matches, such as 'production.**'.  May be given repeatedly.",
)
@click.option("--plain", is_flag=True, help="These values stay in the clear.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="Whatever the name says.")
@identity_option
def command(
    patterns: tuple[str, ...],
    group: str | None,
    values: tuple[str, ...],
    plain: bool,
    file_format: str | None,
    identity: str | None,
) -> int:
    """Seal the files that match PATTERN (as in .gitattributes), from now on.

    Files that git has already are sealed in the index at once; their history stays as it is.

    \b
    Examples:
      sealedfiles track 'secrets/*.yaml' '*.env' config/app.json
      sealedfiles track 'config/*.yaml' --values 'production.**' --group production
      sealedfiles track 'k8s/*.yaml' --values kind --values 'metadata.**' --plain
    """
    if plain and group:
        raise UsageError("values are sealed to a group, or stay plain: not both")
    workspace, clone = clone_here(identity)
    clone.ring.accept_new_groups = True
    for pattern in patterns:
        _check(pattern, FilePattern)
    for value in values:
        _check(value, PathPattern)
    if group and check_name(group, "group") not in workspace.group_names():
        make_own_group(workspace, group)
    clone.policy()  # one that cannot be read is refused before anything is written
    ruled = bool(group or values or plain or file_format)
    if ruled:
        data = workspace.folder.read("policy.yaml") or b"version: 1\nrules: []\n"
        for pattern in patterns:
            data = add_rule(data, pattern, values, group, plain, file_format)
        atomic.replace(workspace.folder.root / "policy.yaml", data)
    for pattern in patterns:
        added = add_pattern(clone.repository.top, pattern)
        say(
            f"{'sealed from now on' if added else 'rules changed' if ruled else 'sealed already'}: {pattern}"
        )
    pin(clone.repository)
    update_folder_attributes(clone)
    exclude_leftovers(clone.repository)
    stage(clone, NAME, ".gitattributes")
    entries = _matching(clone, patterns)
    move_entries(clone, entries)
    _name_oddities(clone, entries)
    clone.objects.close()
    return 0


def move_entries(clone: Clone, entries: list[Entry]) -> None:
    """Write what git has of *entries* anew, as the rules now want it, and say what changed."""
    moved: dict[Entry, bytes] = {}
    newly_sealed = opened = 0
    for entry, blob in with_blobs(clone, entries):
        file, rules = clone.describe(entry.path)
        new = move_file(blob, file, rules, clone.ring)
        if new == blob:
            continue
        moved[entry] = new
        newly_sealed += b"sealed:v1:" not in blob
        opened += new.count(b"sealed:v1:") < blob.count(b"sealed:v1:")
    rewrite_entries(clone, moved)
    for entry in moved:
        say(f"{show_path(entry.path)}: what git has was sealed anew, and staged")
    if opened:
        say(f"no longer sealed: values of {counted(opened, 'file')}", *OPENED_ON_PURPOSE)
    if newly_sealed:
        say(
            f"in plaintext in git's history: {counted(newly_sealed, 'file')}",
            "whoever has the repository can read these values there: change them at their source",
        )


def _check(pattern: str, compiler: Callable[[str], object]) -> None:
    try:
        compiler(pattern)
    except ValueError as error:
        raise UsageError(f"the pattern `{pattern}` {error}") from None


def _matching(clone: Clone, patterns: tuple[str, ...]) -> list[Entry]:
    compiled = [FilePattern(pattern) for pattern in patterns]
    return [
        entry
        for entry in tracked_sealed_files(clone)
        if any(one.matches(entry.path.decode("utf-8", "surrogateescape")) for one in compiled)
    ]


def _name_oddities(clone: Clone, entries: list[Entry]) -> None:
    """Name files that a pattern catches and that probably were not meant, or are sealed whole."""
    others = [FilePattern(pattern) for pattern in _OTHER_TOOLS]
    for entry in entries:
        name = entry.path.decode("utf-8", "surrogateescape")
        if any(other.matches(name) for other in others):
            say(
                f"{show_path(entry.path)} is caught too, and other programs read it as it is in git",
                "leave it out by a line of its own in .gitattributes: FILE -filter",
            )
        path = clone.repository.file(entry.path)
        file, _ = clone.describe(entry.path)
        data = path.read_bytes() if path.is_file() else b""
        error = why_whole(data, file) if data and not is_whole(data) else None
        if error is not None:
            where = f":{error.line}" if error.line else ""
            message = f"{show_path(entry.path)}{where}: sealed whole: {error.message}"
            say(message, keep_whole_hint(entry.path))
