"""Find references in plaintext to sealed values of the same stored file, without any key.

Commands that print values refuse the same references (``sealedfiles.app.files.references``), but
other programs that read the file resolve them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping

from sealedfiles.app.check.content import VALUE, VALUES, Content, Held
from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.tokens import CheckedFile
from sealedfiles.errors import FormatError
from sealedfiles.formats.base import MASK, Format, splice
from sealedfiles.formats.dotenv.masked import QUOTES, assignment_of, set_elsewhere
from sealedfiles.formats.dotenv.python import ExpansionError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import ROOT, key_step, last_key, show, steps
from sealedfiles.model.policy import FileRules
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from sealedfiles.formats.tree import Node

_INTERPOLATION = lazy_pattern(r"%\(([^)\r\n]+)\)s|\$\{([^}\r\n]+)\}")
_DIALECTS = ("python", "compose", "bash")
"""The dialects of .env files that expand variables."""
_MOST_PLACES = 10_000
"""The maximum number of places at which aliases repeat values: one alias may repeat thousands."""


def plain_references(subject: CheckedFile, rules: FileRules | None) -> Iterator[Finding]:
    """Yield a finding for every key path at which a reference resolves to a sealed value.

    At a key that *rules* seal, it is only a warning: YAML files use aliases to repeat defaults.  A reference
    that puts plaintext at such a key is an error.
    """
    content = subject.content
    if content.state != VALUES or content.conflict_line or content.file.format is None:
        return
    if content.file.format.name == "yaml" and rules is not None and not rules.uniform:
        yield from _plain_aliases(subject, content.file.format, rules)
    sealed = [one for one in content.held if one.place == VALUE]
    if not sealed:
        return
    if content.file.format.name == "yaml" and "*" in content.text:
        yield from _aliases(subject, sealed, rules)
    elif content.file.format.name == "dotenv":
        yield from _set_again(subject, sealed)
        if "$" in content.text:
            yield from _variables(subject, sealed)
    elif content.file.format.name in ("ini", "properties"):
        yield from _interpolations(subject, sealed)


def plain_secret_references(
    subject: CheckedFile, rules: FileRules | None, schemes: Collection[str]
) -> Iterator[Finding]:
    """Yield a finding for every secret reference with one of *schemes* that the policy leaves in plaintext.

    One at a key that the policy seals is reported as plaintext; in a file in plaintext, it is text.
    """
    content = subject.content
    if not schemes or "ref+" not in content.text or rules is None or not rules.whole_groups():
        return
    from sealedfiles.model.secret_reference import scheme_of

    for start, end, path in content.plain:
        form = content.file.format
        scheme = scheme_of(form.decode(content.text[start:end])) if form else None
        if scheme in schemes and rules.group_of(path) is None:
            what = f"a secret reference ({scheme}) is in plaintext"
            yield subject.at("unsealed-reference", start, what, path)


def _aliases(
    subject: CheckedFile, sealed: list[Held], rules: FileRules | None
) -> Iterator[Finding]:
    from sealedfiles.formats.yaml.tree import parse

    nodes = parse(subject.content.text).nodes
    merged = _merges(nodes)
    starts = [one.start for one in sealed]
    places = 0
    for alias in nodes:
        target = alias.target
        if target is None:
            continue
        mapping = merged.get(alias.start)
        place = mapping.path if mapping else alias.path
        # A key of the mapping itself overrides the merged one.
        hidden = [one.value.path for one in mapping.entries if not one.is_merge] if mapping else []
        below = range(bisect_left(starts, target.start), bisect_left(starts, target.end))
        places += len(below)
        if places > _MOST_PLACES:
            what = f"aliases refer to sealed values at more than {_MOST_PLACES} places"
            yield subject.at("plain-reference", alias.start, what, None)
            return
        for index in below:
            one = sealed[index]
            if one.path is None:
                continue
            path = place + one.path[len(target.path) :]
            if path != one.path and not any(path.startswith(key) for key in hidden):
                is_sealed = rules is not None and rules.group_of(path) is not None
                code = "sealed-reference" if is_sealed else "plain-reference"
                yield _finding(subject, alias.start, path, one.path, code)


def _plain_aliases(subject: CheckedFile, form: Format, rules: FileRules) -> Iterator[Finding]:
    """Yield a finding for every key path that *rules* seal at which an alias shows plaintext of another one.

    Plaintext at a path that *rules* seal is reported there.
    """
    text = subject.content.text
    if "*" not in text and "<<" not in text:
        return
    from sealedfiles.app.files.references import moved_values
    from sealedfiles.formats.yaml.tree import parse

    plain = {start for start, _, path in subject.content.plain if rules.group_of(path) is None}
    try:
        moved = {
            path: source
            for _, path, source in moved_values(form, text)
            if (source is None or source.start in plain) and rules.group_of(path) is not None
        }
    except FormatError as error:
        what = f"it is unknown which values its aliases repeat: {error.message}"
        yield subject.whole("plain-alias", what, error.line)
        return
    if len(moved) > _MOST_PLACES:
        what = f"aliases show plaintext at more than {_MOST_PLACES} keys that the policy seals"
        yield subject.whole("plain-alias", what, 1)
        return
    nodes = parse(text).nodes if moved else []
    into = _merges(nodes)
    aliases = {into.get(n.start, n).path: n.start for n in nodes if n.target is not None}
    for path, source in moved.items():
        shown = "a key" if source is None else show(source.path)
        what = f"shows the plaintext of {shown}; the policy seals it to {rules.group_of(path)}"
        start = _start_of(path, aliases) or (source.start if source else 0)
        yield subject.at("plain-alias", start, what, path)


def _start_of(path: bytes, aliases: Mapping[bytes, int]) -> int:
    """Return the offset of the innermost of *aliases* (by their key paths) above *path*; 0 if none is."""
    found = at = 0
    while at < len(path):
        at += 5 + int.from_bytes(path[at + 1 : at + 5], "big")
        found = aliases.get(path[:at], found)
    return found or aliases.get(ROOT, 0)


def _merges(nodes: list[Node]) -> dict[int, Node]:
    """Return the mapping into which each alias of a merge key is merged, by the offset of the alias."""
    found = {}
    for mapping in nodes:
        for entry in mapping.entries:
            if entry.is_merge:
                values = [entry.value, *(item.value for item in entry.value.entries)]
                found.update({value.start: mapping for value in values})
    return found


def _set_again(subject: CheckedFile, sealed: list[Held]) -> Iterator[Finding]:
    """Yield a finding for every sealed variable that some dialect reads from plaintext elsewhere."""
    content = subject.content
    tokens = [_with_quotes(content.text, one) for one in sealed]
    # Another assignment that sealing finds is reported as a duplicate key.
    plain = {path for _, _, path in content.plain}
    paths = {one.path for one in sealed if one.path is not None} - plain
    names = {name for path in paths if (name := last_key(path))}
    found = set_elsewhere(content.text, tokens, names)
    for name in sorted(found.keys() & names):
        start = assignment_of(content.text, name, content.plain)
        what = f"the dialect {found[name]} reads this value from plaintext"
        yield subject.at("duplicate-key", start, what, key_step(name))
    for start, end, path in content.plain:
        name = content.text[start:end].strip("'\"")
        if path == ROOT and name in names:
            what = "appears again, here without a value"
            yield subject.at("duplicate-key", start, what, key_step(name))


def _with_quotes(text: str, one: Held) -> tuple[int, int]:
    """Return the span of a token of a .env file with its quotes, which are none of the value."""
    start, end = one.start, one.start + len(one.token)
    quote = text[max(start - 1, 0) : start]
    return (start - 1, end + 1) if quote in QUOTES and text.startswith(quote, end) else (start, end)


def _variables(subject: CheckedFile, sealed: list[Held]) -> Iterator[Finding]:
    content = subject.content
    paths = {one.path for one in sealed if one.path is not None}
    names = {path: last_key(path) for path in sorted(paths, key=len, reverse=True)}
    found: set[str] = set()
    too_much: ExpansionError | None = None
    for dialect in _DIALECTS:
        try:
            found |= _dependent(content, sealed, dialect)
        except ExpansionError as error:
            too_much = error
    if too_much is not None:
        # It is unknown whether they refer to sealed values.
        yield subject.whole("plain-reference", too_much.message, too_much.line)
    for start, end, path in content.plain:
        if last_key(path) in found:
            literal = content.text[start:end]
            target = next((one for one, name in names.items() if name and name in literal), None)
            yield _finding(subject, start, path, target)


def _interpolations(subject: CheckedFile, sealed: list[Held]) -> Iterator[Finding]:
    """Yield a finding for every plain value of an INI or properties file that names a sealed one.

    configparser resolves ``%(key)s`` and ``${section:key}``, Spring ``${key}`` and ``${key:default}``.
    """
    names = {one.path: steps(one.path) for one in sealed if one.path}
    for start, end, path in subject.content.plain:
        section = steps(path)[:-1]
        for match in _INTERPOLATION.finditer(subject.content.text, start, end):
            words = match[1] or match[2]
            parts = words.split(":")
            for target, keys in names.items():
                is_near = keys[:-1] == section or keys[0] == "DEFAULT"
                if (is_near and keys[-1] in (words, *parts)) or keys == parts:
                    yield _finding(subject, start, path, target)
                    break


def _dependent(content: Content, sealed: list[Held], dialect: str) -> set[str]:
    """Return the variables whose values change if the tokens *sealed* do.  Raises ExpansionError."""
    from sealedfiles.formats.dotenv.values import read

    edits = ((*_with_quotes(content.text, one), MASK) for one in sealed)
    masked = splice(content.text, edits)
    try:
        real, other = read(content.text, dialect), read(masked, dialect)
    except ExpansionError:
        raise
    except FormatError:
        return set()  # this dialect does not accept the file
    return {name for name in real if real[name] != other.get(name)}


def _finding(
    subject: CheckedFile,
    start: int,
    path: bytes,
    target: bytes | None,
    code: str = "plain-reference",
) -> Finding:
    shown = "a sealed value" if target is None else f"the sealed value {show(target)}"
    return subject.at(code, start, f"refers in plaintext to {shown}", path)
