"""Files sealed whole: one line with one token, layer in layer for several groups (design, section 3).

So is sealed what has no values to find: a certificate, any binary, text that is not UTF-8, a structured
file that does not parse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles import paths
from sealedfiles.document.file import (
    Opened,
    Problem,
    decide_file_id,
    show_path,
    structured_text,
    whole_token,
)
from sealedfiles.errors import FormatError, NoKeyError, TamperedError
from sealedfiles.token import TOKEN, WHOLE, split

if TYPE_CHECKING:
    from sealedfiles.document.file import File, Keys
    from sealedfiles.policy import FileRules


def open_whole(data: bytes, token: str, keys: Keys) -> Opened | None:
    """Open *data*, a file sealed whole, all its layers or none; None where its *token* is a value."""
    depth = 0
    while True:
        parts = split(token)
        key = keys.for_prefix(parts.prefix)
        if key is None:
            # Without the key nobody can tell a whole file from a top-level value.
            return _closed_whole(data, "no-key", parts.group)
        try:
            kind, _, path_tag, literal = key.open(parts.body)
        except TamperedError:
            return _closed_whole(data, "damaged", parts.group)
        if kind != WHOLE:
            return None if depth == 0 else _closed_whole(data, "misplaced", parts.group)
        if path_tag != key.path_tag(paths.ROOT):
            return _closed_whole(data, "moved", parts.group)
        inner = whole_token(literal)
        if inner is None or inner.encode("ascii") != literal:
            return Opened(literal, [], 1)
        token = inner
        depth += 1


def whole_groups_of(data: bytes, keys: Keys) -> list[str]:
    """Return, in byte order, the groups that *data*, a file sealed whole, is sealed to.

    Only the layers that can be opened tell of the ones within.
    """
    groups = set()
    token = whole_token(data)
    while token is not None:
        parts = split(token)
        groups.add(parts.group)
        key = keys.for_prefix(parts.prefix)
        try:
            kind, _, _, literal = key.open(parts.body) if key else (WHOLE, 0, b"", b"")
        except TamperedError:
            break
        if kind != WHOLE:
            return []  # a value that is all of its file
        token = whole_token(literal)
    return sorted(groups)


def seal_whole(data: bytes, first: bytes | None, file: File, rules: FileRules, keys: Keys) -> bytes:
    """Return *data* as one line with one token, or as it is where the rules leave all of it plain.

    *first* is the previous sealed version: once a file has been sealed, rules that leave it plain do
    not make it so.
    """
    groups = rules.whole_groups()
    if not groups:
        tokens = TOKEN.findall((first or b"").decode("utf-8", "replace"))
        groups = sorted({split(token).group for token in tokens})
    return seal_to_groups(data, groups, first or b"", file, keys) if groups else data


def seal_to_groups(data: bytes, groups: list[str], before: bytes, file: File, keys: Keys) -> bytes:
    """Seal *data* to those of *groups* that are held, the first innermost."""
    right_id = decide_file_id(file.path, before.decode("utf-8", "replace"))
    held = [group for group in groups if keys.holds(group)]
    literal = data
    try:
        for group in held or groups[:1]:
            key = keys.sealing_key(group, right_id)
            literal = key.seal(WHOLE, 0, key.path_tag(paths.ROOT), literal).encode("ascii")
    except NoKeyError as error:
        raise NoKeyError(
            f"{file.name}: the file cannot be sealed: {error.message}", *error.hints
        ) from None
    return (b'"%b"\n' if file.quoted else b"%b\n") % literal


def why_whole(data: bytes, file: File) -> FormatError | None:
    """Return why no values can be found in the plaintext *data* by the file's format; None if they can,
    or if the file has no format with values.  The message holds nothing of *data*."""
    structured = structured_text(data)
    if file.format is None:
        return None
    if structured is None:
        return FormatError("it is not UTF-8")
    try:
        file.format.scan(structured[1])
    except FormatError as error:
        return error
    return None


def keep_whole_hint(path: bytes) -> str:
    """Return the hint for the file at *path* if it is a template, or meant to be sealed whole."""
    import shlex  # here: few files need it

    pattern = shlex.quote(show_path(path))
    return f"if it is a template, or one secret: sealedfiles track {pattern} --format whole"


def _closed_whole(data: bytes, reason: str, group: str) -> Opened:
    return Opened(data, [Problem(reason, group, 1, None, whole_token(data) or "")], 0)
