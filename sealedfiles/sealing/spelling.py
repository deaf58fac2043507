"""Compare texts with what somebody else wrote, whatever their spelling.

Editors change line ends, indentation and blanks at line ends, also in the middle of a value, and formatters
the spelling of numbers, dates and YAML's words: a program that loads a file, changes one value and dumps it
writes all of them again.  That does not make a value the user's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from sealedfiles.sealing.sealed_text import TELLING
from sealedfiles.util.lazy_pattern import lazy_pattern

ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "utf-32")
"""The encodings in which an editor may save a file."""

SPELLED = lazy_pattern(r"\\|''|&(?:#|\w+;)|<!\[CDATA\[")
"""What a text has if it may spell a value in another way than that is read."""

_WRITTEN = (
    # A text in these has no letter where ASCII has one.  The pages of EBCDIC have the same letters.
    *("cp037", "cp273", "cp1026", "cp500", "cp1140", "cp424", "cp875"),
    *("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
    # In these, only characters beyond ASCII differ.
    *("latin-1", "cp1252", "cp437"),
)
"""The encodings in which git may write a file."""
_MOST_WRITTEN = 1 << 20
"""Bytes: a larger version is not encoded again."""

_WORDS = {
    **dict.fromkeys(("yes", "on"), "true"),
    **dict.fromkeys(("no", "off"), "false"),
    "~": "null",
    **{word: word for word in ("true", "false", "null")},
}
"""The words of YAML 1.1 that a formatter writes in another way, in lower case."""
_NUMBER = lazy_pattern(
    r"(?P<sign>[-+]?)(?:\.(?P<word>inf|nan)|0o?(?P<octal>[0-7]+)|(?P<other>[\w.:+-]+))"
)
_MAY_DIFFER = lazy_pattern(
    r"[-+]?(?:\.(?:inf|nan)|0[xob][\da-f_]+|[\d_.:]+(?:e[-+]?[\d_]+)?)|\d{4}-[-+\d:.tz\s]+"
)
"""A superset of the numbers and dates, in lower case.  A key in hexadecimal is hardly ever one."""
_SIXTIETHS = lazy_pattern(r"\d+(?::[0-5]?\d)+(?:\.\d*)?")
_TIME = lazy_pattern(
    r"(?P<date>\d{4}-\d\d?-\d\d?)"
    r"(?:t?(?P<time>\d\d?:\d\d:\d\d)(?P<part>\.\d*)?(?P<zone>z|[-+]\d\d?(?::?\d\d)?)?)?"
)
_EPOCH = 719163
"""The ordinal number of 1970-01-01."""


def comparable(text: str) -> str:
    """Return what *text* has in common with its other spellings."""
    text = "".join(text.split())
    if not has_other_spellings(text):
        return text
    lower = text.lower()
    if lower in _WORDS:
        return _WORDS[lower]
    number = _seconds(lower) if _TIME.fullmatch(lower) else _number(lower.replace("_", ""))
    # -0 is 0.  An integer must not become longer: the length tells whether a text is telling.
    return text if number is None else repr(number + 0.0).removesuffix(".0")


def has_other_spellings(text: str) -> bool:
    """Return True if *text* may be a word, a number or a date; nearly all values are none of these."""
    lower = text.lower()
    return lower in _WORDS or _MAY_DIFFER.fullmatch(lower) is not None


def telling_lines(value: str) -> list[str]:
    """Return the lines of a value of several lines that are hardly equal by accident, as ``comparable``."""
    if "\n" not in value:
        return []
    # PEM has lines that are the same in all files.
    lines = [line.strip() for line in value.split("\n")]
    return [comparable(one) for one in lines if len(one) >= TELLING and one[:5] != "-----"]


def comparable_content(data: bytes) -> bytes:
    """Return the content of a file in UTF-8, without white space and BOM, for the same purpose."""
    return b"".join(in_utf_8(data).split())


def in_utf_8(data: bytes) -> bytes:
    """Return a file as an editor saves it in UTF-8, without a BOM: from UTF-16, UTF-32 or Latin-1."""
    if _is_wide(data):
        for encoding in ("utf-32-le", "utf-32-be", *_utf_16(data)):
            with suppress(UnicodeError):
                return data.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    with suppress(UnicodeError):
        data.decode("utf-8")
        return data
    return data.decode("latin-1").encode("utf-8")


def _is_wide(data: bytes) -> bool:
    """Return True if *data* may be UTF-16 or UTF-32."""
    return b"\0" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff")


def _utf_16(data: bytes) -> tuple[str, ...]:
    """Return the order of bytes that is more likely first: it has more NULs where ASCII has them."""
    orders = ("utf-16-le", "utf-16-be")
    is_little = data[:2] == b"\xff\xfe" or data[1::2].count(0) >= data[::2].count(0)
    return orders if is_little and data[:2] != b"\xfe\xff" else orders[::-1]


def _number(text: str) -> float | None:
    """Return the number that YAML 1.1, 1.2 or JSON read in *text*, which is in lower case."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign = -1.0 if found["sign"] == "-" else 1.0
    try:
        if found["octal"]:
            return sign * int(found["octal"], 8)
        return sign * _without_sign(found["word"] or found["other"])
    except (ValueError, OverflowError):
        return None


def _without_sign(text: str) -> float:
    if _SIXTIETHS.fullmatch(text):
        total = 0.0
        for part in text.split(":"):
            total = total * 60 + float(part)
        return total
    return int(text, 0) if text[:2] in ("0x", "0b") else float(text)


def _seconds(text: str) -> float | None:
    """Return the time that YAML 1.1 reads in *text*, without its blanks, in seconds since 1970 in UTC."""
    from datetime import date  # few values are dates

    found = _TIME.fullmatch(text)
    assert found  # noqa: S101 - the caller has looked
    try:
        days = date(*map(int, found["date"].split("-"))).toordinal() - _EPOCH
    except ValueError:
        return None
    seconds = _without_sign(found["time"]) if found["time"] else 0.0
    zone = found["zone"] or "z"
    if zone != "z":
        hours, minutes = zone[1:].replace(":", "")[:2], zone[1:].replace(":", "")[2:] or "0"
        offset = int(hours) * 3600 + int(minutes) * 60
        seconds -= offset if zone[0] == "+" else -offset
    return days * 86400 + seconds + float(f"0{found['part'] or ''}")


def with_encodings(versions: Iterable[bytes]) -> Iterator[bytes]:
    """Yield *versions* of a file in git, and the texts in UTF-8 that each is in another encoding.

    Anyone with push access can give a file the attribute ``working-tree-encoding``, and remove it again.  A
    clone in which the filter does not handle the file then has another text than git: of the output of
    ``iconv -f IBM037 -t UTF-8`` git stores what nobody can read, and checks out the text of before.  No ASCII
    text is another readable text.
    """
    for version in versions:
        yield version
        if _is_wide(version):
            yield in_utf_8(version)
        if not version.isascii() and len(version) <= _MOST_WRITTEN:
            with suppress(UnicodeDecodeError):
                yield from _written_as(version.decode("utf-8"))


def _written_as(text: str) -> Iterator[bytes]:
    for encoding in _WRITTEN:
        with suppress(UnicodeError):
            written = text.encode(encoding)
            written.decode("utf-8")
            yield written
