"""Telling git of the filter."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealedfiles.git.repository import Repository


def filter_command() -> str:
    """Return the command that git shall run, quoted for the shell that runs it.

    The path is absolute: programs with windows have another PATH.  ``python -m`` would be no choice
    without ``-I``: git starts filters at the top of the work tree, where a file called ``yaml.py``
    would then be run in the library's place.
    """
    program = Path(sys.argv[0]).absolute()
    if program.stem == "sealedfiles" and program.exists():
        return shlex.quote(program.as_posix())
    beside = Path(sys.executable).with_name(
        "sealedfiles.exe" if sys.platform == "win32" else "sealedfiles"
    )
    if beside.exists():
        return shlex.quote(beside.as_posix())
    return f"{shlex.quote(Path(sys.executable).as_posix())} -I -m sealedfiles"


def configuration() -> dict[str, str]:
    """Return what stands in git's configuration where sealedfiles is set up."""
    command = filter_command()
    return {
        "filter.sealedfiles.process": f"{command} git filter-process",
        "filter.sealedfiles.clean": f"{command} git clean %f",
        "filter.sealedfiles.smudge": f"{command} git smudge %f",
        # Without it git stores the plaintext when the filter fails, and says nothing.
        "filter.sealedfiles.required": "true",
        # git smudges a blob before textconv sees it.
        "diff.sealedfiles.textconv": "cat",
        # clean is deterministic: a merge across a rotation compares values and not tokens.
        "merge.renormalize": "true",
    }


def configure(repository: Repository) -> None:
    """Write the configuration of one clone."""
    for key, value in configuration().items():
        repository.run("config", "--local", key, value)


def is_configured(repository: Repository) -> bool:
    """Tell whether git will run a filter of ours here."""
    return bool(repository.config("filter.sealedfiles.process"))
