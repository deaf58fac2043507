"""Convert the arguments of `track` to patterns of the policy.

A pattern in ``policy.yaml`` is relative to the top of the work tree.  Users type folders, absolute paths,
paths relative to a subfolder, and file names that contain wildcards.  An argument is refused if no pattern
matches what it means, because a pattern that matches nothing seals nothing.
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

from sealedfiles.errors import UsageError
from sealedfiles.git import gitattributes
from sealedfiles.git.clone import is_passed_through
from sealedfiles.git.repository import Repository
from sealedfiles.model.wildmatch import FilePattern, require_few_stars
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import shell_path

_SPECIAL = "\\*?["


def pattern_for(argument: str, repository: Repository, folder: Path) -> str:
    """Return the pattern for *argument*, typed in *folder*.  Raises UsageError if there is none."""
    text = argument.replace(os.sep, "/") if os.sep != "/" else argument
    shown = show_path(os.fsencode(argument))
    if not text:
        raise UsageError("the pattern is empty")
    existing = Path(os.path.abspath(folder / argument))
    exists = os.path.lexists(existing)
    if text.startswith("!") and not exists:
        raise UsageError(
            f"{shown} is negative, which .gitattributes does not support",
            "leave values in plaintext: sealedfiles track PATTERN --plain",
        )
    pattern = _from_top(text, exists, repository, folder, shown)
    if exists and existing.is_dir() and not existing.is_symlink():
        if (existing / ".git").exists() and existing.resolve() != repository.top.resolve():
            raise UsageError(
                f"{shown} is a submodule or another repository",
                f"set sealedfiles up there: cd {shell_path(argument)}; sealedfiles init",
            )
        pattern = literal_pattern(pattern.strip("/")) + "/**" if pattern not in ("", ".") else "**"
    elif pattern.endswith("/"):
        pattern += "**"
    elif exists and not _matches(pattern, repository.relative(existing)):
        pattern = literal_pattern(pattern)
    _check(pattern, shown)
    return pattern


def compile_pattern(pattern: str, repository: Repository) -> FilePattern:
    """Compile *pattern*, a result of ``pattern_for``, to match as git does in this clone."""
    return FilePattern(pattern, ignore_case=repository.ignores_case)


def _from_top(text: str, exists: bool, repository: Repository, folder: Path, shown: str) -> str:
    """Return *text* relative to the top of the work tree."""
    if text.startswith("/"):
        for top in (repository.top, repository.top.resolve()):
            head = top.as_posix().rstrip("/") + "/"
            if (text + "/").startswith(head):
                return _normal(text.removeprefix(head), shown) if text + "/" != head else ""
        if exists:
            raise UsageError(f"{shown} is not in the working tree of {repository.top}")
        return text  # anchored at the top, as in .gitattributes
    try:
        prefix = folder.resolve().relative_to(repository.top.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{folder} is not in the working tree of {repository.top}") from None
    prefix = "" if prefix == "." else prefix
    if "/" not in text and text not in (".", ".."):
        if not prefix or exists:
            return f"{literal_pattern(prefix)}/{text}" if prefix else text
        # As `*.env` in the .gitattributes of that folder.
        return f"{literal_pattern(prefix)}/**/{text}"
    return _normal(f"{literal_pattern(prefix)}/{text}" if prefix else text, shown)


def _normal(text: str, shown: str) -> str:
    """Resolve ``.`` and ``..`` in *text*."""
    if not any(step in ("", ".", "..") for step in text.rstrip("/").split("/")):
        return text
    found = posixpath.normpath(text)
    if found == ".." or found.startswith("../"):
        raise UsageError(f"{shown} is outside the working tree")
    found = "" if found == "." else found
    # A name without a slash matches in every folder; with ./ before it, only this folder is meant.
    anchor = "/" if "/" not in found and found else ""
    return anchor + found + ("/" if text.endswith("/") and found else "")


def _matches(pattern: str, path: bytes) -> bool:
    try:
        return FilePattern(pattern).matches(os.fsdecode(path))
    except ValueError:
        return False


def literal_pattern(text: str) -> str:
    """Return the pattern that matches exactly *text*."""
    escaped = "".join(f"\\{char}" if char in _SPECIAL else char for char in text)
    return f"\\{escaped}" if escaped.startswith("!") else escaped


def _check(pattern: str, shown: str) -> None:
    try:
        pattern.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(
            f"the name {shown} is not UTF-8, and the policy cannot contain it",
            "use a pattern that matches it, with ? in the place of such bytes, or rename the file",
        ) from None
    try:
        FilePattern(pattern)
        require_few_stars(pattern)
        gitattributes.quoted(pattern)
    except ValueError as error:
        raise UsageError(f"the pattern {shown} {error}") from None
    name = os.fsencode(pattern.removeprefix("/"))
    if is_passed_through(name):
        raise UsageError(f"{shown} is never sealed: git or sealedfiles reads it")
