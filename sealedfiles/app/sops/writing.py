"""Write a SOPS file that is encrypted to age keys."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from sealedfiles import age
from sealedfiles.app.files.export import to_json, to_yaml
from sealedfiles.app.sops.comments import END, Comments
from sealedfiles.app.sops.scalars import float_text, is_same_number, value_of_literal
from sealedfiles.app.sops.tokens import KEY_SIZE, Value, context_of, mac_of, make_token
from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data, JsonNumber, Spelled
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.address import Address

_VERSION = "3.13.0"
"""The version of SOPS whose format is written."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SUFFIX = "_unencrypted"


class Written(NamedTuple):
    """A SOPS file, and what it has in plaintext."""

    data: bytes
    encrypted: int
    plain: int


class _Selector(NamedTuple):
    """A rule of SOPS for what is encrypted: by the keys above a value or a comment."""

    kind: str
    value: str
    """A suffix, or a regular expression that matches *names*."""
    names: frozenset[str] = frozenset()

    def selects(self, keys: Iterable[str]) -> bool:
        """Return True if it encrypts what is below *keys*."""
        if self.kind == "unencrypted_suffix":
            return not any(key.endswith(self.value) for key in keys)
        return any(key in self.names for key in keys) == (self.kind == "encrypted_regex")


def _by_suffix(suffix: str) -> _Selector:
    return _Selector("unencrypted_suffix", suffix)


def _by_names(kind: str, names: set[str]) -> _Selector:
    return _Selector(kind, f"^({'|'.join(map(_quoted, sorted(names)))})$", frozenset(names))


class _Encryption:
    """The encryption of one file: its data key, and the values so far."""

    def __init__(self, selector: _Selector) -> None:
        self.key = os.urandom(KEY_SIZE)
        self._selector = selector
        self.values: list[Value] = []
        self.encrypted = self.plain = 0

    def replaced(self, value: Data, path: bytes) -> Data:
        """Return *value* with tokens in the place of its scalars."""
        if isinstance(value, dict):
            return {
                key: self.replaced(one, path + paths.key_step(key)) for key, one in value.items()
            }
        if isinstance(value, list):
            return [self.replaced(one, path + paths.ITEM) for one in value]
        typed = _typed(value, path)
        if typed is None or not typed.data:
            return value
        self.values.append(typed)
        if not self._selector.selects(_keys(path)):
            self.plain += 1
            return value
        self.encrypted += 1
        return make_token(typed, self.key, context_of(path))

    def comments(self, found: Comments) -> dict[Address, list[str]]:
        """Return the lines of *found*, without their signs."""
        return {
            address: [self._comment(one.text, _keys_above(address)) for one in some]
            for address, some in found.items()
        }

    def _comment(self, text: str, keys: list[str]) -> str:
        if not self._selector.selects(keys):
            return text
        value = Value("comment", text.encode("utf-8"))
        return make_token(value, self.key, ":".join(keys) + ":")

    def metadata(self, recipients: Sequence[age.Recipient]) -> Data:
        """Return the metadata, with the MAC over all values."""
        modified = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        mac = Value("str", mac_of(self.values).encode("ascii"))
        keys: list[Data] = [
            {"enc": age.encrypt(self.key, [one]).decode("ascii"), "recipient": str(one)}
            for one in recipients
        ]
        return {
            "age": keys,
            self._selector.kind: self._selector.value,
            "lastmodified": modified,
            "mac": make_token(mac, self.key, modified),
            "version": _VERSION,
        }


def write(
    data: Data,
    form: str,
    recipients: Sequence[age.Recipient],
    is_secret: Callable[[bytes], bool],
    *,
    documents: bool = False,
    comments: Comments | None = None,
) -> Written:
    """Return *data*, from YAML, JSON or a .env file, as a SOPS file for *recipients*.

    *is_secret* decides by key path which values are encrypted.  If no rule of SOPS selects exactly these, and
    the *comments* that are not public, all are.  With *documents*, *data* is the list of documents of a YAML
    file.  Raises UsageError for what SOPS cannot represent.
    """
    roots = data if documents and isinstance(data, list) else [data]
    for root in roots:
        _refuse(root, form)
    found = comments or {}
    encryption = _Encryption(_selector(roots, is_secret, _hidden(found)))
    new = [encryption.replaced(root, paths.ROOT) for root in roots]
    metadata = encryption.metadata(recipients)
    whole = [{**root, "sops": metadata} for root in new if isinstance(root, dict)]
    lines = encryption.comments(found)
    if form == "json":
        text = to_json(whole[0])
    elif form == "dotenv":
        text = _dotenv(new[0], metadata, lines)
    elif documents:
        below: list[dict[Address, list[str]]] = [{} for _ in whole]
        for (number, *address), some in lines.items():
            below[int(number)][tuple(address)] = some
        text = "---\n".join(map(to_yaml, whole, below))
    else:
        text = to_yaml(whole[0], lines)
    return Written(text.encode("utf-8"), encryption.encrypted, encryption.plain)


