"""What the editor shows of a file: its plaintext, or Kubernetes Secrets with their data decoded.

``data`` of a Secret is base64.  Decoded, it is edited as ``stringData`` would be, and what was not changed
is written back with its source.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator

from sealedfiles.app.files.working_file import WorkingFile, encoded, with_place
from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats import load_editor
from sealedfiles.formats.base import Data, Editor
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.address import Address
from sealedfiles.sealing.file import structured_text
from sealedfiles.util.lazy_pattern import lazy_pattern

_FORMATS = ("yaml", "json")
_CONTROL = lazy_pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class View:
    """The plaintext as it is."""

    def shown(self, place: WorkingFile) -> bytes:
        """Return the text that the editor shows.  Raises UsageError, FormatError."""
        return place.opened.data

    def plain(self, place: WorkingFile, edited: bytes) -> bytes:
        """Return the plaintext for *edited*, an edit of ``shown(place)``.  Raises UsageError, FormatError."""
        del place
        return edited


class _Entry(NamedTuple):
    """A value in the data of a Secret.  ``repr`` contains a secret."""

    value: str
    literal: str
    decoded: str | None
    """None if it is shown as it is: it is sealed, is no text, or no base64."""


class DecodedView(View):
    """Shows the data of Secrets decoded."""

    def shown(self, place: WorkingFile) -> bytes:
        """See ``View``."""
        bom, text, editor = _parts(place, place.opened.data)
        return encoded(bom + self._decoded(place, editor, text)[0])

    def plain(self, place: WorkingFile, edited: bytes) -> bytes:
        """See ``View``."""
        _, text, editor = _parts(place, place.opened.data)
        shown, entries = self._decoded(place, editor, text)
        bom, new, _ = _parts(place, edited)
        if new == shown:
            return encoded(bom + text)
        kept = {entry.value for entry in entries.values() if entry.decoded is None}
        for address, value in _data_of_secrets(_load(place, editor, new)):
            before = entries.get(address)
            if before and before.decoded == value:
                new = _restored(editor, new, address, before)
            elif value not in kept:
                new = editor.assign(new, address, b64encode(encoded(value)).decode("ascii"))
        return encoded(bom + new)

    def _decoded(
        self, place: WorkingFile, editor: Editor, text: str
    ) -> tuple[str, dict[Address, _Entry]]:
        entries = {}
        for address, value in _data_of_secrets(_load(place, editor, text)):
            start, end, _ = editor.locate(text, address)
            literal, decoded = text[start:end], _text_in(value)
            if decoded is not None:
                try:
                    text = editor.assign(text, address, decoded)
                except UsageError:  # an alias, or nothing that the format can represent
                    decoded = None
            entries[address] = _Entry(value, literal, decoded)
        return text, entries


def _parts(place: WorkingFile, data: bytes) -> tuple[str, str, Editor]:
    """Return the BOM, the text, and the editor.  Raises UsageError for another format."""
    form = place.described.format
    structured = structured_text(data) if form and form.name in _FORMATS else None
    if form is None or structured is None:
        raise UsageError(
            f"{place.name} has no data of Kubernetes Secrets: only YAML and JSON files have",
            "edit it without --base64",
        )
    return (*structured, load_editor(form.name))


def _load(place: WorkingFile, editor: Editor, text: str) -> Data:
    try:
        return editor.load(text, as_written=True) if text.strip() else None
    except FormatError as error:
        raise with_place(error, place) from None


def _data_of_secrets(data: Data, above: Address = ()) -> Iterator[tuple[Address, str]]:
    """Yield the values in ``data`` of each Secret, with their addresses."""
    if isinstance(data, list):
        for number, item in enumerate(data):
            yield from _data_of_secrets(item, (*above, number))
    elif isinstance(data, dict):
        inner = data.get("data")
        if data.get("kind") == "Secret" and isinstance(inner, dict):
            for key, value in inner.items():
                if isinstance(value, str):
                    yield (*above, "data", key), str(value)
        else:
            for key, value in data.items():
                yield from _data_of_secrets(value, (*above, key))


def _text_in(value: str) -> str | None:
    """Return the text that *value* is the base64 of, or None."""
    try:
        text = b64decode("".join(value.split()), validate=True).decode("utf-8")
    except ValueError:
        return None
    return text if text and not _CONTROL.search(text) else None


def _restored(editor: Editor, text: str, address: Address, entry: _Entry) -> str:
    """Return *text* with the source of *entry* again, which changes no token."""
    text = editor.assign(text, address, entry.value)
    start, end, _ = editor.locate(text, address)
    exact = text[:start] + entry.literal + text[end:]
    try:
        is_same = editor.load(exact) == editor.load(text)
    except FormatError:
        is_same = False
    return exact if is_same else text
