"""Generated files whose keys and values have special characters and blanks at every edge."""

from __future__ import annotations

import json

from documents import ENV, INI, JSON, NDJSON, PROPERTIES, TFVARS, TOML, XML, YAML
from hypothesis import strategies as st

SIGNS = "&*!|>%@?:#'\"`-,[]{}=<~\\$"
BLANKS = " \t\xa0\x85\u2028\u3000\ufeff"

edges = st.text(SIGNS + BLANKS + "ab1é", max_size=6)
"""Anything at all, mostly signs."""
words = st.tuples(
    st.sampled_from("abR1é"), edges, st.sampled_from(["", "&", "&b", ":", "#", "x"])
).map("".join)
"""What begins like a plain scalar, and goes on as anything."""
comments = st.sampled_from(
    ["", "", " # note", "  # R&D", "\t\t# see &x", "    # a: b &y", " #", "   #&x", " # &x\t", "#x"]
)


def _in_single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _in_double(text: str) -> str:
    return json.dumps(text, ensure_ascii=any(sign in text for sign in "\x85\u2028\ufeff"))


_scalars = st.one_of(words, words, edges.map(_in_single), edges.map(_in_double), edges)
_properties = st.sampled_from(
    ["", "", "", "", "&x ", "!t ", "!!str &y\t", "&z !u ", "&x\n  ", "&x # c\n  "]
)
_blocks = st.tuples(
    st.sampled_from(["|", ">", "|-", "|+", ">2", "| # R&D", "|\t"]),
    st.lists(st.tuples(st.sampled_from(["  ", "   ", "  \t"]), edges).map("".join), max_size=3),
).map(lambda parts: "\n".join([parts[0], *parts[1]]))


@st.composite
def yaml_lines(draw: st.DrawFn) -> str:
    """Return one or more entries of a mapping or a list."""
    key, value = draw(_scalars), draw(_properties) + draw(st.one_of(_scalars, _scalars, _blocks))
    gap = draw(st.sampled_from([" ", "  ", "\t", " \t ", "\n  ", " # &x\n  "]))
    end = draw(st.sampled_from(["", "", " ", "\t"])) + draw(comments)
    form = draw(st.integers(0, 8))
    if form == 0:
        return f"? {draw(_properties)}{key}{end}\n:{gap}{value}{end}\n"
    if form == 1:
        return f"-{gap}{value}{end}\n-{gap}{key}: {draw(_scalars)}\n"
    if form == 2:
        return (
            f"{draw(words)}: {{{key}:{gap}{value}, {draw(_scalars)}: {draw(_scalars)}{end}\n  }}\n"
        )
    if form == 3:
        return f"{draw(words)}: [{value},{gap}{key}{end}\n  ]{end}\n"
    if form == 4:
        return f"{draw(words)}:{gap}*x{end}\n"
    if form == 5:
        return draw(
            st.sampled_from(["---\n", "--- # &x\n", "...\n---\n", "# R&D\n", "\n", " \t\n"])
        )
    return f"{draw(_properties)}{key}:{gap}{value}{end}\n"


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """Return an object, possibly with comments wherever they are allowed."""
    about = st.sampled_from(
        ["", "", " ", "  // R&D\n", "\t/* &x */", "   // x: 1\n", " /**/ ", "\r\n"]
    )
    with_comments = draw(st.booleans())
    gap = about if with_comments else st.sampled_from(["", " ", "\t", "\r\n", "\r"])
    values = st.one_of(
        edges.map(json.dumps), edges.map(_in_double), st.sampled_from(["1", "null", "-0.5"])
    )
    entries = draw(st.lists(st.tuples(edges.map(json.dumps), values), max_size=4))
    inner = ",".join(
        f"{draw(gap)}{key}{draw(gap)}:{draw(gap)}{value}{draw(gap)}" for key, value in entries
    )
    return f"{draw(gap)}{{{inner}}}{draw(gap)}"


@st.composite
def env_lines(draw: st.DrawFn) -> str:
    """Return an assignment, a comment, or something else."""
    quote = draw(st.sampled_from(["", "", "'", '"', "`"]))
    key = draw(st.sampled_from(["A", "export B", "c.d", "'R&D'", '"a b"', "e-f"]))
    sign = draw(st.sampled_from(["=", " = ", ": ", "=\t"]))
    value = f"{quote}{draw(edges)}{quote}"
    return (
        draw(st.sampled_from(["", "", "#", " # ", "\t"])) + f"{key}{sign}{value}{draw(comments)}\n"
    )


