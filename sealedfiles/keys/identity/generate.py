"""Store the user's identities in the OS keyring, or if that is not possible in the identities file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sealedfiles import age
from sealedfiles.errors import UsageError
from sealedfiles.keys.epochs import today
from sealedfiles.keys.identity import os_keyring
from sealedfiles.keys.identity.locations import identities_file
from sealedfiles.keys.identity.os_keyring import KeyringError
from sealedfiles.keys.recipients import fingerprint
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util import atomic


class Kept(NamedTuple):
    """The place where an identity is stored."""

    place: str
    why: str = ""
    """The reason why it is not in the keyring; empty if it is."""

    def __str__(self) -> str:
        return f"{self.place} ({self.why})" if self.why else self.place


class StoredIdentity(NamedTuple):
    """A stored identity and its place."""

    identity: age.Identity
    place: str

    @property
    def fingerprint(self) -> str:
        """The fingerprint of its public key, for display, also if that is unknown."""
        recipient = self.identity.recipient
        return fingerprint(recipient) if recipient else "-" * 20


def keep_identity(identity: age.Identity) -> Kept:
    """Store *identity* in the OS keyring, or in the identities file if the keyring cannot be used.

    Reads the identity back, and returns the place.  Raises OSError if neither can be written.
    """
    text = identity.text or ""
    try:
        os_keyring.change(lambda before: _with_line(before, text))
    except KeyringError as error:
        path = identities_file()
        if text not in _lines_of(path):
            save_identity(path, identity)
        return Kept(str(path), error.message)
    return Kept(os_keyring.NAME)


def kept_identities() -> tuple[list[StoredIdentity], list[str]]:
    """Return the identities in the keyring and in the identities file, and error messages.

    Prompts for the passphrase of an encrypted identities file.
    """
    path = identities_file()
    entries: list[StoredIdentity] = []
    troubles: list[str] = []
    places: list[tuple[str, Callable[[], bytes]]] = [
        (os_keyring.NAME, lambda: (os_keyring.read() or "").encode("utf-8")),
        (str(path), lambda: path.read_bytes() if path.exists() else b""),
    ]
    for name, load in places:
        try:
            entries.extend(StoredIdentity(identity, name) for identity in _parse(load(), name))
        except KeyringError as error:
            troubles.append(error.message)
        except age.AgeError as error:
            troubles.append(f"{name}: {'; '.join((error.message, *error.hints))}")
    return entries, troubles


def forget_identity(entry: StoredIdentity) -> None:
    """Remove an identity from the place where it is stored.

    Raises KeyringError, OSError, and UsageError if the identities file is encrypted.
    """
    text = entry.identity.text or ""
    if entry.place == os_keyring.NAME:
        os_keyring.change(lambda before: _without_line(before, text, None))
        return
    path = identities_file().resolve()
    data = path.read_bytes()
    if age.is_encrypted(data):
        raise UsageError(
            f"{path} is protected by a passphrase, so a single key cannot be removed from it",
            "decrypt it with age, remove the key, and encrypt it again",
        )
    public = str(entry.identity.recipient) if entry.identity.recipient else None
    rest = _without_line(data.decode("utf-8"), text, public)
    atomic.replace(path, rest.encode("utf-8"), atomic.PRIVATE)


def save_identity(
    path: Path, identity: age.Identity, append: bool = True, notes: Iterable[str] = ()
) -> None:
    """Write *identity* to *path*, readable by its owner only, in the format of `described`.

    If the file exists, the identity is appended.  Raises UsageError if the file exists and *append* is false,
    because overwriting a private key loses everything that only it decrypts; also if the file is encrypted.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a regular file", "choose another file for the key")
    path = path.resolve()  # configuration files are often symbolic links
    there = path.read_bytes() if path.exists() else b""
    if there and not append:
        raise UsageError(
            f"{path} already exists", "choose another file: an overwritten key is lost"
        )
    if age.is_encrypted(there):
        raise UsageError(
            f"{path} is protected by a passphrase, so no key can be added to it",
            "write the new key to a separate file: sealedfiles keygen -o FILE",
        )
    if there and not there.endswith(b"\n"):
        there += b"\n"
    if not path.parent.exists():
        atomic.make_private_folder(path.parent)
    text = described(identity, notes)
    atomic.replace(path, there + text.encode("utf-8"), atomic.PRIVATE)


def described(identity: age.Identity, notes: Iterable[str] = ()) -> str:
    """Return the text of an identity file as age-keygen writes it, with *notes* as comments at the top."""
    lines = [*(f"# {note}" for note in notes), f"# created: {today()}"]
    if identity.recipient:
        lines.append(_public_line(str(identity.recipient)))
    return "".join(f"{line}\n" for line in (*lines, identity.text or ""))


def _public_line(public: str) -> str:
    return f"# public key: {public}"


def _parse(data: bytes, where: str) -> list[age.Identity]:
    from sealedfiles.keys.identity.passphrase import open_identities

    return open_identities(data, where) if data.strip() else []


def _lines_of(path: Path) -> list[str]:
    text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
    return [line.strip() for line in text.split("\n")]


def _with_line(before: str, line: str) -> str:
    lines = [one for one in before.split("\n") if one]
    return "".join(f"{one}\n" for one in (lines if line in lines else [*lines, line]))


def _without_line(before: str, line: str, public: str | None) -> str:
    """Return *before* without a key, and without the two comments that `save_identity` wrote above it."""
    lines = before.split("\n")
    numbers = [number for number, one in enumerate(lines) if one.strip() == line]
    for number in reversed(numbers):
        start = number
        if public and start and lines[start - 1].strip() == _public_line(public):
            start -= 1
            start -= bool(start and lines[start - 1].startswith("# created: "))
        del lines[start : number + 1]
    return "\n".join(lines)
