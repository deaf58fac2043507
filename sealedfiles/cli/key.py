"""`sealedfiles key`: the identities that `keygen` and `init` store."""

from __future__ import annotations

import sys
from pathlib import Path

from sealedfiles import age
from sealedfiles.age.terminal import ask
from sealedfiles.app.key_output import write_key
from sealedfiles.app.who.matrix import PublicKey, describe_public_key
from sealedfiles.cli import declaration
from sealedfiles.cli.files import json_option, print_value
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.keys.identity.generate import (
    StoredIdentity,
    forget_identity,
    keep_identity,
    kept_identities,
)
from sealedfiles.keys.identity.sources import public_name
from sealedfiles.keys.recipients import describe_key, fingerprint
from sealedfiles.util.messages import say, show, show_list, warn

_UNKNOWN = "-" * 20


@declaration.group("key")
def command() -> None:
    """List, export, import and delete your identities.

    These are the keys in the keyring of the operating system and in the identities file.  Keys in other
    places (SSH keys, variables, SOPS's files) are used, but not listed.  KEY is a fingerprint, the
    beginning of a fingerprint, or the number that `key list` shows.
    """


@command.command("list")
@declaration.option(
    "--public", is_flag=True, help="Print only the public keys, one per line, for grant."
)
@json_option
def list_keys(public: bool, as_json: bool) -> int:
    """List your identities.

    Each line shows the number, the fingerprint, the kind and the location of a key.

    \b
    Examples:
      sealedfiles key list
      sealedfiles key list --public > me.pub
    """
    if public and as_json:
        raise UsageError("--public and --json exclude each other")
    entries = _entries()
    if as_json:
        show_list({"keys": [_row(number, entry) for number, entry in enumerate(entries, 1)]})
    for number, entry in enumerate(() if as_json else entries, 1):
        recipient = entry.identity.recipient
        if public and recipient:
            show(str(recipient))
        elif not public:
            shown = describe_key(recipient) if recipient else _UNKNOWN
            show(f"{number}  {shown}  {entry.identity.kind}  {entry.place}")
    if not entries:
        say("you have no keys", "generate one: sealedfiles keygen")
    return 0


def _row(number: int, entry: StoredIdentity) -> dict[str, object]:
    recipient = entry.identity.recipient
    described = (
        describe_public_key(recipient)
        if recipient
        else PublicKey(entry.identity.kind, post_quantum=None, fingerprint="")
    )
    return {
        "number": number,
        **described._asdict(),
        "public_key": str(recipient or ""),
        "place": entry.place,
    }


@command.command("export")
@declaration.argument("key", required=False)
@declaration.option(
    "--output",
    "-o",
    metavar="FILE",
    is_path=True,
    help="Write the key to FILE, a new file outside the repository.",
)
def export_key(key: str | None, output: str | None) -> int:
    """Print a private key, for a backup or another computer.

    \b
    Examples:
      sealedfiles key export | age -p > key.backup
      sealedfiles key export kcmzf66b -o key.txt
    """
    entry = _choose(key)
    if output:
        write_key(output, entry.identity)
        say(f"wrote the private key to {output}")
    else:
        print_value(entry.identity.text or "", newline=True)
    return 0


@command.command("import")
@declaration.argument("file", is_path=True)
def import_keys(file: str) -> int:
    """Import the private keys in a file.

    They are stored in the OS keyring, or in the identities file if there is no keyring.  FILE is not
    changed; it may be protected by a passphrase.  Use - for stdin.

    \b
    Examples:
      sealedfiles key import key.txt
      age -d key.backup | sealedfiles key import -
    """
    for identity in _read(file):
        kept = keep_identity(identity)
        say(f"{public_name(identity)} is stored in {kept}")
    if file != "-":
        say(f"{file} was not changed", "if you no longer need it, delete it")
    return 0


@command.command("delete")
@declaration.argument("key")
@declaration.option("--yes", is_flag=True, help="Do not ask.")
def delete_key(key: str, yes: bool) -> int:
    """Delete a stored private key.

    Values that only this key decrypts are lost with it.
    """
    entry = _choose(key)
    if not yes:
        question = f"permanently delete {_fingerprint(entry)} from {entry.place}? (yes/no)"
        answer = ask(question, secret=False)
        if answer is None:
            raise UsageError("no terminal to ask on", "if you are sure: --yes")
        if answer.strip() != "yes":
            say("nothing was deleted")
            return 1
    forget_identity(entry)
    say(f"deleted {_fingerprint(entry)} from {entry.place}")
    return 0


def _read(file: str) -> list[age.Identity]:
    from sealedfiles.keys.identity.passphrase import describe, open_identities
    from sealedfiles.keys.identity.text import repair

    where = "stdin" if file == "-" else file
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        found = open_identities(repair(data), where)
    except age.AgeError as error:
        raise NoKeyError(f"{where}: {describe(error)}") from None
    if any("\n" in (identity.text or "") for identity in found):
        raise UsageError(
            "SSH keys are not stored: sealedfiles uses them in place",
            "~/.ssh/id_ed25519 and id_rsa are found automatically; for another, set SEALEDFILES_KEY_FILE",
        )
    return found


def _entries() -> list[StoredIdentity]:
    entries, troubles = kept_identities()
    for trouble in troubles:
        warn(trouble)
    return entries


def _choose(key: str | None) -> StoredIdentity:
    entries = _entries()
    chosen = [
        entry
        for number, entry in enumerate(entries, 1)
        if key is None
        or key == str(number)
        or (len(key) > 3 and _fingerprint(entry).startswith(key))
    ]
    if len(chosen) == 1 or (chosen and key and len({_fingerprint(entry) for entry in chosen}) == 1):
        return chosen[0]
    if not entries:
        raise NoKeyError("you have no keys", "generate one: sealedfiles keygen")
    if chosen:
        raise UsageError("which key?", *(f"{_fingerprint(e)}  {e.place}" for e in chosen))
    raise UsageError(f"the key {key} was not found", "list your keys: sealedfiles key list")


def _fingerprint(entry: StoredIdentity) -> str:
    recipient = entry.identity.recipient
    return fingerprint(recipient) if recipient else _UNKNOWN
