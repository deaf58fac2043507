"""The command line as a whole: help, version, exit statuses, and how errors look."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from people import program

from sealedfiles import __version__
from sealedfiles.cli.app import COMMANDS

if TYPE_CHECKING:
    from people import Person, Repo


def test_version(alice: Person) -> None:
    out, _ = alice.run([*program(), "--version"], alice.home)
    assert out.decode() == f"sealedfiles {__version__}\n"


def test_runs_as_a_module_too(alice: Person) -> None:
    out, _ = alice.run([sys.executable, "-I", "-m", "sealedfiles", "--version"], alice.home)
    assert out.decode() == f"sealedfiles {__version__}\n"


def test_help_lists_every_command_and_has_examples(alice: Person) -> None:
    text = alice.run([*program(), "--help"], alice.home)[0].decode()
    for names in COMMANDS.values():
        for name in names:
            assert f"\n  {name} " in text
    assert "Examples:" in text


@pytest.mark.parametrize("name", [name for names in COMMANDS.values() for name in names])
def test_every_command_has_help(alice: Person, name: str) -> None:
    text = alice.run([*program(), name, "--help"], alice.home)[0].decode()
    assert text.startswith(f"Usage: sealedfiles {name}")


@pytest.mark.parametrize(
    "arguments",
    [["no-such-command"], ["cat"], ["grant"], ["init", "--nonsense"], ["git"], ["git", "clean"]],
)
def test_a_wrong_call_exits_2_in_lower_case_with_a_hint(
    alice: Person, arguments: list[str]
) -> None:
    out, err = alice.run([*program(), *arguments], alice.home, code=2)
    assert out == b""
    first, *rest = err.split("\n")
    assert first.startswith("sealedfiles: ")
    assert not first.endswith(".")
    assert any(line.startswith("hint: ") for line in rest)


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(repo: Repo) -> None:
    name = "evil\x1b[31m.env"
    repo.write(name, "A=sealed:v1:default:" + "a" * 16 + ":AAAAAAAA:" + "A" * 64 + "\n")
    repo.sealedfiles("cat", name, code=3)
    assert "\x1b" not in repo.stderr
