"""Groups of commands, for the program and for commands with subcommands."""

from __future__ import annotations

from collections.abc import Iterable

import click

from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.messages import configure, show

if TYPE_CHECKING:
    from typing import Any


def _configure(_ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value and param.name:
        configure(**{param.name: value})


def _common_option(name: str, **settings: Any) -> click.Option:
    return click.Option([name], expose_value=False, is_eager=True, callback=_configure, **settings)


def with_common_options(command: click.Command) -> click.Command:
    """Add the common options to *command*."""
    if not any(param.name == "quiet" for param in command.params):
        command.params += [
            _common_option("--quiet", is_flag=True, help="Print data, warnings and errors only."),
            _common_option("--verbose", is_flag=True, help="Print the git commands that run."),
            _common_option(
                "--color",
                type=click.Choice(["auto", "always", "never"]),
                help="Color messages (default: on a terminal, unless NO_COLOR is set).",
            ),
        ]
    return command


class HelpfulOption(click.Option):
    """An option that shows the help of its command for the value ``--help``: the value was forgotten."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the converted value."""
        if "--help" in (value if isinstance(value, (list, tuple)) else [value]):
            show(*ctx.get_help().split("\n"))
            ctx.exit()
        return super().process_value(ctx, value)


class CommandGroup(click.Group):
    """A group that suggests a similar command for a mistyped name and lists one command per line."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command *cmd_name* with the common options."""
        command = super().get_command(ctx, cmd_name)
        return with_common_options(command) if command else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* specifies, and the other arguments.  Raises click.UsageError."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            from difflib import get_close_matches  # imported here because nothing else needs it

            close = get_close_matches(name, self.list_commands(ctx), n=1)
            question = f"; did you mean {close[0]}?" if close else ""
            raise click.UsageError(f"there is no command {name}{question}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the section that lists all commands."""
        self.write_section("Commands", self.list_commands(ctx), ctx, formatter)

    def write_section(
        self, title: str, names: Iterable[str], ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the section *title* with the summaries of the commands *names*."""
        commands = [(name, self.get_command(ctx, name)) for name in names]
        with formatter.section(title):
            formatter.write_dl(
                [
                    (name, summary(command))
                    for name, command in commands
                    if command and not command.hidden
                ]
            )


def summary(command: click.Command) -> str:
    """Return the whole first line of a command's help, without its period."""
    return (command.help or "").partition("\n")[0].removesuffix(".")
