"""`sealedfiles init`."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles import age, atomic
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository
from sealedfiles.git.rewrite import stage
from sealedfiles.git.setup import configure
from sealedfiles.keys.folder import NAME, DirFolder
from sealedfiles.keys.identities import Identities
from sealedfiles.keys.new_identity import keep_identity
from sealedfiles.keys.readers import add_recipients, make_group
from sealedfiles.keys.recipients import check_name, fingerprint
from sealedfiles.keys.state import Seen
from sealedfiles.messages import say
from sealedfiles.policy import DEFAULT_GROUP

if TYPE_CHECKING:
    from sealedfiles.git.repository import Repository

_POLICY = b"""\
# Which values go to which group of readers.  The first rule that matches a value decides;
# a value that no rule matches is sealed to the group `default`.
# The syntax: docs/format.md of sealedfiles, "Policy".
version: 1
rules: []
"""
# The folder itself is never sealed: it must be readable before anything can be opened.
_ATTRIBUTES = b"* -filter -diff -merge -text\n"


@click.command("init")
@click.option("--name", help="Your name as a reader (else made from git's user.name).")
def command(name: str | None) -> int:
    """Set up sealedfiles in this repository: .sealedfiles/, your key, and git's filter.

    An identity is made where none of yours is found.  What was made is staged, not committed.
    """
    repository = find_repository(Path.cwd())
    root = repository.top if repository else Path.cwd()
    if (root / NAME / "keys").exists():
        if repository is None:
            raise UsageError(f"{root / NAME} is there already")
        configure(repository)
        say(
            f"{root / NAME} is there already; git's configuration was written anew",
            "to open the files: sealedfiles unlock",
        )
        return 0
    reader = check_name(name or _name_from_git(repository))
    identities = Identities()
    identity, place = _own_identity(identities)
    assert identity.recipient is not None  # noqa: S101 - _own_identity looks for one that has it
    folder = DirFolder(root / NAME)
    _write(folder.root / "policy.yaml", _POLICY)
    _write(folder.root / ".gitattributes", _ATTRIBUTES)
    add_recipients(folder, reader, [identity.recipient])
    key = make_group(folder, DEFAULT_GROUP, reader)
    if repository:
        clone = Clone(repository, identities)
        configure(repository)
        stage(clone, NAME)
        clone.state.write_keys([(DEFAULT_GROUP, key)])
        clone.state.remember(DEFAULT_GROUP, Seen(key.key_id, "made here"))
        clone.state.set_locked(locked=False)
    say(f"made {NAME}/ with the group {DEFAULT_GROUP} (key {key.key_id})")
    say(f"you are its first reader, {reader}: key {fingerprint(identity.recipient)}, {place}")
    say(
        "next:",
        "which files to seal: sealedfiles track 'secrets/*.yaml' '*.env'",
        "then git add and git commit as always",
        "keep a copy of your key: without it, and without another reader, the values are lost",
    )
    return 0


def _own_identity(identities: Identities) -> tuple[age.Identity, str]:
    """Return the first identity whose public key is known, or a new one, and where it is.

    What was made for SSH or SOPS is not taken unasked: such keys are classic, and what is committed
    is kept for the day that they can be broken.
    """
    for identity, place in identities.own():
        if identity.recipient is not None:
            return identity, f"found in {place}"
    identity = age.generate_identity()
    return identity, f"new, in {keep_identity(identity)}"


def _name_from_git(repository: Repository | None) -> str:
    name = (repository.config("user.name") if repository else None) or ""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    reader = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")
    if not reader:
        raise UsageError(
            "nobody knows what to call you: git's user.name is not set",
            "say it: sealedfiles init --name NAME",
        )
    return reader


def _write(path: Path, data: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, data)
