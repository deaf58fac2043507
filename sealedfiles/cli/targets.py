"""What `push` and `pull` share: the clone, questions, and the completion of targets."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sealedfiles.app.dialog import require_agreement
from sealedfiles.app.workspace import ReadOptions, Workspace, workspace_at
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from sealedfiles.git.clone import Clone


def here(options: ReadOptions) -> tuple[Workspace, Clone]:
    """Return the workspace of the current folder, which must be in git.  Raises UsageError."""
    workspace = workspace_at(Path.cwd(), options)
    if workspace.clone is None:
        raise UsageError("this command needs a git repository")
    return workspace, workspace.clone


def confirm(question: str, *, yes: bool) -> None:
    """Ask *question* unless *yes*.  Raises UsageError unless the user agrees."""
    require_agreement(TERMINAL, question, yes=yes)


def complete_target(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the targets on disk whose names begin with *incomplete*.

    Whether the policy is accepted is not asked, because that may need a key.
    """
    del ctx, param
    from click.shell_completion import CompletionItem

    from sealedfiles.git.repository import find_repository

    with suppress(SealedFilesError, OSError):
        repository = find_repository(Path.cwd())
        if repository:
            policy = parse_policy((repository.top / NAME / POLICY).read_bytes())
            return [CompletionItem(name) for name in policy.targets if name.startswith(incomplete)]
    return []
