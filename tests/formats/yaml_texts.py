"""Made-up YAML: documents written in every style there is, and such texts damaged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from hypothesis import strategies as st

_FLOW_PLAIN = ["word", "two words", "1", "-1.5e3", "~", "null", "true", "it's", "a#b", "-x", "="]
_FLOW_PLAIN += ["http://x/y?z=1#f", "a:b", "é", "😀", "\xa0x", "2001-12-14", "12:30:45", "$E", "<<"]
_PLAIN = [*_FLOW_PLAIN, "?x", ":x", "a, b]}"]
_KEYS = ["key", "a", "b c", "1", "<<", "x.y", "'q #k'", '"d:\\u0041 #"', "é", "~"]
_ENDS = ["", "", "", " ", "  # note", " #", " # a: b 'c\" # d", "\t", "\t# tab"]
_blanks = st.sampled_from([" ", " ", " ", " ", " ", "  ", "   ", "\t"])
_NAMES = ["a", *(f"{sign}-{number}_x" for sign in "bcd" for number in range(10))]


@dataclass
class _State:
    """What a document has so far that aliases can mean."""

    values: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


quoted = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(
    lambda text: json.dumps(text, ensure_ascii=max(text, default="") < "\uffff")
)
single = st.text("ab '\"\\#:,é", max_size=10).map(lambda text: "'" + text.replace("'", "''") + "'")


@st.composite
def _properties(draw: st.DrawFn, state: _State, anchor_to: list[str] | None) -> str:
    """Return tag and anchor in any order, mostly neither."""
    found = []
    if draw(st.integers(0, 5)) == 0:
        found.append(draw(st.sampled_from(["!!str", "!t", "!", "!<tag:x,1:y>"])))
    if anchor_to is not None and draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from(_NAMES))
        for names in (state.values, state.keys):
            if name in names:
                names.remove(name)
        anchor_to.append(name)
        found.insert(draw(st.integers(0, len(found))), f"&{name}")
    return "".join(f"{one}{draw(_blanks)}" for one in found)


@st.composite
def _flow(draw: st.DrawFn, state: _State, depth: int) -> str:
    """Return a value in flow style."""
    gap = st.sampled_from(["", "", " ", "\n   ", " # in flow\n   "])
    kind = draw(st.integers(0, 6 if depth else 3))
    if kind == 3 and state.values:
        return "*" + draw(st.sampled_from(state.values)) + " "
    if kind <= 3:
        properties = draw(_properties(state, state.values))
        return properties + draw(st.one_of(st.sampled_from(_FLOW_PLAIN), quoted, single))
    items = draw(st.lists(st.integers(0, 2), max_size=3))
    if kind == 4:
        inner = [draw(gap) + draw(_flow(state, depth - 1)) + draw(gap) for _ in items]
        return "[" + ",".join(inner) + "]"
    inner = []
    for form in items:
        key = draw(st.sampled_from(_KEYS))
        colon = "" if form == 0 else ": " + draw(_flow(state, depth - 1))
        inner.append(draw(gap) + key + colon + draw(gap))
    return "{" + ",".join(inner) + "}"


@st.composite
def _block_scalar(draw: st.DrawFn, indent: int) -> str:
    """Return a block scalar below *indent*: header, lines, line end."""
    own = draw(st.integers(1, 3))
    lines = draw(st.lists(st.sampled_from(["text", "# no comment", "a: b", "  more", "", "\tx"])))
    first = next((line for line in lines if line), "")
    explicit = draw(st.booleans()) or first.startswith((" ", "\t"))
    if explicit and draw(st.booleans()):
        lines = [f" {line}" for line in lines]
    header = draw(st.sampled_from("|>"))
    signs = [str(own) if explicit else "", draw(st.sampled_from(["", "-", "+"]))]
    header += "".join(signs if draw(st.booleans()) else signs[::-1])
    pad = " " * (indent + own)
    source = [header + draw(st.sampled_from(["", " ", " # of the header"]))]
    source += [pad + line if line else draw(st.sampled_from(["", " "])) for line in lines]
    tails = ["", " ", pad, pad + " "] + ([pad + "  \t"] if lines else [])
    return "\n".join([*source, *draw(st.lists(st.sampled_from(tails), max_size=2))])


@st.composite
def _many_lines(draw: st.DrawFn, indent: int) -> str:
    """Return a plain or quoted scalar of several lines."""
    pad = "\n" + " " * (indent + 1)
    return draw(
        st.sampled_from(
            [
                f"plain{pad}on#no{pad}{pad}and on",
                f'"double{pad}\\"on\\"\\{pad}{pad}\\x41"',
                f"'single{pad}''on'' # no{pad}x: y'",
                f'"tab{pad}\t in front"',
            ]
        )
    )


@st.composite
def _node(draw: st.DrawFn, state: _State, indent: int, depth: int) -> str:
    """Return what follows ``key:`` or ``-`` that stand at *indent*, with the last line end."""
    end = draw(st.sampled_from(_ENDS)) + "\n"
    kind = draw(st.integers(0, 9 if depth else 6))
    gap = draw(st.one_of(_blanks, _blanks, st.just(f"\n\n{' ' * (indent + 1)}")))
    if kind == 0:
        return end
    if kind == 1 and state.values:
        return f"{gap}*{draw(st.sampled_from(state.values))}{end}"
    if kind == 6:
        return f"{gap}{draw(_flow(state, 2))}{end}"
    if kind <= 5:
        properties = draw(_properties(state, state.values))
        if kind == 5:
            return f"{gap}{properties}{draw(_block_scalar(indent))}\n"
        one_line = st.one_of(st.sampled_from(_PLAIN), quoted, single)
        source = draw(_many_lines(indent) if kind == 4 else one_line)
        return f"{gap}{properties}{source}{end}"
    # A collection with the tag of a scalar is refused.
    properties = draw(_properties(state, state.values)).rstrip(" \t").replace("!!str", "!t")
    start = f" {properties}" if properties else ""
    inner = indent + draw(st.integers(1, 3))
    collection = _sequence if kind == 7 else _mapping
    return f"{start}{end}{draw(collection(state, inner, depth - 1))}"


_between = st.sampled_from(["", "", "", "\n", "   \n", "# between\n", "      # far in\n"])


@st.composite
def _sequence(draw: st.DrawFn, state: _State, indent: int, depth: int) -> str:
    pad = " " * indent
    return "".join(
        f"{draw(_between)}{pad}-{draw(_node(state, indent, depth))}"
        for _ in range(draw(st.integers(1, 3)))
    )


@st.composite
def _mapping(draw: st.DrawFn, state: _State, indent: int, depth: int) -> str:
    pad = " " * indent
    entries = []
    for _ in range(draw(st.integers(1, 4))):
        before = draw(_between) + pad
        names: list[str] = []
        if state.keys and draw(st.integers(0, 7)) == 0:
            key = f"*{draw(st.sampled_from(state.keys))} "
        else:
            key = draw(_properties(state, names)) + draw(st.sampled_from(_KEYS))
        state.keys += names
        if draw(st.integers(0, 7)) == 0:
            key = f"? {key}{draw(st.sampled_from(_ENDS))}\n{pad}"
        entries.append(f"{before}{key}:{draw(_node(state, indent, depth))}")
    return "".join(entries)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return some documents: nearly all of them valid."""
    documents = []
    for number in range(draw(st.integers(1, 2))):
        state = _State()
        kind = draw(st.integers(0, 5))
        if kind == 0:
            body = draw(_flow(state, 3)) + "\n"
        elif kind == 1:
            body = draw(_sequence(state, 0, 3))
        else:
            body = draw(_mapping(state, 0, 3))
        starts = ["---\n", "--- # doc\n", "...\n---\n", "...\n# x\n%TAG !e! tag:e,1:\n---\n"]
        documents.append((draw(st.sampled_from(starts)) if number else "") + body)
    text = "".join(documents)
    text = draw(st.sampled_from([text, text, text.rstrip("\n")]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))


