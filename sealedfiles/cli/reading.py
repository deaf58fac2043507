"""Read files for the commands that output their values: `cat` and `run`."""

from __future__ import annotations

from collections import Counter

from sealedfiles.app.files.provenance import suspects_in
from sealedfiles.app.files.suspects import Suspect
from sealedfiles.app.files.working_file import WorkingFile, read_file
from sealedfiles.app.workspace import ReadOptions, Workspace
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.files import each_file, report, report_suspects
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.git.filter.problems import UNKNOWN_KEY_HINTS, unknown_key
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.sealing.file import SomeKeys
from sealedfiles.util.messages import warn

if TYPE_CHECKING:
    from pathlib import Path

group_option = declaration.option(
    "--group",
    "groups",
    metavar="GROUP",
    multiple=True,
    shell_complete=complete_group,
    help="Decrypt only the values of this group; fail if its key is not available.  May be repeated.",
)


class Selection(NamedTuple):
    """The values that become variables, and how."""

    prefix: str = ""
    only: tuple[str, ...] = ()
    override: bool = False
    allowed: tuple[str, ...] = ()


variable_options = declaration.collected(
    "selection",
    Selection,
    declaration.option("--prefix", default="", metavar="TEXT", help="Add a prefix to each name."),
    declaration.option(
        "--allow-variable",
        "allowed",
        metavar="NAME",
        multiple=True,
        help="Set NAME from plaintext even if it makes programs load code (like PATH).  May be repeated.",
    ),
    declaration.option(
        "--only",
        metavar="PATTERN",
        multiple=True,
        help="Use only values whose key path matches, such as 'database.**'.  May be repeated.",
    ),
    declaration.option(
        "--override/--no-override",
        help="Values override existing variables, and later files override earlier files.",
    ),
)


def read_all(
    files: tuple[str, ...], options: ReadOptions, groups: tuple[str, ...]
) -> tuple[list[WorkingFile], int]:
    """Read *files*, report values that stay sealed, and return the files with the highest exit status."""
    places: list[WorkingFile] = []

    def read(workspace: Workspace, file: Path, path: bytes) -> int:
        place, suspects = read_for(groups, workspace, file, path)
        places.append(place)
        return max(report_suspects(place.path, suspects), report_sealed(place, groups))

    return places, each_file(files, options, read)


def read_for(
    groups: tuple[str, ...], workspace: Workspace, file: Path, path: bytes
) -> tuple[WorkingFile, list[Suspect]]:
    """Read a file; return it with its suspects, the values that a reader may not have sealed.

    With *groups*, only values that are sealed to them are decrypted, also if the file is decrypted on disk,
    and only suspects that are, or should be, sealed to them are returned.  Raises UsageError for a group
    that does not exist, and the errors of sealing.
    """
    known = workspace.group_names() if groups else []
    for group in groups:
        if group not in known:
            raise UsageError(f"the group {group} does not exist", f"available: {', '.join(known)}")
    place = read_file(workspace, file, path)
    if not place.opened.data.isascii():
        from sealedfiles.app.files.trust import require_same_lines  # here: few texts need it

        require_same_lines(place)
    # Find suspects before the file is sealed in memory: a token would look like a reader's.
    suspects = suspects_in(place)
    place = place._replace(suspects=suspects)
    if groups:
        suspects = [one for one in suspects if {one.group, *one.wanted.split(", ")} & {*groups}]
        # The values of other groups become tokens.
        data = place.data or b""
        sealed = workspace.seal(path, data, data if place.is_sealed else b"", with_stored=True)
        keys = SomeKeys(workspace.ring, lambda group, _: group in groups)
        opened = workspace.open(sealed, place.described, keys)
        place = place._replace(data=sealed, opened=opened, suspects=None)
    return place, suspects


def report_sealed(place: WorkingFile, groups: tuple[str, ...]) -> int:
    """Report tokens that stay sealed but should not, and return the exit status.

    With *groups*, every token of these groups should be decrypted, and other tokens are ignored.
    """
    workspace, opened = place.workspace, place.opened
    if not groups:
        return report(place)
    problems = [problem for problem in opened.problems if problem.group in groups]
    odd = [problem for problem in problems if problem.reason != "no-key"]
    without = Counter(problem.group for problem in problems if problem.reason == "no-key")
    status = report(place._replace(opened=opened._replace(problems=odd)))
    for group, count in without.items():
        if workspace.ring.is_member(group):
            warn(f"{place.name}: {unknown_key(group, count)}", *UNKNOWN_KEY_HINTS)
        else:
            error = workspace.no_key(
                f"{place.name}: the values of the group {group} stay sealed: no key for the group",
                group,
            )
            warn(error.message, *error.hints)
        status = status or NoKeyError.exit_code
    return status
