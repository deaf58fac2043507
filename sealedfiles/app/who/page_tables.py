"""Tables of the page for reviewers: former readers, rules and findings.  All texts are escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from sealedfiles.app.who.review import Origin, Review
from sealedfiles.model.policy import Rule
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted

END = "</table></div></section>\n"


def table(title: str, name: str, columns: Iterable[str], note: str = "") -> str:
    """Return the begin of a section with a table, up to its head; *name* is its id."""
    heads = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    said = f"<p>{escape(note)}</p>\n" if note else ""
    return (
        f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(title)}</h2>\n{said}'
        f'<div class="wide" tabindex="0" role="region" aria-labelledby="{name}">'
        f"<table>\n<thead><tr>{heads}</tr></thead>\n"
    )


def findings_table(review: Review) -> Iterator[str]:
    """Yield the table of what `check` finds in the index."""
    if review.trouble:
        yield table("Open findings", "findings", ("Not checked",)) + "<tbody>\n"
        yield f'<tr><td class="odd">{escape(review.trouble)}</td></tr>\n</tbody>{END}'
    if not review.findings:
        return
    errors = sum(one.is_error for one in review.findings)
    note = f"{counted(errors, 'error')}, {counted(len(review.findings) - errors, 'warning')}"
    yield table("Open findings", "findings", ("Place", "Finding", "Code"), note) + "<tbody>\n"
    for one in review.findings:
        place = show_path(one.path) + (f":{one.line}" if one.line else "")
        key = f"{one.shown_key}: " if one.key is not None else ""
        kind = "odd" if one.is_error else "quiet"
        yield (
            f'<tr><th scope="row"><code>{escape(place)}</code></th><td>{escape(key + one.what)}</td>'
            f'<td class="{kind}">{escape(one.code)}</td></tr>\n'
        )
    yield "</tbody>" + END


def former_table(review: Review) -> Iterator[str]:
    """Yield the table of the readers who were removed from a group."""
    if not review.former:
        return
    note = "They know the values that they could read: sealedfiles exposure NAME lists those still in use."
    yield table("Former readers", "former", ("Reader", "Group", "Granted", "Removed"), note)
    yield "<tbody>\n"
    for one in review.former:
        begin = _origin(one.granted) if one.granted else "unknown"
        yield (
            f'<tr><th scope="row">{escape(one.name)}</th><td>{escape(one.group)}</td>'
            f"<td>{begin}</td><td>{_origin(one.revoked)}</td></tr>\n"
        )
    yield "</tbody>" + END


def rules_table(review: Review) -> Iterator[str]:
    """Yield the table of the rules of the policy in force."""
    columns = ("Files", "Values", "Sealed to", "More")
    note = "The first rule that matches decides. A value that no rule matches is sealed to default."
    yield table("Rules", "rules", columns, note) + "<tbody>\n"
    for rule in review.rules:
        yield _rule(rule)
    yield "</tbody>" + END


def _rule(rule: Rule) -> str:
    entries = dict(rule.entries)
    files, values = entries.pop("files", ()), entries.pop("values", ("all",))
    entries.pop("group", None)
    entries.pop("plain", None)
    group = escape(rule.group) if rule.group else '<span class="weak">left in plaintext</span>'
    more = "; ".join(f"{key}: {' '.join(texts)}" for key, texts in entries.items())
    return (
        f'<tr><th scope="row"><code>{escape(", ".join(files))}</code></th>'
        f"<td><code>{escape(', '.join(values))}</code></td><td>{group}</td><td>{escape(more)}</td></tr>\n"
    )


def _origin(origin: Origin) -> str:
    return (
        f"<time>{escape(origin.date[:10])}</time> by {escape(origin.author)} "
        f"<code>{escape(origin.commit[:12])}</code>"
    )
