"""Print the values that the history has in plaintext, for ``exposure --history`` and ``adopt``."""

from __future__ import annotations

import os

from sealedfiles.app.adopt import rotation
from sealedfiles.app.adopt.replacements import Replacements, write_replacements
from sealedfiles.app.adopt.rotation import RotationReport, Row
from sealedfiles.app.check.held_findings import MESSAGE
from sealedfiles.app.history.values import ELSEWHERE, WHOLE, shown_place
from sealedfiles.cli.dates import dated, shown_date
from sealedfiles.cli.exposure_report import warn_of_missing
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import counted, say, shell_key, shell_path, shell_word, show, warn

_TITLES = {
    rotation.MUST_CHANGE: "must change",
    rotation.UNKNOWN: "cannot compare",
    rotation.REVIEW: "not like secrets, but in plaintext in the history",
    rotation.CHANGED: "changed since",
    rotation.REMOVED: "removed since",
    rotation.ALLOWED: "allowed by the policy",
}
_SHORT = 12
_MOST_TO_REVIEW = 10


def show_rotation(report: RotationReport) -> None:
    """Print the report as text."""
    for kind, title in _TITLES.items():
        found = [row for row in report.rows if row.kind == kind]
        if found:
            most = _MOST_TO_REVIEW if kind == rotation.REVIEW else len(found)
            show(f"{title} ({len(found)})", *map(_line, found[:most]))
            if len(found) > most:
                show(f"  and {len(found) - most} more (--json has all)")


def _line(row: Row) -> str:
    line = f"  {show_path(row.file)}: {shown_place(row.path)}"
    if row.first:
        line += f"  since {row.first.date[:10]}  {row.first.oid[:_SHORT]}"
        if row.first.path == MESSAGE:
            line += " (commit message)"
        elif row.first.path != row.file:
            line += f" ({show_path(row.first.path)})"
        line += "  pushed" if row.is_pushed else ""
    if row.kind == rotation.CHANGED:
        line += f"  changed {shown_date(row.commit)}"
    if row.provider and row.kind == rotation.MUST_CHANGE:
        line += f"  {row.provider.name}: {row.provider.page}"
    return line


def summarize(report: RotationReport) -> None:
    """Report what is to do, and who could read the values."""
    must = [row for row in report.rows if row.kind == rotation.MUST_CHANGE]
    warn_of_missing(report.shallow)
    unknown = sum(row.kind == rotation.UNKNOWN for row in report.rows)
    if unknown:
        warn(f"not compared because no key is available: {counted(unknown, 'value')}")
    if not must:
        say("no current secret is in plaintext in the history")
        return
    say(
        f"must be changed at their source: {counted(len(must), 'value')}",
        _readers(report, must),
        f"then here, such as: {_command(must[0])}",
        "the list becomes shorter with each changed value: sealedfiles exposure --history",
    )


def _command(row: Row) -> str:
    place = shown_place(row.path)
    if row.path in (WHOLE, ELSEWHERE) or "[]" in place:
        return f"sealedfiles edit {shell_path(row.file)}"
    return f"sealedfiles set {shell_path(row.file)} {shell_key(place)}"


def _readers(report: RotationReport, rows: list[Row]) -> str:
    pushed = sum(row.is_pushed for row in rows)
    if not report.remotes:
        return "this repository has no remote: readers are those of its copies"
    where = ", ".join(report.remotes)
    if not pushed:
        return f"no remote-tracking branch of {where} has them, but other copies may"
    return (
        f"{pushed} of them were pushed to {where}: whoever can read it can read them; "
        "if it is or was public, everybody"
    )


def explain_history(report: RotationReport, replacements: str) -> None:
    """Report how to remove the values from the history; write the file *replacements* if it is requested."""
    if replacements:
        written = write_replacements(replacements, report.rows)
        _report_replacements(replacements, written)
    elif any(row.kind == rotation.MUST_CHANGE for row in report.rows):
        say(
            "to remove the values from the history as well, after you changed them:",
            "write them to a file: sealedfiles exposure --history --replace-text ../values.txt",
            "in a new clone: git filter-repo --sensitive-data-removal --replace-text ../values.txt "
            "--replace-message ../values.txt",
            "this changes the ids of commits, and every clone must be replaced; copies keep the values",
            "the hooks do not let commits with these values be pushed to a remote that lacks them",
        )


def _report_replacements(name: str, written: Replacements) -> None:
    shown = shell_path(name)
    say(
        f"{name}: {counted(written.texts, 'value')} in plaintext, readable only by you",
        "commit and push, and work in a new clone: git clone --no-local URL FOLDER",
        f"then: git filter-repo --sensitive-data-removal --replace-text {shown} --replace-message {shown}",
        "after you checked the result: git push --force --mirror origin; then everybody clones again",
        "ask the host of the repository to delete the old commits, which it keeps",
        f"delete the file: rm {shown}",
    )
    for row in written.too_short:
        warn(
            f"{show_path(row.file)}: {shown_place(row.path)}: too short or too common to be replaced"
        )
    for row in written.unsupported:
        file = shell_word(os.fsdecode(row.file))
        warn(
            f"{show_path(row.file)}: the whole file was in plaintext",
            f"to remove it from the history: git filter-repo --invert-paths --path={file}",
            "then add it again",
        )


def rotation_rows(report: RotationReport) -> list[dict[str, object]]:
    """Return the rows as JSON fields."""
    return [
        {
            "class": row.kind,
            "path": path_text(row.file),
            "key": shown_place(row.path),
            "first_commit": {"id": row.first.oid, "date": row.first.date} if row.first else None,
            "first_path": path_text(row.first.path) if row.first else None,
            "pushed": row.is_pushed,
            "provider": row.provider.name if row.provider else None,
            "page": row.provider.page if row.provider else None,
            **dated(row.commit),
        }
        for row in report.rows
    ]
