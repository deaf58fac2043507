"""Helpers for the tests of documents: keys in memory, short functions to seal and open, generated texts."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from sealedfiles.errors import NoKeyError
from sealedfiles.model import paths
from sealedfiles.model.policy import parse_policy
from sealedfiles.model.token import TOKEN, VALUE, FileKey, file_id, key_id, split
from sealedfiles.sealing import describe_file, open_file
from sealedfiles.sealing.file import structured_text
from sealedfiles.sealing.reseal import move_file
from sealedfiles.sealing.seal import seal_file

if TYPE_CHECKING:
    from sealedfiles.model.policy import FileRules
    from sealedfiles.sealing import File, Opened

YAML, JSON, ENV, WHOLE = "conf/app.yaml", "conf/app.json", "conf/.env", "conf/store.p12"
STRUCTURED = (YAML, JSON, ENV)
TOML, NDJSON = "conf/app.toml", "conf/app.ndjson"
PROPERTIES, INI, TFVARS = "conf/app.properties", "conf/app.ini", "conf/app.tfvars"
XML = "conf/app.xml"
LATER = (TOML, NDJSON, PROPERTIES, INI, TFVARS, XML)
"""Formats that were added later: tests of generated texts draw one of them for each text."""
ANY_LATER = "a later format"
EVERY = (*STRUCTURED, *LATER)
BARE = (ENV, PROPERTIES, INI, XML)
"""Formats in which a token has no quotes."""


def drawn(path: str, data: st.DataObject) -> str:
    """Return *path*; for ANY_LATER, the path of one of these formats."""
    return data.draw(st.sampled_from(LATER)) if path == ANY_LATER else path


class Keyring:
    """The keys of some groups, derived from their names; the last epoch of a group is current."""

    def __init__(self, **ages: int) -> None:
        self._secrets = {
            (group, age): hashlib.sha256(f"{group} {age}".encode()).digest()
            for group, last in ages.items()
            for age in range(last + 1)
        }
        self._current = {group: self._secrets[group, last] for group, last in ages.items()}
        self._by_id = {(g, key_id(secret)): secret for (g, _), secret in self._secrets.items()}
        self._file_keys: dict[str, FileKey | None] = {}
        self.asked: list[str] = []
        """Every prefix that a key was asked for."""

    def for_prefix(self, prefix: str) -> FileKey | None:
        self.asked.append(prefix)
        if prefix not in self._file_keys:
            _, group, id_of_key, id_of_file, _ = split(prefix)
            secret = self._by_id.get((group, id_of_key))
            self._file_keys[prefix] = FileKey(group, secret, id_of_file) if secret else None
        return self._file_keys[prefix]

    def sealing_key(self, group: str, id_of_file: str) -> FileKey:
        if group not in self._current:
            raise NoKeyError(f"no key for the group {group} is available", "ask somebody")
        prefix = f"sealed:v1:{group}:{key_id(self._current[group])}:{id_of_file}:"
        key = self.for_prefix(prefix)
        assert key is not None
        return key

    def holds(self, group: str) -> bool:
        return group in self._current


ALL = Keyring(default=0, production=0, ops=0)
DEFAULT = Keyring(default=0)
NOBODY = Keyring()


def described(path: str, policy: str = "") -> tuple[File, FileRules]:
    """Return how *policy* (the lines of its rules) seals the file at *path*."""
    rules = "".join(f"  - {line}\n" for line in policy.split("\n") if line) or "  []\n"
    parsed = parse_policy(f"version: 1\nrules:\n{rules}".encode()).for_file(path)
    return describe_file(path.encode(), parsed.format), parsed


def seal(
    path: str, data: bytes | str, *previous: bytes | str, policy: str = "", keys: Keyring = ALL
) -> bytes:
    """Return *data* as git would store it."""
    file, rules = described(path, policy)
    return seal_file(_bytes(data), [_bytes(one) for one in previous], file, rules, keys)


def opened(path: str, data: bytes | str, policy: str = "", keys: Keyring = ALL) -> Opened:
    """Decrypt *data*; return the result with its problems."""
    return open_file(_bytes(data), described(path, policy)[0], keys)


def unseal(path: str, data: bytes | str, policy: str = "", keys: Keyring = ALL) -> bytes:
    """Return *data* as in a working tree."""
    return opened(path, data, policy, keys).data


def move(path: str, data: bytes | str, policy: str = "", keys: Keyring = ALL) -> bytes:
    """Return the sealed *data* as `track` would rewrite it for the new *policy*."""
    file, rules = described(path, policy)
    return move_file(_bytes(data), file, rules, keys)


def mint(
    path: str,
    key_path: bytes,
    literal: str | bytes,
    kind: int = VALUE,
    occurrence: int = 0,
    group: str = "default",
    keys: Keyring = ALL,
) -> str:
    """Create a token as a malicious reader of *group* could: any literal for any place."""
    key = keys.sealing_key(group, file_id(path.encode()))
    return key.seal(kind, occurrence, key.path_tag(key_path), _bytes(literal))


def at(*steps: str | None) -> bytes:
    """Return an encoded key path; None is a list item."""
    return b"".join(paths.ITEM if step is None else paths.key_step(step) for step in steps)


def tokens(data: bytes | str) -> list[str]:
    """Return the tokens in *data*, in order."""
    return TOKEN.findall(_bytes(data).decode("utf-8", "replace"))


def groups(data: bytes | str) -> list[str]:
    """Return the group of every token in *data*, in order."""
    return [split(token).group for token in tokens(data)]


def contents(path: str, data: bytes | str, policy: str = "") -> list[tuple[bytes, str]]:
    """Return the key path and the source text of every value in *data*."""
    file, _ = described(path, policy)
    structured = structured_text(_bytes(data))
    assert file.format is not None
    assert structured is not None
    text = structured[1]
    return [(path, text[start:end]) for start, end, path in file.format.scan(text).values]


def reasons(result: Opened) -> list[tuple[str, int, str]]:
    """Return the reason why each token stays sealed, with its line and key."""
    return [(problem.reason, problem.line, problem.key) for problem in result.problems]


def _bytes(data: bytes | str) -> bytes:
    return data if isinstance(data, bytes) else data.encode()


# Made-up texts

FRAGMENTS = {
    YAML: [
        *(
            "a",
            "bc",
            "key",
            "'q'",
            '"d"',
            "1",
            "true",
            "~",
            "&x ",
            "*x",
            "!!str ",
            "!t ",
            "- ",
            "? ",
        ),
        *(": ", ":", ", ", "[", "]", "{", "}", "|", ">-", "|2+", "#", " # ", "\n", "\n", "\n  "),
        *(
            "\r\n",
            "\r",
            "\t",
            " ",
            "  ",
            "---\n",
            "...\n",
            "%YAML 1.2\n",
            "<<: *x\n",
            "\\",
            "'",
            '"',
        ),
        *("é", "\x85", "\u2028", "\ufeff", "\U0001f600", "\x00", "<<<<<<< a\n", "=======\n"),
        *(
            "||||||| b\n",
            ">>>>>>> c\n",
            "password: hunter22\n",
            "# password: hunter22\n",
            "hunter22",
        ),
    ],
    JSON: [
        *(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            '"a"',
            '"b"',
            '"é\\n\\ud800"',
            "1",
            "-0.5e3",
            "true",
            "null",
        ),
        *(
            "NaN",
            " ",
            "\n",
            "\t",
            "\r",
            '"',
            "\\",
            "'",
            "{}",
            "[]",
            '"":',
            '{"a":1}',
            "#",
            "\ufeff",
        ),
        *("<<<<<<< a\n", "=======\n", "||||||| b\n", ">>>>>>> c\n", "\x00"),
    ],
    ENV: [
        *(
            "A",
            "KEY",
            "=",
            ": ",
            "export ",
            "'",
            '"',
            "`",
            "#",
            " # ",
            "\\",
            "\n",
            "\n",
            "\r\n",
            "\r",
        ),
        *(
            " ",
            "\t",
            "x",
            "$V",
            "${V}",
            "-----BEGIN X-----\n",
            "-----END X-----\n",
            "YWJj",
            "==",
            "é",
        ),
        *("\ufeff", "\x85", "\x0b", "A=secret99\n", "#A=secret99\n", "<<<<<<< a\n", "=======\n"),
        *(">>>>>>> c\n", "||||||| b\n"),
    ],
    TOML: [
        *("a", "b.c", '"d"', " = ", "=", "1", '"x"', "'y'", "[", "]", "{", "}", ", ", "#", " # "),
        *(
            "\n",
            "\n",
            "\r\n",
            "\r",
            "[a]\n",
            "[[a]]\n",
            '"""',
            "'''",
            "\\",
            "\\u0073",
            "1979-05-27",
            "é",
        ),
        *(
            'pw = "hunter22"\n',
            '#pw = "hunter22"\n',
            "\t",
            "\ufeff",
            "\x85",
            "\u2028",
            "\x00",
            "true",
        ),
        *("<<<<<<< a\n", "=======\n", "||||||| b\n", ">>>>>>> c\n"),
    ],
    PROPERTIES: [
        *(
            "a",
            "b.c",
            "=",
            " = ",
            ":",
            " ",
            "\t",
            "\f",
            "\\",
            "\\\\",
            "\\u00e9",
            "\\u",
            "#",
            "!",
            "\n",
            "\n",
            "\r\n",
            "\r",
        ),
        *(
            "x",
            "é",
            "pw=hunter22\n",
            "# pw=hunter22\n",
            "YWJj",
            "==",
            "\ufeff",
            "\x85",
            "\u2028",
            "\x00",
        ),
        *("<<<<<<< a\n", "=======\n", "||||||| b\n", ">>>>>>> c\n"),
    ],
    INI: [
        *(
            "a",
            "b c",
            "=",
            " = ",
            ": ",
            "  ",
            "\t",
            "[s]",
            "[",
            "]",
            "#",
            ";",
            " ; ",
            "\n",
            "\n",
            "\n  ",
            "\r\n",
            "\r",
        ),
        *(
            "x",
            "é",
            "'",
            '"',
            "pw = hunter22\n",
            "; pw = hunter22\n",
            "YWJj",
            "==",
            "\ufeff",
            "\x85",
            "\u2028",
        ),
        *("\x00", "%(a)s", "<<<<<<< a\n", "=======\n", "||||||| b\n", ">>>>>>> c\n"),
    ],
    TFVARS: [
        *(
            "a",
            "b-c",
            " = ",
            "=",
            " : ",
            "1",
            '"x"',
            '"${y}"',
            '"',
            "[",
            "]",
            "{",
            "}",
            ", ",
            ",",
            "#",
            " # ",
            "// x\n",
        ),
        *(
            "/* x */",
            "/*",
            "*/",
            "<<E\n",
            "<<-E\n",
            "E\n",
            "\n",
            "\n",
            "\r\n",
            "\r",
            "true",
            "null",
            "\\u0073",
            "é",
        ),
        *(
            'pw = "hunter22"\n',
            '#pw = "hunter22"\n',
            "\t",
            "\ufeff",
            "\u2028",
            "\x00",
            "<<<<<<< a\n",
        ),
        *("=======\n", "||||||| b\n", ">>>>>>> c\n"),
    ],
    NDJSON: [
        *(
            '{"a": 1}',
            '{"a": "x", "b": [true, null]}',
            '"x"',
            "1",
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            '"a"',
        ),
        *(
            "\n",
            "\n",
            "\r\n",
            "\r",
            " ",
            "\t",
            "// x",
            '"\\u00e9"',
            "\ufeff",
            "\x85",
            "\u2028",
            "\x00",
        ),
        *("<<<<<<< a\n", "=======\n", "||||||| b\n", ">>>>>>> c\n"),
    ],
    XML: [
        *("<a>", "</a>", "<b x='1'", ' y="2"', "/>", ">", "<a/>", "<", "&", "&lt;", "&#65;", "&x;"),
        *("<!-- c -->", '<!-- <a b="hunter22"/> -->', "<!--", "-->", "--", "<![CDATA[", "]]>"),
        *("<?x y?>", '<?xml version="1.0"?>', "<!DOCTYPE a>", '<!DOCTYPE a [<!ENTITY x "y">]>'),
        *("x", "hunter22", " ", "\n", "\r\n", "\r", "\t", "'", '"', "=", "é", "\ufeff", "\x85"),
        *("\u2028", "\x00", "<<<<<<< a\n", "=======\n", "||||||| b\n", ">>>>>>> c\n"),
    ],
    WHOLE: ["a", "\n", "\x00", "é"],
}
"""What a hostile mind, or a hasty one, puts one behind the other."""


