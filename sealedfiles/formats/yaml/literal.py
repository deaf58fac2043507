"""The source of one YAML scalar: its tag and anchor, its end, and the text that it represents.

A parser found the source; no lines around it are needed here. Line breaks are those of YAML 1.2 (section
5.4): LF, CR LF, CR.
"""

from __future__ import annotations

import re

from sealedfiles.formats.base import end_of
from sealedfiles.util.lazy_pattern import lazy_pattern

BREAK = r"(?:\r\n|\n|\r)"
_BLANKS_AND_COMMENTS = r"(?:[ \t\r\n]|(?<=[ \t\r\n])#[^\r\n]*(?=[\r\n]|\Z))*"

ANCHOR_NAME = r"[^ \t\r\n,\[\]{}]+"

_PROPERTIES = lazy_pattern(
    rf"(?:(?:&(?P<anchor>{ANCHOR_NAME})|![^ \t\r\n]*){_BLANKS_AND_COMMENTS})*"
)
"""A scalar's tag and anchor, in any order, with all that parts them from each other and from it."""

_LINES_BELOW = lazy_pattern(r"[ \t]*[\r\n]([ \t\r\n]*)(?=[\r\n]|\Z)")
_LINE = lazy_pattern(r"[^\r\n]*")
_BREAK = lazy_pattern(BREAK)
# The lookbehinds prevent a try at each character of a run of blanks.
_FOLD = lazy_pattern(rf"(?<![ \t])[ \t]*{BREAK}(?P<more>(?:[ \t]*{BREAK})*)[ \t]*")
_ESCAPE_OR_FOLD = lazy_pattern(
    rf"\\{BREAK}(?P<kept>(?:[ \t]*{BREAK})*)[ \t]*"
    r"|\\(?:x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})|(?P<sign>.))"
    rf"|{_FOLD.pattern}",
    re.DOTALL,
)
_HEADER = lazy_pattern(
    rf"[|>](?:(?P<chomp>[+-])|[1-9]){{0,2}}[ \t]*(?:#[^\r\n]*)?(?:{BREAK}(?P<body>.*))?", re.DOTALL
)

_ESCAPED = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}


def anchor(literal: str) -> str | None:
    """Return the name of the anchor that *literal* begins with, before or after a tag."""
    match = _PROPERTIES.match(literal) if literal.startswith(("&", "!")) else None
    return match["anchor"] if match else None


def content_start(text: str, start: int, end: int) -> int:
    """Return the offset, after tag and anchor, at which the scalar ``text[start:end]`` itself begins."""
    return end_of(_PROPERTIES.match(text, start, end))


def block_end(text: str, start: int, end: int) -> int:
    """Return where the last line of the block scalar ends that a parser found at *start* to *end*
    and that is not blank.

    Blank is a line of nothing but spaces: behind a token on the header's line it means nothing,
    whatever its indentation.  (In YAML a long enough line of spaces is content; that it stays where
    it is loses nothing.)
    """
    last = start + len(text[start:end].rstrip(" \t\r\n"))
    if text[last : last + 1] in "\r\n":
        return last
    return end_of(_LINE.match(text, last))


def end_with_tabs(text: str, end: int) -> int:
    """Return where a block scalar that ends at *end* does so if the blank lines below it that have a
    tab are its own: behind it parsers take such lines, behind a token some do not.
    """
    below = _LINES_BELOW.match(text, end)
    tab = below[1].rfind("\t") if below else -1
    return end_of(_LINE.match(text, below.start(1) + tab)) if below and tab >= 0 else end


def decode(literal: str) -> str:
    """Return the text that *literal* stands for; a plain scalar as it is written.

    A block scalar is taken to be indented as its least indented line is, which is so unless every
    line of one with an indentation indicator begins with a space.  It ends in one line break,
    or none if it is stripped: how many a kept one has is not in the literal.
    """
    scalar = literal[content_start(literal, 0, len(literal)) :]
    if not scalar.startswith(("|", ">")):
        scalar = scalar.rstrip(" \t\r\n")
    if scalar.startswith('"'):
        return _decode_double(scalar[1:-1])
    if scalar.startswith("'"):
        return _FOLD.sub(_folded, scalar[1:-1].replace("''", "'"))
    header = _HEADER.fullmatch(scalar)
    if header:
        text = _dedent(header["body"] or "", folded=scalar.startswith(">"))
        return text if header["chomp"] == "-" or not text else f"{text}\n"
    return _FOLD.sub(_folded, scalar)


def block_text(scalar: str, indent: int) -> str:
    """Return the text of a block scalar, *scalar* being all of its lines, blank ones below too, in a
    collection that is indented by *indent* (0 around a document)."""
    header = _HEADER.fullmatch(scalar)
    lines = _BREAK.split((header and header["body"]) or "")
    number = next((sign for sign in scalar[1:3] if sign in "123456789"), None)
    first = next((line for line in lines if line.strip(" ")), max(lines, key=len))
    depth = indent + int(number) if number else len(first) - len(first.lstrip(" "))
    lines = [line[depth:] for line in lines]
    last = max((n for n, line in enumerate(lines, 1) if line), default=0)
    breaks = len(lines) - max(last, 1)
    chomp = header["chomp"] if header else None
    text = _fold_lines(lines[:last]) if scalar.startswith(">") else "\n".join(lines[:last])
    if chomp == "+":
        return text + "\n" * breaks
    return text + "\n" if text and breaks and not chomp else text


def _decode_double(inner: str) -> str:
    if "\\" in inner:
        return _ESCAPE_OR_FOLD.sub(_unescaped, inner)
    return _FOLD.sub(_folded, inner)


def _breaks(source: str | None) -> str:
    return "\n" * len(_BREAK.findall(source or ""))


def _folded(match: re.Match[str]) -> str:
    return _breaks(match["more"]) or " "


def _unescaped(match: re.Match[str]) -> str:
    code = match["x"] or match["u"] or match["U"]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else match[0]
    if match["sign"]:
        return _ESCAPED.get(match["sign"], match["sign"])
    if match["kept"] is not None:
        return _breaks(match["kept"])
    return _folded(match)


def _dedent(body: str, *, folded: bool) -> str:
    """Return the content of a block scalar without its indentation and its last line break."""
    lines = _BREAK.split(body)
    depth = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")), default=0)
    lines = [line[depth:] for line in lines]
    return _fold_lines(lines) if folded else "\n".join(lines)


def _fold_lines(lines: list[str]) -> str:
    """Join lines as YAML 1.2, section 8.1.3, does: one break between two text lines is a space,
    and of more the first is dropped; next to a line that begins with a blank all stay."""
    out: list[str] = []
    previous, pending = "", 0
    for line in lines:
        if not line:
            pending += 1
            continue
        if out:
            plain = not previous.startswith((" ", "\t")) and not line.startswith((" ", "\t"))
            out.append("\n" * (pending if plain else pending + 1) or " ")
        else:
            out.append("\n" * pending)
        out.append(line)
        previous, pending = line, 0
    return "".join(out)