def write_binary(data: bytes, recipients: Sequence[age.Recipient]) -> Written:
    """Return *data* as a SOPS file that is encrypted as a whole."""
    encryption = _Encryption(_by_suffix(_SUFFIX))
    value = Value("str", data)
    encryption.values.append(value)
    token = make_token(value, encryption.key, context_of(paths.key_step("data")))
    metadata = encryption.metadata(recipients)
    return Written(to_json({"data": token, "sops": metadata}).encode("utf-8"), 1, 0)


def _hidden(comments: Comments) -> list[set[str]]:
    """Return the keys above each comment that is not public."""
    return [
        {*_keys_above(address)}
        for address, some in comments.items()
        if not all(one.is_public for one in some)
    ]


def _keys_above(address: Address) -> list[str]:
    return [step for step in address[:-1] if isinstance(step, str)]


def _refuse(root: Data, form: str) -> None:
    if not isinstance(root, dict):
        raise UsageError("SOPS needs a mapping at the top of a file")
    reserved = [
        key for key in root if key == "sops" or (form == "dotenv" and key.startswith("sops_"))
    ]
    if reserved:
        raise UsageError(f"SOPS keeps the key {reserved[0]} for itself")
    if form == "dotenv" and any("\\n" in str(value) for value in root.values()):
        raise UsageError("SOPS would read \\n in a value as the end of a line")


def _typed(value: Data, path: bytes) -> Value | None:
    """Return the type and the spelling in SOPS of the scalar at *path*; None for null.  Raises UsageError."""
    if value is None:
        return None
    if isinstance(value, bool):
        return Value("bool", b"True" if value else b"False")
    if isinstance(value, float):
        return Value("float", float_text(value).encode("ascii"))
    if isinstance(value, Spelled | int):
        literal = str(value)
        if _DATE.fullmatch(literal):
            return Value("time", f"{literal}T00:00:00Z".encode())
        try:
            typed = value_of_literal(literal, "json" if isinstance(value, JsonNumber) else "yaml")
            if typed is None or is_same_number(literal, typed):
                return typed
        except (FormatError, ValueError):  # a ValueError: more digits than Python reads
            pass
        raise UsageError(f"SOPS would change the date, time or number at {paths.show(path)}")
    assert isinstance(value, str)  # noqa: S101 - collections were replaced
    try:
        return Value("str", value.encode("utf-8"))
    except UnicodeEncodeError:
        raise UsageError(f"the value at {paths.show(path)} has a lone surrogate") from None


def _selector(
    roots: Iterable[Data], is_secret: Callable[[bytes], bool], hidden: list[set[str]]
) -> _Selector:
    """Return a rule of SOPS that selects the values that are secret, and what is below the keys *hidden*.

    If there is none, a rule that selects everything.
    """
    found = [path for root in roots for path in _paths(root, paths.ROOT)]
    keys = {path: _keys(path) for path in found}
    names = {True: set[str](), False: set[str]()}
    for path in found:
        names[is_secret(path)].add(paths.last_key(path) or "")
    for one in (
        _by_suffix(_SUFFIX),
        _by_names("encrypted_regex", names[True]),
        *([_by_names("unencrypted_regex", names[False])] if names[False] else []),
    ):
        is_right = all(one.selects(keys[path]) == is_secret(path) for path in found)
        if names[True] and is_right and all(map(one.selects, hidden)):
            return one
    suffix = _SUFFIX
    while any(key.endswith(suffix) for some in [*keys.values(), *hidden] for key in some):
        suffix = f"_{suffix}"
    return _by_suffix(suffix)


def _keys(path: bytes) -> set[str]:
    return {step for step in paths.steps(path) if step is not None}


def _quoted(name: str) -> str:
    """Return a regular expression of Go that matches *name*."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", name)


def _paths(value: Data, path: bytes) -> Iterable[bytes]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _paths(one, path + paths.key_step(key))
    elif isinstance(value, list):
        for one in value:
            yield from _paths(one, path + paths.ITEM)
    elif value is not None and value != "":
        yield path


def _dotenv(data: Data, metadata: Data, comments: Mapping[Address, Sequence[str]]) -> str:
    assert isinstance(data, dict)  # noqa: S101 - see _refuse
    assert isinstance(metadata, dict)  # noqa: S101
    lines = {name: "" if value is None else str(value) for name, value in data.items()}
    for name, value in metadata.items():
        if name == "age" and isinstance(value, list):
            for number, one in enumerate(value):
                for field, text in (one if isinstance(one, dict) else {}).items():
                    lines[f"sops_age__list_{number}__map_{field}"] = str(text)
        else:
            lines[f"sops_{name}"] = str(value)
    text = ""
    for name, value in lines.items():
        # The first line of the metadata is below the comments at the end.
        above = comments.get((END if name == "sops_age__list_0__map_enc" else name,), ())
        text += "".join(f"#{one}\n" for one in above) + f"{name}={_flat(value)}\n"
    return text


def _flat(value: str) -> str:
    return value.replace("\n", "\\n")
