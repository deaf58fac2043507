"""Find files that git sends through the filter of another program, such as git-lfs."""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles.git.clone import Clone


def other_filters(clone: Clone, paths: Iterable[bytes]) -> dict[bytes, str]:
    """Return the name of the other program's filter for each of *paths* that has one.  Raises GitError."""
    names = b"".join(path + b"\x00" for path in paths)
    out = clone.repository.run("check-attr", "--stdin", "-z", "filter", stdin=names)
    fields = out.split(b"\x00")
    return {
        path: value.decode("utf-8", "replace")
        for path, value in zip(fields[0:-1:3], fields[2::3], strict=False)
        if value not in (b"unspecified", b"unset", b"set", b"sealedfiles")
    }
