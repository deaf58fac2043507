"""`sealedfiles export`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles import age
from sealedfiles.app.export.exporting import (
    KINDS,
    all_files,
    check_destination,
    convert,
    own_recipients,
    readers_of,
    shown,
    write_files,
)
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.app.workspace import ReadOptions, workspace_at
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import json_option, reading_options
from sealedfiles.cli.reading import read_all
from sealedfiles.errors import UsageError
from sealedfiles.keys.recipients import parse_recipients
from sealedfiles.util.messages import counted, say, show, show_list


@declaration.command("export")
@declaration.argument("folder", metavar="DIR", is_path=True)
@declaration.argument("files", metavar="[FILE]...", nargs=-1, shell_complete=complete_file)
@declaration.option(
    "--to", "kind", choices=KINDS, required=True, help="The form of the exported files."
)
@declaration.option(
    "--recipient",
    "-r",
    "recipients",
    metavar="KEY",
    multiple=True,
    help="With sops and age: encrypt to this public key instead of yours.  May be repeated.",
)
@declaration.option(
    "--readers",
    is_flag=True,
    help="With sops and age: encrypt to the readers of all groups of a file.",
)
@json_option
@reading_options
def command(
    folder: str,
    files: tuple[str, ...],
    kind: str,
    recipients: tuple[str, ...],
    readers: bool,
    as_json: bool,
    options: ReadOptions,
) -> int:
    """Export decrypted files for another tool.

    Writes FILE..., by default all sealed files of the repository, to DIR, a folder outside of any repository,
    under their paths.  Only you can read the new files.  Nothing is overwritten, and nothing is written if
    a value cannot be decrypted, or may not come from a reader (exit status 4).

    \b
    --to sops     SOPS files, encrypted to age keys
    --to age      age files
    --to dotenv   NAME=value, as `cat --format env` prints them, in plaintext
    --to plain    the files in plaintext, byte for byte

    \b
    Examples:
      sealedfiles export --to sops ~/export
      sealedfiles export --to plain /mnt/offline config/app.yaml
    """
    encrypts = kind in ("sops", "age")
    if not encrypts and (recipients or readers):
        raise UsageError(f"--to {kind} writes plaintext: --recipient and --readers exclude it")
    if recipients and readers:
        raise UsageError("--recipient and --readers exclude each other")
    check_destination(folder)
    given = parse_recipients("".join(f"{key}\n" for key in recipients), "--recipient")
    chosen = files or all_files(workspace_at(Path.cwd(), options))
    places, status = read_all(chosen, options, ())
    if status:
        return status

    def recipients_of(place: WorkingFile) -> list[age.Recipient]:
        return given or (readers_of(place) if readers else own_recipients(place))

    exported = [convert(place, kind, recipients_of) for place in places]
    write_files(folder, exported)
    form = f"to {kind}" if encrypts else "in plaintext"
    say(f"exported {form}: {counted(len(exported), 'file')}")
    if not as_json:
        show(*map(shown, exported))
    else:
        rows = [
            {
                "path": one.source,
                "to": str(Path(folder) / one.path),
                "recipients": list(one.recipients),
                "encrypted": one.encrypted,
                "plain": one.plain,
                "lost_comments": one.lost_comments,
            }
            for one in exported
        ]
        show_list({"files": rows})
    return 0
