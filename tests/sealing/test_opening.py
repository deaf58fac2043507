"""A token is decrypted only at the place that it was made for; no literal changes the structure."""

from __future__ import annotations

import json

import pytest
import yaml
from documents import (
    ALL,
    BARE,
    DEFAULT,
    ENV,
    FRAGMENTS,
    INI,
    JSON,
    NDJSON,
    NOBODY,
    PROPERTIES,
    STRUCTURED,
    TFVARS,
    TOML,
    WHOLE,
    XML,
    YAML,
    at,
    contents,
    mint,
    opened,
    reasons,
    seal,
    texts,
    tokens,
    unseal,
)
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import FormatError
from sealedfiles.formats.dotenv.format import DOTENV
from sealedfiles.formats.dotenv.masked import takes_in_more
from sealedfiles.model.token import COMMENT, VALUE, split
from sealedfiles.model.token import WHOLE as WHOLE_KIND
from sealedfiles.sealing.file import is_whole

every_format = pytest.mark.parametrize("path", STRUCTURED)

A = {
    YAML: "a: {}\n",
    JSON: '{{"a": {}}}',
    ENV: "a={}\n",
    TOML: "a = {}\n",
    TFVARS: "a = {}\n",
    PROPERTIES: "a={}\n",
    INI: "a = {}\n",
    NDJSON: '{{"a": {}}}\n',
    XML: "<a>{}</a>\n",
}
"""A file with one value, at ``a``."""


def one(path: str, token: str) -> str:
    quoted = token if path in BARE else f'"{token}"'
    return A[path].format(quoted)


# A literal that would be more than a value

STRUCTURE = {
    YAML: [
        "x\nevil: 1",
        "x\n\nevil: 1",
        "x\r\nevil: 1",
        "x\revil: 1",
        '"x"\nevil: 1',
        "|\n  x\nevil: 1",
        "x\n---\nevil: 1",
        "x\n...\nevil: 1",
        "{evil: 1}",
        "[1, 2]",
        "[1",
        "x # a comment",
        "x #",
        "# a comment",
        "\n  evil: 1",
        "\n- evil",
        "*alias",
        "x ",
        " x",
        "x: y",
        "- x",
        "? x",
        "",
        '"x',
        "'x",
        "&x",
        "&evil x",
        "!!str &evil x",
        "&evil !!str x",
        "%TAG",
        "`x",
        '"a" "b"',
        "x\n  : y",
        "<<: 1",
    ],
    JSON: [
        '1, "evil": 2',
        '"x", "evil": 2',
        '"x"}, {"evil": 1',
        "{}",
        "[]",
        '{"evil": 1}',
        "[1",
        '"x',
        'x"',
        '"x" ',
        " 1",
        "",
        "1 2",
        "1//",
        '"\n"',
        "01",
        "tru",
        '"x"}\n{"a": "x"',
    ],
    ENV: [
        "x\nevil=1",
        "x\revil=1",
        "x\r\nevil=1",
        "x\n# note",
        '"x"\nevil=1',
        '"x" # note',
        '"x\nevil=1',
        " x",
        "x ",
        "",
        "\n",
    ],
    TFVARS: [
        *(
            "1\nevil = 2",
            '"x"\nevil = 2',
            '"x"\r\nevil = 2',
            "1 # note",
            "[1]",
            "{}",
            "[",
            "x",
            "",
            " 1",
            "1 ",
        ),
        *('"x', 'x"', '"\n"', "1\n", "<<E\nx", "<<E\nx\nE\nevil = 1", '"${"x"}"', "1 /* x */"),
    ],
    PROPERTIES: [
        *(
            "x\nevil=1",
            "x\revil=1",
            "x\r\nevil=1",
            "x\n# note",
            " x",
            "\tx",
            "",
            "\n",
            "x\\",
            "\\u00",
            "x\n\n",
        ),
    ],
    INI: [
        *(
            "x\nevil=1",
            "x\revil=1",
            "x\r\nevil=1",
            "x\n[evil]",
            "x\n# note",
            " x",
            "x ",
            "",
            "\n",
            "\n  x",
        ),
        *("x\n  evil = 1", "x\n  evil: 1", "x\n  [evil]\n  y", "x\n", "x\n  # y"),
    ],
    NDJSON: [
        *(
            '1, "evil": 2',
            '1}\n{"evil": 2',
            '"x"}\r\n{"a": "x"',
            "{}",
            "[1]",
            "[1",
            '"x',
            'x"',
            "",
            " 1",
            "1\n",
        ),
        *("1 ", "1 2", '"\n"', "01", "1//"),
    ],
    XML: [
        *(
            "",
            " ",
            "x ",
            "\nx",
            "<b/>",
            "x<b/>",
            "<b>x</b>",
            "x</a><a>y",
            "<!-- x -->",
            "x<!-- y -->",
        ),
        *(
            "<?x y?>",
            "x<?x y?>z",
            "&",
            "&x;",
            "<",
            "]]>",
            "<![CDATA[",
            "\x00",
            "</a>",
            "<![CDATA[x",
        ),
    ],
    TOML: [
        *(
            "1\nevil = 2",
            '"x"\nevil = 2',
            '"x"\r\n[evil]',
            "1 # note",
            "[1]",
            "{}",
            "[",
            "x",
            "",
            " 1",
        ),
        *("1 ", '"x', 'x"', '"\n"', "1\n", "07:32:00 # x", "'''x''", "'x'\n'y'"),
    ],
}


