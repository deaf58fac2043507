"""Parse keys, and files with several keys.

No message repeats a text that cannot be parsed: it may be a private key in the wrong place.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING

from .errors import (
    AgeError,
    KeyTextError,
    NoIdentityMatch,
    PassphraseNeededError,
    WrongPassphraseError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .keys import Identity, Recipient
    from .plugin import PluginUI

    PassphraseCallback = Callable[[], str | None]

_MAX_FILE_SIZE = 16 << 20


def parse_recipient(text: str, ui: PluginUI | None = None) -> Recipient:
    """Return the recipient in *text*.

    ``age1…`` (X25519), ``age1pq1…``, ``age1tag1…``, ``age1tagpq1…``, ``age1NAME1…`` (a plugin, which
    uses *ui*, by default the terminal), or an SSH public key as in a ``.pub`` file.  Raises
    KeyTextError, and UnsupportedKeyError for kinds of SSH keys that age does not support.
    """
    text = text.strip()
    if text.startswith("age1"):
        return _parse_age_recipient(text, ui)
    if text.startswith(("ssh-", "sk-ssh-", "ecdsa-", "sk-ecdsa-")):
        from .ssh import parse_ssh_recipient

        return parse_ssh_recipient(text)
    if text.upper().startswith(("AGE-SECRET-KEY-", "AGE-PLUGIN-", "-----BEGIN")):
        raise KeyTextError("this is a private key; a public key is required")
    raise KeyTextError("this is not a public key of a known kind")


def _parse_age_recipient(text: str, ui: PluginUI | None) -> Recipient:
    if text.startswith("age1pq1"):
        from .hybrid import HybridRecipient

        return HybridRecipient.parse(text)
    if text.startswith("age1tag1"):
        from .tag import P256TagRecipient

        return P256TagRecipient(text)
    if text.startswith("age1tagpq1"):
        from .tag import MLKEM768P256TagRecipient

        return MLKEM768P256TagRecipient(text)
    # Bech32 data contains no "1", so a second one is part of a plugin's name.
    if text.count("1") > 1:
        from .plugin import PluginRecipient

        return PluginRecipient(text, ui)
    from .x25519 import X25519Recipient

    return X25519Recipient.parse(text)


def parse_identity(
    text: str, passphrase: PassphraseCallback | None = None, ui: PluginUI | None = None
) -> Identity:
    """Return the identity in *text*, which is one key.

    ``AGE-SECRET-KEY-1…``, ``AGE-SECRET-KEY-PQ-1…``, ``AGE-PLUGIN-NAME-1…`` (uses *ui*, by
    default the terminal), or an SSH private key (OpenSSH or PEM).  If the SSH key is protected,
    *passphrase* is called when it is first needed, and returns None if there is no answer.  Raises
    KeyTextError, and UnsupportedKeyError for kinds of SSH keys that age does not support.
    """
    text = text.strip()
    if text.startswith("AGE-SECRET-KEY-1"):
        from .x25519 import X25519Identity

        return X25519Identity.parse(text)
    if text.startswith("AGE-SECRET-KEY-PQ-1"):
        from .hybrid import HybridIdentity

        return HybridIdentity.parse(text)
    if text.startswith("AGE-PLUGIN-"):
        from .plugin import PluginIdentity

        return PluginIdentity(text, ui)
    if text.startswith("-----BEGIN "):
        from .ssh_identity import SSHIdentity

        return SSHIdentity(text + "\n", passphrase)
    if text.startswith(("age1", "ssh-")):
        raise KeyTextError("this is a public key; a private key is required")
    raise KeyTextError("this is not a private key of a known kind")


def parse_identities(
    text: str | bytes, passphrase: PassphraseCallback | None = None, ui: PluginUI | None = None
) -> list[Identity]:
    """Return the identities in a file: one per line, ``#`` comments, blank lines; or one PEM.

    The file may also be an age file that is encrypted to a passphrase; *passphrase* is then called
    at once.  Raises KeyTextError with the line number, the errors of ``parse_identity``, and for an
    encrypted file PassphraseNeededError and the errors of ``decrypt``.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > _MAX_FILE_SIZE:
        raise KeyTextError("the file is too large to be an identities file")
    from .file import is_encrypted

    if is_encrypted(data):
        data = _decrypt_file(data, passphrase)
    content = _decode(data)
    if content.lstrip().startswith("-----BEGIN "):
        return [parse_identity(content, passphrase, ui)]
    identities = list(_parse_lines(content, passphrase, ui))
    if not identities:
        raise KeyTextError("there is no private key in the file")
    return identities


def _parse_lines(
    content: str, passphrase: PassphraseCallback | None, ui: PluginUI | None
) -> Iterator[Identity]:
    for number, raw in enumerate(content.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        try:
            identity = parse_identity(line, passphrase, ui)
        except AgeError as error:
            error.message = f"line {number}: {error.message}"
            raise
        yield identity


def generate_identity(post_quantum: bool = True) -> Identity:
    """Return a new identity: post-quantum, or X25519 for readers with an age older than 1.3."""
    if post_quantum:
        from .hybrid import HybridIdentity

        return HybridIdentity.generate()
    from .x25519 import X25519Identity

    return X25519Identity.generate()


def _decrypt_file(data: bytes, passphrase: PassphraseCallback | None) -> bytes:
    from .file import decrypt
    from .scrypt import ScryptIdentity

    answer = passphrase() if passphrase else None
    if not answer:
        raise PassphraseNeededError("the identities file is protected by a passphrase")
    try:
        return decrypt(data, [ScryptIdentity(answer)])
    except NoIdentityMatch as error:
        if error.stanza_types == ("scrypt",):
            raise WrongPassphraseError(
                "the passphrase does not decrypt the identities file"
            ) from None
        raise


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise KeyTextError(
            "the file is not UTF-8 text",
            "if PowerShell wrote it with '>', it is UTF-16: write it again as UTF-8",
        ) from None
