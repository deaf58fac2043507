"""Ansible Vault: whole files, and inline values (``!vault``) in YAML files, encrypted with a password."""

from __future__ import annotations

import binascii
import configparser
import hmac
import os
import secrets
from pathlib import Path

from sealedfiles.app.migrate.programs import run_program
from sealedfiles.app.migrate.source import (
    Access,
    Found,
    FoundFile,
    Plaintext,
    Removal,
    Source,
)
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.errors import FormatError, NoKeyError, TamperedError, UsageError
from sealedfiles.formats import load_editor, name_by_path
from sealedfiles.formats.base import splice
from sealedfiles.formats.yaml.format import YAML
from sealedfiles.model import paths
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.other_tools import ANSIBLE_VAULT
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import Note

_HEADER = lazy_pattern(r"\$ANSIBLE_VAULT;1\.[12];AES256(?:;[^\r\n]*)?")
_INLINE = lazy_pattern(rb"!vault(?:-encrypted)?\s*\|")
_VAULT = lazy_pattern(r"(?:&\S+\s+)?!vault(?:-encrypted)?\s")
_ROUNDS = 10_000
_AES, _MAC, _IV = 32, 32, 16


def _text_of(plain: bytes, where: str) -> str:
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{where} is not UTF-8, and YAML cannot contain it") from None


