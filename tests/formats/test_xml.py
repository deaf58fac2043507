"""XML: the grammar compared with ElementTree, and edits."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import value_at
from sealedfiles.formats.xml.edit import XML_EDITOR, canonical
from sealedfiles.formats.xml.format import XML
from sealedfiles.model.address import Address, NoSuchValueError, show_address
from sealedfiles.model.paths import LONGEST, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

NAMES = st.sampled_from(["a", "b", "c-d", "é", "e.f"])
CHARS = "ab \t\n<>&'\"]\u2028é\U0001f600"


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(NAMES)
    tag = name
    for key in draw(st.lists(NAMES, max_size=2, unique=True)):
        quote = draw(st.sampled_from("'\""))
        value = draw(st.text(CHARS, max_size=5)).replace("&", "&#x26;").replace("<", "&lt;")
        tag += f"\n {key} = {quote}{value.replace(quote, f'&#{ord(quote)};')}{quote}"
    parts = draw(st.lists(texts(depth), max_size=4))
    inner = "".join(parts)
    return f"<{tag}>{inner}</{name} >" if inner or draw(st.booleans()) else f"<{tag}\n/>"


def texts(depth: int) -> st.SearchStrategy[str]:
    escaped = st.text(CHARS, max_size=5).map(
        lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )
    section = st.text(CHARS, max_size=5).map(lambda text: f"<![CDATA[{text.replace(']]>', '')}]]>")
    other = st.sampled_from(["<!-- c < & -->", "<?x y?>", "<!---->"])
    parts = escaped | section | other
    return parts | elements(depth - 1) if depth else parts


Value = tuple[tuple[str, ...], str]


def by_element_tree(text: str) -> list[Value]:
    """Return the path and the text of every value, as ElementTree reads it, in file order."""
    builder = ET.TreeBuilder(insert_comments=True, insert_pis=True)
    return list(_values(ET.fromstring(text, ET.XMLParser(target=builder)), ()))


def _values(element: ET.Element, above: tuple[str, ...]) -> Iterator[Value]:
    path = (*above, str(element.tag))
    yield from (((*path, f"@{name}"), value) for name, value in element.attrib.items())
    yield path, element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            yield from _values(child, path)
        yield path, child.tail or ""


def by_editor(text: str) -> Iterator[Value]:
    data = XML_EDITOR.load(text)
    for address in XML_EDITOR.addresses(text):
        path = (one for one in address if isinstance(one, str) and one != "#text")
        yield tuple(path), str(value_at(data, address)[1])


def without_blanks(values: Iterable[Value]) -> list[Value]:
    """Return *values* without white space in texts, and without texts that have nothing else."""
    found = [
        (path, value if path[-1][0] == "@" else "".join(value.split())) for path, value in values
    ]
    return [(path, value) for path, value in found if value or path[-1][0] == "@"]


@example("<a b=''>x<![CDATA[ < ]]>y<!-- c -->z<b/>&#32;&#x1F600;\r\n</a >")
@given(elements())
def test_the_values_are_those_of_elementtree(text: str) -> None:
    assert without_blanks(by_editor(text)) == without_blanks(by_element_tree(text))
    assert all(
        XML.path_of(at) == XML_EDITOR.locate(text, at).path for at in XML_EDITOR.addresses(text)
    )


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (
            '<a b="1">\n x <c/> y</a>',
            {"a.@b": "1", "a.#text[0]": "x", "a.c": "", "a.#text[1]": "y"},
        ),
        ("<a><b>1</b><c/><b>2</b></a>", {"a.b[0]": "1", "a.c": "", "a.b[1]": "2"}),
        ("<a xmlns='u' xmlns:p='v'><p:b.c p:d=''/></a>", {'a."p:b.c".@p:d': ""}),
        ("<a>\r\n<![CDATA[ x\r\n]]>&#32;y\r\n z </a>", {"a": " x\n y\n z"}),
        ("<a b='x\r\n\ty&#10;'/>", {"a.@b": "x  y\n"}),
        ('<a>"x"</a>', {"a": '"x"'}),
    ],
)
def test_addresses(text: str, paths: dict[str, str]) -> None:
    data = XML_EDITOR.load(text)
    found = {}
    for address in XML_EDITOR.addresses(text):
        value = value_at(data, address)[1]
        found[show_address(address)] = value
    assert found == paths


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("<a>s3cr3t", 1, 10),
        ("<a>\n<b>s3cr3t</a>", 2, 12),
        ("<a/>\n s3cr3t", 2, 2),
        ("<a b='1'\n b='s3cr3t'/>", 2, 2),
        ("<a>&s3cr3t;</a>", 1, 4),
        ('<!DOCTYPE a [<!ENTITY b "s3cr3t">]><a>&b;</a>', 1, 1),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'>\n<a>&b;</a>", 2, 4),
        ("<!DOCTYPE a SYSTEM 'x'>\n<a b='&s3cr3t;'/>", 2, 6),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>", 1, 1),
        ("<?xml version='1.0' encoding='ISO-8859-15'?><a>é</a>", 1, 1),
        ("<?xml version='1.0' encoding='utf-7'?><a/>", 1, 1),
        ("<?xml version='1.1'?><a/>", 1, 1),
        ("<a><!--\n<<<<<<< s3cr3t\n--></a>", 2, 1),
        ("\ufeff<a/>", 1, 1),
        ("<a>\ud800</a>", 1, 4),
        ("", 1, 1),
    ],
)
def test_what_programs_may_read_in_another_way_is_refused(
    text: str, line: int, column: int
) -> None:
    for use in (XML.scan, XML_EDITOR.load, XML_EDITOR.addresses):
        with pytest.raises(FormatError) as refused:
            use(text)
        assert (refused.value.line, refused.value.column) == (line, column)
        assert "s3cr3t" not in refused.value.message


def test_no_other_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.dtd").write_text("<!ENTITY b 's3cr3t'><!ATTLIST a c CDATA 'd'>")
    text = f"<!DOCTYPE a SYSTEM '{tmp_path / 'x.dtd'}'><a>x</a>"
    assert XML_EDITOR.load(text) == {"a": "x"}


def test_paths_are_limited() -> None:
    depth = LONGEST // 6
    assert XML.scan("<a>" * depth + "</a>" * depth).values == []
    for text in (
        "<a>" * (depth + 1) + "</a>" * (depth + 1),
        f"<{'a' * LONGEST}/>",
        f"<a {'b' * LONGEST}=''/>",
    ):
        with pytest.raises(FormatError, match="too deeply"):
            XML.scan(text)
    deepest = "<a>" * depth + "1" + "</a>" * depth
    assert len(XML_EDITOR.addresses(deepest)) == 1
    address = ("a",) * depth
    assert XML_EDITOR.load(XML_EDITOR.assign(deepest, address, "2")) == XML_EDITOR.load(
        deepest.replace("1", "2")
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "<a " + "b " * 50_000 + "/>",
        "<" * 100_000,
        "<a>" + "<![CDATA[" * 30_000 + "</a>",
        "<a>" + "&amp;" * 50_000 + "</a>",
        "<a><!--" + "<b>x" * 30_000 + "</c>" * 30_000 + "--></a>",
        "<a><!--" + "<b c='" * 30_000 + "--></a>",
        "<a><!--" + "b" * 100_000 + " " * 100_000 + "--></a>",
        "<a><!-- b" + " =" * 100_000 + "--></a>",
        "<a>" + "".join(f"<b{n}/>" for n in range(30_000)) + "</a>",
        "<a" + "".join(f" b{n}='x'" for n in range(30_000)) + "/>",
    ],
    ids=range(10),
)
def test_hostile_texts_take_linear_time(text: str) -> None:
    start = time.process_time()
    try:
        scan = XML.scan(text)
    except FormatError:
        return
    finally:
        assert time.process_time() - start < 5
    for begin, end in scan.comments():
        XML.commented(text[begin:end])
    XML_EDITOR.addresses(text)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<![CDATA[&amp;]]>&amp;<![CDATA[ &amp;\r\n", "&amp;&<![CDATA[ &\n"),
        ("<![CDATA[<![CDATA[]]>]]>&lt;", "<![CDATA[]]><"),
        ("<b>&lt;", "<b><"),
    ],
)
def test_a_part_of_a_text_is_decoded_as_far_as_possible(source: str, text: str) -> None:
    """In a comment, a CDATA section may have no end."""
    assert XML.decode(source) == text


def test_cdata_sections_without_end_take_linear_time() -> None:
    source = "<![CDATA[" * 300_000
    assert XML.decode(source) == source


def test_a_comment_that_repeats_a_name_has_few_paths() -> None:
    """Otherwise, each of its values would take up to 4096 bytes."""
    values = XML.commented('<a x="1">' * 20_000).values
    assert len(values) == 20_000
    assert len({id(one.path) for one in values}) == len({one.path for one in values}) < 1000
    assert max(len(one.path) for one in values) <= LONGEST + 7


LAYOUT = """\
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <appSettings>
    <add key="A" value="1" /> <!-- c -->
    <add key='B' value='2'/>
  </appSettings>
  <smtp
      host="h"
      port="25" />
  <password enc="x">p</password>
  <cdata><![CDATA[a<b]]></cdata>
  <empty/>
  <blank></blank>
  <p>Hello <b>x</b> world</p>
  <one><two>2</two></one>
