"""Print the values that a reader could have read, for ``exposure`` and ``revoke``."""

from __future__ import annotations

import os

from sealedfiles.app.history import exposure as history
from sealedfiles.app.history.exposure import ExposureReport, Row
from sealedfiles.app.history.values import shown_place
from sealedfiles.app.values.trail import rotations_in
from sealedfiles.cli.dates import dated, shown_date
from sealedfiles.git.clone import Clone
from sealedfiles.keys.recipients import who_can_help
from sealedfiles.light_typing import TypeAlias
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import counted, say, shell_word, show, show_list, warn

_Rotations: TypeAlias = "dict[tuple[str, str, str], str]"
"""The reasons of rotations, by commit, file and key."""

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
    rotations = _rotations(report.rows, clone)
    if as_json:
        show_list(_for_programs(name, report, rotations))
    else:
        _show(report.rows, rotations)
    _summary(name, report, clone)


def _rotations(rows: list[Row], clone: Clone) -> _Rotations:
    """Return why values were changed, for the changes that a commit message calls a rotation."""
    oids = [row.commit.oid for row in rows if row.kind == history.CHANGED and row.commit]
    commits = rotations_in(clone.repository, filter(None, oids))
    return {
        (oid, place.file, place.key): one.reason
        for oid, one in commits.items()
        for place in one.values
    }


def _reason(row: Row, rotations: _Rotations) -> str | None:
    """Return why the value of *row* was rotated, which may be empty; None if it was not."""
    if row.kind != history.CHANGED or row.commit is None:
        return None
    return rotations.get((row.commit.oid, os.fsdecode(row.file), shown_place(row.path)))


def _show(rows: list[Row], rotations: _Rotations) -> None:
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
            reason = _reason(row, rotations)
            if reason is not None:
                line += f"  rotated: {reason}" if reason else "  rotated"
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
        if one.has_current_key and not one.is_reader:
            warn(
                f"{name} has the key of new values of {one.group}: it was not replaced at the removal",
                f"sealedfiles revoke {shell_word(name)} --from {shell_word(one.group)}",
            )
    count = sum(row.kind == history.MUST_CHANGE for row in report.rows)
    if count:
        say(
            f"must be changed at their source: {counted(count, 'value')} that {name} knows",
            "a new key does not change a value: set a new value at its source, then in this repository",
            "sealedfiles rotate-value does both for one value",
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


def _for_programs(name: str, report: ExposureReport, rotations: _Rotations) -> dict[str, object]:
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
            "rotated": _reason(row, rotations) is not None,
            "reason": _reason(row, rotations),
        }
        for row in report.rows
    ]
    return {
        "reader": name,
        "access": access,
        "values": rows,
        "complete": not (report.shallow or report.missing),
    }
