"""Creating ``.sealedfiles/`` in a repository or folder: ``init``."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from sealedfiles import age
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.rotation.new_epoch import record_new_keys
from sealedfiles.app.tracking.folder_attributes import FOLDER_ATTRIBUTES
from sealedfiles.app.tracking.policy_writing import write_policy
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import configure
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.repository import Repository, user_config
from sealedfiles.git.rewrite import stage
from sealedfiles.git.submodule import accept
from sealedfiles.keys.folder import NAME, DirFolder
from sealedfiles.keys.identity.generate import keep_identity
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.readers import add_recipients, make_group
from sealedfiles.keys.recipients import check_name, describe_key
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.util import atomic

NEW_POLICY = b"""\
# Which values go to which group of readers.  The first rule that matches a value decides;
# a value that no rule matches is sealed to the group `default`.
# The syntax: docs/format.md of sealedfiles, "Policy".
version: 1
tracked: []
rules: []
"""


def is_set_up(root: Path, repository: Repository | None) -> bool:
    """Return True if *root*, or git, has ``.sealedfiles/``: a sparse checkout may lack it."""
    if (root / NAME / "keys").exists():
        return True
    return repository is not None and bool(repository.run("ls-files", "--", f"{NAME}/keys"))


def create_workspace(
    root: Path, repository: Repository | None, name: str | None, dialog: Dialog
) -> None:
    """Create ``.sealedfiles/`` in *root* with one group and its first reader, and stage it.

    The caller has made sure that this clone caches no keys (``git.cached_groups``).
    *name* is the reader's, by default from git's user.name.  Raises UsageError, GitError and OSError.
    """
    if repository:
        repository.require_writable()
    reader = check_name(name or name_from_git(repository))
    identities = Identities()
    identity, place = own_identity(identities)
    assert identity.recipient is not None  # noqa: S101 - own_identity looks for one that has it
    folder = DirFolder(root / NAME)
    write_new(folder.root / "policy.yaml", NEW_POLICY)
    write_new(folder.root / ".gitattributes", FOLDER_ATTRIBUTES)
    add_recipients(folder, reader, [identity.recipient])
    key = make_group(folder, DEFAULT_GROUP, VerifiedReader.own(reader, identity))
    if repository:
        clone = Clone(repository, identities)
        clone.state.set_locked(locked=False)
        stage(clone, NAME)
        record_new_keys(clone, {DEFAULT_GROUP: key}, is_first=True)
        write_policy(clone, (folder.root / "policy.yaml").read_bytes())
        stage(clone, NAME)
    dialog.say(f"created {NAME}/ with the group {DEFAULT_GROUP} (key {key.key_id})")
    shown = describe_key(identity.recipient)
    dialog.say(f"you are its first reader, {reader}: key {shown}, {place}")


def set_up_git(repository: Repository) -> None:
    """Set up git's filter and attributes for the ``.sealedfiles/`` of *repository*."""
    configure(repository)
    clone = Clone(repository)
    accept(repository, clone.state)
    clone.mirror_policy()
    exclude_leftovers(repository)


def own_identity(identities: Identities) -> tuple[age.Identity, str]:
    """Return the first identity whose public key is known, or a new one, and where it is.

    What was made for SSH or SOPS is not taken unasked: such keys are classic, and what is committed
    is kept for the day that they can be broken.
    """
    for identity, place in identities.own():
        if identity.recipient is not None:
            return identity, f"found in {place}"
    identity = age.generate_identity()
    return identity, f"new, in {keep_identity(identity)}"


def name_from_git(repository: Repository | None) -> str:
    """Return a reader's name from git's user.name.  Raises UsageError if there is none."""
    name = (repository.config("user.name") if repository else user_config("user.name")) or ""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    reader = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")
    if not reader:
        raise UsageError(
            "no reader name: git's user.name is not set",
            "set it, or run: sealedfiles init --name NAME",
        )
    return reader


def write_new(path: Path, data: bytes) -> None:
    """Write *data* to *path* if there is no such file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, data)