@pytest.mark.parametrize(
    ("path", "literal"), [(path, literal) for path in STRUCTURE for literal in STRUCTURE[path]]
)
def test_a_literal_that_is_not_exactly_one_value_stays_sealed(path: str, literal: str) -> None:
    token = mint(path, at("a"), literal)
    text = one(path, token)
    result = opened(path, text)
    assert result.data == text.encode()
    assert [problem.key for problem in result.problems] == ["a"]
    assert result.problems[0].line == 1
    assert result.opened == 0


@every_format
@given(data=st.data())
def test_whatever_a_literal_is_the_keys_of_the_file_stay_the_same(
    path: str, data: st.DataObject
) -> None:
    """The token is between two other values, and contains text of all kinds."""
    opened_tokens = data.draw(st.lists(st.sampled_from(FRAGMENTS[path]), max_size=6))
    literal = data.draw(st.sampled_from(["", "x", '"x"', "1"])) + "".join(opened_tokens)
    frame = {
        YAML: 'first: &x 1\na:\n  b: "{}"\nlast:\n- *x\n- 2\n',
        JSON: '{{"first": 1, "a": {{"b": "{}"}}, "last": [1, 2]}}',
        ENV: "first=1\nb={}\nlast='2'\n",
        TFVARS: 'first = 1\na = {{\n  b = "{}"\n}}\nlast = [2]\n',
        PROPERTIES: "first=1\nb={}\nlast=2\n",
        INI: "[first]\na = 1\n[a]\nb = {}\n[last]\nc = 2\n",
        NDJSON: '{{"first": 1}}\n{{"a": {{"b": "{}"}}}}\n{{"last": [2]}}\n',
        TOML: 'first = 1\n[a]\nb = "{}"\n[last]\nc = 2\n',
        XML: "<a first='1'>\n<b>{}</b>\n<last c='2'/></a>\n",
    }[path]
    where = at("b") if path in (ENV, PROPERTIES) else at("a", "b")
    sealed = frame.format(mint(path, where, literal))
    shown = unseal(path, sealed)
    assert [key for key, _ in contents(path, shown)] == [key for key, _ in contents(path, sealed)]
    assert seal(path, shown, sealed, policy='{files: "**", plain: true}') == sealed.encode()


@given(data=st.data())
def test_what_pyyaml_reads_from_an_opened_file_has_the_shape_of_the_sealed_one(
    data: st.DataObject,
) -> None:
    fragments = [one for one in FRAGMENTS[YAML] if one not in "\x85\u2028"]
    start = data.draw(st.sampled_from(["", "x", '"x"', "|\n  x"]))
    literal = start + "".join(data.draw(st.lists(st.sampled_from(fragments), max_size=4)))
    sealed = f'a: "{mint(YAML, at("a"), literal)}"\nb: [1, &x 2]\nc: *x\n'
    shown = opened(YAML, sealed)
    try:
        nodes = list(yaml.compose_all(shown.data.decode(), yaml.SafeLoader))
    except yaml.YAMLError:  # what is YAML 1.2, and no YAML 1.1, at least is nothing else
        return
    assert len(nodes) == 1
    assert [key.value for key, _ in nodes[0].value] == ["a", "b", "c"]
    assert nodes[0].value[0][1].id == "scalar"


