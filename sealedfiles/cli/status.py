"""`sealedfiles status`."""

from __future__ import annotations

import time

from sealedfiles.app.history.due import DatedValue, dated_values, day
from sealedfiles.app.history.values import TokenOpener, shown_place
from sealedfiles.app.status import read_status, seal_staged_plaintext
from sealedfiles.app.workspace import Workspace, clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.dates import dated, shown_date
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import is_shallow
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import counted, say, shell_path, show, show_list, warn


@declaration.command("status")
@json_option
@declaration.option(
    "--age",
    is_flag=True,
    help="List every value with the date of its last change, and its deadline.",
)
@declaration.option("--fix", is_flag=True, help="Seal values that are in plaintext in the index.")
@declaration.option("--yes", is_flag=True, help="With --fix: do not ask.")
@identity_option
def command(as_json: bool, age: bool, fix: bool, yes: bool, identity: str | None) -> int:
    """List every sealed file and its state.

    \b
    open         decrypted in the working tree, sealed in git
    sealed       also sealed in the working tree
    partly open  some values are decrypted, some are tokens
    plaintext    committed or staged in plaintext: exit status 1
    stale        (in addition to the state) sealed with a key that has since been rotated

    Values that were written without reading, and not accepted yet, are "not authenticated".
    """
    workspace, clone = clone_here(identity)
    if age:
        if fix:
            raise UsageError("--age and --fix exclude each other")
        _ages(clone, as_json=as_json)
        return 0
    if fix:
        _fix(workspace, clone, yes=yes)
    states = read_status(workspace, clone, TERMINAL)
    clone.close()
    if as_json:
        rows = [{**one._asdict(), "path": path_text(one.path)} for one in states]
        show_list({"files": rows})
    else:
        for state in states:
            stale = "  stale" if state.stale else ""
            more = f"  {state.unauthenticated} not authenticated" if state.unauthenticated else ""
            tool = f"  encrypted with {state.tool}" if state.tool else ""
            show(f"{state.state:<12} {show_path(state.path)}{stale}{more}{tool}")
    plain = [state for state in states if state.state == "plaintext"]
    foreign = [state for state in plain if state.tool]
    if foreign:
        warn(
            f"encrypted with another tool, and not sealed: {counted(len(foreign), 'file')}",
            "what to do with each: sealedfiles check",
        )
    if len(plain) > len(foreign):
        warn(
            f"committed or staged in plaintext: {counted(len(plain) - len(foreign), 'file')}",
            "seal the staged versions: sealedfiles status --fix, then commit",
            "values that were pushed are known to others: change them at their source",
        )
    written = [state for state in states if state.unauthenticated]
    if written:
        count = sum(state.unauthenticated for state in written)
        warn(
            f"written by a non-reader, not authenticated: {counted(count, 'value')}",
            f"to check and accept them: sealedfiles accept {shell_path(written[0].path)}",
        )
    return SealedFilesError.exit_code if plain else 0


def _ages(clone: Clone, *, as_json: bool) -> None:
    now = int(time.time())
    policy = clone.policy()
    found = dated_values(clone, policy, TokenOpener(clone), now)
    clone.close()
    if as_json:
        show_list({"values": [_for_programs(one, now) for one in found]})
    else:
        places = [f"{show_path(one.age.file)}: {shown_place(one.age.path)}" for one in found]
        width = max(map(len, places), default=0)
        for place, one in zip(places, found, strict=True):
            show(f"{place:<{width}}  {shown_date(one.age.commit)}{_deadline(one, now)}")
    closed = sum(not one.age.is_open for one in found)
    if closed:
        warn(
            f"dates from tokens, because no key is available: {counted(closed, 'value')}",
            "if a key was rotated, the date may be that of the rotation, not of a new value",
        )
    if is_shallow(clone.repository):
        warn(
            "this clone is shallow: older values have the date of its oldest commit",
            "run: git fetch --unshallow",
        )


def _for_programs(value: DatedValue, now: int) -> dict[str, object]:
    return {
        "path": path_text(value.age.file),
        "key": shown_place(value.age.path),
        **dated(value.age.commit),
        "opened": value.age.is_open,
        "deadline": day(value.deadline.time) if value.deadline else None,
        "due": value.state(now) or None,
        "generate": value.lifetime.generate or None if value.lifetime else None,
    }


def _deadline(value: DatedValue, now: int) -> str:
    if value.deadline is None:
        return ""
    verb = "overdue since" if value.state(now) == "over" else "due"
    return f"  {verb} {day(value.deadline.time)}"


@exclusive()
def _fix(workspace: Workspace, clone: Clone, *, yes: bool) -> None:
    sealed = seal_staged_plaintext(workspace, clone, TERMINAL, yes=yes)
    for path in sealed:
        say(f"{show_path(path)}: sealed in the index; the working tree is unchanged")
    if sealed:
        say(f"staged: {counted(len(sealed), 'file')}; commit now")
    committed = sum(sealed.values())
    if committed:
        say(
            f"in plaintext in HEAD: {counted(committed, 'file')}",
            "earlier commits still contain these values in plaintext, in every copy of "
            "the repository: change them at their source",
            "rewriting history (git filter-repo) removes them from this repository, not from copies",
        )
