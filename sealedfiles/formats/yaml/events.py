"""The two YAML parsers, made to agree.

The values of a text must not depend on the machine: a value that is found on one and not on another
would be sealed here and in plaintext there.  So the parser is ruamel.yaml's, in Python and slow.
libyaml (the C parser in PyYAML) is tried first, but used only for texts on which both are known to
agree: it accepts the text and finds no construct that the two interpret differently.  These constructs
were found by comparing both on millions of generated texts; tests continue to do so.

Most texts come to neither: their values are found by ``yaml.plain``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import suppress

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Span, end_of, splice
from sealedfiles.formats.yaml import literal as yaml_literal
from sealedfiles.formats.yaml.walk import Events, FoundValues, NodeChecks, error_at, walk
from sealedfiles.light_typing import Any, TypeAlias
from sealedfiles.util.lazy_pattern import lazy_pattern

Watch: TypeAlias = Callable[[Events, str], Callable[[Any], None]]
"""Creates a viewer of the events for a parser and the stand-in text that it reads."""

_LEADING_TABS = lazy_pattern(r"(?:\A|[\r\n]) *\t[ \t]*(?![ \t\r\n]|\Z)")
_TAB_LINE = lazy_pattern(r"[\r\n] *\t[ \t]*(?:[\r\n]|\Z)")
_NO_BREAKS = str.maketrans("\x85\u2028\u2029", "zzz")

_END = r"(?=[ \r\n]|\Z)"
_GAP = r"(?:[ \r\n]|(?<=[ \r\n])#[^\r\n]*(?=[\r\n]|\Z))*"
_PROPERTIES = lazy_pattern(
    r"(?:(?:&[0-9A-Za-z_-]+(?=[ \r\n,\]}]|\Z)"
    rf"|!(?:<[0-9A-Za-z_.:/,-]+>|(?:[0-9A-Za-z_-]*!)?[0-9A-Za-z_.:/-]*){_END})"
    rf"{_GAP})*"
)
_HEADER = lazy_pattern(rf"[|>][-+0-9]*{_END}")
_AFTER_ALIAS = lazy_pattern(r"[ \r\n,\]}]|\Z")
_BLANK_LINE = lazy_pattern(r"(?:\A|(?<=[\r\n])) +(?=[\r\n]|\Z)")
_DOCUMENT_END = rf"\.\.\.{_END}{_GAP}"
_DOCUMENT_ENDS = lazy_pattern(
    rf"((?:\A|(?<=[\r\n])){_DOCUMENT_END})((?:(?<=[\r\n]){_DOCUMENT_END})+)"
)

_FLOW_TAG = lazy_pattern(r"(?<![^ \r\n])!(?!<)[^ \r\n,\[\]{}]*[,\[\]{}]")
_DOCUMENT_MARK = lazy_pattern(rf"[\r\n](?:---|\.\.\.){_END}")

_KNOWN_PROBLEMS = (
    "mapping values are not allowed here",
    "mapping keys are not allowed here",
    "sequence entries are not allowed here",
    "could not find expected ':'",
    "found unexpected end of stream",
    "found unexpected document separator",
)
"""What ruamel.yaml says without quoting the text, in which any word may be a secret."""


_INNER_ERRORS = (ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""What may come out of ruamel.yaml itself: ValueError for an escape beyond Unicode, for one."""


def find(text: str, watch: Watch | None = None) -> FoundValues:
    """Find the values of *text*, which has no BOM at its start.  Raises FormatError.

    Each parser that is asked has its events seen by what *watch* makes for it; the last one counts.
    """
    parsed = _without_traps(text)
    found = _find_fast(text, parsed, watch) or _find_slowly(text, parsed, watch)
    if "\t" in text and _TAB_LINE.search(text):
        return FoundValues([_with_tab_lines(text, value) for value in found.values], found.keys)
    return found


def _with_tab_lines(text: str, value: Span) -> Span:
    """Return *value*, if it is a block scalar with the blank lines below that have a tab in them."""
    start, end, path = value
    if not text.startswith(("|", ">"), yaml_literal.content_start(text, start, end)):
        return value
    return Span(start, yaml_literal.end_with_tabs(text, end), path)


