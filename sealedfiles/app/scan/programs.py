"""Other secret scanners: how to run each, what it reads, and the JSON that it prints."""

from __future__ import annotations

import json

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Reported(NamedTuple):
    """A secret in the report of a program."""

    rule: str
    secret: str
    line: int = 0
    """Counted from 1; 0 if the program does not report it."""
    number: int = 0
    """The number of the document, if the program reads documents."""


class Report(NamedTuple):
    """What a program printed."""

    found: list[Reported]
    scanned: int | None = None
    """The number of documents that were scanned, if the program reports it."""


class Program(NamedTuple):
    """How to run a scanner."""

    arguments: tuple[str, ...]
    parse: Callable[[bytes], Report]
    """Raises ValueError, LookupError or TypeError for another report."""
    check: str
    """A command that shows why the program fails."""
    document: Callable[[int, str], object] | None = None
    """Returns the JSON in which the program reads a text and its number; without it, it reads one text."""
    is_remote: bool = False
    """Whether it sends the texts to a service."""


def _parse_betterleaks(out: bytes) -> Report:
    found = json.loads(out)["findings"] or ()
    return Report(
        [
            Reported(one["rule_id"], one["match"]["value"], one["location"]["start_line"])
            for one in found
        ]
    )


def _parse_gitleaks(out: bytes) -> Report:
    return Report(
        [Reported(one["RuleID"], one["Secret"], one["StartLine"]) for one in json.loads(out)]
    )


def _parse_trufflehog(out: bytes) -> Report:
    """Read one JSON object on each line, without the number of a line."""
    found = []
    for line in filter(None, out.split(b"\n")):
        one = json.loads(line)
        number = int(one["SourceMetadata"]["Data"]["JsonEnumerator"]["metadata"])
        found.append(Reported(one["DetectorName"], one["Raw"], number=number))
    return Report(found)


def _parse_ggshield(out: bytes) -> Report:
    files = [one for scan in json.loads(out)["scans"] for one in scan["entities_with_incidents"]]
    return Report(
        [
            Reported(incident["type"], place["match"], place["line_start"], int(one["filename"]))
            for one in files
            for incident in one["incidents"]
            for place in incident["occurrences"]
        ],
        len(files),
    )


def _docset(number: int, text: str) -> dict[str, Any]:
    # https://docs.gitguardian.com/ggshield-docs/integrations/other-data-sources
    document = {"id": str(number), "content": text}
    return {"type": "sealedfiles", "id": str(number), "documents": [document]}


PROGRAMS = {
    "betterleaks": Program(
        ("stdin", "--silent", "--output=-", "--exit-code=0"),
        _parse_betterleaks,
        "betterleaks stdin < FILE",
    ),
    "gitleaks": Program(
        ("stdin", "--no-banner", "--report-format=json", "--report-path=-", "--exit-code=0"),
        _parse_gitleaks,
        "gitleaks stdin < FILE",
    ),
    # `trufflehog stdin` reports neither lines nor offsets, and keeps its input in temporary files.
    "trufflehog": Program(
        ("json-enumerator", "/dev/stdin", "--json", "--no-verification", "--no-update"),
        _parse_trufflehog,
        "trufflehog filesystem FILE --no-verification",
        lambda number, text: {"metadata": number, "data": text},
    ),
    "ggshield": Program(
        ("secret", "scan", "docset", "--json", "--show-secrets", "--exit-zero", "-"),
        _parse_ggshield,
        "ggshield api-status",
        _docset,
        is_remote=True,
    ),
}
