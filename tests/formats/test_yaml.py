from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.register_assert_rewrite("yaml_tools")

from yaml_texts import damaged, signs, texts  # noqa: E402
from yaml_tools import (  # noqa: E402
    assert_sealing_is_invisible,
    comments,
    found,
    pyyaml_nodes,
    replace,
    seal,
    token,
    values_by_pyyaml,
)

from sealedfiles.errors import FormatError  # noqa: E402
from sealedfiles.formats.yaml.format import YAML  # noqa: E402
from sealedfiles.model.paths import steps  # noqa: E402


def literals(text: str) -> list[str]:
    return [literal for _, literal in found(text)]


# Values and paths.


def test_a_path_has_a_step_for_every_mapping_and_sequence_around_a_value() -> None:
    text = "a:\n  b: 1\n  c:\n  - 2\n  - d: 3\n  - [4, {e: 5}, f: 6]\n"
    assert found(text) == [
        (["a", "b"], "1"),
        (["a", "c", None], "2"),
        (["a", "c", None, "d"], "3"),
        (["a", "c", None, None], "4"),
        (["a", "c", None, None, "e"], "5"),
        (["a", "c", None, None, "f"], "6"),
    ]


def test_a_document_that_is_a_scalar_is_a_value_with_an_empty_path() -> None:
    assert found("just words\n") == [([], "just words")]


def test_every_document_is_searched_and_none_has_a_step() -> None:
    text = "%TAG !e! tag:e,1:\n---\na: 1\n--- \n- 2\n...\n---\nthree\n"
    assert found(text) == [(["a"], "1"), ([None], "2"), ([], "three")]


def test_duplicate_keys_are_all_found() -> None:
    assert found("a: 1\na: 2\n") == [(["a"], "1"), (["a"], "2")]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("1", "1"),
        ('"1"', "1"),
        ("'it''s'", "it's"),
        ('"\\u0041\\n\\x42"', "A\nB"),
        ("!!str a", "a"),
        ("&k a", "a"),
        ("!t &k 'a'", "a"),
        ("two words ", "two words"),
        ("a#b", "a#b"),
        ("'a #b'", "a #b"),
        ("<<", "<<"),
        ('"\\ud800"', "\ud800"),
        ('"a\tb"', "a\tb"),
        ("a\x85b", "a\x85b"),
        ("? |\n  block\n  key\n", "block\nkey\n"),
        ("? many\n  lines\n", "many lines"),
        ("? " + "long " * 300 + "\n", ("long " * 300).strip()),
    ],
)
def test_a_key_is_its_decoded_text_and_not_resolved_to_a_type(key: str, text: str) -> None:
    assert found(f"{key}: v\n") == [([text], "v")]


@pytest.mark.parametrize("source", ["a: 1", "a : 1", "a:\t1", "{a: 1}", '{"a":1}', "? a\n: 1"])
def test_a_key_and_its_value_are_found_however_they_are_parted(source: str) -> None:
    assert found(source) == [(["a"], "1")]


@pytest.mark.parametrize(
    "literal",
    [
        "plain",
        "two words",
        "http://example.org/?a=b&c#d",
        "-1.5e3",
        "~",
        "12:30:45",
        "it's",
        "'it''s # no comment'",
        '"a \\" b # c"',
        "''",
        '""',
        "!!str",
        "&a",
        "&a !!int 3",
        "!!int &a 3",
        "! 'x'",
        "!<tag:example.org,2000:x> y",
        "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3061",
        "many\n  lines\n\n  of text",
        '"many\\\n   lines \\\n\n   of text"',
        "'many\n  lines'",
        "&a\n  'below its anchor'",
        "!t # about the tag\n  below",
        "|\n  block\n  # no comment\n    more",
        ">-\n  folded\n\n  text",
        "|+ # of the header\n  text",
        "|2-\n    two blanks in front",
        "|-2\n    two blanks in front",
        "|\n\n\n  blank lines in front",
        "|\n \n  a short blank line in front",
        "|\n  \ttab",
        "|\n  text\n  \t",
        ">\n  text \t ",
        "é 😀 \xa0",
        "next\x85line",
        "line\u2028separator",
        "\x85",
    ],
)
def test_the_literal_is_tag_anchor_and_scalar(literal: str) -> None:
    text = f"a: {literal}\nb: other\n"
    assert found(text) == [(["a"], literal), (["b"], "other")]
    assert_sealing_is_invisible(text)


