"""The values of several files as environment variables, for `run`, `cat --format` and ``load_env``."""

from __future__ import annotations

import os

from sealedfiles.app.files.environment import merge, variables
from sealedfiles.app.files.key_variables import other_variables
from sealedfiles.app.files.provenance import find_all
from sealedfiles.app.files.reference import Reference, refuse_references, rules_for
from sealedfiles.app.files.references import (
    SEALED_NAMES,
    find_references,
    has_documents,
    masked_environment,
)
from sealedfiles.app.files.working_file import WorkingFile, load_values, with_place
from sealedfiles.app.run.steering import steers
from sealedfiles.errors import (
    FormatError,
    SealedFilesError,
    TamperedError,
    UsageError,
)
from sealedfiles.formats.base import MASK
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import PathPattern, json_string
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.messages import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sealedfiles.app.files.environment import Variable


class VariableFile(NamedTuple):
    """One file, and a variable for each of its values; those that stay sealed are tokens."""

    place: WorkingFile
    variables: list[Variable]
    references: list[Reference]
    """Plaintext references to sealed values, which must not be resolved."""


def read_sources(
    places: Sequence[WorkingFile],
    dialect: str = "python",
    *,
    override: bool = False,
    prefix: str = "",
    environ: Mapping[str, str] | None = None,
) -> list[VariableFile]:
    """Return the values of *places* as variables.

    ``${NAME}`` in a .env file can refer to the environment and to values of earlier files.  If several
    define a name, the last file wins with *override*; without it, the first wins, beginning with the
    environment.  *environ* is used in place of the environment of this process.

    Raises FormatError for a file that does not parse, UsageError for a file without separate values.
    """
    environ = other_variables() if environ is None else dict(environ)
    # The environment for later files with every sealed value masked, to find references to them.
    masked = masked_environment(environ)
    sources = []
    for place in places:
        try:
            references = find_references(place, dialect, environ, masked, override=override)
            data = load_values(place, dialect, as_written=True, environ=environ, override=override)
            form = place.described.format
            assert form is not None  # noqa: S101 - it has values
            found = variables(
                data,
                place.path,
                form.path_of,
                prefix=prefix,
                as_named=form.name == "dotenv",
                documents=has_documents(place, place.text()[1], data),
            )
        except FormatError as error:
            raise with_place(error, place) from None
        sources.append(VariableFile(place, found, references))
        sealed = sealed_by_policy(place)
        for variable in found:
            if override or variable.name not in environ:
                environ[variable.name] = variable.value
                masked[variable.name] = MASK if sealed(variable.path) else variable.value
    return sources


def choose(
    sources: Sequence[VariableFile],
    only: Iterable[str] = (),
    *,
    override: bool = False,
    allowed: Collection[str] = (),
) -> dict[str, Variable]:
    """Return the variables by name: those whose key path matches one of the patterns *only*, or all.

    Values that stay sealed are left out.  If several files define a name, the last one wins with
    *override*. Raises TamperedError for a variable that controls loaders or interpreters, if it is neither
    sealed nor in *allowed*, and for a plaintext reference to a sealed value.  Raises UsageError for a
    pattern that is invalid or matches nothing, for an invalid name or value, and as ``merge`` does.
    """
    patterns = {text: _pattern(text) for text in only}
    closed = {problem.token for source in sources for problem in source.place.opened.problems}
    files: list[list[Variable]] = []
    unused = set(patterns)
    for source in sources:
        files.append([])
        refuse_unset(source, patterns.values())
        for variable in source.variables:
            matching = {text for text, one in patterns.items() if one.matches(variable.path)}
            unused -= matching
            if variable.holds_any(closed) or (patterns and not matching):
                continue
            variable.check()
            refuse_references(
                source.place.path, [r for r in source.references if r.address == variable.address]
            )
            if steers(variable.name) and variable.name not in allowed:
                _require_sealed(source.place, variable)
            files[-1].append(variable)
    if unused:
        raise UsageError(
            f"--only {json_string(min(unused))} matches no value",
            "a pattern matches the whole key path: database.password, users[].token; "
            "database.** is everything below database",
        )
    return merge(files, later_wins=override)


def refuse_unset(source: VariableFile, patterns: Collection[PathPattern]) -> None:
    """Raise TamperedError for a sealed variable without a value, because of a second line with its name."""
    place = source.place
    unset = [one for one in source.references if one.dialect]
    if unset:
        keys = set(place.editor().addresses(place.text()[1]))
        keys -= {variable.address for variable in source.variables}
        unset = [one for one in unset if one.address in keys]
    if patterns:
        unset = [one for one in unset if any(pattern.matches(one.path) for pattern in patterns)]
    refuse_references(place.path, unset)


def sealed_names(sources: Iterable[VariableFile], chosen: Collection[str]) -> dict[str, str]:
    """Return the variable that lists which variables have sealed values: these, and those set earlier."""
    names = set(os.environ.get(SEALED_NAMES, "").split())
    for source in sources:
        sealed = sealed_by_policy(source.place)
        names.update(v.name for v in source.variables if v.name in chosen and sealed(v.path))
    return {SEALED_NAMES: " ".join(sorted(names))} if names else {}


def sealed_by_policy(place: WorkingFile) -> Callable[[bytes], bool]:
    """Return a function that returns True if the policy seals the value at a key path of the file."""
    rules = rules_for(place)
    return lambda path: rules.group_of(path) is not None


def _require_sealed(place: WorkingFile, variable: Variable) -> None:
    """Raise TamperedError unless the policy seals *variable* and its value is not from plaintext in git."""
    in_plaintext = {suspect.path for suspect in find_all(place)}
    version = SealedText(place.opened.data, place.described)
    spans = [span for span in version.values if span.path == variable.path]
    # An empty value of a .env file is never sealed: `PATH=` makes shells search the current folder.
    is_sealed = bool(spans) and sealed_by_policy(place)(variable.path)
    if (is_sealed and variable.path not in in_plaintext) or not any(place.stored_versions()):
        return
    line = f":{version.line_of(spans[0])}" if spans else ""
    raise TamperedError(
        f"{place.name}{line}: {variable.name} makes programs load code, but is in plaintext",
        f"if it is correct: --allow-variable {shell_word(variable.name)}",
        "or let the policy seal it",
    )


def secret_values(sources: Iterable[VariableFile]) -> list[str]:
    """Return the values of *sources* that are sealed, or that sealing the file now would seal."""
    found = []
    for source in sources:
        secret = _secret_paths(source.place)
        values = [(variable.path, variable.value) for variable in source.variables]
        # Include values that another program may read from the file: all duplicates of a key, other dialects.
        values += SealedText(source.place.opened.data, source.place.described).decoded_values()
        found += [value for path, value in values if secret is None or path in secret]
    return [value for value in found if not TOKEN.search(value)]


def _pattern(text: str) -> PathPattern:
    try:
        return PathPattern(text)
    except ValueError as error:
        raise UsageError(f"--only {json_string(text)}: the pattern {error}") from None


def _secret_paths(place: WorkingFile) -> set[bytes] | None:
    """Return the key paths that would have tokens if the file were sealed now.

    These are the paths that the policy seals, and paths that were sealed before, even if the policy does not
    seal them.  Returns None if the paths cannot be determined; then treat all values as secret.
    """
    before = place.data or b"" if place.is_sealed else b""
    try:
        sealed = place.workspace.seal(place.path, place.opened.data, before, with_stored=True)
    except SealedFilesError:
        return None
    version = SealedText(sealed, place.described)
    if version.scan is None or version.whole is not None:
        return None
    return {span.path for span in version.values if version.is_token(span)}
