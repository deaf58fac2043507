"""The texts that are worked on: made up, the same in every run, no value twice."""

from __future__ import annotations

import json
import random
import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTIONS = ("database", "cache", "api", "mail", "features")
NAMES = ("host", "user", "password", "token", "url")
SUFFIXES = {"yaml": ".yaml", "json": ".json", "dotenv": ".env"}
FOLDER_SIZE = 100


def small(number: int, style: str = "yaml", edition: int = 0) -> str:
    """Return the *number*-th file of 1 KB with 25 values; *edition* changes one value of it."""
    values = _values(random.Random(number), 25, 29)
    if edition:
        # It begins with a digit, as every sixth random value does: it is looked at as if it may be a number.
        values[12] = f"{edition:08d}{values[12][8:]}"
    pairs = iter(values)
    tree = {section: {name: next(pairs) for name in NAMES} for section in SECTIONS}
    return WRITERS[style](tree)


def large(edition: int = 0) -> str:
    """Return 1 MB of YAML with 30,000 values; *edition* changes one value of it."""
    values = iter(_values(random.Random(0), 30_000, 18))
    lines = []
    for service in range(1500):
        lines.append(f"service-{service:04d}:\n")
        lines += [f"  setting-{number:02d}: {next(values)}\n" for number in range(20)]
    if edition:
        lines[15_000] = f"  setting-05: edition-{edition:08d}\n"
    return "".join(lines)


def few(number: int, edition: int = 0) -> str:
    """Return the *number*-th YAML file of 5 values, for repositories of many; *edition* changes one of them."""
    values = _values(random.Random(number), len(NAMES), 29)
    if edition:
        values[edition % len(values)] = f"edition-{edition:08d}"
    lines = (f"  {name}: {value}\n" for name, value in zip(NAMES, values, strict=True))
    return "database:\n" + "".join(lines)


def megabytes(count: float) -> Iterator[str]:
    """Yield *count* MB of YAML in parts; 2400 values of 400 characters to a megabyte."""
    source = random.Random(1)
    for service in range(round(count * 120)):
        values = _values(source, 20, 400)
        lines = (f"  setting-{number:02d}: {value}\n" for number, value in enumerate(values))
        yield f"service-{service:05d}:\n" + "".join(lines)


def value_of(text: bytes) -> bytes:
    """Return one of the values of a small file."""
    values: list[bytes] = re.findall(rb"v[A-Za-z0-9]{28}", text)
    return values[-1]


def write_small_files(folder: Path, count: int, style: str, edition: int = 0) -> list[Path]:
    """Write *count* small files below *folder*, 100 to a folder, and return their paths."""
    paths = []
    for number in range(count):
        path = folder / f"{number // FOLDER_SIZE:03d}" / f"{number:05d}{SUFFIXES[style]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(small(number, style, edition).encode())
        paths.append(path)
    return paths


def _values(source: random.Random, count: int, length: int) -> list[str]:
    alphabet = string.ascii_letters + string.digits
    return ["v" + "".join(source.choices(alphabet, k=length - 1)) for _ in range(count)]


def _yaml(tree: dict[str, dict[str, str]]) -> str:
    return "".join(
        f"{section}:\n" + "".join(f"  {name}: {value}\n" for name, value in entries.items())
        for section, entries in tree.items()
    )


def _json(tree: dict[str, dict[str, str]]) -> str:
    return json.dumps(tree, indent=2) + "\n"


def _dotenv(tree: dict[str, dict[str, str]]) -> str:
    return "".join(
        f"{section}_{name}".upper() + f"={value}\n"
        for section, entries in tree.items()
        for name, value in entries.items()
    )


WRITERS = {"yaml": _yaml, "json": _json, "dotenv": _dotenv}
