"""`sealedfiles run`."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from sealedfiles.app.files.key_variables import KEY_VARIABLES
from sealedfiles.app.run.variables import choose, read_sources, sealed_names, secret_values
from sealedfiles.app.workspace import ReadOptions, workspace_at
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import dialect_option, reading_options
from sealedfiles.cli.reading import Selection, group_option, read_all, variable_options
from sealedfiles.errors import UsageError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.messages import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealedfiles.app.files.environment import Variable
    from sealedfiles.app.resolving.leases import Leases


@declaration.command("run", context_settings={"allow_interspersed_args": False})
@declaration.option(
    "--file",
    "-f",
    "files",
    metavar="FILE",
    multiple=True,
    help="A file with values.  May be repeated.  Default: .env, if no other .env file is tracked here.",
    shell_complete=complete_file,
)
@declaration.argument(
    "words", metavar="-- COMMAND [ARGUMENT...]", nargs=-1, required=True, is_raw=True
)
@variable_options
@group_option
@declaration.option(
    "--redact",
    is_flag=True,
    help="Replace every secret value in the command's output with •••.",
)
@declaration.option(
    "--offline", is_flag=True, help="Do not resolve secret references: pass on their text."
)
@declaration.option(
    "--keep-key", is_flag=True, help="Pass SEALEDFILES_KEY and similar variables to the command."
)
@dialect_option
@reading_options
def command(
    files: tuple[str, ...],
    words: tuple[str, ...],
    selection: Selection,
    groups: tuple[str, ...],
    redact: bool,
    offline: bool,
    keep_key: bool,
    dialect: str,
    options: ReadOptions,
) -> int:
    """Run a command with values as environment variables.

    database.password becomes DATABASE_PASSWORD; the names in a .env file do not change.  Existing variables
    are kept, unless you give --override.  Values of groups that you do not read are left out.  The command
    replaces this process: it gets the signals and the terminal, and its exit status is returned.

    Without --file, the file .env of the current folder is used, and reported, if a pattern tracks it and no
    other .env file there.

    A secret reference, such as ref+vault://secret/app#password, is replaced by the secret that it names, if
    the policy allows its scheme.  Credentials that Vault creates for the command are renewed while it runs,
    and revoked when it ends.

    The command is not run if a file stays sealed (exit status 3), or if a token is damaged or misplaced or a
    value may not come from a reader (exit status 4).  Exits with status 127 if the command is not found, and
    with 126 if it cannot be run.
    """
    if not words[0]:
        raise UsageError("the command is empty")
    if not files:
        from sealedfiles.app.run.default_file import default_file

        here = Path.cwd()
        files = (default_file(workspace_at(here, options), here),)
        say(f"using the values of {files[0]}")
    places, status = read_all(files, options, groups)
    if status:
        return status
    prefix, only, override, allowed = selection
    sources = read_sources(places, dialect, override=override, prefix=prefix)
    set_already = () if override else tuple(os.environ)
    chosen = choose(sources, only, override=override, allowed=(*allowed, *set_already))
    secrets = secret_values(sources) if redact else None
    names = sealed_names(sources, chosen)
    with ExitStack() as stack:
        leases = None
        if any(variable.value.startswith("ref+") for variable in chosen.values()):
            from sealedfiles.cli import references  # few files have any

            if offline:
                references.warn_of_offline(chosen)
            else:
                chosen, resolved, leases = references.resolve_in(
                    stack, sources, chosen, set_already
                )
                secrets = None if secrets is None else secrets + resolved
        for place in places:
            if place.workspace.clone:
                # Otherwise its git process would keep running.
                place.workspace.clone.close()
        environ = {**_environment(chosen, override, keep_key), **names}
        return _start(words, environ, secrets, leases)


def _start(
    words: tuple[str, ...],
    environ: Mapping[str, str],
    secrets: list[str] | None,
    leases: Leases | None,
) -> int:
    """Run the command *words*, and return its exit status, if it does not replace this process."""
    if secrets is None and not leases and sys.platform != "win32":
        from sealedfiles.app.run.process import become

        return become(words, environ)
    from sealedfiles.app.run.child import run_child

    if leases:
        leases.keep()
    at_end = leases.end if leases else None
    if secrets is None:
        return run_child(words, environ, at_end=at_end)
    from sealedfiles.app.run.redact import texts_to_hide

    hidden = [text.encode("utf-8", "surrogatepass") for text in texts_to_hide(secrets)]
    return run_child(words, environ, hidden, at_end)


def _environment(
    variables: Mapping[str, Variable], override: bool, keep_key: bool
) -> dict[str, str]:
    """Return the environment of the command."""
    left_out = {"", *_added_by_python(), *(() if keep_key else KEY_VARIABLES)}
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    # Values are UTF-8, regardless of the file system's encoding.
    values = {
        os.fsdecode(name.encode()): os.fsdecode(variable.value.encode())
        for name, variable in variables.items()
    }
    return {**inherited, **values} if override else {**values, **inherited}


def _added_by_python() -> set[str]:
    """Return the names of variables that Python added to the environment.

    If no locale is set, as in a container, Python sets LC_CTYPE (PEP 538).
    """
    try:
        with open("/proc/self/environ", "rb") as environ:
            given = environ.read()
    except OSError:
        return set()
    return set() if b"\0LC_CTYPE=" in b"\0" + given else {"LC_CTYPE"}