def test_one_literal_that_changes_structure_does_not_affect_others() -> None:
    bad, good = mint(YAML, at("a"), "x\nevil: 1"), mint(YAML, at("b"), "2")
    result = opened(YAML, f'a: "{bad}"\nb: "{good}"\n')
    assert result.data == f'a: "{bad}"\nb: 2\n'.encode()
    assert reasons(result) == [("misplaced", 1, "a")]


@pytest.mark.parametrize("literal", ["1", '"x"', "|\n  x", "[", "x: y"])
@pytest.mark.parametrize(
    ("path", "text", "shown"),
    [
        (JSON, '{"BAD": [1], "b": "GOOD"}', '{"BAD": [1], "b": 2}'),
        (JSON, '{"a": ["BAD"], "b": "GOOD"}', '{"a": ["BAD"], "b": 2}'),
        (YAML, '"BAD": []\nb: "GOOD"\n', '"BAD": []\nb: 2\n'),
        (YAML, 'x: ["BAD"]\nb: "GOOD"\n', 'x: ["BAD"]\nb: 2\n'),
        (YAML, 'x: "BAD BAD"\nb: "GOOD"\n', 'x: "BAD BAD"\nb: 2\n'),
        (YAML, '# "BAD"\nb: "GOOD"\n', '# "BAD"\nb: 2\n'),
        (ENV, "BAD=1\nb=GOOD\n", "BAD=1\nb=2\n"),
        (ENV, "# BAD\nb=GOOD\n", "# BAD\nb=2\n"),
    ],
)
def test_a_copied_token_whose_literal_breaks_the_text_is_the_only_one_that_stays(
    path: str, text: str, shown: str, literal: str
) -> None:
    """Anyone with push access can copy a token; that must not keep the rest of the file sealed."""
    bad, good = mint(path, at("a"), literal), mint(path, at("b"), "2")
    result = opened(path, text.replace("BAD", bad).replace("GOOD", good))
    assert result.data == shown.replace("BAD", bad).encode()
    assert len(result.problems) == text.count("BAD")


def test_a_value_below_a_key_that_is_a_token_can_be_opened_again() -> None:
    text = f'"{mint(YAML, at("a"), "1")}": x\n'
    assert unseal(YAML, seal(YAML, text)) == text.encode()


def test_a_literal_cannot_add_a_hidden_anchor() -> None:
    """Otherwise a later alias would refer to something else than in git."""
    token = mint(YAML, at("b"), "&x evil")
    text = f'a: &x good\nb: "{token}"\nc: *x\n'
    assert unseal(YAML, text) == text.encode()
    assert reasons(opened(YAML, text)) == [("misplaced", 2, "b")]


@pytest.mark.parametrize("literal", ["x", "&y x", "!!str x"])
def test_an_anchor_cannot_be_added_before_a_token_or_exchanged(literal: str) -> None:
    text = f'a: &x "{mint(YAML, at("a"), literal)}"\nb: *x\n'
    assert unseal(YAML, text) == text.encode()
    assert reasons(opened(YAML, text)) == [("misplaced", 1, "a")]


@pytest.mark.parametrize(
    "text",
    [
        "k: # see &x\n  value\n",
        "k: # &x\n  'value'\n",
        "- # &x\n  value\n",
        "k: # see &x\n  &y value\nl: *y\n",
    ],
)
def test_a_comment_that_ends_like_an_anchor_is_not_one(text: str) -> None:
    sealed = seal(YAML, text)
    assert tokens(sealed)
    assert unseal(YAML, sealed) == text.encode()
    assert seal(YAML, text, sealed) == sealed