@pytest.mark.parametrize("header", ["|", ">", "|-", ">-", "|+", ">+", "|2", ">2", "|2+", ">-2"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("after", ["", "# comment\n", "k: v\n", "---\nk: v\n"])
def test_the_blank_lines_behind_a_block_scalar_stay_where_they_are(
    header: str, line_end: str, after: str
) -> None:
    for body in ("  a\n", "  a\n\n   c\n", "\n  a \n"):
        for tail in ("", "\n", "    \n  \n", " \n\n   \n"):
            text = f"key: {header}\n{body}{tail}{after}".replace("\n", line_end)
            literal = f"{header}\n{body}".rstrip("\n").replace("\n", line_end)
            assert literals(text)[0] == literal
            assert_sealing_is_invisible(text)


@pytest.mark.parametrize("blank", ["", "\n", "\n\n", "\n   \n", "\n  "])
def test_of_a_block_scalar_of_nothing_but_blank_lines_the_header_is_the_literal(blank: str) -> None:
    for header in ("|", ">-", "|+ # header"):
        text = f"a: {header}{blank}"
        assert literals(text) == [header]
        assert_sealing_is_invisible(text)


@pytest.mark.parametrize("text", ["", "\n", "# c\n", "---\n", "a:\n", "- \n-\n", "{a: , b}", "[]"])
def test_a_value_without_source_is_none(text: str) -> None:
    assert found(text) == []
    assert seal(text) == text


def test_aliases_and_merge_keys_are_no_values() -> None:
    text = "base: &b {x: 1}\nv: &v 2\nc:\n  <<: *b\n  d: *v\n  e: [*v, *b]\n"
    assert literals(text) == ["1", "&v 2"]
    assert_sealing_is_invisible(text)


def test_a_key_that_is_the_alias_of_a_key_has_its_text() -> None:
    text = "&k 'the key': 1\nother: {*k : 2}\n? *k\n: 3\n"
    assert found(text) == [(["the key"], "1"), (["other", "the key"], "2"), (["the key"], "3")]
    assert_sealing_is_invisible(text)


def test_flow_collections_may_span_lines_and_have_comments() -> None:
    text = "a: [ one,   # first\n two two,\n  { 'k': \"v\" , k2: ! t } ]\n"
    assert found(text) == [
        (["a", None], "one"),
        (["a", None], "two two"),
        (["a", None, "k"], '"v"'),
        (["a", None, "k2"], "! t"),
    ]
    assert_sealing_is_invisible(text)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n", " ", "\n\n  \n"])
def test_every_line_end_and_a_missing_last_one(line_end: str, last: str) -> None:
    text = f"# c\na: 1\n\nb:\n  - |\n    x\n    y\n  - z # c\nc: last{last}".replace("\n", line_end)
    assert [path for path, _ in found(text)] == [["a"], ["b", None], ["b", None], ["c"]]
    assert_sealing_is_invisible(text)


def test_next_line_and_separators_are_characters_as_in_yaml_1_2() -> None:
    text = "a: one\x85two: three\nb: '\u2028'\nc: d\u2029# no comment\n"
    with pytest.raises(FormatError):
        YAML.scan(text)
    text = text.replace("two: three", "two:three")
    assert literals(text) == ["one\x85two:three", "'\u2028'", "d\u2029# no comment"]
    assert comments(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "a:\t1\nb: \t 2\t# c\n-",
        "a:\n  -\tone\n  - two\t\n",
        "a: 1\n\t\nb: 2\n",
        "{\n\ta: 1,\n\tb: [\t2\t]\n}\n",
        "a: 'x\n\ty'\n",
    ],
)
def test_tabs_between_tokens(text: str) -> None:
    text = text.removesuffix("-")
    assert len(found(text)) == 2 or "'" in text
    assert_sealing_is_invisible(text)


@pytest.mark.parametrize("value", ["plain", "'x'", '"x"', "&a 'x'", "!!str x", "two\n words"])
@pytest.mark.parametrize("line", ["\t", "  \t", "\t  ", " \t \t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_line_with_a_tab_belongs_to_no_scalar(value: str, line: str, end: str) -> None:
    for text in (
        f"a: {value}\n{line}\n",
        f"a: {value}\n{line}\n\nb: 2\n",
        f"- {value}\n{line}\n- 2",
    ):
        assert literals(text.replace("\n", end))[0] == value.replace("\n", end)
    assert literals(f"{value}\n{line}\n".replace("\n", end)) == [value.replace("\n", end)]


def test_a_blank_line_with_a_tab_belongs_to_a_block_scalar() -> None:
    """Behind it parsers take such a line, behind a token some do not."""
    assert literals("a: |\n  text\n  \t\n\nb: 2\n") == ["|\n  text\n  \t", "2"]


# What cannot be sealed value by value.


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("ok: 1\n{{ template }}: x\n", 2, 1),
        ("a: {{ template }}\n", 1, 5),
        ("? [a, b]\n: c\n", 1, 3),
        ("a: &x value\n*x : b\n", 2, 1),
        ("a: &x value\nb: {*x : c}\n", 2, 5),
        ("a: &x [1]\n*x : b\n", 2, 1),
        ("a: *nowhere\n", 1, 4),
        ("a: &x 1\n---\nb: *x\n", 3, 4),
        ("? &x\n: 1\nb: &x 2\n*x : 3\n", 4, 1),
        ("a:\n|\n  not indented\n", 2, 1),
        ("-\n|\n  not indented\n", 2, 1),
        ("a:\n-\n|\n  not indented\n", 3, 1),
        ("a: [!t, 1]\n", 1, 5),
    ],
)
def test_what_has_no_place_for_a_token_is_refused(text: str, line: int, column: int) -> None:
    with pytest.raises(FormatError) as caught:
        YAML.scan(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: b: c\n", 1, 5),
        ("a: 1\r\n\r\n  b: 2\r\n", 3, 4),
        ("a: 1\r\rb: [\r", 4, 1),
        ("a: |\n  \n  x\n b: c\n", 4, 2),
        ("ok: '\n", 2, 1),
        ("a: @secret\n", 1, 4),
        ("a: \x00\n", 1, 4),
        ("a: \ud800\n", 1, 4),
        ("a: \x7f\n", 1, 4),
        ('a: "\\U11111111"\n', 1, 1),
        ("---\na: 1\n...\n\ufeff---\nb: 2\n", 5, 2),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(FormatError) as caught:
        YAML.scan(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def message(text: str) -> str:
    try:
        YAML.scan(text)
    except FormatError as error:
        return str(error)
    return ""


@given(damaged())
@settings(deadline=None)
def test_no_message_quotes_the_text(text: str) -> None:
    secret = "hunter2"
    assert secret not in message(text.replace("a", secret))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "%YAML 1.2\n---\n" + "[" * 100_000,
        "? " + "k" * 100_000 + "\n: " + "{" + "a: 1, " * 10_000 + "}",
        "? &k " + "k" * 100_000 + "\n: 1\n" + "*k : 1\n" * 10_000,
    ],
    ids=["brackets", "braces", "dashes", "slowly", "key", "alias"],
)
def test_a_small_text_cannot_take_much_memory_or_time(text: str) -> None:
    with pytest.raises(FormatError):
        YAML.scan(text)


def test_a_hundred_levels_are_no_problem() -> None:
    text = "[" * 100 + "a" + "]" * 100
    assert found(text) == [([None] * 100, "a")]


# Tokens.


def test_a_token_is_written_in_double_quotes() -> None:
    assert seal("a: 1 # c\n") == f'a: "{token()}" # c\n'


@pytest.mark.parametrize("literal", ["&x 1", "!!int &x 1", "&x !!int 1", "&x # c\n  !t\n  |\n  y"])
def test_a_token_is_written_behind_a_copy_of_the_anchor(literal: str) -> None:
    assert YAML.write_token(literal, "T") == '&x "T"'
    assert_sealing_is_invisible(f"a: {literal}\nb: *x\n")


def test_no_anchor_is_seen_where_there_is_none() -> None:
    for literal in ("'&x 1'", "a &x", "!t", "!a&b c", "|\n  &x"):
        assert YAML.write_token(literal, "T") == '"T"'


@pytest.mark.parametrize("form", ['"{}"', "'{}'", "{}"])
@pytest.mark.parametrize(
    ("before", "literal", "length"),
    [
        ("", "1", 0),
        ("", "&x 1", -1),
        ("&a.b ", "!t &a.b 1", 5),
        ("&x\n   ", "&x\t1", 6),
        ("&x ", "&y 1", -1),
        ("&x", "&x 1", -1),
        ("R&D: ", "1", 0),
        ("R&D: ", "&D: 1", 4),
        ("R&D ", "'&D 1'", 0),
    ],
)
def test_the_literal_tells_whether_an_anchor_belongs_to_its_token(
    form: str, before: str, literal: str, length: int
) -> None:
    text = f"k: [{before}{form.format(token())}, x]"
    (match,) = YAML.sealed_value.finditer(text)
    assert match["token"] == token()
    assert match[0] == form.format(token())
    start = YAML.source_start(text, match.start(), literal)
    assert start == (-1 if length < 0 else match.start() - length)


def test_a_token_in_unlike_quotes_is_taken_alone() -> None:
    (match,) = YAML.sealed_value.finditer(f"\"{token()}'")
    assert match[0] == token()


@pytest.mark.parametrize("length", [64, 1100, 100_000])
def test_a_token_may_be_longer_than_a_simple_key(length: int) -> None:
    text = "a: 1\nb: [2, {c: 3}]\n? d\n: 4\ne:\n- 5\n- - 6\n"
    assert_sealing_is_invisible(text, length)
    assert_sealing_is_invisible("alone", length)


# Comments.


def test_comments_reach_from_the_sign_to_the_end_of_the_line() -> None:
    text = "# one\na: 1  # two \r\n   ## three\rb: [x, # four\n y]\n#\n"
    assert comments(text) == [" one", " two ", "# three", " four", ""]


def test_signs_in_scalars_are_no_comments() -> None:
    text = "a#b: c#d\n'e #f': 'g #h' # i\n\"j #\": |\n  # k\n  l # m\n# n\no: p\n  q#r\n"
    assert comments(text) == [" i", " n"]


def test_signs_in_tags_and_aliases_are_no_comments() -> None:
    text = "a: !t#x &b\n  - c\nd: !<u#v> {e: f}\n"
    assert comments(text) == []


def test_comments_within_a_literal_belong_to_it() -> None:
    text = "a: | # header\n  x\nb: &b # anchor\n  y\nc: &c # of a collection\n  - z\n"
    assert literals(text) == ["| # header\n  x", "&b # anchor\n  y", "z"]
    assert comments(text) == [" of a collection"]


def test_comments_after_quotes_and_brackets_need_no_blank_as_with_most_parsers() -> None:
    assert comments("a: 'x'#one\nb: [y]#two\n") == ["one", "two"]


def test_comments_beside_directives_and_document_ends() -> None:
    text = "%TAG ! tag:x,1: # one\n--- # two\na\n... # three\n"
    assert comments(text) == [" one", " two", " three"]


# Decoding.


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ("plain", "plain"),
        ("007", "007"),
        ("true", "true"),
        ("&a !!int 3", "3"),
        ("!t # c\n  x", "x"),
        ("&a", ""),
        ("''", ""),
        ("'it''s'", "it's"),
        ("'a \n\n  b'", "a\nb"),
        ("a\n  b\n\n\n  c", "a b\n\nc"),
        ("a\r\n  b\r\r  c", "a b\nc"),
        ('"a\\tb\\\\n\\"\\/"', 'a\tb\\n"/'),
        ('"\\x41\\u00e9\\U0001F600\\N\\_\\L\\P\\e\\0"', "Aé😀\x85\xa0\u2028\u2029\x1b\0"),
        ('"a \\\n   b\n   c\\\n\n  \\ d"', "a b c\n d"),
        ('"a\\\r\n  b"', "ab"),
        ('"\\ud800"', "\ud800"),
        ("|\n  a\n   b\n\n  c", "a\n b\n\nc\n"),
        ("|-\r\n  a\r\n  b", "a\nb"),
        ("|+ # c\n  a", "a\n"),
        ("|1-\n   a\n  b", " a\nb"),
        (">\n  a\n  b\n\n  c\n   d\n  e", "a b\nc\n d\ne\n"),
        (">-\n\n  a\n\n\n  b", "\na\n\nb"),
        ("|", ""),
        ("a\n  \t", "a"),
    ],
)
def test_decoding_resolves_quotes_folds_and_indentation(literal: str, text: str) -> None:
    assert YAML.decode(literal) == text


