"""Checks of the clone: attributes, sealed files, and history."""

from __future__ import annotations

from collections.abc import Iterator

from sealedfiles.app.check.run import check
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.app.doctor.point import Point, error, ok, warning
from sealedfiles.git.attributes import sealed_patterns
from sealedfiles.git.clone import Clone
from sealedfiles.git.worktree import is_unchanged, tracked_sealed_files, with_blobs
from sealedfiles.keys.folder import NAME
from sealedfiles.sealing import open_file
from sealedfiles.sealing.sealed_text import inspect_file
from sealedfiles.util.messages import counted, shell_path


def _attributes(clone: Clone) -> Iterator[Point]:
    top = clone.repository.top
    shared = set(sealed_patterns(top / ".gitattributes"))
    mirrored = set(clone.pinned_patterns())
    tracked = set(clone.policy().tracked or shared)
    lost = sorted((tracked | mirrored) - shared)
    if lost:
        yield warning(
            f"tracked, but not sealed by .gitattributes: {', '.join(lost)}",
            f"git log -p -- .gitattributes; then sealedfiles track {shell_path(lost[0])}, or untrack",
        )
    elif not shared:
        yield warning("no file is tracked", "sealedfiles track PATTERN")
    elif tracked - mirrored:
        new = ", ".join(sorted(tracked - mirrored))
        yield warning(f"new since the last unlock: {new}", "sealedfiles unlock")
    else:
        yield ok(f"{counted(len(shared), 'pattern')} in .gitattributes")
    if not (top / NAME / ".gitattributes").is_file():
        yield warning(
            f"{NAME}/.gitattributes is missing", f"git checkout HEAD -- {NAME}/.gitattributes"
        )


def _files(clone: Clone) -> Iterator[Point]:
    """Report files that are committed or staged in plaintext, and files that stayed sealed after unlock."""
    plain, closed, count = [], [], 0
    held = set(clone.ring.groups())
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        count += 1
        found = inspect_file(blob, *clone.describe(entry.path))
        if found.has_plaintext:
            plain.append(entry)
            continue
        path = clone.repository.regular_file(entry.path)
        if entry.skip_worktree or not path or not held:
            continue
        if held & {token.group for token in found.tokens} and path.read_bytes() == blob:
            closed.append(entry)
    if plain:
        yield error(
            f"committed or staged in plaintext: {counted(len(plain), 'file')}",
            "sealedfiles status --fix",
        )
    if closed and not clone.state.locked:
        yield warning(
            f"still sealed in the working tree: {counted(len(closed), 'file')}",
            "sealedfiles unlock",
        )
    if not plain and not (closed and not clone.state.locked):
        yield ok(f"{counted(count, 'sealed file')} in git")


def _findings(clone: Clone) -> Iterator[Point]:
    """Report the number of ``sealedfiles check`` findings in the index."""
    findings = [one for one in check(clone, Wanted()).findings if not one.reason]
    errors = sum(one.is_error for one in findings)
    others = len(findings) - errors
    if errors:
        yield error(f"{counted(errors, 'error')} in the index", "sealedfiles check")
    elif others:
        yield warning(f"{counted(others, 'warning')} in the index", "sealedfiles check")
    else:
        yield ok("no problems found in the index")


def _phantoms(clone: Clone) -> Iterator[Point]:
    """Report unedited files that git always shows as modified, because sealing them again changes them."""
    if clone.state.locked or not clone.ring.groups():
        return
    changed = set(clone.repository.run("diff-files", "--name-only", "-z").split(b"\x00")[:-1])
    entries = [entry for entry in tracked_sealed_files(clone) if entry.path in changed]
    found = []
    for entry, blob in with_blobs(clone, entries):
        path = clone.repository.regular_file(entry.path)
        if not path:
            continue
        data = path.read_bytes()
        shown = open_file(blob, clone.describe_for_smudge(entry.path), clone.ring).data
        if data == shown and not is_unchanged(clone, entry, blob, data):
            found.append(entry.path)
    if found:
        yield warning(
            f"shown as modified by git, but not edited: {counted(len(found), 'file')}",
            f"git add {shell_path(found[0])}; git commit",
        )


def _completeness(clone: Clone) -> Iterator[Point]:
    repository = clone.repository
    shallow = repository.run("rev-parse", "--is-shallow-repository").strip() == b"true"
    if shallow:
        yield warning(
            "this is a shallow clone: older keys and values are missing", "git fetch --unshallow"
        )
    elif repository.is_partial:
        yield ok("partial: git fetches missing objects when they are needed")
    else:
        yield ok("complete")


IN_CLONE = {
    "attributes": _attributes,
    "files": _files,
    "check": _findings,
    "modified": _phantoms,
    "history": _completeness,
}