@pytest.mark.parametrize(
    "text",
    [
        'R&D: one\n"Q&A": two\na &b: three\nplain: four\n',
        "'&a': one\n\"&b\": two\n",
        "R&D: &x one\nb: *x\n",
        "a&x: &x one\nb: *x\n",
        "&k a&b: one\n? c &d\n: two\n*k : three\n",
        "? x &y\n: one\n",
        "- {R&D: one, c &d: two, 'e&f': three}\n- [a&b: one, &c two]\n",
        "{'R&D':one, \"Q&A\":two}\n",
        "R&D: |\n  one\n  two &x\nl: [a &x, b]\n",
        "R&D:\n  one\n&x a&b:\n\n  two\n",
        "a & b: one\nb &: two\n",
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_key_that_ends_like_an_anchor_is_not_one(text: str, ending: str) -> None:
    text = text.replace("\n", ending)
    sealed = seal(YAML, text)
    assert len(tokens(sealed)) == len(contents(YAML, text)) > 0
    assert [path for path, _ in contents(YAML, sealed)] == [
        path for path, _ in contents(YAML, text)
    ]
    assert unseal(YAML, sealed) == text.encode()
    assert seal(YAML, text, sealed) == sealed


def test_swapped_anchors_are_seen() -> None:
    sealed = seal(YAML, "a: &x 1\nb: &y 2\nc: [*x, *y]\n").decode()
    swapped = sealed.replace("&x", "&z").replace("&y", "&x").replace("&z", "&y")
    result = opened(YAML, swapped)
    assert result.data == swapped.encode()
    assert reasons(result) == [("misplaced", 1, "a"), ("misplaced", 2, "b")]


def test_a_tag_put_before_a_token_is_seen() -> None:
    text = f'a: !!binary "{mint(YAML, at("a"), "aGk=")}"\n'
    assert unseal(YAML, text) == text.encode()
    assert reasons(opened(YAML, text)) == [("misplaced", 1, "a")]


# A token elsewhere

ELSEWHERE = [
    (YAML, 'a: x\nb: "{}"\n', "moved", 2, "b"),
    (YAML, 'a: ["{}"]\n', "moved", 1, "a[]"),
    (YAML, 'a: {{a: "{}"}}\n', "moved", 1, "a.a"),
    (YAML, '"a ": "{}"\n', "moved", 1, '"a "'),
    (YAML, '"{}": x\n', "moved", 1, ""),
    (YAML, '? "{}"\n: x\n', "moved", 1, ""),
    (YAML, '- "{}"\n', "moved", 1, "[]"),
    (YAML, "a: x {}\n", "misplaced", 1, "a"),
    (YAML, 'a: "x {}"\n', "misplaced", 1, "a"),
    (YAML, "a: |\n  {}\n", "misplaced", 2, "a"),
    (YAML, "a: x{}\n", "misplaced", 1, "a"),
    (YAML, "a: {}x\n", "damaged", 1, "a"),
    (YAML, "a: x  # {}\n", "moved", 1, ""),
    (YAML, 'a: x\n# a: "{}"\n', "moved", 2, ""),
    (YAML, "# {}\na: x\n", "moved", 1, ""),
    (YAML, 'a:\n  <<: "{}"\n', "moved", 2, "a.<<"),
    (YAML, 'a: &x "{}"\nb: *x\n', "misplaced", 1, "a"),
    (YAML, "[a, {}]: 1\n", "broken", 1, ""),
    (JSON, '{{"a": "x", "b": "{}"}}', "moved", 1, "b"),
    (JSON, '{{"a":\n["{}"]}}', "moved", 2, "a[]"),
    (JSON, '{{"a": {{"a": "{}"}}}}', "moved", 1, "a.a"),
    (JSON, '{{"{}": 1}}', "moved", 1, ""),
    (JSON, '{{"a": "x {}"}}', "misplaced", 1, "a"),
    (JSON, '{{"a": "\\"{}\\""}}', "misplaced", 1, "a"),
    (JSON, '"{}"\n', "moved", 1, "."),
    (TFVARS, 'b = "{}"\n', "moved", 1, "b"),
    (TFVARS, 'a = {{\n  a = "{}"\n}}\n', "moved", 2, "a.a"),
    (TFVARS, 'a = ["{}"]\n', "moved", 1, "a[]"),
    (TFVARS, 'b = {{ "{}" = 1 }}\n', "moved", 1, ""),
    (TFVARS, 'a = "x {}"\n', "misplaced", 1, "a"),
    (TFVARS, 'a = <<E\n"{}"\nE\n', "misplaced", 2, "a"),
    (TFVARS, '# a = "{}"\n', "moved", 1, ""),
    (TFVARS, "a = 1 /* {} */\n", "moved", 1, ""),
    (PROPERTIES, "b={}\n", "moved", 1, "b"),
    (PROPERTIES, "A={}\n", "moved", 1, "A"),
    (PROPERTIES, "{}\n", "moved", 1, "."),
    (PROPERTIES, "a=x{}\n", "misplaced", 1, "a"),
    (PROPERTIES, "a={} x\n", "misplaced", 1, "a"),
    (PROPERTIES, "a=\\\n{}\\\n x\n", "misplaced", 2, "a"),
    (PROPERTIES, "# a={}\n", "moved", 1, ""),
    (PROPERTIES, "! {}\n", "moved", 1, ""),
    (INI, "b = {}\n", "moved", 1, "b"),
    (INI, "[a]\na = {}\n", "moved", 2, "a.a"),
    (INI, "{}\n", "moved", 1, "."),
    (INI, "a = x {}\n", "misplaced", 1, "a"),
    (INI, "a = {} ; x\n", "misplaced", 1, "a"),
    (INI, "a = 1\n  {}\n", "misplaced", 2, "a"),
    (INI, "# a = {}\n", "moved", 1, ""),
    (INI, "; {}\n", "moved", 1, ""),
    (INI, "[{}]\n", "moved", 1, ""),
    (NDJSON, '{{"b": "{}"}}\n', "moved", 1, "b"),
    (NDJSON, '{{}}\n{{"a": ["{}"]}}\n', "moved", 2, "a[]"),
    (NDJSON, '{{"{}": 1}}\n', "moved", 1, ""),
    (NDJSON, '{{"a": "x {}"}}\n', "misplaced", 1, "a"),
    (NDJSON, '1\n"{}"\n', "moved", 2, "."),
    (XML, "<b>{}</b>\n", "moved", 1, "b"),
    (XML, "<a>\n<a>{}</a></a>\n", "moved", 2, "a.a"),
    (XML, "<a a='{}'/>\n", "moved", 1, "a.@a"),
    (XML, "<a>x {}</a>\n", "misplaced", 1, "a"),
    (XML, "<a><![CDATA[x{}]]></a>\n", "misplaced", 1, "a"),
    (XML, "<a>x</a>\n<!-- {} -->\n", "moved", 2, ""),
    (XML, "<a>x</a>\n<!-- <a>{}</a> -->\n", "moved", 2, ""),
    (XML, "<a>x</a>\n<?x {}?>\n", "moved", 2, ""),
    (XML, "<a xmlns='{}'>x</a>\n", "moved", 1, ""),
    (TOML, 'b = "{}"\n', "moved", 1, "b"),
    (TOML, '[a]\na = "{}"\n', "moved", 2, "a.a"),
    (TOML, '[[a]]\nb = 1\n[[a]]\nb = "{}"\n', "moved", 4, "a[].b"),
    (TOML, 'a = ["{}"]\n', "moved", 1, "a[]"),
    (TOML, 'a = {{ a = "{}" }}\n', "moved", 1, "a.a"),
    (TOML, '"{}" = 1\n', "moved", 1, ""),
    (TOML, 'a = "x {}"\n', "misplaced", 1, "a"),
    (TOML, 'a = """\n x"{}" """\n', "misplaced", 2, "a"),
    (TOML, '# a = "{}"\n', "moved", 1, ""),
    (TOML, "a = 1 # {}\n", "moved", 1, ""),
    (ENV, "b={}\n", "moved", 1, "b"),
    (ENV, "A={}\n", "moved", 1, "A"),
    (ENV, "{}\n", "moved", 1, "."),
    (ENV, "a=x{}\n", "misplaced", 1, "a"),
    (ENV, "a={} x\n", "misplaced", 1, "a"),
    (ENV, "a=1 # {}\n", "misplaced", 1, "a"),
    (ENV, "a='1' # {}\n", "moved", 1, ""),
    (ENV, "# a={}\n", "moved", 1, ""),
    (ENV, "# {}\n", "moved", 1, ""),
    (ENV, "{}=a\n", "moved", 1, "."),
    (ENV, "a='\n{}'\n", "misplaced", 2, "a"),
]


@pytest.mark.parametrize(("path", "frame", "reason", "line", "key"), ELSEWHERE)
def test_a_token_that_is_elsewhere_stays_sealed_and_is_named(
    path: str, frame: str, reason: str, line: int, key: str
) -> None:
    text = frame.format(mint(path, at("a"), "12345678"))
    result = opened(path, text)
    assert result.data == text.encode()
    assert reasons(result) == [(reason, line, key)]
    assert b"12345678" not in seal(path, result.data, text)


@pytest.mark.parametrize(("path", "frame"), [case[:2] for case in ELSEWHERE if case[2] != "broken"])
def test_a_copy_next_to_the_original_token_stays_sealed(path: str, frame: str) -> None:
    token = mint(path, at("a"), "3")
    copy = frame.format(token)
    if frame == '"{}"\n':
        pytest.skip("a file of one value has room for no other")
    if path == YAML:
        own, text = "a: 3\n---\n", f'a: "{token}"\n---\n{copy}'
    elif path == XML:
        copy += "</a>\n"
        own, text = "<a>3\n", f"<a>{token}\n{copy}"
    elif path != JSON:
        own, text = (
            one(path, token).replace(f'"{token}"', "3").replace(token, "3"),
            one(path, token),
        )
        text += copy
    else:
        copy = copy.removeprefix("{").removesuffix("\n").removesuffix("}") + "}"
        copy = copy if copy.startswith('"a"') or ":" in copy else f'"b": {copy}'
        own, text = '{"a": 3,\n', f'{{"a": "{token}",\n{copy}'
    result = opened(path, text)
    assert result.data == own.encode() + copy.encode()
    assert len(result.problems) == 1
    assert result.problems[0].line > 1


@pytest.mark.parametrize(
    ("path", "key_path", "text"),
    [
        (YAML, at("a.b"), 'a: {{b: "{}"}}\n'),
        (YAML, at("a", "b"), 'a.b: "{}"\n'),
        (YAML, at("a", None), 'a: {{"": "{}"}}\n'),
        (YAML, at("a", ""), 'a: ["{}"]\n'),
        (YAML, at("a", "0"), 'a: ["{}"]\n'),
        (YAML, at("a", None), 'a: {{0: "{}"}}\n'),
        (YAML, at("a", "b", "c"), 'a: {{"b.c": "{}"}}\n'),
        (YAML, at("é"), '"e\\u0301": "{}"\n'),
        (JSON, at("ab"), '{{"a": {{"b": "{}"}}}}'),
        (ENV, at("a"), "export b={}\n"),
    ],
)
def test_paths_that_look_alike_are_not_the_same(path: str, key_path: bytes, text: str) -> None:
    sealed = text.format(mint(path, key_path, "1"))
    assert unseal(path, sealed) == sealed.encode()


@pytest.mark.parametrize(
    ("path", "key_path", "text", "shown"),
    [
        (YAML, at("a"), 'a: 1\na: "{}"\n', "a: 1\na: x\n"),
        (YAML, at("a", None), 'a: [1, "{}", 2]\n', "a: [1, x, 2]\n"),
        (YAML, at("1"), '"1": "{}"\n', '"1": x\n'),
        (YAML, at("b"), 'a: &k b\n*k : "{}"\n', "a: &k b\n*k : x\n"),
        (YAML, at("a", "<<"), 'a: {{<<: "{}"}}\n', "a: {<<: x}\n"),
        (JSON, at("a"), '{{"\\u0061": "{}"}}', '{"\\u0061": "x"}'),
        (ENV, at("a"), "export a={}\n", "export a=x\n"),
        (ENV, at(), "{}\n", "x\n"),
    ],
)
def test_equivalent_paths_are_the_same(path: str, key_path: bytes, text: str, shown: str) -> None:
    literal = '"x"' if path == JSON else "x"
    sealed = text.format(mint(path, key_path, literal))
    if "*k" in text:  # an alias of a value as a key
        assert unseal(path, sealed) == sealed.encode()
    else:
        assert unseal(path, sealed) == shown.encode()


@every_format
def test_a_token_of_another_file_is_foreign(path: str) -> None:
    other = mint(f"other/{path}", at("a"), "1")
    own = mint(path, at("b"), "2")
    text = {
        YAML: f'a: "{other}"\nb: "{own}"\n',
        JSON: f'{{"a": "{other}",\n"b": "{own}"}}',
        ENV: f"a={other}\nb={own}\n",
    }[path]
    result = opened(path, text)
    assert reasons(result) == [("foreign", 1, "a")]
    assert other.encode() in result.data
    assert own.encode() not in result.data


@every_format
@pytest.mark.parametrize("kind", [COMMENT, WHOLE_KIND, 3, 255])
def test_a_token_of_another_kind_is_no_value(path: str, kind: int) -> None:
    text = one(path, mint(path, at("a"), "1", kind=kind))
    result = opened(path, text)
    assert result.data == text.encode()
    assert [problem.key for problem in result.problems] == ["a"]


@pytest.mark.parametrize("kind", [VALUE, WHOLE_KIND, 3])
@pytest.mark.parametrize("path", [YAML, ENV])
def test_a_token_of_another_kind_is_not_a_comment(path: str, kind: int) -> None:
    text = f"# {mint(path, at(), 'note', kind=kind)}\n" + A[path].format("1")
    result = opened(path, text)
    assert result.data == text.encode()
    assert len(result.problems) == 1


@every_format
@pytest.mark.parametrize("place", [0, 20, -1], ids=["group", "key", "body"])
def test_a_damaged_token_stays_as_it_is(path: str, place: int) -> None:
    token = mint(path, at("a"), "1")
    at_place = {0: 10, 20: 20, -1: len(token) - 2}[place]
    changed = token[:at_place] + ("b" if token[at_place] != "b" else "c") + token[at_place + 1 :]
    text = one(path, changed)
    result = opened(path, text)
    assert result.data == text.encode()
    assert reasons(result) == [
        ("damaged" if place == -1 else "no-key", 1, "a" if place == -1 else "")
    ]


@every_format
def test_bytes_that_are_not_utf_8_are_no_literal(path: str) -> None:
    text = one(path, mint(path, at("a"), b"\xff"))
    assert reasons(opened(path, text)) == [("damaged", 1, "a")]


# Keys


@every_format
def test_without_a_key_everything_stays_and_every_token_is_counted(path: str) -> None:
    text = one(path, mint(path, at("a"), "1"))
    result = opened(path, text, keys=NOBODY)
    assert result.data == text.encode()
    assert [problem.reason for problem in result.problems] == ["no-key"]
    assert result.opened == 0


@given(text=texts(YAML))
def test_a_holder_of_one_group_sees_its_values_and_the_other_tokens(text: str) -> None:
    policy = '{files: "**", values: ["a", "**.b", "b"], group: production}'
    sealed = seal(YAML, text, policy=policy)
    shown = opened(YAML, sealed, policy, DEFAULT)
    foreign = [token for token in tokens(sealed) if ":production:" in token]
    assert tokens(shown.data) == foreign
    assert [problem.group for problem in shown.problems] == ["production"] * len(foreign)


# Files that are not sealed whole as they should be


@pytest.mark.parametrize("kind", [VALUE, COMMENT])
@pytest.mark.parametrize("frame", ["{}\n", "x {}\n", "{}\n{}\n"])
def test_a_token_in_a_file_without_format_is_named_unless_it_is_the_whole(
    kind: int, frame: str
) -> None:
    token = mint(WHOLE, at(), "hunter22", kind=kind)
    text = frame.format(token, token)
    result = opened(WHOLE, text)
    assert result.data == text.encode()
    assert [problem.reason for problem in result.problems] == ["misplaced"] * text.count(token)


def test_a_broken_file_with_tokens_stays_as_it_is() -> None:
    text = f'a: "{mint(YAML, at("a"), "1")}"\n  b: ]\n'
    result = opened(YAML, text)
    assert result.data == text.encode()
    assert reasons(result) == [("broken", 1, "")]


def test_of_incompatible_literals_the_long_ones_stay_sealed_first() -> None:
    block = mint(YAML, at("a", "b"), "|\n  x\n  y")
    short = mint(YAML, at("c"), "1")
    text = f'a:\n    b: "{block}"\nc: "{short}"\n'
    assert opened(YAML, text).opened in (1, 2)
    deeper = f'a:\n      b: "{block}"\nc: "{short}"\n'
    result = opened(YAML, deeper)
    assert result.data == f'a:\n      b: "{block}"\nc: 1\n'.encode()
    assert [problem.line for problem in result.problems] == [2]


@every_format
@given(data=st.data())
def test_opening_never_fails_whatever_the_text(path: str, data: st.DataObject) -> None:
    """Tokens of all kinds in text of all kinds; sealing the result restores the original."""
    minted = [
        mint(path, key_path, literal, kind)
        for kind in (VALUE, COMMENT, WHOLE_KIND)
        for key_path in (at(), at("a"), at("a", None))
        for literal in ("x", '"x"', "", "x\ny: 1")
    ]
    source = [*FRAGMENTS[path], *minted, *(f'"{token}"' for token in minted)]
    text = "".join(data.draw(st.lists(st.sampled_from(source), max_size=10)))
    result = opened(path, text)
    assert len(result.problems) + result.opened == len(tokens(text))
    if is_whole(text.encode()):
        return
    try:
        before = [key for key, _ in contents(path, text)]
        after = [key for key, _ in contents(path, result.data)]
    except FormatError:
        return
    assert before == after


@st.composite
def attacked(draw: st.DrawFn, path: str) -> str:
    """Return a sealed file in which somebody copied lines, or exchanged or moved tokens."""
    text = seal(path, draw(texts(path)), policy=TWO_GROUPS).decode()
    for _ in range(draw(st.integers(1, 3))):
        lines, known = text.split("\n"), tokens(text) or [mint(path, at("a"), "1")]
        one, other = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        place = draw(st.integers(0, len(text)))
        what = draw(st.sampled_from(["copy a line", "exchange", "replace", "insert"]))
        if what == "copy a line":
            lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(lines)))
            text = "\n".join(lines)
        elif what == "exchange":
            text = text.replace(one, "\0", 1).replace(other, one, 1).replace("\0", other, 1)
        elif what == "replace":
            text = text.replace(one, other, 1)
        else:
            frames = ["{}", '"{}"', "# {}\n", "&z {}", "\n<<<<<<< x\n{}\n=======\n>>>>>>> y\n"]
            text = text[:place] + draw(st.sampled_from(frames)).format(one) + text[place:]
    return text


