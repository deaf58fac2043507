"""The tools that `migrate` reads: one module for each."""

from __future__ import annotations

from importlib import import_module

from sealedfiles.app.migrate.source import Source

TOOLS = (
    "sops",
    "git-crypt",
    "dotenvx",
    "ansible-vault",
    "git-secret",
    "blackbox",
    "transcrypt",
    "agenix",
)


def load_source(name: str) -> type[Source]:
    """Return the source called *name*, one of ``TOOLS``."""
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    found: type[Source] = module.SOURCE
    return found
