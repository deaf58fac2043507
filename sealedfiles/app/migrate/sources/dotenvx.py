"""dotenvx (https://dotenvx.com): single values of .env files, encrypted to a public key in the file."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from pathlib import Path

from sealedfiles.app.migrate.programs import run_program
from sealedfiles.app.migrate.source import (
    Access,
    Found,
    FoundFile,
    Plaintext,
    Reader,
    Removal,
    Source,
)
from sealedfiles.app.migrate.spellings import notes_on_spellings
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.errors import NoKeyError, TamperedError, UsageError
from sealedfiles.formats import load_editor, name_by_path
from sealedfiles.formats.base import splice
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model import paths
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import Note, counted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_MARK = "encrypted:"
_ENCRYPTED = lazy_pattern(
    rb"(?m)^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=\s*[\"'`]?encrypted:[A-Za-z0-9+/=]+"
)
_PRIVATE = lazy_pattern(
    r"(?m)^\s*(?:export\s+)?(DOTENV_PRIVATE_KEY\w*)\s*=\s*[\"']?([0-9a-fA-F,\s]+?)[\"']?\s*$"
)
_PUBLIC = lazy_pattern(r"DOTENV_PUBLIC_KEY\w*")
_HEADER = lazy_pattern(r"#/[^\n]*\[DOTENV_PUBLIC_KEY\][^\n]*/\r?\n(?:#/[^\n]*\r?\n)*")
_REFERENCE = lazy_pattern(r"\$(?:\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_(])")
_KEYS = ".env.keys"
_PRIME = 2**256 - 2**32 - 977
"""That of the curve secp256k1: y² = x³ + 7."""
_POINT, _NONCE, _TAG = 65, 16, 16


class Dotenvx(Source):
    """The files of dotenvx."""

    name = "dotenvx"
    takes_key_files = True

    def __init__(self, tree: Tree, access: Access) -> None:
        super().__init__(tree, access)
        self._given = [
            key for file in access.key_files for key in _private_keys(_text_of(Path(file)))
        ]
        self._by_folder: dict[Path, list[EllipticCurvePrivateKey]] = {}

    @staticmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:  # noqa: ARG004 - as for other tools
        """See Source."""
        is_env = name_by_path(path) == "dotenv"
        return is_env and b"encrypted:" in data and _ENCRYPTED.search(data) is not None

    def find(self, stored: list[bytes]) -> Found:
        """See Source."""
        tracked = [one for one in self.tree.files if one.rpartition(b"/")[2] == _KEYS.encode()]
        notes = [
            Note(
                f"{show_path(path)}, which has the private keys, is in git",
                ("whoever has the repository has all values: change them",),
            )
            for path in tracked
        ]
        folders = sorted({self.tree.clone.repository.file(path).parent for path in stored})
        kept = [folder / _KEYS for folder in folders if (folder / _KEYS).is_file()]
        hint = "when no branch and no old commit needs it, delete it"
        notes += [Note(f"{file} stays: it has the private keys", (hint,)) for file in kept]
        readers: list[Reader] = []  # whoever has the private key
        return Found(
            [FoundFile(path, path) for path in stored],
            readers,
            Removal(tuple(tracked), keys=tuple(tracked)),
            (),
            tuple(notes),
        )

    def decrypt(self, file: FoundFile) -> Plaintext:
        """See Source."""
        name = show_path(file.stored)
        version = SealedText(self.tree.need(file.stored), describe_file(file.stored))
        if version.scan is None:
            raise UsageError(
                f"{name} is not valid UTF-8, or does not parse as a .env file",
                "convert it first, or name the other files: sealedfiles migrate PATH",
            )
        keys = self._keys_for(self.tree.clone.repository.file(file.stored).parent)
        edits: list[tuple[int, int, str]] = []
        plain: list[str] = []
        kept: list[str] = []
        decrypted: list[str] = []
        for span in version.values:
            key = paths.last_key(span.path) or ""
            decoded = version.decoded(span)
            if _PUBLIC.fullmatch(key):
                continue
            if not decoded.startswith(_MARK):
                plain += [paths.show(span.path)] if decoded else []
                continue
            value = _decrypted(decoded.removeprefix(_MARK), keys, f"{name}: {key}")
            is_literal = version.literal(span).startswith("'") or not _REFERENCE.search(value)
            if not is_literal:
                kept.append(key)
            decrypted.append(key)
            try:
                edits.append((span.start, span.end, _literal(value)))
            except UsageError:
                raise UsageError(
                    f"{name}: {key}: a .env file cannot represent this value"
                ) from None
        text = _without_header(splice(version.text, edits))
        data = version.bom.encode("utf-8") + text.encode("utf-8")
        rules = (NewRule(tuple(dict.fromkeys(plain)), plain=True),) if plain else ()
        notes = [*notes_on_spellings(name, text, decrypted)]
        if kept:
            what = f"{name}: dotenvx replaces variables in {', '.join(kept)}; their text stays as it is"
            notes.append(Note(what, ("write ${NAME} in double quotes, or the final value",)))
        return Plaintext(data, rules, True, self._is_confirmed(file, text), tuple(notes))

    def _keys_for(self, folder: Path) -> list[EllipticCurvePrivateKey]:
        """Return the private keys for the files of *folder*: those given, the environment's, .env.keys."""
        if folder not in self._by_folder:
            named = [
                f"{n}={v}" for n, v in os.environ.items() if n.startswith("DOTENV_PRIVATE_KEY")
            ]
            found = [*self._given, *_private_keys("\n".join(named))]
            top = self.tree.top
            for one in (folder, *folder.parents):
                if (one / _KEYS).is_file():
                    found += _private_keys(_text_of(one / _KEYS))
                if one == top:
                    break
            self._by_folder[folder] = found
        return self._by_folder[folder]

    def _is_confirmed(self, file: FoundFile, text: str) -> bool:
        """Return True if dotenvx itself reads the same values.

        It is not run if anything may be replaced: it runs the commands that values name, ``$(…)``.
        """
        if "$" in text or b"$" in self.tree.need(file.stored):
            return False
        place = self.tree.clone.repository.file(file.stored)
        if not place.is_file() or place.read_bytes() != self.tree.need(file.stored):
            return False
        output = run_program("dotenvx", "get", "-f", place.name, folder=place.parent)
        try:
            data = json.loads(output.data) if output and not output.status else None
        except ValueError:
            return False
        if not isinstance(data, dict):
            return False
        found = {name: value for name, value in data.items() if not _PUBLIC.fullmatch(name)}
        return found == load_editor("dotenv").load(text)


