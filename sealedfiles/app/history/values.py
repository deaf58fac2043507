"""Find the values in a blob, sealed or in plaintext, with the place, the keys and the text of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sealedfiles.errors import TamperedError
from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN, VALUE, FileKey, split
from sealedfiles.sealing import File
from sealedfiles.sealing.sealed_text import SealedText

WHOLE, ELSEWHERE = b"*", b"#"
"""Places without a key path: the whole file, and comments or other places without a value."""


_Blob = tuple[str, object]
"""The id of a blob, and the format in which it is parsed."""


class PastValue(NamedTuple):
    """A value in one version of a file.  ``repr`` contains a secret, so never use it in a message."""

    path: bytes
    """The encoded key path, or ``WHOLE`` or ``ELSEWHERE``."""
    token: str
    """The token, also an unauthenticated one; empty if the value is in plaintext."""
    keys: frozenset[tuple[str, str]]
    """Group and key id of each known layer; all of these keys are needed to read the value."""
    text: str | None
    """The value, without quotes and escapes; None if it cannot be decrypted here."""
    literal: str = ""
    """The value as the file has it, with quotes and escapes; only of a value in plaintext."""

    def is_same(self, other: PastValue) -> bool:
        """Return True if both are known to be the same value."""
        if self.token and self.token == other.token:
            return True
        return self.text is not None and self.text == other.text


class TokenOpener:
    """Decrypts each token once, with the keys available in *clone*; without *clone*, none."""

    def __init__(self, clone: Clone | None) -> None:
        self.closed: set[str] = set()
        """The groups of tokens for which no key was available."""
        self._ring = clone.ring if clone else None
        self._opened: dict[str, tuple[int, bytes | None, frozenset[tuple[str, str]]]] = {}

    def open(self, token: str) -> tuple[int, bytes | None, frozenset[tuple[str, str]]]:
        """Return the kind of *token*, its literal (None if it cannot be decrypted), and its layers' keys."""
        if token not in self._opened:
            self._opened[token] = self._open(token)
        return self._opened[token]

    def open_all(self, tokens: Iterable[str]) -> Iterator[tuple[str, int, bytes]]:
        """Yield the *tokens* that can be decrypted, with kind and literal; faster than ``open`` for each."""
        by_prefix: dict[str, list[str]] = {}
        for token in tokens:
            end = token.rindex(":") + 1
            by_prefix.setdefault(token[:end], []).append(token[end:])
        for prefix, bodies in by_prefix.items():
            key = self._key(prefix)
            for body, content in zip(bodies, key.open_all(bodies) if key else (), strict=False):
                if content is None:
                    continue
                kind, _, _, literal = content
                if kind != VALUE and literal.startswith((b"sealed:v1:", b" sealed:v1:")):
                    kind, inner, _ = self.open(prefix + body)
                    if inner is not None:
                        yield prefix + body, kind, inner
                else:
                    yield prefix + body, kind, literal

    def _open(self, token: str) -> tuple[int, bytes | None, frozenset[tuple[str, str]]]:
        layers = set()
        kind = VALUE
        while True:
            parts = split(token)
            layers.add((parts.group, parts.key_id))
            key = self._key(parts.prefix)
            if key is None:
                self.closed.add(parts.group)
                return kind, None, frozenset(layers)
            try:
                kind, _, _, literal = key.open(parts.body)
            except TamperedError:
                return kind, None, frozenset(layers)
            inner = None
            if kind != VALUE and literal.startswith((b"sealed:v1:", b" sealed:v1:")):
                inner = TOKEN.fullmatch(literal.decode("ascii", "replace").removeprefix(" "))
            if inner is None:
                return kind, literal, frozenset(layers)
            token = inner[0]

    def _key(self, prefix: str) -> FileKey | None:
        return self._ring.for_prefix(prefix) if self._ring else None


