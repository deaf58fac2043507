"""Reseal: the values stay, their tokens change.

``renew_file`` reseals, after a rotation, the tokens under older keys. It does not ask the policy: each token
that a stale key made, and that is at its own place, is made again with the group's current key for the same
place. ``reseal_file`` reseals one file: its values go to the groups of the policy, and it takes the id of its
own path.  ``move_file`` seals a file again as the policy now says, for `track`, `untrack` and `reseal`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection

from sealedfiles import formats
from sealedfiles.errors import FormatError, RoundTripError, TamperedError
from sealedfiles.formats.base import splice
from sealedfiles.model import paths
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import COMMENT, TOKEN, VALUE, FileKey, prefixes_of
from sealedfiles.sealing.collector import without_collector
from sealedfiles.sealing.file import (
    File,
    Keys,
    Opened,
    decide_file_id,
    describe_file,
    is_whole,
    structured_text,
)
from sealedfiles.sealing.guards import keeps_whole
from sealedfiles.sealing.occurrences import Occurrences
from sealedfiles.sealing.open import open_file, open_text
from sealedfiles.sealing.opened_tokens import OpenedToken, layers_of_token, open_tokens, opened_at
from sealedfiles.sealing.previous import Previous
from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.sealed_text import Text
from sealedfiles.sealing.stored import Noted, StoredPlaintext
from sealedfiles.sealing.structured import Sealing
from sealedfiles.sealing.verification import not_reversible
from sealedfiles.sealing.whole import seal_to_groups, whole_groups_of
from sealedfiles.util.messages import shell_path


@without_collector
def renew_file(
    sealed: bytes,
    file: File,
    keys: Keys,
    is_stale: Callable[[str], bool],
    kept: Collection[str] = (),
) -> bytes:
    """Return *sealed* with each token resealed whose prefix *is_stale*; all others stay as they are.

    The tokens *kept* stay as well: a removed reader may have made them, and resealed they would look valid. A
    token that cannot be decrypted, or that was made for another place, stays too. Raises NoKeyError and
    TamperedError if a current key is not available.
    """
    if not any(map(is_stale, _prefixes(sealed, file, keys))):
        return sealed
    if is_whole(sealed):
        if any(token in kept for token in TOKEN.findall(sealed.decode("utf-8", "replace"))):
            return sealed
        groups = whole_groups_of(sealed, keys)
        opened = open_file(sealed, file, keys)
        if groups and opened.opened and not opened.problems:
            return seal_to_groups(opened.data, groups, sealed, file, keys)
    structured = None if file.format is None else structured_text(sealed)
    if file.format is None or structured is None:
        return sealed
    bom, text = structured
    renewed = _Renewal(text, file, keys, is_stale, kept=kept).result()
    # The tokens are replaced in place, so comparing their values is enough.
    if _spliced(renewed, file, keys) != _spliced(text, file, keys):
        raise RoundTripError(
            f"{file.name}: the values cannot be sealed with new keys: they could not be decrypted again;"
            " nothing was stored"
        )
    return (bom + renewed).encode("utf-8")


def _prefixes(sealed: bytes, file: File, keys: Keys) -> set[str]:
    """Return the prefixes of the tokens in *sealed*, also of those within tokens: see ``layers_of_token``."""
    text = sealed.decode("utf-8", "replace")
    signs = file.format.comment_signs if file.format else ()
    may_be_nested = is_whole(sealed) or any(f"{sign}sealed:v1:" in text for sign in signs)
    layers = (layers_of_token(one, keys) for one in (TOKEN.findall(text) if may_be_nested else ()))
    return prefixes_of(text).union(layer.prefix for found in layers for layer, _ in found)


def _spliced(text: str, file: File, keys: Keys) -> str:
    return splice(text, open_tokens(text, file, keys)[0])


@without_collector
def reseal_file(
    sealed: bytes,
    file: File,
    rules: FileRules,
    keys: Keys,
    stored: bytes = b"",
    noted: Noted | None = None,
) -> bytes:
    """Return *sealed* under current keys, to the groups of the policy, with the file id of its own path.

    A value that the policy leaves in plaintext stays sealed to its group. One that the policy seals is
    sealed, unless *stored*, git's version, has it in plaintext, or a checkout wrote it (*noted*). A value
    whose old or new group is not held keeps its token, and then the file keeps its id. Raises NoKeyError and
    TamperedError if a value cannot be sealed.
    """
    opened = open_file(sealed, file, keys)
    own = file.new_id()
    if any(problem.reason == "no-key" for problem in opened.problems):
        own = decide_file_id(file, sealed.decode("utf-8", "replace"))
    before = whole_groups_of(sealed, keys) if is_whole(sealed) else []
    if before and opened.opened and not opened.problems:
        return seal_to_groups(opened.data, rules.whole_groups() or before, b"", file, keys)
    structured = None if file.format is None else structured_text(sealed)
    if file.format is None or structured is None:
        return sealed

    def is_stale(prefix: str) -> bool:
        group = prefix.split(":")[2]
        return keys.holds(group) and keys.sealing_key(group, own).prefix != prefix

    def group_of(path: bytes, group: str) -> str:
        wanted = rules.group_of(path) or group
        return wanted if keys.holds(wanted) else group

    bom, text = structured
    renewed = (bom + _Renewal(text, file, keys, is_stale, own, group_of).result()).encode("utf-8")
    plaintext = StoredPlaintext([stored], file, noted)
    new = seal_file(opened.data, [renewed], file, rules, keys, stored=plaintext)
    if open_file(new, file, keys).data != opened.data:
        raise TamperedError(
            f"{file.name}: tokens at a wrong key path prevent it",
            f"if they belong there: sealedfiles rebind {shell_path(file.path)}",
        )
    return new


class _Renewal:
    """The renewal of one structured text."""

    def __init__(
        self,
        text: str,
        file: File,
        keys: Keys,
        is_stale: Callable[[str], bool],
        own_id: str | None = None,
        group_of: Callable[[bytes, str], str] = lambda _path, group: group,
        kept: Collection[str] = (),
    ) -> None:
        self._text = text
        self._file = file
        self._keys = keys
        self._is_stale = is_stale
        self._group_of = group_of
        self._kept = kept
        self._opened_tokens, _ = open_text(text, file, keys)
        self._paths = self._find_paths(file)
        self._file_id = own_id or decide_file_id(file, text)
        self._occurrences = Occurrences()

    def result(self) -> str:
        """Return the text with stale tokens replaced."""
        for one in self._opened_tokens:
            place = (one.key, one.kind, one.path_tag, one.literal)
            self._occurrences.keep(place, one.occurrence)
        edits = []
        for one in self._opened_tokens:
            groups = self._new_groups(one)
            if groups is not None:
                start = self._text.index(one.token, one.start)
                edits.append((start, start + len(one.token), self._token(one, groups)))
        return splice(self._text, edits)

    def _find_paths(self, file: File) -> dict[int, bytes]:
        """Return the key path of each token by its offset; none if the text has conflict markers."""
        plain = Text(splice(self._text, self._opened_tokens), file.format)
        if plain.scan is None:
            return {}
        values = {span.start: span.path for span in plain.values}
        found = {}
        for start, one in opened_at(self._opened_tokens):
            path = values.get(start) if one.kind == VALUE else paths.ROOT
            if path is not None:
                found[one.start] = path
        return found

    def _new_groups(self, one: OpenedToken) -> list[str] | None:
        """Return the groups to reseal a token to, outermost first, or None if it stays."""
        path = self._paths.get(one.start)
        if path is None or one.token in self._kept:
            return None
        layers = [one.key.prefix]
        if one.kind == COMMENT:  # nothing else has several in a structured text
            layers = [layer.prefix for layer, _ in layers_of_token(one.token, self._keys)]
        before = [prefix.split(":")[2] for prefix in layers]
        groups = [self._group_of(path, before[0])] if one.kind == VALUE else before
        stays = groups == before and not any(self._is_stale(prefix) for prefix in layers)
        return None if stays else groups

    def _token(self, one: OpenedToken, groups: list[str]) -> str:
        """Seal a token's literal to *groups*, the first one last."""
        literal, token = one.literal, ""
        for group in reversed(groups):
            key = self._keys.sealing_key(group, self._file_id)
            tag = key.path_tag(self._paths[one.start])
            if one.kind == COMMENT:
                token = self._comment_token(key, tag, literal, is_outer=group == groups[0])
            else:
                occurrence = self._occurrences.take((key, one.kind, tag, literal))
                token = key.seal(one.kind, occurrence, tag, literal.encode("utf-8"))
            literal = f" {token}"
        return token

    def _comment_token(self, key: FileKey, tag: bytes, literal: str, *, is_outer: bool) -> str:
        assert self._file.format is not None  # noqa: S101 - it has comments
        token = self._occurrences.comment_token(
            key, tag, literal, self._file.format, is_outer=is_outer
        )
        if token is None:
            raise RoundTripError(
                f"{self._file.name}: a comment is too long to be sealed with a new key",
                f"seal the file as a whole: sealedfiles track --format whole {shell_path(self._file.path)}",
            )
        return token


