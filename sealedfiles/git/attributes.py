"""Write the lines in ``.gitattributes`` that make git call the filter.

The lines are derived from the policy: ``tracked`` in ``policy.yaml`` alone defines which files are sealed.
"""

from __future__ import annotations

import re
from pathlib import Path

from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.git import gitattributes
from sealedfiles.util import atomic
from sealedfiles.util.lazy_pattern import lazy_pattern

_LINE = lazy_pattern(
    r'[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"#]\S*))[ \t]+(?P<rest>.*)'
)
ATTRIBUTES = "filter=sealedfiles diff=sealedfiles merge=sealedfiles -text"

_STRICT = "sealedfiles-strict"
_ENCODING = "working-tree-encoding"
_STRICT_LINES = [
    "# strict: where sealedfiles is not set up, git cannot add these files, and this name says why",
    f"[attr]{_STRICT} {_ENCODING}=sealedfiles-is-not-set-up-here",
]
"""Makes a repository strict: a macro on every sealed line sets an encoding that does not exist."""

SET_UP = f"[attr]{_STRICT} !{_ENCODING}"
"""The line in ``.git/info/attributes`` that overrides the strict macro in a clone with sealedfiles set up."""


def add_pattern(top: Path, pattern: str) -> bool:
    """Add the line for *pattern*, strict in a strict repository; return False if it exists already."""
    lines = _lines(top)
    plain = line_for(pattern)
    line = _with_strict(plain, _is_strict(lines))
    if plain in lines:
        # The line was written before the repository became strict, or merged from such a branch.
        changed = [line if one == plain else one for one in lines]
    else:
        changed = lines if line in lines else [*lines, line]
    if changed != lines:
        _write(top, changed)
    return len(changed) > len(lines)


def set_strict(top: Path, strict: bool) -> bool:
    """Make all sealed lines in the top ``.gitattributes``, and lines added later, strict or not strict.

    Return False if nothing changed.
    """
    lines = _lines(top)
    kept = lines if strict else [one for one in lines if one.rstrip() not in _STRICT_LINES]
    macro = _STRICT_LINES if strict and not _is_strict(lines) else []
    changed = [*macro, *(_with_strict(line, strict) for line in kept)]
    if changed == lines:
        return False
    _write(top, changed)
    return True


def _is_strict(lines: list[str]) -> bool:
    return any(line.rstrip() == _STRICT_LINES[-1] for line in lines)


def _with_strict(line: str, strict: bool) -> str:
    """Return *line* with the macro appended, or without it; only sealed lines get the macro."""
    match = _LINE.match(line)
    words = match["rest"].split() if match else []
    if match is None or "filter=sealedfiles" not in words or strict == (_STRICT in words):
        return line
    at = match.start("rest")
    if strict:
        return f"{line.rstrip()} {_STRICT}" + line[len(line.rstrip()) :]
    return line[:at] + re.sub(rf"[ \t]*{_STRICT}(?=[ \t\r]|$)", "", line[at:])


def remove_pattern(top: Path, pattern: str) -> bool:
    """Remove the line for *pattern*; return False if there is none."""
    lines = _lines(top)
    start = _quoted(pattern) + " "
    kept = [line for line in lines if not (line.startswith(start) and "filter=sealedfiles" in line)]
    if len(kept) == len(lines):
        return False
    _write(top, kept)
    return True


def line_for(pattern: str) -> str:
    """Return the line for an attributes file that seals the files that match *pattern*."""
    return f"{_quoted(pattern)} {ATTRIBUTES}"


def sealed_patterns(file: Path) -> list[str]:
    """Return the patterns that an attributes file sends through the filter; empty for a symbolic link."""
    if file.is_symlink() or not file.is_file():
        return []
    return gitattributes.sealed_patterns(file.read_bytes())


def _quoted(pattern: str) -> str:
    """Return *pattern* in the syntax of .gitattributes.  Raises UsageError if it cannot be written there."""
    try:
        return gitattributes.quoted(pattern)
    except ValueError as error:
        raise UsageError(f"the pattern {error}") from None


def _lines(top: Path) -> list[str]:
    if (top / ".gitattributes").is_symlink():
        # Otherwise the content of the link's target would be copied into git.
        raise TamperedError(
            ".gitattributes is a symbolic link, which git does not read",
            "replace it with the file itself",
        )
    return atomic.lines_of(top / ".gitattributes")


def _write(top: Path, lines: list[str]) -> None:
    atomic.replace_lines(top / ".gitattributes", lines)
