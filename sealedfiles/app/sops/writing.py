"""Write a SOPS file that is encrypted to age keys."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence

from sealedfiles import age
from sealedfiles.app.files.export import to_json, to_yaml
from sealedfiles.app.sops.scalars import float_text, is_same_number, value_of_literal
from sealedfiles.app.sops.tokens import KEY_SIZE, Value, context_of, mac_of, make_token
from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data, JsonNumber, Spelled
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths

_VERSION = "3.13.0"
"""The version of SOPS whose format is written."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SUFFIX = "_unencrypted"
_DEFAULT = ("unencrypted_suffix", _SUFFIX)
_ALL = ("encrypted_regex", ".*")


class Written(NamedTuple):
    """A SOPS file, and what it has in plaintext."""

    data: bytes
    encrypted: int
    plain: int


class _Encryption:
    """The encryption of one file: its data key, and the values so far."""

    def __init__(self, is_secret: Callable[[bytes], bool]) -> None:
        self.key = os.urandom(KEY_SIZE)
        self._is_secret = is_secret
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
        if not self._is_secret(path):
            self.plain += 1
            return value
        self.encrypted += 1
        return make_token(typed, self.key, context_of(path))

    def metadata(self, selector: tuple[str, str], recipients: Sequence[age.Recipient]) -> Data:
        """Return the metadata, with the MAC over all values."""
        modified = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        mac = Value("str", mac_of(self.values).encode("ascii"))
        keys: list[Data] = [
            {"enc": age.encrypt(self.key, [one]).decode("ascii"), "recipient": str(one)}
            for one in recipients
        ]
        return {
            "age": keys,
            selector[0]: selector[1],
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
) -> Written:
    """Return *data*, from YAML, JSON or a .env file, as a SOPS file for *recipients*.

    *is_secret* decides by key path which values are encrypted.  If no rule of SOPS selects exactly these, all
    are.  With *documents*, *data* is the list of documents of a YAML file.  Raises UsageError for what SOPS
    cannot represent.
    """
    roots = data if documents and isinstance(data, list) else [data]
    for root in roots:
        _refuse(root, form)
    selector = _selector(roots, is_secret)
    encryption = _Encryption(is_secret if selector != _ALL else lambda _path: True)
    new = [encryption.replaced(root, paths.ROOT) for root in roots]
    metadata = encryption.metadata(selector, recipients)
    whole = [{**root, "sops": metadata} for root in new if isinstance(root, dict)]
    if form == "json":
        text = to_json(whole[0])
    elif form == "dotenv":
        text = _dotenv(new[0], metadata)
    else:
        text = "---\n".join(to_yaml(one) for one in whole)
    return Written(text.encode("utf-8"), encryption.encrypted, encryption.plain)


def write_binary(data: bytes, recipients: Sequence[age.Recipient]) -> Written:
    """Return *data* as a SOPS file that is encrypted as a whole."""
    encryption = _Encryption(lambda _path: True)
    value = Value("str", data)
    encryption.values.append(value)
    token = make_token(value, encryption.key, context_of(paths.key_step("data")))
    metadata = encryption.metadata(_DEFAULT, recipients)
    return Written(to_json({"data": token, "sops": metadata}).encode("utf-8"), 1, 0)


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


def _selector(roots: Iterable[Data], is_secret: Callable[[bytes], bool]) -> tuple[str, str]:
    """Return the rule of SOPS that selects the values that are secret; ``_ALL`` if there is none."""
    found = [path for root in roots for path in _paths(root, paths.ROOT)]
    keys = {path: {step for step in paths.steps(path) if step is not None} for path in found}
    secret = [path for path in found if is_secret(path)]
    plain = [path for path in found if not is_secret(path)]
    suffixed = [path for path in found if any(key.endswith(_SUFFIX) for key in keys[path])]
    if set(suffixed) == set(plain):
        return _DEFAULT
    names = sorted({paths.last_key(path) or "" for path in secret})
    if not names or any(keys[path] & {*names} for path in plain):
        return _ALL
    return "encrypted_regex", f"^({'|'.join(map(_quoted, names))})$"


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


def _dotenv(data: Data, metadata: Data) -> str:
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
    return "".join(f"{name}={_flat(value)}\n" for name, value in lines.items())


def _flat(value: str) -> str:
    return value.replace("\n", "\\n")
