"""The values in one version of a file, each with its token or in plaintext."""

from __future__ import annotations

from sealedfiles.formats.base import splice
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import TOKEN, VALUE, Token, split
from sealedfiles.sealing.file import File, Keys, whole_token
from sealedfiles.sealing.open import open_text
from sealedfiles.sealing.opened_tokens import become_values, may_hold_tokens, opened_at
from sealedfiles.sealing.sealed_text import SealedText, Text
from sealedfiles.sealing.spelling import comparable
from sealedfiles.sealing.whole import layers_of, open_whole


class Fact(NamedTuple):
    """A value in one version: where it is, its decoded text, and its token."""

    start: int
    path: bytes
    value: str
    """Decoded, and ``comparable``."""
    layers: tuple[Token, ...]
    """Its token; for a file sealed whole, the tokens of all layers, outermost first.  Empty: plaintext."""


def facts_in(data: bytes, file: File, keys: Keys) -> list[Fact] | None:
    """Return the readable values of one version; None if no values can be located.

    Values that stay sealed are left out, because they are never printed.
    """
    token = whole_token(data)
    whole = open_whole(data, token, keys) if token else None
    if whole is not None:
        if whole.problems or token is None:
            return None
        inner = facts_in(whole.data, file, keys)
        layers = tuple(layers_of(data, keys))
        return None if inner is None else [fact._replace(layers=layers) for fact in inner]
    version = SealedText(data, file)
    if version.form is None:
        return None
    has_tokens = may_hold_tokens(version.text, version.form)
    opened_tokens = open_text(version.text, file, keys)[0] if has_tokens else []
    tokens = {
        start: (split(one.token),) for start, one in opened_at(opened_tokens) if one.kind == VALUE
    }
    plain = Text(splice(version.text, opened_tokens), version.form)
    if plain.scan is None:
        return None
    not_stored = become_values(plain.scan, tokens)
    return [
        Fact(span.start, span.path, comparable(value), tokens.get(span.start, ()))
        for span in plain.values
        if span.start not in not_stored and not TOKEN.fullmatch(value := plain.decoded(span))
    ]
