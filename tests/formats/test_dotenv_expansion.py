"""References in .env files that double do not fill the memory, and hostile lines cost linear work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealedfiles.errors import FormatError
from sealedfiles.formats.dotenv import python
from sealedfiles.formats.dotenv import python as dotenv_python
from sealedfiles.formats.dotenv.python import MOST_EXPANDED, ExpansionError
from sealedfiles.formats.dotenv.values import DIALECTS, read

if TYPE_CHECKING:
    import re

DOUBLING = {
    "python": "A={0}\nB=${{A}}${{A}}\nA=${{B}}${{B}}\n",
    "compose": "A={0}\nB=$A${{A}}\nA=${{B:-x}}${{C-$B}}\n",
    "bash": "A={0}\nB=$A${{A}}\nA=${{B:-x}}${{C-$B}}\n",
}


@pytest.mark.parametrize("dialect", DOUBLING)
def test_references_that_double_are_refused_at_their_line(dialect: str) -> None:
    first, *more = DOUBLING[dialect].format("x" * 10).splitlines(keepends=True)
    with pytest.raises(ExpansionError, match="expand to more than 1000000 characters") as caught:
        read("".join([first, *more * 40]), dialect, {}, override=True)
    # 10 * (2 + 4 + 8 + ... + 2 ** 16) characters are more, and that is the line of the last one.
    assert caught.value.line == 17


@pytest.mark.parametrize("dialect", DOUBLING)
def test_the_environment_counts_too(dialect: str) -> None:
    line = "A=${BIG}\n"
    environ = {"BIG": "x" * (MOST_EXPANDED // 2)}
    assert read(line * 2, dialect, environ) == {"A": environ["BIG"]}
    with pytest.raises(ExpansionError) as caught:
        read(line * 3, dialect, environ)
    assert caught.value.line == 3


@pytest.mark.parametrize("source", ["A+=x\n", "A=$A$A\n", "A=~\n"])
def test_bash_counts_all_that_it_copies(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "MOST_EXPANDED", 100)
    environ = {"HOME": "h" * 40}
    assert read("A=y\n" + source, "bash", environ, override=True)
    with pytest.raises(FormatError, match="expand to more"):
        read("A=" + "y" * 40 + "\n" + source * 40, "bash", environ, override=True)


@pytest.mark.parametrize("dialect", [*DOUBLING, "node", "docker"])
def test_values_without_references_may_be_long(dialect: str) -> None:
    text = "A=" + "x" * (MOST_EXPANDED + 1) + "\n"
    assert len(read(text, dialect)["A"] or "") == MOST_EXPANDED + 1


@pytest.mark.parametrize("value", ["${" * 1000 + ":x}", "${" * 1000, "${a:-" * 1000])
def test_beginnings_of_references_cost_linear_work(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = []
    search = dotenv_python._NAME_END.search

    def counted(text: str, at: int) -> re.Match[str] | None:
        found = search(text, at)
        searched.append((found.start() if found else len(text)) - at)
        return found

    monkeypatch.setattr(dotenv_python._NAME_END, "search", counted)
    assert not dotenv_python.is_interpolated(value)
    assert sum(searched) <= len(value)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("value", ["'x'{} y", "x{}y", "x{}", "{}x"])
def test_long_runs_of_blanks_are_read(dialect: str, value: str) -> None:
    # With work that grows with the square of their number this would take minutes.
    text = f"A={value.format(' ' * 300_000)}\nB=b\n"
    try:
        assert read(text, dialect)["B"] == "b"
    except FormatError as error:
        assert "A" in error.message or "line" in error.message
