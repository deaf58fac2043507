"""Files sealed whole: one line with one token, with one layer for each group (docs/format.md, section 6).

A file that has no separate values is sealed like this: a certificate, a binary file, text that is not UTF-8,
a structured file that does not parse.
"""

from __future__ import annotations

from sealedfiles.errors import FormatError, NoKeyError, RoundTripError, TamperedError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model import paths
from sealedfiles.model.token import TOKEN, VALUE, WHOLE, split
from sealedfiles.sealing.file import Opened, Problem, decide_file_id, whole_token
from sealedfiles.sealing.opened_tokens import layers_of_token
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealedfiles.model.policy import FileRules
    from sealedfiles.model.token import Token
    from sealedfiles.sealing.file import File, Keys
    from sealedfiles.sealing.stored import StoredPlaintext


def open_whole(data: bytes, token: str, keys: Keys) -> Opened | None:
    """Open *data*, a file sealed whole, with all layers or none; return None if its *token* is a value."""
    depth = 0
    while True:
        parts = split(token)
        key = keys.for_prefix(parts.prefix)
        if key is None:
            # Without the key, a whole file and a top-level value look alike.
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


def layers_of(data: bytes, keys: Keys) -> list[Token]:
    """Return the token of each layer of *data*, a file sealed whole, the outermost first.

    Inner layers are known only as far as the outer ones can be decrypted.  Empty if *data* is a top-level
    value, or not sealed whole.
    """
    token = whole_token(data)
    layers = list(layers_of_token(token, keys)) if token else []
    return [] if any(kind == VALUE for _, kind in layers) else [layer for layer, _ in layers]


def whole_groups_of(data: bytes, keys: Keys) -> list[str]:
    """Return, in byte order, the groups that *data*, a file sealed whole, is sealed to: see ``layers_of``."""
    return sorted({layer.group for layer in layers_of(data, keys)})


def seal_whole(
    data: bytes,
    replaced: Sequence[bytes],
    file: File,
    rules: FileRules,
    keys: Keys,
    stored: StoredPlaintext | None = None,
    *,
    is_changed: bool = False,
) -> bytes:
    """Return *data* as one line with one token.

    Return it unchanged if the policy leaves all of it in plaintext, or if it is in *stored*: git has exactly
    this in plaintext. *replaced* are the versions that the file replaces, the previous sealed version first.
    The token is for the groups of the policy and for the groups of each token that *replaced* had and *data*
    does not show, in every layer: otherwise a broken file, or a rule `format: whole`, would give the values
    of one group to the readers of another. With *is_changed*, *data* is not left as it is in *stored*. Raises
    NoKeyError unless all of these groups are held, and what ``StoredPlaintext.check_origin`` raises.
    """
    if stored is not None and not is_changed and stored.has_content(data):
        return data
    wanted = rules.sealing_whole_groups()
    if stored is not None:
        stored.check_origin(data, list(replaced))
    first = replaced[0] if replaced else b""
    groups = {*wanted, *_groups_lost(data, replaced, keys)}
    return seal_to_groups(data, sorted(groups), first, file, keys) if groups else data


def _groups_lost(data: bytes, replaced: Sequence[bytes], keys: Keys) -> set[str]:
    """Return the groups of the tokens in *replaced* that *data* does not contain unchanged."""
    kept = set(TOKEN.findall(data.decode("utf-8", "replace"))) if b"sealed:v1:" in data else set()
    groups: set[str] = set()
    for version in replaced:
        if whole_token(version) is not None:
            groups.update(whole_groups_of(version, keys))
        if b"sealed:v1:" in version:
            tokens = set(TOKEN.findall(version.decode("utf-8", "replace")))
            groups.update(split(token).group for token in tokens - kept)
    return groups


def seal_to_groups(data: bytes, groups: list[str], before: bytes, file: File, keys: Keys) -> bytes:
    """Seal *data* to all of *groups*, the first innermost.  Raises NoKeyError if one is not held."""
    right_id = decide_file_id(file, before.decode("utf-8", "replace"))
    literal = data
    try:
        for group in groups:
            key = keys.sealing_key(group, right_id)
            literal = key.seal(WHOLE, 0, key.path_tag(paths.ROOT), literal).encode("ascii")
    except NoKeyError as error:
        raise NoKeyError(
            f"{file.name}: the file cannot be sealed: {error.message}", *error.hints
        ) from None
    sealed = (b'"%b"\n' if file.quoted else b"%b\n") % literal
    opened = open_whole(sealed, literal.decode("ascii"), keys)
    # A plaintext that is itself a bare token would be read as one more layer.
    if opened is None or opened.data != data:
        raise RoundTripError(
            f"{file.name}: the file cannot be sealed: it could not be decrypted again; nothing was stored",
            "a file that consists of one token cannot be sealed; change it, or untrack it",
        )
    return sealed


def why_whole(data: bytes, file: File) -> FormatError | None:
    """Return why the file's format finds no values in the plaintext *data*, or None.

    None if it finds them, or if the file has no format with values. The message contains nothing of *data*.
    """
    if file.format is None:
        return None
    version = SealedText(data, file)
    return FormatError("it is not UTF-8") if version.form is None else version.error


def keep_whole_hint(path: bytes) -> str:
    """Return the hint for the file at *path* if it is a template, or meant to be sealed whole."""
    return (
        f"if it is a template, or one secret: sealedfiles track {shell_path(path)} --format whole"
    )


def _closed_whole(data: bytes, reason: str, group: str) -> Opened:
    return Opened(data, [Problem(reason, group, 1, None, whole_token(data) or "")], 0)
