"""Asking and telling, on a real terminal (a pseudo-terminal of its own for each test)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sealedfiles.age.plugin import TerminalUI
from sealedfiles.age.terminal import printable, show

from .programs import TIMEOUT, on_terminal

ASK = """
import os
from sealedfiles.age.plugin import TerminalUI
from sealedfiles.age.terminal import ask
elsewhere = os.open(os.devnull, os.O_RDWR)
os.dup2(elsewhere, 0)
os.dup2(elsewhere, 1)
answer = {}
with open("/dev/tty", "w") as terminal:
    print(f"<<{{answer!r}}>>", file=terminal)
"""


def asked(expression: str, *answers: tuple[str, str]) -> str:
    """Return what the terminal shows when a program asks and gets these answers.

    stdin and stdout of the program are not the terminal, as in a git filter.
    """
    status, shown = on_terminal([sys.executable, "-c", ASK.format(expression)], answers)
    assert status == 0, shown
    return shown


def test_an_answer_is_read_from_the_terminal_itself() -> None:
    shown = asked("ask('your name?', secret=False)", ("your name?", "alice é"))
    assert "<<'alice é'>>" in shown
    assert shown.count("alice") == 2


def test_a_secret_is_not_echoed() -> None:
    shown = asked("ask('pin?', secret=True)", ("pin?", "1234"))
    assert "<<'1234'>>" in shown
    assert shown.count("1234") == 1


def test_the_end_of_the_input_is_no_answer() -> None:
    shown = asked("ask('pin?', secret=True)", ("pin?", "\x04"))
    assert "<<None>>" in shown


def test_a_prompt_cannot_steer_the_terminal() -> None:
    shown = asked("ask('pin\\x1b[2J\\n?', secret=False)", ("?", ""))
    assert "\x1b" not in shown
    assert r"pin\x1b[2J\n?" in shown


@pytest.mark.parametrize(("key", "choice"), [("1", True), ("2", False)])
def test_a_choice_is_one_of_two(key: str, choice: bool) -> None:
    shown = asked(
        "TerminalUI().confirm('toy', 'really?', 'Yes', 'No')", ("really?", "3"), ("really?", key)
    )
    assert f"<<{choice}>>" in shown
    assert "age-plugin-toy: really? (1 for 'Yes', 2 for 'No')" in shown


def test_without_a_second_choice_enter_is_enough() -> None:
    shown = asked("TerminalUI().confirm('toy', 'ready?', 'Go', None)", ("ready?", ""))
    assert "<<True>>" in shown


def test_a_plugin_asks_for_a_value() -> None:
    shown = asked("TerminalUI().request('toy', 'pin?', secret=True)", ("pin?", "1234"))
    assert "<<'1234'>>" in shown


@pytest.mark.parametrize(
    "expression",
    [
        "ask('pin?', secret=True)",
        "TerminalUI().confirm('toy', 'really?', 'Yes', 'No')",
        "TerminalUI().confirm('toy', 'ready?', 'Go', None)",
        "TerminalUI().request('toy', 'pin?', secret=False)",
    ],
)
def test_without_a_terminal_there_is_no_answer(expression: str) -> None:
    code = (
        "from sealedfiles.age.plugin import TerminalUI\nfrom sealedfiles.age.terminal import ask\n"
        f"print({expression})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="typed on stdin\n",
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_messages_are_shown_on_stderr_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    TerminalUI().message("toy", "touch\n\x1b[2Jthe key\n")
    show("and wait")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "age-plugin-toy: touch\n\\x1b[2Jthe key\nand wait\n")


def test_only_what_is_printable_is_shown_as_it_is() -> None:
    assert printable("é\t\r\n\x7f\x9b\u202e x") == r"é\t\r\n\x7f\x9b\u202e x"
