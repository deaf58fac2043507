"""Every case of the growth benchmark runs, in a smallest size.  No figure is judged."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import growth
import pytest
from growth import Case, cases, compare_sizes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

COMMON = (
    *("`git checkout`", "`git status`", "`status`", "`check`", "`check --all`"),
    *("`who`", "`exposure bench`", "`doctor`", "`rotate`"),
)


@pytest.mark.parametrize("case", cases(quick=True), ids=lambda case: case.unit)
def test_every_command_is_measured(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "SHORT", 0)  # each command runs once
    monkeypatch.setattr(growth, "MANY_COMMITS", 2)
    monkeypatch.setattr(growth, "_measured", cache(growth._measured))  # and for both sizes
    size = min(2, case.sizes[0])
    case = case._replace(sizes=(size, size))
    folder = tmp_path / "growth"
    rows = list(compare_sizes(case, folder))
    small, large = (f"{size:,g} {case.unit}" for size in case.sizes)
    titles = [row.work for row in rows]
    assert set(titles) >= {
        f"{prefix}{work}, {large}" for work in COMMON for prefix in ("", "peak memory: ")
    }
    assert len(titles) == len(set(titles))
    assert {row.peer for row in rows} == {small}
    assert all(row.ratio and row.limit for row in rows)
    assert not folder.exists()


def test_units() -> None:
    full, quick = cases(quick=False), cases(quick=True)
    assert [case.unit for case in full] == [case.unit for case in quick]
    assert [case.sizes[1] for case in full] == [100_000, 10_000, 100, 1000, 100]