def soups(path: str) -> st.SearchStrategy[bytes]:
    """Return a strategy for arbitrary content of a file at *path*, well-formed or not."""
    opened_tokens = st.lists(st.sampled_from(FRAGMENTS[path]), max_size=14).map("".join)
    return st.one_of(
        opened_tokens.map(str.encode),
        st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
        st.binary(max_size=60),
        st.tuples(texts(path).map(str.encode), st.binary(max_size=2)).map(b"".join),
    )


WORDS = st.text("abcdefgh", min_size=1, max_size=4)
SCALARS = st.one_of(
    st.text("abc xyz0189é:#'\"\\-,{}[]&*!|>%@`$=~\t\n\x07\u2028\U0001f600", max_size=12),
    st.integers(-5, 5),
    st.sampled_from([True, False, None, 0.5, "", "null", "hunter22", "-----BEGIN KEY-----\nab\n"]),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    text = json.dumps(draw(TREES), indent=indent, ensure_ascii=draw(st.booleans()))
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", "\n", "\r\n"]))


@st.composite
def yaml_texts(draw: st.DrawFn) -> str:
    """Return a tree as YAML with all features: styles, comments, anchors, documents."""
    documents = draw(st.lists(TREES, min_size=1, max_size=2))
    text = ""
    for number, tree in enumerate(documents):
        anchors: list[str] = []
        body = _yaml_node(draw, tree, 0, anchors, f"d{number}")
        text += ("---" if number or draw(st.booleans()) else "") + body
        text += draw(st.sampled_from(["", "", "\n# the end\n", "\n...\n" if number else "\n"]))
        text += "" if text.endswith("\n") else "\n"
    if draw(st.booleans()):
        text = text.rstrip("\n")
    ending = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return draw(st.sampled_from(["", "", "\ufeff"])) + text.replace("\n", ending)


def _yaml_node(draw: st.DrawFn, node: object, depth: int, anchors: list[str], name: str) -> str:
    """Return the source of *node* after the ``:`` or ``-``."""
    indent = "  " * depth
    if isinstance(node, (dict, list)) and node and draw(st.integers(0, 4)):
        lines = ""
        entries = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in entries:
            if draw(st.integers(0, 5)) == 0:
                about = draw(
                    st.sampled_from(["note", "a: b", f"{key}: hunter22", "hunter22 was it"])
                )
                lines += f"\n{indent}# {about}"
            head = f"{key}:" if isinstance(node, dict) else "-"
            if anchors and draw(st.integers(0, 6)) == 0:
                lines += f"\n{indent}{head} *{draw(st.sampled_from(anchors))}"
                continue
            inner = _yaml_node(draw, value, depth + 1, anchors, f"{name}{key}")
            lines += f"\n{indent}{head}{inner}"
        return lines
    anchor = ""
    if draw(st.integers(0, 6)) == 0:
        anchor = f" &{name}"
        anchors.append(name)
    if isinstance(node, (dict, list)):
        return f"{anchor} {json.dumps(node, ensure_ascii=False)}"
    if node is None and draw(st.booleans()):
        return anchor
    if isinstance(node, str):
        return anchor + _yaml_string(draw, node, "  " * max(depth, 1))
    comment = draw(st.sampled_from(["", "  # it is so"]))
    return f"{anchor} {json.dumps(node)}{comment}"


def _yaml_string(draw: st.DrawFn, text: str, indent: str) -> str:
    style = draw(st.sampled_from(["double", "single", "plain", "literal", "folded"]))
    printable = all(char.isprintable() or char == "\n" for char in text)
    if style == "plain" and text.isalnum():
        return f" {text}"
    if style == "single" and printable and "\n" not in text:
        return " '" + text.replace("'", "''") + "'"
    lines = text.split("\n")
    if style in ("literal", "folded") and printable and lines[0][:1].isalnum():
        header = ("|" if style == "literal" else ">") + draw(st.sampled_from(["", "-", "+"]))
        return f" {header}" + "".join(f"\n{indent}{line}" if line else "\n" for line in lines)
    return f" {json.dumps(text, ensure_ascii=not printable)}"


@st.composite
def env_texts(draw: st.DrawFn) -> str:
    lines = []
    for _ in range(draw(st.integers(0, 6))):
        key = draw(st.sampled_from(["A", "DB_URL", "export TOKEN", "x.y-z"]))
        value = draw(
            st.one_of(
                st.text("abc$ {}#=:/é\\", max_size=10),
                st.text("abc$ {}#=:/é\n", max_size=10).map(lambda text: f'"{text}"'),
                st.text('ab"$#', max_size=10).map(lambda text: f"'{text}' # why"),
                st.sampled_from(["", '""', "-----BEGIN K-----\nYWJj\n-----END K-----", "hunter22"]),
            )
        )
        about = st.sampled_from(["", "# note", f"#{key}=hunter22", "  ", "# hunter22", "not one"])
        lines += [draw(about), f"{key}={value}"]
    ending = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    return ending.join(lines) + draw(st.sampled_from(["", ending]))


TOML_VALUES = st.one_of(
    st.text("abc xyz0189é:#'\\-,{}[]=\u2028", max_size=12).map(
        lambda text: json.dumps(text, ensure_ascii=False)
    ),
    st.text('ab "#\\=', max_size=8).map(lambda text: f"'{text}'"),
    st.text('ab"\n #=', max_size=8).map(lambda text: f"'''{text}'''"),
    st.sampled_from(["1", "-0.5", "true", "1979-05-27 07:32:00Z", "[]", "{}", "inf", '"hunter22"']),
    st.sampled_from(['"""\n a \\\n b"""', "[1, # one\n 'x',   # two\n]", "{ p = 'q', r.s = [2] }"]),
)


HCL_VALUES = st.one_of(
    st.text("abc xyz0é:#'/*,{}[]=\u2028", max_size=12).map(lambda text: f'"{text}"'),
    st.sampled_from(
        [
            "1",
            "-0.5e3",
            "true",
            "null",
            "[]",
            "{}",
            '"hunter22"',
            '"${a}$${b}%%{"',
            "<<E\n  x # y\n  E",
        ]
    ),
    st.sampled_from(["<<-E\n    a\n\n  b\n  E", '[1, # one\n "x",   # two\n]']),
    st.sampled_from(
        ['{ p = "q", r : [2] }', '{\n  p = "q"   // c\n  "r s" : 1,\n  t = { u = "v" }\n}']
    ),
)


@st.composite
def tfvars_texts(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(0, 5))):
        about = [
            "",
            "",
            "# note",
            '// pw = "hunter22"',
            "/* note */",
            '/* pw = "hunter22" */',
            "  ",
        ]
        key = draw(st.sampled_from(["a", "pw", "b-c", "É"]))
        end = draw(st.sampled_from(["", "", "   # why", "\t//x", "  /* x */"]))
        lines += [draw(st.sampled_from(about)), f"{key}{number} = {draw(HCL_VALUES)}{end}"]
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))


