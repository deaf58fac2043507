"""The group of all commands; each is imported when it is called or listed."""

from __future__ import annotations

from importlib import import_module

import click

from sealedfiles.cli.groups import CommandGroup, with_common_options
from sealedfiles.version import __version__

COMMANDS = {
    "set up": ("init", "keygen", "key", "track", "untrack"),
    "readers": ("grant", "revoke", "exposure", "rotate", "trust", "sync", "recovery-key", "who"),
    "this clone": ("unlock", "lock", "status", "check", "hook", "deinit", "doctor"),
    "files": ("edit", "get", "set", "unset", "cat", "run", "seal", "unseal", "reseal", "rebind"),
    "help and your shell": ("help", "completion"),
}


class _Commands(CommandGroup):
    """Find each command in the module with its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for names in COMMANDS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"sealedfiles.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)  # noqa: S101 - each of our modules has one
        return with_common_options(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in COMMANDS.items():
            self.write_section(title.capitalize(), names, ctx, formatter)


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  sealedfiles init                              in a git repository, once
  sealedfiles track 'secrets/*.yaml' '*.env'    which files to seal
  git add . && git commit                       git only ever sees tokens
  sealedfiles grant bob age1pq1… --to default   add a reader
  sealedfiles unlock                            after a clone
  sealedfiles cat config/app.yaml               in a CI job with SEALEDFILES_KEY
""",
)
@click.version_option(__version__, prog_name="sealedfiles", message="%(prog)s %(version)s")
def app() -> None:
    """Encrypt the values of YAML, JSON and .env files in git.

    Keys, comments and layout of YAML, JSON and .env files stay readable.  Each reader decrypts the values
    with a separate key, and git never stores one in plaintext.
    """


with_common_options(app)