def _text_of(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "replace")


def _private_keys(text: str) -> list[EllipticCurvePrivateKey]:
    """Return the private keys in the text of a file .env.keys.  Raises UsageError, without any part of it."""
    from cryptography.hazmat.primitives.asymmetric import ec

    found = []
    for name, value in _PRIVATE.findall(text):
        for part in filter(None, map(str.strip, value.split(","))):
            try:
                found.append(ec.derive_private_key(int(part, 16), ec.SECP256K1()))
            except ValueError:
                raise UsageError(f"{name} is not a private key of dotenvx") from None
    return found


def _decrypted(token: str, keys: list[EllipticCurvePrivateKey], where: str) -> str:
    """Return the value of *token*.  Raises NoKeyError, and TamperedError if it is damaged."""
    try:
        data = base64.b64decode(token, validate=True)
    except (ValueError, binascii.Error):
        raise TamperedError(f"{where} is damaged") from None
    if len(data) < _POINT + _NONCE + _TAG:
        raise TamperedError(f"{where} is damaged")
    for key in keys:
        plain = _opened(data, key)
        if plain is not None:
            return plain.decode("utf-8", "surrogateescape")
    raise NoKeyError(
        f"{where}: none of {counted(len(keys), 'private key')} decrypts it, or it is damaged",
        "set DOTENV_PRIVATE_KEY, or give the file .env.keys: --key FILE",
        "from the OS keyring: dotenvx keypair",
    )


def _opened(data: bytes, key: EllipticCurvePrivateKey) -> bytes | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    point, nonce = data[:_POINT], data[_POINT : _POINT + _NONCE]
    tag, sealed = data[_POINT + _NONCE : _POINT + _NONCE + _TAG], data[_POINT + _NONCE + _TAG :]
    try:
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), point)
    except ValueError:
        return None
    shared = key.exchange(ec.ECDH(), peer)
    x = int.from_bytes(shared, "big")
    root = pow(x**3 + 7, (_PRIME + 1) // 4, _PRIME)
    # The exchange returns x of the shared point.  The tag shows which y belongs to it.
    for y in (root, _PRIME - root):
        secret = point + b"\x04" + shared + y.to_bytes(32, "big")
        derived = HKDF(hashes.SHA256(), 32, None, b"").derive(secret)
        try:
            return AESGCM(derived).decrypt(nonce, sealed + tag, None)
        except InvalidTag:
            continue
    return None


def _literal(value: str) -> str:
    """Return how *value* is written in a .env file, so that all dialects read it, if possible."""
    line = load_editor("dotenv").assign("", ("K",), value)
    return line.partition("=")[2].removesuffix("\n")


def _without_header(text: str) -> str:
    """Return *text* without the public key, and the comment above it."""
    editor = load_editor("dotenv")
    text = _HEADER.sub("", text)
    for (name,) in editor.addresses(text):
        if _PUBLIC.fullmatch(str(name)):
            text = editor.remove(text, (name,))
    return re.sub(r"\A(?:[ \t]*\r?\n)+", "", text)


SOURCE = Dotenvx