@st.composite
def properties_texts(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(0, 6))):
        key = draw(st.sampled_from(["a", "b.c", "d\\ e", "\\u00e9", "f\\:"]))
        value = draw(
            st.text("ab #=:é\t", max_size=8)
            | st.sampled_from(["x\\\n  y", "\\u0041\\n", "hunter22 ", ""])
        )
        about = draw(
            st.sampled_from(["", "# note", "!pw=hunter22", "#a: hunter22", "  ", "alone", "# x \\"])
        )
        lines += [about, f"{key}{number}{draw(st.sampled_from(['=', ' = ', ':', ' ']))}{value}"]
    return draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])).join(lines)


@st.composite
def ini_texts(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(0, 6))):
        key = draw(st.sampled_from(["a", "b c", "D-E", "f.g"]))
        value = draw(
            st.text("ab #;é\"'", max_size=8)
            | st.sampled_from(["x\n  y\n\n  z", "\n  # c\n  hunter22", "", "%(a)s"])
        )
        about = draw(
            st.sampled_from(
                [
                    "",
                    "# note",
                    ";pw=hunter22",
                    "  # a: hunter22",
                    "[s]",
                    f"[t {number}]  ; why",
                    "flag",
                ]
            )
        )
        lines += [about, f"{key}{number}{draw(st.sampled_from(['=', ' = ', ': ']))}{value}"]
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))