def _watched(events: Events, parsed: str, watch: Watch | None) -> Events:
    """Return *events* shown, each when the walk has accepted it and asks for the next."""
    if watch is None:
        return events
    see = watch(events, parsed)
    get = events.next
    last: Any = None

    def following() -> Any:
        nonlocal last
        if last is not None:
            see(last)
        last = get()
        return last

    return events._replace(next=following)


def _without_traps(text: str) -> str:
    """Return *text* without what parsers trip over, length and structure unchanged.

    NEL, LS and PS are line breaks in YAML 1.1 and ordinary characters in 1.2, the version that is
    taken here.  Tabs that part tokens are allowed, but not to every parser; a difference they make
    only at the start of a line that is not blank, where they are no indentation.
    """
    if not text.isascii() and any(sign in text for sign in "\x85\u2028\u2029"):
        text = text.translate(_NO_BREAKS)
    if "\t" not in text:
        return text
    leading = ((*match.span(), match[0]) for match in _LEADING_TABS.finditer(text))
    return splice(text.replace("\t", " "), leading)


class _DoubtError(Exception):
    """libyaml has met something that ruamel.yaml may understand differently."""


def _find_fast(text: str, parsed: str, watch: Watch | None = None) -> FoundValues | None:
    """Find the values with libyaml; None if it is missing or the two parsers may differ."""
    try:
        import yaml
        from yaml._yaml import CParser
    except ImportError:
        return None
    # Both may have no effect here; but a version changes ruamel.yaml's rules.
    if "\ufeff" in parsed or "%YAML" in parsed:
        return None
    check = _Doubts(parsed)
    try:
        events = Events(
            CParser(parsed).get_event,
            yaml.ScalarEvent,
            yaml.AliasEvent,
            yaml.MappingStartEvent,
            yaml.MappingEndEvent,
            yaml.SequenceStartEvent,
            yaml.SequenceEndEvent,
            yaml.StreamEndEvent,
        )
        found = walk(_watched(events, parsed, watch), text, check)
        check.leading_tabs(found)
    except (yaml.YAMLError, _DoubtError, UnicodeEncodeError):
        return None
    except FormatError:
        # libyaml may not have reported all events before the error yet.
        if any(sign in parsed for sign in "&*!"):
            return None
        raise
    return found


class _Doubts(NodeChecks):
    """Raises _DoubtError at every node that libyaml and ruamel.yaml may see differently."""

    def properties(self, event: Any) -> None:
        """Let pass names of common letters, parted by blanks.

        ``*a:`` and ``!t,`` are with ruamel.yaml an alias ``a:`` and a tag ``t,``.
        """
        start = event.start_mark.index
        content = self._content(start)
        if content == start or self.parsed.startswith(("&", "!"), content):
            raise _DoubtError

    def block_scalar(self, event: Any, header: int, *, is_document: bool) -> None:
        """Let pass headers without glued comments, of scalars with text, not at column 0.

        ruamel.yaml refuses ``|#``, takes text at column 0 for that of a document that is a block
        scalar, and allows a blank line to be longer than the first line of text.
        """
        if is_document or not event.value.strip("\n") or not _HEADER.match(self.parsed, header):
            raise _DoubtError

    def pair(self, event: Any) -> None:  # noqa: ARG002 - nothing to look at
        """Let pass no pair: ``["a":b]`` is an error with ruamel.yaml."""
        raise _DoubtError

    def alias(self, event: Any) -> None:
        """Let pass names that end where both say: see ``properties``."""
        if not _AFTER_ALIAS.match(self.parsed, event.end_mark.index):
            raise _DoubtError

    def odd_key(self, event: Any) -> None:
        """Let pass no block scalar, and no plain scalar with a line that begins with a tab."""
        if event.style in ("|", ">"):
            raise _DoubtError
        start, end = event.start_mark.index, event.end_mark.index
        if "\t" in self.parsed[start:end]:
            self._leading_tab(start)

    def leading_tabs(self, found: FoundValues) -> None:
        """Look at every line that begins with a tab: it may be one of a block scalar or a scalar in
        quotes, or one in brackets (ruamel.yaml skips tabs only there)."""
        if "\t" not in self.parsed:
            return
        for match in _LEADING_TABS.finditer(self.parsed):
            at = match.end()
            index = bisect_left(found.values, (at,)) - 1
            if index >= 0 and at < found.values[index].end:
                self._leading_tab(found.values[index].start)
            elif self.parsed.startswith("#", at):
                raise _DoubtError

    def _leading_tab(self, start: int) -> None:
        if not self.parsed.startswith(("|", ">", '"', "'"), self._content(start)):
            raise _DoubtError

    def _content(self, start: int) -> int:
        return end_of(_PROPERTIES.match(self.parsed, start))


