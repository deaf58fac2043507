"""Decrypt a SOPS file: its tokens are replaced where they are, and its metadata is removed."""

from __future__ import annotations

import hmac
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from sealedfiles import formats
from sealedfiles.app.sops.metadata import Metadata
from sealedfiles.app.sops.scalars import literal_of, value_of_literal
from sealedfiles.app.sops.tokens import TOKEN, Value, context_of, mac_of, open_token
from sealedfiles.errors import FormatError, TamperedError, UsageError
from sealedfiles.formats.base import Scan, Span, splice, value_at
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.address import Address

_ONLY_ENCRYPTED = bytes.fromhex("8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69")
"""What the MAC over encrypted values only begins with."""
_SOPS = paths.key_step("sops")


class Selected(NamedTuple):
    """The key paths of a file of SOPS."""

    encrypted: list[bytes]
    plain: list[bytes]
    """Those of values in plaintext, which have a text."""


def selected_values(text: str, form: str) -> Selected:
    """Return which values of the SOPS file *text* are encrypted.  Raises FormatError."""
    found = Selected([], [])
    structured = formats.load(form) if form in ("yaml", "json", "dotenv") else None
    for span in structured.scan(text).values if structured else ():
        decoded = structured.decode(text[span.start : span.end]) if structured else ""
        name = paths.steps(span.path)[0] or ""
        if _is_metadata(span) or (form == "dotenv" and name.startswith("sops_")):
            continue
        if TOKEN.fullmatch(decoded):
            found.encrypted.append(span.path)
        elif decoded not in ("", "null", "~"):
            found.plain.append(span.path)
    return found


class _Reading:
    """What was read so far, for the MAC."""

    def __init__(self, metadata: Metadata, key: bytes) -> None:
        self.metadata = metadata
        self.key = key
        self._values: list[Value] = []

    def opened(self, token: str, path: bytes) -> Value:
        """Return the value that *token* at *path* is for, and record it."""
        value = open_token(token, self.key, context_of(path))
        self._values.append(value)
        return value

    def left(self, value: Value | None) -> None:
        """Record a value in plaintext."""
        if value is not None and not self.metadata.only_encrypted:
            self._values.append(value)

    def finish(self, data: bytes) -> bytes:
        """Return *data*, if the MAC is that of the values.  Raises TamperedError, FormatError."""
        start = [Value("bytes", _ONLY_ENCRYPTED)] if self.metadata.only_encrypted else []
        made = mac_of([*start, *self._values])
        stored = open_token(self.metadata.mac, self.key, self.metadata.modified).data
        if not hmac.compare_digest(made.encode("ascii"), stored):
            raise FormatError("its MAC does not match its values")
        return data


def read(text: str, form: str, metadata: Metadata, key: bytes) -> bytes:
    """Decrypt the SOPS file *text* with its data key.

    Raises TamperedError if a value is damaged, and FormatError for what is left to SOPS itself: a MAC that
    does not match (SOPS spells some values in another way), values with tags or times in plaintext, and INI
    files.
    """
    if form == "ini":
        raise FormatError("an INI file")
    reading = _Reading(metadata, key)
    try:
        if form == "dotenv":
            return _read_dotenv(text, reading)
        if form == "binary":
            return _read_binary(text, reading)
        return _read_tree(text, form, reading)
    except ValueError:  # a text that is not UTF-8, a number with too many digits
        raise FormatError("it has a value that cannot be written as it is") from None


def _read_dotenv(text: str, reading: _Reading) -> bytes:
    lines = []
    for line in text.split("\n"):
        if line.startswith("#"):
            token = line[1:]
            if TOKEN.fullmatch(token):
                line = "#" + open_token(token, reading.key, ":").data.decode("utf-8")
        elif "=" in line:
            name, _, value = line.partition("=")
            if name.startswith("sops_"):
                continue
            path = paths.key_step(name)
            if TOKEN.fullmatch(value):
                plain = reading.opened(value, path).data.decode("utf-8")
                line = f"{name}={_env_literal(plain)}"
            else:
                written = value.replace("\\n", "\n").encode("utf-8")
                reading.left(Value("str", written))
        lines.append(line)
    return reading.finish("\n".join(lines).encode("utf-8"))


def _env_literal(value: str) -> str:
    """Return *value* as SOPS writes it, or in quotes if programs would read another value then."""
    editor = formats.load_editor("dotenv")
    if "\n" not in value and editor.load(f"K={value}\n") == {"K": value}:
        return value
    try:
        return editor.assign("", ("K",), value).partition("=")[2].removesuffix("\n")
    except UsageError:
        raise FormatError("it has a value that a .env file cannot represent") from None


