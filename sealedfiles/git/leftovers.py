"""Ignore plaintext copies that editors and merge tools leave next to sealed files.

`init`, `unlock`, `track` and `untrack` write patterns for them to ``.git/info/exclude``, so that
`git add .` does not add them.  The patterns are derived from tracked patterns (`secrets/*.yaml.orig` from
`secrets/*.yaml`), so no other files are ignored.
"""

from __future__ import annotations

import contextlib
import re

from sealedfiles.git.attributes import sealed_patterns
from sealedfiles.git.repository import Repository
from sealedfiles.model.wildmatch import FilePattern
from sealedfiles.util import atomic
from sealedfiles.util.lazy_pattern import lazy_pattern

_BEGIN = "# sealedfiles: plaintext that editors and merge tools leave beside sealed files"
_END = "# sealedfiles: end"

_ENDINGS = (
    "~",
    ".~*~",
    ".orig",
    ".rej",
    ".bak",
    ".old",
    ".save",
    ".save.*",
    ".sw[a-p]",
    ".un~",
    ".kate-swp",
    "___jb_*___",
)
_HIDDEN = (".sw[a-p]", ".un~", ".kate-swp")
"""Suffixes of copies whose names begin with a dot, such as vim's `.app.yaml.swp`."""
_SIDES = ("BACKUP", "BASE", "LOCAL", "REMOTE")
"""`git mergetool` writes `app_BACKUP_1234.yaml`, or in older versions `app.yaml.BACKUP.1234.yaml`."""

_WILD = lazy_pattern(r"\[(?:[^\]\\]|\\.)+\]|[*?]+")
_LEFTOVER = lazy_pattern(
    r"(?P<name>.+?)(?:~|\.~\d+~|\.(?:orig|rej|bak|old|save(?:\..+)?|sw[a-p]|un~|kate-swp)|___jb_.*___"
    rf"|\.(?:{'|'.join(_SIDES)})\..*)",
    re.DOTALL,
)
_MERGED = lazy_pattern(rf"(?P<stem>.+?)_(?:{'|'.join(_SIDES)})_\d+(?P<ending>\.[^.]*)?", re.DOTALL)


def exclude_leftovers(repository: Repository) -> None:
    """Write the block for the patterns that are sealed in this clone; remove it if there are none."""
    patterns = sealed_patterns(repository.common_dir / "info" / "attributes")
    lines = list(dict.fromkeys(line for one in patterns for line in leftover_patterns(one)))
    _replace_block(repository, [_BEGIN, *lines, _END] if lines else [])


def remove_excludes(repository: Repository) -> None:
    """Remove everything that sealedfiles wrote to ``.git/info/exclude``."""
    _replace_block(repository, [], also=atomic.TEMPORARY_NAMES)


def leftover_patterns(pattern: str) -> list[str]:
    """Return the .gitignore patterns for copies of files that match *pattern*.

    A copy that *pattern* itself matches (`secrets/**`) is sealed like the file, so it needs no pattern.
    """
    folder, slash, name = pattern.rpartition("/")
    if not name.strip("*"):
        return []
    any_start = name[0] in "*?["
    hidden = "" if any_start or name[0] == "." else "."
    names = [name + ending for ending in _ENDINGS]
    names += [hidden + name + ending for ending in _HIDDEN if hidden]
    names.append(f"#{name}#")
    stem, dot, ending = name.rpartition(".")
    for side in _SIDES:
        if stem and dot:
            names.append(f"{stem}_{side}_*.{ending}")
        if not stem.strip("*"):  # `.env` has no suffix for mergetool to keep
            names.append(f"{name}_{side}_*")
        names.append(f"{name}.{side}.*")
    covered = FilePattern(pattern)
    found = []
    for one in names:
        sample = _WILD.sub("a", f"{folder.replace('**', 'a')}{slash}{one}").replace("\\", "")
        if not covered.matches(sample.removeprefix("/")):
            # At the start of a line, `#` begins a comment, and `!` negates the pattern.
            escaped = f"\\{one}" if not slash and one[0] in "#!" else one
            found.append(f"{folder}{slash}{escaped}")
    return found


def originals(path: bytes) -> list[bytes]:
    """Return the paths of which the file at *path* may be a copy, judging by its name; usually none."""
    folder, slash, name = path.decode("utf-8", "surrogateescape").rpartition("/")
    names = []
    if len(name) > 2 and name[0] == name[-1] == "#":
        names.append(name[1:-1])
    if match := _LEFTOVER.fullmatch(name):
        names.append(match["name"])
        if match["name"][:1] == "." and len(match["name"]) > 1:
            names.append(match["name"][1:])
    if match := _MERGED.fullmatch(name):
        names.append(match["stem"] + (match["ending"] or ""))
    return [f"{folder}{slash}{one}".encode("utf-8", "surrogateescape") for one in names]


def _replace_block(repository: Repository, block: list[str], also: str | None = None) -> None:
    # Resolved, because the file may be a symbolic link.
    file = (repository.common_dir / "info" / "exclude").resolve()
    # Ignored here, because other commands report that git's folder is not writable.
    with contextlib.suppress(OSError):
        lines = atomic.lines_of(file)
        kept = [line for line in lines if line != also]
        if _BEGIN in kept:
            start = kept.index(_BEGIN)
            # If the user removed the last line of the block, keep everything after the first line.
            end = kept.index(_END, start) if _END in kept[start:] else start
            kept[start : end + 1] = block
        else:
            kept += block
        if kept != lines:
            atomic.replace_lines(file, kept)