</configuration>
"""


def at(*steps: str | int) -> Address:
    return ("configuration", *steps)


@pytest.mark.parametrize(
    ("address", "value", "line"),
    [
        (
            at("appSettings", "add", 0, "@value"),
            'x"<&\n',
            'value="x&quot;&lt;&amp;&#10;" /> <!-- c -->',
        ),
        (at("appSettings", "add", 1, "@value"), 'it\'s "q"', "value='it&apos;s \"q\"'/>"),
        (at("appSettings", "add", 2), {"@key": "C"}, "value='2'/>\n    <add key=\"C\"/>\n  </app"),
        (at("appSettings", "add", 2, "@key"), "C", "value='2'/>\n    <add key=\"C\"/>\n  </app"),
        (at("appSettings", "new"), "x", "value='2'/>\n    <new>x</new>\n  </appSettings>"),
        (at("smtp", "@user"), "u", 'port="25"\n      user="u" />'),
        (at("smtp", "host"), "u", 'port="25">\n    <host>u</host>\n  </smtp>'),
        (at("smtp", 1, "@host"), "g", 'port="25" />\n  <smtp host="g"/>\n'),
        (at("password", "#text"), "q&r", '<password enc="x">q&amp;r</password>'),
        (at("password", "@n"), 1, '<password enc="x" n="1">p'),
        (at("cdata"), "x<y\nz", "<![CDATA[x<y\nz]]></cdata>"),
        (at("cdata"), "x]]>y", "<cdata>x]]&gt;y</cdata>"),
        (at("cdata", "@n"), "1", '<cdata n="1"><![CDATA[a<b]]></cdata>'),
        (at("empty"), " e ", "<empty>&#32;e&#32;</empty>"),
        (at("empty", "x", "y"), "1", "<empty>\n    <x>\n      <y>1</y>\n    </x>\n  </empty>"),
        (at("blank"), "e", "<blank>e</blank>"),
        (at("blank", "@a"), True, '<blank a="true"></blank>'),
        (at("p", "#text", 1), "W", "<p>Hello <b>x</b> W</p>"),
        (at("p", "b"), "", "<p>Hello <b></b> world</p>"),
        (at("one", "two"), "3", "<one><two>3</two></one>"),
        (at("one", "three"), "3", "<one><two>2</two><three>3</three></one>"),
        (
            at("new"),
            {"a": ["1", "2"], "@x": "y"},
            '  <new x="y">\n    <a>1</a>\n    <a>2</a>\n  </new>\n</conf',
        ),
    ],
)
def test_a_change_touches_only_its_lines(address: Address, value: Any, line: str) -> None:
    new = XML_EDITOR.assign(LAYOUT, address, value)
    assert line in new
    got = value_at(XML_EDITOR.load(new), address)[1]
    assert got == canonical(value)
    assert XML_EDITOR.assign(new, address, value) == new
    removed = [one for one in LAYOUT.splitlines() if one not in new.splitlines()]
    assert len(removed) <= 1


@pytest.mark.parametrize(
    ("address", "gone"),
    [
        (at("appSettings", "add", 0), '<add key="A" value="1" /> '),
        (at("appSettings", "add", 1), "    <add key='B' value='2'/>\n"),
        (at("smtp", "@port"), '\n      port="25"'),
        (at("smtp", "@host"), '\n      host="h"'),
        (at("password", "@enc"), ' enc="x"'),
        (at("password", "#text"), ">p<"),
        (at("password"), '  <password enc="x">p</password>\n'),
        (at("one", "two"), "<two>2</two>"),
        (at("empty"), "  <empty/>\n"),
        (at("p", "#text", 0), "Hello"),
        (at("p"), "  <p>Hello <b>x</b> world</p>\n"),
    ],
)
def test_a_removal_takes_its_lines(address: Address, gone: str) -> None:
    new = XML_EDITOR.remove(LAYOUT, address)
    assert new == LAYOUT.replace(gone, "><" if gone == ">p<" else "")


def test_all_elements_of_a_name_are_removed_together() -> None:
    new = XML_EDITOR.remove(LAYOUT, at("appSettings", "add"))
    assert "<add" not in new
    assert "  <appSettings>\n    <!-- c -->\n  </appSettings>\n" in new


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ((), "x"),
        (("other",), "x"),
        (("configuration",), "x"),
        (("configuration", 1), "x"),
        (at("appSettings", "add"), "x"),
        (at("appSettings", "add", 3), "x"),
        (at("appSettings", "add", "@key"), "x"),
        (at("password"), "x"),
        (at("password", "x"), "x"),
        (at("password", "@enc", "x"), "x"),
        (at("cdata", "#text"), "x"),
        (at("cdata", "@xmlns"), "x"),
        (at("cdata", "@xmlns:x"), "x"),
        (at("cdata"), None),
        (at("cdata"), ["a", "b"]),
        (at("cdata"), "\x00"),
        (at("cdata"), "\ud800"),
        (at("new", 0), "x"),
        (at("new", "x", 0), "x"),
        (at("new key"), "x"),
        (at("new", "@1"), "x"),
        (at("p", "c"), "x"),
        (at("p", "#text"), "x"),
        (at("p", "#text", 2), "x"),
    ],
)
def test_what_cannot_be_done_without_harm_is_refused(address: Address, value: Any) -> None:
    with pytest.raises(UsageError):
        XML_EDITOR.assign(LAYOUT, address, value)


@pytest.mark.parametrize(
    ("text", "address", "reason"),
    [
        ("<a>x<b/>y</a>", ("a", "#text"), "a has several texts: give a position, #text[0]"),
        ("<a>x<b/></a>", ("a", "#text", 0), "a has one text: leave out the position"),
        (
            "<a><b/></a>",
            ("a", "#text"),
            "a.#text cannot be added: its element has elements or other text",
        ),
        ("<a>x<b/></a>", ("a", "c"), "a.c cannot be added: its parent has text of its own"),
    ],
)
def test_the_reason_is_reported(text: str, address: Address, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        XML_EDITOR.assign(text, address, "x")
    assert refused.value.message == reason


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("<a>\n  <b>1</b> <!-- note on all -->\n</a>", "<a>\n  <!-- note on all -->\n</a>"),
        ("<a>\n  <b>1</b><!--\n  c --><d/>\n</a>", "<a>\n  <!--\n  c --><d/>\n</a>"),
        ("<a><b>1</b> <!-- c --></a>", "<a> <!-- c --></a>"),
        ("<a>\r\n\t<b>1</b> \t\r\n</a>", "<a>\r\n</a>"),
        ("<a>\n  <b>1</b> <c/>\n</a>", "<a>\n   <c/>\n</a>"),
    ],
)
def test_only_the_element_is_removed_from_a_line_that_has_more(text: str, new: str) -> None:
    assert XML_EDITOR.remove(text, ("a", "b")) == new


def test_what_cannot_be_removed_is_refused() -> None:
    for address in ((), ("configuration",), at("p", "b")):
        with pytest.raises(UsageError):
            XML_EDITOR.remove(LAYOUT, address)
    for address in (at("x"), at("smtp", "@x"), at("smtp", 0), at("appSettings", "add", 2)):
        with pytest.raises(NoSuchValueError):
            XML_EDITOR.remove(LAYOUT, address)


def test_characters_that_the_encoding_lacks_are_written_as_references() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<a b="x"><![CDATA[y]]></a>\n'
    new = XML_EDITOR.assign(XML_EDITOR.assign(text, ("a", "@b"), "é"), ("a", "#text"), "<ü")
    assert new.splitlines()[1] == '<a b="&#233;">&lt;&#252;</a>'


@given(
    st.text("ab <>&\"'\n\t]é\u2028", max_size=8) | st.integers() | st.booleans(),
    st.sampled_from(
        [*XML_EDITOR.addresses(LAYOUT), at("n"), at("smtp", "@n"), at("empty", "n", "@m")]
    ),
    st.booleans(),
)
def test_any_value_reads_back_with_only_this_change(
    value: Any, address: Address, is_crlf: bool
) -> None:
    text = LAYOUT.replace("\n", "\r\n") if is_crlf else LAYOUT
    try:
        new = XML_EDITOR.assign(text, address, value)
    except UsageError:
        assert value == ""  # text among elements
        return
    if value != "" or address[-1] != "#text":
        got = value_at(XML_EDITOR.load(new), address)[1]
        assert got == canonical(value)
    assert not is_crlf or "\n" not in new.replace("\r\n", "")


def test_key_paths_have_no_positions() -> None:
    """Otherwise, a second element of a name would change the tokens and the rules of the first one."""
    one, two = "<a><b c='1'>2</b></a>", "<a><b c='1'>2</b><b c='1'>2</b></a>"
    paths = [[show(span.path) for span in XML.scan(text).values] for text in (one, two)]
    assert paths == [["a.b.@c", "a.b"], ["a.b.@c", "a.b"] * 2]


@pytest.mark.parametrize(
    ("text", "address", "value", "expected"),
    [
        ("<a><!-- c --></a>", ("a",), "x", "<a>x<!-- c --></a>"),
        ("<a><!-- c --></a>", ("a", "b"), "x", "<a><!-- c -->\n  <b>x</b>\n</a>"),
        ("<a>\n  <!-- c -->\n</a>", ("a", "b"), "x", "<a>\n  <!-- c -->\n  <b>x</b>\n</a>"),
        ("<r><a><!-- c --></a></r>", ("r", "a", "b"), "x", "<r><a><!-- c --><b>x</b></a></r>"),
        ("<r><a/></r>", ("r", "a", "b"), "x", "<r><a><b>x</b></a></r>"),
        ("<r><a/></r>", ("r", "a", 1), "x", "<r><a/><a>x</a></r>"),
        ("<a b='1'/>", ("a", "@c"), "'", "<a b='1' c='&apos;'/>"),
        ("<a/>\r\n", ("a", "b", "c"), "1", "<a>\r\n  <b>\r\n    <c>1</c>\r\n  </b>\r\n</a>\r\n"),
        ("<a>\n\t<b>1</b></a>", ("a", "c"), "2", "<a>\n\t<b>1</b>\n\t<c>2</c></a>"),
        ("<a> 1 </a>", ("a",), "\n2", "<a> &#10;2 </a>"),
    ],
)
def test_new_values_take_the_layout_around_them(
    text: str, address: Address, value: str, expected: str
) -> None:
    assert XML_EDITOR.assign(text, address, value) == expected


def test_the_text_beside_attributes_is_removed_and_not_emptied() -> None:
    text, address = '<c><pw lang="en">s3cr3t</pw></c>', ("c", "pw", "#text")
    with pytest.raises(UsageError) as refused:
        XML_EDITOR.assign(text, address, "")
    assert "sealedfiles unset FILE 'c.pw.#text'" in refused.value.hints[0]
    assert XML_EDITOR.remove(text, address) == '<c><pw lang="en"></pw></c>'
