"""Progress takes one line of the terminal, and leaves it empty."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from sealedfiles.cli import run_command_line
from sealedfiles.cli.progress_line import show_progress
from sealedfiles.util import progress
from sealedfiles.util.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True

    @property
    def line(self) -> str:
        """What is left on the line."""
        line = ""
        for part in self.getvalue().split("\r"):
            line = part + line[len(part) :]
        return line.rstrip()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    monkeypatch.setenv("TERM", "xterm")
    yield
    progress.show_with(None)


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Makes stderr a terminal; called in the test, since pytest replaces stderr after fixtures."""

    def make() -> Terminal:
        made = Terminal()
        monkeypatch.setattr(sys, "stderr", made)
        return made

    return make


def test_a_shorter_text_replaces_a_longer_one_whole(on_terminal: Callable[[], Terminal]) -> None:
    terminal = on_terminal()
    show_progress()
    with Progress("a long name of the work") as bar:
        bar.step()
        assert terminal.line == "sealedfiles: a long name of the work 1"
        with Progress("files") as inner:
            inner.step()
            assert terminal.line == "sealedfiles: files 1"
    assert terminal.line == ""


def test_every_command_shows_it(on_terminal: Callable[[], Terminal]) -> None:
    terminal = on_terminal()
    run_command_line(["--version"])
    with Progress("files") as bar:
        bar.step()
        assert terminal.line == "sealedfiles: files 1"


def test_a_dumb_terminal_gets_none(
    on_terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = on_terminal()
    monkeypatch.setenv("TERM", "dumb")
    show_progress()
    with Progress("files") as bar:
        bar.step()
    assert terminal.getvalue() == ""


def test_a_file_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    show_progress()
    with Progress("files") as bar:
        bar.step()
    assert file.getvalue() == ""
