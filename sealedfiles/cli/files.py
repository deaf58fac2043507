"""Options and reports shared by the commands that work on files."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from sealedfiles.app.files.suspects import Suspect, describe_suspect, suspect_hints
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.app.workspace import ReadOptions, Workspace, workspace_of
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.errors import NoKeyError, PolicyError, TamperedError
from sealedfiles.git.filter.problems import (
    UNKNOWN_KEY_HINTS,
    describe_problem,
    misplaced_hints,
    unknown_key,
)
from sealedfiles.keys.epochs import epoch_ids
from sealedfiles.keys.expected import UnexpectedKeyError
from sealedfiles.keys.recipients import who_can_help
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import inspect_file
from sealedfiles.util.messages import fail, warn

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_SUSPECTS = 20

identity_option = declaration.option(
    "--identity",
    "-i",
    metavar="FILE",
    is_path=True,
    help="Read your private key from FILE instead of the default places.",
)

files_argument = declaration.argument(
    "files", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file
)

output_option = declaration.option(
    "--output",
    "-o",
    metavar="FILE",
    is_path=True,
    help="Write the key to FILE, a new file outside the repository.",
)

classic_option = declaration.option(
    "--classic", is_flag=True, help="Generate an X25519 key, for age before 1.3; not post-quantum."
)

expect_option = declaration.option(
    "--expect-key",
    "expected",
    metavar="GROUP=FINGERPRINT",
    multiple=True,
    help="Use the public key of GROUP if this is its fingerprint, without asking.",
)

json_option = declaration.option(
    "--json", "as_json", is_flag=True, help="Print a list as JSON, for programs."
)
"""For commands that print with ``show_list``.  docs/scripting.md lists the fields."""

sarif_option = declaration.option(
    "--sarif", is_flag=True, help="Print SARIF 2.1.0, for code review tools."
)

reading_options = declaration.collected(
    "options",
    ReadOptions,
    declaration.option(
        "--allow-retired",
        is_flag=True,
        help="Also decrypt values under a key that was retired when a reader was removed.",
    ),
    declaration.option(
        "--allow-plaintext",
        is_flag=True,
        help="Also use values that git has in plaintext although the policy seals them.",
    ),
    identity_option,
)

dialect_option = declaration.option(
    "--dialect",
    choices=(["python", "node", "compose", "bash", "docker"]),
    default="python",
    show_default=True,
    help="How to read quotes, escapes and ${NAME} in a .env file.",
)


def print_value(text: str, *, newline: bool) -> None:
    """Print *text* to stdout as UTF-8; with *newline*, add a line ending if it has none."""
    if newline and not text.endswith("\n"):
        text += "\n"
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()


def print_bytes(data: bytes, *, newline: bool) -> None:
    """Print *data* to stdout; with *newline*, add a line ending if it is a text that has none."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        newline = False
    sys.stdout.buffer.write(data + b"\n" if newline and not data.endswith(b"\n") else data)
    sys.stdout.buffer.flush()


def report(place: WorkingFile) -> int:
    """Report the tokens of a file that stay sealed; return the exit status for it.

    Groups without a key are not reported if at least one key for the file is available.
    """
    status = 0
    opened, ring = place.opened, place.workspace.ring
    without = sorted({p.group for p in opened.problems if p.reason == "no-key"})
    for problem in opened.problems:
        if problem.reason != "no-key":
            warn(describe_problem(place.name, problem))
            status = TamperedError.exit_code
    if status:
        warn(
            "these tokens were left sealed",
            *misplaced_hints(opened.problems, place.path),
        )
    for group in [group for group in without if ring.is_member(group)]:
        count = sum(p.reason == "no-key" and p.group == group for p in opened.problems)
        warn(f"{place.name}: {unknown_key(group, count)}", *UNKNOWN_KEY_HINTS)
        status = status or NoKeyError.exit_code
    if without and not opened.opened and not status and not _is_decrypted(place):
        error = ring.identities.no_key(
            f"{place.name} stays sealed: no key of {', '.join(without)} is available",
            *(who_can_help(place.workspace.folder, group) for group in without),
        )
        warn(error.message, *error.hints)
        status = status or NoKeyError.exit_code
    warn_of_older_keys(place.workspace)
    for trouble in {error.message: error for error in ring.troubles}.values():
        warn(trouble.message, *trouble.hints)
        # Replaced keys have another exit status than a missing key, so that scripts can distinguish them.
        status = (
            trouble.exit_code
            if isinstance(trouble, UnexpectedKeyError)
            else status or trouble.exit_code
        )
    return status


def report_suspects(path: bytes, suspects: list[Suspect]) -> int:
    """Report *suspects* in the file at *path*; return the exit status for it."""
    if not suspects:
        return 0
    for suspect in suspects[:_MOST_SUSPECTS]:
        warn(describe_suspect(path, suspect))
    if len(suspects) > _MOST_SUSPECTS:
        warn(f"{show_path(path)}: and {len(suspects) - _MOST_SUSPECTS} more values")
    fail("these values may not come from a reader", *suspect_hints(suspects, path))
    return TamperedError.exit_code


def warn_of_older_keys(workspace: Workspace) -> None:
    """Warn if keys are older than the newest seen: values may be outdated, or written by a removed reader."""
    for group in workspace.ring.groups():
        listed = epoch_ids(workspace.folder, group)
        seen = workspace.ring.older_than_seen(group, listed) if listed else None
        if seen:
            warn(
                f"the keys of the group {group} are older than the newest key that this clone has seen, "
                f"{seen.key_id} ({seen.where})",
                "in an old version, this is expected; otherwise find who removed the newer keys: "
                f"git log -- .sealedfiles/keys/{group}",
            )


def _is_decrypted(place: WorkingFile) -> bool:
    """Return True if values of a group with an available key are in plaintext, as in an unlocked clone.

    Then no token was decrypted because there are none, not because a key is missing.
    """
    with contextlib.suppress(PolicyError):
        file, rules = place.workspace.describe(place.path)
        plain = inspect_file(place.data or b"", file, rules).plain
        found = {rules.group_of(span.path) for span in plain}
        return any(place.workspace.ring.holds(group) for group in found if group)
    return False


def each_file(
    files: tuple[str, ...], options: ReadOptions, act: Callable[[Workspace, Path, bytes], int]
) -> int:
    """Call *act* for every file with its workspace and path; return the highest exit status."""
    status = 0
    spaces: dict[Path, Workspace] = {}
    for name in files:
        file = Path(name)
        folder = file.absolute().parent
        if folder not in spaces or not file.is_file():
            spaces[folder] = workspace_of(file, options)
        space = spaces[folder]
        status = max(status, act(space, file, space.path_to_read(file)))
    return status
