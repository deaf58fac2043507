"""File patterns, compared with git itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealedfiles.model.wildmatch import FilePattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Attributes:
    """An empty repository in which git is asked what patterns match."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.git("init", "--quiet")
        self.git("config", "core.ignoreCase", "false")

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "HOME": str(self.top),
            "XDG_CONFIG_HOME": str(self.top),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        command = ["git", "-C", str(self.top), *arguments]
        run = subprocess.run(
            command, input=stdin, env=environment, capture_output=True, timeout=60, check=False
        )
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout

    def matches(self, patterns: Sequence[str], paths: Sequence[str]) -> set[tuple[str, str]]:
        """Return the pairs of a pattern and a path that it matches."""
        lines = [f"{quoted(pattern)} p{number}\n" for number, pattern in enumerate(patterns)]
        (self.top / ".gitattributes").write_text("".join(lines), encoding="ascii")
        names = [f"p{number}" for number in range(len(patterns))]
        stdin = "".join(f"{path}\0" for path in paths).encode()
        fields = self.git("check-attr", "-z", "--stdin", *names, stdin=stdin).decode().split("\0")
        triples = zip(fields[::3], fields[1::3], fields[2::3], strict=False)
        return {(patterns[int(name[1:])], path) for path, name, value in triples if value == "set"}


def quoted(pattern: str) -> str:
    """A pattern in double quotes, as .gitattributes takes every one."""
    safe = (
        chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"\\' else f"\\{byte:03o}"
        for byte in pattern.encode()
    )
    return f'"{"".join(safe)}"'


@pytest.fixture(scope="session")
def attributes(tmp_path_factory: pytest.TempPathFactory) -> Attributes:
    if shutil.which("git") is None:
        if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
            pytest.fail("git is missing, and SEALEDFILES_REQUIRE_REAL_PARTS is 1")
        pytest.skip("git is missing")
    return Attributes(tmp_path_factory.mktemp("attributes"))


def check(attributes: Attributes, patterns: Sequence[str], paths: Sequence[str]) -> None:
    """Compare with git.  What we refuse as a pattern is not compared."""
    compiled = {}
    for pattern in patterns:
        try:
            compiled[pattern] = FilePattern(pattern)
        except ValueError:
            continue
    ours = {
        (pattern, path)
        for pattern, regex in compiled.items()
        for path in paths
        if regex.matches(path)
    }
    theirs = attributes.matches(list(compiled), paths)
    assert ours ^ theirs == set()


letters = st.sampled_from("aab.b-é ")
names = st.text(letters, min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)

# `?` and brackets match a byte in git and a character here, which differs outside of ASCII.
wild = st.sampled_from(["*", "*", "\\*", "\\\\", "\\a", "*.*"])
ascii_wild = st.sampled_from(["?", "[ab]", "[!a]", "[a-c]", "[^.-]", "[]a]", "[[:alpha:]_]"])
ascii_names = st.text("aab.b- ", min_size=1, max_size=4).filter(lambda n: n not in (".", ".."))
ascii_paths = st.lists(ascii_names, min_size=1, max_size=4).map("/".join)


