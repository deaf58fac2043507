from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values
from dotenv.parser import parse_stream
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealedfiles.formats.dotenv.format import DOTENV
from sealedfiles.model.paths import ROOT, steps

if TYPE_CHECKING:
    from pathlib import Path


def token(number: int) -> str:
    return f"sealed:v1:default:{'a' * 16}:{'b' * 8}:{number:064d}"


def reads_as_entry(comment: str) -> bool:
    """Return True if *comment* is an entry with a value that is not a token."""
    read = DOTENV.commented(comment)
    spans = ((start, end) for start, end, _ in read.values)
    return read.is_entry and not all(DOTENV.sealed_value.fullmatch(comment, *s) for s in spans)


def seal(text: str) -> str:
    """Put a token in the place of every value and of every comment that is always sealed."""
    scan = DOTENV.scan(text)
    places = [(start, end, "") for start, end, _ in scan.values]
    comments = [(s, e, " ") for s, e in scan.comments() if reads_as_entry(text[s:e])]
    sealed, at = [], 0
    for number, (start, end, before) in enumerate(sorted(places + comments)):
        assert at <= start <= end
        sealed += [text[at:start], before, DOTENV.write_token(text[start:end], token(number))]
        at = end
    return "".join([*sealed, text[at:]])


def found(text: str) -> list[tuple[str, str]]:
    """Return (key, literal) of each value; the key "" stands for the empty path."""
    return [
        ("" if path == ROOT else str(*steps(path)), text[start:end])
        for start, end, path in DOTENV.scan(text).values
    ]


def comments(text: str) -> list[str]:
    return [text[start:end] for start, end in DOTENV.scan(text).comments()]


# What dialects read differently: all of it is in the literal.
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=one", [("A", "one")]),
        ("A=one#c", [("A", "one#c")]),
        ("A=one # c", [("A", "one # c")]),
        ("A=#x", [("A", "#x")]),
        ("A= # c", [("A", "# c")]),
        ("A: one", [("A", "one")]),
        ("A:\tone", [("A", "one")]),
        ('A="x"', [("A", '"x"')]),
        ('A="x" # c', [("A", '"x"')]),
        ('A="x"#c', [("A", '"x"#c')]),
        ('A="x"y', [("A", '"x"y')]),
        ('A="x" y # c', [("A", '"x" y # c')]),
        ('A="x (unterminated)', [("A", '"x (unterminated)')]),
        (r"A='it\'s'", [("A", r"'it\'s'")]),
        ("A='it's'", [("A", "'it's'")]),
        (r'A="a\"b"', [("A", r'"a\"b"')]),
        (r'A="a\\"', [("A", r'"a\\"')]),
        (r'A="a\tb\\c"', [("A", r'"a\tb\\c"')]),
        ("A=`a \"b\" 'c'`", [("A", "`a \"b\" 'c'`")]),
        ("A=$B-${C:-d}", [("A", "$B-${C:-d}")]),
        ("A=$(cat x)", [("A", "$(cat x)")]),
        ("export A=1", [("A", "1")]),
        ("export\t A: 1", [("A", "1")]),
        ("export=1", [("export", "1")]),
        ("A = 1", [("A", "1")]),
        (" \tA=1 \t", [("A", "1")]),
        ("A==b", [("A", "=b")]),
        ("A: =b", [("A", "=b")]),
        ("A=1 B=2", [("A", "1 B=2")]),
        ("A=1; B=2", [("A", "1; B=2")]),
        ('A={"b": "c # d"}', [("A", '{"b": "c # d"}')]),
        ("A=1\nA=2", [("A", "1"), ("A", "2")]),
        ("'A'=1", [("A", "1")]),
        ('"a key" = 1', [("a key", "1")]),
        ("É=1", [("É", "1")]),
        ("a.b-c[0]=1", [("a.b-c[0]", "1")]),
        ("A=x\xa0", [("A", "x")]),
        ('A=\xa0"x"', [("A", '"x"')]),
        ("A=x\x00y", [("A", "x\x00y")]),
        ("A=\ud800", [("A", "\ud800")]),
    ],
)
def test_an_assignment_has_its_key_and_its_raw_value(
    text: str, values: list[tuple[str, str]]
) -> None:
    assert found(text) == values


@pytest.mark.parametrize("text", ["", "\n", "A=", "A= \t\n", 'export A=\r\n"B"=\r', " \xa0\n\x0c"])
def test_an_empty_value_has_no_span(text: str) -> None:
    assert found(text) == []
    assert comments(text) == []


