"""The .env format: its values, how a token is written, and its comments."""

from __future__ import annotations

from functools import lru_cache

from sealedfiles.formats.base import KEPT, Commented, Format
from sealedfiles.formats.dotenv.scan import DotenvScan, decode
from sealedfiles.formats.gaps import with_gaps
from sealedfiles.model.token import TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern


class DotenvFormat(Format):
    """.env: a token is written bare, which every dialect reads."""

    name = "dotenv"
    quoted = False
    comment_signs = ("# ",)
    sealed_value = lazy_pattern(rf"(?P<quote>['\"`]?)(?P<token>{TOKEN_PATTERN})(?P=quote)")

    def scan(self, text: str) -> DotenvScan:
        """Find the values of *text*, which may be any text: one that is not a .env file has values, too."""
        return _scan(text)

    def decode(self, literal: str) -> str:
        """Return the text of *literal*; see ``scan.decode``."""
        return decode(literal)

    def commented(self, comment: str) -> Commented:
        """Return the content of *comment* without its comment signs, one or several."""
        from sealedfiles.formats.dotenv.comments import read_comment  # most files have no comments

        return read_comment(comment)


DOTENV = DotenvFormat()


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> DotenvScan:
    scan = DotenvScan(text)
    scan.values = with_gaps(text, scan.values)
    return scan
