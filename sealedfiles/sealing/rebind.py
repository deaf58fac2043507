"""Bind tokens to the place where they are, if they were made for another key or another file.

If a key was renamed by someone who could not decrypt the values, or a line was copied, the token does not
decrypt there, and its value would be lost. Only here is a token accepted at another place than it was made
for. Whoever moved it chose where the value goes, so a person has to check each one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sealedfiles.errors import FormatError, TamperedError
from sealedfiles.formats.base import Format, Span, splice
from sealedfiles.formats.gaps import BLANKS
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import TOKEN, VALUE, split
from sealedfiles.sealing.file import File, Keys, decide_file_id, structured_text
from sealedfiles.sealing.occurrences import Occurrences
from sealedfiles.sealing.open import open_file
from sealedfiles.sealing.opened_tokens import is_token, open_tokens
from sealedfiles.sealing.structure import structure_of

_MOST_REFUSED = 20
"""After this many misplaced that cannot be bound, the rest is refused untried."""

_BINDABLE = ("moved", "foreign")


class MisplacedToken(NamedTuple):
    """A token at the place of a value that it was not made for."""

    number: int
    """Its number among the values of the file."""
    path: bytes
    """Its key path."""
    line: int
    source: str
    """Its source: the token with its quotes, and with an anchor if there is one."""
    token: str
    reason: str
    """``moved``: made for another key of the file. ``foreign``: made for another file."""
    literal: str
    """Its value, as written in the source."""

    @property
    def group(self) -> str:
        """The group that it is sealed to."""
        return split(self.token).group

    @property
    def file_id(self) -> str:
        """The id of the file that it was made for."""
        return split(self.token).file_id


def find_misplaced(sealed: bytes, file: File, keys: Keys) -> list[MisplacedToken]:
    """Return the tokens of a sealed file that can be bound to their places, in file order."""
    problems = {
        (problem.token, problem.path): problem
        for problem in open_file(sealed, file, keys).problems
        if problem.reason in _BINDABLE
    }
    structured = structured_text(sealed)
    if not problems or file.format is None or structured is None:
        return []
    text = structured[1]
    found = []
    for number, (start, end, path) in enumerate(_values(text, file.format)):
        source = text[start:end]
        token = TOKEN.search(source) if is_token(source, file.format) else None
        problem = problems.get((token[0], path)) if token else None
        literal = _literal_of(problem.token, keys) if problem else None
        if problem and literal is not None:
            one = MisplacedToken(
                number, path, problem.line, source, problem.token, problem.reason, literal
            )
            found.append(one)
    return found


def rebind_file(
    sealed: bytes, misplaced: Collection[MisplacedToken], file: File, keys: Keys
) -> tuple[bytes, list[MisplacedToken]]:
    """Return *sealed* with each of *misplaced* as a token for its place, which keeps its group.

    Also return those that are refused: their values would change the text around them. Raises what sealing
    raises.
    """
    data = _bound(sealed, misplaced, file, keys)
    if data is not None:
        return data, []
    data = sealed
    refused: list[MisplacedToken] = []
    ordered = list(misplaced)
    waiting = [ordered]
    # By halves: each try parses the file, and a hostile one may have thousands of misplaced.
    while waiting:
        some = waiting.pop()
        more = _bound(data, some, file, keys) if len(refused) < _MOST_REFUSED else None
        if more is not None:
            data = more
        elif len(some) == 1 or len(refused) >= _MOST_REFUSED:
            refused += some
        else:
            waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
    return data, refused


def _values(text: str, file_format: Format) -> list[Span]:
    try:
        return file_format.scan(text).values
    except FormatError:
        return []


def _literal_of(token: str, keys: Keys) -> str | None:
    """Return the literal of a value's *token*, whatever place it was made for; None if it cannot be
    decrypted."""
    parts = split(token)
    key = keys.for_prefix(parts.prefix)
    try:
        kind, _, _, literal = key.open(parts.body) if key else (-1, 0, b"", b"")
        return literal.decode("utf-8") if kind == VALUE else None
    except (TamperedError, UnicodeDecodeError):
        return None


def _bound(
    sealed: bytes, misplaced: Collection[MisplacedToken], file: File, keys: Keys
) -> bytes | None:
    """Return *sealed* with *misplaced* bound, or None if a value would change anything but its place."""
    structured = structured_text(sealed)
    assert file.format is not None  # noqa: S101 - it has misplaced tokens
    assert structured is not None  # noqa: S101 - as before
    bom, text = structured
    file_id = decide_file_id(file, text)
    occurrences = Occurrences()
    for opened in open_tokens(text, file, keys, file_id)[0]:
        occurrences.keep((opened.key, opened.path_tag, opened.literal), opened.occurrence)
    sources: dict[int, str] = {}
    for one in misplaced:
        key = keys.sealing_key(one.group, file_id)
        tag = key.path_tag(one.path)
        occurrence = occurrences.take((key, tag, one.literal))
        token = key.seal(VALUE, occurrence, tag, one.literal.encode("utf-8"))
        sources[one.number] = source = file.format.write_token(one.literal, token)
        if file.format.anchor(source) != file.format.anchor(one.source):
            return None  # an alias further down would refer to something else
    new = _replaced(text, sources, file.format)
    data = (bom + new).encode("utf-8")
    plain = structured_text(open_file(sealed, file, keys).data)
    wanted = _replaced(
        plain[1] if plain else "", {s.number: s.literal for s in misplaced}, file.format
    )
    opens = open_file(data, file, keys).data == (bom + wanted).encode("utf-8")
    return data if opens and _same_structure(text, new, file.format) else None


def _replaced(text: str, sources: Mapping[int, str], file_format: Format) -> str:
    """Return *text* with new source for the values with these numbers."""
    # Blanks before a comment stay if they are not part of the token.
    edits = (
        (start, start + len(text[start:end].rstrip(BLANKS)), sources[number])
        for number, (start, end, _) in enumerate(_values(text, file_format))
        if number in sources
    )
    return splice(text, edits)


def _same_structure(text: str, new: str, file_format: Format) -> bool:
    """Return True if two sealed texts differ only in their values."""
    try:
        before, after = structure_of(text, file_format), structure_of(new, file_format)
    except FormatError:
        return False
    paths = [[span.path for span in one.values] for one in (before, after)]
    return paths[0] == paths[1] and after[1:] == before[1:]
