"""A value that appears elsewhere than at its own key path."""

from __future__ import annotations

from sealedfiles.errors import PolicyError, TamperedError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import show
from sealedfiles.model.policy import PLAIN, FileRules
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealedfiles.app.files.working_file import WorkingFile
    from sealedfiles.model.address import Address


class Reference(NamedTuple):
    """A value that appears at another key path than its own."""

    address: Address
    """The address at which the value appears."""
    path: bytes
    """The encoded key path of *address*."""
    target: bytes | None
    """Its own key path; None if it is in another file, or if it is a key that is used as a value."""
    find_line: Callable[[], int]
    """Returns the line of the reference.  Called only for the one that is reported."""
    dialect: str = ""
    """The dialect that reads the value from plaintext; empty if it is a reference."""


def refuse_references(path: bytes, references: list[Reference]) -> None:
    """Raise TamperedError if there are *references* in the file at *path*."""
    if not references:
        return
    one, name = references[0], show_path(path)
    if one.dialect:
        raise TamperedError(
            f"{name}:{one.find_line()}: {show(one.path)}: the dialect {one.dialect} reads text for this "
            "variable that is not sealed to its group, for example a comment, a blank or a second line with "
            "its name",
            f"find who wrote it: git log -p -- {shell_path(path)}",
            "to use it as it is: --allow-plaintext",
        )
    target = "a value elsewhere" if one.target is None else show(one.target)
    raise TamperedError(
        f"{name}:{one.find_line()}: {show(one.path)}: refers in plaintext to {target}",
        f"find who wrote it: git log -p -- {shell_path(path)}",
        "to resolve it: --allow-plaintext; to avoid it: replace the reference with the value",
    )


def rules_for(place: WorkingFile) -> FileRules:
    """Return the rules for the file: if no pattern tracks it, and it has no token, all values are plaintext.

    Without a valid policy, all values count as sealed.
    """
    workspace = place.workspace
    try:
        if workspace.leaves_plain(place.path) and b"sealed:v1:" not in (place.data or b""):
            return FileRules([PLAIN])
        return workspace.describe(place.path)[1]
    except PolicyError:
        return FileRules([])
