"""`sealedfiles help`."""

from __future__ import annotations

import click

from sealedfiles.util.messages import show


@click.command("help")
@click.argument("names", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command.

    This is the same as `sealedfiles COMMAND --help`.

    \b
    Examples:
      sealedfiles help track
      sealedfiles help key export
    """
    assert ctx.parent is not None  # noqa: S101 - the program itself
    shown = ctx.parent
    for name in names:
        if not isinstance(shown.command, click.Group):
            raise click.UsageError(f"{shown.info_name} has no command {name}", ctx)
        _, found, _ = shown.command.resolve_command(shown, [name])
        assert found is not None  # noqa: S101 - else resolve_command has raised
        shown = click.Context(found, info_name=name, parent=shown)
    show(*shown.command.get_help(shown).split("\n"))
