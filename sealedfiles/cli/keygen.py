"""`sealedfiles keygen`."""

from __future__ import annotations

from pathlib import Path

import click

from sealedfiles import age
from sealedfiles.keys.identities import identities_file
from sealedfiles.keys.new_identity import save_identity
from sealedfiles.keys.recipients import fingerprint
from sealedfiles.messages import say


@click.command("keygen")
@click.option("--output", "-o", metavar="FILE", help="Write the key to FILE, which must be new.")
@click.option(
    "--classic", is_flag=True, help="An X25519 key, for age older than 1.3; not post-quantum."
)
def command(output: str | None, classic: bool) -> int:
    """Make a new identity; print its public key.

    The private key goes to your identities file, or to FILE, readable by you only.  The public key on
    stdout is what others need to grant you access.
    """
    identity = age.generate_identity(post_quantum=not classic)
    path = Path(output) if output else identities_file()
    save_identity(path, identity, append=output is None)
    click.echo(str(identity.recipient))
    assert identity.recipient is not None  # noqa: S101 - a new key knows its public half
    say(
        f"the private key is in {path}; fingerprint {fingerprint(identity.recipient)}",
        "a reader grants you access with: sealedfiles grant NAME KEY --to GROUP",
    )
    return 0
