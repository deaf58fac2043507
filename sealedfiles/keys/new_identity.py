"""Writing a new identity to a file of its owner's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles import atomic
from sealedfiles.errors import UsageError
from sealedfiles.keys.epochs import today

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles import age


def save_identity(path: Path, identity: age.Identity, append: bool = True) -> None:
    """Write *identity* to *path*, readable by its owner only, as age-keygen writes one.

    Where the file is there it is added to it, or with *append* false refused (UsageError): a private
    key that is overwritten is lost, with all that only it opens.
    """
    path = path.resolve()  # people link their settings to where they keep them
    there = path.read_bytes() if path.exists() else b""
    if there and not append:
        raise UsageError(
            f"{path} is there already", "a key that is overwritten is lost: choose another file"
        )
    if there and not there.endswith(b"\n"):
        there += b"\n"
    lines = [f"# created: {today()}", f"# public key: {identity.recipient}", identity.text]
    text = "".join(f"{line}\n" for line in lines)
    if not path.parent.exists():
        atomic.make_private_folder(path.parent)
    atomic.replace(path, there + text.encode("ascii"), atomic.PRIVATE)
