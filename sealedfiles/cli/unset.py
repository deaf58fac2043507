"""`sealedfiles unset`."""

from __future__ import annotations

from pathlib import Path

import click

from sealedfiles.address import parse_address
from sealedfiles.cli.completers import complete_file, complete_path
from sealedfiles.cli.files import identity_option
from sealedfiles.errors import FormatError
from sealedfiles.in_place import change_text, read_in_place, with_place


@click.command("unset")
@click.argument("file", metavar="FILE", shell_complete=complete_file)
@click.argument("path", metavar="PATH", shell_complete=complete_path)
@identity_option
def command(file: str, path: str, identity: str | None) -> None:
    """Remove one key with its value and its line or lines.

    PATH is written as database.password, users[0].token, data."tls.crt".
    """
    address = parse_address(path)
    place = read_in_place(Path(file), identity)
    try:
        change_text(place, lambda editor, text: editor.remove(text, address))
    except FormatError as error:
        raise with_place(error, place) from None
