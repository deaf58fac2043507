"""An index of keyed hashes of parts of the values that a clone can decrypt.

With it, a hook need not decrypt every file.  The index is the file ``.git/sealedfiles/held``.  It contains no
text: a part ("piece") is a BLAKE2b hash under a key that is derived from the clone's group keys.  The file is
authenticated with the same key, so what is damaged, or was written with other group keys, is not used.
The decrypted content of each file is one more piece, with an id like a token's.
Tokens that are new in git's index are added; when most tokens may be obsolete, the file is rebuilt.

The table (``KeyedTable``) has the hashes of pieces, with numbers made from the ids of their tokens, and the
hashes of the ids of all included tokens and blobs.  To find the blobs with a token, it also has the file id
of each token, and the blobs with each file id.  Its note has the number of tokens, now and when the index
was built, and ``HeldIndex.complete_for``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b
from pathlib import Path

from sealedfiles.app.held.matcher import content_of, pieces_of, samples_of
from sealedfiles.app.held.table import ANY, KeyedTable

_ID = 16
_PERSON = b"sealedfiles-he12"
"""Change this when the texts to search for change, or their hashes: then every existing index is rebuilt."""
START = 8
"""The number of hex digits of a blob's id that fit into a number of the table."""
_SPARE = 1000
"""Rebuild if the tokens are more than twice as many as when it was built, plus this number."""


class HeldIndex:
    """The index in the file *path* of the values that the group keys *secrets* decrypt."""

    def __init__(self, path: Path, secrets: Iterable[bytes]) -> None:
        self._key = blake2b(b"".join(sorted(secrets)), digest_size=32, person=_PERSON).digest()
        self._table = KeyedTable(path, self._key)
        tokens, _, rest = self._table.note.partition(b" ")
        built, _, self.complete_for = rest.partition(b" ")
        """A version of the repository whose sealed files are all included, as the caller describes it."""
        self._tokens, self._built = int(tokens or 0), int(built or 0)

    def clear(self) -> None:
        """Empty the index."""
        self._table.clear()
        self.complete_for = b""
        self._tokens = self._built = 0

    def lacks(self, blob: bytes) -> bool:
        """Return True if the tokens of *blob* (its id and format) are not in the index."""
        return self._hash(b"blob " + blob) not in self._table

    def is_outgrown(self) -> bool:
        """Return True if most tokens in the index may no longer exist in the repository."""
        return self._tokens > 2 * self._built + _SPARE

    def lacks_token(self, name: bytes) -> bool:
        """Return True if the token with the id *name* is not in the index."""
        return self._hash(b"token " + name) not in self._table

    def add(self, name: bytes, file_id: bytes, texts: Iterable[bytes]) -> None:
        """Add the token with the id *name* in files with the id *file_id*, and the *texts* to search for."""
        self._add(name, file_id, {piece for text in texts for piece in pieces_of(text)})

    def add_content(self, name: bytes, data: bytes) -> None:
        """Add the file with the id *name* and the decrypted content *data*, to find its copies."""
        self._add(name, name, [_digest_of(data)])

    def add_blob(self, blob: bytes, file_ids: Iterable[bytes]) -> None:
        """Record that all tokens of *blob* are in the index.

        *file_ids* are those in its tokens, and the name of its content, if that was added.
        """
        self._table.add([self._hash(b"blob " + blob)], 0)
        places = [self._hash(b"place %d" % number_of(one)) for one in file_ids]
        self._table.add(places, int(blob[:START], 16))

    def find(self, data: bytes, searched: bytes | None = None) -> set[int]:
        """Return the numbers of the tokens whose values *data* may contain, and of the files that it may be.

        They contain ``ANY`` if it may be any of them, because the file is damaged.  With *searched*, only
        values are found that may be in it.
        """
        found: set[int] = set()
        hashes = {self._hash(_digest_of(data))}
        for samples in samples_of(data if searched is None else searched):
            hashes.update(map(self._hash, samples))
            found |= self._table.numbers(hashes)
            hashes = set()
        return found

    def places(self, numbers: Collection[int]) -> set[bytes] | None:
        """Return the beginnings of the ids of all blobs that may have the tokens with *numbers*.

        They are of ``START`` digits.  Returns None if the blobs are not known, because the file is damaged.
        """
        files = self._table.numbers([self._hash(b"file %d" % one) for one in numbers])
        blobs = self._table.numbers([self._hash(b"place %d" % one) for one in files])
        return None if ANY in {*numbers, *files, *blobs} else {b"%08x" % one for one in blobs}

    def save(self, *, always: bool = False) -> None:
        """Write what was added, if anything was; with *always*, also ``complete_for`` alone.

        If the folder is not writable, nothing is written.
        """
        self._built = self._built or self._tokens
        note = b"%d %d %b" % (self._tokens, self._built, self.complete_for)
        is_new = note != self._table.note
        self._table.note = note
        self._table.save(always=always and is_new)

    def _add(self, name: bytes, file_id: bytes, pieces: Iterable[bytes]) -> None:
        number = number_of(name)
        self._table.add(map(self._hash, [b"token " + name, *pieces]), number)
        self._table.add([self._hash(b"file %d" % number)], number_of(file_id))
        self._tokens += 1

    def _hash(self, piece: bytes) -> int:
        # As secure as BLAKE2b's own key, of which it would make a separate block for each short piece.
        return int.from_bytes(blake2b(self._key + piece, digest_size=8).digest(), "little")


def _digest_of(data: bytes) -> bytes:
    """Return a piece for a file with the content *data*, which may be large."""
    return blake2b(content_of(data)).digest()


def number_of(name: bytes) -> int:
    """Return a number for the id *name*, which few other ids have."""
    return int.from_bytes(blake2b(name, digest_size=4).digest(), "little")


def token_id(token: str, format_name: str) -> bytes:
    """Return the id of *token*: the first 15 characters of its body, and one of its file's format."""
    start = token.rindex(":") + 1
    return f"{token[start : start + _ID - 1]}{format_name[:1] or '-'}".encode("ascii")


def content_id(blob: bytes) -> bytes:
    """Return the id of the content of *blob* (its id and format), which is not the id of a token."""
    oid, _, format_name = blob.partition(b" ")
    return oid[: _ID - 2] + b"=" + (format_name[:1] or b"-")
