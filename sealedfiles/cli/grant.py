"""`sealedfiles grant`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles import age
from sealedfiles.app.access.granting import grant_access
from sealedfiles.app.workspace import ReadOptions, workspace_at
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group, complete_reader
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.keys.recipients import describe_key, parse_recipients, read_recipients
from sealedfiles.util.messages import say


@declaration.command("grant")
@declaration.argument("name", shell_complete=complete_reader)
@declaration.argument("keys", metavar="[KEY]...", nargs=-1)
@declaration.option(
    "--key-file", metavar="FILE", is_path=True, help="A file with public keys, one per line."
)
@declaration.option(
    "--to",
    "groups",
    metavar="GROUP",
    multiple=True,
    required=True,
    help="May be repeated.",
    shell_complete=complete_group,
)
@identity_option
@exclusive()
def command(
    name: str,
    keys: tuple[str, ...],
    key_file: str | None,
    groups: tuple[str, ...],
    identity: str | None,
) -> int:
    """Give a reader access to a group.

    KEY is the public key of the reader NAME.  You may omit it if you gave or confirmed it in this clone
    before; otherwise you are asked to confirm it.  If the group does not exist, it is created, with you as
    its first reader.  The changes are staged, not committed: git's history is the access log.

    \b
    Examples:
      sealedfiles grant bob age1pq1… --to default
      sealedfiles grant ci --key-file deploy.pub --to production
    """
    workspace = workspace_at(Path.cwd(), ReadOptions(identity))
    grant_access(workspace, name, _recipients(keys, key_file), groups, TERMINAL)
    prints = ", ".join(describe_key(one) for one in read_recipients(workspace.folder, name))
    say(f"public key of {name}: {prints}", f"verify this fingerprint with {name}")
    if workspace.clone:
        say("staged: takes effect after you commit and push")
    return 0


def _recipients(keys: tuple[str, ...], key_file: str | None) -> list[age.Recipient]:
    text = "".join(key + "\n" for key in keys)
    if key_file:
        return parse_recipients(text + Path(key_file).read_text(encoding="utf-8"), key_file)
    return parse_recipients(text, "KEY")
