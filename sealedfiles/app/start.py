"""Creating ``.sealedfiles/``, new or again from the keys that a clone caches: ``init``."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path

from sealedfiles import age
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.rotation.new_epoch import record_new_keys
from sealedfiles.app.tracking.folder_attributes import FOLDER_ATTRIBUTES
from sealedfiles.app.tracking.key_origin import created_by
from sealedfiles.app.tracking.policy_writing import derive_attributes, renew_proofs, write_policy
from sealedfiles.app.workspace import clone_here
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.git.cached_groups import folder_missing, has_keys
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import configure
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.repository import Repository, find_repository, user_config
from sealedfiles.git.rewrite import stage
from sealedfiles.git.submodule import accept
from sealedfiles.keys.epochs import Epoch, format_epochs, prove_again, public_key_of
from sealedfiles.keys.folder import NAME, POLICY, DirFolder
from sealedfiles.keys.identity.generate import keep_identity
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.policy_proof import NAME as PROOF
from sealedfiles.keys.policy_proof import proof_line
from sealedfiles.keys.readers import add_recipients, find_own, make_group
from sealedfiles.keys.recipients import check_name, describe_key, group_names, propose_name
from sealedfiles.keys.wrapping import VerifiedReader, wrap_to, write_file
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.util import atomic
from sealedfiles.util.messages import shell_path

_NEW_POLICY = b"""\
# Which values go to which group of readers.  The first rule that matches a value decides;
# a value that no rule matches is sealed to the group `default`.
# The syntax: docs/format.md of sealedfiles, "Policy".
version: 1
tracked: []
rules: []
"""
_NEW_FILES = {POLICY: _NEW_POLICY, ".gitattributes": FOLDER_ATTRIBUTES}


def is_set_up(root: Path, repository: Repository | None) -> bool:
    """Return True if *root*, or git, has ``.sealedfiles/``: a sparse checkout may lack it."""
    if any((root / NAME / "keys").glob("*/epochs")):  # written last: see make_group
        return True
    return repository is not None and bool(repository.run("ls-files", "--", f"{NAME}/keys"))


def is_committed(repository: Repository) -> bool:
    """Return True if HEAD has ``.sealedfiles/``."""
    code, out, _ = repository.try_run("ls-tree", "HEAD", "--", NAME)
    return not code and bool(out)


def clone_to_scan(identity: str | None) -> tuple[Clone, bool]:
    """Return the clone of the current folder, and whether sealedfiles was never set up there.

    Raises UsageError outside of git, and for a policy without keys; NoKeyError if the keys of an earlier
    ``.sealedfiles/`` are lost.
    """
    repository = find_repository(Path.cwd())
    if repository is None:
        raise UsageError("this command needs a git repository with a working tree")
    if is_set_up(repository.top, repository):
        refuse_incomplete(repository)
        return clone_here(identity)[1], False
    clone = Clone(repository, Identities(identity))
    missing = folder_missing(clone)
    if missing:
        raise missing
    for name, data in _NEW_FILES.items():
        _refuse_another(repository.top / NAME / name, data)
    return clone, True


def refuse_incomplete(repository: Repository) -> None:
    """Raise UsageError if there are groups, but no commit of HEAD ever had a policy, and this clone none.

    `init` writes both at once.  Somebody else, who needs no key for it, has added the groups, and no command
    would work with them.
    """
    clone = Clone(repository)
    if clone.policy_in_force.current() is not None or clone.state.policy() is not None:
        return
    name = f"{NAME}/{POLICY}"
    if repository.head_commit() and repository.run("rev-list", "-1", "HEAD", "--", name):
        return  # it was removed: other commands say how to restore it
    groups = sorted({*clone.group_names(), *clone.work_tree.list("keys")})
    raise UsageError(
        f"{NAME}/keys has {', '.join(groups)}, but sealedfiles was never set up: there was never a {name}",
        *(f"{group}: {line}" for group in groups for line in created_by(clone, group)),
        f"if a colleague set it up, get all of {NAME}/ from their clone",
        f"otherwise anyone with push access could have added this: git rm -r {NAME}, "
        "then sealedfiles init",
    )


def create_workspace(
    root: Path, repository: Repository | None, name: str | None, dialog: Dialog
) -> None:
    """Create ``.sealedfiles/`` in *root* with one group and its first reader, and stage it.

    The caller has made sure that this clone caches no keys (``git.cached_groups``).
    What a call that was killed has written is used again: somebody may have sealed values with its key.  The
    caller makes sure that nobody else has written it.
    *name* is the reader's, by default from git's user.name.  Raises UsageError, GitError and OSError.
    """
    if repository:
        repository.require_writable()
    reader = check_name(name or _name_from_git(repository))
    identities = Identities()
    identity, place = _own_identity(identities)
    assert identity.recipient is not None  # noqa: S101 - own_identity looks for one that has it
    folder = DirFolder(root / NAME)
    for file, data in _NEW_FILES.items():
        _refuse_another(folder.root / file, data)
    add_recipients(folder, reader, [identity.recipient])
    for file, data in _NEW_FILES.items():
        _write_new(folder.root / file, data)
    with closing(Clone(repository, identities)) if repository else nullcontext() as clone:
        if clone and folder.read(f"keys/{DEFAULT_GROUP}/epochs") is not None:
            key = clone.ring.current(DEFAULT_GROUP)
        else:
            key = make_group(folder, DEFAULT_GROUP, VerifiedReader.own(reader, identity))
        if clone:
            _record_first(clone, folder, key)
    dialog.say(f"created {NAME}/ with the group {DEFAULT_GROUP} (key {key.key_id})")
    shown = describe_key(identity.recipient)
    dialog.say(f"you are its first reader, {reader}: key {shown}, {place}")


def _record_first(clone: Clone, folder: DirFolder, key: GroupKey) -> None:
    """Stage ``.sealedfiles/`` in *folder*, and record *key* of its first group and the policy in *clone*."""
    clone.state.set_locked(locked=False)
    # Before the key is recorded: from then on, a policy that it does not prove must be confirmed.
    write_file(folder, PROOF, f"{proof_line(DEFAULT_GROUP, key, _NEW_POLICY)}\n".encode())
    stage(clone, NAME)
    record_new_keys(clone, {DEFAULT_GROUP: key}, is_first=True)
    write_policy(clone, (folder.root / POLICY).read_bytes())
    stage(clone, NAME)


def set_up_git(repository: Repository) -> None:
    """Set up git's filter and attributes for the ``.sealedfiles/`` of *repository*."""
    configure(repository)
    clone = Clone(repository)
    accept(repository, clone.state)
    clone.mirror_policy()
    exclude_leftovers(repository)


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
    """Return a reader's name from git's user.name.  Raises UsageError if there is none."""
    name = (repository.config("user.name") if repository else user_config("user.name")) or ""
    reader = propose_name(name)
    if not reader:
        raise UsageError(
            "no reader name: git's user.name is not set",
            "set it, or run: sealedfiles init --name NAME",
        )
    return reader


