"""YAML and JSON as people write it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from corpus import real_files

pytest.register_assert_rewrite("yaml_tools")

from yaml_tools import (  # noqa: E402
    assert_parsers_agree,
    assert_sealing_is_invisible,
    pyyaml_nodes,
    values_by_pyyaml,
)

from sealedfiles.errors import FormatError  # noqa: E402
from sealedfiles.formats.yaml.format import YAML  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def corpus() -> dict[Path, str]:
    """The real files that are text."""
    texts: dict[Path, str] = {}
    for path, data in real_files().items():
        with suppress(UnicodeDecodeError):
            texts[path] = data.decode("utf-8").removeprefix("\ufeff")
    return texts


@pytest.mark.slow
def test_both_parsers_find_the_same(corpus: dict[Path, str]) -> None:
    for path, text in corpus.items():
        try:
            assert_parsers_agree(text)
        except AssertionError as error:
            raise AssertionError(path) from error


@pytest.mark.slow
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
