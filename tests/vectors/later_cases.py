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
RULED = [
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
    ("TOML by a rule", "Pipfile", "a = ⟦a|1⟧\n", [{"files": "Pipfile", "format": "toml"}]),
]
