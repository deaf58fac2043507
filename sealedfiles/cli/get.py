"""`sealedfiles get`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.files.trust import look_up, require_readers_value
from sealedfiles.app.files.working_file import WorkingFile, load_values, read_in_place, with_place
from sealedfiles.app.workspace import ReadOptions
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file, complete_path
from sealedfiles.cli.files import (
    dialect_option,
    print_bytes,
    print_value,
    reading_options,
    warn_of_older_keys,
)
from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data
from sealedfiles.model.address import Address, parse_address, show_address


@declaration.command("get")
@declaration.argument("file", metavar="FILE", shell_complete=complete_file)
@declaration.argument("path", metavar="PATH", shell_complete=complete_path)
@declaration.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for mappings and lists or to keep types."
)
@declaration.option("--raw", is_flag=True, help="Print the source of the value, with its quotes.")
@declaration.option(
    "--base64",
    "as_base64",
    is_flag=True,
    help="Decode the value from base64, as in the data of a Kubernetes Secret.",
)
@declaration.option("-n", "--no-newline", is_flag=True, help="Do not add a line ending.")
@dialect_option
@reading_options
def command(
    file: str,
    path: str,
    as_json: bool,
    raw: bool,
    as_base64: bool,
    no_newline: bool,
    dialect: str,
    options: ReadOptions,
) -> None:
    """Print one value.

    PATH is written like database.password, users[0].token or data."tls.crt"; a single dot is the whole file.
    """
    chosen = [
        name
        for name, given in (("--json", as_json), ("--raw", raw), ("--base64", as_base64))
        if given
    ]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} exclude each other")
    address = parse_address(path)
    place = read_in_place(Path(file), options)
    try:
        if raw:
            text = _literal(place, address, dialect)
        else:
            value = look_up(place, address, load_values(place, dialect, as_written=True), dialect)
            text = _written(value, address, as_json)
    except FormatError as error:
        raise with_place(error, place) from None
    warn_of_older_keys(place.workspace)
    if as_base64:
        print_bytes(_decoded(text, address), newline=not no_newline)
    else:
        print_value(text, newline=not no_newline)


def _decoded(text: str, address: Address) -> bytes:
    """Return the bytes that *text* is the base64 of.  Raises UsageError."""
    from base64 import b64decode  # here: few values are in base64

    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise UsageError(
            f"the value at {show_address(address)} is not base64", "print it without --base64"
        ) from None


def _literal(place: WorkingFile, address: Address, dialect: str) -> str:
    text = place.text()[1]
    start, end, _ = place.editor().locate(text, address)
    place.require_no_tokens(text[start:end])
    require_readers_value(place, address, dialect)
    return text[start:end]


def _written(value: Data, address: Address, as_json: bool) -> str:
    if isinstance(value, str) and not as_json:
        return value
    if as_json:
        from sealedfiles.app.files.export import json_text  # imported here: rarely needed

        return json_text(value)
    if isinstance(value, (dict, list)):
        kind = "a mapping or list" if value else "an empty mapping or list"
        raise UsageError(f"{show_address(address)} is {kind}", "print it with --json")
    return "null" if value is None else "true" if value else "false"
