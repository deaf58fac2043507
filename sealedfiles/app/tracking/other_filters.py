"""Find files of other programs: those that git sends through another filter, and encrypted ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import Entry
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.other_tools import MAY_STAY, encrypting_tool

_MIGRATE = "to take over its files: sealedfiles migrate"


def other_filters(clone: Clone, paths: Iterable[bytes]) -> dict[bytes, str]:
    """Return the name of the other program's filter for each of *paths* that has one.  Raises GitError."""
    names = b"".join(path + b"\x00" for path in paths)
    out = clone.repository.run("check-attr", "--stdin", "-z", "filter", stdin=names)
    fields = out.split(b"\x00")
    return {
        path: value.decode("utf-8", "replace")
        for path, value in zip(fields[0:-1:3], fields[2::3], strict=False)
        if value not in (b"unspecified", b"unset", b"set", b"sealedfiles")
    }


def refuse_other_filters(clone: Clone, paths: list[bytes]) -> None:
    """Raise UsageError for a file that git sends through another program's filter."""
    for path, name in other_filters(clone, paths).items():
        hints = [
            f"remove its line with filter={name} from .gitattributes first",
            "to replace that filter: --force",
        ]
        if name.partition("-")[0] == "crypt" or name.startswith("git-crypt"):
            # Only with its keys; otherwise the ciphertext would be sealed.
            hints = [_MIGRATE]
        raise UsageError(
            f"{show_path(path)} belongs to another filter, {name}; a file can have one only", *hints
        )


def refuse_ciphertext(blobs: Mapping[Entry, bytes]) -> None:
    """Raise UsageError if another tool has encrypted one of *blobs*, which would be sealed."""
    for entry, blob in blobs.items():
        tool = encrypting_tool(blob)
        if tool and tool not in MAY_STAY:
            what = f"{show_path(entry.path)} is encrypted with {tool}"
            raise UsageError(what, _MIGRATE, "to seal the ciphertext as it is: --force")
