"""Creating the key files of groups again from the keys that this clone caches: ``init --restore``."""

from __future__ import annotations

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.start import NEW_POLICY, name_from_git, own_identity, write_new
from sealedfiles.app.tracking.folder_attributes import FOLDER_ATTRIBUTES
from sealedfiles.app.tracking.policy_writing import derive_attributes, renew_proofs, write_policy
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import Repository
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.epochs import Epoch, format_epochs, prove_again
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.readers import add_recipients, find_own
from sealedfiles.keys.recipients import check_name, group_names
from sealedfiles.keys.wrapping import VerifiedReader, wrap_to, write_file


def restore_folder(repository: Repository, name: str | None, dialog: Dialog) -> None:
    """Create ``.sealedfiles/`` from the cached keys, or add the groups that it lacks, and stage it.

    The only reader is the user: as *name* (by default from git's user.name) if the folder has no readers.
    Raises UsageError if no group is missing, NoKeyError if the newest key of a group is not cached,
    GitError and OSError.
    """
    identities = Identities()
    clone = Clone(repository, identities)
    clone.require_writable()
    folder = clone.work_tree
    there = group_names(folder)
    keys = _missing_keys(clone, there)
    if there:
        reader = find_own(folder, clone.ring)
    else:
        reader_name = check_name(name or name_from_git(repository))
        identity, _ = own_identity(identities)
        reader = VerifiedReader.own(reader_name, identity)
        add_recipients(folder, reader_name, list(reader.recipients))
    write_new(folder.root / "policy.yaml", clone.state.policy() or NEW_POLICY)
    write_new(folder.root / ".gitattributes", FOLDER_ATTRIBUTES)
    for group, held in keys.items():
        write_file(folder, f"keys/{group}/epochs", _epochs(clone, group, held))
        wrap_to(folder, group, reader, held)
    stage(clone, NAME)
    clone.ring.accept(*keys)
    if there:
        renew_proofs(clone)
    else:
        write_policy(clone, (folder.root / "policy.yaml").read_bytes())
        derive_attributes(clone)
        if clone.policy().tracked:
            stage(clone, ".gitattributes")
    stage(clone, NAME)
    dialog.say(
        f"restored from the cached keys: {', '.join(sorted(keys))}",
        f"the only reader is {reader.name}; to add others: sealedfiles grant NAME KEY --to GROUP",
        f"commit {NAME}/ and .gitattributes, which are staged",
    )


def _missing_keys(clone: Clone, there: list[str]) -> dict[str, list[GroupKey]]:
    """Return the cached keys of groups without a folder, the current key last."""
    found: dict[str, list[GroupKey]] = {}
    for group, key in clone.state.cached_keys():
        if group not in there:
            found.setdefault(group, []).append(key)
    if not found:
        raise UsageError(f"the cached keys of this clone have no group that {NAME}/ lacks")
    for group, keys in found.items():
        seen = clone.state.newest().get(group)
        keys.sort(key=lambda key: (seen is not None and key.key_id == seen.key_id, key.date))
        if seen and keys[-1].key_id != seen.key_id:
            raise NoKeyError(
                f"the newest key of {group}, {seen.key_id}, is not among the cached keys",
                f"get {NAME}/ from a clone that has it",
            )
    return found


def _epochs(clone: Clone, group: str, keys: list[GroupKey]) -> bytes:
    """Return the ``epochs`` of *group*: a chain of its *keys*, with the revocations that are remembered."""
    retired = clone.state.retired().get(group, set())
    last_retired = max((n for n, key in enumerate(keys) if key.key_id in retired), default=-1)
    epochs: list[Epoch] = []
    for number, key in enumerate(keys):
        why = "rotated" if number else "created"
        if number and number == last_retired + 1:
            why = "revoked"
        line = Epoch(key.key_id, key.date, why, "-", "-", "")
        parent = epochs[-1] if epochs else None
        parent_secret = keys[number - 1].secret if epochs else b""
        epochs.append(prove_again(group, line, key.secret, parent, parent_secret))
    return format_epochs(epochs)
