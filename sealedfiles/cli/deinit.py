"""`sealedfiles deinit`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.app.tracking.plaintext_left import is_plaintext, worktrees
from sealedfiles.cli.hook_setup import uninstall_hooks
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import deconfigure, deconfigure_user, is_configured
from sealedfiles.git.leftovers import remove_excludes
from sealedfiles.git.pins import unpin_all
from sealedfiles.git.repository import find_repository
from sealedfiles.git.worktree import (
    close_work_tree,
    is_unchanged,
    refresh,
    tracked_sealed_files,
    with_blobs,
)
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, fail, say, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.repository import Repository


@click.command("deinit")
@click.option("--global", "for_user", is_flag=True, help="Undo `init --global` instead.")
@click.option(
    "--force",
    is_flag=True,
    help="Continue even if the working tree has plaintext that is not in git.",
)
def command(for_user: bool, force: bool) -> int:
    """Remove sealedfiles from this clone.

    The working tree is encrypted, and the filter, the hooks and the keys are removed from .git, for all
    worktrees of this clone.  Committed files stay: the sealed files, .sealedfiles/ and .gitattributes are
    shared with others.
    """
    if for_user:
        return _deinit_user()
    repository = find_repository(Path.cwd())
    if repository is None:
        raise UsageError("this command works in a git repository only")
    repository.require_writable()
    clones = [Clone(one) for one in worktrees(repository)]
    unsaved = [name for clone in clones for name in _unsaved(clone, repository.top)]
    for name in unsaved:
        warn(f"{name} holds what git does not have")
    if unsaved and not force:
        fail(
            "nothing was changed: without the filter git would store plaintext as it is",
            "commit these files, or throw the changes away (git checkout -- FILE)",
            "to leave them as they are: sealedfiles deinit --force",
        )
        return SealedFilesError.exit_code
    written = 0
    for clone in clones:
        outcome = close_work_tree(clone)
        # While the filter is still there: a strict repository refuses everything else.
        refresh(clone, outcome.written)
        clone.objects.close()
        written += len(outcome.written)
    status = uninstall_hooks(repository, asked=False)
    unpin_all(repository)
    remove_excludes(repository)
    deconfigure(repository)
    shutil.rmtree(repository.state_folder, ignore_errors=True)
    if unsaved:
        say(
            f"left unchanged, and git would store them as they are: {counted(len(unsaved), 'file')}"
        )
    say(
        f"this clone is as it was before: {counted(written, 'file')} sealed in the work tree, keys removed",
        "what is committed stays, .sealedfiles/ and .gitattributes too: they are for everybody",
        "to seal nothing any more, for everybody: sealedfiles untrack PATTERN before this",
        "to come back: sealedfiles unlock",
    )
    if is_configured(repository):
        warn(
            "your own git configuration still has the filter",
            "remove it: sealedfiles deinit --global",
        )
    return status


def _deinit_user() -> int:
    if not deconfigure_user():
        say("your git configuration has no sealedfiles settings")
        return 0
    say(
        "took the filter out of your git configuration",
        "clones that were set up with it cannot add sealed files until: sealedfiles unlock, or deinit",
    )
    return 0


def _unsaved(clone: Clone, top: Path) -> Iterator[str]:
    """Yield the sealed files with local changes or conflicts, and those with plaintext that git has not."""
    repository = clone.repository
    conflicts = [path for path, stages in clone.index.stages().items() if 0 not in stages]
    for path in sorted(filter(clone.covers, conflicts)):
        yield _shown(repository, path, top)
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        data = _content(repository.file(entry.path))
        if data is not None and not is_unchanged(clone, entry, blob, data):
            yield _shown(repository, entry.path, top)
    others = repository.run("ls-files", "--others", "--exclude-standard", "-z").split(b"\0")[:-1]
    for path in sorted(filter(clone.covers, others)):
        data = _content(repository.file(path))
        if data is not None and is_plaintext(clone, path, data):
            yield _shown(repository, path, top)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _shown(repository: Repository, path: bytes, top: Path) -> str:
    """Return a file's name for a message; one in another worktree than *top* with the whole path."""
    return show_path(path if repository.top == top else os.fsencode(repository.file(path)))
