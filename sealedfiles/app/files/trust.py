"""Refuse values that a reader may not have sealed at their places, or that refer to sealed values."""

from __future__ import annotations

import contextlib

from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.errors import FormatError, TamperedError
from sealedfiles.formats.base import Data, child_of
from sealedfiles.model.address import Address, no_such_value
from sealedfiles.sealing.file import line_of, structured_text
from sealedfiles.util.messages import shell_path

_LINE_ENDS = tuple(sign.encode() for sign in "\x85\u2028\u2029")
"""The characters of ``YamlScan.other_line_ends``, for a look that asks git nothing."""


def require_no_references(
    place: WorkingFile, dialect: str = "python", address: Address = ()
) -> None:
    """Raise TamperedError if a value at *address*, or below it, is a plaintext reference to a sealed value
    (``sealedfiles.app.files.references``)."""
    from sealedfiles.app.files.reference import refuse_references
    from sealedfiles.app.files.references import find_references

    found = find_references(place, dialect)
    below = [one for one in found if one.address[: len(address)] == address]
    refuse_references(place.path, below)


def require_trusted(place: WorkingFile, address: Address = ()) -> None:
    """Raise TamperedError if a reader may not have sealed a value at *address*, or below it.

    The empty address is the whole file.
    """
    from sealedfiles.app.files.provenance import suspects_in
    from sealedfiles.app.files.suspects import refuse_suspects

    suspects = suspects_in(place)
    if suspects and address:
        start, end, _ = place.editor().locate(place.text()[1], address)
        suspects = [one for one in suspects if start <= one.start < end]
    refuse_suspects(place.path, suspects)


def require_readers_value(place: WorkingFile, address: Address, dialect: str) -> None:
    """Raise TamperedError unless a reader sealed the value at *address* there, and it shows no other one."""
    from sealedfiles.app.files.provenance import suspects_in

    place = place._replace(suspects=suspects_in(place))  # both look for them
    require_trusted(place, address)
    require_no_references(place, dialect, address)


def require_same_lines(place: WorkingFile) -> None:
    """Raise TamperedError if a YAML 1.1 parser reads other lines in the plaintext of a stored version.

    The text is printed for another program, which may be such a parser.
    """
    form = place.described.format
    if place.workspace.allow_plaintext or form is None or form.name != "yaml":
        return
    if not any(sign in place.opened.data for sign in _LINE_ENDS):
        return
    from sealedfiles.formats.yaml.format import YamlScan

    for version in place.stored_versions():
        structured = structured_text(version) if b"sealed:v1:" in version else None
        with contextlib.suppress(FormatError):
            text = structured[1] if structured else ""
            for at in YamlScan(text).other_line_ends():
                line, sign = line_of(text, at), ord(text[at])
                raise TamperedError(
                    f"{place.name}:{line}: U+{sign:04X} outside of quotes is a line end in YAML 1.1: "
                    "other programs may read other values",
                    f"find who wrote it: git log -p -- {shell_path(place.path)}",
                    "to print it as it is: --allow-plaintext",
                )


def look_up(place: WorkingFile, address: Address, data: Data, dialect: str = "python") -> Data:
    """Return the value at *address* in *data*, the loaded content of the file.

    *dialect* is the one that a .env file was loaded with.  Raises NoSuchValueError if the value does not
    exist, NoKeyError or TamperedError if any of it stays sealed, and TamperedError if a reader may not have
    sealed it.
    """
    value = data
    try:
        for step in address:
            value = child_of(value, step)
    except LookupError:
        raise no_such_value(address, place.editor().addresses(place.text()[1])) from None
    place.require_no_tokens(value)
    require_readers_value(place, address, dialect)
    return value