@pytest.mark.parametrize("text", ["export A", "export\tA_1 \n", "  export _"])
def test_an_export_without_a_value_is_nothing_to_seal(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "line",
    [
        "A",
        "A:",
        "A:one",
        "user:pa=ss",
        "https://user:pass@host/?a=b",
        "curl -u user:pass",
        "export A B",
        "export -p",
        "A B=1",
        "=x",
        "---=x",
        "A+=x",
        "[section]",
        ";A=1",
        "}",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
        "ab/c+d==",
        "abc==",
        "a_b-c==",
        "=Tk0B",
        '"text"',
        "\x00",
    ],
)
def test_a_line_that_is_nothing_else_is_a_value_without_a_key(line: str) -> None:
    assert found(f"A=1\n \t{line} \nB=2") == [("A", "1"), ("", line), ("B", "2")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_with_lf_crlf_or_cr(end: str) -> None:
    text = end.join(["A=1", "", "#c ", 'B="2', '3"', "C: 4", ""])
    assert found(text) == [("A", "1"), ("B", f'"2{end}3"'), ("C", "4")]
    assert comments(text) == ["c "]


@pytest.mark.parametrize("char", "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
def test_nothing_else_ends_a_line(char: str) -> None:
    assert found(f"A=1{char}B=2") == [("A", f"1{char}B=2")]
    assert comments(f"#A{char}B=2") == [f"A{char}B=2"]


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_a_value_in_quotes_may_have_many_lines(quote: str) -> None:
    literal = f"{quote}1\n# 2\nB=3\n\n\\{quote} 4{quote}"
    assert found(f"A={literal} # c\nC=5") == [("A", literal), ("C", "5")]
    assert comments(f"A={literal}  # c\nC=5") == [" c"]


def test_comments_are_whole_lines_and_what_stands_behind_closed_quotes_or_a_token() -> None:
    text = f"#a\n  # b #\nA='x' # c\n B=1 # no\nC=#no\n#\n D={token(0)}\t#d"
    assert comments(text) == ["a", " b #", " c", "", "d"]
    assert found(text)[-1] == ("D", token(0))


def test_a_comment_sign_right_behind_the_quotes_begins_no_comment() -> None:
    # In a shell it is part of the value.
    assert found('A="x"#y') == [("A", '"x"#y')]


def test_an_unclosed_quote_does_not_swallow_the_file() -> None:
    text = 'A="x\nB=1\n\nC="y"\nD=2 # c'
    assert found(text) == [("A", '"x'), ("B", "1"), ("C", '"y"'), ("D", "2 # c")]
    assert found("A=\"x\nB='1'\n# c") == [("A", '"x'), ("B", "'1'")]


def test_what_may_be_a_comment_or_the_inside_of_a_value_is_a_value() -> None:
    # A shell reads A up to the z, python-dotenv reads B.
    text = "A=\"x\n# secret\nB='y' # secret\n\"z\n# open"
    assert found(text) == [("A", '"x'), ("", "# secret"), ("B", "'y' # secret"), ("", '"z')]
    assert comments(text) == [" open"]
    # node takes a value from the next line
    assert found('A=\n"x\n# secret\ny"') == [("", '"x'), ("", "# secret"), ("", 'y"')]


def test_uncertainty_inside_of_uncertainty_lasts_until_both_end() -> None:
    text = "A=\"x\nB='m\" z\n# secret\n'z\n# open"
    assert comments(text) == [" open"]
    assert ("", "# secret") in found(text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_backslash_at_the_line_end_continues_a_value(end: str) -> None:
    def values(*lines: str) -> list[tuple[str, str]]:
        return [(key, value.replace(end, "\n")) for key, value in found(end.join(lines))]

    assert values("A=1\\", "# 2\\", " B=3 ", "C=4") == [("A", "1\\\n# 2\\\n B=3"), ("C", "4")]
    assert values("A=1\\\\", "B=2") == [("A", "1\\\\"), ("B", "2")]
    assert values("A=1\\ ", "B=2") == [("A", "1\\"), ("B", "2")]
    assert values("A=1\\", "", "B=2") == [("A", "1\\"), ("B", "2")]
    assert values("A=1\\", "") == [("A", "1\\")]
    assert values("A=\\", "1") == [("A", "\\\n1")]
    assert values('A="1" 2\\', "3") == [("A", '"1" 2\\\n3')]
    assert values("run x \\", "--password=y") == [("", "run x \\\n--password=y")]


PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n"
    f"{'Ab+/' * 16}\nabc=\n-----END RSA PRIVATE KEY-----"
)


def test_a_private_key_without_quotes_is_one_value() -> None:
    assert found(f"A={PEM}\nB=1") == [("A", PEM), ("B", "1")]
    assert found(f"{PEM}\n{PEM} \n#c") == [("", PEM), ("", PEM)]
    crlf = PEM.replace("\n", "\r\n")
    assert found(f"A: {crlf}\r\n") == [("A", crlf)]


def test_a_private_key_without_its_end_does_not_swallow_the_file() -> None:
    begin = PEM.partition("\n")[0]
    assert found(f"A={begin}\nB=1") == [("A", begin), ("B", "1")]
    assert found(f"A={begin}\nB=1\nC={PEM}") == [("A", begin), ("B", "1"), ("C", PEM)]
    one_line = PEM.replace("\n", r"\n")
    assert found(f"A={one_line}\nB=1") == [("A", one_line), ("B", "1")]


def test_the_last_line_of_base64_is_no_key() -> None:
    line = "Ab+/" * 16
    assert found(f"A={line}\n{line}\nsecret=\nB=1") == [
        ("A", line),
        ("", line),
        ("", "secret="),
        ("B", "1"),
    ]
    assert found(f"{line}\nsecret==\n") == [("", line), ("", "secret==")]
    # an empty value elsewhere is one
    assert found(f"{line}\nB=1\nTOKEN=\n") == [("", line), ("B", "1")]
    assert found("NAME\nTOKEN=\n") == [("", "NAME")]
    assert found(f"{line}\nAPI.TOKEN=\n") == [("", line)]


BASE64 = "xpkQD+xI0DhX9DSFbtxjibMCOVx6rNRGk2edxwq+MyzL3K3TDtQuG+ANAENL8uI2zshl8QkLb+1p"
BASE64URL = BASE64.replace("+", "-").replace("D", "_")


@pytest.mark.parametrize("line", [BASE64, BASE64[:64], BASE64[:60], BASE64URL])
def test_the_last_line_of_a_wrapped_value_is_no_key(line: str) -> None:
    for text, first in (f"A={line}", "A"), (f"export A: {line} ", "A"), (f"A=\n{line}", ""):
        assert found(f"{text}\nUpAGrRo=\nB=") == [(first, line), ("", "UpAGrRo=")]
        whole = [(first, line), ("", line), ("", "UpAGrRo=")]
        assert found(f"{text}\r\n{line}\r\nUpAGrRo=\r\n") == whole


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        (BASE64[:56], "\nAPI="),
        (BASE64[:61], "\nAPI="),
        (BASE64, "\nTOKEN="),
        (BASE64, "\nAPIKEY2=x"),
        (BASE64, "\n\nAPI="),
        (BASE64, "\n#\nAPI="),
        (BASE64, "\nAPI_KEY="),
        (BASE64, "\nexport API="),
        (BASE64, f"\n{'API_' * 20}KEY="),
        ("0123456789abcdef" * 4, "\nAPI="),
        ("0123456789ABCDEF" * 4, "\nAPI="),
        (f"'{BASE64}'", "\nAPI="),
        (f"base64:{BASE64[:53]}", "\nAPI="),
    ],
)
def test_a_key_below_a_long_value_is_a_key(value: str, rest: str) -> None:
    expected = [("A", value)] + [("APIKEY2", "x")] * rest.endswith("x")
    assert found(f"A={value}{rest}\n") == expected


