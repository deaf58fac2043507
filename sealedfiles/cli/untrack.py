"""`sealedfiles untrack`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealedfiles import atomic
from sealedfiles.cli.files import identity_option, report
from sealedfiles.document import open_file
from sealedfiles.document.file import show_path
from sealedfiles.errors import UsageError
from sealedfiles.git.attributes import remove_pattern
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.pins import pin, unpin
from sealedfiles.git.rewrite import stage, write_index
from sealedfiles.git.worktree import refresh, tracked_sealed_files
from sealedfiles.keys.folder import NAME
from sealedfiles.messages import say
from sealedfiles.policy_edit import remove_rules
from sealedfiles.workspace import clone_here

if TYPE_CHECKING:
    from sealedfiles.git.clone import Clone
    from sealedfiles.git.index import Entry


OPENED_ON_PURPOSE = (
    "the hooks refuse to commit in plaintext what was sealed, for they cannot know that it is meant",
    "say so in the policy, for others to review: sealedfiles check --explain sealed-before",
    "or pass them by: git commit --no-verify, and git push --no-verify",
)


@click.command("untrack")
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True, type=click.Path())
@identity_option
def command(patterns: tuple[str, ...], identity: str | None) -> int:
    """Seal the files of PATTERN, as it was given to track, no longer.

    What git has of them becomes plaintext in the index: look at `git diff --cached` before you commit.
    A file of which a value cannot be opened is refused.
    """
    workspace, clone = clone_here(identity)
    before = {entry.path: entry for entry in tracked_sealed_files(clone)}
    attributes = clone.repository.top / ".gitattributes"
    kept = b"" if attributes.is_symlink() or not attributes.exists() else attributes.read_bytes()
    removed = []
    for pattern in patterns:
        there = remove_pattern(clone.repository.top, pattern)
        if unpin(clone.repository, pattern) or there:
            removed.append(pattern)
    if not removed:
        raise UsageError(
            f"no line of .gitattributes is for {', '.join(patterns)}",
            "see them: cat .gitattributes",
        )
    still = {entry.path for entry in tracked_sealed_files(clone)}
    plain = {}
    for path in before.keys() - still:
        blob = clone.objects.blob(before[path].oid.encode("ascii")) or b""
        opened = open_file(blob, clone.describe_for_smudge(path), clone.ring)
        if opened.problems:
            atomic.replace(attributes, kept)
            pin(clone.repository)
            status = report(workspace, path, blob, opened)
            say(f"{show_path(path)} cannot be opened in full, so nothing was changed")
            return status or UsageError.exit_code
        plain[before[path]] = opened.data
    data = workspace.folder.read("policy.yaml")
    for pattern in removed if data else ():
        data = remove_rules(data or b"", pattern)
    if data:
        atomic.replace(workspace.folder.root / "policy.yaml", data)
    exclude_leftovers(clone.repository)
    write_index(clone, plain)
    stage(clone, NAME, ".gitattributes")
    # Only files that show just this: update-index would stage local changes as well.
    refresh(clone, [e.path for e, data in plain.items() if _content(clone, e) == data])
    clone.objects.close()
    for entry in plain:
        say(f"{show_path(entry.path)} is staged in plaintext")
    say(f"no longer sealed: {', '.join(removed)}", *(OPENED_ON_PURPOSE if plain else ()))
    return 0


def _content(clone: Clone, entry: Entry) -> bytes | None:
    path = clone.repository.file(entry.path)
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None
