"""Print the lowest versions that pyproject.toml declares, as constraints for pip: `click==8.1.8`.

For the packages that sealedfiles needs, and for those that add a capability (`ssh`).
"""

from __future__ import annotations

import re
from pathlib import Path

import tomllib


def minimums(pyproject: Path) -> list[str]:
    """Return one constraint per declared package.  Raises ValueError for one without a minimum."""
    project = tomllib.loads(pyproject.read_text())["project"]
    found = []
    for declared in [*project["dependencies"], *project["optional-dependencies"]["ssh"]]:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)>=([0-9.]+)", declared)
        if match is None:
            raise ValueError(f"not of the form NAME>=VERSION: {declared}")
        found.append(f"{match[1]}=={match[2]}")
    return found


if __name__ == "__main__":
    print(*minimums(Path(__file__).parents[2] / "pyproject.toml"), sep="\n")
