"""Write decrypted files to a folder outside of any repository, for another tool or without one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from sealedfiles import age
from sealedfiles.app.access.confirmed import own_reader
from sealedfiles.app.files.export import to_env
from sealedfiles.app.files.trust import require_no_references
from sealedfiles.app.files.working_file import WorkingFile, load_values, with_place
from sealedfiles.app.key_output import refuse_inside_repository
from sealedfiles.app.run.variables import choose, read_sources
from sealedfiles.app.sops import writing
from sealedfiles.app.sops.comments import comments_of
from sealedfiles.app.sops.metadata import form_of
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import FormatError, NoKeyError, SealedFilesError, UsageError
from sealedfiles.git.worktree import tracked_sealed_files
from sealedfiles.keys.readers import find_granted
from sealedfiles.keys.recipients import members
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util import atomic
from sealedfiles.util.messages import counted

KINDS = ("sops", "dotenv", "age", "plain")


class Exported(NamedTuple):
    """A file to write.  Never print its data."""

    source: str
    path: str
    """The name of the new file, relative to the folder."""
    data: bytes
    recipients: tuple[str, ...] = ()
    encrypted: int = 0
    plain: int = 0
    """The numbers of encrypted values, and of values in plaintext, in a SOPS file."""
    lost_comments: int = 0
    """The number of comments that a SOPS file cannot have."""

    def __repr__(self) -> str:
        """Show no secret."""
        return f"<an exported file: {self.path}>"


def check_destination(folder: str) -> None:
    """Raise UsageError if *folder* is in a repository, where its files could be committed."""
    refuse_inside_repository(str(Path(folder) / "file"))
    if Path(folder).exists() and not Path(folder).is_dir():
        raise UsageError(f"{folder} is not a folder")


def all_files(workspace: Workspace) -> tuple[str, ...]:
    """Return the sealed files of the clone.  Raises UsageError if one is not in the working tree."""
    clone = workspace.clone
    if clone is None:
        raise UsageError("outside of git, name the files to export")
    entries = [*tracked_sealed_files(clone)]
    found = [clone.repository.file(entry.path) for entry in entries]
    missing = [entry.path for entry in entries if not clone.repository.regular_file(entry.path)]
    if missing:
        raise UsageError(
            f"{show_path(missing[0])} is in git, but not in the working tree",
            "restore it: git restore FILE",
        )
    if not found:
        raise UsageError("there are no sealed files")
    return tuple(map(str, found))


def convert(
    place: WorkingFile, kind: str, recipients_of: Callable[[WorkingFile], list[age.Recipient]]
) -> Exported:
    """Return *place* in the form *kind*.  Raises NoKeyError if a value of it stays sealed, and UsageError."""
    if place.opened.problems:
        groups = sorted({one.group for one in place.opened.problems})
        raise NoKeyError(
            f"{place.name}: values of {', '.join(groups)} stay sealed",
            "export the other files, or ask a reader of these groups",
        )
    name = os.fsdecode(place.path)
    data = place.opened.data
    try:
        if kind == "plain":
            return Exported(place.name, name, data)
        if kind == "dotenv":
            variables = choose(read_sources([place], environ={}), override=True).values()
            ending = "" if form_of(place.path) == "dotenv" else ".env"
            return Exported(place.name, name + ending, to_env(variables).encode("utf-8"))
        recipients = recipients_of(place)
        if not recipients:
            raise UsageError(
                f"{place.name}: no reader has access to all of its groups",
                "choose who can decrypt it: --recipient KEY",
            )
        shown = tuple(map(str, recipients))
        if kind == "age":
            return Exported(place.name, f"{name}.age", age.encrypt(data, recipients), shown)
        written = _to_sops(place, recipients)
    except FormatError as error:
        raise with_place(error, place) from None
    except age.AgeError as error:
        raise UsageError(f"{place.name}: {error.message}", *error.hints) from None
    # SOPS reads a file by its name, and cannot read this form of an INI file.
    ending = ".sops" if form_of(place.path) == "ini" else ""
    return Exported(
        place.name,
        name + ending,
        written.data,
        shown,
        written.encrypted,
        written.plain,
        _lost_comments(place),
    )


def _to_sops(place: WorkingFile, recipients: list[age.Recipient]) -> writing.Written:
    form = form_of(place.path)
    described = place.described.format
    if form not in ("yaml", "json", "dotenv"):
        return writing.write_binary(place.opened.data, recipients)
    if described is None or described.name != form:
        raise UsageError(
            f"{place.name} is sealed as a whole, and SOPS would read it as {form}",
            "export it with --to age or --to plain",
        )
    _, rules = place.workspace.describe(place.path)
    data = load_values(place, as_written=True, environ={})
    require_no_references(place, "python")
    try:
        return writing.write(
            data,
            form,
            recipients,
            lambda path: rules.group_of(path) is not None,
            documents=form == "yaml" and _has_documents(place),
            comments=comments_of(place, data) if form != "json" else None,
        )
    except UsageError as error:
        raise UsageError(
            f"{place.name}: {error.message}", "export it with --to age or --to plain"
        ) from None


def _lost_comments(place: WorkingFile) -> int:
    """Return the number of comments in a JSON file: SOPS reads none there."""
    if form_of(place.path) != "json":
        return 0
    return len(SealedText(place.opened.data, place.described).comments)


def _has_documents(place: WorkingFile) -> bool:
    from sealedfiles.formats.yaml.tree import parse

    return parse(place.text()[1]).root.kind == "documents"


def own_recipients(place: WorkingFile) -> list[age.Recipient]:
    """Return the user's own public keys."""
    return list(own_reader(place.workspace).recipients)


