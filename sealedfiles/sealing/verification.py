"""Checks that what was sealed opens again to the same bytes, before it is handed over.

A value that cannot be opened again is lost as soon as git replaces the file in the working tree.  So no
sealed text leaves this package unchecked.  Opening it completely would parse it a second time.  That is
needed only where a token that was already in the text can be opened as well, or where there are conflict
markers.  Otherwise three facts prove it:

1. Opening finds each token exactly where it was written (``_first_misread``).
2. Every token has the file id that opening chooses.
3. With the literals put back, the text is the one that was sealed: its spans, to which the tokens were made,
   are known.
"""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.errors import RoundTripError
from sealedfiles.formats.base import Format, Span
from sealedfiles.light_typing import TypeAlias
from sealedfiles.model import paths
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import File, Keys, choose_file_id, line_of
from sealedfiles.sealing.open import open_text
from sealedfiles.sealing.opened_tokens import plain_matches
from sealedfiles.util.messages import shell_path

Replacement: TypeAlias = tuple[int, int, str]
"""The start and end of a literal in the plaintext, and what replaced it."""


def first_lost(
    text: str,
    replacements: Sequence[Replacement],
    sealed: str,
    file: File,
    keys: Keys,
    right_id: str,
    *,
    has_own_tokens: bool,
) -> int | None:
    """Return the offset in *text* of the first literal that opening *sealed* would not give back, or None.

    *sealed* is *text* with the *replacements*, in file order, all of them tokens of the file with
    *right_id*.  *has_own_tokens*: tokens that were already in *text* can be opened too.
    """
    assert file.format is not None  # noqa: S101 - callers have a structured file
    if not replacements:
        return None
    # A token that was kept may be written with escapes.
    has_escapes = "\\" in sealed and any("\\" in source for _, _, source in replacements)
    if has_own_tokens or has_escapes or sides_of(sealed):
        return _first_unopened(text, replacements, sealed, file, keys)
    if "sealed:v1:" in text and choose_file_id(file.path, TOKEN.findall(sealed)) != right_id:
        return replacements[0][0]
    return _first_misread(text, replacements, sealed, file.format)


def not_reversible(file: File, text: str, at: int, values: Sequence[Span]) -> RoundTripError:
    """Return the error for a file whose value or comment at offset *at* of *text* would be lost."""
    path = next((path for start, end, path in values if start <= at < end), None)
    if path is None and _is_too_long(file, text, at):
        return RoundTripError(
            f"{file.name}:{line_of(text, at)}: the comment is too long to be sealed; nothing was stored",
            "shorten or remove it, or seal the file as a whole: "
            f"sealedfiles track {shell_path(file.path)} --format whole",
        )
    what = "a comment" if path is None else paths.show(path)
    return RoundTripError(
        f"{file.name}:{line_of(text, at)}: {what} cannot be sealed: it could not be decrypted again;"
        " nothing was stored",
        "to seal the file as a whole: sealedfiles track --format whole FILE",
        "this is a bug in sealedfiles; please report it with a file that shows it and has no secrets",
    )


def _is_too_long(file: File, text: str, at: int) -> bool:
    """Return True if the comment at offset *at* is too long for its format."""
    if file.format is None or file.format.longest_comment is None:
        return False
    comments = file.format.scan(text).comments()
    comment = next((text[start:end] for start, end in comments if start <= at < end), "")
    # If it is sealed to several groups, the token of all but one must fit.
    return len(comment.encode()) > file.format.longest_comment // 2


def _first_unopened(
    text: str, replacements: Sequence[Replacement], sealed: str, file: File, keys: Keys
) -> int | None:
    opened_tokens = {one.start: one for one in open_text(sealed, file, keys)[0]}
    shift = 0
    for start, end, source in replacements:
        one = opened_tokens.get(start + shift)
        shift += len(source) - (end - start)
        if one is None or one.end != end + shift or one.literal != text[start:end]:
            return start
    return None


def _first_misread(
    text: str, replacements: Sequence[Replacement], sealed: str, file_format: Format
) -> int | None:
    """Return the offset of the first literal whose token is found at another place than it was written."""
    spans = [match.span() for match in plain_matches(sealed, file_format)]
    written = []
    shift = 0
    for start, end, source in replacements:
        begin = start + shift
        shift += len(source) - (end - start)
        written.append((begin, end + shift))
    if spans == written:
        return None
    matches = iter(spans)
    for (start, end, source), (begin, stop) in zip(replacements, written, strict=True):
        for span in matches:
            if span[1] > begin:
                break
        else:
            return start
        found, ends = span
        # Before the token is the copy of an anchor, or the blank after a comment sign.
        if source[0] == " " and sealed.endswith(file_format.comment_signs, 0, begin + 1):
            found -= 1
            ends += len(file_format.comment_end)
        elif found != begin and ends == stop and source[0] == "&":
            found = file_format.source_start(sealed, found, text[start:end])
        if found != begin or ends != stop:
            return start
    return None