def ndjson_texts() -> st.SearchStrategy[str]:
    lines = st.lists(
        TREES.map(lambda tree: json.dumps(tree, ensure_ascii=False)) | st.just(""), max_size=4
    )
    return st.builds(
        lambda end, found: end.join(found), st.sampled_from(["\n", "\n", "\r\n"]), lines
    )


@st.composite
def toml_texts(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(0, 5))):
        about = [
            "",
            "",
            "# note",
            '# pw = "hunter22"',
            f"[t{number}]",
            "[[list]]",
            "  ",
            "# 'a', 'b',",
        ]
        key = draw(st.sampled_from(["a", "pw", '"x y".z', "b.c", "'q'"])) + str(number)
        key = f'"{number}"' if '"' in key or "'" in key else key
        end = draw(st.sampled_from(["", "", "   # why", "\t#x"]))
        lines += [draw(st.sampled_from(about)), f"{key} = {draw(TOML_VALUES)}{end}"]
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    return draw(st.sampled_from(["", "", "\ufeff"])) + text.replace(
        "\n", draw(st.sampled_from(["\n", "\n", "\r\n"]))
    )


XML_TEXTS = st.one_of(
    st.text("abc xyz0é:#'\"\\-,{}[]=\u2028\n\t>", max_size=12).map(
        lambda text: text.replace("]]>", "")
    ),
    st.sampled_from(
        [
            "hunter22",
            "&amp;&#x1F600;",
            "<![CDATA[ <a> & ]]>",
            " a <![CDATA[]]> b ",
            "]]&gt;",
            "x<!-- y -->z",
        ]
    ),
)
XML_COMMENTS = st.sampled_from(
    [
        "note",
        ' <a b="hunter22"/> ',
        " pw = hunter22",
        "<pw>hunter22</pw>",
        "",
        " ",
        "it is hunter22",
    ]
)


