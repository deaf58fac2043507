"""The merge driver: merge three sealed versions of a file into a sealed version.

git stores the content of ``%A`` as a blob without calling the clean filter, also in a conflict.  So only
sealed text is written to it, in one step at the end; after an earlier failure, ``%A`` still contains our
version.  Exit status 1 means that there are conflicts; git (since 2.42) treats only 129 and higher as a
failure.
"""

from __future__ import annotations

import os
from pathlib import Path

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.git.invocation import git_options
from sealedfiles.git.repository import filter_repository
from sealedfiles.git.retired_files import RetiredFiles
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.sealing.file import is_whole, show_path
from sealedfiles.sealing.unproved import UnprovedCheck
from sealedfiles.util import atomic
from sealedfiles.util.messages import fail, shell_path, warn

if TYPE_CHECKING:
    from sealedfiles.git.repository import Repository
    from sealedfiles.sealing.merge import Merged, Style

_LABELS = ("%S", "%X", "%Y")
ARGUMENTS = " ".join(("%O %A %B %L %P", *_LABELS))
"""The arguments that git passes: the files with base, ours and theirs; the marker size; the path; and (since
git 2.44) the labels of the three versions."""

CONFLICTS = 1
FAILED = 129
INTERRUPTED = 130
_MOST_CONFLICTS = 127
_MARKER, _LONGEST_MARKER = 7, 1000
"""The usual marker size, and the largest that is used: anyone with push access can set the attribute."""


class _Call(NamedTuple):
    """The arguments of one merge."""

    base: Path
    ours: Path
    theirs: Path
    size: int
    path: bytes
    labels: tuple[str, str, str]
    """The labels of base, ours and theirs."""


def merge_driver(arguments: list[str]) -> int:
    """Merge the files in *arguments* (see ``ARGUMENTS``); return the exit status."""
    try:
        call = _read_call(arguments)
        if call is None:
            fail(f"usage: sealedfiles git merge {ARGUMENTS}", "git calls it, as a merge driver")
            return FAILED
        return _merge(call)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SealedFilesError as error:
        fail(error.message, *error.hints)
    except Exception as error:  # noqa: BLE001 - a traceback would exit with 1, which means conflicts
        from sealedfiles.model.unavailable import explain

        explained = explain(error)
        if explained:
            fail(f"cannot merge: {explained.message}", *explained.hints)
            return FAILED
        fail(
            f"internal error while merging: {type(error).__name__}",
            "please report it, with the output of sealedfiles --version",
        )
    return FAILED


def _merge(call: _Call) -> int:
    repository = filter_repository()
    texts = call.base.read_bytes(), call.ours.read_bytes(), call.theirs.read_bytes()
    style = _style(call, repository)
    merged = None
    if any(b"sealed:v1:" in text for text in texts):
        merged = _merge_values(call, texts, style, repository)
        if merged is None and any(is_whole(text) or b"\0" in text for text in texts):
            name = show_path(call.path)
            file = shell_path(call.path)
            warn(
                f"{name} is sealed whole and cannot be merged: the file contains our version",
                f"to take their version instead: git checkout --theirs -- {file}",
                f"then mark it as resolved: git add {file}",
            )
            return CONFLICTS
    if merged is None:
        merged = _merge_text(call, style, repository)
    if merged.refusal:
        warn(
            f"{show_path(call.path)} has conflicts in spite of -X {style.favor}: {merged.refusal}",
            f"resolve them in the file, then run: git add {shell_path(call.path)}",
        )
    if merged.data != texts[1]:
        atomic.replace(call.ours, merged.data)
    return CONFLICTS if merged.conflicts else 0


def _merge_values(
    call: _Call, texts: tuple[bytes, bytes, bytes], style: Style, repository: Repository
) -> Merged | None:
    """Merge by values; return None if that is not possible."""
    from sealedfiles.sealing.merge import merge_files

    clone = Clone(repository, is_filter=True)
    try:
        file, rules = clone.describe(call.path)
    except SealedFilesError:
        # If the policy has conflicts, sealed values stay sealed; nothing else can be decided.
        file, rules = clone.describe_for_smudge(call.path), None
    try:
        is_retired = RetiredFiles(clone).is_retired
        origin = UnprovedCheck(file, rules, clone.ring, is_retired) if rules else None
        return merge_files(*texts, file, rules, clone.ring, style, origin)
    except Exception as error:  # noqa: BLE001 - git's own merge of tokens is always safe
        # Do not print the error's text, which may contain a part of the file.
        warn(
            f"{file.name}: internal error while merging values: {type(error).__name__}",
            "the file was merged as text; please report this, with the output of sealedfiles --version",
        )
        return None
    finally:
        clone.close()


def _merge_text(call: _Call, style: Style, repository: Repository) -> Merged:
    """Merge the sealed texts as git does without a driver, without decrypting them."""
    from sealedfiles.sealing.merge import Merged

    options = [f"--{style.kind}"] if style.shows_base else []
    options += [f"--{style.favor}"] if style.favor else []
    for label in (style.ours, style.base, style.theirs):
        options += ["-L", label]
    files = (os.fspath(file) for file in (call.ours, call.base, call.theirs))
    code, out, _ = repository.try_run(
        "merge-file", "-p", "-q", f"--marker-size={style.size}", *options, *files
    )
    if not 0 <= code <= _MOST_CONFLICTS:
        warn(f"{show_path(call.path)} cannot be merged: the file contains our version")
        return Merged(call.ours.read_bytes(), 1)
    return Merged(out, code)


def _style(call: _Call, repository: Repository) -> Style:
    from sealedfiles.sealing.merge import Style

    options = git_options(repository)
    kind = options.conflict_style or repository.config("merge.conflictStyle") or ""
    base, ours, theirs = call.labels
    known = kind if kind in ("diff3", "zdiff3") else "merge"
    return Style(call.size, ours, base, theirs, known, options.favor)


def _read_call(arguments: list[str]) -> _Call | None:
    try:
        base, ours, theirs, size, path, *labels = arguments
    except ValueError:
        return None
    number = int(size) if size.isascii() and size.isdigit() and len(size) < 5 else 0
    if not _MARKER <= number <= _LONGEST_MARKER:
        number = _MARKER
    files = Path(base), Path(ours), Path(theirs)
    return _Call(*files, number, os.fsencode(path), _labels(labels))


def _labels(given: list[str]) -> tuple[str, str, str]:
    """Return the labels of base, ours and theirs; git before 2.44 does not replace the placeholders."""
    if len(given) == len(_LABELS) and not any(label in _LABELS for label in given):
        return given[0], given[1], given[2]
    heads = [value for name, value in os.environ.items() if name.startswith("GITHEAD_")]
    return ("base", "HEAD", heads[0]) if len(heads) == 1 else ("base", "ours", "theirs")
