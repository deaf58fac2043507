"""Format the findings of a scan: lines for people, JSON and SARIF for programs, GitLab's report."""

from __future__ import annotations

from hashlib import sha256

from sealedfiles.app.check.held_findings import MESSAGE
from sealedfiles.app.check.kinds import KINDS
from sealedfiles.app.check.output import as_sarif as sarif_of
from sealedfiles.app.check.output import finding_row
from sealedfiles.app.history.values import shown_place
from sealedfiles.app.scan.findings import DANGLING, HISTORY, INDEX
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import counted, printable
from sealedfiles.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from sealedfiles.app.check.findings import Finding
    from sealedfiles.app.scan.attribution import CommitDate
    from sealedfiles.app.scan.findings import Leak
    from sealedfiles.app.scan.run import ScanReport, WeakValue

_SHORT = 12
_MOST_WEAK = 6
_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB"))


def as_lines(leaks: Iterable[Leak]) -> list[str]:
    """Return one line for each finding that is not allowed: place, description, commits, fix."""
    return [_line(leak) for leak in leaks if leak.is_open]


def _line(leak: Leak) -> str:
    fix = leak.finding.fix
    return f"{place_of(leak)} [{leak.finding.code}]" + (f" -> {fix}" if fix else "")


def place_of(leak: Leak) -> str:
    """Return the place and the description of a finding, and its commits."""
    finding = leak.finding
    name = show_path(finding.path) or f"object {leak.oid[:_SHORT]}"
    key = f" {finding.shown_key}:" if finding.key is not None and not leak.sealed_key else ""
    return f"{name}:{finding.line}:{key} {printable(finding.what)}{_when(leak)}"


def _when(leak: Leak) -> str:
    if leak.where == INDEX:
        return " (staged)"
    if leak.where != HISTORY:
        return ""
    if leak.span is None:
        return f" ({DANGLING})" if leak.finding.path != MESSAGE else f" (tag {leak.oid[:_SHORT]})"
    first, last = leak.span.first, leak.span.last
    text = f"commit {first.oid[:_SHORT]} of {first.date[:10]}"
    if last != first:
        text += f" to {last.oid[:_SHORT]} of {last.date[:10]}"
    return f" ({text}{'' if leak.span.is_reachable else f', {DANGLING}'})"


def summary(report: ScanReport) -> str:
    """Return the one-line summary: what was scanned, and how many findings there are."""
    count = sum(leak.is_open for leak in report.leaks)
    allowed = len(report.leaks) - count
    objects = f"{report.objects:,} {'object' if report.objects == 1 else 'objects'}"
    values = f"{report.values:,} {'value' if report.values == 1 else 'values'}"
    found = counted(count, "finding") if count else "nothing found"
    text = f"scanned {objects} ({size_text(report.size)}) for {values}: {found}"
    return text + (f"; allowed: {allowed}" if allowed else "")


def size_text(size: int) -> str:
    """Return a size in bytes for people: ``3.1 MB``."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def weak_text(weak: Sequence[WeakValue]) -> str:
    """Return the line on values that are not searched for, with the key paths of the first ones."""
    names = [f"{show_path(one.path)}: {shown_place(one.key)}" for one in weak[:_MOST_WEAK]]
    more = f", and {len(weak) - _MOST_WEAK} more" if len(weak) > _MOST_WEAK else ""
    return (
        f"not searched for because they are short or common: {counted(len(weak), 'value')} "
        f"({', '.join(names)}{more})"
    )


def for_programs(report: ScanReport) -> dict[str, Any]:
    """Return what ``--json`` prints, without its version."""
    return {
        "findings": [_row(leak) for leak in report.leaks],
        "objects": report.objects,
        "bytes": report.size,
        "values": report.values,
        "weak": [{"path": path_text(one.path), "key": shown_place(one.key)} for one in report.weak],
    }


def _row(leak: Leak) -> dict[str, Any]:
    span = leak.span
    return {
        **finding_row(leak.finding),
        "key": leak.finding.shown_key if not leak.sealed_key else None,
        "where": leak.where,
        "object": leak.oid,
        "first_commit": _commit(span.first) if span else None,
        "last_commit": _commit(span.last) if span else None,
        "dangling": leak.where == HISTORY and not (span and span.is_reachable),
        "encoding": leak.encoding,
        "rule": leak.rule,
        "sealed": {"path": path_text(leak.sealed_file), "key": leak.sealed_key}
        if leak.sealed_key
        else None,
        "current": leak.is_current,
    }


def _commit(commit: CommitDate) -> dict[str, str]:
    return {"id": commit.oid, "date": commit.date}


def as_sarif(leaks: Sequence[Leak]) -> dict[str, Any]:
    """Return what ``--sarif`` prints."""
    return sarif_of([_with_place(leak) for leak in leaks])


def _with_place(leak: Leak) -> Finding:
    """Return the finding with a path also for a dangling object, which SARIF requires."""
    path = leak.finding.path or f"object {leak.oid}".encode("ascii")
    return leak.finding._replace(path=path, what=f"{leak.finding.what}{_when(leak)}")


def as_gitlab(report: ScanReport) -> dict[str, Any]:
    """Return what ``--gitlab`` prints: GitLab's secret detection report.

    https://gitlab.com/gitlab-org/security-products/security-report-schemas, version 15
    """
    scanner = {
        "id": "sealedfiles",
        "name": "sealedfiles",
        "version": __version__,
        "vendor": {"name": "sealedfiles"},
    }
    return {
        "version": "15.1.0",
        "scan": {
            "analyzer": scanner,
            "scanner": scanner,
            "type": "secret_detection",
            "start_time": report.start,
            "end_time": report.end,
            "status": "success",
        },
        "vulnerabilities": [_vulnerability(leak) for leak in report.leaks if leak.is_open],
    }


def _vulnerability(leak: Leak) -> dict[str, Any]:
    finding = _with_place(leak)
    kind = KINDS[finding.code]
    commit = leak.span.first.oid if leak.span else ""
    place = (finding.code, path_text(finding.path), str(finding.line), commit, finding.what)
    rules = [
        {"type": "sealedfiles_rule", "name": f"sealedfiles {kind.code}", "value": kind.code},
    ]
    if leak.rule:
        rules.append({"type": "scanner_rule", "name": leak.rule, "value": leak.rule})
    return {
        "id": sha256("\0".join(place).encode("utf-8")).hexdigest(),
        "category": "secret_detection",
        "name": kind.what,
        "description": f"{printable(finding.what)}. {kind.why}",
        "severity": "Critical" if finding.is_error else "Medium",
        "solution": kind.how_to_fix,
        "scanner": {"id": "sealedfiles", "name": "sealedfiles"},
        "location": {
            "file": path_text(finding.path),
            "start_line": max(1, finding.line),
            **({"commit": {"sha": commit}} if commit else {}),
        },
        "identifiers": rules,
    }