@given(st.text("\"'\\|>&! \t\r\nax0-u#", max_size=12))
@settings(deadline=None)
def test_decoding_takes_any_text(literal: str) -> None:
    assert isinstance(YAML.decode(literal), str)


@given(texts())
@settings(max_examples=200, deadline=None)
def test_decoding_gives_what_pyyaml_reads(text: str) -> None:
    known = _values_of_nodes(text)
    for value in YAML.scan(text).values:
        literal = text[value.start : value.end]
        if value.start in known and "\t" not in text:
            node_value, is_block = known[value.start]
            if not is_block:
                assert YAML.decode(literal) == node_value
            elif not any(digit in literal.partition("\n")[0] for digit in "123"):
                assert YAML.decode(literal).rstrip("\n ") == node_value.rstrip("\n ")


def _values_of_nodes(text: str) -> dict[int, tuple[str, bool]]:
    import yaml

    known = {}
    pending = list(pyyaml_nodes(text) or [])
    seen = set()
    while pending:
        node = pending.pop()
        if id(node) in seen:  # a list may hold an alias of itself
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            known[node.start_mark.index] = node.value, node.style in ("|", ">")
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
        else:
            pending += [value for _, value in node.value]
    return known


# Entries in comments.


@pytest.mark.parametrize(
    ("comment", "entries"),
    [
        (" password: hunter2", [(["password"], "hunter2")]),
        ("password: hunter2   ", [(["password"], "hunter2")]),
        (" # password: a b # old", [(["password"], "a b")]),
        (" - name: x", [([None, "name"], "x")]),
        ("- - name: x", [([None, None, "name"], "x")]),
        (" 'it''s': \"a # b\" , # c", [(["it's"], '"a # b"')]),
        (' "key": &a !t v', [(["key"], "&a !t v")]),
        (" key: a#b:c", [(["key"], "a#b:c")]),
        (" key: |", [(["key"], "|")]),
        (" key: 'open", [(["key"], "'open")]),
        (" key: *alias", [(["key"], "*alias")]),
        (" - item # why", [([None], "item")]),
        (" {a", [([], "{a")]),
        (" {a: 1, b: [2, {c: 3}]},", [(["a"], "1"), (["b", None], "2"), (["b", None, "c"], "3")]),
        (" db: {user: a, password: b}", [(["db", "user"], "a"), (["db", "password"], "b")]),
        (" key: {open", [(["key"], "{open")]),
    ],
)
def test_an_entry_in_a_comment_is_found(
    comment: str, entries: list[tuple[list[str | None], str]]
) -> None:
    spans = YAML.commented(comment).values
    assert [(steps(path), comment[start:end]) for start, end, path in spans] == entries