class Contents:
    """The values of blobs; each blob is read and decrypted once.

    Blobs that are missing in a partial clone have no values, and are listed in ``missing``.
    """

    def __init__(self, clone: Clone, keys: TokenOpener) -> None:
        self.missing: set[str] = set()
        self._clone = clone
        self._keys = keys
        self._all: dict[_Blob, list[PastValue]] = {}
        self._sealed: dict[_Blob, list[PastValue]] = {}
        self._files: dict[bytes, File] = {}

    def of(self, path: bytes, oid: str) -> list[PastValue]:
        """Return the values of the blob *oid* as a file at *path*, sealed or in plaintext.

        Returns none if *oid* is empty.
        """
        if not oid:
            return []
        place = self._place(path, oid)
        if place not in self._all:
            self._all[place] = self._values(path, oid, self._blob(oid))
        return self._all[place]

    def sealed(self, path: bytes, oid: str) -> list[PastValue]:
        """Return the sealed values of a blob as ``of`` does, without parsing blobs that have no tokens."""
        if not oid:
            return []
        place = self._place(path, oid)
        if place not in self._sealed:
            self._read(path, oid, self._blob(oid))
        return self._sealed[place]

    def has_sealed(self, path: bytes, oid: str) -> bool:
        """Return True if a blob is known to have sealed values; reads nothing."""
        return bool(self._sealed.get(self._place(path, oid)))

    def load(self, wanted: Iterable[tuple[bytes, str]]) -> Iterator[None]:
        """Read the sealed values of (path, id) pairs in batches; yields after each pair."""
        fresh = {self._place(path, oid): (path, oid) for path, oid in wanted if oid}
        todo = [pair for place, pair in fresh.items() if place not in self._sealed]
        blobs = self._clone.objects.blobs([oid for _, oid in todo])
        for (path, oid), data in zip(todo, blobs, strict=True):
            self._read(path, oid, data)
            yield

    def _place(self, path: bytes, oid: str) -> _Blob:
        return oid, self._file(path).format

    def _file(self, path: bytes) -> File:
        if path not in self._files:
            self._files[path] = self._clone.describe_for_smudge(path)
        return self._files[path]

    def _read(self, path: bytes, oid: str, data: bytes | None) -> None:
        place = self._place(path, oid)
        self._sealed[place] = []
        if data is None or b"sealed:v" in data:
            values = self._all[place] = self._values(path, oid, data)
            self._sealed[place] = [value for value in values if value.token]

    def _values(self, path: bytes, oid: str, data: bytes | None) -> list[PastValue]:
        if data is None:
            self.missing.add(oid)
        return values_in(data or b"", self._file(path), self._keys)

    def _blob(self, oid: str) -> bytes | None:
        return self._clone.objects.blob(oid.encode("ascii"))


def values_in(data: bytes, file: File, keys: TokenOpener) -> list[PastValue]:
    """Return the values of a stored file, sealed or in plaintext, in no order."""
    if not data:
        return []
    version = SealedText(data, file)
    if version.whole and (file.format is None or keys.open(version.whole)[0] != VALUE):
        return [_sealed(WHOLE, version.whole, file, keys)]
    is_broken = version.scan is None and not version.sides
    if is_broken and b"sealed:v1:" not in data:
        return [PastValue(WHOLE, "", frozenset(), data.decode("latin-1"))]
    if version.scan is None:
        tokens = TOKEN.findall(data.decode("utf-8", "replace"))
        return [_sealed(ELSEWHERE, token, file, keys) for token in tokens]
    text = version.text
    found: list[PastValue] = []
    used = set()
    for span in version.values:
        match = TOKEN.search(text, span.start, span.end)
        if match:
            used.add(match.start())
            found.append(_sealed(span.path, match[0], file, keys))
        elif span.start < span.end:
            decoded, literal = version.decoded(span), version.literal(span)
            if UNAUTHENTICATED_TOKEN.fullmatch(decoded):
                parts = split(decoded)
                layers = frozenset([(parts.group, parts.key_id)])
                found.append(PastValue(span.path, decoded, layers, None))
            else:
                found.append(PastValue(span.path, "", frozenset(), decoded, literal))
    if text.count("sealed:v1:") > len(used):
        rest = (match for match in TOKEN.finditer(text) if match.start() not in used)
        found += [_sealed(ELSEWHERE, match[0], file, keys) for match in rest]
    return found


def file_id_of(values: Iterable[PastValue]) -> str:
    """Return the most common file id of the *values*; empty if none is sealed."""
    ids = Counter(split(value.token).file_id for value in values if value.token)
    return ids.most_common(1)[0][0] if ids else ""


def shown_place(path: bytes) -> str:
    """Return the place of a value, for display."""
    if path == WHOLE:
        return "the whole file"
    return "in a comment" if path == ELSEWHERE else paths.show(path)


def _sealed(path: bytes, token: str, file: File, keys: TokenOpener) -> PastValue:
    kind, literal, layers = keys.open(token)
    if literal is None:
        return PastValue(path, token, layers, None)
    if kind != VALUE or file.format is None:
        return PastValue(path, token, layers, literal.decode("latin-1"))
    return PastValue(path, token, layers, file.format.decode(literal.decode("utf-8", "replace")))
