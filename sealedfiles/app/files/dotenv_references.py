"""The variables of a .env file whose values a dialect does not read from their own values alone.

These are references in plaintext, sealed variables that are read from plaintext, and plain variables in which
sealed values and comments are read (``formats.dotenv.masked``).
"""

from __future__ import annotations

from functools import partial

from sealedfiles.app.files.provenance import suspects_in
from sealedfiles.app.files.reference import Reference, rules_for
from sealedfiles.errors import FormatError
from sealedfiles.formats.base import MASK, splice
from sealedfiles.formats.dotenv.masked import (
    assignment_of,
    set_in_plaintext,
    showing,
    taking_in,
)
from sealedfiles.formats.place import line_end, line_start
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import ROOT, key_step, last_key
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.file import line_of, structured_text
from sealedfiles.sealing.sealed_text import SealedText, Text
from sealedfiles.sealing.spelling import comparable
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sealedfiles.app.files.working_file import WorkingFile
    from sealedfiles.formats.base import Format, Span
    from sealedfiles.model.policy import FileRules

_LINE_END = lazy_pattern(r"\r\n|\n|\r")


def find_in_dotenv(
    place: WorkingFile,
    form: Format,
    dialect: str,
    environ: Mapping[str, str],
    masked: Mapping[str, str],
    *,
    override: bool,
) -> list[Reference]:
    """Return the variables of *place* that must not be given out by default; see ``find_references``."""
    text = place.text()[1]
    file = _File(place, form, text, dialect, rules_for(place), form.scan(text).values)
    found = _set_in_plaintext(file, environ, override) + _shown_in_others(file, environ)
    return found + _variables(file, environ, masked, override) if "$" in text else found


class _File(NamedTuple):
    """A .env file, and how it is read."""

    place: WorkingFile
    form: Format
    text: str
    dialect: str
    rules: FileRules
    values: Sequence[Span]


def _set_in_plaintext(file: _File, environ: Mapping[str, str], override: bool) -> list[Reference]:
    """Return the variables that the dialect reads from values that are not sealed to its group."""
    place, _, text, dialect, rules, values = file
    suspect = {one.start for one in suspects_in(place)}
    groups = {span: None if span.start in suspect else rules.group_of(span.path) for span in values}
    names = {last_key(span.path) or "" for span in values if groups[span] is not None}

    def not_from(group: str | None) -> list[str]:
        """Return the variables whose values do not come only from values that are sealed to *group*."""
        sealed = [(span.start, span.end) for span in values if group and groups[span] == group]
        found = set_in_plaintext(text, sealed, dialect, environ, override=override, names=names)
        return [name for name, _ in found]

    wanted = {name: rules.group_of(key_step(name)) for name in not_from(None)}
    found = []
    for group in sorted({one for one in wanted.values() if one is not None}):
        others = [span for span in values if groups[span] != group]
        found += [
            Reference(
                (name,), key_step(name), None, partial(_line_of_name, text, name, others), dialect
            )
            for name in not_from(group)
            if wanted.get(name, group) == group
        ]
    return found if found and any(place.stored_versions()) else []  # else the user's own file


def _shown_in_others(file: _File, environ: Mapping[str, str]) -> list[Reference]:
    """Return the plain variables in which the dialect reads sealed values or comments.

    A quote that anyone with push access added may end inside a sealed value, and docker reads a comment as
    part of a value.  Anyone can copy the token of a comment.
    """
    place, form, text, dialect, rules, values = file
    if rules.uniform and rules.group_of(ROOT) is not None:
        return []  # there are no plain variables
    structured = filter(None, map(structured_text, place.stored_versions()))
    stored = [Text(version, form) for _, version in structured]
    comments = _sealed_comments(file, stored)
    hidden = [(start, end) for start, end, path in values if rules.group_of(path) is not None]
    hidden += comments
    if not hidden or not stored:
        return []
    plain = [span for span in values if rules.group_of(span.path) is None]
    names = showing(text, hidden, [(start, end) for start, end, _ in plain], dialect, environ)
    # By lines: where git's version has tokens, it may have other values.
    lines = {comparable(line) for version in stored for line in _stored_lines(version)}
    found = []
    for name in sorted(names):
        path = key_step(name)
        own = [span for span in plain if span.path == path]
        is_in_git = any(
            comparable(line) in lines for span in own for line in _lines_at(text, span, comments)
        )
        # If no span has its name, the dialect reads it in a comment, or in another value.
        if rules.group_of(path) is None and (is_in_git or not own):
            found.append(Reference((name,), path, None, partial(_line_of_name, text, name, own)))
    return found


