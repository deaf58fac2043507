"""The size of the modules: who opens one must be able to read it to the end."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "sealedfiles"
LINES = 400


def test_no_module_is_too_long_to_be_read() -> None:
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in PACKAGE.rglob("*.py")}
    assert lengths
    assert [str(path) for path, length in lengths.items() if length > LINES] == []