_SIGNS = [*"-?:,[]{}#&*!|>'\"%@` \n\t\r\\~<=xé\x85\u2028\ufeff\x01"]
_SIGNS += [
    ": ",
    "- ",
    " #",
    "\n\n",
    "\n  ",
    "\n    ",
    "---",
    "...",
    "&a ",
    "*a ",
    "!t ",
    "|2",
    ">-",
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Return a text with some signs put in, taken out or doubled."""
    text = draw(texts())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            text = text[:at] + text[at + draw(st.integers(1, 4)) :]
        elif kind == 1:
            text = text[:at] + text[max(0, at - draw(st.integers(1, 20))) :]
        else:
            text = text[:at] + draw(st.sampled_from(_SIGNS)) + text[at:]
    return text.lstrip("\ufeff")


signs = st.lists(st.sampled_from([*_SIGNS, "a", "b", "k: v\n"]), max_size=14).map(
    lambda found: "".join(found).lstrip("\ufeff")
)
"""Texts of nothing but YAML's signs: nearly all of them invalid."""


_EDGES = [*" :#-?\"'\\&*!|>%@`[]{},~<=.$(;^+/_0aZ\n\t\r\x00\x1b\x7f"]
_EDGES += [*"\x80\x85\xa0\xa1é\u2027\u2028\u2029\u202a\ud7ff\ue000\ufdd0\ufeff\ufffd\ufffe\uffff"]
_EDGES += ["\U00010000", "\U0001f600", "\U0001ffff", "\U0010ffff", ": ", " #", "''", '\\"', "\\x41"]
_EDGES += ["---", "...", "<<", "- ", "? ", "|-", ">+", "|2", "\n\n", "\n  ", "  \n", "  # c"]
_edge = st.sampled_from(_EDGES)
_plain = st.sampled_from(
    [
        "a",
        "b c",
        "x:y",
        "a#b",
        "1",
        "-1",
        "-x",
        "/x/",
        "true",
        "~x",
        "é",
        "\\",
        "a, b",
        "it's",
        "<",
        "x ? y",
    ]
)
_odd = st.lists(st.one_of(_plain, _edge), min_size=1, max_size=3).map("".join)
_plain_list = st.lists(st.sampled_from(["a", "1", "a-b", '"b"', "'c, d'", "/x"]), max_size=3)
_odd_list = st.lists(st.sampled_from(["a", "x:y", "", "é", "b c", "-", "{}", '"']), max_size=2)
_flat = st.sampled_from(["a", "a: b", "# x", "-", "x  ", " deeper", "é", "'"])
_below = st.sampled_from(["", "", " ", "   "])


@st.composite
def _plain_value(draw: st.DrawFn, indent: int, is_odd: bool) -> str:
    """Return a scalar on one line, a block scalar or a list; with *is_odd*, perhaps another one."""
    words = draw(_odd if is_odd else _plain)
    kind = draw(st.integers(0, 8))
    if kind <= 3:
        return words
    if kind == 4:
        return '"' + (words if is_odd else words.replace("\\", "\\\\")) + '"'
    if kind == 5:
        return "'" + words.replace("'", "''") + "'"
    if kind == 6:
        return (
            "["
            + draw(st.sampled_from([", ", ","])).join(draw(_odd_list if is_odd else _plain_list))
            + "]"
        )
    if kind == 7:
        odd = ["{ }", "{a: b}", "[[]]", "!t a", "&a b", "*a", "- a", "? a", "| ", "|1", "a: b"]
        return draw(st.sampled_from(odd if is_odd else ["{}", "[]", "null"]))
    header = draw(st.sampled_from(["|", ">", "|-", ">-", "|+", ">+"]))
    pad = " " * (indent + draw(st.sampled_from([-1, 0, 1, 3] if is_odd else [3, 4])))
    lines = [pad + draw(_odd if is_odd else st.sampled_from(["a", "# x", "- b:", "'"]))]
    lines += [
        draw(st.one_of(_below, _flat.map(lambda line: pad + line)))
        for _ in range(draw(st.integers(0, 3)))
    ]
    return "\n".join([header, *lines])


@st.composite
def nearly_plain(draw: st.DrawFn) -> str:
    """Return a text of the lines that are read without a parser, mostly with something odd in it."""
    lines: list[str] = []
    indents = [0]
    odd_line = draw(st.integers(-3, 5))
    for number in range(draw(st.integers(1, 6))):
        is_odd = number == odd_line
        before = draw(st.sampled_from(["", "", "", "", "\n", "# c\n", "   # far\n", "  \n"]))
        if is_odd:
            indents = [draw(st.integers(0, 5))]
            before = draw(
                st.sampled_from(["---\n", "...\n", "%A b\n", " x\n", "- \n", "\t\n", before])
            )
        else:
            indents = indents[: draw(st.integers(1, len(indents)))]
        indent = indents[-1]
        dashes = ["- - ", "-  ", "-", "? "] if is_odd else ["", "", "- "]
        dash = draw(st.sampled_from(dashes))
        keys = (
            ["a b", "<<", "é", "-a", '"q"', "'q'", "", "x" * 101, "a :"]
            if is_odd
            else ["a", "a.b", "0-/_x", "x" * 100]
        )
        key = draw(st.sampled_from(keys)) + (
            draw(st.sampled_from([":", " :", ""])) if is_odd else ":"
        )
        if not is_odd and dash and draw(st.booleans()):
            key = ""
        value = (
            ""
            if key and draw(st.integers(0, 2)) == 0
            else draw(_plain_value(indent + len(dash), is_odd))
        )
        gap = (
            draw(st.sampled_from([" ", " ", "  ", "" if is_odd else " "])) if value and key else ""
        )
        end = draw(
            st.sampled_from(
                ["", "", "", " ", "  # c", " #"] if not is_odd else ["#c", ": x", ":", " # é: '"]
            )
        )
        lines.append(f"{before}{' ' * indent}{dash}{key}{gap}{value}{end}\n")
        if dash and key and not is_odd:
            indents.append(indent + 2)
        if not value:
            indents.append(indents[-1] + draw(st.integers(0, 3)))
    text = draw(st.sampled_from(["", "", "", "---\n"])) + "".join(lines)
    for _ in range(draw(st.sampled_from([0, 0, 1]))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(_edge) + text[at + draw(st.integers(0, 1)) :]
    return draw(st.sampled_from([text, text.removesuffix("\n")])).lstrip("\ufeff")
