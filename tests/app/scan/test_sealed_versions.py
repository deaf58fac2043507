"""Sealed files of the past are found by the patterns that sealed them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sealedfiles.app.scan.sealed_versions import pathspec

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["a.env", "A.ENV", "conf/a.env", "conf/b/a.env", "conf/a.txt", "b/conf/a.env"]


@pytest.mark.parametrize(
    ("pattern", "ignore_case", "expected"),
    [
        ("*.env", False, ["a.env", "conf/a.env", "conf/b/a.env", "b/conf/a.env"]),
        ("*.env", True, ["a.env", "A.ENV", "conf/a.env", "conf/b/a.env", "b/conf/a.env"]),
        ("/A.env", True, ["a.env", "A.ENV"]),
        ("/a.env", False, ["a.env"]),
        ("conf/*.env", False, ["conf/a.env"]),
        ("conf/**", False, ["conf/a.env", "conf/b/a.env", "conf/a.txt"]),
        ("**/conf/*.env", False, ["conf/a.env", "b/conf/a.env"]),
    ],
)
def test_a_pathspec_matches_as_the_pattern_does(
    tmp_path: Path, pattern: str, ignore_case: bool, expected: list[str]
) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    name = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    lines = "".join(f"100644 {name}\t{path}\n" for path in FILES)
    run = ["git", "-C", str(tmp_path)]
    subprocess.run([*run, "update-index", "--index-info"], input=lines.encode(), check=True)
    listed = subprocess.run(
        [*run, "ls-files", "--", pathspec(pattern, ignore_case)], check=True, capture_output=True
    )
    assert sorted(listed.stdout.decode().split()) == sorted(expected)
