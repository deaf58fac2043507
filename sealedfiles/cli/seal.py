"""`sealedfiles seal`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sealedfiles.app.files.sealing import seal_in_place
from sealedfiles.app.workspace import ReadOptions, Workspace
from sealedfiles.cli import declaration
from sealedfiles.cli.files import each_file, expect_option, files_argument, identity_option
from sealedfiles.cli.prompts import AT_TERMINAL, TERMINAL
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, say, shell_path

if TYPE_CHECKING:
    from sealedfiles.app.public_keys import CurrentPublicKey


@declaration.command("seal")
@files_argument
@declaration.option(
    "--yes", is_flag=True, help="Do not ask about values that git has in plaintext."
)
@declaration.option(
    "--group",
    "groups",
    metavar="GROUP",
    multiple=True,
    help="Encrypt values of this group to its public key if you do not read it.  May be repeated.",
)
@expect_option
@identity_option
def command(
    files: tuple[str, ...],
    yes: bool,
    groups: tuple[str, ...],
    expected: tuple[str, ...],
    identity: str | None,
) -> int:
    """Encrypt the values of files in place.

    The policy determines which values become tokens.  Values that are the same in git keep their tokens.
    Values that git has in plaintext, or that a checkout wrote in plaintext, may come from anyone with push
    access: they are listed first, and you are asked about them.

    If you do not read a group, its values cannot be sealed, except with --group.  They are then written
    without reading, as by `sealedfiles set --group`: a reader of the group must accept them.
    """
    if expected and not groups:
        raise UsageError("--expect-key needs --group")
    writer = _Writer(groups, expected) if groups else None
    return each_file(files, ReadOptions(identity), partial(_seal, yes, writer))


def _seal(yes: bool, writer: _Writer | None, workspace: Workspace, file: Path, path: bytes) -> int:
    if writer:
        writer.write(workspace, file, path)
    values = seal_in_place(workspace, file, path, TERMINAL, yes=yes)
    if values is None:
        return SealedFilesError.exit_code
    say(f"{show_path(path)}: {counted(values, 'value')} sealed")
    return 0


class _Writer:
    """Encrypts values of groups that the user does not read to the public keys of these groups."""

    def __init__(self, groups: tuple[str, ...], expected: tuple[str, ...]) -> None:
        from sealedfiles.app.public_keys import parse_expected

        self._groups = groups
        self._expected = parse_expected(expected)
        self._confirmed: dict[tuple[Path, str], CurrentPublicKey] = {}

    def write(self, workspace: Workspace, file: Path, path: bytes) -> None:
        from sealedfiles.app.files.working_file import read_file
        from sealedfiles.app.files.write_only import write_unread

        unread = [group for group in self._groups if not workspace.ring.holds(group)]
        keys = {group: self._key(workspace, group) for group in unread}
        count = write_unread(read_file(workspace, file, path), keys) if keys else 0
        if count:
            say(
                f"{show_path(path)}: {counted(count, 'value')} written without reading",
                f"a reader of the group accepts them: sealedfiles accept {shell_path(path)}",
            )

    def _key(self, workspace: Workspace, group: str) -> CurrentPublicKey:
        from sealedfiles.app.public_keys import confirmed_public_key

        place = workspace.root, group
        if place not in self._confirmed:
            expected = self._expected.get(group)
            self._confirmed[place] = confirmed_public_key(workspace, group, expected, AT_TERMINAL)
        return self._confirmed[place]
