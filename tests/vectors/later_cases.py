"""Files in the formats that were added later, with their values marked (``marked``)."""

from __future__ import annotations

TOML_SEALED = {
    "all kinds of values": (
        "a = ⟦a|\"x\"⟧\nb = ⟦b|'x'⟧\nc = ⟦c|-1_000⟧\nd = ⟦d|0xfF⟧\ne = ⟦e|-1.5e+3⟧\nf = ⟦f|true⟧\n"
        "g = ⟦g|inf⟧\nh = ⟦h|+nan⟧\ni = ⟦i|1979-05-27T07:32:00.5-07:00⟧\nj = ⟦j|1979-05-27 07:32:00⟧\n"
        "k = ⟦k|1979-05-27⟧\nl = ⟦l|07:32:00.25⟧\nm = ⟦m|0b01⟧\nn = ⟦n|0o17⟧\n"
    ),
    "of TOML 1.1": 'a = { b = ⟦a.b|"\\e\\x41"⟧, # c\n  d = ⟦a.d|07:32⟧,\n}\n',
    "texts of several lines": (
        'a = ⟦a|"""\nx # y\n[z]\n"quoted"\\\n  t"""""⟧ # w\nb = ⟦b|\'\'\'\nx \\ = "y"\n\'\'\'\'⟧\nc = ⟦c|""""""⟧\n'
    ),
    "keys": 'a.b . c=⟦a.b.c|1⟧\n"d e".\'f"\' = ⟦["d e","f\\""]|2⟧\n1-2_ = ⟦1-2_|3⟧\n"\\u00e9" = ⟦é|4⟧\n"" = ⟦[""]|5⟧\n',
    "tables": "a = ⟦a|1⟧\n[b]\na = ⟦b.a|1⟧\n[ b . c ] # x\nd.e = ⟦b.c.d.e|2⟧\n['b']\n",
    "arrays of tables": (
        "[[a]]\nb = ⟦a[].b|1⟧\n[a.c]\nd = ⟦a[].c.d|2⟧\n[[a]]\nb = ⟦a[].b|1⟧\n[[a.e]]\nf = ⟦a[].e[].f|3⟧\n"
        "[a.e.g]\nh = ⟦a[].e[].g.h|4⟧\n[x]\na = ⟦x.a|5⟧\n"
    ),
    "lists and inline tables": (
        "a = [ ⟦a[]|1⟧, [⟦a[][]|'x'⟧,], { b = ⟦a[].b|2⟧, c.d = [ ⟦a[].c.d[]|3⟧ ] }, # e\n # f\n]\ng = []\nh = { }\n"
    ),
    "aligned comments": 'a = ⟦a|1  ⟧ # a\nb = ⟦b|"22"\t⟧\t# b\nc = [ ⟦c[]|1   ⟧ # c\n]\nd = ⟦d|1⟧# d\n',
    "CR LF": 'a = ⟦a|1⟧\r\n[b]\r\nc = ⟦b.c|"""\r\nx\r\n"""⟧ # d\r\n',
    "a byte order mark": "\ufeffa = ⟦a|1⟧",
    "a key twice": "a = ⟦a|1⟧\na = ⟦a|1⟧\n[b]\nc = ⟦b.c|1⟧\n[b]\nc = ⟦b.c|2⟧\n",
    "commented-out entries": "a = ⟦a|1⟧\n#⟦#| b = 'x'⟧\n# prose, and see = x\n#c = [\n#⟦#|  'y',⟧\n#⟦#|]⟧\n# [t]\n",
}
TOML_WHOLE: dict[str, str | bytes] = {
    "a word": "a = x\n",
    "two values": "a = 1 2\n",
    "a number with a leading zero": "a = 01\n",
    "an underscore at the end": "a = 1_\n",
    "a line end in a string": 'a = "x\ny"\n',
    "a wrong escape": 'a = "\\q"\n',
    "an escape of a surrogate": 'a = "\\ud83d\\ude00"\n',
    "a lone CR": "a = 1\rb = 2\n",
    "a control character in a comment": "a = 1 # \x01\n",
    "a header without an end": "[a\nb = 1\n",
    "text after a header": "[a] b = 1\n",
    "no value": "a =\n",
    "month 13": "a = 1979-13-01\n",
    "six quotes at the end": 'a = """x""""""\n',
    "a key of 5000 bytes": f"{'k' * 5000} = 1\n",
    "820 lists in lists": f"a = {'[' * 820}{']' * 820}\n",
    "not UTF-8": b"a = '\xff'\n",
}
NDJSON_SEALED = {
    "a value at the same path of several lines": '{"a": ⟦a|1⟧, "b": [⟦b[]|"x"⟧]}\n{"a": ⟦a|1⟧}\n{"a":⟦a|2⟧}',
    "scalars, lists and empty collections": '⟦|"x"⟧\n [⟦[]|1⟧, [⟦[][]|null⟧]] \n{}\n[]\n⟦|"x"⟧\n',
    "blank lines and CR LF": '\r\n{"a": ⟦a|1⟧}\r\n \t\r\n{"b": ⟦b|2⟧}\r\n\n',
    "a byte order mark": '\ufeff{"a": ⟦a|1⟧}\n',
    "other line ends": '{"a": ⟦a|"x\x85\u2028"⟧}\n',
}
NDJSON_WHOLE: dict[str, str | bytes] = {
    "a text over two lines": '{"a":\n1}\n',
    "two texts on a line": "{} {}\n",
    "a comment": '{"a": 1} // x\n',
    "a lone CR": '{"a":\r1}\n',
    "a comma at the end": "[1,]\n",
}
PROPERTIES_SEALED = {
    "signs": "a=⟦a|1⟧\nb = ⟦b|2⟧\nc:⟦c|3⟧\nd : ⟦d|4⟧\n e\t⟦e|5 6⟧\nf=⟦f|=⟧\ng=⟦g|:⟧\n",
    "keys": 'a.b=⟦["a.b"]|1⟧\na\\ b\\=\\:=⟦a b=:|2⟧\n\\u00e9=⟦é|3⟧\n=⟦[""]|4⟧\nk\\\n  ey=⟦key|5⟧\n\\#c=⟦#c|6⟧\n',
    "empty values": "a=\nb =  \nc:\nd=\\\n\n",
    "blanks at the end belong to the value": "a=⟦a|1 \t⟧\nb=⟦b|x # y⟧\n",
    "continued lines": "a=⟦a|x\\\n  y\\\\⟧\nb = \\\n  ⟦b|z⟧\nc=⟦c|x\\\n⟧\nd=⟦d|1⟧\ne=⟦e|x\\\n# y⟧\n",
    "escapes": "a=⟦a|\\u00e9\\t\\q\\:⟧\nb=⟦b|\\ x⟧\nc=⟦c|\\⟧",
    "comments": "# a\n  !⟦#| b = c⟧\na=⟦a|1⟧\n#\n",
    "lines without a value": "⟦|flag⟧ \\\n\n  ⟦|-----BEGIN⟧\n⟦|MIIE⟧ \n⟦|abcd==⟧\na=⟦a|1⟧\nabcd=⟦abcd|=⟧\n",
    "line ends": "a=⟦a|1⟧\r\nb=⟦b|x\\\r\n\ty⟧\rc=⟦c|\x85\u2028⟧\r\r\n",
    "a byte order mark, and no line end at the end": "\ufeffa=⟦a|1⟧",
    "the same key twice": "a=⟦a|1⟧\na=⟦a|1⟧\na=⟦a|2⟧\n",
}
PROPERTIES_WHOLE: dict[str, str | bytes] = {
    "an escape without four digits": "a=\\u00\nb=1\n",
    "a folder of Windows": "a=C:\\users\n",
    "a conflict": "<<<<<<< a\na=1\n=======\na=2\n>>>>>>> b\n",
    "a key of 5000 bytes": f"{'k' * 5000}=1\n",
    "Latin-1": b"a=\xe9\n",
}
INI_SEALED = {
    "sections and signs": "a=⟦a|1⟧\n[s]\na = ⟦s.a|1⟧\nb:⟦s.b|2⟧\nc : ⟦s.c|x=y:z⟧\n[t 'u'] ; c\n  a\t=⟦t 'u'.a|1⟧\n",
    "keys": 'a b=⟦a b|1⟧\na.b=⟦["a.b"]|2⟧\na[]=⟦["a[]"]|3⟧\n"q" = ⟦["\\"q\\""]|4⟧\nÉ=⟦É|5⟧\n',
    "empty values": "a=\nb = \n[s]\nc:\n",
    "a comment after a value is a part of it": "a = ⟦a|1 ; x⟧ \nb = ⟦b|'y' # z⟧\n",
    "continued values": (
        "a = ⟦a|1\n  2\n\n  # c\n  3⟧\n  # d\nb =\n  # e\n  ⟦b|x\n  y⟧\n\n[s]\n  c = ⟦s.c|1⟧\n  d = ⟦s.d|2\n   https://x⟧\n"
    ),
    "lines that only look like keys": "a = ⟦a|1\n  b>=2\n  c==3\n  YWI=\n  [x] y⟧\n",
    "lines without a sign": "⟦|flag⟧\n[s]\n⟦s|skip-verify\n  more⟧\n⟦s|= x⟧\n⟦s|a ; b = c⟧\n⟦s|abc==⟧\nd=⟦s.d|1⟧\nabc=⟦s.abc|=⟧\n",
    "comments": "# a\n  ; b\n;⟦#| c = d⟧\n[s]\n#⟦#|e: f⟧\n",
    "line ends": "[s]\r\na=⟦s.a|1\r\n  2⟧\rb=\u2028⟦s.b|x⟧\n",
    "a byte order mark, and no line end at the end": "\ufeff[s]\na=⟦s.a|1⟧",
    "a section and a key twice": "[s]\na=⟦s.a|1⟧\n[t]\n[s]\na=⟦s.a|1⟧\n",
}
INI_WHOLE: dict[str, str | bytes] = {
    "text after a section": "[a] b = 1\n",
    "a section without an end": "[a\nb = 1\n",
    "a section without a name": "[]\nb = 1\n",
    "an indented line that may be a key": "a = 1\n  b = 2\n",
    "an indented line that may be a section": "a = 1\n  [b]\nc = 2\n",
    "a conflict": "<<<<<<< a\na=1\n=======\na=2\n>>>>>>> b\n",
    "a name of 5000 bytes": f"[{'k' * 5000}]\n",
    "not UTF-8": b"a=\xe9\n",
}
TFVARS_SEALED = {
    "all kinds of values": (
        'a = ⟦a|"x"⟧\nb=⟦b|-1.50e+3⟧\nc = ⟦c|true⟧\nd = ⟦d|null⟧\ne = [⟦e[]|1⟧, [⟦e[][]|"x"⟧,], { f = ⟦e[].f|2⟧ }]\n'
        'g-h = { i = ⟦g-h.i|1⟧, "j k" : ⟦g-h.j k|2⟧, 3 = ⟦g-h.3|4⟧ }\nl = []\nm = {}\nÉ = ⟦É|1⟧\n'
    ),
    "objects over lines": "a = {\n  b = ⟦a.b|1⟧\n  c = ⟦a.c|2⟧,\n\n  d = {\n    e = ⟦a.d.e|3⟧ }\n}\n",
    "heredocs": (
        "a = ⟦a|<<EOT\n x # y\nb = 1\n  EOT⟧\nc = [⟦c[]|<<-E-1\n    x\n  EOT\nE-1⟧\n, ⟦c[]|<<E\nE⟧\n]\n"
    ),
    "templates are text": 'a = ⟦a|"${b}$${c}%{d}%%{ $ % $$ \\"e\\""⟧\n',
    "comments": (
        "# a\n// b\n/* c\n d */ a = ⟦a|1   ⟧ # e\nb = /* f */ ⟦b|2⟧ /* g */ // h\nc = [ # i\n  ⟦c[]|1  ⟧ // j\n]\n"
        "#⟦#| d = 1⟧\n//⟦#| e = { f = 1 }⟧\n/*⟦#| g = 1⟧ */\n"
    ),
    "escapes": 'a = ⟦a|"\\n\\r\\t\\\\\\u00e9\\U0001f600"⟧\n',
    "CR LF, and no line end at the end": "a = {\r\n  b = ⟦a.b|1⟧\r\n}\r\nc = ⟦c|<<E\r\nx\r\nE⟧\r\nd = ⟦d|1⟧",
    "a byte order mark": '\ufeffa = ⟦a|"x"⟧\n',
    "a key twice": "a = ⟦a|1⟧\na = ⟦a|1⟧\na = ⟦a|2⟧\n",
}
TFVARS_WHOLE: dict[str, str | bytes] = {
    "a function": "a = upper(1)\n",
    "a variable": "a = var.b\n",
    "an operator": "a = 1 + 2\n",
    "a block": "a {\n  b = 1\n}\n",
    "a key in quotes": '"a" = 1\n',
    "a template with quotes": 'a = "${"b"}"\n',
    "a template without an end": 'a = "${b"\n',
    "a line end in a string": 'a = "x\ny"\n',
    "a wrong escape": 'a = "\\q"\n',
    "two attributes on a line": "a = 1, b = 2\n",
    "no separator": "a = { b = 1 c = 2 }\n",
    "a line end in an attribute": "a =\n1\n",
    "a heredoc without an end": "a = <<E\nx\n",
    "a comment without an end": "a = 1 /* x\n",
    "a lone CR": "a = 1\rb = 2\n",
    "for": "a = [for x in y : x]\n",
    "not UTF-8": b'a = "\xff"\n',
}
XML_SEALED = {
    "attributes and texts": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<a b=⟦a.@b|"1"⟧ c = ⟦a.@c|\'x "y"\'⟧>\n  <d>⟦a.d|2⟧</d>\n  <e> ⟦a.e|x\n y⟧\n  </e>\n'
        "  <d f=⟦a.d.@f|''⟧/>\n</a>\n"
    ),
    "empty elements": "<a><b/><c></c><d> \n </d></a>",
    "elements of one name have one path": "<a><b>⟦a.b|1⟧</b><b>⟦a.b|1⟧</b><c/><b d=⟦a.b.@d|'2'⟧>⟦a.b|3⟧</b></a>\n",
    "text among elements and comments": (
        "<a>⟦a|x⟧ <b>⟦a.b|y⟧</b> ⟦a|z⟧<!-- c -->⟦a|x⟧<?d e?>⟦a|\"q\"⟧<b/>⟦a|'it' is'⟧</a>"
    ),
    "references and sections": (
        "<a b=⟦a.@b|'&lt;&#65;\n&quot;'⟧>⟦a|&amp;<![CDATA[ <b> ]]> x<![CDATA[]]>⟧</a><!---->\n"
    ),
    "namespaces, instructions and a document type stay": (
        '<?x y="1"?><!DOCTYPE a:b PUBLIC "p" \'s\'>\n<a:b xmlns="u" xmlns:a=\'v\' a:c=⟦a:b.@a:c|"1"⟧><d.e>⟦["a:b","d.e"]|x⟧</d.e></a:b>'
    ),
    "comments": (
        "<!-- note: this\n file -->\n<!--⟦#| <b c='1'/> ⟧-->\n<a>⟦a|1⟧<!--⟦#|<b>2</b>⟧--><!--⟦#|\n - pw=3\n⟧--><!-- the <x> tag --></a>\n<!--<b>-->"
    ),
    "line ends": "<a\r\n b=⟦a.@b|'1\r\n2'⟧>\r⟦a|x\r\n y⟧\r\n</a>\r\n",
    "a byte order mark": "\ufeff<é>⟦é|ü\u2028⟧</é>",
    "another encoding, in ASCII": "<?xml version='1.0' encoding='ISO-8859-1'?><a>⟦a|&#233;⟧</a>",
}
XML_WHOLE: dict[str, str | bytes] = {
    "a tag without its end": "<a><b></a>",
    "two root elements": "<a/><b/>",
    "text outside of the root": "<a/>x",
    "the same attribute twice": "<a b='1' b='2'/>",
    "an entity": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "an unknown entity": "<!DOCTYPE a SYSTEM 'b'><a>&nbsp;</a>",
    "another encoding": "<?xml version='1.0' encoding='ISO-8859-1'?><a>\u00e9</a>",
    "another version": "<?xml version='1.1'?><a>1</a>",
    "-- in a comment": "<a><!-- -- --></a>",
    "a control character": "<a>\x01</a>",
    "a conflict in a comment": "<a><!--\n<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n--></a>",
    "a name of 5000 bytes": f"<{'k' * 5000}/>",
    "UTF-16": "<a>1</a>".encode("utf-16"),
    "not UTF-8": b"<a>\xe9</a>",
}
RULED = [
    (
        "comments of elements of two groups in XML",
        "groups.xml",
        "<a>\n<b>⟦b@a.b|1⟧<!--⟦b#| <d>2</d> ⟧--></b><c>⟦a.c|3⟧</c><!--⟦b+default#|<b>4</b><c>5</c>⟧--></a>\n",
        [{"files": "*.xml", "values": "a.b.**", "group": "b"}],
    ),
    ("INI by a rule", "setup.cfg", "[a]\nb = ⟦a.b|1⟧\n", [{"files": "*.cfg", "format": "ini"}]),
    (
        "comments of sections of two groups in INI",
        "groups.ini",
        "[prod]\npw = ⟦b@prod.pw|x⟧\n;⟦b#|zz = y⟧\n[dev]\npw = ⟦dev.pw|x⟧\n;⟦#|yy = z⟧\n;[prod]\n;⟦b#|xx = z⟧\n",
        [{"files": "*", "values": "prod.**", "group": "b"}],
    ),
    ("JSON Lines by the name", "a.JSONL", '{"a": ⟦a|1⟧}\n'),
    (
        "values of two groups in TOML",
        "groups.toml",
        (
            "[prod]\npw = ⟦b@prod.pw|'x'⟧\n#⟦b#|zz = 'y'⟧\n[[prod.list]]\na = ⟦b@prod.list[].a|1⟧\nl = [\n#⟦b#| 'i',⟧\n]\n"
            "[dev]\npw = ⟦dev.pw|'x'⟧\n#⟦b+default#|pw = 'y'⟧\n#⟦#| yy = 'z'⟧\n# [prod.sub]\n#⟦b#| xx = 'z'⟧\n"
        ),
        [{"files": "*", "values": "prod.**", "group": "b"}],
    ),
    (
        "what is below a sealed key",
        "below.yaml",
        "a: {b: ⟦b@a.b|1⟧, c: [⟦b@a.c[]|2⟧, {d: ⟦b@a.c[].d|3⟧}]}\nb: 4\n",
        [{"files": "*", "values": "a", "group": "b"}, {"files": "*", "plain": True}],
    ),
    (
        "lists in the place of mappings, and the other way round",
        "lists.yaml",
        "a: [{b: ⟦b@a[].b|1⟧, c: 2}]\nc: ⟦b@c|3⟧\nd: {e: 4}\nf: {g: ⟦b@f.g|5⟧}\n",
        [{"files": "*", "values": name, "group": "b"} for name in ("a.b", "c[]", "d[]", "f[].g")]
        + [{"files": "*", "plain": True}],
    ),
    (
        "a plain rule before one that seals",
        "before.yaml",
        "a: {b: 1, c: ⟦b@a.c|2⟧}\n",
        [
            {"files": "*", "values": "a.b", "plain": True},
            {"files": "*", "values": "a", "group": "b"},
        ],
    ),
    (
        "names in another case, and of all sections, in INI",
        "names.ini",
        "[DEFAULT]\npw = ⟦b@DEFAULT.pw|x⟧\n[DB]\nPW = ⟦b@DB.PW|y⟧\nuser = z\n",
        [{"files": "*", "values": "db.pw", "group": "b"}, {"files": "*", "plain": True}],
    ),
    (
        "names with prefixes in XML",
        "prefixes.xml",
        "<x:a xmlns:x='u'><x:b y:c=⟦b@x:a.x:b.@y:c|\"1\"⟧>⟦b@x:a.x:b|2⟧</x:b><d>3</d></x:a>\n",
        [{"files": "*", "values": "a.b", "group": "b"}, {"files": "*", "plain": True}],
    ),
    ("TOML by a rule", "Pipfile", "a = ⟦a|1⟧\n", [{"files": "Pipfile", "format": "toml"}]),
]
