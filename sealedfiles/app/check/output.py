"""Format findings: lines for people, JSON for programs, SARIF for code review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.kinds import ERROR, KINDS
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import counted, printable
from sealedfiles.version import __version__

if TYPE_CHECKING:
    from typing import Any

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_MOST = 10
"""The maximum number of findings of one kind in one file that are printed for people."""


def as_lines(findings: Iterable[Finding]) -> list[str]:
    """Return one line for each finding that is not allowed: place, key, description, fix."""
    lines = []
    counts: Counter[tuple[str, bytes, str]] = Counter()
    for finding in findings:
        if finding.reason:
            continue
        kind = (finding.commit, finding.path, finding.code)
        counts[kind] += 1
        if counts[kind] <= _MOST:
            lines.append(_line(finding))
    for (_, path, code), count in counts.items():
        if count > _MOST:
            more = count - _MOST
            lines.append(f"{show_path(path)}: and {more} more like it [{code}] (--json has all)")
    return lines


def _line(finding: Finding) -> str:
    place = show_path(finding.path) + (f":{finding.line}" if finding.line else "")
    key = f" {finding.shown_key}:" if finding.key is not None else ""
    warning = "" if finding.is_error else " warning:"
    commit = f" (commit {finding.commit[:12]})" if finding.commit else ""
    fix = f" -> {finding.fix}" if finding.fix else ""
    return f"{place}:{key}{warning} {printable(finding.what)}{commit} [{finding.code}]{fix}"


def summary(findings: Sequence[Finding], looked_at: int) -> str:
    """Return the one-line summary: how many files were checked, and how many findings there are."""
    errors = sum(one.is_error and not one.reason for one in findings)
    allowed = sum(bool(one.reason) for one in findings)
    warnings = len(findings) - errors - allowed
    found = [
        counted(count, what) for count, what in ((errors, "error"), (warnings, "warning")) if count
    ]
    checked = f"checked {counted(looked_at, 'sealed file')}" if looked_at else ""
    if not checked and not found:
        checked = "no sealed files"
    text = ": ".join(filter(None, (checked, ", ".join(found) or "no problems found")))
    return text + (f"; allowed by the policy: {allowed}" if allowed else "")


def explanation_hints(findings: Iterable[Finding]) -> list[str]:
    """Return the hint for an explanation of the first finding that is not allowed, if there is one."""
    code = next((one.code for one in findings if not one.reason), "")
    return [f"for an explanation: sealedfiles check --explain {code}"] if code else []


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return what ``--json`` prints, without its version."""
    return {"findings": [finding_row(finding) for finding in findings]}


def finding_row(finding: Finding) -> dict[str, Any]:
    """Return a finding for ``--json``."""
    return {
        "code": finding.code,
        "severity": KINDS[finding.code].severity,
        "path": path_text(finding.path),
        "line": finding.line or None,
        "key": finding.shown_key,
        "commit": finding.commit,
        "message": printable(finding.what),
        "fix": finding.fix,
        "allowed": finding.reason,
    }


def as_sarif(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what ``--sarif`` prints: SARIF 2.1.0, for code review tools."""
    used = [kind for kind in KINDS.values() if any(one.code == kind.code for one in findings)]
    numbers = {kind.code: number for number, kind in enumerate(used)}
    rules = [
        {
            "id": kind.code,
            "shortDescription": {"text": kind.what},
            "fullDescription": {"text": kind.why},
            "help": {"text": kind.how_to_fix},
            "defaultConfiguration": {"level": kind.severity},
        }
        for kind in used
    ]
    driver = {"name": "sealedfiles", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, numbers[finding.code]) for finding in findings],
    }
    return {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    key = f"{finding.shown_key}: " if finding.key is not None else ""
    fix = f" ({finding.fix})" if finding.fix else ""
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(finding.path, safe="/"), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(1, finding.line)},
        }
    }
    if finding.key is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.shown_key}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": "error" if KINDS[finding.code].severity == ERROR else "warning",
        "message": {"text": f"{key}{printable(finding.what)}{fix}"},
        "locations": [location],
    }
    if finding.commit:
        result["properties"] = {"commit": finding.commit}
    if finding.reason:
        result["suppressions"] = [{"kind": "external", "justification": finding.reason}]
    return result
