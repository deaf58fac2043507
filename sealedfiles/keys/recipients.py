"""Readers: their names, public keys and fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sealedfiles import age
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.keys.folder import MetadataSource
from sealedfiles.model.policy import NAME
from sealedfiles.model.token import base32
from sealedfiles.util.lazy_pattern import lazy_pattern

_LONGEST_NAME = 200
"""In characters: with the suffix ``.grant``, a name is a file name, which many systems limit to 255 bytes."""

_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)),
}
"""Names that Windows reserves, also with a suffix: a clone there could not check the files out."""
_NOT_IN_NAMES = lazy_pattern(r"[^a-z0-9._-]+")


def check_name(name: str, what: str = "name") -> str:
    """Return *name* if it is valid for a reader or a group.  Raises UsageError."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"`{name}` is not a valid {what}", "use a-z, 0-9 and . _ - (no capital letters)"
        )
    if name.partition(".")[0] in _DEVICES or name.endswith("."):
        raise UsageError(f"Windows cannot store a file with the {what} `{name}`", "use another one")
    if len(name) > _LONGEST_NAME:
        raise UsageError(f"the {what} has {len(name)} characters", f"use at most {_LONGEST_NAME}")
    return name


def propose_name(text: str) -> str:
    """Return a name for a reader that is made of *text*; empty if it has nothing that a name can have."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return _NOT_IN_NAMES.sub("-", plain).strip("-._")


def parse_recipients(text: str, where: str) -> list[age.Recipient]:
    """Parse public keys, one per line, with ``#`` comments.  Raises UsageError with the line number."""
    found: list[age.Recipient] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            recipient = age.parse_recipient(line.strip())
        except age.AgeError as error:
            raise UsageError(
                f"{where}, line {number}: {error}",
                "a public key starts with age1… or ssh-ed25519 or ssh-rsa",
            ) from None
        if recipient not in found:
            found.append(recipient)
    if len({recipient.post_quantum for recipient in found}) > 1:
        raise UsageError(
            f"{where}: post-quantum keys and other keys cannot be mixed",
            "use one kind of key for this reader: breaking the weaker key would decrypt the file",
        )
    return found


def read_recipients(folder: MetadataSource, name: str) -> list[age.Recipient]:
    """Return the public keys of the reader *name*; empty if there is no such reader."""
    data = folder.read(f"recipients/{name}.pub")
    if data is None:
        return []
    return parse_recipients(data.decode("utf-8", "replace"), f".sealedfiles/recipients/{name}.pub")


def format_recipients(recipients: Iterable[age.Recipient]) -> bytes:
    """Return the content of a reader's ``.pub`` file."""
    return "".join(f"{recipient}\n" for recipient in recipients).encode("ascii")


def reader_names(folder: MetadataSource) -> list[str]:
    """Return the names of all readers, sorted."""
    return _names(folder, "recipients", ".pub")


def group_names(folder: MetadataSource) -> list[str]:
    """Return the names of all groups that have keys, sorted."""
    return _names(folder, "keys", "")


def members(folder: MetadataSource, group: str) -> list[str]:
    """Return the names of the readers who have a key file for *group*, sorted."""
    return _names(folder, f"keys/{group}", ".age")


def _names(folder: MetadataSource, where: str, suffix: str) -> list[str]:
    names = (name.removesuffix(suffix) for name in folder.list(where) if name.endswith(suffix))
    return [name for name in names if NAME.fullmatch(name)]


def who_can_help(folder: MetadataSource, group: str) -> str:
    """Return the hint that lists the readers who can grant access to *group*."""
    names = members(folder, group)
    return f"readers of {group} who can grant access: {', '.join(names) or 'nobody'}"


def fingerprint(recipient: age.Recipient) -> str:
    """Return the fingerprint of a public key: 20 characters.

    It is the first 20 base32 characters of the SHA-256 of the key's text.  For an SSH key, the text
    consists of its type, one space and its base64, without the comment.
    """
    return base32(hashlib.sha256(str(recipient).encode("ascii")).digest())[:20]


def ssh_fingerprint(recipient: age.Recipient) -> str | None:
    """Return the fingerprint as ``ssh-keygen -lf`` prints it; None if the key is not an SSH key."""
    if not recipient.kind.startswith("ssh-"):
        return None
    import base64  # only an SSH key needs it

    blob = base64.b64decode(str(recipient).split(" ")[1])
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")
    return f"SHA256:{digest}"


def describe_key(recipient: age.Recipient) -> str:
    """Return the fingerprint of a public key; for an SSH key, also the one from ``ssh-keygen -lf``."""
    return with_ssh_fingerprint(fingerprint(recipient), ssh_fingerprint(recipient))


def with_ssh_fingerprint(own: str, of_ssh: str | None) -> str:
    """Return both fingerprints of a key, for messages and tables."""
    return f"{own} ({of_ssh})" if of_ssh else own


def own_first(folder: MetadataSource, identity: age.Identity, names: Iterable[str]) -> list[str]:
    """Return *names* with the reader to whom *identity* belongs first."""
    own = str(identity.recipient).encode("ascii") if identity.recipient else None
    mine = set()
    for name in reader_names(folder) if own else ():
        try:
            if own and own in (folder.read(f"recipients/{name}.pub") or b""):
                mine.add(name)
        except TamperedError:
            continue  # another reader's file has merge conflicts
    return sorted(names, key=lambda name: (name not in mine, name))
