"""The findings about held values in plaintext."""

from __future__ import annotations

from collections.abc import Iterator

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.versions import Store
from sealedfiles.app.held.encodings import note_on_encoding
from sealedfiles.app.held.values import HeldValues, Match
from sealedfiles.app.history.values import shown_place

MESSAGE = b"commit message"
"""The path of findings in commit and tag messages."""


def findings_of(
    found: list[tuple[bytes, bytes, Match]], held: HeldValues, store: Store, parents: list[str]
) -> Iterator[Finding]:
    """Yield a finding for each match of *held* values in *found*, each with a path and its content.

    A text that is in plaintext in one of the commits *parents* is not a new leak, and usually not a secret.
    """
    if not found:
        return
    texts = [text for _, _, match in found if match.source.token for text in _texts_of(match)]
    public = store.texts_in(texts, parents)
    reported = set()
    for path, data, match in found:
        if any(own in text for text in public for own in _texts_of(match)):
            continue
        file, key = held.place(match.source)
        what = f"repeats the sealed value {shown_place(key)} of {file} in plaintext"
        what += note_on_encoding(match.held.encoding)
        if not match.source.token:
            what = f"is a copy in plaintext of {file}, which is sealed"
            if path in reported:
                continue  # its values say more
        reported.add(path)
        line = 1 + data.count(b"\n", 0, match.at)
        code = "value-in-message" if path == MESSAGE else "copied-value"
        yield Finding(code, path, what, line, subject=match.source.token)


def _texts_of(match: Match) -> set[bytes]:
    """Return the texts with which a parent has the value in plaintext already."""
    return {match.held.encoded, match.held.text}
