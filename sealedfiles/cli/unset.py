"""`sealedfiles unset`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.files.setting import remove_value
from sealedfiles.app.files.working_file import read_in_place
from sealedfiles.app.workspace import ReadOptions
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file, complete_path
from sealedfiles.cli.files import identity_option
from sealedfiles.model.address import parse_address, show_address
from sealedfiles.util.messages import counted, say


@declaration.command("unset")
@declaration.argument("file", metavar="FILE", shell_complete=complete_file)
@declaration.argument("path", metavar="PATH", shell_complete=complete_path)
@identity_option
def command(file: str, path: str, identity: str | None) -> None:
    """Remove one key with its value.

    If the value is a mapping or a list, all values in it are removed, and their number is reported.

    PATH is written like database.password, users[0].token or data."tls.crt".
    """
    address = parse_address(path)
    place = read_in_place(Path(file), ReadOptions(identity))
    change = remove_value(place, address)
    values = f" ({counted(change.removed, 'value')})" if change.removed else ""
    say(f"{place.name}: removed {show_address(address)}{values}")
