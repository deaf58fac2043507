"""The words of the project: plain standard English, one term for one thing (docs/glossary.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
FILES = ("README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md")
FOLDERS = ("sealedfiles", "docs", "examples")
SUFFIXES = {".json", ".md", ".py", ".sh", ".yaml", ".yml"}

# Only phrases that have no legitimate use.  Letters before and after do not match: `gravel` is not `grave`.
WORDS = {
    r"at hand": "available",
    r"anew": "again",
    r"mend(s|ed|ing)?": "fix",
    r"in the clear": "in plaintext",
    r"lies? (open|sealed)": "is decrypted, is sealed",
    r"go(es|ing|ne)? on": "continue, resume",
    r"puts? (it |them )?right": "repair",
    r"grave": "severe",
    r"told by": "from, identified by",
    r"lets? in": "add, grant access",
    r"stands? in": "is in",
    r"where it is not": "if it is not",
    r"(takes?|taken|took) out": "remove",
    r"who(ever)? can push": "anyone with push access",
    r"as it should be": "valid, expected",
    r"for want of": "because ... is missing",
}
PATTERNS = [
    # Not the names of fields in backticks, and not a part of `made-up-anew`.
    (re.compile(rf"(?<![\w`-]){words.replace(' ', chr(92) + 's+(?:# )?')}(?![\w`-])", re.I), better)
    for words, better in WORDS.items()
]


def violations(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, phrase and suggestion, also for a phrase that is broken over two lines."""
    for pattern, better in PATTERNS:
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), better


def test_no_file_has_a_phrase_that_the_project_avoids() -> None:
    paths = [TOP / name for name in FILES]
    for folder in FOLDERS:
        paths += [path for path in (TOP / folder).rglob("*") if path.suffix in SUFFIXES]
    assert len(paths) > len(FILES)
    found = [
        f'{path.relative_to(TOP)}:{line}: "{phrase}": write {better}'
        for path in sorted(paths)
        for line, phrase, better in violations(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no key is at hand", [(1, "at hand")]),
        ("first\nGoes\n    # on", [(2, "Goes # on")]),
        ("`mend`, made-up-anew, gravel, goes only", []),
    ],
)
def test_a_phrase_is_found_as_whole_words(text: str, expected: list[tuple[int, str]]) -> None:
    assert [(line, phrase) for line, phrase, _ in violations(text)] == expected
