"""The reports and warnings of `track` about the files that a pattern matches."""

from __future__ import annotations

from functools import cache

from sealedfiles.app.check.earlier import earlier_plaintext
from sealedfiles.app.dialog import Dialog
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import Entry
from sealedfiles.model.policy import Policy
from sealedfiles.model.wildmatch import FilePattern
from sealedfiles.sealing.file import is_whole, show_path
from sealedfiles.sealing.whole import keep_whole_hint, why_whole
from sealedfiles.util.messages import counted, shell_path

OPENED_ON_PURPOSE = (
    "the hooks refuse to commit a sealed value in plaintext: they cannot tell whether it is intended",
    "record it in the policy, for others to review: sealedfiles check --explain sealed-before",
    "or bypass them: git commit --no-verify, and git push --no-verify",
)
"""Hints, for after ``untrack`` and ``track --plain``."""

_SHOWN = 10
_OTHER_TOOLS = (
    ".github/**",
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    "docker-compose*.y*ml",
    "compose*.y*ml",
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "tsconfig*.json",
    "composer.json",
    "mkdocs.yml",
    ".readthedocs.y*ml",
    "Chart.yaml",
    "kustomization.y*ml",
    ".vscode/**",
    ".devcontainer/**",
)
"""Files that other programs read directly from the repository, without a filter."""

_compiled = cache(FilePattern)
"""Compiled once: there may be many files."""


def is_read_by_others(path: bytes) -> bool:
    """Return True if other programs read the file at *path* from git."""
    name = path.decode("utf-8", "surrogateescape")
    return any(_compiled(pattern).matches(name) for pattern in _OTHER_TOOLS)


def report_matches(
    clone: Clone,
    patterns: list[str],
    matches: list[list[bytes]],
    dialog: Dialog,
    what: str,
) -> None:
    """Report *what* was done to each pattern, the files that it matches, and which of them git ignores."""
    for pattern, found in zip(patterns, matches, strict=True):
        shown = show_path(pattern.encode("utf-8", "surrogateescape"))
        dialog.say(f"{what} '{shown}': {counted(len(found), 'file')}")
        if not found:
            dialog.warn(
                f"'{shown}' matches no file",
                "a pattern is relative to the top of the work tree; see: sealedfiles track --help",
            )
    ignored = clone.repository.ignored(sorted(set().union(*matches)))
    for path in ignored[:_SHOWN]:
        dialog.warn(
            f"{show_path(path)} is ignored by git, so it is not stored in git",
            f"to store it sealed: git add -f {shell_path(path)}",
        )


def warn_of_unexpected(clone: Clone, entries: list[Entry], dialog: Dialog) -> None:
    """Warn of files that a pattern matches probably by mistake, or that are sealed whole."""
    for entry in entries:
        if is_read_by_others(entry.path):
            dialog.warn(
                f"{show_path(entry.path)} matches too, and other programs read it from git",
                f"leave it in plaintext: sealedfiles track {shell_path(entry.path)} --plain",
            )
        path = clone.repository.regular_file(entry.path)
        file, _ = clone.describe(entry.path)
        data = path.read_bytes() if path else b""
        error = why_whole(data, file) if data and not is_whole(data) else None
        if error is not None:
            where = f":{error.line}" if error.line else ""
            message = f"{show_path(entry.path)}{where}: sealed whole: {error.message}"
            dialog.warn(message, keep_whole_hint(entry.path))


def warn_of_earlier_plaintext(
    clone: Clone, dialog: Dialog, paths: set[bytes], policy: Policy
) -> None:
    """Warn of the values of *paths* in git's history in plaintext, with the commits that added them.

    *policy* decides which values are sealed.
    """
    keys: dict[tuple[bytes, str], list[str]] = {}
    for finding in earlier_plaintext(clone, lambda path: path in paths, policy):
        found = keys.setdefault((finding.path, finding.commit), [])
        found.append(finding.shown_key or "the whole file")
    for (path, commit), names in list(keys.items())[:_SHOWN]:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        shown = ", ".join(names[:_SHOWN])
        dialog.warn(f"{show_path(path)}: in plaintext in commit {commit[:10]}: {shown}{more}")
    dialog.warn(
        f"{counted(len(paths), 'file')} in plaintext in git's history",
        "anyone with the repository can read these values there: change them at their source",
        "list those that are left to change: sealedfiles exposure --history",
        *(["list all of them: sealedfiles check --all"] if len(keys) > _SHOWN else []),
    )
