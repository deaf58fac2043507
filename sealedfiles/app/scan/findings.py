"""What a scan finds."""

from __future__ import annotations

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.held_findings import MESSAGE
from sealedfiles.app.held.encodings import note_on_encoding
from sealedfiles.app.history.values import ELSEWHERE, WHOLE, shown_place
from sealedfiles.app.scan.held_search import HeldValue
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import shell_key, shell_path

if TYPE_CHECKING:
    from sealedfiles.app.scan.attribution import Span
    from sealedfiles.app.scan.held_search import HeldSearch
    from sealedfiles.app.scan.named_secrets import NamedSecret
    from sealedfiles.app.scan.provider_tokens import ProviderToken
    from sealedfiles.app.scan.scanner import Secret

DANGLING = "dangling"
TREE, INDEX, HISTORY, FILE, STDIN = "working-tree", "index", "history", "file", "stdin"


class Leak(NamedTuple):
    """A finding of a scan.  ``secret`` is never printed."""

    finding: Finding
    where: str
    """One of TREE, INDEX, HISTORY, FILE and STDIN."""
    secret: bytes
    """The value, without encoding."""
    groups: tuple[str, ...] = ()
    """The groups whose keys decrypt the sealed value; none if it is not a sealed one."""
    encoding: str = ""
    sealed_file: bytes = b""
    sealed_key: str = ""
    """The key path of the sealed value, for display."""
    is_current: bool = True
    """Whether the index has the sealed value; otherwise it is an earlier one."""
    span: Span | None = None
    """The commits that have the file, in the history."""
    oid: str = ""
    """The object, in the history."""
    rule: str = ""
    """The rule of another engine that found it."""

    @property
    def is_open(self) -> bool:
        """Whether neither the policy nor a baseline allows it."""
        return not self.finding.reason


class Spot(NamedTuple):
    """The place of a held value."""

    where: str
    path: bytes
    line: int
    span: Span | None = None
    oid: str = ""


def _held_leak(search: HeldSearch, value: HeldValue, spot: Spot) -> Leak:
    """Return the finding for a held value at *spot*."""
    key = search.key_of(value)
    file = show_path(value.path) or f"the {DANGLING} object {value.oid[:12]}"
    what = f"repeats {'the' if value.is_current else 'an earlier'} sealed value {shown_place(key)} of {file}"
    finding = Finding(
        "value-in-message" if spot.path == MESSAGE else "copied-value",
        spot.path,
        f"{what} in plaintext{note_on_encoding(value.encoding)}",
        spot.line,
        None if key in (WHOLE, ELSEWHERE) else key,
        own_fix=_fix(value, key, spot),
        commit=spot.span.first.oid if spot.span else "",
    )
    return Leak(
        finding,
        spot.where,
        value.text,
        search.groups_of(value),
        value.encoding,
        value.path,
        shown_place(key),
        value.is_current,
        spot.span,
        spot.oid,
    )


def leak_of(search: HeldSearch, secret: Secret, spot: Spot) -> Leak:
    """Return the finding for a secret at *spot*."""
    if isinstance(secret, HeldValue):
        return _held_leak(search, secret, spot)
    return unknown_leak(secret, spot)


def unknown_leak(token: ProviderToken, spot: Spot) -> Leak:
    """Return the finding for a secret that is not a sealed value."""
    what = f"has a secret in plaintext that is not a sealed value ({token.rule})"
    fix = ""
    if spot.where == HISTORY:
        fix = f"git show {spot.oid[:12]}"
    elif spot.where == INDEX:
        fix = f"git restore --staged -- {shell_path(spot.path)}"
    commit = spot.span.first.oid if spot.span else ""
    finding = Finding("unknown-secret", spot.path, what, spot.line, own_fix=fix, commit=commit)
    return Leak(finding, spot.where, token.text, span=spot.span, oid=spot.oid, rule=token.rule)


def named_leak(where: str, path: bytes, secret: NamedSecret) -> Leak:
    """Return the finding for a value at a key that is named like a secret."""
    what = "in plaintext; the key is named like a secret, and no pattern tracks the file"
    fix = f"sealedfiles track {shell_path(path)}" if where != FILE else ""
    finding = Finding("unsealed-secret", path, what, secret.line, secret.key, own_fix=fix)
    return Leak(finding, where, secret.text.encode("utf-8", "surrogatepass"))


def _fix(value: HeldValue, key: bytes, spot: Spot) -> str:
    """Return the command for the next step: what was committed must be changed at its source."""
    if spot.where == INDEX:
        return f"git restore --staged -- {shell_path(spot.path)}"
    if not value.path:
        return f"git cat-file -p {value.oid[:12]}"
    if not value.is_current:  # it was changed here; was it at its source?
        return f"git log -p -- {shell_path(value.path)}"
    if key in (WHOLE, ELSEWHERE):
        return f"sealedfiles edit {shell_path(value.path)}"
    return f"sealedfiles set {shell_path(value.path)} {shell_key(shown_place(key))}"
