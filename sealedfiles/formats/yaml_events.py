"""The two YAML parsers, made to agree.

What the values of a text are must not depend on the machine: a value that is found on one and not on
the other would be sealed here and plain there.  So the text is parsed by ruamel.yaml, in Python and
slow, and libyaml (the C parser in PyYAML) is asked first, but has the word only on texts where it is
known to say the same: where it accepts the text and meets nothing on the way that the two
understand differently.  Those were found by comparing both on some ten million made-up texts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sealedfiles.errors import FormatError
from sealedfiles.formats.yaml_walk import Events, Found, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEADING_TABS = re.compile(r"(?:\A|[\r\n]) *\t[ \t]*(?![ \t\r\n]|\Z)")
_END = r"(?=[ \r\n]|\Z)"
_GAP = r"(?:[ \r\n]|(?<=[ \r\n])#[^\r\n]*(?=[\r\n]|\Z))*"
_PLAIN_PROPERTIES = re.compile(
    r"(?:(?:&[0-9A-Za-z_-]+(?=[ \r\n,\]}]|\Z)"
    rf"|!(?:<[0-9A-Za-z_.:/,-]+>|(?:[0-9A-Za-z_-]*!)?[0-9A-Za-z_.:/-]*){_END})"
    rf"{_GAP})*"
)
_PLAIN_CONTENT = re.compile(rf"[|>][-+0-9]*{_END}|[^&!|>]|\Z")
_AFTER_ALIAS = re.compile(r"[ \r\n,\]}]|\Z")
_DOUBLE_END = re.compile(
    rf"((?:\A|(?<=[\r\n]))\.\.\.{_END}{_GAP})((?:(?<=[\r\n])\.\.\.{_END}{_GAP})+)"
)
_BLANK_LINES = re.compile(r"(?:\A|(?<=[\r\n])) +(?=[\r\n]|\Z)")
_NO_BREAKS = str.maketrans("\x85\u2028\u2029", "zzz")


class _DoubtError(Exception):
    """libyaml has met something that ruamel.yaml may understand differently."""


def find(text: str) -> Found:
    """Find the values of *text*, which has no BOM at its start.  Raises FormatError."""
    parsed = _without_traps(text)
    return _find_fast(text, parsed) or _find_slowly(text, parsed)


def _without_traps(text: str) -> str:
    """Return *text* without what parsers trip over, length and structure unchanged.

    NEL, LS and PS are line breaks in YAML 1.1 and ordinary characters in 1.2, the version that is
    taken here.  Tabs that part tokens are allowed, but not to every parser; only at the start of
    a line, where they are not indentation, they make a difference.
    """
    if not text.isascii() and any(sign in text for sign in "\x85\u2028\u2029"):
        text = text.translate(_NO_BREAKS)
    if "\t" not in text:
        return text
    spaced = text.replace("\t", " ")
    pieces = []
    at = 0
    for match in _LEADING_TABS.finditer(text):
        pieces += spaced[at : match.start()], match[0]
        at = match.end()
    return "".join(pieces) + spaced[at:]


def _find_fast(text: str, parsed: str) -> Found | None:
    """Find the values with libyaml; None where it is missing or its word does not count."""
    try:
        import yaml
        from yaml.cyaml import CParser
    except ImportError:
        return None
    if "\ufeff" in parsed:
        return None
    try:
        events = Events(
            CParser(parsed).get_event,
            yaml.ScalarEvent,
            yaml.AliasEvent,
            yaml.MappingStartEvent,
            yaml.MappingEndEvent,
            yaml.SequenceStartEvent,
            yaml.SequenceEndEvent,
            yaml.DocumentStartEvent,
            yaml.StreamEndEvent,
        )
        found = walk(events, text, parsed, _doubt)
        _doubt_tabs(parsed, found)
        return found
    except (yaml.YAMLError, _DoubtError, UnicodeEncodeError):
        return None
    except FormatError:
        if any(sign in parsed for sign in "&*!"):
            return None
        raise


def _doubt(parsed: str, event: Any, at_root: bool) -> None:
    """Raise _DoubtError where the source of *event* is of a kind that the parsers differ on."""
    if not hasattr(event, "tag"):
        if _AFTER_ALIAS.match(parsed, event.end_mark.index) is None:
            raise _DoubtError
        return
    content = _PLAIN_PROPERTIES.match(parsed, event.start_mark.index).end()
    if _PLAIN_CONTENT.match(parsed, content) is None:
        raise _DoubtError
    if "\t" in getattr(event, "value", ""):
        _doubt_plain(parsed, event.start_mark.index)
    if getattr(event, "flow_style", False) and parsed[content : content + 1] not in ("[", "{"):
        raise _DoubtError
    if at_root and parsed[content : content + 1] in ("|", ">"):
        raise _DoubtError


def _doubt_tabs(parsed: str, found: Found) -> None:
    """Raise _DoubtError where a line of a plain scalar begins with a tab."""
    if "\t" in parsed:
        for match in _LEADING_TABS.finditer(parsed):
            index = bisect_left(found.values, (match.end(),)) - 1
            if index >= 0 and match.end() < found.values[index].end:
                _doubt_plain(parsed, found.values[index].start)


def _doubt_plain(parsed: str, start: int) -> None:
    content = _PLAIN_PROPERTIES.match(parsed, start).end()
    if parsed[content : content + 1] not in ("|", ">", '"', "'"):
        raise _DoubtError


def _find_slowly(text: str, parsed: str) -> Found:
    """Find the values with ruamel.yaml's parser in Python."""
    from ruamel.yaml import events
    from ruamel.yaml.error import YAMLError

    parsed = _BLANK_LINES.sub(lambda match: "\n" * len(match[0]), parsed)
    parsed = _DOUBLE_END.sub(lambda match: match[1] + match[2].replace("...", "#.."), parsed)
    try:
        return walk(
            Events(
                _ruamel_events(parsed).__next__,
                events.ScalarEvent,
                events.AliasEvent,
                events.MappingStartEvent,
                events.MappingEndEvent,
                events.SequenceStartEvent,
                events.SequenceEndEvent,
                events.DocumentStartEvent,
                events.StreamEndEvent,
            ),
            text,
            parsed,
            lambda _parsed, _event, _at_root: None,
        )
    except YAMLError:
        raise FormatError("not valid yaml") from None


def _ruamel_events(parsed: str) -> Iterator[Any]:
    """Yield ruamel.yaml's events, each from the start of its tag or anchor, whichever is first
    (its own start at the anchor also where a tag precedes it)."""
    from ruamel.yaml import YAML

    tags: list[int] | None = None
    seen = 0
    for event in YAML(typ="safe", pure=True).parse(parsed):
        if getattr(event, "tag", None) is not None:
            if event.anchor is not None:
                if tags is None:
                    tags = _tag_starts(parsed)
                mark = event.start_mark
                mark.index = min(mark.index, tags[seen])
            seen += 1
        yield event


def _tag_starts(parsed: str) -> list[int]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.tokens import TagToken

    starts: list[int] = []
    with suppress(YAMLError):
        for token in YAML(typ="safe", pure=True).scan(parsed):
            if isinstance(token, TagToken):
                starts.append(token.start_mark.index)
    return starts
