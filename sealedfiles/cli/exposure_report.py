"""Print the values that a reader could have read, for ``exposure`` and ``revoke``."""

from __future__ import annotations

from sealedfiles.app.history import exposure as history
from sealedfiles.app.history.exposure import ExposureReport, Row
from sealedfiles.app.history.values import shown_place
from sealedfiles.cli.dates import dated, shown_date
from sealedfiles.git.clone import Clone
from sealedfiles.keys.recipients import who_can_help
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import counted, say, show, show_list, warn

_TITLES = {
    history.MUST_CHANGE: "must change",
    history.UNKNOWN: "cannot compare",
    history.CHANGED: "changed since",
    history.REMOVED: "removed since",
    history.ELSEWHERE: "only on other branches",
    history.NEVER: "never readable",
}


def show_report(name: str, report: ExposureReport, clone: Clone, *, as_json: bool = False) -> None:
    """Print the report on the values that *name* could read, as text or JSON."""
    if as_json:
        show_list(_for_programs(name, report))
    else:
        _show(report.rows)
    _summary(name, report, clone)


def _show(rows: list[Row]) -> None:
    for kind, title in _TITLES.items():
        found = [row for row in rows if row.kind == kind]
        if not found:
            continue
        show(f"{title} ({len(found)})")
        for row in found:
            line = f"  {show_path(row.file)}: {shown_place(row.path)}"
            if kind != history.NEVER and kind != history.ELSEWHERE:
                line += f"  {shown_date(row.commit)}"
            if row.known_at:
                file, path = row.known_at
                line += f"  same value as {show_path(file)}: {shown_place(path)}"
            if row.was_plaintext:
                line += "  it was committed in plaintext"
            show(line)


def _summary(name: str, report: ExposureReport, clone: Clone) -> None:
    for one in report.access:
        begin = f" from {one.begin.date[:10]}" if one.begin else ""
        end = f" to {one.end.date[:10]}" if one.end else ""
        now = ", and does now" if one.is_reader else ""
        keys = counted(len(one.keys), "key")
        say(
            f"{name} could read {one.group}{begin}{end}{now}; {keys}, and everything sealed with them"
        )
    count = sum(row.kind == history.MUST_CHANGE for row in report.rows)
    if count:
        say(
            f"must be changed at their source: {counted(count, 'value')} that {name} knows",
            "a new key does not change a value: set a new value at its source, then in this repository",
        )
    unknown = sum(row.kind == history.UNKNOWN for row in report.rows)
    if not count and not unknown:
        say(f"{name} could not read any of the current values")
    if unknown:
        warn(
            f"not compared because no key is available: {counted(unknown, 'value')}",
            *(who_can_help(clone.work_tree, group) for group in report.closed),
        )
    elsewhere = sum(row.kind == history.ELSEWHERE for row in report.rows)
    if elsewhere:
        say(
            f"on other branches only: {counted(elsewhere, 'value')} that {name} could read",
            "to compare them, check out that branch",
        )
    warn_of_missing(report.shallow, report.missing)
    say("not checked: other clones, and commits that are not reachable from a branch or tag")


def warn_of_missing(shallow: bool, missing: int = 0) -> None:
    """Print a warning if this clone lacks a part of the history: is *shallow*, or *missing* some versions."""
    if shallow:
        warn(
            "this clone is shallow: older commits were not checked",
            "run: git fetch --unshallow",
        )
    if missing:
        warn(
            f"not checked: {counted(missing, 'version')} of files, missing in this clone",
            "to check all of them: clone without --filter",
        )


def _place(file: bytes, path: bytes) -> dict[str, str]:
    return {"path": path_text(file), "key": shown_place(path)}


def _for_programs(name: str, report: ExposureReport) -> dict[str, object]:
    access = [
        {
            "group": one.group,
            "key_ids": sorted(one.keys),
            "from": one.begin.date if one.begin else None,
            "from_commit": one.begin.oid if one.begin else None,
            "to": one.end.date if one.end else None,
            "to_commit": one.end.oid if one.end else None,
            "reader_now": one.is_reader,
        }
        for one in report.access
    ]
    rows = [
        {
            "class": row.kind,
            **_place(row.file, row.path),
            **dated(row.commit),
            "same_as": _place(*row.known_at) if row.known_at else None,
            "in_plaintext": row.was_plaintext,
        }
        for row in report.rows
    ]
    return {
        "reader": name,
        "access": access,
        "values": rows,
        "complete": not (report.shallow or report.missing),
    }
