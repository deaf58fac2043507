"""An encoded key path has at most 4096 bytes, in every format."""

from __future__ import annotations

import json

import pytest

from sealedfiles.errors import FormatError
from sealedfiles.formats.dotenv.format import DOTENV
from sealedfiles.formats.json.format import JSON
from sealedfiles.formats.yaml.format import YAML
from sealedfiles.model.paths import LONGEST, ROOT

FITS = LONGEST - 5
"""How many bytes a key at the root may have."""


def yaml_text(*keys: str, value: str = "x") -> str:
    return "".join(f"{' ' * depth}? {key}\n{' ' * depth}:\n" for depth, key in enumerate(keys)) + (
        f"{' ' * len(keys)}{value}\n"
    )


def json_text(*keys: str, value: str = '"x"') -> str:
    return "".join(f"{{{json.dumps(key)}:" for key in keys) + value + "}" * len(keys)


KEYS = [
    ("k" * FITS,),
    ("k" * (FITS - 205), "l" * 200),
    ("k" * 2000, "l" * (FITS - 2000 - 5)),
    ("\u00e9" * (FITS // 2) + "k" * (FITS % 2),),
    tuple("k" * 251 for _ in range(16)),
]


@pytest.mark.parametrize("keys", KEYS)
def test_the_longest_path_of_a_value(keys: tuple[str, ...]) -> None:
    for scan, text in ((YAML.scan, yaml_text), (JSON.scan, json_text)):
        (value,) = scan(text(*keys)).values
        assert len(value.path) == LONGEST
        with pytest.raises(FormatError, match="too long"):
            scan(text(*keys[:-1], keys[-1] + "k"))


@pytest.mark.parametrize("value", ["[]", "{}", "[x]", "{a: x}"])
def test_the_path_of_a_collection_counts_too(value: str) -> None:
    for scan, text in ((YAML.scan, yaml_text), (JSON.scan, json_text)):
        written = value.replace("x", '"x"').replace("a", '"a"')
        with pytest.raises(FormatError, match="too long"):
            scan(text("k" * (FITS + 1), value=written))


@pytest.mark.parametrize("scan", [YAML.scan, JSON.scan])
def test_lists_in_lists(scan: object) -> None:
    assert callable(scan)
    depth = LONGEST // 5
    assert len(scan("[" * depth + "1" + "]" * depth).values) == 1
    with pytest.raises(FormatError):
        scan("[" * (depth + 1) + "1" + "]" * (depth + 1))


def test_a_longer_key_of_a_env_file_is_no_key_and_its_line_is_sealed() -> None:
    for key in ("k" * FITS, f"'{'k' * FITS}'"):
        (value,) = DOTENV.scan(f"{key}=x\n").values
        assert len(value.path) == LONGEST
    for key in ("k" * (FITS + 1), "\u00e9" * (FITS // 2 + 1)):
        text = f"A=1\nexport {key}=x # y\nB=2\n"
        values = DOTENV.scan(text).values
        assert [text[a:b] for a, b, _ in values] == ["1", f"export {key}=x # y", "2"]
        assert values[1].path == ROOT
