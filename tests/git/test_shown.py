"""`git diff` shows plaintext to people, and the stored content to programs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import FILES, SECRET, YAML, Person, Repo, every_file, tokens

from sealedfiles.git.invocation import split_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import World

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="there all is plaintext"),
    pytest.mark.many_variants,
]

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")

DIFFS = (
    ("diff",),
    ("diff", "HEAD"),
    ("diff", "HEAD~1"),
    ("diff", "--cached", "HEAD~1"),
    ("diff", "-U0", "--no-ext-diff", "HEAD~1"),
    ("log", "-p", "-2"),
    ("show", "HEAD"),
    ("-c", "core.quotePath=false", "diff", "HEAD~1"),
    ("stash", "show", "-p"),
)


@pytest.fixture(scope="module")
def edited_once(world: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = world.copy("alice", tmp_path_factory.mktemp("edited") / "orders")
    repo.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-stashed")
    repo.git("stash")
    repo.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.commit("another password")
    repo.edit(YAML, "s3cr3t-db-beta", "s3cr3t-db-gamma")
    return repo


@pytest.fixture
def edited(edited_once: Repo, tmp_path: Path) -> Repo:
    """A clone with a stash, a second commit and an edit in the working tree."""
    return edited_once.copy(tmp_path / "orders")


def at_terminal(repo: Repo) -> Repo:
    """Return *repo* with the environment that git's children have if git has started a pager."""
    return Repo(repo.person.having(GIT_PAGER_IN_USE="true"), repo.path)


@pytest.mark.parametrize("command", DIFFS, ids=" ".join)
def test_programs_see_tokens(edited: Repo, command: tuple[str, ...]) -> None:
    shown = edited.git(*command)
    assert SECRET not in shown
    assert tokens(shown)
    assert edited.stderr == ""


def test_a_verbose_commit_writes_tokens_for_its_message(edited: Repo) -> None:
    edited.git("add", "--all")
    assert SECRET not in edited.git("status", "-vv")
    editor = Repo(edited.person.having(GIT_EDITOR="sed -i 1s/^/message/"), edited.path)
    editor.git("commit", "--quiet", "--verbose")
    message = edited.read(".git/COMMIT_EDITMSG")
    assert tokens(message)
    assert SECRET not in message