ENTRIES = [
    " e: 1",
    "e: 1",
    "# e: 1",
    " #e: 1",
    " {e: 1},",
    " [secret]",
    " [a, b], # why",
    " e: {",
    " e: [a,",
    " {",
    ' e: "x',
    " e: 'x",
    " e: a: b",
    " !!str e: 1",
    " &a e: 1",
    " e: *x",
    " *x : 1",
    " e: !t |",
    " : 1",
    " E=1",
    "export E=1",
    " - e: 1",
    " - secret",
    " - - secret",
    " - 'a b'",
    ' "a b",',
    " b,",
    ' "e":1',
    " e: several words of it",
    " the key: word",
    ' the key: "several words"',
    " {{ .Values.x }}: y",
    " {{ .Values.x }}",
    " -----BEGIN PRIVATE KEY-----",
    ' note: "in quotes"',
    "\te:\t1",
]

PROSE = [
    "",
    " ",
    "##",
    " prose without a colon",
    " see https://example.org/x",
    " at 12:30",
    " see: docs",
    " Note: this is prose",
    " TODO: 1",
    " yaml-language-server: $schema=https://example.org/x.json",
    " renovate: datasource=docker depName=x",
    " what follows has: to be several words",
    " the words before it are too many: x",
    " x # y: z",
    " e:",
    " - several words",
    " - see: docs",
    " [x] done",
    " [1] see below",
    " [a link](https://example.org)",
    " a, b",
    ' "quoted" words',
    " x == y",
    " a = b",
    " ----",
    " ==== section ====",
    ":",
]


