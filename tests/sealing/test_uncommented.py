"""What comments would be without their signs: prose, and entries of several lines, too."""

from __future__ import annotations

import pytest
from documents import ENV, INI, JSON, PROPERTIES, TFVARS, TOML, XML, YAML, at, described
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.sealing.placed_comments import placed_comments

FRAMES = {JSON: '{{\n{}"x": 1}}\n', YAML: "{}x: 1\n", INI: "[db]\n{}x = 1\n"}
SIGNS = {JSON: "//"}
ENTRIES = [
    (YAML, "source: one", at("source"), "one"),
    (YAML, "one two three four: one", at("one two three four"), "one"),
    (YAML, 'n: "one\n  two"', at("n"), "one two"),
    (YAML, "n: >-\n  one\n  two", at("n"), "one two"),
    (YAML, "n: one\n  two", at("n"), "one two"),
    (YAML, "n:\n  one", at("n"), "one"),
    (YAML, "n: [one]", at("n", None), "one"),
    (YAML, "{n: one}", at("n"), "one"),
    (YAML, "? n\n: one", at("n"), "one"),
    (YAML, "n: one,", at("n"), "one"),
    (YAML, "<<: {n: one}", at("<<", "n"), "one"),
    (JSON, '"n": ["one"],', at("n", None), "one"),
    (JSON, '"n":\n  "one",', at("n"), "one"),
    (JSON, '"n": {\n  "m": "one"\n},', at("n", "m"), "one"),
    (ENV, "source: one", at("source"), "one"),
    (INI, "a b c d = one", at("a b c d"), "one"),
    (PROPERTIES, "n one", at("n"), "one"),
    (PROPERTIES, "n\tone", at("n"), "one"),
    (PROPERTIES, "n\\ m=one", at("n m"), "one"),
    (PROPERTIES, "n=one\\\n  two", at("n"), "onetwo"),
    (TOML, '"n".x = "one"', at("n", "x"), "one"),
    (TFVARS, 'n = [\n  "one",\n]', at("n", None), "one"),
]


def uncommented(path: str, entry: str, more: str = "") -> list[tuple[bytes, str]]:
    """Return what the comments of a text would be that has *entry* in comments, line by line."""
    sign = SIGNS.get(path, "#")
    lines = "".join(f"{sign} {line}\n" for line in (more + entry).split("\n"))
    text = FRAMES.get(path, "{}x = 1\n").format(lines)
    file, _ = described(path)
    assert file.format is not None
    found = placed_comments(text, file.format.scan(text), file.format)
    return [pair for one in found for pair in one.uncommented]


@pytest.mark.parametrize(("path", "entry", "key", "value"), ENTRIES)
@pytest.mark.parametrize("more", ["", "a remark\n"])
def test_an_entry_is_read_as_it_is_read_without_its_signs(
    path: str, entry: str, key: bytes, value: str, more: str
) -> None:
    assert (key, value) in uncommented(path, entry, more)


@pytest.mark.parametrize("comment", ['/*\n"n": "one",\n*/', '/**\n * "n": "one",\n */'])
def test_a_block_comment_is_read_as_a_whole(comment: str) -> None:
    text = f'{{\n{comment}\n"x": 1}}\n'
    file, _ = described(JSON)
    assert file.format is not None
    (placed,) = placed_comments(text, file.format.scan(text), file.format)
    assert placed.uncommented == ((at("n"), "one"),)


@pytest.mark.parametrize("path", [TOML, TFVARS, JSON])
@pytest.mark.parametrize("entry", ["one", "one two words", "one two,", "see: one: two"])
def test_a_text_that_would_need_quotes_is_read(path: str, entry: str) -> None:
    assert (b"", entry.rstrip(",")) in uncommented(path, entry)


@pytest.mark.parametrize(
    ("comment", "key", "value"),
    [
        ("one two words", at("r", "a"), "one two words"),
        ("see <b>one</b>", at("r", "a", "b"), "one"),
        ('<b>\n  <c d="one"/>\n</b>', at("r", "a", "b", "c", "@d"), "one"),
        ("<![CDATA[one]]>", at("r", "a"), "one"),
        ("one & two < three", at("r", "a"), "one & two < three"),
    ],
)
def test_in_xml_a_comment_is_read_where_it_is(comment: str, key: bytes, value: str) -> None:
    text = f"<r>\n  <a><!-- {comment} --></a>\n</r>\n"
    file, _ = described(XML)
    assert file.format is not None
    (placed,) = placed_comments(text, file.format.scan(text), file.format)
    assert (key, value) in placed.uncommented


@given(st.lists(st.sampled_from(["a:", "b: [", "c: 'd", "- e: f", "g", "]", "'", ""]), max_size=60))
def test_every_comment_can_be_read(lines: list[str]) -> None:
    text = "\n".join(" " * (number % 7) + line for number, line in enumerate(lines))
    uncommented(YAML, text)
