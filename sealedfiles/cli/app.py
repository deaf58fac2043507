"""The top-level command for click; each subcommand is imported when it is called or listed."""

from __future__ import annotations

import click

from sealedfiles.cli.commands import COMMANDS, find_command
from sealedfiles.cli.groups import CommandGroup, with_common_options
from sealedfiles.version import __version__


class _Commands(CommandGroup):
    """Finds each command in the module with the same name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for names in COMMANDS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name == "help":
            from sealedfiles.cli.help import command

            return with_common_options(command)
        declared = find_command(cmd_name)
        return with_common_options(declared.to_click()) if declared else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in COMMANDS.items():
            self.write_section(title.capitalize(), names, ctx, formatter)


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  sealedfiles init                              set up a git repository, once
  sealedfiles track 'secrets/*.yaml' '*.env'    choose the files to seal
  git add . && git commit                       git stores tokens only
  sealedfiles grant bob age1pq1… --to default   add a reader
  sealedfiles unlock                            after a clone
  sealedfiles cat config/app.yaml               in a CI job with SEALEDFILES_KEY
""",
)
@click.version_option(__version__, prog_name="sealedfiles", message="%(prog)s %(version)s")
def app() -> None:
    """Encrypt the values of configuration files in git.

    Keys, comments and layout of YAML, JSON, TOML and .env files stay readable.  Each reader decrypts the
    values with a separate key, and git never stores one in plaintext.
    """


with_common_options(app)