def _read_binary(text: str, reading: _Reading) -> bytes:
    data = formats.load_editor("json").load(text)
    token = data.get("data") if isinstance(data, dict) else None
    if not isinstance(token, str):
        raise FormatError("it has no field `data`")
    path = paths.key_step("data")
    return reading.finish(reading.opened(token, path).data if token else b"")


def _read_tree(text: str, form: str, reading: _Reading) -> bytes:
    structured = formats.load(form)
    assert structured is not None  # noqa: S101 - yaml or json
    scan = structured.scan(text)
    edits: list[tuple[int, int, str]] = []
    later: dict[str, Value] = {}
    for span in scan.values:
        if _is_metadata(span):
            continue
        literal = text[span.start : span.end]
        token = structured.decode(literal)
        if not TOKEN.fullmatch(token):
            reading.left(value_of_literal(literal, form))
            continue
        value = reading.opened(token, span.path)
        if value.type == "comment":
            edits.append(_comment_in_list(text, span, value))
        elif (written := literal_of(value, form)) is None:
            later[token] = value
        else:
            edits.append((span.start, span.end, written))
    edits += _comments(text, scan, reading.key)
    return reading.finish(_finished(splice(text, sorted(edits)), form, later).encode("utf-8"))


def _finished(text: str, form: str, later: dict[str, Value]) -> str:
    """Return *text* without the metadata, and with values of several lines in the place of their tokens."""
    editor = formats.load_editor(form)
    documents: list[Address] = [()]
    addresses = editor.addresses(text)
    if ("sops", "mac") not in addresses:
        documents = sorted({one[:1] for one in addresses if one[1:] == ("sops", "mac")})
    for document in reversed(documents):
        text = editor.remove(text, (*document, "sops"))
    if later:
        data = editor.load(text)
        for address in editor.addresses(text):
            token = value_at(data, address)[1]
            if isinstance(token, str) and token in later:
                text = editor.assign(text, address, later[token].data.decode("utf-8"))
    return text


def _is_metadata(span: Span) -> bool:
    return span.path.startswith(_SOPS)


def _comment_in_list(text: str, span: Span, value: Value) -> tuple[int, int, str]:
    """Return the edit that makes a comment of a list item: SOPS writes comments in lists like that."""
    start = text.rfind("-", 0, span.start)
    comment = value.data.decode("utf-8")
    if start < 0 or text[start + 1 : span.start].strip() or "\n" in comment:
        raise FormatError("it has an encrypted comment at an unexpected position")
    return start, span.end, f"#{comment}"


def _comments(text: str, scan: Scan, key: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield the edits that decrypt comments.  Their context is the mapping around them, which is searched."""
    found = [(start, end, text[start:end].strip()) for start, end in scan.comments()]
    tokens = [one for one in found if TOKEN.fullmatch(one[2])]
    leaves = _leaves(text) if tokens else []
    for start, end, token in tokens:
        at = bisect_left(leaves, (start, []))
        near = leaves[max(at - 1, 0) : at + 1]
        comment = _opened_comment(token, key, chain(_contexts(near), _contexts(leaves)))
        if "\n" in comment:
            raise FormatError("it has a comment of several lines")
        yield start, end, comment


def _leaves(text: str) -> list[tuple[int, list[str]]]:
    """Return the position of each scalar and empty collection of a YAML text, and the keys above it."""
    from sealedfiles.formats.tree import leaves
    from sealedfiles.formats.yaml.tree import parse

    return [
        (node.start, [step for step in address if isinstance(step, str)])
        for address, node in leaves(parse(text).root)
    ]


def _contexts(leaves: Iterable[tuple[int, list[str]]]) -> Iterator[str]:
    """Yield the contexts of the mappings and lists around *leaves*."""
    yield ":"
    for _, keys in leaves:
        for depth in range(1, len(keys) + 1):
            yield "".join(f"{key}:" for key in keys[:depth])


def _opened_comment(token: str, key: bytes, contexts: Iterable[str]) -> str:
    """Return the comment that *token* is for in one of *contexts*.  Raises FormatError if it is for none."""
    for context in contexts:
        with suppress(TamperedError):
            return open_token(token, key, context).data.decode("utf-8")
    raise FormatError("an encrypted comment was moved")