@st.composite
def line_entries(draw: st.DrawFn) -> str:
    """Return an entry of an INI or properties file, a section, a comment, or something else."""
    about = draw(st.sampled_from(["", "", "#", "; ", "!", "  ", "\t", "[s]\n", "[s] # x\n"]))
    sign = draw(st.sampled_from(["=", " = ", ": ", ":", " ", ""]))
    more = draw(st.sampled_from(["", "", "", "\n  ", "\\\n  ", "\\"])) + draw(edges)
    return f"{about}{draw(words)}{sign}{draw(edges)}{more}\n"


@st.composite
def tfvars_lines(draw: st.DrawFn) -> str:
    """Return an attribute, or a comment."""
    key = draw(st.sampled_from(["a", "b-c", "É"]))
    value = draw(
        st.one_of(
            edges.map(lambda text: json.dumps(text.replace("{", ""), ensure_ascii=False)),
            edges.map(lambda text: f"<<E\n{text}\nE"),
            st.sampled_from(["1", '[ "x" , # a\n 2 ]', "{ x = 1 }", "null"]),
        )
    )
    about = draw(st.sampled_from(["", "", "#", " // ", "\t", "/* x */ ", "/*"]))
    sign = draw(st.sampled_from(["=", " = ", "\t=\t"]))
    return f"{about}{key}{sign}{value}{draw(comments)}\n"


@st.composite
def ndjson_lines(draw: st.DrawFn) -> str:
    """Return a line with an object."""
    entries = draw(st.lists(st.tuples(edges.map(json.dumps), edges.map(_in_double)), max_size=3))
    gap = st.sampled_from(["", "", " ", "\t"])
    inner = ",".join(f"{draw(gap)}{key}:{draw(gap)}{value}" for key, value in entries)
    return f"{draw(gap)}{{{inner}}}{draw(gap)}\n"


@st.composite
def toml_lines(draw: st.DrawFn) -> str:
    """Return a pair, a header, or a comment."""
    key = draw(st.sampled_from(["a", "b.c", "'R&D'", '"a b"', "e-f"]))
    value = draw(
        st.one_of(
            edges.map(_in_double),
            edges.map(lambda text: "'" + text.replace("'", "") + "'"),
            edges.map(lambda text: "'''" + text + "\n'''"),
            st.sampled_from(["1", "[ 'x' , # a\n 2 ]", "{ x = 1 }", "07:32:00"]),
        )
    )
    about = draw(st.sampled_from(["", "", "#", " # ", "\t", "[t]\n", "[[l]]\n"]))
    sign = draw(st.sampled_from(["=", " = ", "\t=\t"]))
    return f"{about}{key}{sign}{value}{draw(comments)}\n"


@st.composite
def xml_lines(draw: st.DrawFn) -> str:
    """Return a document, perhaps with comments and blanks wherever they are allowed."""
    value = edges.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))
    about = st.sampled_from(["", "", " ", "\n", "<!--x-->", '<!-- a="R&D" -->', "<!--\u2028-->"])
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        quote = draw(st.sampled_from(["'", '"']))
        source = draw(value).replace(quote, "")
        name = draw(st.sampled_from(["a", "b.c", "d:e", "é"]))
        text = draw(value | edges.map(lambda text: f"<![CDATA[{text}]]>"))
        parts.append(f"<{name} x{draw(st.sampled_from(['=', ' = ']))}{quote}{source}{quote}>{text}")
        parts.append(f"{draw(about)}</{name}>{draw(about)}")
    return f"{draw(about)}<a>{draw(about)}{''.join(parts)}</a>{draw(about)}"


def files(path: str) -> st.SearchStrategy[bytes]:
    """Return a strategy for files in the format of *path*; not all of them parse."""
    made = {
        PROPERTIES: line_entries,
        INI: line_entries,
        YAML: yaml_lines,
        ENV: env_lines,
        JSON: json_texts,
        TFVARS: tfvars_lines,
        TOML: toml_lines,
        NDJSON: ndjson_lines,
        XML: xml_lines,
    }
    lines = made[path]()
    bodies = st.lists(lines, min_size=1, max_size=1 if path in (JSON, XML) else 5).map("".join)
    frames = st.tuples(
        st.sampled_from(["", "", "\ufeff", "\ufeff\ufeff"]),
        bodies,
        st.sampled_from(["\n", "\n", "\r\n", "\r"]),
        st.sampled_from(["", "", "\n", " ", "\t\n", "\x85"]),
    )
    return frames.map(lambda one: (one[0] + one[1].replace("\n", one[2]) + one[3]).encode())
