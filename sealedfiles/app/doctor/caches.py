"""Where git itself may keep plaintext of sealed files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.app.doctor.point import Point, error, ok, warning
from sealedfiles.errors import FormatError
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.sealing import open_file
from sealedfiles.sealing.file import structured_text
from sealedfiles.util.messages import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.clone import Clone

_TELLING = 8
"""Shorter values stand anywhere by chance."""


def _rerere(clone: Clone) -> Iterator[Point]:
    """git rerere keeps the text of conflicts, as the work tree shows it."""
    folder = clone.repository.common_dir / "rr-cache"
    files = [file for file in folder.rglob("*") if file.is_file()] if folder.is_dir() else []
    if not files:
        yield ok("rr-cache", "empty")
        return
    values = _held_values(clone)
    texts = (file.read_bytes() for file in files)
    if any(value in text for text in texts for value in values):
        yield error(
            "rr-cache",
            "git's memory of conflicts holds plaintext of sealed files, also after lock",
            f"rm -r '{folder}'",
        )
    else:
        yield ok("rr-cache", "no plaintext in git's memory of conflicts")


def _textconv(clone: Clone) -> Iterator[Point]:
    """A cache of textconv is a branch of notes with plaintext, which `push --mirror` publishes."""
    repository = clone.repository
    code, out, _ = repository.try_run("for-each-ref", "--format=%(refname)", "refs/notes/textconv/")
    caches = out.decode("utf-8", "replace").split() if code == 0 else []
    ours = [ref for ref in caches if ref.rpartition("/")[2] == "sealedfiles"]
    if ours:
        yield error("textconv cache", f"{ours[0]} holds plaintext", f"git update-ref -d {ours[0]}")
    elif (repository.config("diff.sealedfiles.cachetextconv") or "").lower() in (
        "true",
        "yes",
        "1",
    ):
        yield warning(
            "textconv cache",
            "git is told to keep what it shows, in the clear",
            "git config --unset diff.sealedfiles.cachetextconv",
        )
    else:
        yield ok("textconv cache", "none")


def _recovery(clone: Clone) -> Iterator[Point]:
    """Edits that could not go into their file are kept, in plaintext, until somebody takes them."""
    folder = clone.repository.state_folder / "recovery"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    if files:
        yield warning(
            "recovery",
            f"plaintext of edits that could not be saved: {counted(len(files), 'file')}",
            f"look at '{files[0]}', take what you need, and remove it",
        )
    else:
        yield ok("recovery", "no edit is left over")


def _held_values(clone: Clone) -> set[bytes]:
    """Return the values of all sealed files that can be opened here, lines of long ones apart."""
    found: set[bytes] = set()
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        file = clone.describe_for_smudge(entry.path)
        opened = open_file(blob, file, clone.ring)
        before, after = structured_text(blob), structured_text(opened.data)
        if not opened.opened or file.format is None or before is None or after is None:
            continue
        try:
            spans = file.format.scan(after[1]).values
        except FormatError:
            continue
        for start, end, _ in spans:
            for line in file.format.decode(after[1][start:end]).split("\n"):
                if len(line.strip()) >= _TELLING and line not in before[1]:
                    found.add(line.strip().encode("utf-8", "surrogatepass"))
    return found


IN_CLONE = {"rr-cache": _rerere, "textconv cache": _textconv, "recovery": _recovery}
