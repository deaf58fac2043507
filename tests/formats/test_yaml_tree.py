from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.register_assert_rewrite("yaml_tools")

from corpus import real_files  # noqa: E402
from yaml_texts import damaged, signs, texts  # noqa: E402

from sealedfiles.errors import FormatError  # noqa: E402
from sealedfiles.formats.tree import find  # noqa: E402
from sealedfiles.formats.yaml.format import YAML  # noqa: E402
from sealedfiles.formats.yaml.tree import grow, parse  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.formats.tree import Child, Node


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for entry in node.entries:
        yield from nodes(entry.value)


def entries(text: str) -> list[Child]:
    return [entry for node in nodes(parse(text).root) for entry in node.entries]


def at(text: str, *address: str | int) -> Node:
    root = parse(text).root
    way, missing = find(root, address)
    assert not missing
    return way[-1][1].value if way else root


def source(text: str, *address: str | int) -> str:
    node = at(text, *address)
    return text[node.start : node.end]


# What every tree is.


def assert_is_the_tree_of(text: str) -> None:
    """Check all that is promised of the tree of *text*, if it is YAML."""
    try:
        values = YAML.scan(text).values
    except FormatError as error:
        with pytest.raises(FormatError) as raised:
            parse(text)
        assert raised.value.line == error.line
        return
    tree = parse(text)
    found = [n for n in nodes(tree.root) if n.kind == "scalar" and n.start != n.end]
    assert [(n.start, n.path) for n in found] == [(span.start, span.path) for span in values]
    # Blanks in front of an aligned comment belong to the literal that is sealed, not to the scalar.
    assert all(not text[n.end : s.end].strip(" ") for n, s in zip(found, values, strict=True))
    for node in nodes(tree.root):
        assert node.start <= node.content <= node.end
        if node.in_brackets:
            assert text[node.content] + text[node.end - 1] in ("[]", "{}")
        if node.kind != "documents":
            assert_entries_lie_in_order(text, node)


def assert_entries_lie_in_order(text: str, node: Node) -> None:
    at = node.content
    for entry in node.entries:
        value = entry.value
        assert at <= entry.start <= entry.key_start <= entry.key_end <= value.start <= value.end
        at = value.end
        if not node.flow:
            line_start = max(text.rfind(sign, 0, entry.start) for sign in "\r\n") + 1
            assert entry.start - line_start == node.column
        if entry.key is not None:
            assert entry.start == entry.key_start or text[entry.start] == "?"
        elif not node.flow:
            assert text[entry.key_start : entry.key_end] == "-"
    assert at <= node.end


@given(st.one_of(texts(), texts(), damaged(), signs))
@settings(max_examples=250)
@example("a: |\n  x\n\t\nb: 1\n")
@example("#\x85 x\n? a\n:\n")
@example("? a\n? b\n: c\n: d\n")
@example("{a, ? b, : c}")
@example("a: &x\n- b\n-\n")
def test_its_scalars_are_the_spans_and_everything_lies_in_what_holds_it(text: str) -> None:
    assert_is_the_tree_of(text)


def test_so_it_is_for_real_files() -> None:
    files = list(real_files().values())
    for data in files:
        assert_is_the_tree_of(data.decode("utf-8", "replace").removeprefix("\ufeff"))


@pytest.mark.slow
@given(st.one_of(texts(), damaged()))
@settings(max_examples=100)
def test_it_is_the_same_without_libyaml(text: str) -> None:
    def outcome() -> object:
        try:
            tree = grow(text)  # parse() would return the tree that it has kept
        except FormatError:
            return None
        seen = [(n.kind, n.start, n.end, n.path, n.content, n.column) for n in nodes(tree.root)]
        keys = [(e.key, e.key_start, e.key_end, e.start) for n in tree.nodes for e in n.entries]
        return seen, keys, [node.text for node in tree.nodes], tree.aliases

    fast = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "yaml._yaml", None)
        assert outcome() == fast