def readers_of(place: WorkingFile) -> list[age.Recipient]:
    """Return the public keys of the readers of all groups of a file, whose grants are proved."""
    workspace = place.workspace
    _, rules = workspace.describe(place.path)
    groups = set(rules.whole_groups())
    if not groups:
        return own_recipients(place)
    names = set.intersection(*({*members(workspace.folder, group)} for group in groups))
    found = [find_granted(workspace.folder, name, workspace.ring) for name in sorted(names)]
    return [recipient for one in found if one for recipient in one.recipients]


def write_files(folder: str, files: Sequence[Exported]) -> None:
    """Write *files*, which only their owner can read, to *folder*.  Nothing is overwritten.

    Raises UsageError if a file exists, before anything is written.
    """
    top = Path(folder)
    for one in files:
        if os.path.lexists(top / one.path):
            raise UsageError(f"{top / one.path} already exists", "choose a new folder")
    names = [one.path for one in files]
    if len({*names}) < len(names):
        raise UsageError("two files would have the same name", "export them one after the other")
    written: list[Path] = []
    try:
        for one in files:
            file = top / one.path
            for parent in reversed([file, *file.parents][1:]):
                if not parent.exists():
                    atomic.make_private_folder(parent)
            if not file.parent.resolve().is_relative_to(top.resolve()):
                raise UsageError(f"{file.parent} is a symbolic link", "choose a new folder")
            handle = os.open(file, atomic.NEW, atomic.PRIVATE)
            written.append(file)
            with os.fdopen(handle, "wb") as out:
                out.write(one.data)
    except (OSError, SealedFilesError, KeyboardInterrupt):
        for file in written:
            with contextlib.suppress(OSError):
                file.unlink()
        raise


def shown(file: Exported) -> str:
    """Return the line that reports *file*."""
    counts = f": {file.encrypted} encrypted, {file.plain} in plaintext" if file.encrypted else ""
    lost = counted(file.lost_comments, "comment")
    left_out = f"; {lost} left out: SOPS reads none in JSON" if file.lost_comments else ""
    return f"{show_path(os.fsencode(file.path))}{counts}{left_out}"
