"""The progress of long work is shown by whoever wants to show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealedfiles.util import progress
from sealedfiles.util.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that were shown."""
    texts: list[str] = []
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    monkeypatch.setattr(progress, "_INTERVAL", 0)
    progress.show_with(texts.append)
    yield texts
    progress.show_with(None)


def test_it_says_how_far_the_work_is_and_leaves_no_trace(shown: list[str]) -> None:
    with Progress("files", 4) as bar:
        bar.step(3)
        assert shown == ["files [###############     ] 3 of 4"]
    assert shown[1:] == [""]


def test_without_a_total_it_counts(shown: list[str]) -> None:
    with Progress("commits") as bar:
        bar.step()
        assert shown == ["commits 1"]


def test_it_counts_what_it_is_given(shown: list[str]) -> None:
    with Progress("files", 2) as bar:
        assert list(bar.each("ab")) == ["a", "b"]
        assert shown[-1].endswith("2 of 2")


def test_a_message_can_take_its_place(shown: list[str]) -> None:
    with Progress("files") as bar:
        bar.step()
        bar.clear()
        assert shown[-1] == ""


def test_an_error_takes_it_away(shown: list[str]) -> None:
    def fail() -> None:
        with Progress("files") as bar:
            bar.step()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert shown[-1] == ""


def test_short_work_shows_nothing(shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 3600)
    with Progress("files", 4) as bar:
        bar.step(4)
    assert shown == []


def test_a_library_shows_nothing(capfd: pytest.CaptureFixture[str], shown: list[str]) -> None:
    progress.show_with(None)
    with Progress("files", 1) as bar:
        bar.step()
    assert shown == []
    assert capfd.readouterr() == ("", "")
