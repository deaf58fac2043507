"""Arguments parsed without click are parsed as click parses them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sealedfiles.cli import declaration
from sealedfiles.cli.commands import COMMANDS, find_command
from sealedfiles.cli.declaration import Command, Group

if TYPE_CHECKING:
    from people import Repo


def _declared() -> dict[str, Command]:
    found = {}
    for name in (name for names in COMMANDS.values() for name in names):
        one = find_command(name)
        if isinstance(one, Group):
            found.update({f"{name} {below.name}": below for below in one.commands})
        elif one is not None:
            found[name] = one
    return found


DECLARED = _declared()


def of_click(command: Command, args: list[str]) -> dict[str, Any] | None:
    """Return the parameters that click parses; None if it refuses the arguments."""
    with suppress(click.ClickException, click.exceptions.Exit):
        return command.to_click().make_context(command.name, list(args)).params
    return None


@st.composite
def calls(draw: st.DrawFn) -> tuple[Command, list[str]]:
    command = DECLARED[draw(st.sampled_from(sorted(DECLARED)))]
    options = [name for param in command.params for name in param.names if name.startswith("-")]
    choices = [one for param in command.params for one in param.settings.get("choices", ())]
    words = [
        *options,
        *choices,
        "a",
        "b.c",
        "",
        "-",
        "--",
        "--no",
        "-x",
        "--help",
        "é",
        "\udc80",
        "a=b",
    ]
    word = st.sampled_from(words)
    joined = st.builds("{}{}{}".format, word, st.sampled_from(["=", ""]), word)
    return command, draw(st.lists(word | joined, max_size=6))


@given(calls())
def test_what_is_read_is_what_click_reads(call: tuple[Command, list[str]]) -> None:
    command, args = call
    # For click, this is a forgotten value (cli/groups.py).
    assume(not any(arg.endswith("=--help") for arg in args))
    read = command.read(args)
    if read is not None:
        assert read == of_click(command, args), (command.name, args)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("get", ".env KEY"),
        ("cat", "--no-override --format env a.env --override"),
        ("init", "--no-strict"),
        ("get", "--json app.yaml a.b --dialect node"),
        ("get", "app.yaml -i key -n a.b"),
        ("cat", "a.env b.env --format=shell --only A --only B"),
        ("cat", "--format json a.yaml"),
        ("run", "-f .env --file b.yaml -- env -i --help"),
        ("run", "--redact -f .env make --file x"),
        ("set", "app.yaml a.b --value c"),
        ("status", ""),
        ("unlock", ""),
        ("check", "--staged"),
    ],
)
def test_ordinary_calls_do_not_need_click(name: str, line: str) -> None:
    command = DECLARED[name]
    read = command.read(line.split())
    assert read is not None
    assert read == of_click(command, line.split())


@pytest.mark.parametrize(
    "line", ["", "a", "a b c", "a b --help", "a b --nope", "a b --dialect", "a b --dialect x", "a b --json=1"]
)  # fmt: skip
def test_everything_else_is_left_to_click(line: str) -> None:
    assert DECLARED["get"].read(line.split()) is None


@pytest.mark.parametrize(
    ("name", "line", "is_help"),
    [
        ("keygen", "--deploy --help", True),
        ("keygen", "--deploy ci --to --help", True),
        ("get", "--dialect --help", True),
        ("set", "--value --help", True),
        ("set", "a b --value=--help", False),
        ("run", "-f a -- --help", False),
    ],
)
def test_help_is_shown_also_if_the_value_of_an_option_is_missing(
    name: str, line: str, is_help: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    command = DECLARED[name]
    assert (command.read(line.split()) is None) == is_help
    if is_help:
        assert of_click(command, line.split()) is None
        assert "\nOptions:\n" in capsys.readouterr().out


def test_an_argument_that_is_not_among_the_choices_is_left_to_click() -> None:
    assert DECLARED["completion"].read(["tcsh"]) is None
    assert DECLARED["completion"].read(["zsh"]) == {"shell": "zsh"}


def test_every_setting_is_one_that_both_know() -> None:
    known = {"is_flag", "multiple", "metavar", "help", "default", "required", "choices", "is_path"}
    known |= {"is_raw", "nargs", "shell_complete", "show_default"}
    for name, command in DECLARED.items():
        for param in command.params:
            assert set(param.settings) <= known, (name, param.name)


def test_a_parameter_has_the_name_that_click_gives_it() -> None:
    for command in DECLARED.values():
        built = {param.name for param in command.to_click().params}
        assert {param.name for param in command.params} == built


def test_a_declaration_can_be_built_twice() -> None:
    @declaration.command("toy")
    @declaration.argument("one")
    @declaration.option("--two", is_flag=True)
    def toy(one: str, two: bool) -> None:
        """Do nothing."""

    for _ in range(2):
        built = toy.to_click()
        assert [param.name for param in built.params] == ["one", "two"]
        assert built.help == "Do nothing."


def test_get_does_not_import_click(repo: Repo) -> None:
    code = (
        "import sys; from sealedfiles.__main__ import main; main(); print('click' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "get", ".env", "DB_PASSWORD"],
        cwd=repo.path,
        env=repo.person.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[1:] == ["False", ""]
