"""Key files: all keys of a group, encrypted to one reader as an ordinary age file.

Its plaintext is one line per epoch, oldest first: ``<key id> <date> <base64 of 32 bytes>``.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import a2b_base64

from sealedfiles import age
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.token import key_id
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE = lazy_pattern(
    r"(?P<key_id>[a-z2-7]{16}) (?P<date>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<key>[A-Za-z0-9+/]{43}=)"
)


class GroupKey(NamedTuple):
    """One key of a group."""

    key_id: str
    date: str
    secret: bytes

    def __repr__(self) -> str:
        return f"GroupKey({self.key_id})"

    @property
    def line(self) -> str:
        """The key as a line of a key file, without a line ending."""
        return f"{self.key_id} {self.date} {b64encode(self.secret).decode('ascii')}"


def parse_key_line(line: str) -> GroupKey:
    """Parse one line.  Raises TamperedError if it is malformed, or if its id does not match its key."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise TamperedError("a line of the group's keys cannot be read")
    secret = a2b_base64(match["key"])
    # The id is derived from the key: this detects an attacker's own key under a known id.
    if key_id(secret) != match["key_id"] or b64encode(secret).decode("ascii") != match["key"]:
        raise TamperedError(f"key {match['key_id']} of the group does not match its id")
    return GroupKey(match["key_id"], match["date"], secret)


def wrap_keys(keys: Iterable[GroupKey], recipients: list[age.Recipient]) -> bytes:
    """Return an armored age file that contains *keys* and that each of *recipients* can decrypt.

    Raises UsageError if encrypting to a public key fails, for example because its plugin is missing.
    """
    text = "".join(key.line + "\n" for key in keys)
    try:
        return age.encrypt(text.encode("ascii"), recipients)
    except age.AgeError as error:
        raise UsageError(f"cannot encrypt to a public key: {error.message}", *error.hints) from None


def unwrap_keys(data: bytes, identities: Iterable[age.Identity]) -> list[GroupKey]:
    """Decrypt a key file.  Raises age.NoIdentityMatch, another AgeError, or TamperedError."""
    text = age.decrypt(data, list(identities)).decode("ascii", "replace")
    lines = text.split("\n")
    if lines.pop():
        raise TamperedError("the group's keys are truncated")
    return [parse_key_line(line) for line in lines]
