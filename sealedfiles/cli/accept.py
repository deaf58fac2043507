"""`sealedfiles accept`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.dialog import confirmed
from sealedfiles.app.files.accepting import Origin, WrittenValue, accept, find_written, origins
from sealedfiles.app.files.working_file import WorkingFile, read_in_place, with_place
from sealedfiles.app.workspace import ReadOptions
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import FormatError, SealedFilesError, TamperedError
from sealedfiles.model.paths import json_string, show
from sealedfiles.util import messages
from sealedfiles.util.messages import counted, say, shell_path, show_list, warn


@declaration.command("accept")
@declaration.argument("file", metavar="FILE", shell_complete=complete_file)
@declaration.argument("paths", metavar="[PATH]...", nargs=-1)
@declaration.option(
    "--show",
    "shows_values",
    is_flag=True,
    help="Print the values before asking, with their quotes, tags and escapes.",
)
@declaration.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@identity_option
def command(
    file: str,
    paths: tuple[str, ...],
    shows_values: bool,
    yes: bool,
    as_json: bool,
    identity: str | None,
) -> int:
    """Accept values that were written without reading.

    Anyone who has the repository can write a value for a group (sealedfiles set --group).  No command uses it
    before a reader of the group has accepted it.  This command lists each such value (with PATH, only those
    at these key paths) with the commit that added it, and asks about them.  Accepted values are sealed like
    any value that you set.

    Nothing proves who wrote a value: anyone can use any name as the author of a commit.  Answer yes only if
    you know where the value comes from, or compare it first: --show.

    With --json, the values are accepted only with --yes.
    """
    with exclusive(Path(file).parent):
        place = read_in_place(Path(file), ReadOptions(identity))
        try:
            return _accept(place, paths, shows_values, yes, as_json)
        except FormatError as error:
            raise with_place(error, place) from None


def _accept(
    place: WorkingFile, paths: tuple[str, ...], shows_values: bool, yes: bool, as_json: bool
) -> int:
    values = find_written(place, paths)
    valid = [one for one in values if not one.trouble]
    came = origins(place, values)
    status = TamperedError.exit_code if len(valid) < len(values) else 0
    if as_json:
        if valid and yes:
            accept(place, valid)
        rows = zip(values, came, strict=True)
        show_list({"values": [_row(place, *row, shows_values, yes) for row in rows]})
        return status
    if not values:
        say(f"{place.name}: nothing to do: no value was written without reading")
        return 0
    for one, origin in zip(values, came, strict=True):
        _report(place, one, origin)
        if shows_values and not one.trouble:
            messages.show(f"{show(one.path)}: {json_string(one.literal)}")
    if not valid:
        return status
    if not yes:
        question = f"Accept {counted(len(valid), 'value')} as if you had set them?"
        if not confirmed(TERMINAL, question):
            say("nothing was changed")
            return status or SealedFilesError.exit_code
    accept(place, valid)
    say(f"{place.name}: {counted(len(valid), 'value')} accepted")
    if place.workspace.clone:
        say(f"add it: git add {shell_path(place.path)}")
    return status


def _report(place: WorkingFile, value: WrittenValue, origin: Origin) -> None:
    where = f"{place.name}:{value.line}: {show(value.path)}"
    if value.trouble:
        warn(f"{where}: cannot be accepted: {value.trouble}")
        return
    added = f"added by commit {origin.commit.words}" if origin.commit else "not committed"
    warn(f"{where}: written for {value.group} without reading, {added}")
    if origin.replaces:
        warn(f"{where}: it replaces a value that a reader had sealed")


def _row(
    place: WorkingFile, value: WrittenValue, origin: Origin, shows_values: bool, yes: bool
) -> dict[str, object]:
    row: dict[str, object] = {
        "key": show(value.path),
        "line": value.line,
        "group": value.group,
        "commit": origin.commit._asdict() if origin.commit else None,
        "replaces": origin.replaces,
        "accepted": yes and not value.trouble,
        "trouble": value.trouble or None,
    }
    if shows_values:
        form = place.described.format
        row["value"] = form.decode(value.literal) if form and not value.trouble else None
        row["source"] = None if value.trouble else value.literal
    return row
