from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from sealedfiles.util import progress
from sealedfiles.util.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    # pytest puts its own stderr in place between a fixture and its test.
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=made))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    monkeypatch.setattr(progress, "_INTERVAL", 0)
    return made


def shown(text: str) -> str:
    """Return what is left on a terminal's line."""
    line = ""
    for part in text.split("\r"):
        line = part + line[len(part) :]
    return line.rstrip()


def test_it_says_how_far_the_work_is_and_leaves_no_trace(terminal: Terminal) -> None:
    with Progress("files", 4) as bar:
        bar.step(3)
        assert shown(terminal.getvalue()) == "sealedfiles: files [###############     ] 3 of 4"
    assert shown(terminal.getvalue()) == ""


def test_without_a_total_it_counts(terminal: Terminal) -> None:
    with Progress("commits") as bar:
        bar.step()
        assert shown(terminal.getvalue()) == "sealedfiles: commits 1"


def test_it_counts_what_it_is_given(terminal: Terminal) -> None:
    with Progress("files", 2) as bar:
        assert list(bar.each("ab")) == ["a", "b"]
        assert shown(terminal.getvalue()).endswith("2 of 2")


def test_a_message_can_take_its_place(terminal: Terminal) -> None:
    with Progress("files") as bar:
        bar.step()
        bar.clear()
        assert shown(terminal.getvalue()) == ""


def test_an_error_takes_it_away(terminal: Terminal) -> None:
    def fail() -> None:
        with Progress("files") as bar:
            bar.step()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert shown(terminal.getvalue()) == ""


def test_short_work_shows_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 3600)
    with Progress("files", 4) as bar:
        bar.step(4)
    assert terminal.getvalue() == ""


def test_where_there_is_no_terminal_nothing_is_written(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with Progress("files", 1) as bar:
        bar.step()
    file = io.StringIO()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=file))
    with Progress("files", 1) as bar:
        bar.step()
    assert terminal.getvalue() == file.getvalue() == ""
