"""Write the man pages in docs/man from the commands and their help, as ``--help`` prints it.

    python tests/tools/man_pages.py

A page is written for every command, ``sealedfiles-key-list.1`` for ``sealedfiles key list``.  click-man would not do: it
does not find commands that are imported when they are called, cuts summaries, and escapes neither backslashes nor
lines that begin with a dot.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.cli.app import app
from sealedfiles.cli.commands import COMMANDS
from sealedfiles.cli.groups import summary
from sealedfiles.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[2] / "docs/man"
_CODE = re.compile(r"`([^`\n]+)`")
_ESCAPES = {
    "\\": r"\e",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    '"': r"\(dq",
    "^": r"\(ha",
    "~": r"\(ti",
}


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    context = click.Context(app, info_name="sealedfiles", **app.context_settings)
    return {f"{_name(one)}.1": _page(one) for one in _with_commands(context)}


def _with_commands(context: click.Context) -> Iterator[click.Context]:
    yield context
    for one in _commands_of(context):
        yield from _with_commands(one)


def _commands_of(context: click.Context) -> list[click.Context]:
    """Return a context for each command directly below that of *context*."""
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [
        click.Context(command, info_name=name, parent=context)
        for name, command in found
        if command and not command.hidden
    ]


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _page(context: click.Context) -> str:
    command = context.command
    title, *paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    usage = " ".join(command.collect_usage_pieces(context))
    examples = []
    lines = [
        f'.TH "{_escape(_name(context).upper())}" "1" "" "sealedfiles {__version__}" "sealedfiles manual"',
        ".SH NAME",
        f"{_escape(_name(context))} \\- {escaped_line(title.removesuffix('.'))}",
        ".SH SYNOPSIS",
        rf"\fB{_escape(context.command_path)}\fR {_escape(usage)}",
    ]
    described: list[str] = []
    for paragraph in [*paragraphs, *inspect.cleandoc(command.epilog or "").split("\n\n")]:
        fixed, text = _is_fixed(paragraph)
        if fixed and text.startswith("Examples:"):
            examples += [".SH EXAMPLES", *_as_it_is(inspect.cleandoc(text.partition("\n")[2]))]
        elif fixed:
            described += [".PP", *_as_it_is(text)]
        elif text:
            described += [".PP", escaped_line(" ".join(text.split()))]
    if described:
        lines += [".SH DESCRIPTION", *described[described[0] == ".PP" :]]
    lines += [".SH OPTIONS", *_options(context), *_commands(context), *examples]
    if context.parent:
        lines += [".SH SEE ALSO", rf"\fB{_escape(_name(context.parent))}\fR(1)"]
    return "\n".join(lines) + "\n"


def _is_fixed(paragraph: str) -> tuple[bool, str]:
    """Return whether the lines of a paragraph of a help text are kept, and its text without the mark."""
    mark, _, rest = paragraph.partition("\n")
    return (True, rest.rstrip("\n")) if mark.strip() == "\b" else (False, paragraph)


def _options(context: click.Context) -> Iterator[str]:
    for param in context.command.get_params(context):
        record = param.get_help_record(context)
        if record and record[1]:
            yield from (
                ".TP",
                rf"\fB{_escape(record[0])}\fR",
                escaped_line(" ".join(record[1].split())),
            )


def _commands(context: click.Context) -> Iterator[str]:
    below = {one.info_name: one for one in _commands_of(context)}
    sections = COMMANDS if context.command is app else {"": tuple(below)}
    if below:
        yield ".SH COMMANDS"
    for title, names in sections.items() if below else ():
        if title:
            yield f".SS {escaped_line(title.capitalize())}"
        for name in names:
            page = _escape(_name(below[name]))
            yield from (".TP", rf"\fB{page}\fR(1)", escaped_line(summary(below[name].command)))


def _as_it_is(text: str) -> Iterator[str]:
    """Yield *text* with its lines kept."""
    yield from (".nf", *map(escaped_line, text.split("\n")), ".fi")


def escaped_line(text: str) -> str:
    """Escape a line of help; what is between backquotes in it becomes bold."""
    parts = _CODE.split(text)
    return "".join(
        rf"\fB{_escape(part)}\fR" if number % 2 else _escape(part, line=number == 0)
        for number, part in enumerate(parts)
    )


def _escape(text: str, *, line: bool = False) -> str:
    """Escape *text*; if it begins a *line*, so that a dot there is no request."""
    escaped = "".join(
        _ESCAPES.get(char, char if char.isascii() else rf"\[u{ord(char):04X}]") for char in text
    )
    return rf"\&{escaped}" if line and escaped.startswith(".") else escaped


def main() -> None:
    """Write the pages, and remove those of commands that are not there any more."""
    FOLDER.mkdir(exist_ok=True)
    current = pages()
    for old in FOLDER.glob("*.1"):
        if old.name not in current:
            old.unlink()
    for name, text in current.items():
        (FOLDER / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
