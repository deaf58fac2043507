"""The age v1 file format (https://age-encryption.org/v1) on ``cryptography``.

    from sealedfiles import age

    identity = age.generate_identity()
    sealed = age.encrypt(b"secret", [identity.recipient])
    assert age.decrypt(sealed, [identity]) == b"secret"

A separate package, independent of sealed files.  It reads and writes files for age's own key pairs,
classic (X25519) and post-quantum (mlkem768x25519), for SSH keys (ssh-ed25519, ssh-rsa), for
passphrases (scrypt) and for the keys of plugins.  It only writes files for tagged hardware keys.
It reads and writes armor.  Every error is an AgeError.  The modules that a key needs are imported
only when it is used.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import (
        AgeError,
        ArmorError,
        HeaderError,
        HmacError,
        KeyTextError,
        KeyUnavailableError,
        MissingPackageError,
        NoIdentityMatch,
        PassphraseNeededError,
        PayloadError,
        PluginError,
        PluginNotFoundError,
        RecipientError,
        UnsupportedKeyError,
        WrongPassphraseError,
    )
    from .file import decrypt, encrypt, is_encrypted, read_header
    from .keys import Identity, Recipient
    from .parse import generate_identity, parse_identities, parse_identity, parse_recipient
    from .plugin import PluginUI, TerminalUI
    from .scrypt import ScryptIdentity, ScryptRecipient
    from .stanza import Stanza

__all__ = [
    "AgeError",
    "ArmorError",
    "HeaderError",
    "HmacError",
    "Identity",
    "KeyTextError",
    "KeyUnavailableError",
    "MissingPackageError",
    "NoIdentityMatch",
    "PassphraseNeededError",
    "PayloadError",
    "PluginError",
    "PluginNotFoundError",
    "PluginUI",
    "Recipient",
    "RecipientError",
    "ScryptIdentity",
    "ScryptRecipient",
    "Stanza",
    "TerminalUI",
    "UnsupportedKeyError",
    "WrongPassphraseError",
    "decrypt",
    "encrypt",
    "generate_identity",
    "is_encrypted",
    "parse_identities",
    "parse_identity",
    "parse_recipient",
    "read_header",
]

_MODULES = {
    "decrypt": "file",
    "encrypt": "file",
    "is_encrypted": "file",
    "read_header": "file",
    "Identity": "keys",
    "Recipient": "keys",
    "generate_identity": "parse",
    "parse_identities": "parse",
    "parse_identity": "parse",
    "parse_recipient": "parse",
    "PluginUI": "plugin",
    "TerminalUI": "plugin",
    "ScryptIdentity": "scrypt",
    "ScryptRecipient": "scrypt",
    "Stanza": "stanza",
}
"""The module of each public name; all other names are in ``errors``."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{_MODULES.get(name, 'errors')}", __name__)
    value = globals()[name] = getattr(module, name)
    return value