@pytest.mark.parametrize("comment", ENTRIES)
def test_a_comment_that_reads_as_an_entry(comment: str) -> None:
    read = YAML.commented(comment)
    assert read.is_entry
    assert read.values


@pytest.mark.parametrize("comment", PROSE)
def test_a_comment_that_reads_as_prose(comment: str) -> None:
    read = YAML.commented(comment)
    assert not (read.is_entry and read.values)


@given(st.text("ab:# -{}[]'\"\\,&*!|>=\t\u00a0\ufeff", max_size=20))
@settings(deadline=None)
@example("[" * 20_000 + ":" + "]" * 20_000)
@example(" " * 20_000 + ": x " + "# " * 20_000)
@example('"' * 20_001)
@example(" '" * 20_001 + '{"\\')
@example("- " * 20_000)
@example("&a " * 20_000)
def test_every_comment_can_be_asked_about(comment: str) -> None:
    read = YAML.commented(comment)
    assert -1 <= read.content <= len(comment)
    for start, end, _ in read.values:
        assert read.content <= start < end <= len(comment)
    list(YAML.brackets(comment))
    for sign in "'\"":
        YAML.closes(comment, sign)


# The promises, on made-up texts.


@given(texts())
@settings(max_examples=300, deadline=None)
def test_sealing_is_invisible_and_undone_by_putting_the_literals_back(text: str) -> None:
    assert_sealing_is_invisible(text)


