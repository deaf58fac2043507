"""The files in ``.sealedfiles`` are diffed and merged as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from people import Repo

pytestmark = pytest.mark.many_variants

FILE = ".sealedfiles/.gitattributes"
BEFORE = "* -filter -diff -merge -text\n"


def test_a_change_of_the_policy_is_shown(repo: Repo) -> None:
    repo.sealedfiles("track", "*.env", "--values", "public.**", "--plain")
    repo.commit("a rule")
    assert "+  - files: " in repo.git("log", "-p", "-1", "--", ".sealedfiles/policy.yaml")
    shown = repo.git("log", "-p", "--", ".sealedfiles/recipients/alice.pub")
    assert "+age1" in shown


@pytest.mark.parametrize("pattern", ["secrets/*.yaml", "**", "*.yaml"])
def test_changes_at_both_ends_of_the_policy_merge(repo: Repo, pattern: str) -> None:
    repo.sealedfiles("track", pattern)
    repo.commit("track")
    policy = repo.read(".sealedfiles/policy.yaml")
    repo.git("checkout", "-q", "-b", "theirs")
    repo.write(".sealedfiles/policy.yaml", policy + "# at the end\n")
    repo.commit("theirs")
    repo.git("checkout", "-q", "main")
    repo.write(".sealedfiles/policy.yaml", "# at the top\n" + policy)
    repo.commit("ours")
    repo.git("merge", "-q", "theirs")
    assert repo.read(".sealedfiles/policy.yaml") == f"# at the top\n{policy}# at the end\n"


def test_keys_are_never_merged_by_line(repo: Repo) -> None:
    out = repo.git(
        "check-attr",
        "merge",
        "--",
        ".sealedfiles/keys/default/epochs",
        ".sealedfiles/policy.proof",
        ".sealedfiles/policy.yaml",
    )
    assert [line.rpartition(" ")[2] for line in out.split("\n")[:-1]] == [
        "unset",
        "union",
        "unspecified",
    ]


@pytest.mark.parametrize("command", [("unlock",), ("track", "*.env"), ("sync",)], ids=" ".join)
def test_an_older_repository_is_updated(repo: Repo, command: tuple[str, ...]) -> None:
    current = repo.read(FILE)
    repo.write(FILE, BEFORE)
    repo.commit("as an older version had it")
    repo.sealedfiles(*command)
    assert FILE in repo.stderr
    assert repo.read(FILE) == current
    assert f"M  {FILE}" in repo.status()


def test_what_somebody_changed_by_hand_is_left(repo: Repo) -> None:
    for text in ("* -filter -diff -merge -text\n# ours\n", "* -text\n"):
        repo.write(FILE, text)
        repo.commit("by hand")
        repo.sealedfiles("unlock")
        assert repo.read(FILE) == text
        assert repo.status() == []


def test_a_job_finds_no_change(repo: Repo) -> None:
    repo.write(FILE, BEFORE)
    repo.commit("as an older version had it")
    ci = type(repo)(repo.person.having(CI="1"), repo.path)
    ci.sealedfiles("unlock")
    assert repo.status() == []
