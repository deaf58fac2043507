"""Shell completion of arguments: sealed files and key paths, and names of readers, groups and findings.

No key is needed, because key paths are in plaintext in a sealed file.  So nothing prompts for a passphrase.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sealedfiles.errors import SealedFilesError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.address import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click
    from click.shell_completion import CompletionItem


def complete_file(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the sealed files whose names begin with *incomplete*; if there are none, any file."""
    from click.shell_completion import CompletionItem

    given = ctx.params.get(param.name or "") or ()
    found: list[str] = []
    with suppress(SealedFilesError, OSError):
        found += (name for name in sealed_files(incomplete) if name not in given)
    return [CompletionItem(name) for name in found] or [CompletionItem(incomplete, type="file")]


def complete_path(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the paths of the values in the file that the previous argument specifies.

    If the command accepts mappings and lists, their paths are included.
    """
    del param
    from click.shell_completion import CompletionItem

    collections = ctx.info_name == "unset" or bool(ctx.params.get("as_json"))
    paths = key_paths(Path(ctx.params.get("file") or ""), collections)
    # Also match if the user forgot to quote the double quotes of a path.
    return [
        CompletionItem(path)
        for path in paths
        if path.startswith(incomplete) or path.replace('"', "").startswith(incomplete)
    ]


def complete_group(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the groups whose names begin with *incomplete*."""
    given = ctx.params.get(param.name or "") or ()
    return _items(incomplete, (one for one in _matrix_names("groups") if one not in given))


def complete_reader(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the readers whose names begin with *incomplete*."""
    del ctx, param
    return _items(incomplete, _matrix_names("readers"))


def complete_trusted(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return what `trust` confirms: the policy, and readers."""
    del ctx, param
    return _items(incomplete, ["policy", *_matrix_names("readers")])


def complete_code(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the codes of findings that begin with *incomplete*."""
    del ctx, param
    from sealedfiles.app.check.kinds import KINDS

    return _items(incomplete, ["list", *KINDS])


def complete_pattern(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the tracked patterns that begin with *incomplete*; if there are none, any file."""
    from click.shell_completion import CompletionItem

    from sealedfiles.app.workspace import workspace_at

    given = ctx.params.get(param.name or "") or ()
    found: list[str] = []
    with suppress(SealedFilesError, OSError):
        clone = workspace_at(Path.cwd()).clone
        tracked = (clone.policy().tracked or ()) if clone else ()
        found += (pattern for pattern in tracked if pattern not in given)
    return _items(incomplete, found) or [CompletionItem(incomplete, type="file")]


def _items(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    # The shell's script reads one name per line.
    return [
        CompletionItem(one) for one in names if one.startswith(incomplete) and one.isprintable()
    ]


def _matrix_names(what: str) -> list[str]:
    """Return the names of the ``groups`` or ``readers`` of this workspace; none if it cannot be read."""
    from sealedfiles.app.workspace import workspace_at
    from sealedfiles.keys.recipients import group_names, reader_names

    with suppress(SealedFilesError, OSError):
        folder = workspace_at(Path.cwd()).folder
        return group_names(folder) if what == "groups" else reader_names(folder)
    return []


def sealed_files(incomplete: str) -> Iterator[str]:
    """Yield the sealed files below the folder part of *incomplete*, each with that folder part."""
    from sealedfiles.git.clone import Clone
    from sealedfiles.git.repository import find_repository
    from sealedfiles.git.worktree import tracked_sealed_files

    head, slash, start = incomplete.rpartition("/")
    folder = Path.cwd() / (head + slash)
    repository = find_repository(folder) if folder.is_dir() else None
    if repository is None:
        return
    for entry in tracked_sealed_files(Clone(repository)):
        file = repository.file(entry.path)
        name = Path(os.path.relpath(file, folder.resolve())).as_posix()
        # The shell's script reads one name per line, so a name must not contain line breaks.
        is_below = name.isprintable() and not name.startswith("../")
        if is_below and name.startswith(start) and file.exists():
            yield f"{head}{slash}{name}"


def key_paths(file: Path, collections: bool = False) -> list[str]:
    """Return the paths of the values in *file*, in file order; empty if it cannot be read.

    With *collections*, the paths of the mappings and lists that contain them are included, except ``.``.
    """
    from sealedfiles.model.address import show_address

    paths: dict[str, None] = {}
    with suppress(SealedFilesError, OSError):
        for address in _addresses(file):
            shortest = 1 if collections else max(1, len(address))
            for length in range(shortest, len(address) + 1):
                paths[show_address(address[:length])] = None
    return list(paths)


def _addresses(file: Path) -> list[Address]:
    from sealedfiles import formats
    from sealedfiles.sealing.file import is_whole, structured_text

    data = file.read_bytes() if file.is_file() else b""
    structured = structured_text(data)
    name = _format_name(file)
    if structured is None or name == "whole" or is_whole(data):
        return []
    return formats.load_editor(name).addresses(structured[1])


def _format_name(file: Path) -> str:
    from sealedfiles.app.workspace import workspace_at
    from sealedfiles.formats import name_by_path

    with suppress(SealedFilesError):
        workspace = workspace_at(file.absolute().parent)
        described = workspace.describe_to_open(workspace.path_of(file))
        return described.format.name if described.format else "whole"
    return name_by_path(os.fsencode(file))