def _write_new(path: Path, data: bytes) -> None:
    """Write *data* to *path*.  Raises UsageError as ``_refuse_another`` does."""
    _refuse_another(path, data)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, data)


def _refuse_another(path: Path, data: bytes) -> None:
    """Raise UsageError if *path* is a file with other content than *data*.

    Anyone with push access may have put it there before the first reader: it would be proved with new keys.
    """
    if path.exists() and path.read_bytes() != data:
        raise UsageError(
            f"{NAME}/{path.name} already exists, and nobody proves who wrote it",
            f"find who added it: git log -p -- {shell_path(f'{NAME}/{path.name}')}",
            "move it away, run this command again, then copy what you need from it",
        )


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
        reader_name = check_name(name or _name_from_git(repository))
        identity, _ = _own_identity(identities)
        reader = VerifiedReader.own(reader_name, identity)
        add_recipients(folder, reader_name, list(reader.recipients))
    files = {**_NEW_FILES, POLICY: clone.state.policy() or _NEW_POLICY}
    for file, data in files.items():
        if not (there and (folder.root / file).exists()):
            _write_new(folder.root / file, data)
    for group, held in keys.items():
        write_file(folder, f"keys/{group}/epochs", _epochs(clone, group, held))
        wrap_to(folder, group, reader, held)
    stage(clone, NAME)
    clone.ring.accept(*keys)
    if there:
        renew_proofs(clone)
    else:
        write_policy(clone, (folder.root / POLICY).read_bytes())
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
        found.setdefault(group, []).append(key)
    for group in {*found} & {*there}:
        secrets = {key.key_id: key.secret for key in found.pop(group)}
        if not has_keys(clone.work_tree, group, secrets):
            raise NoKeyError(
                f"{NAME}/keys/{group} is another group than that of the cached keys",
                f"find who added it: git log -- {shell_path(f'{NAME}/keys/{group}')}",
                f"move {NAME}/ away, and run this command again",
            )
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
        line = Epoch(key.key_id, key.date, why, "-", public_key_of(key.secret), "")
        parent = epochs[-1] if epochs else None
        parent_secret = keys[number - 1].secret if epochs else b""
        epochs.append(prove_again(group, line, key.secret, parent, parent_secret))
    return format_epochs(epochs)
