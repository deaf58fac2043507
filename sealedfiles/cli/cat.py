"""`sealedfiles cat`."""

from __future__ import annotations

import os
import sys

from sealedfiles.app.files.trust import require_no_references
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.app.workspace import ReadOptions, Workspace
from sealedfiles.cli import declaration
from sealedfiles.cli.files import (
    dialect_option,
    each_file,
    files_argument,
    print_value,
    reading_options,
    report_suspects,
)
from sealedfiles.cli.reading import (
    Selection,
    group_option,
    read_all,
    read_for,
    report_sealed,
    variable_options,
)
from sealedfiles.errors import FormatError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.cli.references import Resolving


@declaration.command("cat")
@files_argument
@declaration.option(
    "--format",
    "form",
    choices=(["json", "yaml", "env", "shell", "github-env", "k8s-secret"]),
    help="Print the values in another format.",
)
@declaration.option("--name", metavar="NAME", help="With k8s-secret: the name of the Secret.")
@declaration.option("--namespace", metavar="NAME", help="With k8s-secret: its namespace.")
@declaration.option(
    "--resolve", is_flag=True, help="Replace secret references by the secrets that they name."
)
@group_option
@variable_options
@dialect_option
@reading_options
def command(
    files: tuple[str, ...],
    form: str | None,
    name: str | None,
    namespace: str | None,
    resolve: bool,
    groups: tuple[str, ...],
    selection: Selection,
    dialect: str,
    options: ReadOptions,
) -> int:
    """Print the plaintext of files.

    No file is written.  Values of groups that you do not read are printed as tokens.  Exits with status 3
    if no key decrypts anything in a file.  Exits with status 4 if a token is damaged or misplaced, which is
    printed as it is, or, without output, if git has a value in plaintext that the policy seals.

    \b
    --format json         the values of one file; tokens are strings
    --format yaml
    --format env          NAME=value, as a .env file; tokens are left out
    --format shell        export NAME='value', for eval in a shell
    --format github-env   appended to $GITHUB_ENV, for the next steps of a job, with masks for its log
    --format k8s-secret   the manifest of a Secret of Kubernetes, for kubectl apply; needs --name

    With --format, output is printed only if the exit status is 0.

    With --resolve, a secret reference, such as ref+vault://secret/app#password, is replaced by the secret
    that it names, if the policy allows its scheme.
    """
    if form in (None, "json", "yaml") and selection != Selection():
        raise UsageError(
            "--prefix, --only and --override are for variables",
            "use them with --format env, shell, github-env or k8s-secret",
        )
    if (form == "k8s-secret") != bool(name) or (namespace and not name):
        raise UsageError("--format k8s-secret needs --name, and --namespace is for it only")
    change = _resolving() if resolve else None
    if form is None:
        return _cat(files, options, groups, change)
    if form in ("json", "yaml") and len(files) > 1:
        raise UsageError(f"--format {form} accepts one file only")
    places, status = read_all(files, options, groups)
    if status:
        return status
    if form in ("json", "yaml"):
        print_value(_structure(places[0], form, dialect, change), newline=True)
    else:
        secret = (name or "", namespace or "")
        _print_variables(places, form, dialect, selection, change, secret)
    return 0


def _resolving() -> Resolving:
    from sealedfiles.cli.references import Resolving  # few files have references

    return Resolving()


def _cat(
    files: tuple[str, ...],
    options: ReadOptions,
    groups: tuple[str, ...],
    change: Resolving | None,
) -> int:
    def show(workspace: Workspace, file: Path, path: bytes) -> int:
        place, suspects = read_for(groups, workspace, file, path)
        status = report_suspects(place.path, suspects)
        if not status:
            text = change.text(place) if change else place.opened.data
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
        return max(status, report_sealed(place, groups))

    return each_file(files, options, show)


def _structure(place: WorkingFile, form: str, dialect: str, change: Resolving | None) -> str:
    from sealedfiles.app.files.export import to_json, to_yaml
    from sealedfiles.app.files.working_file import load_values, with_place

    try:
        data = load_values(place, dialect, as_written=True)
        require_no_references(place, dialect)
        data = change.data(place, data) if change else data
    except FormatError as error:
        raise with_place(error, place) from None
    return to_json(data) if form == "json" else to_yaml(data)


def _print_variables(
    places: list[WorkingFile],
    form: str,
    dialect: str,
    selection: Selection,
    change: Resolving | None,
    secret: tuple[str, str],
) -> None:
    from sealedfiles.app.files.export import github_masks, to_env, to_github, to_shell
    from sealedfiles.app.run.redact import texts_to_hide
    from sealedfiles.app.run.variables import choose, read_sources, secret_values

    prefix, only, override, allowed = selection
    sources = read_sources(places, dialect, override=override, prefix=prefix)
    chosen = choose(sources, only, override=override, allowed=allowed)
    secrets: list[str] = []
    if change:
        chosen, secrets = change.variables(sources, chosen)
    variables = chosen.values()
    if form == "k8s-secret":
        from sealedfiles.app.files.secret_manifest import to_secret

        print_value(to_secret(variables, *secret), newline=False)
        return
    if form != "github-env":
        print_value(to_env(variables) if form == "env" else to_shell(variables), newline=False)
        return
    text = to_github(variables)
    # Printed to stderr, where the runner also reads commands: stdout may be redirected to a file.
    masks = github_masks(texts_to_hide([*secrets, *secret_values(sources)]))
    sys.stderr.buffer.write(masks.encode("utf-8", "surrogatepass"))
    sys.stderr.buffer.flush()
    file = os.environ.get("GITHUB_ENV")
    if file:
        _append(file, text)
    else:
        print_value(text, newline=False)


def _append(file: str, text: str) -> None:
    """Append *text* to *file*, the file with the job's variables, on a new line.

    Raises UsageError if *file* does not exist or is not a file, and OSError.
    """
    flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    if not os.path.isfile(file):
        raise UsageError(f"GITHUB_ENV is not a file: {file}")
    with os.fdopen(os.open(file, flags), "r+b") as variables:
        size = variables.seek(0, os.SEEK_END)
        if size and (variables.seek(size - 1), variables.read())[1] != b"\n":
            text = "\n" + text
        variables.write(text.encode("utf-8"))