def patterns_of(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # Git before 2.52 also takes `**` behind a literal for more than one folder (`a**/b`), as it
    # forgets what stood before.  So two stars are always a step of their own here.
    step = st.lists(st.one_of(*parts), min_size=1, max_size=3).map("".join)
    steps = st.lists(
        st.one_of(step.filter(lambda text: "**" not in text), st.just("**")),
        min_size=1,
        max_size=4,
    )
    slash = st.sampled_from(["", "", "/"])
    # A `!` in front is refused; `[attr]` makes a macro of a line.
    return st.tuples(slash, steps.map("/".join)).map("".join)


def many(one: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(one, min_size=1, max_size=12, unique=True)


@settings(deadline=None)
@given(patterns=many(patterns_of(letters, letters, wild)), files=many(paths))
def test_patterns_match_as_git_matches_them(
    attributes: Attributes, patterns: list[str], files: list[str]
) -> None:
    check(attributes, patterns, files)


@settings(deadline=None)
@given(
    patterns=many(patterns_of(st.sampled_from("ab."), wild, ascii_wild)),
    files=many(ascii_paths),
)
def test_patterns_with_brackets_match_as_git_matches_them(
    attributes: Attributes, patterns: list[str], files: list[str]
) -> None:
    check(attributes, patterns, files)


EVERY_CHARACTER = [chr(code) for code in range(1, 127) if chr(code) not in "/."]
CLASSES = (
    *("alnum", "alpha", "blank", "cntrl", "digit", "graph"),
    *("lower", "print", "punct", "space", "upper", "xdigit"),
)


def test_every_class_of_characters_is_git_s(attributes: Attributes) -> None:
    positive = [f"[[:{name}:]]" for name in CLASSES]
    negative = [f"x/[^[:{name}:]]" for name in CLASSES]
    files = EVERY_CHARACTER + [f"x/{char}" for char in EVERY_CHARACTER]
    check(attributes, positive + negative, files)


def test_every_range_of_printable_characters_is_git_s(attributes: Attributes) -> None:
    ends = "!#%&()+-09=@AZ[]^_`az{|}~"
    escaped = {char: f"\\{char}" for char in "[]-^!"}
    ranges = [
        f"[{escaped.get(first, first)}-{escaped.get(last, last)}]"
        for first in ends
        for last in ends
        if first <= last
    ]
    check(attributes, ranges, EVERY_CHARACTER)


SPECIAL = [
    *("[]]", "[]-]", "[-]", "[--]", "[a-]", "[-a]", "[!]]", "[^]]", "[!]a]", "[!!]", "[^^]"),
    *("[a-c-e]", "[a\\]b]", "[\\\\]", "[\\a-\\c]", "[][]", "[*]", "[?]", "[[:digit:]a-c]"),
    *("[a[:digit:]-]", "\\[a]", "\\?", "\\*", "[&&a]", "[a||b]", "[~~]", "[.]", "[[]"),
]


@pytest.mark.parametrize("pattern", SPECIAL)
def test_corners_of_brackets_are_git_s(attributes: Attributes, pattern: str) -> None:
    FilePattern(pattern)
    check(attributes, [pattern], [*EVERY_CHARACTER, "[a]", "**", "a]b"])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.yaml", "a.yaml"),
        ("*.yaml", "x/y/a.yaml"),
        ("*.yaml", ".yaml"),
        (".env", "x/.env"),
        ("/.env", ".env"),
        ("config/*.json", "config/a.json"),
        ("secrets/**", "secrets/a"),
        ("secrets/**", "secrets/a/b/c"),
        ("**/a", "a"),
        ("**/a", "x/y/a"),
        ("a/**/b", "a/b"),
        ("a/**/b", "a/x/y/b"),
        ("**", "a/b"),
        ("a\nb", "a\nb"),
        ("*", "a\nb"),
        ("größe.*", "größe.env"),
    ],
)
def test_what_a_pattern_matches(attributes: Attributes, pattern: str, path: str) -> None:
    assert FilePattern(pattern).matches(path)
    check(attributes, [pattern], [path])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.yaml", "a.yml"),
        ("*.yaml", "a.yaml/b"),
        ("/.env", "x/.env"),
        ("secrets", "secrets/a"),
        ("config/*.json", "x/config/a.json"),
        ("config/*.json", "config/x/a.json"),
        ("config/*", "config/x/a"),
        ("secrets/**", "secrets"),
        ("a?b", "a/b"),
        ("/a[!x]b", "a/b"),
        ("a", "A"),
        ("a.b", "axb"),
        ("a", "a\n"),
    ],
)
def test_what_a_pattern_does_not_match(attributes: Attributes, pattern: str, path: str) -> None:
    assert not FilePattern(pattern).matches(path)
    check(attributes, [pattern], [path])


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "is empty"),
        ("!a", "is negative, which .gitattributes does not support"),
        ("secrets/", "matches a folder; to match its files, use secrets/**"),
        ("a\\", "ends in a backslash"),
        ("[a", "has an unclosed bracket"),
        ("[]", "has an unclosed bracket"),
        ("[[:word:]]", "has an unknown character class"),
        ("[b-a]", "has a character range in reverse order"),
    ],
)
def test_what_is_refused_and_why(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        FilePattern(pattern)
    assert str(caught.value) == reason


@pytest.mark.parametrize("pattern", ["", "!a", "secrets/", "a\\", "[a", "[]", "[[:word:]]"])
def test_what_is_refused_matches_no_file_in_git_either(
    attributes: Attributes, pattern: str
) -> None:
    files = ["a", "secrets/a", "a\\", "[a", "[]", "w", "!a"]
    assert attributes.matches([pattern], files) == set()


@given(st.text(st.characters(), max_size=12))
def test_a_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        regex = FilePattern(text)
    except ValueError:
        return
    regex.matches("a/b")


@pytest.mark.parametrize("pattern", ["a/***/b", "***/b", "a/***", "***", "a***b"])
def test_more_than_two_stars_are_as_two(attributes: Attributes, pattern: str) -> None:
    check(attributes, [pattern], ["a/b", "a/x/b", "a/x/y/b", "b", "a", "axb", "x/axb"])


@pytest.mark.parametrize("pattern", ["[[:blank:]-z]", "[[:space:]-~]", "[[:cntrl:]-b]"])
def test_a_hyphen_behind_a_class_is_a_hyphen(attributes: Attributes, pattern: str) -> None:
    FilePattern(pattern)
    check(attributes, [pattern], EVERY_CHARACTER)


@pytest.mark.parametrize("pattern", ["?", "[!a]", "??", "[é]", "a[é]", "*?", "é?", "[a-é]"])
def test_a_question_mark_is_one_byte_as_in_git(attributes: Attributes, pattern: str) -> None:
    check(attributes, [pattern], ["é", "e", "aé", "éa", "ключ"])


@pytest.mark.parametrize("pattern", ["a[/b]c", "a[!/]c", "x/a[/b]c", "[/]"])
def test_a_slash_in_brackets_is_refused(pattern: str) -> None:
    """In git it is allowed there and never matches, so nobody needs it."""
    with pytest.raises(ValueError, match="has an unclosed bracket"):
        FilePattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("*a" * 30 + "b", "a" * 200), ("**/" + "*/**/" * 30 + "b", "a/" * 100 + "a")],
)
def test_no_pattern_takes_years(pattern: str, path: str) -> None:
    """It comes with a pull request."""
    assert not FilePattern(pattern).matches(path)