FRAGMENTS = [
    *["A", "B=", "KEY: ", "export ", "'k'=", "#", " #", "# A=", "=", ":", "x", "secret", "é", "."],
    *['"', "'", "`", "\\", "$", "[", " ", "\t", "\n", "\n", "\r\n", "\r", "\x85", "\xa0", "\u2028"],
    *[
        "\x0b",
        "\x00",
        "\ud800",
        "abc==",
        "ab=",
        "abc=",
        "Q" * 40,
        "A=" + "Qq0_" * 15,
        token(7),
        f'"{token(8)}"',
    ],
    *["-----BEGIN X-----", "\n-----END X-----"],
]
NASTY = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)


@settings(deadline=None)
@given(NASTY | st.text())
@example("A=x\\\n\\")
@example('A="x\n#y\nB="\\"\n" #')
def test_a_sealed_text_has_the_same_paths_and_every_value_of_it_is_a_token(text: str) -> None:
    sealed = seal(text)
    before, after = DOTENV.scan(text), DOTENV.scan(sealed)
    assert [v.path for v in after.values] == [v.path for v in before.values]
    assert all(DOTENV.sealed_value.fullmatch(sealed, s, e) for s, e, _ in after.values)
    assert len(after.comments()) == len(before.comments())
    assert not any(reads_as_entry(sealed[s:e]) for s, e in after.comments())
    assert seal(sealed).count("sealed:v1:") == sealed.count("sealed:v1:")


