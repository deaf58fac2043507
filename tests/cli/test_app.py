"""The command line as a whole: help, version, exit statuses, and the format of errors."""

from __future__ import annotations

import ast
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from people import program

from sealedfiles import __version__
from sealedfiles.cli.commands import COMMANDS

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


@pytest.mark.parametrize("group", [(), ("key",), ("hook",)])
def test_help_shows_every_summary_whole_on_one_line(alice: Person, group: tuple[str, ...]) -> None:
    alice.variables["COLUMNS"] = "80"
    lines = alice.run([*program(), *group, "--help"], alice.home)[0].decode().split("\n")
    start = next(at for at, line in enumerate(lines) if line in ("Set up:", "Commands:"))
    listed = [line.split(maxsplit=1) for line in lines[start:] if re.match("  [a-z]", line)]
    for name, summary in listed:
        help_of = alice.run([*program(), *group, name, "--help"], alice.home)[0].decode()
        assert f"\n\n  {summary}.\n" in help_of
        assert len(summary) <= 60
        assert ":" not in summary
    assert "..." not in "".join(lines[start:])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(["statsu"], "status"), (["grnat", "bob"], "grant"), (["key", "lsit"], "list")],
)
def test_a_mistyped_command_gets_a_suggestion(alice: Person, typed: list[str], meant: str) -> None:
    stderr = alice.run([*program(), *typed], alice.home, code=2)[1]
    assert f"; did you mean {meant}?\n" in stderr


def test_what_is_like_no_command_gets_no_suggestion(alice: Person) -> None:
    stderr = alice.run([*program(), "zzzzzz"], alice.home, code=2)[1]
    assert stderr.startswith("sealedfiles: error: there is no command zzzzzz\nhint: ")


@pytest.mark.parametrize("names", [[], ["track"], ["key", "export"]])
def test_help_of_a_command(alice: Person, names: list[str]) -> None:
    shown = alice.run([*program(), "help", *names], alice.home)[0]
    assert shown == alice.run([*program(), *names, "--help"], alice.home)[0]


def test_help_of_an_unknown_command(alice: Person) -> None:
    stderr = alice.run([*program(), "help", "trakc"], alice.home, code=2)[1]
    assert "did you mean track?" in stderr
    assert "has no command" in alice.run([*program(), "help", "cat", "x"], alice.home, code=2)[1]


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


def test_no_command_imports_another_one() -> None:
    """Code that two commands share is in `app/`, or in a module of `cli/` that is not a command."""
    commands = {name.replace("-", "_") for names in COMMANDS.values() for name in names}
    found = {}
    for command in commands:
        spec = find_spec(f"sealedfiles.cli.{command}")
        assert spec is not None
        assert spec.origin is not None
        text = Path(spec.origin).read_text(encoding="utf-8")
        imported = re.findall(r"sealedfiles\.cli\.(\w+) import|sealedfiles\.cli import (\w+)", text)
        others = {name for names in imported for name in names} & commands
        if others:
            found[command] = others
    assert found == {}


@pytest.mark.slow
def test_use_cases_print_nothing() -> None:
    """They report through a `Dialog`, except `edit`, which runs a program at the terminal."""
    spec = find_spec("sealedfiles.app")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    printing = {"say", "warn", "fail", "show", "show_json", "show_list", "say_lines"}
    found = []
    for module in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = {one.name for one in getattr(node, "names", ()) if isinstance(one, ast.alias)}
            module_of = node.module if isinstance(node, ast.ImportFrom) else None
            prints = module_of == "sealedfiles.util.messages" and names & printing
            if prints or "click" in names:
                found.append(str(module.relative_to(folder)))
    assert [name for name in found if Path(name).parts[0] != "edit"] == []
    assert "edit/session.py" in found