@given(texts())
@settings(max_examples=200, deadline=None)
def test_the_values_are_the_scalars_of_pyyamls_tree(text: str) -> None:
    if pyyaml_nodes(text) is not None and "\t" not in text:
        assert [(v.start, v.path) for v in YAML.scan(text).values] == values_by_pyyaml(text)


@given(st.one_of(damaged(), signs), st.sampled_from([64, 1100]))
@settings(max_examples=300, deadline=None)
@example("-\n|", 1100)
@example("a: b\n  \t\nc: d\n", 64)
@example("[!t1, 2]", 64)
@example("\n\ufeff", 64)
@example("|\n\n---\n", 64)
@example("a: |\n     \n    #!/bin/sh\n", 64)
@example("&a\n  &b k: &c\nd: !t\n&e f: g", 64)
def test_whatever_is_read_can_be_sealed(text: str, length: int) -> None:
    try:
        YAML.scan(text)
    except FormatError:
        return
    assert_sealing_is_invisible(text, length)


def test_a_literal_is_put_back_without_touching_the_lines_around() -> None:
    text = "a: |\n  x\n\n    \n# c\nb: y\n"
    sealed = seal(text)
    assert sealed == f'a: "{token(0)}"\n\n    \n# c\nb: "{token(1)}"\n'
    assert replace(sealed, YAML.scan(sealed).values, ["|\n  x", "y"]) == text


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_a_comment_that_ends_earlier_in_yaml_1_1_is_refused(sign: str) -> None:
    """Else anyone with push access could add a value that PyYAML reads, and we do not."""
    for text in (f"a: b  # prose{sign}  c: d\n", f"a:\n  b: 1\n# prose{sign}  c: evil\n"):
        with pytest.raises(FormatError, match=r"line end in YAML 1\.1"):
            YAML.scan(text)
    YAML.scan(f"a: 'x{sign}y'\nb: \"#{sign}\"\n")


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_line_ends_of_yaml_1_1_are_listed_outside_of_quotes(sign: str) -> None:
    for text in (
        f"a:{sign}  evil{sign}b:\n",
        f"x{sign}y: 1\nz: 'q'\n",
        f"a: |  # prose{sign}b: evil\n  x\n",
        f"a: 'q'\nb: |\n  x{sign}b: evil\n",
        f"a: x{sign}b\n",
        f"a: !t x{sign}b\n",
    ):
        found = list(YAML.scan(text).other_line_ends())
        assert found == [at for at, char in enumerate(text) if char == sign]
    for text in (f"a: 'x{sign}y'\nb: \"#{sign}\"\n", f"a: &b !t 'x{sign}y'\n"):
        assert list(YAML.scan(text).other_line_ends()) == []
