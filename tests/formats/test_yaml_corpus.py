"""YAML and JSON as people write it: the files of whatever is installed on this machine."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

pytest.register_assert_rewrite("yaml_tools")

from yaml_tools import (  # noqa: E402
    assert_parsers_agree,
    assert_sealing_is_invisible,
    pyyaml_nodes,
    values_by_pyyaml,
)

from sealedfiles.errors import FormatError  # noqa: E402
from sealedfiles.formats.yaml import YAML  # noqa: E402

WANTED = 2000
ENOUGH = 2400
LARGEST = 16_000
"""In bytes: the slow parser reads half a megabyte in a second."""

HOME = Path.home()
PLACES = [
    *(Path(path) for path in sys.path if path.endswith("-packages")),
    HOME / ".cargo/registry/src",
    Path(os.environ.get("GOMODCACHE", HOME / "go/pkg/mod")),
    HOME / "node_modules",
    Path("/usr"),
]


def _files() -> list[Path]:
    """Return all files of the first places that have enough of them, well mixed."""
    found: set[str] = set()
    for place in PLACES:
        if len(found) >= ENOUGH * 2:
            break
        for folder, _, names in os.walk(place):
            found.update(
                os.path.join(folder, name)
                for name in names
                if name.endswith((".yaml", ".yml", ".json"))
            )
    return [Path(name) for name in sorted(found, key=_mixed)]


def _mixed(name: str) -> bytes:
    return hashlib.sha256(os.fsencode(name)).digest()


@pytest.fixture(scope="module")
def corpus() -> dict[Path, str]:
    texts: dict[Path, str] = {}
    seen = set()
    for path in _files():
        try:
            if path.stat().st_size > LARGEST:
                continue
            text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
        except (OSError, UnicodeDecodeError):
            continue
        if text not in seen:
            seen.add(text)
            texts[path] = text
        if len(texts) == ENOUGH:
            break
    if len(texts) < WANTED and os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"only {len(texts)} YAML and JSON files on this machine, not {WANTED}")
    if not texts:
        pytest.skip("no YAML or JSON files on this machine")
    return texts


def test_both_parsers_find_the_same(corpus: dict[Path, str]) -> None:
    for path, text in corpus.items():
        try:
            assert_parsers_agree(text)
        except AssertionError as error:
            raise AssertionError(path) from error


def test_sealing_is_invisible(corpus: dict[Path, str]) -> None:
    sealed = 0
    for number, (path, text) in enumerate(corpus.items()):
        try:
            assert_sealing_is_invisible(text, ruamel=number % 5 == 0)
            sealed += 1
        except FormatError:
            continue
        except AssertionError as error:
            raise AssertionError(path) from error
    assert sealed > 0.9 * len(corpus)


def test_the_values_are_the_scalars_of_pyyamls_tree(corpus: dict[Path, str]) -> None:
    compared = 0
    for path, text in corpus.items():
        if pyyaml_nodes(text) is None:
            continue
        try:
            values = [(v.start, v.path) for v in YAML.scan(text).values]
        except FormatError:
            continue
        assert values == values_by_pyyaml(text), path
        compared += 1
    assert compared > 0.9 * len(corpus)
