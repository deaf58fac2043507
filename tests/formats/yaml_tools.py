"""What the YAML tests share: sealing with made-up tokens, and what other programs see in a text."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import ruamel.yaml
import yaml

from sealedfiles.errors import FormatError
from sealedfiles.formats.yaml import events as yaml_events
from sealedfiles.formats.yaml.format import YAML
from sealedfiles.formats.yaml.plain import find_plain
from sealedfiles.formats.yaml.walk import FoundValues
from sealedfiles.model.paths import ITEM, ROOT, key_step, steps

if TYPE_CHECKING:
    from collections.abc import Callable

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def token(number: int = 0, length: int = 86) -> str:
    return f"sealed:v1:default:{'a' * 16}:{'b' * 8}:{number:0{length}d}"


def replace(text: str, spans: list[Any], by: list[str]) -> str:
    """Return *text* with each of *spans* replaced."""
    pieces, at = [], 0
    for (start, end, *_), new in zip(spans, by, strict=True):
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def seal(text: str, length: int = 86) -> str:
    """Put a token in the place of every value."""
    values = YAML.scan(text).values
    tokens = [
        YAML.write_token(text[v.start : v.end], token(number, length))
        for number, v in enumerate(values)
    ]
    return replace(text, values, tokens)


def found(text: str) -> list[tuple[list[str | None], str]]:
    """Return the path and the literal of every value."""
    return [(steps(path), text[start:end]) for start, end, path in YAML.scan(text).values]


def comments(text: str) -> list[str]:
    return [text[start:end] for start, end in YAML.scan(text).comments()]


def by_both(text: str) -> tuple[FoundValues | str | None, FoundValues | str]:
    """Return what libyaml (None: has no say) and ruamel.yaml find, or their error's message."""

    def outcome(find: Callable[[str, str], Any]) -> Any:
        try:
            return find(text, yaml_events._without_traps(text))
        except FormatError as error:
            return str(error)

    return outcome(yaml_events._find_fast), outcome(yaml_events._find_slowly)


def assert_parsers_agree(text: str) -> None:
    """Check that libyaml, ruamel.yaml and the scan without a parser find the same, if they have a say."""
    fast, slow = by_both(text)
    plain = find_plain(text)
    assert plain is None or slow == FoundValues(plain, []), (text, plain, slow)
    assert plain is None or fast in (None, slow), (text, fast)
    if fast is None:
        return
    assert isinstance(fast, str) == isinstance(slow, str), (text, fast, slow)
    if not isinstance(fast, str):
        assert fast == slow, text


def assert_sealing_is_invisible(text: str, length: int = 86, *, ruamel: bool = True) -> None:
    """Check everything that is promised of a text that is sealed as a whole; what ruamel.yaml
    makes of it, which takes most of the time, only if asked to."""
    scan = YAML.scan(text)
    sealed = seal(text, length)
    again = YAML.scan(sealed)
    assert [v.path for v in again.values] == [v.path for v in scan.values], sealed
    literals = [text[v.start : v.end] for v in scan.values]
    for value, literal in zip(again.values, literals, strict=True):
        match = YAML.sealed_value.search(sealed, value.start, value.end)
        assert match, sealed
        assert match.end() == value.end, sealed
        assert YAML.source_start(sealed, match.start(), literal) == value.start, sealed
    assert replace(sealed, again.values, literals) == text
    found_comments = [text[a:b] for a, b in scan.comments()]
    assert [sealed[a:b] for a, b in again.comments()] == found_comments
    blotted = replace(sealed, again.comments(), [f" {token()}"] * len(found_comments))
    assert [v.path for v in YAML.scan(blotted).values] == [v.path for v in scan.values]
    # Of NEL, LS and PS the three have three opinions, and of a BOM that is not at the start, ruamel.yaml has its
    # own; and PyYAML takes a line of blanks with a tab behind
    # a plain scalar, but not behind one in quotes.
    is_disputed = any(sign in text for sign in "\x85\u2028\u2029") or "\ufeff" in text[1:]
    if not is_disputed and not yaml_events._TAB_LINE.search(text):
        for shapes in (pyyaml_shapes, ruamel_shapes) if ruamel else (pyyaml_shapes,):
            before = shapes(text)
            assert before is None or shapes(sealed) == before, sealed


def pyyaml_nodes(text: str) -> list[yaml.Node] | None:
    """Return the documents as PyYAML sees them, None where it does not read the text."""
    try:
        return [node for node in yaml.compose_all(text, Loader=Loader) if node is not None]
    except (yaml.YAMLError, UnicodeError, RecursionError):
        return None


def pyyaml_shapes(text: str) -> list[Any] | None:
    nodes = pyyaml_nodes(text)
    return None if nodes is None else [_shape(node, {}) for node in nodes]


def ruamel_shapes(text: str) -> list[Any] | None:
    """Return the shapes of the documents as ruamel.yaml sees them, None where it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ruamel.yaml.error.ReusedAnchorWarning)
        try:
            nodes = list(ruamel.yaml.YAML(typ="safe", pure=True).compose_all(text))
        except (ruamel.yaml.error.YAMLError, ValueError, LookupError, AssertionError):
            return None
    return [_shape(node, {}) for node in nodes if node is not None]


def _shape(node: Any, seen: dict[int, int]) -> Any:
    """Return keys and structure of a node, without its values; an alias is a number."""
    if id(node) in seen:
        return seen[id(node)]
    seen[id(node)] = len(seen)
    kind = type(node).__name__
    if kind == "ScalarNode":
        return "value"
    if kind == "SequenceNode":
        return [_shape(item, seen) for item in node.value]
    keys = [(_name(key, seen), _shape(value, seen)) for key, value in node.value]
    return {"keys": keys}


def _name(key: Any, seen: dict[int, int]) -> Any:
    """Return what a key says; of a collection its structure, because nodes are equal only to themselves."""
    return key.value if isinstance(key.value, str) else _shape(key, seen)


def values_by_pyyaml(text: str) -> list[tuple[int, bytes]]:
    """Return start and path of every value that has source, by PyYAML's tree: an independent way
    to the same end, for texts without what PyYAML or libyaml's marks get wrong."""
    values: list[tuple[int, bytes]] = []
    seen: set[int] = set()

    def visit(node: yaml.Node, path: bytes) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                seen.add(id(key))
                visit(value, path + key_step(key.value))
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                visit(item, path + ITEM)
        elif node.start_mark.index != node.end_mark.index:
            values.append((node.start_mark.index, path))

    for document in pyyaml_nodes(text) or []:
        visit(document, ROOT)
    return sorted(values)
