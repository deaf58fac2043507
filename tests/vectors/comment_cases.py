"""Texts in which values and sealed comments are marked by hand (``marked``).

Every case is a name, a path, the text, and where needed the rules and the previous version, marked as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

A_TO_B = [{"files": "*", "values": ["p", "p.**"], "group": "b"}]
MOST_PLAIN = [
    {"files": "*", "values": ["pw", "**.pw", "users[].**", "names[]"], "group": "default"},
    {"files": "*", "plain": True},
]


class Case(NamedTuple):
    name: str
    path: str
    marked: str
    previous: str = ""
    rules: Any = ()


def yaml(name: str, text: str, previous: str = "", rules: Any = ()) -> Case:
    return Case(f"YAML: {name}", "v.yaml", text, previous, rules)


def env(name: str, text: str, previous: str = "", rules: Any = ()) -> Case:
    return Case(f".env: {name}", "v.env", text, previous, rules)


def jsonc(name: str, text: str, previous: str = "", rules: Any = ()) -> Case:
    return Case(f"JSONC: {name}", "v.jsonc", text, previous, rules)


CASES = [
    # -- YAML: what a comment reads as
    yaml("an entry whose key was never sealed", "a: ⟦a|1⟧\n#⟦#| old: hunter2⟧\n# prose stays\n"),
    yaml("several signs", "a: ⟦a|1⟧\n#⟦#|#e: 1⟧\n#⟦#|## f: 2⟧\n##\n#⟦#|g: 3⟧\n"),
    yaml("labels and prose", "a: ⟦a|1⟧\n# TODO: rotate\n# Note: see below\n# note: x\n# in the wiki too: two words\n"
         "#⟦#| one two three: word⟧\n# in the wiki: two words\n# one two three four: word\n"),
    yaml("a label with a value that is not plain", "a: ⟦a|1⟧\n#⟦#| note: \"x\"⟧\n#⟦#| \"note\": x y⟧\n#⟦#| todo: [x]⟧\n"),
    yaml("a collection in brackets", "a: ⟦a|1⟧\n#⟦#| {e: 1, f: [2, {g: 3}]}⟧\n#⟦#| [x, \"y\"],⟧\n# {}\n#⟦#| [*x]⟧\n"),
    yaml("brackets that do not parse", "a: ⟦a|1⟧\n#⟦#| {e: 1⟧\n\n# [1] see below\n#⟦#| {e: 1},⟧\n#⟦#| e: {⟧\n#⟦#|   f: 1⟧\n#⟦#| }⟧\n"),
    yaml("brackets in quotes do not count", "a: ⟦a|1⟧\n#⟦#| e: [\"]\",⟧\n#⟦#| more⟧\n#⟦#| ] end⟧\n# prose\n"),
    yaml("values that do not parse", "a: ⟦a|1⟧\n#⟦#| e: \"x⟧\n\n#⟦#| e: a: b⟧\n#⟦#| !!str e: 1⟧\n#⟦#| e: *x⟧\n"),
    yaml("assignments", "a: ⟦a|1⟧\n#⟦#| TOKEN=abc⟧\n#⟦#| export TOKEN=abc def⟧\n# a == b\n# x = y\n# TOKEN=\n"),
    yaml("items", "l:\n  - ⟦l[]|one⟧\n  #⟦#| - two⟧\n  #⟦#| - a few words⟧\n#⟦#| - word⟧\n"),
    yaml("items far from a list", "a: ⟦a|1⟧\n# - a few words of prose\n#⟦#| - one⟧\n#⟦#| - \"in quotes\"⟧\n"),
    yaml("an item in quotes or with a comma", "a: ⟦a|1⟧\n#⟦#| \"x y\",⟧\n#⟦#| 'x y'⟧\n#⟦#| word,⟧\n# two words,\n# word\n"),
    yaml("a private key", "a: ⟦a|1⟧\n#⟦#| -----BEGIN KEY-----⟧\n#⟦#| AAAA⟧\n\n#⟦#| -----END KEY-----⟧\n# prose\n"),
    yaml("a key below a question mark", "a: ⟦a|1⟧\n# ? key\n#⟦#| : value⟧\n"),
    yaml("behind a value", "a: ⟦a|1⟧ #⟦#| a: hunter2⟧\nb: ⟦b|2⟧ # prose\n"),
    yaml("CR LF and a lone CR", "a: ⟦a|1⟧\r\n#⟦#| e: 1⟧\r\n#⟦#|   f: 2⟧\r# prose\r\n"),
    yaml("tabs", "a:\n  b: ⟦a.b|1⟧\n#⟦#|\te: >⟧\n#⟦#|\t\tone two⟧\n#\tthree four\n"),
    yaml("equal comments", "a: ⟦a|1⟧\n#⟦#| e: 1⟧\n#⟦#| e: 1⟧\n"),
    yaml("a token passes through", "a: ⟦a|1⟧\n#⟦standing#| old: 1⟧\n#⟦#| old: 2⟧\n# prose\n"),
    yaml("a token is read as what it was sealed from", "a: ⟦plain@a|1⟧\n#⟦b+standing#| e: |⟧\n#⟦b#|   some words⟧\n# words\n#⟦b#| e: x⟧\n",
         rules=[{"files": "*", "plain": True}]),
    yaml("a path below a token", "x: ⟦x|1⟧\n#⟦b+standing#| - p: 2⟧\n#⟦#|   e: 1⟧\n", rules=A_TO_B),
    # -- YAML: bodies
    yaml("a block scalar", "a: ⟦a|1⟧\n#⟦#| e: |⟧\n#⟦#|   line one⟧\n#\n#⟦#|   line two⟧\n# prose\n"),
    yaml("a block scalar that is indented by one", "a: ⟦a|1⟧\n#⟦#| e: |⟧\n#⟦#|  line one⟧\n# prose\n"),
    yaml("a mapping below a key", "a: ⟦a|1⟧\n# db:\n#⟦#|   one two three⟧\n#⟦#|   pw: x⟧\n# prose\n"),
    yaml("items as far left as their key", "a: ⟦a|1⟧\n# words:\n#⟦#| - a few words⟧\n#⟦#|   and more of them⟧\n# prose\n"),
    yaml("a quote over lines", "a: ⟦a|1⟧\n#⟦#| e: 'one⟧\n#⟦#| two⟧\n\n#⟦#| three'⟧\n# prose\n"),
    yaml("a quote without an end", "a: ⟦a|1⟧\n#⟦#| e: \"one⟧\n#⟦#| two \\\" three⟧\n\n# prose\n"),
    yaml("a body of an item", "l:\n  - a: ⟦l[].a|1⟧\n  #⟦#| - a: 2⟧\n  #⟦#|     some words⟧\n  #   prose\n"),
    yaml("a body ends with its block", "a: ⟦a|1⟧\n#⟦#| e: |⟧\n#⟦#|   one two⟧\nb: ⟦b|2⟧\n#   three four\n"),
    yaml("a body of a comment behind a value", "a: ⟦a|1⟧ #⟦#| e: |⟧\n  #⟦#|     one two⟧\n# prose\n"),
    # -- YAML: places and rules
    yaml("a path above", "p:\n  a: ⟦b@p.a|1⟧\n  #⟦b#| e: 1⟧\n#⟦#| e: 1⟧\n", rules=A_TO_B),
    yaml("a header above", "x: ⟦x|1⟧\n# p:\n#⟦b#|   e: 1⟧\n#⟦b#|   some words⟧\n#⟦#| e: 1⟧\n", rules=A_TO_B),
    yaml("only what the rules seal", "a: ⟦plain@a|1⟧\npw: ⟦pw|2⟧\n# e: 1\n#⟦#| pw: 1⟧\n# x:\n#⟦#|   pw: 3⟧\n#   e: 4\n", rules=MOST_PLAIN),
    yaml("an item of a list by the rules", "names:\n  - ⟦names[]|ann⟧\n  #⟦#| - a few words⟧\n  # words\nother: ⟦plain@other|1⟧\n# - x\n", rules=MOST_PLAIN),
    yaml("known by its key elsewhere", "pw: ⟦pw|1⟧\nx:\n  y: ⟦plain@x.y|2⟧\n# some pw here\n#⟦#| pw: z⟧\n", rules=MOST_PLAIN),
    # -- YAML: mentions
    yaml("a mention of a value", "a: ⟦a|hunter2hunter2⟧\n#⟦#| was hunter2hunter2 before⟧\n# was hunter2 before\n"),
    yaml("a mention of a short value", "a: ⟦a|hunter2⟧\n# was hunter2 before\n"),
    yaml("a mention of a line", "a: ⟦a||\n  first line\n  second line⟧\n#⟦#| the second line of it⟧\n"),
    yaml("a mention of the first 64 characters", "a: ⟦a|" + "x" * 63 + "y" + "z" * 9 + "⟧\n#⟦#| not " + "x" * 63 + "y of it⟧\n# but " + "x" * 63 + "\n"),
    yaml("a mention of a comment's value", "a: ⟦a|1⟧\n#⟦#| say it was correcthorse⟧\n#⟦#| e: correcthorse⟧\n"),
    yaml("a mention for two groups", "a: ⟦a@a|hunter2hunter2⟧\np: ⟦b@p|hunter2hunter2⟧\n#⟦a+b#| hunter2hunter2⟧\n",
         rules=[{"files": "*", "values": "a", "group": "a"}, *A_TO_B]),
    yaml("a mention of a decoded value", "a: ⟦a|\"tab\\there it is\"⟧\n#⟦#| tab\there it is⟧\n# tab\\there it is\n"),
    yaml("a key for two groups", "a: {pw: ⟦a@a.pw|1⟧}\np: {pw: ⟦b@p.pw|2⟧}\n#⟦a+b#| pw: 3⟧\n",
         rules=[{"files": "*", "values": "a.**", "group": "a"}, *A_TO_B, {"files": "*", "plain": True}]),
    # -- YAML: with a previous version
    yaml("a value that was commented out", "a: ⟦a|1⟧\n#⟦#| b: hunter2⟧\n", "a: ⟦a|1⟧\nb: ⟦b|hunter2⟧\n"),
    yaml("a value of another group that was commented out", "a: ⟦a|1⟧\n#⟦b+default#| b: hunter2⟧\n", "a: ⟦a|1⟧\nb: ⟦b@b|hunter2⟧\n"),
    yaml("lines of a value that were commented out", "a: ⟦a|1⟧\n#⟦#| b: |⟧\n#⟦#|   first line⟧\n\nc: ⟦c|2⟧\n#⟦#| first line⟧\n",
         "a: ⟦a|1⟧\nb: ⟦b||\n  first line\n  second line⟧\n"),
    yaml("a key that was sealed, under other rules", "a: ⟦plain@a|1⟧\n#⟦#| e: 2⟧\n# f: 2\n", "e: ⟦e|1⟧\n", rules=[{"files": "*", "plain": True}]),
    yaml("a comment that is as it was keeps its token", "a: ⟦plain@a|1⟧\n#⟦b#| some words⟧\n# other words\n", "a: 1\n#⟦b#| some words⟧\n",
         rules=[{"files": "*", "plain": True}]),
    yaml("a comment that is as it was keeps its layers", "a: ⟦a|1⟧\n#⟦a+b#| e: 1⟧\n#⟦default#| f: 1⟧\n", "#⟦a+b#| e: 1⟧\n"),
    yaml("a comment that was edited", "a: ⟦plain@a|1⟧\n#⟦b#| e: 2⟧\n", "a: 1\n#⟦b#| e: 1⟧\n", rules=[{"files": "*", "plain": True}]),
    yaml("a line of a longer value that was edited", "a: ⟦plain@a|1⟧\n#⟦b#| AAAABBBBCCCC and more⟧\n", "a: 1\n#⟦b#| AAAABBBBCCCC⟧\n",
         rules=[{"files": "*", "plain": True}]),
    yaml("a body of a comment that is as it was", "a: ⟦plain@a|1⟧\n#⟦b#| e: |⟧\n#⟦b#|   new line⟧\n", "a: 1\n#⟦b#| e: |⟧\n#⟦b#|   old line⟧\n",
         rules=[{"files": "*", "plain": True}]),
    yaml("two that are as one was", "a: ⟦plain@a|1⟧\n#⟦b#| e: 1⟧\n#⟦b#| e: 1⟧\n", "a: 1\n#⟦b#| e: 1⟧\n", rules=[{"files": "*", "plain": True}]),
    # -- .env
    env("an entry whose key was never sealed", "A=⟦A|1⟧\n#⟦#|OLD=hunter2⟧\n#⟦#| export OLD = hunter2⟧\n# prose\n# Note: prose\n#⟦#| key: x y⟧\n"),
    env("several signs", "A=⟦A|1⟧\n#⟦#|# B=1⟧\n#⟦#|## C: 1⟧\n##\n"),
    env("quotes over lines", "A=⟦A|1⟧\n#⟦#| B=\"one⟧\n#⟦#| two⟧\n#⟦#| three\"⟧\n# prose\n"),
    env("a quote without an end", "A=⟦A|1⟧\n#⟦#| B='one⟧\n#⟦#| two⟧\n\n# prose\n"),
    env("backslashes", "A=⟦A|1⟧\n#⟦#| B=one\\⟧\n#⟦#| two\\⟧\n#⟦#| three⟧\n# prose\n"),
    env("a private key", "A=⟦A|1⟧\n#⟦#| B=-----BEGIN X-----⟧\n#⟦#| AAAA⟧\n#⟦#| -----END X-----⟧\n# prose\n"),
    env("behind a value", "A=⟦A|'1'⟧ #⟦#| B=1⟧\nC=⟦C|\"2\"⟧ # prose\n"),
    env("CR LF", "A=⟦A|1⟧\r\n#⟦#| B=1⟧\r\n# prose\r\n"),
    env("a token is read as what it was sealed from", "A=⟦A|1⟧\n#⟦standing#| B=\"one⟧\n#⟦#| two\"⟧\n# three\"\n"),
    env("a mention", "A=⟦A|'hunter2hunter2'⟧\n#⟦#| is it hunter2hunter2?⟧\n# B=\n"),
    env("a key of several words", "A=⟦A|1⟧\n# 'two words': x y\n#⟦#| 'three short words': x⟧\n# 'now there are four': x\n"),
    env("no value, no entry", "A=⟦A|1⟧\n# B=\n# B:\n# export B\n# http://x\n"),
    env("a key that was sealed, under other rules", "A=⟦plain@A|1⟧\n#⟦#|E=2⟧\n# F=2\n", "E=⟦E|1⟧\n", rules=[{"files": "*", "plain": True}]),
    env("a comment that was edited", "A=⟦plain@A|1⟧\n#⟦b#| E=2⟧\n", "A=1\n#⟦b#| E=1⟧\n", rules=[{"files": "*", "plain": True}]),
    # -- JSON with comments
    jsonc("entries", '{\n  "a": ⟦a|1⟧, //⟦#| "b": 2⟧\n  //⟦#| "c": "x", "d": true⟧\n  // prose\n  "e": ⟦e|3⟧ /*⟦#| "f": 4⟧ */\n}\n'),
    jsonc("keys without a value", '{\n  "a": ⟦a|1⟧\n  // "b": {\n  //⟦#|   "c": 1⟧\n  //⟦#|   words⟧\n  //⟦#| }⟧\n  // prose\n}\n'),
    jsonc("lists", '{\n  "a": ⟦a|1⟧\n  //⟦#| "b": [1, 2]⟧\n  //⟦#| "x", "y",⟧\n  //⟦#| ["x"]⟧\n  // [1]\n  // "x" and words\n}\n'),
    jsonc("strings and brackets that are not in the right place",
          '{\n  "a": ⟦a|1⟧\n  //⟦#| "x", ],⟧\n\n  // } "x"\n  //⟦#| { "x"⟧\n  //⟦#| word }⟧\n  //⟦#| * , "b": 1⟧\n  // :{, "c": 1\n}\n'),
    jsonc("an entry within prose", '{\n  "a": ⟦a|1⟧\n  // was "b": 2 once\n  //⟦#| was "a": 2 once⟧\n}\n'),
    jsonc("a token is read as what it was sealed from", '{\n  "a": ⟦a|1⟧\n  //⟦standing#| "b": ["x",⟧\n  //⟦#| words ]⟧\n  // words\n}\n'),
    jsonc("CR LF", '{\r\n  "a": ⟦a|1⟧ //⟦#| "b": 1⟧\r\n  /*⟦#| "c": 2\r\n  "d": 3⟧ */\r\n}\r\n'),
    jsonc("with a previous version", '{\n  "a": ⟦plain@a|1⟧\n  //⟦#| "b": 2⟧\n  // "c": 2\n}\n', '{"a": 1, "b": ⟦b|"x"⟧}\n', rules=[{"files": "*", "plain": True}]),
]  # fmt: skip