def takes_in_a_line(text: str) -> bool:
    """Return True if a quote or an expansion in a value of a .env file ends below the value."""
    return takes_in_more(text, [(start, end) for start, end, _ in DOTENV.scan(text).values])


TWO_GROUPS = '{files: "**", values: ["a", "**.b", "A"], group: production}'


def test_a_line_that_a_copied_literal_takes_in_is_sealed_as_it_was() -> None:
    """It is a value in the opened text, and none in the sealed text."""
    token = mint(ENV, at("A"), "}${", group="production")
    text = f"\rA=\r\rA={token}\n" * 2
    assert seal(ENV, text, policy=TWO_GROUPS) == text.encode()
    result = opened(ENV, text, TWO_GROUPS)
    assert [key for key, _ in contents(ENV, result.data)] == [at("A"), b"", at("A")]
    assert seal(ENV, result.data, text, policy=TWO_GROUPS) == text.encode()


@every_format
@given(data=st.data())
def test_an_attacked_file_opens_only_in_place_and_round_trips(
    path: str, data: st.DataObject
) -> None:
    text = data.draw(attacked(path))
    for keys in (ALL, DEFAULT, NOBODY):
        result = opened(path, text, TWO_GROUPS, keys)
        assert result.opened + len(result.problems) == len(tokens(text))
        if seal(path, text, policy=TWO_GROUPS) == text.encode():  # nothing of it is plain
            assert seal(path, result.data, text, policy=TWO_GROUPS, keys=keys) == text.encode()
    shown = unseal(path, text, TWO_GROUPS)
    if shown == text.encode() or is_whole(text.encode()):
        return
    if path == ENV and any(map(takes_in_a_line, (text, shown.decode()))):
        return  # comments and keys without a value are values there
    try:
        before, after = contents(path, text), contents(path, shown)
    except FormatError:
        return
    assert [key for key, _ in before] == [key for key, _ in after]
    made = {
        (key.path_tag(key_path), content[3].decode())
        for token in tokens(text)
        if (key := ALL.for_prefix(split(token).prefix))
        and (content := key.open_all([split(token).body])[0])
        for key_path, _ in after
        if key.path_tag(key_path) == content[2]
    }
    key_of = {key for token in tokens(text) if (key := ALL.for_prefix(split(token).prefix))}
    for (key_path, stored), (_, literal) in zip(before, after, strict=True):
        assert stored == literal or any((key.path_tag(key_path), literal) in made for key in key_of)


def test_json_reads_what_was_opened() -> None:
    text = '{"a": [1, "x", null, {"b": true}], "c": 0.5}'
    assert json.loads(unseal(JSON, seal(JSON, text))) == json.loads(text)
