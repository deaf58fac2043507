"""The texts that git may have written to the working tree for a version in plaintext.

Anyone with push access can give a file the attribute ``working-tree-encoding``.  A clone in which the filter
does not handle the file then has another text than git, which would look as if the user had typed it: of the
output of ``iconv -f IBM037 -t UTF-8`` git stores what nobody can read, and checks out the text of before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_ENCODINGS = (
    # A text in these has no letter where ASCII has one.  The pages of EBCDIC have the same letters.
    *("cp037", "cp273", "cp1026", "cp500", "cp1140", "cp424", "cp875"),
    *("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
    # In these, only characters beyond ASCII differ.
    *("latin-1", "cp1252", "cp437"),
)
_MOST = 1 << 20
"""Bytes: a larger version is not encoded again."""


def with_encodings(versions: Iterable[bytes]) -> Iterator[bytes]:
    """Yield *versions*, and the texts in UTF-8 that each is in another encoding.

    The attribute need not be there any more.  No ASCII text is another readable text.
    """
    for version in versions:
        yield version
        if version.isascii() or len(version) > _MOST:
            continue
        for encoding in _ENCODINGS:
            try:
                written = version.decode("utf-8").encode(encoding)
                written.decode("utf-8")
            except UnicodeError:
                continue
            yield written
