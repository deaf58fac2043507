"""What a format is: text in, spans out.

A format finds the values (and comments) of a text as spans of its source and says how a token is
written in a value's place.  It interprets nothing else: sealing, opening, rules and every command are
the same code for all formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import re


class Span(NamedTuple):
    """The source of one value: ``text[start:end]`` is its literal.

    Offsets count code points.  ``path`` is an encoded key path (see ``sealedfiles.paths``).
    """

    start: int
    end: int
    path: bytes


class Scan(Protocol):
    """What a format found in one text."""

    values: list[Span]
    """Every value that has source text, in file order, none overlapping another."""

    def comments(self) -> list[tuple[int, int]]:
        """Return every comment, in file order: from just behind its ``#`` to the end of its line,
        line end excluded."""
        ...


class Format(Protocol):
    """One format of structured text.  Implementations are stateless."""

    name: str
    """As the policy writes it: ``yaml``, ``json``, ``dotenv``."""

    quoted: bool
    """Whether a token stands in double quotes (else bare)."""

    sealed_value: re.Pattern[str]
    """Finds a value's token as it may stand in a sealed text, with everything that opening replaces:
    the quotes (also others than our own, where a formatter changed them), and in YAML a copy of the
    anchor (group ``anchor``, without ``&``).  The bare token is group ``token``."""

    def scan(self, text: str) -> Scan:
        """Find the values of *text* (no BOM at its start).  Raises FormatError."""
        ...

    def write_token(self, literal: str, token: str) -> str:
        """Return the source text that stands for *literal* in a sealed text: the token in quotes or
        bare, in YAML behind a copy of the literal's anchor."""
        ...

    def decode(self, literal: str) -> str:
        """Return the text that *literal* stands for (quotes and escapes resolved, a YAML block
        scalar without its indentation; a number or boolean as it is written)."""
        ...

    def uncommented(self, comment: str) -> list[Span]:
        """Return the values of the entries that *comment* (the text behind its ``#``) is when the
        comment sign is taken away; offsets count within *comment*.  Nothing where it is prose."""
        ...

    def always_sealed(self, comment: str) -> bool:
        """Tell whether *comment*, which is an entry when uncommented, is sealed whatever its key is.

        Else it is sealed only where its key, or its value, is one that is sealed elsewhere.
        """
        ...
