"""Search for every value that a clone can decrypt, now or in its history, in all encodings."""

from __future__ import annotations

from collections import Counter

from sealedfiles.app.held.encodings import PLAIN
from sealedfiles.app.held.matcher import Matcher
from sealedfiles.app.held.values import encodings_of_value, texts_of_token
from sealedfiles.app.history.values import ELSEWHERE, WHOLE, TokenOpener
from sealedfiles.app.scan.searched_lines import SearchedLines
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.token import TOKEN, VALUE, split
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.sealed_text import SealedText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.app.scan.sealed_versions import SealedVersion
    from sealedfiles.git.clone import Clone
    from sealedfiles.sealing import File


class HeldValue(NamedTuple):
    """A text to search for, and the sealed value that it is from.  ``text`` is a secret: never print it."""

    token: str
    path: bytes
    """The sealed file; empty if no commit has the blob."""
    oid: str
    """The blob of the sealed file."""
    encoding: str
    text: bytes
    """The value, or one line of it, without encoding."""
    is_current: bool
    """Whether the index has the value; otherwise it is an earlier one."""

    @property
    def identity(self) -> tuple[object, ...]:
        """What is equal in two places with the same value in the same encoding."""
        return self.token, self.encoding


class Hit(NamedTuple):
    """A held value in plaintext."""

    at: int
    value: HeldValue


class HeldSearch:
    """The held values.  Add them first, then ``find`` them in any number of texts."""

    def __init__(self, clone: Clone) -> None:
        self.weak: list[HeldValue] = []
        """The current values that are too short or too common to search for."""
        self.count = 0
        """The number of values to search for."""
        self.closed: Counter[str] = Counter()
        """The number of tokens that could not be decrypted, by group."""
        self.unknown = 0
        """The number of searched texts with new lines that have tokens that were not added."""
        self._clone = clone
        self._keys = TokenOpener(clone)
        self._keys_of: dict[str, dict[str, bytes]] = {}
        """The key paths of tokens by blob."""
        self._tokens: set[str] = set()
        self._texts: set[bytes] = set()
        self._matcher: Matcher[HeldValue] = Matcher()
        self._searched = SearchedLines()

    def add(self, versions: Iterable[SealedVersion]) -> None:
        """Add the values in stored files.  Each token counts once, each text once."""
        for version in versions:
            tokens = dict.fromkeys(TOKEN.findall(version.data.decode("utf-8", "replace")))
            new = [token for token in tokens if token not in self._tokens]
            self._tokens.update(new)
            file = self._file_at(version.path, version.data)
            closed = set(new)
            for token, kind, literal in self._keys.open_all(new):
                value = HeldValue(token, version.path, version.oid, PLAIN, b"", version.is_current)
                self._add_value(value, texts_of_token(kind, literal, file))
                closed.discard(token)
            self.closed.update(split(token).group for token in closed)

    def add_only(self, versions: Iterable[SealedVersion]) -> bool:
        """Add the values in *versions*, search only for those, and return whether there are any."""
        self._matcher = Matcher()
        self._searched = SearchedLines()
        self.add(versions)
        return bool(len(self._matcher))

    def find(self, data: bytes) -> list[Hit]:
        """Return the held values in *data* in file order, one hit for each token and encoding."""
        new = self._searched.new_in(data)
        if b"sealed:v1:" in new.text:
            tokens = TOKEN.findall(new.text.decode("utf-8", "replace"))
            self.unknown += any(token not in self._tokens for token in tokens)
        matches = list(self._matcher.find(data, new.text))
        self._searched.add(new, [text for _, text, _ in matches])
        found: dict[tuple[str, str], Hit] = {}
        for at, _, value in matches:
            place = value.token, value.encoding
            if place not in found or at < found[place].at:
                found[place] = Hit(at, value)
        return sorted(found.values(), key=lambda hit: hit.at)

    def key_of(self, value: HeldValue) -> bytes:
        """Return the key path of a value in its file, or its place as in ``app.history.values``."""
        if value.oid not in self._keys_of:
            self._keys_of[value.oid] = self._read_keys(value.path, value.oid)
        return self._keys_of[value.oid].get(value.token, ELSEWHERE)

    def _read_keys(self, path: bytes, oid: str) -> dict[str, bytes]:
        """Return the key path of each token in a blob."""
        data = self._clone.objects.blob(oid.encode("ascii")) or b""
        version = SealedText(data, self._file_at(path, data))
        if version.whole and self._keys.open(version.whole)[0] != VALUE:
            return {version.whole: WHOLE}
        found = {}
        for span in version.values:
            token = version.token_in(span)
            if token:
                found[token] = span.path
        return found

    def groups_of(self, value: HeldValue) -> tuple[str, ...]:
        """Return the groups whose keys are needed to decrypt *value*, in byte order."""
        return tuple(sorted({group for group, _ in self._keys.open(value.token)[2]}))

    def _add_value(self, value: HeldValue, texts: list[bytes]) -> None:
        if not texts:
            if value.is_current:
                self.weak.append(value)
            return
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        self._texts.update(new)
        self.count += bool(new)
        for text in new:
            for encoding, encoded in encodings_of_value(text):
                # The search is by lines, except in data with NUL, such as UTF-16 (U+010A has the byte of LF).
                if b"\n" not in encoded or b"\x00" in encoded:
                    self._matcher.add(encoded, value._replace(encoding=encoding, text=text))

    def _file_at(self, path: bytes, data: bytes) -> File:
        if path:
            return self._clone.describe_for_smudge(path)
        # Nothing but its content shows the format of a blob that no commit has.
        start = data.lstrip()[:1]
        if start in (b"{", b"["):
            return describe_file(path, "json")
        return describe_file(path, "yaml" if b'"sealed:v1:' in data else "dotenv")
