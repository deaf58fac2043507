"""`sealedfiles recovery-key`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles import age
from sealedfiles.app.access.recovery import create_recovery_key
from sealedfiles.app.key_output import write_key
from sealedfiles.app.tracking.policy_writing import STAGED
from sealedfiles.app.workspace import ReadOptions, workspace_at
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import classic_option, identity_option, print_value
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.identity.generate import described
from sealedfiles.keys.recipients import describe_key
from sealedfiles.util.messages import say, shell_path


@declaration.command("recovery-key")
@declaration.option(
    "--out",
    metavar="FILE",
    is_path=True,
    help="Write the private key to FILE, which must not exist; - is stdout.",
)
@classic_option
@declaration.option(
    "--name", default="recovery", show_default=True, help="The name of this reader."
)
@identity_option
@exclusive()
def command(out: str | None, classic: bool, name: str, identity: str | None) -> int:
    """Generate an offline key that can read every group.

    It decrypts everything if all other keys are lost.  It is granted access to every group that you read, and
    the policy lists it, so that it also gets access to every new group.  It is not stored in your keyring or
    identities file.  The changes are staged, not committed.  To use it without sealedfiles: docs/recovery.md.

    \b
    Examples:
      sealedfiles recovery-key --out /media/stick/recovery.txt
      sealedfiles recovery-key --out - | age -p > ~/recovery.age
    """
    workspace = workspace_at(Path.cwd(), ReadOptions(identity))
    if out is None:
        raise UsageError(
            "no output for the private key was given",
            "to a new file: sealedfiles recovery-key --out FILE",
            "to stdout: sealedfiles recovery-key --out -",
        )

    def save(new: age.Identity, notes: list[str]) -> None:
        if out == "-":
            print_value(described(new, notes), newline=True)
        else:
            write_key(out, new, notes)

    recipient, granted = create_recovery_key(
        workspace, name, TERMINAL, save, post_quantum=not classic
    )
    place = "was printed, and is not stored" if out == "-" else f"is in {out}"
    tried = "FILE" if out == "-" else shell_path(out)
    say(
        f"the private key of {name} {place}; fingerprint {describe_key(recipient)}",
        "it decrypts everything, including groups created later: print it, put it in a safe, and leave no "
        "copy on a computer",
        f"test it: age -d -i {tried} {shell_path(f'{NAME}/keys/{granted[0]}/{name}.age')}",
    )
    if workspace.clone:
        stage(workspace.clone, *STAGED)
        say("staged: takes effect after you commit and push")
    return 0