@pytest.mark.parametrize("command", [one for one in DIFFS if one[0] != "stash"], ids=" ".join)
def test_people_see_plaintext(edited: Repo, command: tuple[str, ...]) -> None:
    for repo, more in (
        (at_terminal(edited), ()),
        (edited, ("-c", "sealedfiles.diff=always")),
    ):
        shown = repo.git(*more, *command)
        assert "s3cr3t-db-" in shown
        assert not [line for line in shown.split("\n") if line[:1] in "+-" and tokens(line)]


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Run git with a pager on a terminal; return what the pager shows."""
    main, terminal = os.openpty()

    def run(repo: Repo, *command: str) -> str:
        pager = tmp_path / "pager"
        pager.unlink(missing_ok=True)
        person = repo.person.having(GIT_PAGER=f"cat > '{pager}'", TERM="xterm")
        environment = person.environment()
        subprocess.run(
            ["git", *command],
            cwd=repo.path,
            env=environment,
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.DEVNULL,
            timeout=120,
            check=True,
        )
        return pager.read_text() if pager.exists() else ""

    yield run
    os.close(main)
    os.close(terminal)


READ_BY_PEOPLE = (
    *[one for one in DIFFS if one[0] != "stash"],
    ("-c", "alias.d=diff HEAD", "d"),
    ("-c", "alias.d=diff HEAD", "-p", "d"),
    ("-c", "alias.d=!git diff HEAD", "d"),
    ("-c", "alias.d=!git diff HEAD", "-p", "d"),
    ("-p", "status", "-v", "-v"),
)


@linux
@pytest.mark.parametrize("command", READ_BY_PEOPLE, ids=" ".join)
def test_people_see_plaintext_in_a_pager(
    edited: Repo, seen: Callable[..., str], command: tuple[str, ...]
) -> None:
    shown = seen(edited, *command)
    assert "s3cr3t-db-" in shown
    assert not [line for line in shown.split("\n") if line[:1] in "+-" and tokens(line)]


WRITTEN = (
    ("diff", "--output=out"),
    ("diff", "--output", "out", "HEAD~1"),
    ("log", "-p", "--output=out"),
    ("-c", "alias.d=!git diff HEAD > out", "-p", "d"),
    ("-c", "alias.d=!git diff HEAD | cat > out", "-p", "d"),
    ("-c", "alias.d=!git diff HEAD~1 HEAD | cat > out", "-p", "d"),
    ("-c", "alias.d=!git show > out", "-p", "d"),
    ("-c", "alias.d=!git -c alias.e='!git diff HEAD' e | cat > out", "-p", "d"),
)


@linux
@pytest.mark.parametrize("command", WRITTEN, ids=" ".join)
def test_a_file_gets_tokens_even_if_there_is_a_pager(
    edited: Repo, seen: Callable[..., str], command: tuple[str, ...]
) -> None:
    seen(edited, *command)
    assert tokens(edited.read("out"))
    assert SECRET not in edited.read("out")


@linux
def test_so_does_the_message_of_a_verbose_commit(edited: Repo, seen: Callable[..., str]) -> None:
    editor = Repo(edited.person.having(GIT_EDITOR="sed -i 1s/^/message/"), edited.path)
    seen(editor, "-c", "pager.commit=true", "commit", "-a", "-v")
    assert tokens(edited.read(".git/COMMIT_EDITMSG"))
    assert SECRET not in edited.read(".git/COMMIT_EDITMSG")


@linux
def test_a_file_of_the_working_tree_is_shown_in_a_pager_without_starting_the_program(
    edited: Repo, seen: Callable[..., str]
) -> None:
    command = edited.git("config", "diff.sealedfiles.textconv").strip()
    assert command.count("exec cat") == 2
    command = command.replace("exec ", "false ").replace("false cat", "exec cat")
    edited.git("config", "diff.sealedfiles.textconv", command)
    assert "s3cr3t-db-gamma" in seen(edited, "diff")
    edited.git("diff", "--output=out", code=128)


def test_a_pager_shows_no_plaintext_if_disabled(edited: Repo) -> None:
    edited.git("config", "sealedfiles.diff", "never")
    assert SECRET not in at_terminal(edited).git("diff", "HEAD~1")


def test_plaintext_on_request(edited: Repo) -> None:
    assert "s3cr3t-db-gamma" in edited.git("diff", "--textconv")
    assert "s3cr3t-db-beta" in edited.git("show", "--textconv", f"HEAD:{YAML}")
    assert "s3cr3t-db-beta" in edited.git("cat-file", "--textconv", f"HEAD:{YAML}")


@every_file
def test_the_diff_of_the_working_tree_is_what_would_be_committed(repo: Repo, path: str) -> None:
    repo.edit(path, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    before = repo.git("diff")
    assert len(tokens("".join(line for line in before.split("\n") if line[:1] == "+"))) == 1
    repo.commit("another password")
    assert repo.git("diff", "HEAD~1").split("\n")[2:] == before.split("\n")[2:]


@every_file
def test_a_patch_applies(repo: Repo, path: str) -> None:
    repo.edit(path, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    edited = repo.read(path)
    repo.write("../change.patch", repo.git("diff"))
    repo.git("checkout", "-q", ".")
    repo.git("apply", "../change.patch")
    assert repo.read(path) == edited


def test_a_patch_adds_plaintext_as_it_is(repo: Repo) -> None:
    """Git applies it to the stored form, without the filter (docs/git.md)."""
    repo.write("secrets/new.yaml", "key: s3cr3t-new\n")
    repo.commit("new")
    new = repo.git("show", "--format=From x%nFrom: x <x@x>%nSubject: new%n", "--textconv")
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.write("../new.patch", new)
    repo.git("apply", "--index", "../new.patch")
    assert "[plain-value]" in repo.sealedfiles("check", "--staged", code=1)
    repo.git("reset", "--quiet", "--hard")
    repo.git("am", "../new.patch")
    assert "is in plaintext in git" in repo.stderr
    assert repo.blob("HEAD", "secrets/new.yaml") == b"key: s3cr3t-new\n"
    assert "[plain-value]" in repo.sealedfiles("check", code=1)


def test_blame_names_the_commit_of_each_line(edited: Repo) -> None:
    first, second = edited.head("HEAD~1"), edited.head()
    number = 1 + edited.read(YAML).split("\n").index('  password: "s3cr3t-db-gamma"')
    for repo in (edited, at_terminal(edited)):
        lines = repo.git("blame", "-l", "-s", "--abbrev=40", YAML).split("\n")
        assert lines[number - 1].startswith("0" * 40)
        for other in (*lines[: number - 1], *lines[number:-1]):
            assert other.lstrip("^")[:39] == repo.git("rev-list", "-1", "HEAD~1", "--", YAML)[:39]
        lines = repo.git("blame", "-l", "-s", "--abbrev=40", "HEAD", "--", YAML).split("\n")
        assert lines[number - 1].startswith(second)
        assert "s3cr3t-db-beta" in lines[number - 1]
    assert first != second


def test_other_commands_write_plaintext_as_always(edited: Repo) -> None:
    edited.git("checkout", "--", YAML)
    assert edited.read(YAML) == FILES[YAML].replace("s3cr3t-db-alpha", "s3cr3t-db-beta")
    edited.git("restore", "--source", "HEAD~1", YAML)
    assert edited.read(YAML) == FILES[YAML]
    edited.git("checkout", "-f", "HEAD")
    edited.git("stash", "pop", code=None)
    assert "s3cr3t-db-stashed" in edited.read(YAML)


def test_without_a_key_nothing_is_said(repo: Repo, tmp_path: Path) -> None:
    """Scanners stop at the first line on stderr, and report that they found nothing."""
    home = tmp_path / "nobody"
    nobody = Person.at(home).clone(repo, tmp_path / "clone")
    for key in ("process", "clean", "smudge", "required"):
        value = repo.git("config", f"filter.sealedfiles.{key}").strip()
        nobody.git("config", f"filter.sealedfiles.{key}", value)
    nobody.git(
        "config",
        "diff.sealedfiles.textconv",
        repo.git("config", "diff.sealedfiles.textconv").strip(),
    )
    assert tokens(nobody.git("log", "-p", "-U0"))
    assert nobody.stderr == ""


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("git diff -p", ["diff", "-p"]),
        ("/usr/bin/git -C a -c x=y --no-pager log", ["log"]),
        ("/usr/lib/git-core/git-diff HEAD", ["diff", "HEAD"]),
        ("git --git-dir x --work-tree=y show", ["show"]),
        ("git", []),
        ("", []),
    ],
)
def test_the_command_is_found_in_the_command_line(line: str, command: list[str]) -> None:
    assert split_command(line.split()) == command
