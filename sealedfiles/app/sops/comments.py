"""The comments of a file, and above which values they are written in a SOPS file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping

from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.formats.base import Data, value_at
from sealedfiles.formats.place import begins_line, line_start
from sealedfiles.formats.tree import Node
from sealedfiles.light_typing import NamedTuple, TypeAlias
from sealedfiles.model.address import Address
from sealedfiles.sealing.sealed_text import SealedText

END = "sops"
"""The key of the metadata, which is the last one: comments at the end of a file are above it."""


class Comment(NamedTuple):
    """One comment.  Never print it."""

    text: str
    """The text after the comment sign."""
    is_public: bool
    """Whether git has it in plaintext."""

    def __repr__(self) -> str:
        """Show no secret."""
        return "<a comment>"


Comments: TypeAlias = "Mapping[Address, list[Comment]]"
"""Comments by the address of the entry that they are written above."""


def comments_of(place: WorkingFile, data: Data) -> Comments:
    """Return the comments of a YAML or .env file, *data* being its values.

    A comment behind a value is above it in the result, as SOPS itself writes it.  In a list, a comment inside
    of an item and before its first value is above the item.
    """
    text = place.text()[1]
    version = SealedText(place.opened.data, place.described)
    public = _public(place)
    is_yaml = version.form is not None and version.form.name == "yaml"
    entries = _yaml_entries(text) if is_yaml else _dotenv_entries(text)
    comments = sorted([*version.comments, *([] if is_yaml else _behind_values(text))])
    entries = [(start, address) for start, address in entries if value_at(data, address)[0]]
    starts = [start for start, _ in entries]
    last = (max(len(data) - 1, 0), END) if isinstance(data, list) else (END,)
    found: dict[Address, list[Comment]] = {}
    for start, end in comments:
        comment = Comment(text[start:end], text[start:end].strip() in public)
        address = _entry_for(text, start - 1, starts, entries, last)
        found.setdefault(above_item(data, address), []).append(comment)
    return found


def _public(place: WorkingFile) -> set[str]:
    """Return the comments that a version has in plaintext that others can read."""
    if place.workspace.clone is None and not place.is_sealed:
        return set()
    versions = [SealedText(one, place.described) for one in place.stored_versions()]
    return {one.text[start:end].strip() for one in versions for start, end in one.comments}


def _entry_for(
    text: str, at: int, starts: list[int], entries: list[tuple[int, Address]], last: Address
) -> Address:
    """Return the entry above which the comment with its sign at *at* is written."""
    index = bisect_right(starts, at)
    if not begins_line(text, at):
        # Behind a value: the outermost entry of its line, or the entry whose last line it is.
        on_line = bisect_left(starts, line_start(text, at))
        index = on_line if on_line < index else index - 1 if index else 0
    return entries[index][1] if index < len(entries) else last


def above_item(data: Data, address: Address) -> Address:
    """Return the list item whose first value is at *address*, otherwise *address*."""
    documents = isinstance(data, list)
    while len(address) > 1 + documents and isinstance(address[-2], int):
        parent = value_at(data, address[:-1])[1]
        first = next(iter(parent), None) if isinstance(parent, dict) else 0
        if address[-1] != first:
            break
        address = address[:-1]
    return address


def _yaml_entries(text: str) -> list[tuple[int, Address]]:
    from sealedfiles.formats.yaml.tree import parse

    found: list[tuple[int, Address]] = []
    waiting: list[tuple[Node, Address]] = [(parse(text).root, ())]
    while waiting:
        node, above = waiting.pop()
        for number, entry in enumerate(node.entries):
            address = (*above, number if entry.key is None else entry.key)
            if not entry.is_merge:
                waiting.append((entry.value, address))
            if not entry.is_merge and node.kind != "documents":
                found.append((entry.start, address))
    return sorted(found, key=lambda one: (one[0], len(one[1])))


def _behind_values(text: str) -> Iterator[tuple[int, int]]:
    """Yield the comments behind values without quotes, which are sealed with the value."""
    from sealedfiles.formats.dotenv.entries import entries

    for entry in entries(text):
        rest = text[entry.value_end : entry.end]
        if rest.lstrip().startswith("#"):
            yield entry.value_end + rest.index("#") + 1, entry.end


def _dotenv_entries(text: str) -> list[tuple[int, Address]]:
    from sealedfiles.formats.dotenv.entries import entries

    return [(entry.start, (entry.key,)) for entry in entries(text)]
