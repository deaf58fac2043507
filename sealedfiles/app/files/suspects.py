"""Values that a reader may not have sealed at their places, and the words to report them.

``provenance`` finds them.
"""

from __future__ import annotations

from sealedfiles.errors import TamperedError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import show
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAINTEXT, OTHER_GROUP, RETIRED, FOREIGN = "plaintext", "other-group", "retired", "foreign"
UNSEALED = "unsealed"
"""The value is in plaintext outside git, where nothing shows who wrote it."""
CHECKED_OUT = "checked-out"
"""A checkout wrote the value in plaintext, and git's versions of the file no longer have it."""
FROM_RETIRED = "from-retired"
"""The same for a value that a checkout decrypted from a token under a retired key."""
UNAUTHENTICATED = "unauthenticated"
"""The value is an unauthenticated token, which no reader has accepted."""
REWRITTEN = "rewritten"
"""The value is a token that another program rewrote."""
IN_PLAINTEXT = (PLAINTEXT, UNSEALED, CHECKED_OUT, REWRITTEN)
"""What --allow-plaintext allows to show; as a value, a rewritten token is always refused."""


class Suspect(NamedTuple):
    """A value that, according to git, a reader may not have sealed at its place."""

    reason: str
    """PLAINTEXT, UNSEALED, CHECKED_OUT, FROM_RETIRED, OTHER_GROUP, RETIRED, FOREIGN, UNAUTHENTICATED
    or REWRITTEN."""
    start: int
    """Its offset in the decrypted text."""
    path: bytes | None
    """Its encoded key path; None for a file as a whole."""
    line: int
    group: str = ""
    """The group of its token."""
    wanted: str = ""
    """The group, or groups, that the policy assigns."""


_DESCRIPTIONS = {
    PLAINTEXT: "in plaintext in git, but the policy seals it to {0.wanted}",
    UNSEALED: "in plaintext, but the policy seals it to {0.wanted}",
    CHECKED_OUT: "checked out in plaintext, but the policy seals it to {0.wanted}",
    FROM_RETIRED: "checked out from a token under a retired key",
    FOREIGN: "its token has the file id of another file",
    RETIRED: "sealed with a retired key of the group {0.group}",
    UNAUTHENTICATED: "written by a non-reader for the group {0.group}, not authenticated",
    REWRITTEN: "a token that another program rewrote; it is not decrypted",
    OTHER_GROUP: "sealed to the group {0.group}, but the policy seals it to {0.wanted}",
}


def describe_suspect(file: bytes, suspect: Suspect) -> str:
    """Return a line that describes the problem of a value of the file at *file*."""
    key = f": {show(suspect.path)}" if suspect.path is not None else ""
    return f"{show_path(file)}:{suspect.line}{key}: {describe_reason(suspect)}"


def describe_reason(suspect: Suspect) -> str:
    """Return a description of the problem of a value."""
    return _DESCRIPTIONS[suspect.reason].format(suspect)


def suspect_hints(suspects: Iterable[Suspect], path: bytes) -> list[str]:
    """Return what to do about *suspects* in the file at *path*."""
    reasons = {suspect.reason for suspect in suspects}
    # Outside git, all plaintext is UNSEALED, and there is no log.
    file = shell_path(path)
    hints = [f"find who wrote it: git log -p -- {file}"]
    if UNSEALED in reasons:
        hints = [f"if it is correct, seal it: sealedfiles seal {file}"]
    if PLAINTEXT in reasons:
        hints.append("if it is correct, seal it: sealedfiles status --fix, then commit")
    if reasons & {CHECKED_OUT, FROM_RETIRED}:
        hints.append(f"if it is correct, seal it: sealedfiles seal {file}; then git add {file}")
    if reasons & {PLAINTEXT, UNSEALED, CHECKED_OUT}:
        hints.append("to use it as it is: --allow-plaintext")
    if REWRITTEN in reasons:
        hints.append(f"restore the line, or set the value: sealedfiles set {file} KEY")
    if UNAUTHENTICATED in reasons:
        hints.append(accept_hint(path))
    if OTHER_GROUP in reasons:
        hints.append(f"if it is correct, seal it to that group: sealedfiles reseal {file}")
    if FOREIGN in reasons:
        hints.append(f"if it belongs here, give the file its own id: sealedfiles reseal {file}")
    if RETIRED in reasons:
        hints.append("if it is correct: sealedfiles sync")
    if reasons & {RETIRED, FROM_RETIRED}:
        hints.append("to read it as it is: --allow-retired")
    return hints


def accept_hint(path: bytes) -> str:
    """Return what to do about an unauthenticated token in the file at *path*."""
    return f"to check the value and accept it: sealedfiles accept {shell_path(path)}"


def refuse_suspects(path: bytes, suspects: list[Suspect]) -> None:
    """Raise TamperedError if there are *suspects* in the file at *path*."""
    if suspects:
        shown = describe_suspect(path, suspects[0])
        more = f" (and {len(suspects) - 1} more)" if len(suspects) > 1 else ""
        raise TamperedError(shown + more, *suspect_hints(suspects, path))
