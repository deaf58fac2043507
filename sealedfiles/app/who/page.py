"""The page for reviewers: one self-contained HTML file, safe against names with markup or scripts.

File names, key paths and reader names may come from an attacker.  All of them are escaped, and the content
security policy of the page allows only the script and the style of ``page_parts``, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from html import escape

from sealedfiles.app.who.matrix import GRANTED, Matrix, PublicKey, Reader
from sealedfiles.app.who.page_parts import SCRIPT, STYLE
from sealedfiles.app.who.page_tables import (
    END,
    findings_table,
    former_table,
    rules_table,
    table,
)
from sealedfiles.app.who.review import Review
from sealedfiles.app.who.values import FileValues, ListedValue
from sealedfiles.app.workspace import Workspace
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, printable_page


def render(
    matrix: Matrix, files: Sequence[FileValues], made: str, review: Review | None = None
) -> bytes:
    """Return the page; *made* describes the repository, the commit and the date.

    Without *review*, as for one file or outside of git, it has the current access only.
    """
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        '<meta name="color-scheme" content="light dark">\n',
        '<meta name="referrer" content="no-referrer">\n',
        f"<title>Access to sealed values</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        f"<header>\n<h1>Access to sealed values</h1>\n<p>{escape(made)}</p>\n{_FILTER}</header>\n<main>\n",
        *_troubles(matrix),
        *(findings_table(review) if review else ()),
        *_readers_table(matrix, review),
        *(former_table(review) if review else ()),
        *_keys_table(matrix),
        *_groups_table(matrix),
        *(rules_table(review) if review else ()),
        *_files_table(matrix, files),
        f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
    ]
    return printable_page("".join(parts)).encode("utf-8")


def origin_of_page(workspace: Workspace) -> str:
    """Return the repository, the commit and the creation time of a page, as text."""
    name = show_path(os.fsencode(workspace.root.name))
    moment = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    made = f"{name}, created by sealedfiles who on {moment}"
    clone = workspace.clone
    if clone is None:
        return made
    code, out, _ = clone.repository.try_run("rev-parse", "--short=12", "--verify", "-q", "HEAD")
    changed = clone.repository.try_run("diff", "--quiet", "HEAD", "--", ".sealedfiles")[0]
    commit = out.decode("ascii", "replace").strip() if code == 0 else "(none yet)"
    note = "; readers have changed since that commit" if changed else ""
    return f"{made}, at commit {commit} with staged changes{note}"


def _policy() -> str:
    style, script = (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (STYLE, SCRIPT)
    )
    allowed = f"default-src 'none'; style-src {style}; script-src {script}"
    return f"{allowed}; base-uri 'none'; form-action 'none'"


# The script shows the field, so that it stays hidden if scripts do not run.
_FILTER = (
    '<p id="filter" hidden><label for="words">Show only</label> '
    '<input id="words" type="search" autocomplete="off" spellcheck="false" '
    'placeholder="a reader, group, file or value"> '
    '<output id="count" for="words"></output></p>\n'
)


def _troubles(matrix: Matrix) -> Iterator[str]:
    found = matrix.troubles()
    if found:
        yield '<section aria-labelledby="look"><h2 id="look">Problems</h2>\n<ul class="troubles">\n'
        for what, hint in found:
            yield f"<li><strong>{escape(what)}</strong><br>{escape(hint)}</li>\n"
        yield "</ul></section>\n"


def _readers_table(matrix: Matrix, review: Review | None) -> Iterator[str]:
    groups = [group.name for group in matrix.groups]
    note = "Dates are those of the grants. Every new key of the group renews them."
    if review:
        note += " Behind them: the author of the commit that granted access."
        note += " Earlier history is missing in this clone." if review.is_shallow else ""
    yield table("Readers and groups", "readers", ("Reader", *groups), note) + "<tbody>\n"
    for reader in matrix.readers:
        cells = "".join(_access_cell(reader, group, review) for group in groups)
        lone = "" if reader.access else " <small>reads no group</small>"
        yield f'<tr><th scope="row">{escape(reader.name)}{lone}</th>{cells}</tr>\n'
    yield "</tbody>" + END


def _access_cell(reader: Reader, group: str, review: Review | None) -> str:
    access = reader.access.get(group)
    if access is None:
        return '<td class="no"><span class="unseen">no</span></td>'
    date = escape(access.since[:10])
    origin = review.granted.get((reader.name, group)) if review else None
    by = f" <small>by {escape(origin.author)}</small>" if origin else ""
    if access.state == GRANTED:
        return (
            '<td class="yes"><span aria-hidden="true">●</span>'
            f'<span class="unseen">reads {escape(group)}, since</span> <time>{date}</time>{by}</td>'
        )
    words = escape(access.state.replace("-", " "))
    return f'<td class="odd"><strong>! {words}</strong> <time>{date}</time>{by}</td>'


def _keys_table(matrix: Matrix) -> Iterator[str]:
    columns = ("Reader", "Key type", "Post-quantum", "Fingerprint")
    yield table("Public keys", "keys", columns) + "<tbody>\n"
    for reader in matrix.readers:
        keys: list[PublicKey | None] = [*reader.keys] or [None]
        for key in keys:
            cells = (
                f"<td>{escape(key.kind)}</td>{_post_quantum(key.post_quantum)}"
                f"<td><code>{key.shown_fingerprint}</code></td>"
                if key
                else f'<td colspan="3" class="odd">{escape(reader.trouble)}</td>'
            )
            yield f'<tr><th scope="row">{escape(reader.name)}</th>{cells}</tr>\n'
    yield "</tbody>" + END


def _post_quantum(known: bool | None) -> str:
    text, kind = {True: ("yes", "good"), False: ("no", "weak"), None: ("unknown", "quiet")}[known]
    return f'<td class="{kind}">{text}</td>'


def _groups_table(matrix: Matrix) -> Iterator[str]:
    columns = ("Group", "Current key", "Created", "Post-quantum", "Readers")
    note = "A group is as strong as the weakest key of its readers."
    yield table("Groups", "groups", columns, note) + "<tbody>\n"
    for group in matrix.groups:
        key = f"<code>{group.key_id}</code>" if group.key_id else "cannot be read"
        yield (
            f'<tr><th scope="row">{escape(group.name)}</th><td>{key}</td>'
            f"<td><time>{group.date[:10]}</time></td>{_post_quantum(matrix.post_quantum(group))}"
            f"<td>{escape(', '.join(group.readers) or 'nobody')}</td></tr>\n"
        )
    yield "</tbody>" + END


def _files_table(matrix: Matrix, files: Sequence[FileValues]) -> Iterator[str]:
    count = sum(len(file.values) for file in files)
    note = f"{counted(count, 'value')} in {counted(len(files), 'file')}"
    yield table("Files and values", "files", ("Value", "Group", "Readers"), note)
    for file in files:
        path = escape(show_path(file.path))
        yield f'<tbody><tr class="file"><th scope="rowgroup" colspan="3">{path}</th></tr>\n'
        for value in file.values:
            yield _value_row(value, matrix)
        yield "</tbody>\n"
    yield END


def _value_row(value: ListedValue, matrix: Matrix) -> str:
    group, state, readers = map(escape, value.cells(matrix))
    said = f'<small class="{value.state}">{state}</small>' if state else ""
    return (
        f'<tr><th scope="row"><code>{escape(value.shown)}</code></th>'
        f"<td>{' '.join(part for part in (group, said) if part)}</td><td>{readers}</td></tr>\n"
    )
