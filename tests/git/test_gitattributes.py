"""Attributes are read from git's objects, with the same results as git's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from check.toy import isolate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealedfiles.git.gitattributes import Attributes, Parsed, quoted, sealed_patterns, without

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = [
    "a.env",
    "A.env",
    "x/a.env",
    "x/y/b.yaml",
    "x y/c",
    "#d",
    'q"u',
    "é.env",
    "x/[attr]s",
    "tab\te",
]

CASES = {
    "the last line counts": {"": "*.env filter=sealedfiles\na.env -filter\n"},
    "a value of another filter": {"": "* filter=sealedfiles\nx/** filter=lfs\n"},
    "unspecified on purpose": {"": "* filter=sealedfiles\n*.env !filter\n"},
    "set without a value": {"": "* filter\n"},
    "further down counts more": {"": "* filter=sealedfiles\n", "x/": "*.env -filter\n"},
    "further down is relative": {"x/": "/a.env filter=sealedfiles\ny/* filter=sealedfiles\n"},
    "a macro": {"": "[attr]s filter=sealedfiles -text\n*.env s\n"},
    "a macro that is unset": {"": "[attr]s filter=sealedfiles\n* s\na.env -s\n"},
    "a macro behind a macro": {
        "": "[attr]s filter=sealedfiles\n[attr]t s\n*.env t\nx/** s -filter\n"
    },
    "a macro used before it is defined": {"": "* s\n[attr]s filter=sealedfiles\n"},
    "macros that name each other": {"": "[attr]s t\n[attr]t s\n* s\n"},
    "a macro further down is none": {"x/": "[attr]s filter=sealedfiles\n* s\n"},
    "a macro of the top used further down": {"": "[attr]s filter=sealedfiles\n", "x/": "* s\n"},
    "order within a line": {"": "* filter=sealedfiles -filter\nx/** -filter filter=sealedfiles\n"},
    "blanks and comments": {"": "  # *.env filter=lfs\n\n \t*.env \t filter=sealedfiles \r\n"},
    "quotes": {
        "": '"x y/c" filter=sealedfiles\n"\\043d" filter=sealedfiles\n"q\\"u" filter=sealedfiles\n'
    },
    "quotes that do not end": {"": '"a.env filter=sealedfiles\n'},
    "control characters in quotes": {"": '"tab\\te" filter=sealedfiles\n'},
    "a line with an attribute that is none": {"": "* filter=sealedfiles\n*.env -filter -=x\n"},
    "negative patterns are ignored": {"": "* filter=sealedfiles\n!*.env -filter\n"},
    "folders do not match": {"": "x/ filter=sealedfiles\nx filter=sealedfiles\n"},
    "a bracket with a macro's name": {"": "x/[attr]s filter=sealedfiles\n"},
    "a line too long for git": {"": "* filter=sealedfiles" + " a" * 1100 + "\n"},
    "a byte that ends what git reads": {
        "": "*.yaml filter=sealedfiles\n\0\n*.env filter=sealedfiles\n"
    },
    "no line end at the end": {"": "*.env filter=sealedfiles"},
    "names that are not ASCII": {"": "é.env filter=sealedfiles\n"},
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("attributes")
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, path)
        git(path, "init", "-q")
        yield path


def git(path: Path, *args: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", *args], cwd=path, input=stdin, capture_output=True, check=True
    ).stdout


def what_git_says(path: Path, files: dict[str, str]) -> dict[str, str]:
    """Return git's filter for each path with the attributes files *files*, read from the index."""
    git(path, "read-tree", "--empty")
    entries = b""
    for folder, text in files.items():
        oid = git(path, "hash-object", "-w", "--stdin", stdin=text.encode())
        entries += b"100644 " + oid.strip() + b"\t" + f"{folder}.gitattributes\0".encode()
    git(path, "update-index", "-z", "--index-info", stdin=entries)
    names = "".join(f"{name}\0" for name in PATHS).encode()
    fields = git(path, "check-attr", "--cached", "-z", "--stdin", "filter", stdin=names).split(
        b"\0"
    )
    return dict(zip(PATHS, (one.decode() for one in fields[2::3]), strict=True))


