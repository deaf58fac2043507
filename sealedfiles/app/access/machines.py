"""Keys for machines: to be stored by the user, or encrypted by a key management service."""

from __future__ import annotations

from sealedfiles import age
from sealedfiles.app.access.granting import grant_access
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.expected import expected_line
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.identity.kms_file import KmsIdentity, format_file
from sealedfiles.keys.readers import write_file
from sealedfiles.keys.recipients import check_name, fingerprint, read_recipients
from sealedfiles.light_typing import NamedTuple
from sealedfiles.remote.kms import wrap
from sealedfiles.remote.kms.uri import KmsUri


class NewKey(NamedTuple):
    """The key pair of a new machine."""

    recipient: age.Recipient
    text: str
    """The private key, after a comment with the first key of each group."""


def add_machine(
    workspace: Workspace, name: str, groups: tuple[str, ...], dialog: Dialog, *, classic: bool
) -> NewKey:
    """Generate a key for the machine *name*, and grant it access to *groups*.

    Raises UsageError if the reader exists, and the errors of ``grant_access``.
    """
    new = _new_identity(workspace, name, classic)
    grant_access(workspace, name, [new.recipient], groups, dialog)
    return new._replace(text=_with_starts(workspace, groups, new.text))


def add_machine_in_kms(
    workspace: Workspace,
    name: str,
    groups: tuple[str, ...],
    uri: KmsUri,
    dialog: Dialog,
    *,
    classic: bool,
) -> KmsIdentity:
    """Generate a key as ``add_machine`` does, and store it encrypted with the key at *uri*; stage the file.

    The groups must exist.  Raises RemoteError, too; nothing is written then.
    """
    new = _new_identity(workspace, name, classic)
    identity = KmsIdentity(uri, name, fingerprint(new.recipient))
    # Not after the grant, which would be to a key that is lost if the service refuses.  The first keys that
    # the text has are verified by the grant.
    text = _with_starts(workspace, groups, new.text)
    ciphertext = wrap.encrypt(uri, text.encode("ascii"), identity.context)
    grant_access(workspace, name, [new.recipient], groups, dialog)
    write_file(workspace.folder, identity.file, format_file(identity, ciphertext))
    if workspace.clone:
        # The folder: git 2.39 does not add a single file of a new folder if a pattern is excluded.
        stage(workspace.clone, f"{NAME}/identities")
    return identity


def _new_identity(workspace: Workspace, name: str, classic: bool) -> NewKey:
    if read_recipients(workspace.folder, check_name(name)):
        raise UsageError(
            f"the reader {name} already exists",
            "use a new name for a new key, so that you can revoke the old one later",
        )
    new = age.generate_identity(post_quantum=not classic)
    assert new.recipient is not None  # noqa: S101 - a new key knows both halves
    return NewKey(new.recipient, new.text or "")


def _with_starts(workspace: Workspace, groups: tuple[str, ...], text: str) -> str:
    """Return the text of a key after the first keys of *groups*.

    With them, a clone without a record of keys can detect a replaced group.
    """
    starts = [expected_line(group, workspace.ring.epochs(group)[1][0].key_id) for group in groups]
    return "".join(f"# {line}\n" for line in starts) + text
