"""Key files: all keys of a group, encrypted to one reader as an ordinary age file.

Its plaintext is one line per epoch, oldest first: ``<key id> <date> <base64 of 32 bytes>``.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable

from sealedfiles import age
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import is_key_id, key_id

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_ZERO = str.maketrans("123456789", "000000000")


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
        return f"{self.key_id} {self.date} {_base64(self.secret)}"


def is_date(text: str) -> bool:
    """Return True if *text* has the form ``YYYY-MM-DDTHH:MM:SSZ``."""
    return text.translate(_TO_ZERO) == "0000-00-00T00:00:00Z"


def _is_base64(text: str) -> bool:
    """Return True if *text* has the form of the base64 of 32 bytes."""
    return len(text) == 44 and text[43] == "=" and not text[:43].strip(_BASE64)


def _base64(secret: bytes) -> str:
    return b2a_base64(secret, newline=False).decode("ascii")


def parse_key_line(line: str) -> GroupKey:
    """Parse one line.  Raises TamperedError if it is malformed, or if its id does not match its key."""
    # Not a regular expression, which takes longer to compile than a key takes to derive.
    name, date, text = line.split(" ") if line.count(" ") == 2 else ("", "", "")
    if not (is_key_id(name) and is_date(date) and _is_base64(text)):
        raise TamperedError("a line of the group's keys cannot be read")
    secret = a2b_base64(text)
    # The id is derived from the key: this detects an attacker's own key under a known id.
    if key_id(secret) != name or _base64(secret) != text:
        raise TamperedError(f"key {name} of the group does not match its id")
    return GroupKey(name, date, secret)


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