BLANK = r"[^\S\r\n]"
KEY = rf"""(?:export{BLANK}+)?(?:'[^'\r\n]+'|"[^"\r\n]+"|[\w.\-\[\]]+){BLANK}*"""
PUBLIC_LINE = rf"""
    (?:{KEY}[=:]{BLANK}*)? VALUE (?:{BLANK}+\#COMMENT)?
    | {KEY}=
    | \#COMMENT
    | export{BLANK}+\w+
    |
"""


@settings(deadline=None)
@given(NASTY)
def test_only_keys_and_signs_are_outside_of_values_and_comments(text: str) -> None:
    scan = DOTENV.scan(text)
    places = [(start, end, "VALUE") for start, end, _ in scan.values]
    places += [(start, end, "COMMENT") for start, end in scan.comments()]
    public, at = "", 0
    for start, end, name in sorted(places):
        assert at <= start <= end
        public += text[at:start] + name
        at = end
    for line in re.split(r"\r\n|\r|\n", public + text[at:]):
        assert re.fullmatch(PUBLIC_LINE, line.strip(), re.VERBOSE)


@settings(deadline=None)
@given(NASTY.filter(lambda text: "sealed:v1:" not in text))
def test_the_literals_in_place_of_the_tokens_are_the_text_again(text: str) -> None:
    scan = DOTENV.scan(text)
    places = [(s, e) for s, e, _ in scan.values]
    places += [(s, e) for s, e in scan.comments() if reads_as_entry(text[s:e])]
    opened = seal(text)
    for number, (start, end) in enumerate(sorted(places)):
        before = "" if (start, end) in places[: len(scan.values)] else " "
        opened = opened.replace(before + token(number), text[start:end])
    assert opened == text


# Without what python-dotenv knows nothing of: back-ticks, continued lines, PEM without quotes, the
# colon; and without base64, where its reading shows the end of a secret as a key.
SHARED = [f for f in FRAGMENTS if f.strip("Q") and not set(f) & set("`\\:") and "abc" not in f]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*SHARED, r"\"", r"\'", r"\n"]), max_size=25).map("".join))
def test_python_dotenv_reads_the_same_keys_in_the_sealed_text_each_with_a_token(text: str) -> None:
    def keys(dotenv: str) -> dict[str, str]:
        bindings = parse_stream(io.StringIO(dotenv, newline=""))
        return {b.key: b.value for b in bindings if b.key and b.value is not None}

    named = {key for key, _ in found(text)}
    before, after = keys(text), keys(seal(text))
    for key, value in before.items():
        if key in named and value:
            assert after[key].startswith("sealed:v1:default:")


READ_ALIKE = [
    "A=one",
    "A=one#c",
    "A=one # c",
    "A=#x",
    'A="x y" # c',
    "A='x\n# y\nB=z'",
    r'A="a\"b"',
    "export A=1",
    'A="x"y',
    "A=$B",
    "A=x\\\ny",
    f"A={PEM}",
    "A='it's' # c",
    " A=1 ",
    "A=1\r",
]


@pytest.mark.parametrize("text", READ_ALIKE)
def test_python_dotenv_reads_the_token(text: str) -> None:
    assert dotenv_values(stream=io.StringIO(seal(text), newline="")) == {"A": token(0)}


