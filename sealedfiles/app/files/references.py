"""References in plaintext to sealed values: ``${NAME}`` in a .env file, aliases and merge keys in YAML.

Also the reverse: variables of a .env file that the policy seals, but that a dialect reads from plaintext
(``formats.dotenv.masked``).

A token is bound to its key path, but a reference is plaintext: anyone with push access can write one that
makes a sealed value appear at another key, for example in a URL that they control.  So a reference that is
in git is refused by default.  A reference that the user typed, and that is not in git, is trusted.  A
sealed value may refer to any value, because its author held a key.

An alias is never sealed, whatever the policy assigns to its key path: there is no token for it.
"""

from __future__ import annotations

import contextlib
from functools import partial

from sealedfiles.app.files.key_variables import other_variables
from sealedfiles.app.files.provenance import suspects_in
from sealedfiles.errors import FormatError, PolicyError, TamperedError
from sealedfiles.formats.base import splice
from sealedfiles.formats.dotenv.masked import (
    MASK,
    assignment_of,
    set_in_plaintext,
    takes_in_more,
    taking_in,
)
from sealedfiles.formats.place import line_end, line_start
from sealedfiles.git.filter.versions import versions_in_git
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import ITEM, ROOT, key_step, last_key, show
from sealedfiles.model.policy import FileRules, Rule
from sealedfiles.sealing.file import line_of, structured_text
from sealedfiles.sealing.opened_tokens import is_token
from sealedfiles.sealing.sealed_text import SealedText, comparable
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sealedfiles.app.files.working_file import WorkingFile
    from sealedfiles.formats.base import Data, Format, Span
    from sealedfiles.model.address import Address

_LINE_END = lazy_pattern(rb"\r\n|\n|\r")
_PLAIN = Rule((), (), None, None)
SEALED_NAMES = "SEALEDFILES_SEALED_NAMES"
"""A variable with the names of the variables that ``run`` and ``load_env`` set to sealed values.

Without it, a plaintext line of a file that is read later, also by a command that ``run`` started, could put
them into a URL.
"""


class Reference(NamedTuple):
    """A value that appears at another key path than its own."""

    address: Address
    """The address at which the value appears."""
    path: bytes
    """The encoded key path of *address*."""
    target: bytes | None
    """Its own key path; None if it is in another file, or if it is a key that is used as a value."""
    find_line: Callable[[], int]
    """Returns the line of the reference.  Called only for the one that is reported."""
    dialect: str = ""
    """The dialect that reads the value from plaintext; empty if it is a reference."""


def find_references(
    place: WorkingFile,
    dialect: str = "python",
    environ: Mapping[str, str] | None = None,
    masked: Mapping[str, str] | None = None,
    *,
    override: bool = True,
) -> list[Reference]:
    """Return the references in *place* that must not be resolved by default.

    *environ* contains the variables that a .env file can use in addition to its own (by default, those of the
    process); *masked* is the same with every sealed value replaced.  Raises FormatError as ``load_values``
    does.
    """
    if place.workspace.allow_plaintext:
        return []
    form = place.described.format
    name = form.name if form else ""
    text = place.text()[1]
    if form is not None and name == "yaml" and "*" in text:
        return _aliases(place, form, text)
    if form is None or name != "dotenv":
        return []
    if environ is None:
        environ = other_variables()
    file = _Dotenv(place, form, text, dialect, rules_for(place), form.scan(text).values)
    found = _set_in_plaintext(file, environ, override) + _taken_in(file)
    if "$" in text:
        found += _variables(file, environ, masked or masked_environment(environ), override)
    return found


def masked_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* with the sealed values replaced that an earlier call or command has set."""
    sealed = environ.get(SEALED_NAMES, "").split()
    return {**environ, **{name: MASK for name in sealed if name in environ}}


def refuse_references(name: str, references: list[Reference]) -> None:
    """Raise TamperedError if there are *references* in the file called *name*."""
    if not references:
        return
    one = references[0]
    if one.dialect:
        raise TamperedError(
            f"{name}:{one.find_line()}: {show(one.path)}: the dialect {one.dialect} reads text for this "
            "variable that is not sealed to its group, for example a comment",
            f"find who wrote it: git log -p -- {name}",
            "to use it as it is: --allow-plaintext",
        )
    target = "a value elsewhere" if one.target is None else show(one.target)
    raise TamperedError(
        f"{name}:{one.find_line()}: {show(one.path)}: refers in plaintext to {target}",
        f"find who wrote it: git log -p -- {name}",
        "to resolve it: --allow-plaintext; to avoid it: replace the reference with the value",
    )


def below(references: list[Reference], address: Address) -> list[Reference]:
    """Return the *references* that appear at *address* or below it."""
    return [one for one in references if one.address[: len(address)] == address]


# -- YAML


def _aliases(place: WorkingFile, form: Format, text: str) -> list[Reference]:
    rules = rules_for(place)
    found = [
        (address, path, span)
        for address, path, span in _moved(place, form, text)
        if rules.group_of(path) is not None or (span and _is_secret(text, span, form, rules))
    ]
    if not found:
        return []
    in_git = _aliases_in_git(place, form)
    return [
        Reference(address, path, target, partial(_line_of_alias, text, span, path))
        for address, path, span in found
        for target in [span.path if span else None]
        if (path, target) in in_git
    ]


def _is_secret(text: str, span: Span, form: Format, rules: FileRules) -> bool:
    literal = text[span.start : span.end]
    return rules.group_of(span.path) is not None or is_token(literal, form)


def _aliases_in_git(place: WorkingFile, form: Format) -> set[tuple[bytes, bytes | None]]:
    """Return the pairs of key paths, as used and at the source, of aliased values in git's versions."""
    found = set()
    for version in stored_versions(place):
        structured = structured_text(version)
        with contextlib.suppress(FormatError):
            moved = _moved(place, form, structured[1]) if structured else ()
            found |= {(path, span.path if span else None) for _, path, span in moved}
    return found