def _find_slowly(text: str, parsed: str, watch: Watch | None = None) -> FoundValues:
    """Find the values with ruamel.yaml."""
    from ruamel.yaml import events

    # It does not allow the first blank line of a block scalar to be shorter than the next, nor a
    # document to end twice.
    parsed = _BLANK_LINE.sub(lambda match: "\n" * len(match[0]), parsed)
    parsed = _DOCUMENT_ENDS.sub(lambda match: match[1] + match[2].replace("...", "#.."), parsed)
    kinds = (
        events.ScalarEvent,
        events.AliasEvent,
        events.MappingStartEvent,
        events.MappingEndEvent,
        events.SequenceStartEvent,
        events.SequenceEndEvent,
        events.StreamEndEvent,
    )
    parser = Events(_ruamel_events(text, parsed).__next__, *kinds)
    return walk(_watched(parser, parsed, watch), text, _Errors(parsed))


class _Errors(NodeChecks):
    """Raises FormatError if ruamel.yaml takes more for one node than other parsers do."""

    def properties(self, event: Any) -> None:
        """Refuse tags with a comma or bracket in them, as in ``[!t, a]``."""
        start, end = event.start_mark.index, event.end_mark.index
        source = self.parsed[start:end]
        if event.anchor is not None and yaml_literal.anchor(source) != event.anchor:
            raise error_at(event, "an anchor that cannot be read")
        content = yaml_literal.content_start(source, 0, len(source))
        if _FLOW_TAG.search(source, 0, content):
            raise error_at(event, "a tag that is not followed by a blank")

    def block_scalar(self, event: Any, header: int, *, is_document: bool) -> None:
        """Refuse text at column 0 that looks like the start or end of a document."""
        source = self.parsed[header : event.end_mark.index]
        if is_document and _DOCUMENT_MARK.search(source):
            raise error_at(event, "the start or end of a document in a block scalar")


def _ruamel_events(text: str, parsed: str) -> Iterator[Any]:
    """Yield ruamel.yaml's events, each from the start of its tag or anchor, whichever is first
    (its own start at the anchor also where a tag precedes it)."""
    from ruamel.yaml.error import YAMLError

    from sealedfiles.formats.yaml.ruamel import ruamel_yaml

    tags: list[int] = []
    seen = 0
    try:
        for event in ruamel_yaml().parse(parsed):
            if getattr(event, "tag", None) is not None:
                if event.anchor is not None:
                    tags = tags or _tag_starts(parsed)
                    mark = event.start_mark
                    mark.index = min(mark.index, tags[seen])
                seen += 1
            yield event
    except (YAMLError, *_INNER_ERRORS) as error:
        raise _invalid(text, error) from None


def _tag_starts(parsed: str) -> list[int]:
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.tokens import TagToken

    from sealedfiles.formats.yaml.ruamel import ruamel_yaml

    starts: list[int] = []
    # The error may be after the requested part.
    with suppress(YAMLError):
        tokens = ruamel_yaml().scan(parsed)
        starts.extend(token.start_mark.index for token in tokens if isinstance(token, TagToken))
    return starts


def _invalid(text: str, error: Any) -> FormatError:
    """Return the error with the position at which *text* is not YAML, without any part of the text."""
    mark = getattr(error, "problem_mark", None)
    at = min(mark.index if mark else getattr(error, "position", 0), len(text))
    # Counted here: the text that was parsed has more lines.
    lines = re.split(r"\r\n|\n|\r", text[:at])
    problem = getattr(error, "problem", None)
    message = f"not valid yaml: {problem}" if problem in _KNOWN_PROBLEMS else "not valid yaml"
    return FormatError(message, len(lines), len(lines[-1]) + 1)