@pytest.mark.parametrize("text", READ_ALIKE)
def test_a_shell_reads_the_token(text: str, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        assert os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") != "1", "bash is missing"
        pytest.skip("needs bash")
    env = tmp_path / ".env"
    env.write_text(seal(text), newline="")
    script = '. "$1" && printf %s "$A"'
    run = subprocess.run([bash, "-c", script, "-", env], capture_output=True, check=True)
    assert run.stdout.decode().rstrip("\r") == token(0)


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ("x", "x"),
        ("one#c", "one#c"),
        ("one \t# c", "one"),
        ("#x", "#x"),
        (r"a\nb", r"a\nb"),
        ('"x # y"', "x # y"),
        ('"x" # y', "x"),
        ('"x"y', '"x"y'),
        (r'"a\"\\\a\b\f\n\r\t\v\$"', 'a"\\\a\b\f\n\r\t\v\\$'),
        (r"'it\'s\n\\'", r"it's\n" + "\\"),
        (r"`a\`\n`", r"a\`\n"),
        ('"x', '"x'),
        (token(0), token(0)),
        (f"'{token(0)}'", token(0)),
        (f"{token(0)} # c", token(0)),
        (f"{token(0)}#c", f"{token(0)}#c"),
    ],
)
def test_decode_resolves_quotes_and_leaves_an_inline_comment_out(literal: str, text: str) -> None:
    assert DOTENV.decode(literal) == text


@settings(deadline=None)
@given(st.text("ab\"'\\n \n$", max_size=12), st.sampled_from("'\""))
def test_decode_reads_quotes_as_python_dotenv_does(text: str, quote: str) -> None:
    literal = f"{quote}{text}{quote}"
    value = dotenv_values(stream=io.StringIO(f"A={literal}"), interpolate=False).get("A")
    if value is not None and found(f"A={literal}") == [("A", literal)]:
        assert DOTENV.decode(literal) == value


@pytest.mark.parametrize("quote", ["", "'", '"', "`"])
def test_a_token_is_found_in_any_quotes(quote: str) -> None:
    match = DOTENV.sealed_value.search(f"A={quote}{token(0)}{quote}\n")
    assert match is not None
    assert (match[0], match["token"]) == (f"{quote}{token(0)}{quote}", token(0))


def test_quotes_that_do_not_belong_together_are_no_part_of_a_token() -> None:
    match = DOTENV.sealed_value.search(f"A=\"{token(0)}'")
    assert match is not None
    assert match[0] == token(0)


@pytest.mark.parametrize(
    ("comment", "values", "always"),
    [
        ("A=secret", ["secret"], True),
        (" export A=secret", ["secret"], True),
        ("# # A=secret", ["secret"], True),
        (" A = 'sec ret' # note", ["'sec ret'"], True),
        (" 'A'=secret", ["secret"], True),
        (" A=secret # note", ["secret # note"], True),
        (" A: secret", ["secret"], True),
        (" A: =secret", ["=secret"], True),
        (" A: some words", ["some words"], True),
        (" A=", [], False),
        (" A:", [], False),
        (" export A", [], False),
        (" set FOO=1 to enable it", [], False),
        (" a sentence: with a colon", [], False),
        (" https://host/?a=b", [], False),
        (" ==== section ====", [], False),
        (" ---=---", [], False),
        ("", [], False),
        (f" {token(0)}", [], False),
        (f" A={token(0)}", [token(0)], False),
        (f" A='{token(0)}' # note", [f"'{token(0)}'"], False),
    ],
)
def test_a_commented_assignment_is_sealed_and_prose_is_not(
    comment: str, values: list[str], always: bool
) -> None:
    spans = DOTENV.commented(comment).values
    assert [comment[start:end] for start, end, _ in spans] == values
    assert [steps(path) for *_, path in spans] == [["A"]] * len(values)
    assert reads_as_entry(comment) is always


@pytest.mark.parametrize("comment", [" note: all of it", " TODO: 1", " See: docs", "see: 'docs'"])
def test_a_label_in_front_of_prose_is_not_a_key(comment: str) -> None:
    assert not reads_as_entry(comment)


def test_a_label_in_front_of_an_equals_sign_is_a_key() -> None:
    assert reads_as_entry(" note=all of it")


@pytest.mark.parametrize(
    ("comment", "opens"),
    [
        ("A='x", "'"),
        (' A="x\\" # y', '"'),
        ("A=`x", "`"),
        ("A='x' # it's", ""),
        ("A=x\\", "\\"),
        ("A=x\\\\", ""),
        (" A=-----BEGIN X-----", "-----END "),
        (' A="-----BEGIN X-----', '"'),
        (" -----BEGIN X-----", "-----END "),
        ("A=-----BEGIN X----- -----END X-----", ""),
        (" it's prose", ""),
    ],
)
def test_what_a_commented_assignment_leaves_open(comment: str, opens: str) -> None:
    assert DOTENV.commented(comment).opens == opens