def _moved(
    place: WorkingFile, form: Format, text: str
) -> Iterator[tuple[Address, bytes, Span | None]]:
    """Yield the address, key path and source span of each value that appears away from its source.

    The span is None for a key that is used as a value (``&a key: …`` and ``*a``).
    """
    marks = {f"{MASK}{number}": span for number, span in enumerate(form.scan(text).values)}
    edits = (
        (start, end, form.write_token(text[start:end], mark))
        for mark, (start, end, _) in marks.items()
    )
    for address, path, value in _leaves(place, splice(text, edits)):
        source = marks.get(value)
        if source is None or source.path != path:
            yield address, path, source


def _leaves(place: WorkingFile, text: str) -> Iterator[tuple[Address, bytes, str]]:
    """Yield the address, encoded key path and text of every scalar in *text* except null."""
    editor = place.editor()
    data = editor.load(text)
    several = has_documents(place, text, data)
    waiting: list[tuple[Address, bytes, Data]] = [((), ROOT, data)]
    while waiting:
        address, path, value = waiting.pop()
        if isinstance(value, str | int | float):
            yield address, path, str(value)
        elif isinstance(value, dict):
            waiting += [((*address, key), path + key_step(key), one) for key, one in value.items()]
        elif isinstance(value, list):
            step = b"" if several and not address else ITEM
            waiting += [((*address, n), path + step, one) for n, one in enumerate(value)]


def has_documents(place: WorkingFile, text: str, data: Data) -> bool:
    """Return True if *data*, the values of *text*, is the list of the documents of a YAML file."""
    if not (data and isinstance(data, list)):
        return False
    return place.editor().locate(text, (0,)).path == ROOT


def _line_of_alias(text: str, span: Span | None, path: bytes) -> int:
    """Return the line of the alias that makes the value of *span* appear at *path*."""
    from sealedfiles.formats.yaml.tree import parse

    aliases = [
        (len(node.path) if path.startswith(node.path) else -1, -node.start)
        for node in parse(text).nodes
        if node.target is not None
        and (span is None or node.target.start <= span.start < node.target.end)
    ]
    return line_of(text, -max(aliases, default=(0, -(span.start if span else 0)))[1])


# -- .env


class _Dotenv(NamedTuple):
    """A .env file, and how it is read."""

    place: WorkingFile
    form: Format
    text: str
    dialect: str
    rules: FileRules
    values: Sequence[Span]


def _set_in_plaintext(file: _Dotenv, environ: Mapping[str, str], override: bool) -> list[Reference]:
    """Return the variables that the dialect reads from values that are not sealed to its group."""
    place, _, text, dialect, rules, values = file
    suspect = {one.start for one in suspects_in(place)}
    groups = {span: None if span.start in suspect else rules.group_of(span.path) for span in values}

    def not_from(group: str | None) -> list[str]:
        """Return the variables whose values do not come only from values that are sealed to *group*."""
        sealed = [(span.start, span.end) for span in values if groups[span] == group]
        found = set_in_plaintext(text, sealed if group else [], dialect, environ, override=override)
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
    return found if found and any(stored_versions(place)) else []  # else the user's own file


def _taken_in(file: _Dotenv) -> list[Reference]:
    """Return the plain variables that a quote makes contain the lines of sealed values.

    A quote that anyone with push access added may end inside a sealed value.
    """
    place, _, text, dialect, rules, values = file
    sealed = [(start, end) for start, end, path in values if rules.group_of(path) is not None]
    plain = [span for span in values if rules.group_of(span.path) is None]
    if not sealed or not takes_in_more(text, [(start, end) for start, end, _ in plain]):
        return []
    names = taking_in(text, sealed, dialect, {last_key(span.path) or "" for span in plain})
    # By lines: where git's version has tokens, it may have other values.
    stored = {line for version in stored_versions(place) for line in _LINE_END.split(version)}
    return [
        Reference((name,), span.path, None, partial(line_of, text, span.start))
        for span in plain
        if (name := last_key(span.path) or "") in names
        and text[line_start(text, span.start) : line_end(text, span.start)].encode() in stored
    ]


def _line_of_name(text: str, name: str, others: list[Span]) -> int:
    return line_of(text, assignment_of(text, name, others))


def _variables(
    file: _Dotenv,
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
    for version in stored_versions(place):
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


def stored_versions(place: WorkingFile) -> Iterable[bytes]:
    """Return git's versions of the file; outside git, the one on disk."""
    clone = place.workspace.clone
    return versions_in_git(clone, place.path) if clone else [place.data or b""]


def rules_for(place: WorkingFile) -> FileRules:
    """Return the rules for the file: if no pattern tracks it, and it has no token, all values are plaintext.

    Without a valid policy, all values count as sealed.
    """
    workspace = place.workspace
    try:
        if workspace.leaves_plain(place.path) and b"sealed:v1:" not in (place.data or b""):
            return FileRules([_PLAIN])
        return workspace.describe(place.path)[1]
    except PolicyError:
        return FileRules([])
