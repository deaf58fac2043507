"""`sealedfiles key`: the identities that `keygen` and `init` store."""

from __future__ import annotations

import sys
from pathlib import Path

from sealedfiles.age.terminal import ask
from sealedfiles.app.key_output import write_key
from sealedfiles.app.own_keys import choose_key, read_keys, stored_keys
from sealedfiles.app.who.matrix import PublicKey, describe_public_key
from sealedfiles.cli import declaration
from sealedfiles.cli.files import json_option, output_option, print_value
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.keys.identity.generate import (
    StoredIdentity,
    forget_identity,
    keep_identity,
)
from sealedfiles.keys.identity.sources import public_name
from sealedfiles.keys.recipients import describe_key
from sealedfiles.util.messages import say, show, show_list


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
    entries = stored_keys(TERMINAL)
    if as_json:
        show_list({"keys": [_row(number, entry) for number, entry in enumerate(entries, 1)]})
    for number, entry in enumerate(() if as_json else entries, 1):
        recipient = entry.identity.recipient
        if public and recipient:
            show(str(recipient))
        elif not public:
            shown = describe_key(recipient) if recipient else entry.fingerprint
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
@output_option
def export_key(key: str | None, output: str | None) -> int:
    """Print a private key, for a backup or another computer.

    \b
    Examples:
      sealedfiles key export | age -p > key.backup
      sealedfiles key export kcmzf66b -o key.txt
    """
    entry = choose_key(key, TERMINAL)
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
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    for identity in read_keys(data, "stdin" if file == "-" else file):
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
    entry = choose_key(key, TERMINAL)
    if not yes:
        question = f"permanently delete {entry.fingerprint} from {entry.place}? (yes/no)"
        answer = ask(question, secret=False)
        if answer is None:
            raise UsageError("no terminal to ask on", "if you are sure: --yes")
        if answer.strip() != "yes":
            say("nothing was deleted")
            return 1
    forget_identity(entry)
    say(f"deleted {entry.fingerprint} from {entry.place}")
    return 0
