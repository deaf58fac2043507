"""Run the program of another tool, if it is installed.  Plaintext and keys never reach the disk."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sealedfiles.errors import NoKeyError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import on_one_line, trace


class Output(NamedTuple):
    """What a program printed."""

    status: int
    data: bytes
    message: str


def is_installed(program: str) -> bool:
    """Return True if *program* is on PATH."""
    return shutil.which(program) is not None


def run_program(program: str, *arguments: str, folder: Path, stdin: bytes = b"") -> Output | None:
    """Run *program* in *folder*; return None if it is not installed."""
    found = shutil.which(program)
    if found is None:
        return None
    trace(f"{program} {' '.join(arguments)}")
    ran = subprocess.run(
        [found, *arguments], input=stdin, capture_output=True, cwd=folder, check=False
    )
    return Output(ran.returncode, ran.stdout, on_one_line(ran.stderr))


def decrypt_with_gpg(data: bytes, name: str, folder: Path) -> bytes:
    """Return the plaintext of the OpenPGP message *data*, the file called *name*.  Raises NoKeyError."""
    output = run_program("gpg", "--quiet", "--decrypt", folder=folder, stdin=data)
    if output is None:
        raise NoKeyError(
            f"{name} is encrypted with GPG, and gpg was not found on PATH", "install GnuPG"
        )
    if output.status:
        raise NoKeyError(f"{name}: gpg failed with exit status {output.status}: {output.message}")
    return output.data


def gpg_names(
    fingerprints: list[str], folder: Path, keyrings: Sequence[bytes] = ()
) -> dict[str, str]:
    """Return the user ids of keys by fingerprint, or by the end of it.

    They are from the user's keyring, otherwise from *keyrings*, the content of files with public keys.
    """
    names = _gpg_names(fingerprints, folder)
    for keyring in keyrings:
        missing = [one for one in fingerprints if one not in names]
        if missing:
            with TemporaryDirectory() as other:
                file = Path(other, "keyring")
                file.write_bytes(keyring)
                names |= _gpg_names(missing, folder, "--no-default-keyring", "--keyring", str(file))
    return names


def _gpg_names(fingerprints: list[str], folder: Path, *options: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for one in fingerprints:
        command = (*options, "--batch", "--with-colons", "--list-keys", "--", one)
        output = run_program("gpg", *command, folder=folder)
        if output is None:
            break
        fields = [line.split(b":") for line in output.data.split(b"\n") if line.startswith(b"uid:")]
        if not output.status and fields and len(fields[0]) > 9:
            names[one] = fields[0][9].decode("utf-8", "replace")
    return names


def gpg_recipients(data: bytes, folder: Path) -> list[str]:
    """Return the ids of the keys to which the OpenPGP message *data* is encrypted; no key is needed."""
    options = ("--batch", "--list-only", "--status-fd=1", "--decrypt")
    output = run_program("gpg", *options, folder=folder, stdin=data)
    lines = output.data.split(b"\n") if output else []
    words = [line.split() for line in lines if line.startswith(b"[GNUPG:] ENC_TO ")]
    return [one[2].decode("ascii", "replace") for one in words if len(one) > 2]
