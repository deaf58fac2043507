"""Print what `adopt` plans, and what is left to do."""

from __future__ import annotations

from sealedfiles.app.adopt.adopting import Adopted, Prepared, not_in_git
from sealedfiles.app.adopt.plan import FilePlan, Unsealable
from sealedfiles.app.history.values import shown_place
from sealedfiles.app.scan.output import place_of
from sealedfiles.cli.rotation_report import rotation_rows
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import counted, say, show

_MOST_KEYS = 10


def show_plan(prepared: Prepared, groups: tuple[str, ...]) -> None:
    """Print the plan as text: files and key paths, no values; *groups* are those that were requested."""
    files = prepared.plan.files
    if files:
        show(f"to seal ({len(files)})", *map(_line, files))
    show_others("not fixed by sealing", prepared.plan.others)
    used = {group for one in files for group in one.groups}
    for group in groups:
        if group not in used:
            say(f"no file or key to seal is named like {group}")
    for note in prepared.plan.notes:
        say(note.message, *note.hints)


def _line(one: FilePlan) -> str:
    kind = f" ({one.preset.name})" if one.preset else ""
    if one.is_whole:
        return f"  {show_path(one.path)}: the whole file, to {', '.join(one.groups)}"
    keys = [shown_place(key) for key in one.found[:_MOST_KEYS]]
    more = f" and {len(one.found) - _MOST_KEYS} more" if len(one.found) > _MOST_KEYS else ""
    counts = f"{counted(one.sealed, 'value')} to {', '.join(one.groups)}"
    counts += f", {one.plain} in plaintext" if one.plain else ""
    return f"  {show_path(one.path)}{kind}: {counts}; found: {', '.join(keys)}{more}"


def show_others(title: str, others: list[Unsealable]) -> None:
    """Print the findings that sealing does not fix."""
    if others:
        show(f"{title} ({len(others)})")
        show(*(f"  {place_of(one.leak)} -> {one.step}" for one in others))


def summarize_plan(prepared: Prepared) -> None:
    """Report what was done, and the next step."""
    count = len(prepared.plan.files) - len(not_in_git(prepared.plan))
    hints = ["review it: git diff --cached --no-textconv", "then: git commit"]
    say(f"sealed and staged: {counted(count, 'file')}", *hints)
    for one in not_in_git(prepared.plan):
        say(f"{show_path(one.path)} is not in git: it is sealed when you add it")


def data_of(prepared: Prepared, adopted: Adopted | None) -> dict[str, object]:
    """Return the plan, and what is left to do after it was carried out, as JSON fields."""
    others = adopted.others if adopted else prepared.plan.others
    return {
        "done": adopted is not None,
        "files": [
            {
                "path": path_text(one.path),
                "preset": one.preset.name if one.preset else None,
                "groups": one.groups,
                "found": [shown_place(key) for key in one.found],
                "sealed": one.sealed,
                "plain": one.plain,
                "whole": one.is_whole,
                "in_git": one.is_in_git,
            }
            for one in prepared.plan.files
        ],
        "others": [
            {
                "code": one.leak.finding.code,
                "path": path_text(one.leak.finding.path),
                "line": one.leak.finding.line,
                "where": one.leak.where,
                "commit": one.leak.finding.commit,
                "rule": one.leak.rule,
                "message": one.leak.finding.what,
                "step": one.step,
            }
            for one in others
        ],
        "values": rotation_rows(adopted.rotation) if adopted else [],
    }
