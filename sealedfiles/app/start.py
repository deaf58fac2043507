"""Creating ``.sealedfiles/`` in a repository or folder: ``init``."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles import age
from sealedfiles.app.rotation.new_epoch import record_new_key
from sealedfiles.app.tracking.folder_attributes import FOLDER_ATTRIBUTES
from sealedfiles.app.tracking.policy_writing import write_policy
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import user_config
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME, DirFolder, no_folder
from sealedfiles.keys.identity.generate import keep_identity
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.readers import add_recipients, make_group
from sealedfiles.keys.recipients import check_name
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.util import atomic

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.git.repository import Repository

_POLICY = b"""\
# Which values go to which group of readers.  The first rule that matches a value decides;
# a value that no rule matches is sealed to the group `default`.
# The syntax: docs/format.md of sealedfiles, "Policy".
version: 1
tracked: []
rules: []
"""


class Created(NamedTuple):
    """The first group and its first reader."""

    key_id: str
    reader: str
    recipient: age.Recipient
    place: str
    """Where the reader's private key is, for display."""


def refuse_second_start(clone: Clone) -> None:
    """Raise NoKeyError if this clone knows groups and another branch has the folder.

    A second set of groups would seal values that nobody else can open, and open none of the others'.
    """
    branch = clone.branch_with_folder()
    if branch:
        raise no_folder(branch)


def is_in_index(repository: Repository | None) -> bool:
    """Return True if the folder is in git; it may not be checked out (a sparse checkout)."""
    return repository is not None and bool(repository.run("ls-files", "--", f"{NAME}/keys"))


def create_workspace(root: Path, repository: Repository | None, name: str | None) -> Created:
    """Create ``.sealedfiles/`` in *root* with one group and its first reader, and stage it.

    *name* is the reader's, by default from git's user.name.  Raises UsageError, GitError and OSError.
    """
    reader = check_name(name or _name_from_git(repository))
    identities = Identities()
    identity, place = _own_identity(identities)
    assert identity.recipient is not None  # noqa: S101 - _own_identity looks for one that has it
    folder = DirFolder(root / NAME)
    _write(folder.root / "policy.yaml", _POLICY)
    _write(folder.root / ".gitattributes", FOLDER_ATTRIBUTES)
    add_recipients(folder, reader, [identity.recipient])
    key = make_group(folder, DEFAULT_GROUP, VerifiedReader.own(reader, identity))
    if repository:
        clone = Clone(repository, identities)
        clone.state.forget_keys()
        clone.state.set_locked(locked=False)
        stage(clone, NAME)
        record_new_key(clone, DEFAULT_GROUP, key, is_first=True)
        write_policy(clone, (folder.root / "policy.yaml").read_bytes())
        stage(clone, NAME)
    return Created(key.key_id, reader, identity.recipient, place)


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
    name = (repository.config("user.name") if repository else user_config("user.name")) or ""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    reader = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")
    if not reader:
        raise UsageError(
            "no reader name: git's user.name is not set",
            "set it, or run: sealedfiles init --name NAME",
        )
    return reader


def _write(path: Path, data: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, data)