# Places.


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a: 1", "a"),
        ("&k !!str a: 1", "&k !!str a"),
        ("'a' : 1", "'a'"),
        ("{a: 1}", "a"),
        ("? a\n: 1", "a"),
        ("? # why\n  a\n: 1", "a"),
        ("? |\n  a\n: 1", "|\n  a\n"),
        ("[a: 1]", "a"),
        (": 1", ""),
    ],
)
def test_a_key_has_its_place(text: str, key: str) -> None:
    (entry,) = [entry for entry in entries(text) if entry.key is not None]
    assert text[entry.key_start : entry.key_end] == key


@pytest.mark.parametrize("text", ["- a\n- b\n", "x:\n- a\n  # c\n\n- b\n", "- - a\n  - b\n"])
def test_an_item_of_a_block_has_its_dash(text: str) -> None:
    dashes = [entry for entry in entries(text) if entry.key is None]
    assert [text[dash.key_start : dash.key_end] for dash in dashes] == ["-"] * len(dashes)
    assert dashes[-1].key_start == text.rindex("-")


@pytest.mark.parametrize(
    ("text", "address", "before"),
    [
        ("a:\nb: 1\n", ("a",), "a:"),
        ("a: # c\nb: 1\n", ("a",), "a:"),
        ("a :\n", ("a",), "a :"),
        ("{a: , b: 1}", ("a",), "{a:"),
        ("{a, b}", ("a",), "{a"),
        ("? a\n? b\n", ("a",), "? a"),
        ("? a # c\n:\n", ("a",), "? a # c\n:"),
        ("-\n-   # c\n", (1,), "-\n-"),
        ("---\n# c\n", (), "---"),
        ("---\n---\na\n", (0,), "---"),
        ("# c\n", (), "# c\n"),
        ("", (), ""),
    ],
)
def test_a_value_without_source_is_where_one_would_be_written(
    text: str, address: tuple[str | int, ...], before: str
) -> None:
    node = at(text, *address)
    assert node.start == node.end == len(before)
    assert text.startswith(before)


def test_a_collection_reaches_from_its_tag_to_the_end_of_its_last_value() -> None:
    text = "a: !t &x\n  b:\n    - 1\n    - |\n      two\n\n  # c\nd: {e: [f, g ] } # h\n"
    assert source(text, "a") == "!t &x\n  b:\n    - 1\n    - |\n      two"
    assert source(text, "a", "b") == "- 1\n    - |\n      two"
    assert source(text, "d") == "{e: [f, g ] }"
    assert source(text, "d", "e") == "[f, g ]"
    assert source(text) == text[: text.index(" # h")]


def test_a_collection_is_a_block_or_in_brackets() -> None:
    text = "a:\n  - b: {c: 1}\n  - [d: 2]\n"
    assert [(n.flow, n.in_brackets) for n in nodes(parse(text).root) if n.entries] == [
        (False, False),
        (False, False),
        (False, False),
        (True, True),
        (True, True),
        (True, False),
    ]


def test_several_documents_are_the_children_of_one_root() -> None:
    text = "a: 1\n---\n- 2\n...\n---\n"
    assert [d.value.kind for d in parse(text).root.entries] == ["mapping", "sequence", "scalar"]
    assert parse("---\na: 1\n...\n").root.kind == "mapping"


def test_an_alias_knows_what_it_means_the_last_one_of_that_name() -> None:
    text = "a: &x 1\nb: *x\nc: &x 2\nd: *x\n"
    assert [at(text, "b").target, at(text, "d").target] == [at(text, "a"), at(text, "c")]
    assert [text[means:][:4] for _, means in parse(text).aliases] == ["&x 1", "&x 2"]


def test_an_alias_as_a_key_is_the_text_of_that_key() -> None:
    text = "&k key: 1\nb: {*k : 2}\nc: *k\n"
    assert source(text, "b", "key") == "2"
    assert at(text, "c").target.text == "key"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "is_merge"),
    [("<<: {}", True), ("!!merge <<: {}", True), ("'<<': {}", False), ("!!str <<: {}", False)],
)
def test_a_merge_is_a_plain_key(text: str, is_merge: bool) -> None:
    assert entries(text)[0].is_merge == is_merge


def test_deep_nesting_is_no_matter_of_recursion() -> None:
    assert at("[" * 800 + "]" * 800, *[0] * 799).kind == "sequence"
    with pytest.raises(FormatError, match="nested too deeply"):
        parse("[" * 10_000 + "]" * 10_000)
