"""The metadata of a SOPS file: for whom its key is encrypted, and which values are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealedfiles.errors import FormatError
from sealedfiles.formats import load_editor
from sealedfiles.formats.base import Data
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

_FLAT_AGE = lazy_pattern(r"age__list_([0-9]+)__map_(enc|recipient)")
_FLAT_OTHER = lazy_pattern(r"(\w+?)__list_[0-9]+__map_(\w+)")
SELECTORS = (
    "encrypted_regex",
    "unencrypted_regex",
    "encrypted_suffix",
    "unencrypted_suffix",
    "encrypted_comment_regex",
    "unencrypted_comment_regex",
)
_OTHER_KEYS = {
    "pgp": "fp",
    "kms": "arn",
    "gcp_kms": "resource_id",
    "azure_kv": "vault_url",
    "hc_vault": "vault_address",
    "hckms": "key_id",
}


class AgeKey(NamedTuple):
    """The data key, encrypted to one recipient."""

    recipient: str
    encrypted: bytes


class Metadata(NamedTuple):
    """What a SOPS file says about itself."""

    age: list[AgeKey]
    others: list[tuple[str, str]]
    """Keys of other kinds: the kind, and its fingerprint or address."""
    selector: tuple[str, str]
    """Which values are encrypted: the name of the rule and its value."""
    mac: str
    modified: str
    only_encrypted: bool
    """Whether the MAC includes only encrypted values."""
    is_shared: bool
    """Whether the data key is split among several groups of keys."""


def form_of(path: bytes) -> str:
    """Return how SOPS reads the file at *path*."""
    name = path.rpartition(b"/")[2].lower()
    for ending, form in _ENDINGS:
        if name.endswith(ending):
            return form
    return "binary"


_ENDINGS = (
    (b".yaml", "yaml"),
    (b".yml", "yaml"),
    (b".json", "json"),
    (b".env", "dotenv"),
    (b".ini", "ini"),
)


def read_metadata(text: str, form: str) -> Metadata:
    """Return the metadata of *text*.  Raises FormatError if it has none that can be read."""
    found = _flat(_flat_lines(text, form)) if form in ("dotenv", "ini") else _nested(text, form)
    if not isinstance(found, dict):
        raise FormatError("it has no metadata of SOPS")
    groups = found.get("key_groups")
    chosen = [(name, found[name]) for name in SELECTORS if found.get(name)]
    if len(chosen) > 1:
        raise FormatError("it has several rules for what is encrypted")
    name, value = chosen[0] if chosen else ("unencrypted_suffix", "_unencrypted")
    return Metadata(
        _age_keys(found.get("age")),
        [
            (kind, str(one.get(field, "")))
            for kind, field in _OTHER_KEYS.items()
            for one in _maps(found.get(kind))
        ],
        (name, str(value)),
        str(found.get("mac") or ""),
        str(found.get("lastmodified") or ""),
        str(found.get("mac_only_encrypted") or "").lower() == "true",
        bool(groups) and not found.get("age"),
    )


def _nested(text: str, form: str) -> Data:
    data = load_editor("yaml" if form == "yaml" else "json").load(text)
    if isinstance(data, list):  # several documents, each with the metadata
        data = data[0] if data else None
    return data.get("sops") if isinstance(data, dict) else None


def _flat_lines(text: str, form: str) -> Iterator[tuple[str, str]]:
    """Yield the flattened fields of a .env file, or of the section ``[sops]`` of an INI file."""
    prefix = "sops_" if form == "dotenv" else ""
    is_metadata = form == "dotenv"
    for line in text.split("\n"):
        if form == "ini" and line.startswith("["):
            is_metadata = line.strip() == "[sops]"
        name, equals, value = line.partition("=")
        if form == "ini":
            name, value = name.strip(), value.strip()
        if is_metadata and equals and name.startswith(prefix):
            yield name.removeprefix(prefix), value.replace("\\n", "\n")


def _flat(fields: Iterable[tuple[str, str]]) -> Data:
    """Return the metadata in flattened *fields*; None if there are none."""
    found: dict[str, Data] = {}
    age: dict[str, dict[str, Data]] = {}
    for name, value in fields:
        match = _FLAT_AGE.fullmatch(name)
        if match:
            age.setdefault(match[1], {})[match[2]] = value
        elif part := _FLAT_OTHER.match(name):
            kind = found.setdefault(part[1], [])
            if part[2] == _OTHER_KEYS.get(part[1]) and isinstance(kind, list):
                kind.append({part[2]: value})
        else:
            found[name] = value
    return {**found, "age": [*age.values()]} if found else None


def _age_keys(data: Data) -> list[AgeKey]:
    return [
        AgeKey(str(one["recipient"]), str(one["enc"]).encode("utf-8", "replace"))
        for one in _maps(data)
        if "enc" in one and "recipient" in one
    ]


def _maps(data: Data) -> list[dict[str, Data]]:
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
