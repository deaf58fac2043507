"""Checks of this clone's own files in .git, and of places where plaintext may be stored."""

from __future__ import annotations

import os
from collections.abc import Iterator

from sealedfiles.app.doctor.point import Point, error, ok, warning
from sealedfiles.app.values.pending import unfinished_rotations
from sealedfiles.git.clone import Clone
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.sealing import open_file
from sealedfiles.sealing.sealed_text import TELLING, SealedText
from sealedfiles.util.messages import counted, shell_path, shell_word


def _state(clone: Clone) -> Iterator[Point]:
    """Check that the user can read and write the clone's state; root may own it after ``sudo git pull``."""
    folder = clone.state.folder
    files = (
        [folder, *sorted(folder.iterdir())] if os.access(folder, os.R_OK | os.X_OK) else [folder]
    )
    closed = [file for file in files if file.exists() and not os.access(file, os.R_OK | os.W_OK)]
    if closed:
        yield error(
            f"you cannot read and write: {', '.join(map(str, closed))}",
            "sudo chown -R $(id -u) .git",
        )
    else:
        yield ok("readable")


def _rerere(clone: Clone) -> Iterator[Point]:
    """Check git rerere, which stores the text of conflicts from the working tree."""
    folder = clone.repository.common_dir / "rr-cache"
    files = [file for file in folder.rglob("*") if file.is_file()] if folder.is_dir() else []
    if not files:
        yield ok("empty")
        return
    values = _held_values(clone)
    texts = (file.read_bytes() for file in files)
    if any(value in text for text in texts for value in values):
        yield error(
            "git's rerere cache contains plaintext of sealed files, which lock does not remove",
            f"rm -r {shell_path(str(folder))}",
        )
    else:
        yield ok("no plaintext in git's rerere cache")


def _textconv(clone: Clone) -> Iterator[Point]:
    """Check for a textconv cache: its git notes contain plaintext, and `git push --mirror` publishes them."""
    repository = clone.repository
    code, out, _ = repository.try_run("for-each-ref", "--format=%(refname)", "refs/notes/textconv/")
    caches = out.decode("utf-8", "replace").split() if code == 0 else []
    ours = [ref for ref in caches if ref.rpartition("/")[2] == "sealedfiles"]
    if ours:
        yield error(f"{ours[0]} contains plaintext", f"git update-ref -d {shell_word(ours[0])}")
    elif (repository.config("diff.sealedfiles.cachetextconv") or "").lower() in (
        "true",
        "yes",
        "1",
    ):
        yield warning(
            "git is configured to cache diffs in plaintext",
            "git config --unset diff.sealedfiles.cachetextconv",
        )
    else:
        yield ok("none")


def _recovery(clone: Clone) -> Iterator[Point]:
    """Report edits that could not be written to their file, which are stored in plaintext."""
    folder = clone.repository.state_folder / "recovery"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    if files:
        yield warning(
            f"unsaved edits are stored in plaintext: {counted(len(files), 'file')}",
            f"read '{files[0]}', copy what you need, and remove it",
        )
    else:
        yield ok("no unsaved edits")


def _rotations(clone: Clone) -> Iterator[Point]:
    """Report new values that are not in their files yet."""
    found = unfinished_rotations(clone.repository)
    if found:
        first = f"{found[0].path}: {found[0].key}"
        yield warning(
            f"unfinished rotations of values: {len(found)} (the oldest: {first}, {found[0].date[:10]})",
            "sealedfiles rotate-value",
        )
    else:
        yield ok("no unfinished rotations")


def _held_values(clone: Clone) -> set[bytes]:
    """Return the values that can be decrypted here, each line of a multi-line value separately."""
    found: set[bytes] = set()
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        file = clone.describe_for_smudge(entry.path)
        opened = open_file(blob, file, clone.ring)
        if not opened.opened:
            continue
        before = SealedText(blob, file).text
        for _, value in SealedText(opened.data, file).decoded_values():
            for line in value.split("\n"):
                if len(line.strip()) >= TELLING and line not in before:
                    found.add(line.strip().encode("utf-8", "surrogatepass"))
    return found


IN_CLONE = {
    "clone state": _state,
    "rr-cache": _rerere,
    "textconv cache": _textconv,
    "recovery": _recovery,
    "rotations": _rotations,
}
