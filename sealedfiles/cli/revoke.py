"""`sealedfiles revoke`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealedfiles import paths
from sealedfiles.cli.files import identity_option
from sealedfiles.document.file import is_whole, show_path, structured_text
from sealedfiles.errors import FormatError, UsageError
from sealedfiles.git.renewal import new_keys
from sealedfiles.git.rewrite import stage
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.recipients import check_name, members, reader_names
from sealedfiles.messages import counted, say, show
from sealedfiles.token import TOKEN, split
from sealedfiles.workspace import clone_here

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sealedfiles.git.clone import Clone


@click.command("revoke")
@click.argument("name")
@click.option(
    "--from", "groups", metavar="GROUP", multiple=True, help="Only this group; else all of them."
)
@identity_option
def command(name: str, groups: tuple[str, ...], identity: str | None) -> None:
    """Let the reader NAME open no more values: new keys, and every value sealed with them.

    What NAME could read until now NAME still knows: the values are listed on stdout, and must be changed at
    their source.  The work tree stays as it is; everything is staged, to be committed.
    """
    workspace, clone = clone_here(identity)
    folder = clone.work_tree
    check_name(name)
    known = workspace.group_names()
    member_of = [group for group in known if name in members(folder, group)]
    begun = [group for group in clone.state.begun() if group in known]
    wanted = list(groups) or sorted({*member_of, *begun})
    if not wanted:
        readers = ", ".join(reader_names(folder)) or "nobody"
        raise UsageError(f"{name} reads no group here", f"readers are: {readers}")
    for group in wanted:
        if group not in member_of and group not in begun:
            raise UsageError(f"{name} is no reader of {group}", "see sealedfiles who")
        clone.ring.current(group)
    known_values = list(values_of(clone, wanted))
    renewed = new_keys(clone, wanted, "revoked", [name])
    if not any(name in members(folder, group) for group in known):
        public = f"{NAME}/recipients/{name}.pub"
        (folder.root / "recipients" / f"{name}.pub").unlink(missing_ok=True)
        if clone.index.entry(public.encode()):
            stage(clone, public)
    clone.objects.close()
    show(*known_values)
    say(f"{name} can read no new value of {', '.join(wanted)}")
    say(f"sealed anew: {counted(len(renewed.files), 'file')}; staged, to be committed now")
    say(
        f"{name} knows {counted(len(known_values), 'value')}, listed above",
        "change them at their source: a new key does not change what somebody has read",
        f"what is left to be changed, later: sealedfiles exposure {name}",
    )


def values_of(clone: Clone, groups: Collection[str]) -> Iterator[str]:
    """Yield ``file: key.path`` for every value in the index that is sealed to one of *groups*."""
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        file = clone.describe_for_smudge(entry.path)
        shown = show_path(entry.path)
        structured = structured_text(blob) if file.format else None
        if b"sealed:v1:" not in blob:
            continue
        if structured is None or file.format is None or is_whole(blob):
            tokens = TOKEN.findall(blob.decode("utf-8", "replace"))
            if any(split(token).group in groups for token in tokens):
                yield f"{shown}: the whole file"
            continue
        text = structured[1]
        try:
            values = file.format.scan(text).values
        except FormatError:
            continue
        for start, end, path in values:
            token = TOKEN.search(text, start, end)
            if token and split(token[0]).group in groups:
                yield f"{shown}: {paths.show(path)}"
