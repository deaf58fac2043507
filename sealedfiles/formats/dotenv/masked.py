"""Read a .env file with other texts in places of some, to find the variables that it sets in plaintext.

Where one dialect reads a single value, another one may read several assignments: after a back-tick, a
backslash at a line end, ``-----BEGIN`` or a semicolon.  Or a quote in a value takes in the comment on the
next line.  If that text is in plaintext, anyone with push access can set a sealed variable in it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Mapping

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import MASK, Span, splice
from sealedfiles.formats.place import line_start
from sealedfiles.util.lazy_pattern import lazy_pattern

QUOTES = ("'", '"', "`")
_ONLY_MASKS = lazy_pattern(rf"(?:{MASK})+")
_BLANKS_AT_END = lazy_pattern(r"[^\S\n]*(?=\n|\Z)")
_REFERENCE = lazy_pattern(r"\$\{?(?!['\"])")
_ONLY_LAYOUT = lazy_pattern(rf"(?:\s*{MASK}(?:\r\s*(?:export\s+)?[\w.\-\[\]]+=)?)*\s*")
"""Masks with white space around them; compose reads a CR alone, and the next key, as part of a value."""
_NAME = lazy_pattern(r"(\$\{?)[A-Za-z_][A-Za-z0-9_]*")
_CHARACTER = lazy_pattern(r"\bexport\b|x|([\w.,@%!?*^/])")


def set_in_plaintext(
    text: str,
    sealed: Iterable[tuple[int, int]],
    dialect: str,
    environ: Mapping[str, str],
    *,
    override: bool,
    names: Collection[str] = (),
) -> list[tuple[str, str | None]]:
    """Return name and value of each variable that does not come only from the spans *sealed*, or *environ*.

    In the value, sealed parts are replaced by ``MASK``, unless quotes in one of them take in the next line.
    White space beside a mask is text like other text.  The value is None for a name without ``=``, and an
    empty value counts only for the *names*.

    Raises FormatError, as ``read`` does.
    """
    from sealedfiles.formats.dotenv.values import read  # other formats need only the mask

    spans = sorted(sealed)
    if takes_in_more(text, spans):
        # A mask, without quotes, would not do that.
        values = read(text, dialect, environ, override=override)
        depending = taking_in(text, _plaintext(text, spans, dialect), dialect, values)
        bare = _read_without_blanks(text, spans, dialect, environ, override)
        rest = splice(text, ((start, end, "") for start, end in spans))
        found = [
            (name, value)
            for name, value in values.items()
            if (value is None and name in rest) or name in depending or value != bare.get(name)
        ]
    else:
        masked = splice(text, ((start, end, MASK) for start, end in spans))
        found = [
            (name, value)
            for name, value in read(masked, dialect, environ, override=override).items()
            if MASK not in name
            if value is None or not (_ONLY_MASKS.fullmatch(value) or value == environ.get(name))
        ]
    return [(name, value) for name, value in found if value != "" or name in names]


def set_elsewhere(
    text: str, sealed: Collection[tuple[int, int]], names: Collection[str] = ()
) -> dict[str, str]:
    """Return the variables that a dialect reads from other text than the spans *sealed*, with the dialect.

    An empty value counts only for the *names*, and a name without ``=`` never: shells export variables so.
    """
    from sealedfiles.formats.dotenv.scan import DISPUTED
    from sealedfiles.formats.dotenv.values import DIALECTS, PYTHON_BEFORE

    found: dict[str, str] = {}
    for dialect in (*DIALECTS, PYTHON_BEFORE) if DISPUTED.search(text) else DIALECTS:
        with contextlib.suppress(FormatError):  # this dialect does not accept the file
            for name, value in set_in_plaintext(
                text, sealed, dialect, {}, override=True, names=names
            ):
                if value is None:
                    continue
                # docker reads comments as part of the value.
                is_comment = dialect == "docker" and value.strip().startswith(MASK)
                if not is_comment and (not value or not _ONLY_LAYOUT.fullmatch(value)):
                    found.setdefault(name, dialect)
    return found


def dependent_on(text: str, plaintext: Iterable[tuple[int, int]]) -> dict[str, str]:
    """Return the variables whose values change with the spans *plaintext*, with the dialect.

    Only those dialects are asked that end quotes and lines elsewhere than sealing does.
    """
    from sealedfiles.formats.dotenv.values import PYTHON_BEFORE, read

    spans = sorted(plaintext)
    found: dict[str, str] = {}
    for dialect in ("node", PYTHON_BEFORE) if spans else ():
        for name in taking_in(text, spans, dialect, read(text, dialect)):
            found.setdefault(name, dialect)
    return found


def showing(
    text: str,
    hidden: Iterable[tuple[int, int]],
    others: Iterable[tuple[int, int]],
    dialect: str,
    environ: Mapping[str, str],
) -> set[str]:
    """Return the variables whose values contain text of the spans *hidden*, not by a reference.

    *others* are the spans of the other values.  Raises FormatError, as ``read`` does.
    """
    from sealedfiles.formats.dotenv.scan import DISPUTED
    from sealedfiles.formats.dotenv.values import read

    spans, rest = sorted(hidden), list(others)
    edits = [(*span, MASK) for span in spans]
    edits += [(*span, _NAME.sub(r"\1x_", text[slice(*span)])) for span in rest]
    found: set[str] = set()
    # A mask has no quotes, in which a quote of another value may end.
    is_disputed = DISPUTED.search(text) is not None or takes_in_more(text, rest)
    try:
        values = read(splice(text, sorted(edits)), dialect, {"x_": "x"})
        found = {name for name, value in values.items() if value and MASK in value}
    except FormatError:
        is_disputed = True
    if is_disputed:
        found |= taking_in(text, spans, dialect, read(text, dialect, environ))
    return found


def _read_without_blanks(
    text: str,
    spans: list[tuple[int, int]],
    dialect: str,
    environ: Mapping[str, str],
    override: bool,
) -> dict[str, str | None]:
    """Return the values of *text* without the blanks before *spans*, and after them at line ends."""
    from sealedfiles.formats.dotenv.values import read

    edits = []
    for start, end in spans:
        before = text[line_start(text, start) : start]
        edits.append((start - len(before) + len(before.rstrip()), start, ""))
        after = _BLANKS_AT_END.match(text, end)
        edits.append((end, after.end() if after else end, ""))
    try:
        return read(splice(text, edits), dialect, environ, override=override)
    except FormatError:
        return {}


def takes_in_more(text: str, spans: Iterable[tuple[int, int]]) -> bool:
    """Return True if a quote in one of *spans* takes in the line after it."""
    odd = [(start, end) for start, end in spans if not _is_simple(text[start:end])]
    if not odd:
        return False
    from sealedfiles.formats.dotenv.words import Words  # few files have such values

    words = Words(text)
    return any(words.end(start) > end for start, end in odd)


def _is_simple(literal: str) -> bool:
    """Return True if *literal* can take nothing in: a string in quotes without escapes, or without any."""
    quote = literal[:1]
    is_string = quote in QUOTES and literal.find(quote, 1) == len(literal) - 1 > 0
    return (is_string and "\\" not in literal and "$" not in literal) or not any(
        sign in literal for sign in (*QUOTES, "${", "$(")
    )


def _plaintext(text: str, sealed: list[tuple[int, int]], dialect: str) -> list[tuple[int, int]]:
    """Return the spans of the plaintext beside *sealed*: comments, other values, and keys inside a value."""
    from sealedfiles.formats.dotenv.scan import DotenvScan
    from sealedfiles.formats.dotenv.words import Words

    scan, words = DotenvScan(text), Words(text)
    kept = set(sealed)
    values = sorted({*((start, end) for start, end, _ in scan.values), *sealed})
    found = [span for span in values if span not in kept] + scan.comments()
    behind = until = 0
    for start, end in values if dialect == "bash" else ():
        if start >= until:  # not in the words of an earlier value
            found.append((behind, until))
            until = words.end(start)
        else:
            found.append((behind, start))
        behind = end
    found.append((behind, until))
    return sorted(span for span in found if span[0] < span[1])


def taking_in(
    text: str, spans: Collection[tuple[int, int]], dialect: str, names: Iterable[str]
) -> set[str]:
    """Return those of *names* whose values change with the characters in *spans*; all, if that is unknown.

    References are not resolved, because a sealed value may refer to any other: they are read as to a variable
    that is set, and as to one that is not.
    """
    from sealedfiles.formats.dotenv.scan import DotenvScan
    from sealedfiles.formats.dotenv.values import read

    meant = set(spans)
    others = {(start, end) for start, end, _ in DotenvScan(text).values} - meant
    edits = [(*span, _NAME.sub(r"\1x_", text[slice(*span)])) for span in others]
    same = [(*span, _REFERENCE.sub("S", text[slice(*span)])) for span in spans]
    changed = [(start, end, _CHARACTER.sub(_another, new)) for start, end, new in same]
    before, after = (splice(text, sorted([*edits, *one])) for one in (same, changed))
    found: set[str] | None = None
    for environ in ({}, {"x_": "x"}):
        with contextlib.suppress(FormatError):
            values = read(before, dialect, environ)
            found = found or set()
            try:
                other = read(after, dialect, environ)
            except FormatError:
                other = {}  # some of it is an assignment, for example after a semicolon
            found.update(name for name in values if values[name] != other.get(name))
    return set(names) if found is None else found.intersection(names)


def _another(found: re.Match[str]) -> str:
    """Return another character than the one that was *found*."""
    return "x" if found[1] else "y" if found[0] == "x" else found[0]


def assignment_of(text: str, name: str, spans: Iterable[Span]) -> int:
    """Return the offset of an assignment to *name*: in one of *spans*, or the last one in *text*.

    If there is none, *name* as a word counts, and then as a part of a word; 0 if *text* does not have it.
    """
    word = rf"(?<![\w.\-\[\]:]){re.escape(name)}(?![\w.\-\[\]])"
    places = [(start, end) for start, end, _ in spans]
    for pattern in (re.compile(rf"{word}(?=['\"]?\s*[=:])"), re.compile(word)):
        for start, end in places:
            if found := pattern.search(text, start, end):
                return found.start()
        if all_found := list(pattern.finditer(text)):
            return all_found[-1].start()
    return max(text.rfind(name), 0)
