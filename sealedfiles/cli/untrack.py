"""`sealedfiles untrack`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.untrack import untrack
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_pattern
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, report
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.util.messages import fail


@declaration.command("untrack")
@declaration.argument(
    "patterns", metavar="PATTERN...", nargs=-1, required=True, shell_complete=complete_pattern
)
@declaration.option(
    "--reason",
    metavar="TEXT",
    default="not secret: untracked on purpose",
    show_default=True,
    help="Why these files may be in plaintext, for the policy.",
)
@declaration.option(
    "--yes", is_flag=True, help="Do not ask about values that may not come from a reader."
)
@identity_option
@exclusive()
def command(patterns: tuple[str, ...], reason: str, yes: bool, identity: str | None) -> int:
    """Stop sealing the files that match a pattern.

    PATTERN is a pattern that you passed to track; `sealedfiles track` lists them.  The files become plaintext
    in the index: check `git diff --cached` before you commit.  If a value cannot be decrypted, or was
    written without reading and is not accepted, nothing is changed.

    Values under a retired key, of another group than the policy's, or with the id of another file may not
    come from a reader: they are listed first, and you are asked about them.

    The hooks refuse plaintext of a value that was sealed.  So these files, and no others, are listed under
    `allow` in the policy, with the reason, for others to review.  `track` removes them from there.
    """
    if not reason.strip():
        raise UsageError("--reason must not be empty")
    workspace, clone = clone_here(identity)
    unopened = untrack(workspace, clone, patterns, Path.cwd(), TERMINAL, reason, yes=yes)
    if unopened:
        status = report(unopened)
        fail(f"{unopened.name} cannot be decrypted completely; nothing was changed")
        return status or UsageError.exit_code
    clone.close()
    return 0