def move_file(sealed: bytes, file: File, rules: FileRules, keys: Keys) -> bytes:
    """Return *sealed* as the policy now says. Nothing else makes a sealed value plaintext in git.

    A value that the policy assigns to another group is sealed to that group. One that it leaves in plaintext
    becomes plaintext, and one in plaintext that it seals is sealed. Everything else keeps its token, and so
    do tokens whose key is not available. Raises what ``seal_file`` raises.
    """
    if not sealed:
        return sealed
    before, opened = _open_as_it_was(sealed, file, keys)
    if is_whole(sealed) and opened.problems:
        return sealed
    structured = None if file.format is None else structured_text(opened.data)
    stays = keeps_whole(sealed, file, rules, keys)
    if file.format is not None and structured is not None and not stays:
        bom, text = structured
        with contextlib.suppress(FormatError):
            scan = file.format.scan(text)
            same = before.format is file.format and not is_whole(sealed)
            previous = Previous(sealed, file, keys) if same else None
            moving = Sealing(text, scan, previous, file, rules, keys, follow_rules=True)
            moved = moving.result()
            lost = moving.first_lost(moved)
            if lost is not None:
                raise not_reversible(file, text, lost, scan.values)
            return (bom + moved).encode("utf-8")
    groups = rules.whole_groups()
    if is_whole(sealed) and groups and whole_groups_of(sealed, keys) == groups:
        return sealed
    return seal_to_groups(opened.data, groups, sealed, file, keys) if groups else opened.data


def _open_as_it_was(sealed: bytes, file: File, keys: Keys) -> tuple[File, Opened]:
    """Open a file whose rules may have named another format; use the format that decrypts the most tokens."""
    tried: list[tuple[int, int, File, Opened]] = []
    for name in (None, *formats.NAMES):
        file_format = formats.load(name) if name else file.format or describe_file(file.path).format
        before = file._replace(format=file_format)
        opened = open_file(sealed, before, keys)
        if not opened.problems:
            return before, opened
        tried.append((len(opened.problems), len(tried), before, opened))
    return min(tried, key=lambda one: one[:2])[2:]
