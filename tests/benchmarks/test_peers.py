"""The comparisons with other programs run with those that are installed, and name those that are not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import one_file
import one_value
import peers
import pytest
import scan_history
from measure import interleaved
from options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from report import Row

pytestmark = pytest.mark.slow

PARTS = (
    one_value.get,
    one_value.run,
    one_file.small_file,
    one_file.many_files,
    scan_history.against_scanners,
)


@pytest.fixture(autouse=True)
def _each_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (one_value, one_file):
        monkeypatch.setattr(module, "interleaved", lambda every, _: interleaved(every, 1))


def options_for(folder: Path, **programs: str | None) -> Options:
    found = {name: programs.get(name) for name in ("dotenvx", "sops", "age")}
    return Options(
        repeats=1, files=3, quick=True, style="yaml", memory=folder, disk=folder, **found
    )


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_without_peers(part: Callable[[Options], Iterator[Row]], tmp_path: Path) -> None:
    rows = list(part(options_for(tmp_path)))
    assert rows
    for row in rows:
        cells = row.cells()
        assert row.ours
        assert (cells[3] == "not installed") == (row.ratio is None)


@pytest.mark.parametrize("program", ["sops", "dotenvx", "age"])
def test_with_a_peer(program: str, tmp_path: Path) -> None:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    part = one_value.run if program == "dotenvx" else one_file.small_file
    rows = list(part(options_for(tmp_path, **{program: path})))
    assert any(row.ratio for row in rows)


def test_missing_programs_are_named(tmp_path: Path) -> None:
    assert {"SOPS", "dotenvx", "age"} <= set(peers.missing(options_for(tmp_path)))
    assert "SOPS" not in peers.missing(options_for(tmp_path, sops="/bin/sops"))
