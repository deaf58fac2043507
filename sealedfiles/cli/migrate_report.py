"""Print what `migrate` plans, and its result."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.app.history.values import shown_place
from sealedfiles.app.migrate.grants import advice_for, option_for
from sealedfiles.app.migrate.migrating import Migrated, MigratedFile
from sealedfiles.app.migrate.planning import MigrationPlan, Prepared
from sealedfiles.app.migrate.policy_rules import PlannedFile
from sealedfiles.app.migrate.source import Reader
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import Note, counted, say, show, warn

_MOST_KEYS = 10
_LISTS = ("files", "groups", "tracked", "readers", "removed", "notes")


def show_plan(prepared: Prepared, plan: MigrationPlan) -> None:
    """Print the plan as text: files, readers and what is removed, no values."""
    if prepared.is_resumed:
        say(f"continuing a migration from {plan.tool} that was interrupted")
    show(f"to migrate from {plan.tool} ({len(plan.files)})", *map(_line, plan.files))
    for group, names in sorted(plan.members.items()):
        show(f"  {group}: read by {', '.join(names)}" if names else f"  {group}: new, read by you")
    patterns = {name: rules for name, rules in plan.rules.items() if not name.startswith("./")}
    if patterns:
        show("to track, also for files that are added later")
        show(*(_pattern_line(*one) for one in patterns.items()))
    if plan.readers:
        show(f"readers ({len(plan.readers)})")
        show(*(f"  {_reader_line(plan, one)}" for one in plan.readers))
    removed = [path_text(path) for path in plan.removal.files]
    removed += [f".gitattributes: {one.decode()}" for one in plan.removal.attributes]
    if removed:
        show("to remove from git", *(f"  {one}" for one in removed))
    for note in _notes(plan):
        say(note.message, *note.hints)


def _notes(plan: MigrationPlan) -> list[Note]:
    kept = f"not selected, so the settings of {plan.tool} stay: {counted(plan.remaining, 'file')}"
    return [*plan.notes, *([Note(kept)] if plan.remaining else [])]


def _line(one: PlannedFile) -> str:
    to = show_path(one.file.stored)
    if one.file.stored != one.path:
        to += f" -> {show_path(one.path)}"
    left = (
        f", by the rules of the policy{_plain(one.rules)}" if one.is_governed else _plain(one.rules)
    )
    left += f"; {counted(one.exposed, 'comment')} will be readable" if one.exposed else ""
    confirmed = "; confirmed by the tool" if one.plain.is_confirmed else ""
    return f"  {to}: to {one.group}{left}{confirmed}"


def _plain(rules: Sequence[NewRule]) -> str:
    """Return what *rules* leave in plaintext, for a line of the plan."""
    for rule in rules:
        if rule.plain and not rule.values:
            sealed = [value for one in rules if not one.plain for value in one.values]
            return f"; in plaintext: all values except {_few(sealed)}"
    plain = [value for rule in rules if rule.plain for value in rule.values]
    return f"; in plaintext: {_few(plain)}" if plain else ""


def _few(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _MOST_KEYS} more" if len(texts) > _MOST_KEYS else ""
    return ", ".join(texts[:_MOST_KEYS]) + more


def _pattern_line(pattern: str, rules: Sequence[NewRule]) -> str:
    groups = {rule.group or DEFAULT_GROUP for rule in rules if not rule.plain} or {DEFAULT_GROUP}
    return f"  {pattern}: to {', '.join(sorted(groups))}{_plain(rules)}"


def _reader_line(plan: MigrationPlan, one: Reader) -> str:
    if not one.key:
        return f"{one.name} ({one.shown}): send a key of age or SSH: sealedfiles keygen"
    groups = plan.grantable(one)
    if any(grant.key == one.key for grant in plan.grants):
        return f"{one.name} ({one.shown}): access to {', '.join(groups)}"
    if groups:
        return f"{one.name} ({one.shown}): no access; to grant it: {option_for(one)}"
    count = sum(file.path in one.files for file in plan.files)
    return (
        f"{one.name} ({one.shown}): no access; can decrypt {count} of {len(plan.files)} files: "
        + "; ".join(advice_for(plan.files, one))
    )


def summarize(plan: MigrationPlan, migrated: Migrated) -> None:
    """Report what was done, what must be changed, and the next step."""
    for note in migrated.notes:
        warn(note.message, *note.hints)
    confirmed = sum(one.plain.is_confirmed for one in plan.files)
    same = f"; {confirmed} confirmed by {plan.tool} itself" if confirmed else ""
    say(
        f"migrated and staged: {counted(len(migrated.files), 'file')}, compared with the originals{same}",
        "review it: git diff --cached --no-textconv",
        "then: git commit",
    )
    changed = [one for one in migrated.files if one.secrets]
    if changed:
        say(
            "change these values: whoever has the old keys can read them in the history",
            *(f"{show_path(one.path)}: {_keys(one)}" for one in changed),
        )


def _keys(one: MigratedFile) -> str:
    return _few([shown_place(key) for key in one.secrets])


def data_of(plan: MigrationPlan | None, migrated: Migrated | None) -> dict[str, object]:
    """Return the plan, and the result after it was carried out, as JSON fields."""
    if plan is None:
        return {"done": False, "tool": "", **{name: [] for name in _LISTS}}
    results = {one.path: one for one in migrated.files} if migrated else {}
    notes = [*_notes(plan), *(migrated.notes if migrated else [])]
    return {
        "done": migrated is not None,
        "tool": plan.tool,
        "files": [_file_data(one, results.get(one.path)) for one in plan.files],
        "groups": [
            {"group": group, "readers": names} for group, names in sorted(plan.members.items())
        ],
        "readers": [
            {
                "name": one.name,
                "key": one.key,
                "shown": one.shown,
                "groups": plan.grantable(one),
                "granted": any(grant.key == one.key for grant in plan.grants),
            }
            for one in plan.readers
        ],
        "removed": [path_text(path) for path in plan.removal.files],
        "tracked": [
            {"pattern": pattern, "rules": [_rule_data(rule) for rule in rules]}
            for pattern, rules in plan.rules.items()
        ],
        "notes": [{"message": one.message, "hints": list(one.hints)} for one in notes],
    }


def _rule_data(rule: NewRule) -> dict[str, object]:
    group = None if rule.plain else rule.group or DEFAULT_GROUP
    return {"values": list(rule.values), "group": group, "plain": rule.plain}


def _file_data(one: PlannedFile, result: MigratedFile | None) -> dict[str, object]:
    return {
        "path": path_text(one.path),
        "from": path_text(one.file.stored),
        "group": one.group,
        "readable_comments": one.exposed,
        "confirmed": one.plain.is_confirmed,
        "sealed": result.sealed if result else None,
        "to_change": [shown_place(key) for key in result.secrets] if result else [],
    }
