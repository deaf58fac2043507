"""References in plaintext to sealed values: ``${NAME}`` in a .env file, aliases and merge keys in YAML.

Those in a .env file, and the reverse, plaintext that is read as a sealed variable, are found in
``dotenv_references``.

A token is bound to its key path, but a reference is plaintext: anyone with push access can write one that
makes a sealed value appear at another key, for example in a URL that they control.  So a reference that is
in git is refused by default.  A reference that the user typed, and that is not in git, is trusted.  A
sealed value may refer to any value, because its author held a key.

An alias is never sealed, whatever the policy assigns to its key path: there is no token for it.  The values
of a mapping that is written in place below a merge key (``<<: {…}``) are sealed and judged like all others,
for the key path at which they appear (``FileRules.rule_for``).
"""

from __future__ import annotations

import contextlib
from functools import partial

from sealedfiles.app.files.key_variables import other_variables
from sealedfiles.app.files.reference import Reference, rules_for
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.errors import FormatError
from sealedfiles.formats import load_editor
from sealedfiles.formats.base import MASK, Data, Editor, Format, Span, splice
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.address import Address
from sealedfiles.model.paths import ITEM, ROOT, key_step, merged_path
from sealedfiles.model.policy import FileRules
from sealedfiles.sealing.file import line_of, structured_text
from sealedfiles.sealing.opened_tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SEALED_NAMES = "SEALEDFILES_SEALED_NAMES"
"""A variable with the names of the variables that ``run`` and ``load_env`` set to sealed values.

Without it, a plaintext line of a file that is read later, also by a command that ``run`` started, could put
them into a URL.
"""


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
    if form is not None and name == "yaml" and ("*" in text or "<<" in text):
        return _aliases(place, form, text)
    if form is None or name != "dotenv":
        return []
    if environ is None:
        environ = other_variables()
    from sealedfiles.app.files.dotenv_references import find_in_dotenv

    masked = masked or masked_environment(environ)
    return find_in_dotenv(place, form, dialect, environ, masked, override=override)


def masked_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* with the sealed values replaced that an earlier call or command has set."""
    sealed = environ.get(SEALED_NAMES, "").split()
    return {**environ, **{name: MASK for name in sealed if name in environ}}


def values_not_judged_there(
    form: Format, text: str, rules: FileRules
) -> list[tuple[Address, bytes, Span | None]]:
    """Return the values of the YAML *text* that appear at another key path than the one they were judged at.

    Left out are those in plaintext at a path that *rules* leave in plaintext.
    """
    return [
        (address, path, span)
        for address, path, span in moved_values(form, text)
        if not (span and _is_merged_in_place(span, path, rules))
        and (rules.group_of(path) is not None or (span and _is_secret(text, span, form, rules)))
    ]


def _aliases(place: WorkingFile, form: Format, text: str) -> list[Reference]:
    found = values_not_judged_there(form, text, rules_for(place))
    if not found:
        return []
    in_git = _aliases_in_git(place, form)
    return [
        Reference(address, path, target, partial(_line_of_alias, text, span, path))
        for address, path, span in found
        for target in [span.path if span else None]
        if (path, target) in in_git
    ]


def _is_merged_in_place(span: Span, path: bytes, rules: FileRules) -> bool:
    """Return True if only merge keys bring the value of *span* to *path*, and *rules* treat both paths alike.

    Such a value is judged like every other, at *path* (``FileRules.rule_for``).
    """
    return path == merged_path(span.path) and rules.group_of(path) == rules.group_of(span.path)


def _is_secret(text: str, span: Span, form: Format, rules: FileRules) -> bool:
    literal = text[span.start : span.end]
    return rules.group_of(span.path) is not None or is_token(literal, form)


def _aliases_in_git(place: WorkingFile, form: Format) -> set[tuple[bytes, bytes | None]]:
    """Return the pairs of key paths, as used and at the source, of aliased values in git's versions."""
    found = set()
    for version in place.stored_versions():
        structured = structured_text(version)
        with contextlib.suppress(FormatError):
            moved = moved_values(form, structured[1]) if structured else ()
            found |= {(path, span.path if span else None) for _, path, span in moved}
    return found


def moved_values(form: Format, text: str) -> Iterator[tuple[Address, bytes, Span | None]]:
    """Yield the address, key path and source span of each value of *text* that appears away from its source.

    The span is None for a key that is used as a value (``&a key: …`` and ``*a``).  Raises FormatError if the
    text cannot be loaded.
    """
    editor = load_editor(form.name)
    marks = {f"{MASK}{number}": span for number, span in enumerate(form.scan(text).values)}
    edits = (
        (start, end, form.write_token(text[start:end], mark))
        for mark, (start, end, _) in marks.items()
    )
    for address, path, value in _leaves(editor, splice(text, edits)):
        source = marks.get(value)
        if source is None or source.path != path:
            yield address, path, source


def _leaves(editor: Editor, text: str) -> Iterator[tuple[Address, bytes, str]]:
    """Yield the address, encoded key path and text of every scalar in *text* except null."""
    data = editor.load(text)
    several = bool(data) and isinstance(data, list) and _is_stream(editor, text)
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
    """Return True if *data*, the values of *text*, is a list of documents, as in a YAML or NDJSON file."""
    return bool(data) and isinstance(data, list) and _is_stream(place.editor(), text)


def _is_stream(editor: Editor, text: str) -> bool:
    """Return True if the list that *text* is loaded as is one of documents."""
    return editor.locate(text, (0,)).path == ROOT


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
