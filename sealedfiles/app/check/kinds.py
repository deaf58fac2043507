"""All kinds of findings: code (which never changes), severity, and fix.

``kinds.json`` is the only list.  ``check --explain``, SARIF and the tables of docs/check.md are generated
from it; update the page with ``python -m sealedfiles.app.check.kinds docs/check.md``.
"""

from __future__ import annotations

import json
from pathlib import Path

from sealedfiles.light_typing import NamedTuple

ERROR, WARNING = "error", "warning"


class Kind(NamedTuple):
    """One kind of finding."""

    code: str
    severity: str
    """ERROR: a secret is or may become readable to an unauthorized person, or a value is lost."""
    what: str
    why: str
    how_to_fix: str
    fix: str = ""
    """The command that fixes it; ``{file}`` stands for the file."""


def _load() -> dict[str, list[Kind]]:
    data = json.loads(Path(__file__).with_name("kinds.json").read_bytes())
    sections = {}
    for section in data["sections"]:
        fields = [
            {**one, "how_to_fix": one["how_to_fix"].replace("{known}", data["known"])}
            for one in section["kinds"]
        ]
        sections[section["title"]] = [Kind(**one) for one in fields]
    return sections


_SECTIONS = _load()
"""The kinds under each heading of the page."""
KINDS = {kind.code: kind for kinds in _SECTIONS.values() for kind in kinds}
"""Every kind, by its code."""


def explanation(kind: Kind) -> str:
    """Return what `check --explain` prints for *kind*."""
    import textwrap

    paragraphs = [
        f"{kind.code} ({kind.severity}): {kind.what}",
        f"Why it matters.  {kind.why}",
        f"How to fix it.   {kind.how_to_fix}",
        "To allow it, in .sealedfiles/policy.yaml:",
    ]
    allow = f"    allow:\n      - finding: {kind.code}\n        files: FILE\n        reason: WHY\n"
    return (
        "\n\n".join(textwrap.fill(one, 88, break_on_hyphens=False) for one in paragraphs)
        + "\n\n"
        + allow
    )


def tables() -> str:
    """Return the tables of docs/check.md, a heading above each."""
    return "\n".join(
        f"### {title}\n\n| code | | what it is | how to fix it |\n|---|---|---|---|\n"
        + "".join(
            f"| `{one.code}` | {one.severity} | {one.what} | {one.how_to_fix} |\n" for one in kinds
        )
        for title, kinds in _SECTIONS.items()
    )


def with_tables(page: str) -> str:
    """Return the text of docs/check.md with the tables at its end replaced by the current tables."""
    return page[: page.index("### ")] + tables()


if __name__ == "__main__":
    import sys

    path = Path(sys.argv[1])
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
