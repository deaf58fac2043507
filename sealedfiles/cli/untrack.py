"""`sealedfiles untrack`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.tracking.opened import OPENED_ON_PURPOSE
from sealedfiles.app.tracking.policy_writing import warn_of_unproved
from sealedfiles.app.untrack import untrack
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, report
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, fail, say


@declaration.command("untrack")
@declaration.argument("patterns", metavar="PATTERN...", nargs=-1, required=True, is_path=True)
@identity_option
@exclusive()
def command(patterns: tuple[str, ...], identity: str | None) -> int:
    """Stop sealing the files that match a pattern.

    PATTERN is a pattern that you passed to track.  The files become plaintext in the index: check
    `git diff --cached` before you commit.  If a value cannot be decrypted, nothing is changed.
    """
    workspace, clone = clone_here(identity)
    done = untrack(workspace, clone, patterns, Path.cwd())
    if done.unopened:
        status = report(done.unopened)
        fail(f"{done.unopened.name} cannot be decrypted completely; nothing was changed")
        return status or UsageError.exit_code
    warn_of_unproved(clone, TERMINAL)
    clone.close()
    for path in done.paths:
        say(f"{show_path(path)}: staged in plaintext")
    shown = ", ".join(show_path(one.encode("utf-8", "surrogateescape")) for one in done.patterns)
    count = counted(len(done.paths), "file")
    hints = OPENED_ON_PURPOSE if done.paths else ()
    say(f"stopped tracking {shown}: {count} in plaintext", *hints)
    return 0
