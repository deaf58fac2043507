"""`sealedfiles unset`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.app.files.assignment import removed
from sealedfiles.app.files.in_place import change_text, read_in_place, with_place
from sealedfiles.cli.completers import complete_file, complete_path
from sealedfiles.cli.files import identity_option
from sealedfiles.errors import FormatError
from sealedfiles.model.address import parse_address, show_address
from sealedfiles.util.messages import counted, say

if TYPE_CHECKING:
    from sealedfiles.app.files.assignment import Change
    from sealedfiles.formats.base import Editor


@click.command("unset")
@click.argument("file", metavar="FILE", shell_complete=complete_file)
@click.argument("path", metavar="PATH", shell_complete=complete_path)
@identity_option
def command(file: str, path: str, identity: str | None) -> None:
    """Remove one key with its value.

    With a mapping or a list, all values in it are removed, and their number is reported.

    PATH is written as database.password, users[0].token, data."tls.crt".
    """
    address = parse_address(path)
    place = read_in_place(Path(file), identity)
    done: list[Change] = []

    def change(editor: Editor, text: str) -> str:
        done[:] = [removed(editor, text, address)]
        return done[0].text

    try:
        change_text(place, change)
    except FormatError as error:
        raise with_place(error, place) from None
    values = f" ({counted(done[0].removed, 'value')})" if done[0].removed else ""
    say(f"{place.name}: removed {show_address(address)}{values}")