def what_we_say(files: dict[str, str]) -> dict[str, str]:
    def read(path: bytes) -> tuple[str, bytes] | None:
        text = files.get(path.decode().removesuffix(".gitattributes"))
        return None if text is None else (path.decode(), text.encode())

    parsed: dict[str, list[Parsed]] = {}
    attributes = Attributes(read, parsed)
    words: dict[object, str] = {None: "unspecified", True: "set", False: "unset"}
    found = {}
    for path in PATHS:
        state = attributes.filter_of(path.encode())
        found[path] = state.decode() if isinstance(state, bytes) else words[state]
    return found


@pytest.mark.parametrize("name", CASES)
def test_git_agrees(repository: Path, name: str) -> None:
    assert what_we_say(CASES[name]) == what_git_says(repository, CASES[name])


patterns = st.sampled_from(
    ["*", "**", "*.env", "a.env", "x/*", "x/**", "/a.env", "**/b.yaml", "x", "[attr]m"]
)
words = st.sampled_from(
    [
        "filter=sealedfiles",
        "-filter",
        "!filter",
        "filter",
        "filter=x",
        "m",
        "-m",
        "!m",
        "m=x",
        "-text",
    ]
)
lines = st.tuples(patterns, st.lists(words, min_size=1, max_size=3)).map(
    lambda one: " ".join([one[0], *one[1]])
)
texts = st.lists(lines, max_size=5).map("\n".join)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(texts, texts)
def test_git_agrees_on_arbitrary_attributes(repository: Path, top: str, below: str) -> None:
    files = {"": top, "x/": below}
    assert what_we_say(files) == what_git_says(repository, files)


def test_unspecified_differs_from_no_filter() -> None:
    text = b"*.env -filter\n*.json !filter\n"
    attributes = Attributes(lambda path: ("1", text) if path == b".gitattributes" else None, {})
    assert [attributes.is_unspecified(path) for path in (b"a.env", b"a.json", b"a.yaml")] == [
        False,
        False,
        True,
    ]


def test_the_sealed_patterns_are_those_of_our_filter_each_once() -> None:
    text = (
        b"[attr]ours filter=sealedfiles\n*.env filter=sealedfiles -text\n*.bin filter=lfs\n"
        b"*.yaml ours\n*.txt -filter\n*.md text\n*.env filter=sealedfiles\n"
    )
    assert sealed_patterns(text) == ["*.env", "*.yaml"]


ODD = ["x y/c", "#d", 'q"u', "tab\te", "é.env", " a", "a ", "\x7f", "\x01", "\n", "\r", "a\\ b"]


def test_a_quoted_pattern_is_read_as_it_was(repository: Path) -> None:
    text = "".join(f"{quoted(one)} filter=sealedfiles\n" for one in ODD)
    assert sealed_patterns(text.encode()) == ODD
    says = what_git_says(repository, {"": text})
    assert [says[one] for one in ("x y/c", "#d", 'q"u', "tab\te", "é.env")] == ["sealedfiles"] * 5
    assert quoted("*.env") == "*.env"


@pytest.mark.parametrize("pattern", ["a\0b", "x" * 500], ids=["NUL", "long"])
def test_a_line_that_git_would_ignore_is_not_written(pattern: str) -> None:
    with pytest.raises(ValueError, match="too long"):
        quoted(pattern)


def test_attributes_of_another_tool_are_removed_and_nothing_else() -> None:
    before = (
        b"# secrets\n[attr]crypt filter=x diff=x\n[attr]bin -text filter=x\n*.a filter=x diff=x\n"
        b'"a b" \tfilter=x -text\r\n*.b crypt\n*.c crypt text\n*.d bin\n*.e filter=xy\n\n*.f !filter\nx'
    )
    after = (
        b"# secrets\n[attr]bin -text\n"
        b'"a b" -text\r\n*.c text\n*.d bin\n*.e filter=xy\n\n*.f !filter\nx'
    )
    assert without(before, [b"filter=x", b"diff=x"]) == after
    assert without(after, [b"filter=x", b"diff=x"]) == after
