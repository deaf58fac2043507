"""Copies that editors and merge tools leave next to sealed files are ignored, and no other files are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import ENV, SECRET, YAML, Person, Repo

from sealedfiles.git.leftovers import leftover_patterns, originals

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["{0}.orig", "{0}.rej", "{0}~", "{0}.bak", "{0}.~1~", "{0}.save", "#{0}#", "{0}.BACKUP.7.x"]
OF_YAML = [
    ".app.yaml.swp",
    ".app.yaml.swo",
    "app_BACKUP_12.yaml",
    "app_LOCAL_3.yaml",
    "app.yaml.old",
]
OF_ENV = [".env.swp", ".env_REMOTE_12", ".env.un~", ".env___jb_tmp___"]


def leftovers() -> list[str]:
    yaml = [*(name.format("app.yaml") for name in NAMES), *OF_YAML]
    return [*(name.format(ENV) for name in NAMES), *OF_ENV, *(f"secrets/{name}" for name in yaml)]


def exclude(repo: Repo) -> str:
    return (repo.path / ".git/info/exclude").read_text()


@pytest.mark.many_variants
@pytest.mark.parametrize("name", leftovers())
def test_a_leftover_never_reaches_git_in_plaintext(repo: Repo, name: str) -> None:
    repo.write(name, repo.read(YAML if name.startswith("secrets") else ENV))
    repo.git("add", "-A")
    repo.git("commit", "-qm", "all", "--allow-empty")
    assert SECRET not in repo.git("log", "-p", "--no-textconv", "--all")
    original = YAML if "/" in name else ENV
    assert original.encode() in originals(name.encode())


@pytest.mark.parametrize(
    "name",
    ["notes.orig", "a.bak", "config.yaml~", "#x#", "other/app.yaml.orig", ".x.swp", "app.txt.rej"],
)
def test_nothing_unrelated_is_ignored(repo: Repo, name: str) -> None:
    repo.write(name, "unrelated\n")
    assert repo.git("check-ignore", name, code=1) == ""


def test_lines_by_others_stay_in_exclude(repo: Repo) -> None:
    before = "# mine\n*.log"
    repo.write(".git/info/exclude", before)
    repo.sealedfiles("unlock")
    assert exclude(repo).startswith(before + "\n")
    assert ".env.orig" in exclude(repo)
    once = exclude(repo)
    repo.sealedfiles("unlock")
    assert exclude(repo) == once
    repo.sealedfiles("deinit")
    assert exclude(repo) == before + "\n"


def test_track_and_untrack_keep_the_block_up_to_date(repo: Repo) -> None:
    repo.sealedfiles("track", "keys/app.json")
    assert "keys/app.json.orig" in exclude(repo)
    repo.sealedfiles("untrack", "keys/app.json")
    assert "keys/app.json" not in exclude(repo)
    assert ".env.orig" in exclude(repo)


def test_init_writes_it_in_a_clone(origin: Path, tmp_path: Path) -> None:
    clone = Person.at(tmp_path / "nobody").clone(origin, tmp_path / "clone")
    clone.sealedfiles("init")
    assert ".env.orig" in exclude(clone)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("secrets/app.yaml", []),
        ("secrets/#app.yaml#", ["secrets/app.yaml"]),
        ("##", []),
        ("#", []),
        ("#x", []),
        ("x#", []),
        ("app.yaml~", ["app.yaml"]),
        (".app.yaml.swp", [".app.yaml", "app.yaml"]),
        ("app_LOCAL_3.yaml", ["app.yaml"]),
        ("app_LOCAL.yaml", []),
    ],
)
def test_a_name_is_that_of_a_leftover_or_not(name: str, of: list[str]) -> None:
    assert originals(name.encode()) == [one.encode() for one in of]


@pytest.mark.parametrize("pattern", ["*", "**", "secrets/**", "secrets/*", "/secrets/**", "late/"])
def test_leftovers_that_are_sealed_themselves_are_not_ignored(pattern: str) -> None:
    assert leftover_patterns(pattern) == []
    assert "secrets/.env.orig" not in leftover_patterns("secrets/.env*")


@pytest.mark.parametrize("pattern", ["#odd.yaml", r"\!odd.yaml", r"a\[b\].yaml"])
def test_signs_with_a_meaning_in_gitignore_are_escaped(repo: Repo, pattern: str) -> None:
    name = pattern.replace("\\", "")
    repo.write(".git/info/exclude", "\n".join(leftover_patterns(pattern)) + "\n")
    for ending in (".orig", "~"):
        repo.write(name + ending, "x\n")
        assert repo.git("check-ignore", name + ending).strip()
