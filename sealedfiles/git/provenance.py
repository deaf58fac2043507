"""Which commits created or removed the files of ``.sealedfiles/``, and who wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.keys.folder import NAME
from sealedfiles.messages import printable

if TYPE_CHECKING:
    from sealedfiles.git.clone import Clone


def created_by(clone: Clone | None, group: str) -> list[str]:
    """Return lines that say which commit created *group*, and who wrote it, for hints."""
    if clone is None:
        return []
    code, out, _ = clone.repository.try_run(
        "log",
        "--full-history",
        "--diff-filter=A",
        "--format=%h by %an <%ae> on %as",
        "HEAD",
        "--",
        f"{NAME}/keys/{group}/epochs",
    )
    lines = out.decode("utf-8", "replace").strip("\n").split("\n") if code == 0 else []
    found = [f"created in {printable(line)}" for line in lines if line]
    return found or ["no commit created it yet"]
