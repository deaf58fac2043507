"""The targets of `sealedfiles push` in the policy (docs/format.md, section 11).

A URL names what a store calls a secret.  It never holds the address of a private server or a credential:
both come from the user's environment, so that a target cannot send a token elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from sealedfiles.errors import UsageError
from sealedfiles.light_typing import Any, NamedTuple, Protocol
from sealedfiles.model.address import Address, parse_address, show_address
from sealedfiles.model.paths import PathPattern

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_KEYS = {"to", "from", "keys", "names", "prefix", "as"}
_URL = re.compile(r"([a-z0-9-]+)://([A-Za-z0-9_.+=/-]+)(?:\?([A-Za-z0-9_.+%*=&/-]+))?")
_STEP = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_.+=-]+")
_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE = re.compile(r"[^/\0-\x1f\x7f]+(?:/[^/\0-\x1f\x7f]+)*")
_MOST = 500
"""Maximum number of targets, and of entries of each list: with aliases, they could be millions."""


class Reader(Protocol):
    """What reads the nodes of a policy."""

    def fail(self, node: Any, message: str) -> Exception:
        """Return the error at the line of *node*."""

    def mapping(self, node: Any, known: set[str] | None = None) -> dict[str, Any]:
        """Return the values by key, which is one of *known*."""

    def value(self, node: Any) -> str:
        """Return the text of a scalar."""

    def patterns(self, node: Any, compiler: Callable[[str], Any]) -> tuple[Any, ...]:
        """Return what *compiler* makes of one pattern, or of a list of them."""


class _Scheme(NamedTuple):
    form: str
    """The form of its URLs, for messages."""
    steps: int
    """The number of steps."""
    more: bool = False
    """Whether the last step may be followed by others."""
    options: frozenset[str] = frozenset()
    holds_json: bool = False
    """Whether all values are stored as one JSON object, unless the target says otherwise."""
    may_hold_json: bool = False
    """Whether that is possible."""
    may_hold_keys: bool = True
    """Whether the store can have a name for each value."""


SCHEMES = {
    "vault": _Scheme("vault://MOUNT/PATH", 2, more=True),
    "k8s": _Scheme("k8s://NAMESPACE/NAME", 2),
    "aws-sm": _Scheme("aws-sm://REGION/NAME", 2, more=True, holds_json=True, may_hold_json=True),
    "aws-ssm": _Scheme("aws-ssm://REGION/PREFIX", 2, more=True, may_hold_json=True),
    "github": _Scheme("github://OWNER/REPOSITORY[?env=NAME]", 2, options=frozenset({"env"})),
    "gitea": _Scheme("gitea://HOST/OWNER/REPOSITORY", 3),
    "gitlab": _Scheme(
        "gitlab://GROUP/PROJECT[?scope=NAME&host=HOST]",
        2,
        more=True,
        options=frozenset({"scope", "host"}),
    ),
    "gcp-sm": _Scheme("gcp-sm://PROJECT/NAME", 2, holds_json=True, may_hold_json=True),
    "azure-kv": _Scheme(
        "azure-kv://VAULT/NAME", 2, holds_json=True, may_hold_json=True, may_hold_keys=False
    ),
}


class StoreUrl(NamedTuple):
    """What a target's `to` names."""

    scheme: str
    steps: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str) -> str:
        """Return the value of an option; empty if it is not given."""
        return dict(self.options).get(name, "")

    @property
    def first(self) -> str:
        """The first step."""
        return self.steps[0]

    @property
    def rest(self) -> str:
        """The steps after the first, with slashes."""
        return "/".join(self.steps[1:])


class Target(NamedTuple):
    """Values of certain files, and the store that they are pushed to."""

    name: str
    to: StoreUrl
    url: str
    """``to`` as written."""
    files: tuple[str, ...]
    """Paths relative to the working tree's root."""
    keys: tuple[str, ...] = ()
    """Patterns of key paths; if empty, the values that the policy seals are pushed."""
    names: tuple[tuple[Address, str], ...] = ()
    """The names of certain values in the store."""
    prefix: str = ""
    """Added to the names of all other values."""
    as_json: bool = False
    """Whether all values are stored as one JSON object."""

    @property
    def words(self) -> str:
        """The target on one line, for messages."""
        parts = [f"to: {self.url}", f"from: {' '.join(self.files)}"]
        if self.keys:
            parts.append(f"keys: {' '.join(self.keys)}")
        if self.names:
            names = (f"{show_address(address)}={name}" for address, name in self.names)
            parts.append(f"names: {' '.join(names)}")
        if self.prefix:
            parts.append(f"prefix: {self.prefix}")
        if self.as_json != SCHEMES[self.to.scheme].holds_json:
            parts.append(f"as: {'json' if self.as_json else 'keys'}")
        return ", ".join(parts)