class AnsibleVault(Source):
    """The files of Ansible Vault."""

    name = "ansible-vault"
    takes_key_files = True

    def __init__(self, tree: Tree, access: Access) -> None:
        super().__init__(tree, access)
        self._passwords: list[bytes] | None = None
        self._derived: dict[tuple[bytes, bytes], bytes] = {}

    @staticmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:  # noqa: ARG004 - as for other tools
        """See Source."""
        if data.startswith(ANSIBLE_VAULT):
            return True
        is_inline = ANSIBLE_VAULT in data and _INLINE.search(data) is not None
        return is_inline and name_by_path(path) == "yaml"

    def find(self, stored: list[bytes]) -> Found:
        """See Source."""
        note = Note(
            "Ansible reads decrypted files as they are: unlock the clone on the control node",
            ("vault_password_file in ansible.cfg can be removed when no file needs it",),
        )
        return Found([FoundFile(path, path) for path in stored], [], Removal(), (), (note,))

    def decrypt(self, file: FoundFile) -> Plaintext:
        """See Source."""
        name = show_path(file.stored)
        data = self.tree.need(file.stored)
        if data.startswith(ANSIBLE_VAULT):
            return Plaintext(self._opened(data.decode("ascii", "replace"), name))
        return self._inline(SealedText(data, describe_file(file.stored)), name)

    def _inline(self, version: SealedText, name: str) -> Plaintext:
        """Replace the values with the tag ``!vault``, which Ansible reads as strings."""
        if version.scan is None:
            raise UsageError(f"{name} does not parse as YAML")
        # What stands for a decrypted value until it is written.  Nobody can have put it into the file.
        stand_in = f"sealedfiles-{secrets.token_hex(16)}"
        edits: list[tuple[int, int, str]] = []
        values: dict[str, str] = {}
        sealed: list[str] = []
        for span in version.values:
            literal = version.literal(span)
            if _VAULT.match(literal):
                where = f"{name}: {paths.show(span.path)}"
                if YAML.anchor(literal):
                    raise UsageError(
                        f"{where}: a value with an anchor cannot be migrated",
                        "write the value instead of its aliases first",
                    )
                plain = _text_of(self._opened(version.decoded(span), where), where)
                mark = f"{stand_in}-{len(values)}"
                values[mark] = plain
                sealed.append(paths.show(span.path))
                edits.append((span.start, span.end, mark + literal[len(literal.rstrip()) :]))
        text = splice(version.text, edits)
        editor = load_editor("yaml")
        try:
            for address in editor.addresses(text):
                place = editor.locate(text, address)
                value = values.pop(text[place.start : place.end], None)
                if value is not None:
                    text = editor.assign(text, address, value)
        except FormatError as error:
            raise UsageError(f"{name}: {error.message}") from None
        if values:
            raise UsageError(
                f"{name} has a key twice, or a value that cannot be replaced", "correct it first"
            )
        rules = (
            NewRule(tuple(dict.fromkeys(sealed))),
            NewRule(plain=True),
        )
        return Plaintext((version.bom + text).encode("utf-8"), rules, by_value=True)

    def _opened(self, text: str, where: str) -> bytes:
        """Decrypt an envelope.  Raises NoKeyError if no password fits, TamperedError if it is damaged."""
        head, _, body = text.strip().partition("\n")
        if not _HEADER.fullmatch(head.strip()):
            raise UsageError(f"{where}: this version of Ansible Vault is not supported")
        try:
            inner = binascii.unhexlify("".join(body.split()))
            salt, mac, sealed = (binascii.unhexlify(part) for part in inner.split(b"\n"))
        except ValueError:
            raise TamperedError(f"{where} is damaged") from None
        for password in self._all_passwords(where):
            plain = self._with_password(password, salt, mac, sealed)
            if plain is not None:
                return plain
        raise NoKeyError(
            f"{where}: no password decrypts it, or it is damaged",
            "give the file with the password: --key FILE",
        )

    def _with_password(
        self, password: bytes, salt: bytes, mac: bytes, sealed: bytes
    ) -> bytes | None:
        import hashlib

        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7

        place = password, salt
        if place not in self._derived:
            size = _AES + _MAC + _IV
            self._derived[place] = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS, size)
        key = self._derived[place]
        made = hmac.digest(key[_AES : _AES + _MAC], sealed, "sha256")
        if not hmac.compare_digest(made, mac):
            return None
        mode = modes.CTR(key[_AES + _MAC :])
        decryptor = Cipher(algorithms.AES(key[:_AES]), mode).decryptor()
        unpadder = PKCS7(128).unpadder()
        padded = decryptor.update(sealed) + decryptor.finalize()
        try:
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            return None

    def _all_passwords(self, where: str) -> list[bytes]:
        """Return the passwords: of the given files, of Ansible's variables, of ansible.cfg."""
        if self._passwords is None:
            names = list(self.access.key_files) or self._configured()
            self._passwords = [self._password(Path(os.path.expanduser(name))) for name in names]
        if not self._passwords:
            raise NoKeyError(
                f"{where}: there is no password", "give the file with the password: --key FILE"
            )
        return self._passwords

    def _configured(self) -> list[str]:
        """Return the password files that the user's environment names.

        A file that ansible.cfg in the repository names is read, but a program is not run: anyone with
        push access could have named it.
        """
        listed = os.environ.get("ANSIBLE_VAULT_IDENTITY_LIST", "").split(",")
        listed.append(os.environ.get("ANSIBLE_VAULT_PASSWORD_FILE", ""))
        found = [one.rpartition("@")[2].strip() for one in listed]
        config = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            config.read_string((self.tree.read(b"ansible.cfg") or b"").decode("utf-8"))
        except (configparser.Error, UnicodeDecodeError):
            return [name for name in found if name]
        section = config["defaults"] if config.has_section("defaults") else {}
        named = [section.get("vault_password_file", "")]
        named += [
            one.rpartition("@")[2] for one in section.get("vault_identity_list", "").split(",")
        ]
        for one in named:
            file = self.tree.top / os.path.expanduser(one.strip())
            if one.strip() and file.is_file() and not os.access(file, os.X_OK):
                found.append(str(file))
        return [name for name in found if name and name != "prompt"]

    def _password(self, file: Path) -> bytes:
        """Return the password in *file*, or that it prints if it is a program, as Ansible does."""
        if not file.is_file():
            raise UsageError(f"{file} does not exist")
        if os.access(file, os.X_OK):
            output = run_program(str(file.absolute()), folder=self.tree.top)
            if output is None or output.status:
                raise UsageError(
                    f"{file}, which is executable, failed: {output.message if output else ''}"
                )
            return output.data.strip(b"\r\n")
        return file.read_bytes().strip()


SOURCE = AnsibleVault