def _sealed_comments(file: _File, stored: Iterable[Text]) -> list[tuple[int, int]]:
    """Return the comments that are not in git's versions, if these have sealed ones."""
    in_git = {version.text[slice(*one)] for version in stored for one in version.comments}
    if not any(TOKEN.search(comment) for comment in in_git):
        return []
    found = file.form.scan(file.text).comments()
    return [span for span in found if file.text[slice(*span)] not in in_git]


def _stored_lines(version: Text) -> Iterator[str]:
    """Yield the lines of *version*, and those with a sealed comment also without it."""
    text = version.text
    yield from _LINE_END.split(text)
    for start, end in version.comments:
        if TOKEN.search(text, start, end):
            yield text[line_start(text, start) : start]


def _lines_at(text: str, span: Span, comments: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Yield the line at *span*, as it is and without one of the *comments*."""
    start, end = line_start(text, span.start), line_end(text, span.start)
    yield text[start:end]
    yield from (text[start:at] for at, _ in comments if span.start < at <= end)


def _line_of_name(text: str, name: str, others: list[Span]) -> int:
    return line_of(text, assignment_of(text, name, others))


def _variables(
    file: _File,
    environ: Mapping[str, str],
    masked_environ: Mapping[str, str],
    override: bool,
) -> list[Reference]:
    from sealedfiles.formats.dotenv.values import read

    place, form, text, dialect, rules, values = file
    spans = {span.path: span for span in values}
    suspect = {one.path for one in suspects_in(place) if one.path is not None}
    real = read(text, dialect, environ, override=override)

    def depends_on(masked: set[bytes], seen: Mapping[str, str]) -> set[str]:
        """Return the names whose values change if the values at the paths *masked* change."""
        hidden = [(start, end) for start, end, path in values if path in masked]
        edits = ((start, end, form.write_token(text[start:end], MASK)) for start, end in hidden)
        try:
            other = read(splice(text, edits), dialect, seen, override=override)
        except FormatError:  # a mask has no quotes, which the value may have across lines
            return taking_in(text, hidden, dialect, real)
        return {name for name in real if real[name] != other.get(name)}

    sealed = {path for path in spans if rules.group_of(path) is not None} - suspect
    plain = spans.keys() - sealed
    found = {name for name in depends_on(sealed, masked_environ) if key_step(name) in plain}
    own = {name for name in found if key_step(name) in suspect} | _in_git(
        place, form, text, [spans[key_step(name)] for name in found]
    )
    # Sealed values that refer to a plaintext value that anyone with push access could have written.
    tainted = depends_on(suspect, environ) if suspect else set()
    tainted = {name for name in tainted if key_step(name) in spans.keys() - suspect}
    return [
        Reference(
            (name,), key_step(name), target, partial(line_of, text, spans[key_step(name)].start)
        )
        for name in real
        if name in (found & own) | tainted
        for target in [_target(text, spans, name, suspect if name in tainted else sealed)]
    ]


def _in_git(place: WorkingFile, form: Format, text: str, spans: list[Span]) -> set[str]:
    """Return the names of the *spans* whose values are the same in git, or on disk outside git."""
    if not spans:
        return set()
    stored: set[tuple[bytes, str]] = set()
    for version in place.stored_versions():
        values = SealedText(version, place.described).decoded_values()
        stored.update((path, comparable(value)) for path, value in values)
    return {
        last_key(span.path) or ""
        for span in spans
        if (span.path, comparable(form.decode(text[span.start : span.end]))) in stored
    }


def _target(text: str, spans: Mapping[bytes, Span], name: str, among: set[bytes]) -> bytes | None:
    """Return the key path of the variable in *among* that the value of *name* mentions; None if it is in
    another file."""
    span = spans[key_step(name)]
    literal = text[span.start : span.end]
    named = [path for path in among if (last_key(path) or "") in literal]
    return max(named, key=len, default=None)