def xml_elements(depth: int = 3) -> st.SearchStrategy[str]:
    """Return a strategy for elements with attributes, texts, comments and other elements."""
    blanks = st.sampled_from(["", "", " ", "\n  ", "\t", "\n\n"])
    names = st.sampled_from(["a", "b", "c:d", "é", "e.f", "g-h_1"])
    parts = XML_TEXTS | XML_COMMENTS.map(lambda text: f"<!--{text}-->") | st.just("<?x y?>")
    if depth:
        parts |= xml_elements(depth - 1)

    @st.composite
    def element(draw: st.DrawFn) -> str:
        name = draw(names)
        tag = name
        for key in draw(st.lists(names | st.just("xmlns"), max_size=2, unique=True)):
            quote = draw(st.sampled_from("'\""))
            value = draw(st.text("ab é&\n\t>='\"", max_size=6)).replace("&", "&amp;")
            value = value.replace(quote, "&#34;" if quote == '"' else "&apos;")
            sign = draw(st.sampled_from(["=", " = ", "=\n"]))
            tag += f"{draw(st.sampled_from([' ', chr(10) + '  ']))}{key}{sign}{quote}{value}{quote}"
        if draw(st.integers(0, 4)) == 0:
            return f"<{tag}{draw(blanks)}/>"
        inner = "".join(
            draw(blanks) + part + draw(blanks) for part in draw(st.lists(parts, max_size=3))
        )
        return f"<{tag}>{inner}</{name}{draw(blanks)}>"

    return element()


@st.composite
def xml_texts(draw: st.DrawFn) -> str:
    declared = draw(
        st.sampled_from(["", '<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8'?>\n"])
    )
    head = draw(st.sampled_from(["", "<!--note-->\n", "<!DOCTYPE a SYSTEM 'x'>\n", "<?x y?>"]))
    tail = draw(st.sampled_from(["", "\n", '\n<!-- pw="hunter22" -->\n']))
    text = f"{declared}{head}{draw(xml_elements())}{tail}"
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))
    return draw(st.sampled_from(["", "", "\ufeff"])) + text


def texts(path: str) -> st.SearchStrategy[str]:
    """Return a strategy for texts that are well-formed in the format of *path*."""
    if path == WHOLE:
        return st.text(max_size=20)
    if path in LATER:
        made = {
            TOML: toml_texts,
            NDJSON: ndjson_texts,
            PROPERTIES: properties_texts,
            INI: ini_texts,
            TFVARS: tfvars_texts,
            XML: xml_texts,
        }
        return made[path]()
    return {YAML: yaml_texts, JSON: json_texts, ENV: env_texts}[path]()