def parse_targets(reader: Reader, node: Any) -> dict[str, Target]:
    """Return the targets by name from *node*, the value of `targets`.  Raises PolicyError with the line."""
    found: dict[str, Target] = {}
    for name, value in _mapping(reader, node).items():
        if not _NAME.fullmatch(name):
            raise reader.fail(value, "the name of a target must consist of a-z, 0-9 and . _ -")
        target = _target(reader, name, value)
        same = next((one.name for one in found.values() if one.to == target.to), None)
        if same:
            # Each would delete what the other one created.
            raise reader.fail(value, f"the target {same} has this store already")
        found[name] = target
    return found


def _target(reader: Reader, name: str, node: Any) -> Target:
    keys = reader.mapping(node, _KEYS)
    for needed in ("to", "from"):
        if needed not in keys:
            raise reader.fail(node, f"a target needs `{needed}`")
    url = reader.value(keys["to"])
    try:
        to = parse_url(url)
    except UsageError as error:
        raise reader.fail(keys["to"], error.message) from None
    prefix = reader.value(keys["prefix"]) if "prefix" in keys else ""
    if prefix and not _PREFIX.fullmatch(prefix):
        raise reader.fail(keys["prefix"], "`prefix` must consist of A-Z, a-z, 0-9 and _")
    patterns = _texts(reader, keys["keys"]) if "keys" in keys else ()
    if patterns:
        reader.patterns(keys["keys"], PathPattern)
    return Target(
        name,
        to,
        url,
        files=_files(reader, keys["from"]),
        keys=patterns,
        names=_names(reader, keys["names"]) if "names" in keys else (),
        prefix=prefix,
        as_json=_is_json(reader, keys.get("as"), SCHEMES[to.scheme]),
    )


def parse_url(text: str) -> StoreUrl:
    """Return what the URL of a store names.  Raises UsageError."""
    match = _URL.fullmatch(text)
    if match is None or match[1] not in SCHEMES:
        forms = ", ".join(scheme.form for scheme in SCHEMES.values())
        raise UsageError(f"the URL of a store must be one of: {forms}")
    scheme = SCHEMES[match[1]]
    steps = tuple(match[2].split("/"))
    is_short = len(steps) < scheme.steps or (len(steps) > scheme.steps and not scheme.more)
    if is_short or not all(map(_STEP.fullmatch, steps)):
        raise UsageError(f"the URL must have the form {scheme.form}")
    options: dict[str, str] = {}
    for part in match[3].split("&") if match[3] else ():
        name, equals, value = part.partition("=")
        if name not in scheme.options or name in options or not (equals and value):
            raise UsageError(f"unknown or repeated option {name}: the form is {scheme.form}")
        options[name] = unquote(value)
    return StoreUrl(match[1], steps, tuple(sorted(options.items())))


def _files(reader: Reader, node: Any) -> tuple[str, ...]:
    files = _texts(reader, node)
    for file in files:
        if not _FILE.fullmatch(file) or {".", ".."} & {*file.split("/")}:
            raise reader.fail(
                node, "`from` must be a file, or a list of them, relative to the repository"
            )
    return files


def _names(reader: Reader, node: Any) -> tuple[tuple[Address, str], ...]:
    found = []
    for path, value in _mapping(reader, node).items():
        try:
            address = parse_address(path)
        except UsageError as error:
            raise reader.fail(value, error.message) from None
        name = reader.value(value)
        if not name or not name.isprintable() or " " in name:
            raise reader.fail(value, "a name in a store must be printable and have no blanks")
        found.append((address, name))
    return tuple(sorted(found, key=repr))


def _is_json(reader: Reader, node: Any, scheme: _Scheme) -> bool:
    if node is None:
        return scheme.holds_json
    form = reader.value(node)
    if form not in ("json", "keys"):
        raise reader.fail(node, "`as` must be json or keys")
    if form == "json" and not scheme.may_hold_json:
        raise reader.fail(node, "this store has a name for each value: `as: json` is not possible")
    if form == "keys" and not scheme.may_hold_keys:
        raise reader.fail(
            node, "the names of this store are not those of values: `as` must be json"
        )
    return form == "json"


def _mapping(reader: Reader, node: Any) -> dict[str, Any]:
    found = reader.mapping(node)
    if len(found) > _MOST:
        raise reader.fail(node, f"more than {_MOST} entries")
    return found


def _texts(reader: Reader, node: Any) -> tuple[str, ...]:
    nodes: list[Any] = node.value if node.id == "sequence" else [node]
    if not nodes or len(nodes) > _MOST:
        raise reader.fail(node, f"expected at least one entry, and at most {_MOST}")
    return tuple(reader.value(item) for item in nodes)
