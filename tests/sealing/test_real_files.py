"""Sealing real files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from corpus import LATER, YAML_AND_JSON, real_files
from documents import contents, opened, seal, tokens, unseal

from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.file import is_whole

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def sealed_files() -> dict[Path, tuple[bytes, bytes]]:
    """Every real file with values, sealed: plain and sealed bytes by path."""
    files = real_files(YAML_AND_JSON + LATER)
    plain = {path: data for path, data in files.items() if b"sealed:v" not in data}
    return {path: (data, seal(name_of(path), data)) for path, data in plain.items()}


def name_of(path: Path) -> str:
    return f"conf/{path.name}"


def test_they_round_trip_byte_for_byte(sealed_files: dict[Path, tuple[bytes, bytes]]) -> None:
    for path, (plain, sealed) in sealed_files.items():
        result = opened(name_of(path), sealed)
        assert result.data == plain, path
        assert result.problems == [], path


def test_few_files_are_sealed_whole(sealed_files: dict[Path, tuple[bytes, bytes]]) -> None:
    whole = [path for path, (plain, sealed) in sealed_files.items() if plain and is_whole(sealed)]
    assert len(whole) < 0.1 * len(sealed_files), whole


def test_every_value_is_one_token_at_its_old_path(
    sealed_files: dict[Path, tuple[bytes, bytes]],
) -> None:
    for path, (plain, sealed) in sealed_files.items():
        if is_whole(sealed):
            continue
        before, after = contents(name_of(path), plain), contents(name_of(path), sealed)
        assert [at for at, _ in before] == [at for at, _ in after], path
        assert all(len(TOKEN.findall(literal)) == 1 for _, literal in after), path
        assert len(set(tokens(sealed))) == len(tokens(sealed)), path


def test_sealing_again_changes_nothing(sealed_files: dict[Path, tuple[bytes, bytes]]) -> None:
    for path, (plain, sealed) in sealed_files.items():
        assert seal(name_of(path), sealed) == sealed, path
        assert seal(name_of(path), plain, sealed) == sealed, path


def test_one_more_line_changes_no_token(sealed_files: dict[Path, tuple[bytes, bytes]]) -> None:
    for path, (plain, sealed) in sealed_files.items():
        if is_whole(sealed):
            continue
        longer = plain + (
            b"\n" if path.suffix == ".json" or not plain.endswith(b"\n") else b"# x\n"
        )
        again = seal(name_of(path), longer, sealed)
        if not is_whole(again):  # a comment behind the end of a document can break it
            assert tokens(again) == tokens(sealed), path
        assert unseal(name_of(path), again) == longer, path
