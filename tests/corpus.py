"""Files in the shape of real ones, for tests that must hold for every file.

The files in ``data/corpus`` were written for these tests in the shape of Kubernetes, Helm, compose, Ansible, CI,
Spring, Rails, Django, .NET, Terraform, Python and node files, and each comes in several spellings.  With
``SEALEDFILES_CORPUS=1`` the YAML and JSON files that happen to be on this machine are added.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("data") / "corpus"
MOST = 2400
LARGEST = 16_000
"""In bytes, of a file of this machine: the slow parser reads half a megabyte in a second."""
PLACES = [
    *(Path(path) for path in sys.path if path.endswith("-packages")),
    Path.home() / ".cargo/registry/src",
    Path.home() / "go/pkg/mod",
    Path("/usr"),
]


YAML_AND_JSON = (".yaml", ".yml", ".json")
LATER = (".toml", ".ndjson", ".properties", ".ini", ".tfvars", ".xml", ".config")


@lru_cache(maxsize=2)
def real_files(endings: tuple[str, ...] = YAML_AND_JSON) -> dict[Path, bytes]:
    """Return the files with these *endings*, no two alike, by their paths."""
    found: dict[Path, bytes] = {}
    files = _written_for_tests()
    if os.environ.get("SEALEDFILES_CORPUS"):
        files = {**files, **_of_this_machine()}
    seen = set()
    for path, data in files.items():
        if data not in seen and path.suffix in endings:
            seen.add(data)
            found[path] = data
    return found


def _written_for_tests() -> dict[Path, bytes]:
    found = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            for name, data in _spellings(path, path.read_bytes().decode("utf-8")):
                spelled = path.with_name(f"{name}-{path.name}").relative_to(FOLDER)
                found[spelled] = data.encode("utf-8")
    return found


def _spellings(path: Path, text: str) -> Iterator[tuple[str, str]]:
    yield "plain", text
    yield "crlf", text.replace("\n", "\r\n")
    yield "unended", text.rstrip("\n")
    yield "bom", "\ufeff" + text
    yield "blank", "\n\n" + text.replace("\n", "\n\n", 2) + "\n\n"
    if path.suffix == ".json":
        data = json.loads(text)
        yield "ascii", json.dumps(data, indent=4)
        yield "compact", json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        yield "tabs", json.dumps(data, indent="\t", ensure_ascii=False) + "\n"
        yield "nested", json.dumps({"a": [data, {"b": data}]}, indent=1) + "\n"
    elif path.suffix in (".yaml", ".yml"):
        yield "commented", "".join(f"# {line}\n" for line in text.split("\n")) + text
        yield (
            "trailing",
            text.replace("\n", "  \n") if "|" not in text and ">" not in text else text,
        )
        if not text.startswith("%"):
            yield (
                "twice",
                f"---\n{text.removeprefix('---').lstrip()}...\n---\n{text.removeprefix('---')}",
            )
            indented = "".join(f"  {line}\n" if line else "\n" for line in text.split("\n"))
            if "---" not in text and "..." not in text:
                yield "nested", f"all:\n{indented}"


def _of_this_machine() -> dict[Path, bytes]:
    """Return a good mix of the files of this machine."""
    names: set[str] = set()
    for place in PLACES:
        if len(names) >= MOST * 2:
            break
        for folder, _, files in os.walk(place):
            names.update(
                os.path.join(folder, name)
                for name in files
                if name.endswith((".yaml", ".yml", ".json"))
            )
    found: dict[Path, bytes] = {}
    for name in sorted(names, key=lambda one: hashlib.sha256(os.fsencode(one)).digest()):
        path = Path(name)
        try:
            if path.stat().st_size <= LARGEST:
                found[path] = path.read_bytes()
        except OSError:
            continue
        if len(found) == MOST:
            break
    return found
