"""JSON, .env and other files for the vectors, with their values marked (``marked``)."""

from __future__ import annotations

JSON_SEALED = {
    "all kinds of values": (
        '{"a": ⟦a|"x"⟧, "b": ⟦b|-1.5e3⟧, "c": ⟦c|true⟧, "d": ⟦d|false⟧, "e": ⟦e|null⟧}\n'
    ),
    "lists": '[⟦[]|1⟧, [⟦[][]|1⟧], {"a": [⟦[].a[]|1⟧]}, ⟦[]|1⟧]',
    "empty collections": '{"a": {}, "b": [ ], "c": ⟦c|1⟧}',
    "escapes in keys": '{"\\u0061\\"": ⟦["a\\""]|1⟧, "\\ud83d\\ude00": ⟦😀|2⟧, "": ⟦[""]|3⟧}',
    "escapes in values": '{"a": ⟦a|"\\u00e9\\n\\/\\\\\\""⟧}',
    "the same key twice": '{"a": ⟦a|1⟧, "a": ⟦a|1⟧, "a": ⟦a|2⟧}',
    "NaN and infinity": "[⟦[]|NaN⟧, ⟦[]|Infinity⟧, ⟦[]|-Infinity⟧]",
    "signs of structure in strings": '{"a": ⟦a|"}]:,[{ // /* */ #"⟧}',
    "CR LF": '{\r\n  "a": ⟦a|1⟧\r\n}\r\n',
    "a byte order mark": '\ufeff{"a": ⟦a|1⟧}',
    "not ASCII": '{"größe": ⟦größe|"é 🔑"⟧}\n',
    "NEL, LS and PS in a string": '{"a": ⟦a|"x\x85\u2028\u2029"⟧}\n',
    "one number": "⟦|42⟧\n",
    "one string": ' ⟦|"x"⟧ \n',
    "one null": "⟦|null⟧",
    "a long number": "[⟦[]|" + "9" * 5000 + "⟧]",
    "no blanks": '{"a":⟦a|1⟧,"b":{"c":⟦b.c|"x"⟧}}',
}
JSONC_SEALED = {
    "comments": '{\n  // one\n  "a": ⟦a|1⟧, // two\n  /* three */ "b": ⟦b|2⟧ /* four\n  */\n}\n// five',
    "trailing commas": '{"a": [⟦a[]|1⟧, ⟦a[]|2⟧,], "b": ⟦b|"x"⟧ , }\n',
    "signs of comments in strings": '{"a": ⟦a|"http://x /* y */"⟧, // z\n}',
    "CR LF and lone CR": '{\r\n  "a": ⟦a|1⟧, // one\r  "b": ⟦b|2⟧ // two\r\n}',
    "a comma in a comment is no comma": "[⟦[]|1⟧ /* , */, // ,\n]",
    "aligned comments": '{"a": ⟦a|1⟧,   // a\n"b": ⟦b|"x"  ⟧ // b\n}',
    "blanks before a block comment": '{"a": ⟦a|1  ⟧ /* a */, "b": ⟦b|2⟧ }',
    "empty comments": "[/**/⟦[]|1⟧//\n,/* */⟦[]|2⟧]",
    "quotes in comments": '{ // "\n  "a": ⟦a|1⟧ /* "b */\n}',
}
JSON_WHOLE: dict[str, str | bytes] = {
    "JSON Lines": '{"a": 1}\n{"a": 2}\n',
    "single quotes, as in JSON5": "{'a': 1}\n",
    "keys without quotes, as in JSON5": "{a: 1} // x\n",
    "a number with a leading zero": "[01]",
    "two trailing commas": "[1,,]",
    "a comma alone": "[,]",
    "a comma in front": '{,"a": 1}',
    "a comment without an end": '{"a": 1} /* x',
    "a comment with a line separator": '{"a": 1} // x\u2028 "b": 2\n',
    "a line end in a string": '{"a": "x\ny"}',
    "a wrong escape": '{"a": "\\x41"}',
    "a vertical tab": "[\x0b1]",
    "a key of 5000 bytes": f'{{"{"k" * 5000}": 1}}',
    "820 lists in lists": "[" * 820 + "1" + "]" * 820,
    "a template": '{"a": {{ a }}}',
    "not UTF-8": b'{"a": "\xff"}',
}
ENV_SEALED = {
    "assignments": "A=⟦A|1⟧\nB = ⟦B|2⟧\nC:  ⟦C|3⟧\n",
    "export": "export A=⟦A|1⟧\n  export\tB=⟦B|2⟧\nexport C\n",
    "empty values": "A=\nB= \nexport C=\nD=⟦D|''⟧\n",
    "keys of all kinds": 'a.b=⟦["a.b"]|1⟧\na-b=⟦a-b|2⟧\na[0]=⟦["a[0]"]|3⟧\n1=⟦1|4⟧\n_=⟦_|5⟧\n',
    "keys in quotes": "'a b'=⟦a b|1⟧\n\"c d\"=⟦c d|2⟧\n",
    "keys that are not ASCII": "größe=⟦größe|1⟧\nключ=⟦ключ|2⟧\n²=⟦²|3⟧\nⅣ=⟦Ⅳ|4⟧\n",
    "values in quotes": "A=⟦A|'x # y'⟧\nB=⟦B|\"x # y\"⟧ # why\nC=⟦C|`x`⟧\t#why\n",
    "aligned comments": "A=⟦A|'1'  ⟧ # a\nB=⟦B|\"22\" \t⟧ # b\nC=⟦C|3   # c⟧\n",
    "a comment glued to a quote": 'A=⟦A|"x"#y⟧\n',
    "an inline comment is a part of a bare value": "A=⟦A|x # y⟧  \nB=⟦B|x#y⟧\nC=⟦C|#x⟧\n",
    "text behind a closing quote": "A=⟦A|'x' y⟧\n",
    "escaped quotes": "A=⟦A|\"x\\\"y\"⟧\nB=⟦B|'x\\'y'⟧ # z\n",
    "quotes over lines": "A=⟦A|\"one\ntwo\n\"⟧\nB=⟦B|'\r\nx'⟧ # y\n",
    "a quote without an end": 'A=⟦A|"x⟧\nB=⟦B|1⟧\n',
    "a backslash at the end of a line": "A=⟦A|one\\\ntwo⟧\nB=⟦B|x\\\\⟧\nC=⟦C|1⟧\n",
    "a private key without quotes": (
        "A=⟦A|-----BEGIN X-----\nAAAA\nBBBB==\n-----END X-----⟧\nB=⟦B|1⟧\n"
    ),
    "a private key without an end": "A=⟦A|-----BEGIN X-----⟧\n⟦|AAAA⟧\nB=⟦B|1⟧\n",
    "lines that are no assignments": "⟦|source other⟧\n  ⟦|if [ x ]; then⟧\nA=⟦A|1⟧\n⟦|fi⟧\n",
    "a colon without a blank": "⟦|http://x⟧\nA: ⟦A|1⟧\n⟦|B:x⟧\n⟦|C:⟧\n",
    "a name alone": "⟦|SECRET⟧\nexport SECRET\n",
    "the end of base64": "A=⟦A|1⟧\n⟦|" + "A" * 40 + "⟧\n⟦|abc=⟧\n⟦|abcd==⟧\nabc=\n",
    "the end of base64url": "⟦|" + "aB_-" * 8 + "⟧\n⟦|abc=⟧\nabc=\n",
    "the end of wrapped base64": (
        "A=⟦A|" + "aB0/" * 19 + "⟧\n⟦|xYz=⟧\nB=⟦B|" + "aB_0" * 15 + "⟧\n⟦|KEY=⟧\nKEY=\n"
        "C=⟦C|" + "aB_0" * 15 + "⟧\n\nKEY=\n"
    ),
    "a key below a long value": (
        "A=⟦A|" + "aB0/" * 19 + "⟧\nA_B=\nB=⟦B|" + "0123456789abcdef" * 4 + "⟧\nKEY=\n"
        "C=⟦C|" + "aB0/" * 19 + "⟧\nNAME=\nD=⟦D|" + "aB0/" * 14 + "⟧\nKEY=\n"
    ),
    "comments": "# one\n  # two\nA=⟦A|1⟧\n#\n",
    "comments are uncertain before a closing quote with text behind it": (
        "A=⟦A|'x⟧\n⟦|# y⟧\n⟦|' z⟧\n# w\n"
    ),
    "a line that begins with a quote": "⟦|'x' y⟧\nA=⟦A|1⟧\n",
    "CR LF": 'A=⟦A|1⟧\r\nB=⟦B|"x"⟧ # y\r\n',
    "lone CR": "A=⟦A|1⟧\rB=⟦B|2⟧\r",
    "no line end at the end": "A=⟦A|1⟧",
    "a byte order mark": "\ufeffA=⟦A|1⟧\n",
    "other white space": "\u00a0A\u2003=\x1c⟦A|x\u3000y⟧\x85\u2028\nB=⟦B|z⟧\x0b\x0c\n",
    "the same key twice": "A=⟦A|1⟧\nA=⟦A|1⟧\nA=⟦A|2⟧\n",
    "variables": 'A=⟦A|${B:-x}$(cmd)⟧\nB=⟦B|"$A"⟧\n',
    "several assignments on a line": "A=⟦A|1 B=2; C=3⟧\n",
    "equals signs in a value": "A=⟦A|b=c==⟧\n",
    "a key of 5000 bytes is no key": "⟦|" + "k" * 5000 + "=1⟧\nA=⟦A|1⟧\n",
    "a value of an empty quoted key": "⟦|''=1⟧\n",
}
ENV_WHOLE = {"not UTF-8": b"A=\xff\n"}
NAMED = [
    ("a .env file by its name: .envrc", ".envrc", "export A=⟦A|1⟧\n⟦|use flake⟧\n"),
    ("a .env file by its name: .env.local", ".env.local", "A=⟦A|1⟧\n"),
    ("a .env file by its name: .dev.vars", ".dev.vars", "A=⟦A|1⟧\n"),
    ("a .env file by its name, in capitals", "PROD.ENV", "A=⟦A|1⟧\n"),
    ("a JSON file by its name: .json5", "a.json5", '{"a": ⟦a|1⟧,}\n'),
    ("a YAML file by its name, in capitals", "A.YML", "a: ⟦a|1⟧\n"),
]
_TWO = [{"files": "*", "values": "prod.**", "group": "b"}]
_PLAIN = [{"files": "*", "values": ["kind", "meta.**", "users[].name"], "plain": True}]
RULED = [
    (
        "values of two groups",
        "groups.yaml",
        "dev:\n  pw: ⟦dev.pw|x⟧\nprod:\n  pw: ⟦b@prod.pw|x⟧\n  list: [⟦b@prod.list[]|1⟧, ⟦b@prod.list[]|1⟧]\n",
        _TWO,
    ),
    (
        "values of two groups in JSON",
        "groups.json",
        '{"prod": {"a": ⟦b@prod.a|1⟧}, "a": ⟦a|1⟧}',
        _TWO,
    ),
    (
        "values that stay plain",
        "plain.yaml",
        "kind: Secret\nmeta:\n  a: {b: [1]}\nusers:\n  - name: x\n    pw: ⟦users[].pw|y⟧\nname: ⟦name|z⟧\n",
        _PLAIN,
    ),
    ("values that stay plain in .env", "plain.env", "kind=1\nB=⟦B|2⟧\n", _PLAIN),
    (
        "the first rule counts",
        "first.yaml",
        "a: ⟦b@a|1⟧\n",
        [{"files": "first.*", "group": "b"}, {"files": "*", "group": "a"}],
    ),
    (
        "a star in a pattern",
        "star.yaml",
        "db_pw: ⟦b@db_pw|1⟧\nx_pw: ⟦x_pw|1⟧\n",
        [{"files": "*", "values": "db_*", "group": "b"}],
    ),
    (
        "a step in quotes in a pattern",
        "quoted.yaml",
        'data:\n  tls.crt: ⟦b@["data","tls.crt"]|1⟧\n',
        [{"files": "*", "values": 'data."tls.crt"', "group": "b"}],
    ),
    (
        "a format that the name does not tell",
        "settings",
        "a: ⟦a|1⟧\n",
        [{"files": "settings", "format": "yaml"}],
    ),
    (".env by a rule", "vars.txt", "A=⟦A|1⟧\n", [{"files": "*.txt", "format": "dotenv"}]),
    ("JSON by a rule", "state", '{"a": ⟦a|1⟧}', [{"files": "state", "format": "json"}]),
]
WHOLE = [
    ("a certificate", "certs/ca.pem", "-----BEGIN X-----\nAAAA\n-----END X-----\n", []),
    ("a binary", "store.p12", b"\x00\x01\xff", []),
    ("YAML by a rule", "whole.yaml", "a: 1\n", [{"files": "whole.*", "format": "whole"}]),
    ("JSON by a rule, whole", "whole.json", '{"a": 1}', [{"files": "whole.*", "format": "whole"}]),
    (".env by a rule, whole", "whole.env", "A=1\n", [{"files": "whole.*", "format": "whole"}]),
]
