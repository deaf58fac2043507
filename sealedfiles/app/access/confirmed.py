"""The public keys of readers that the user gave or confirmed in this clone.

Each reader of a group can write a grant for it, with any public key.  So a grant proves a reader's public
keys for its own group only: before the key of another group is encrypted to them, the user must know them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles import age
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.workspace import Workspace
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import fingerprints
from sealedfiles.keys.readers import find_own
from sealedfiles.keys.recipients import describe_key
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.util.messages import shell_path


def is_confirmed(workspace: Workspace, name: str, recipients: Sequence[age.Recipient]) -> bool:
    """Return True if the user gave or confirmed exactly these public keys of *name* in this clone, or has
    their private keys."""
    known = workspace.clone.state.confirmed_readers() if workspace.clone else {}
    if known.get(name) == fingerprints(recipients):
        return True
    own = [identity.recipient for identity in workspace.ring.identities]
    return all(recipient in own for recipient in recipients)


def note_confirmed(workspace: Workspace, reader: VerifiedReader) -> None:
    """Record that the user gave or confirmed the public keys of *reader*."""
    if workspace.clone:
        workspace.clone.state.confirm_reader(reader.name, fingerprints(reader.recipients))


def confirm(
    workspace: Workspace, name: str, recipients: Sequence[age.Recipient], dialog: Dialog
) -> VerifiedReader | None:
    """Ask whether these public keys of *name* are right; return None unless the user agrees."""
    known = workspace.clone.state.confirmed_readers().get(name) if workspace.clone else None
    if known and known != fingerprints(recipients):
        dialog.warn(
            f"these are not the public keys of {name} that you gave or confirmed in this clone: {known}",
            f"find who changed them: git log -p -- {shell_path(f'{NAME}/recipients/{name}.pub')}",
        )
    for recipient in recipients:
        dialog.say(f"public key of {name}: {describe_key(recipient)}")
    reader = VerifiedReader.confirmed(name, recipients)
    if not dialog.ask(f"Has {name} confirmed this fingerprint in person?"):
        return None
    note_confirmed(workspace, reader)
    return reader


def own_reader(workspace: Workspace) -> VerifiedReader:
    """Return the user as a reader, with public keys that the user confirmed or has the private keys of.

    Raises as ``find_own``.
    """
    found = find_own(workspace.folder, workspace.ring)
    if is_confirmed(workspace, found.name, found.recipients):
        return found
    own = [one for one in workspace.ring.identities if one.recipient in found.recipients]
    return VerifiedReader.own(found.name, *own)
