"""The names of all commands, and how to find each."""

from __future__ import annotations

from importlib import import_module

from sealedfiles.cli.declaration import Command, Group

COMMANDS = {
    "set up": ("init", "keygen", "key", "track", "untrack", "adopt", "migrate"),
    "readers": (
        *("grant", "revoke", "exposure", "rotate", "trust", "sync", "group", "recovery-key", "who"),
    ),
    "this clone": ("unlock", "lock", "status", "check", "scan", "hook", "deinit", "doctor"),
    "files": (
        *("edit", "get", "set", "unset", "cat", "diff"),
        *("run", "seal", "unseal", "reseal", "rebind", "accept", "export"),
    ),
    "stores and providers": ("push", "pull", "rotate-value"),
    "help and your shell": ("help", "completion"),
}


def find_command(name: str) -> Command | Group | None:
    """Return the command *name*; None if it does not exist, or for `help`, which is a click command."""
    if name == "help" or not any(name in names for names in COMMANDS.values()):
        return None
    found: Command | Group = import_module(f"sealedfiles.cli.{name.replace('-', '_')}").command
    return found
