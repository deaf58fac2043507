"""The command line interface, with one module per command.  Errors are reported here."""

from __future__ import annotations

import os
import sys

from sealedfiles.cli.commands import find_command
from sealedfiles.cli.declaration import Command, Group
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.model.unavailable import explain
from sealedfiles.util.messages import fail, leave

INTERRUPTED = 130
INTERNAL = 70


def run_command_line(args: list[str]) -> int:
    """Run the command in *args* and return the exit status.

    0 ok, 1 a finding or a failure, 2 usage, 3 no key, 4 tampered or damaged, 70 a bug, 130 interrupted.
    """
    if "_SEALEDFILES_COMPLETE" in os.environ:
        from sealedfiles.cli.completing import answer

        return answer()
    if sys.stderr.isatty():
        from sealedfiles.cli.progress_line import show_progress

        show_progress()
    try:
        return _call(args)
    except SealedFilesError as error:
        fail(error.message, *error.hints)
        return error.exit_code
    except KeyboardInterrupt:
        fail("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The program that reads the output has closed the pipe.
        leave(sys.stdout)
        return SealedFilesError.exit_code
    except Exception as error:
        status = _report_click(error) if "click" in sys.modules else None
        if status is not None:
            return status
        if isinstance(error, OSError):
            leave(sys.stdout)
        elif os.environ.get("SEALEDFILES_DEBUG"):
            raise
        explained = explain(error)
        if explained:
            fail(explained.message, *explained.hints)
            return explained.exit_code
        fail(
            f"internal error: {type(error).__name__}{_place(error)}",
            "please report it, with the output of sealedfiles --version and what you did",
            "SEALEDFILES_DEBUG=1 shows the traceback, which may contain values of your files",
        )
        return INTERNAL


def _call(args: list[str]) -> int:
    """Run the command in *args*, without click if its arguments are ordinary."""
    name, *rest = args or [""]
    declared = find_command(name)
    if isinstance(declared, Group) and rest:
        declared, rest = declared.find(rest[0]), rest[1:]
    if isinstance(declared, Command) and (params := declared.read(rest)) is not None:
        return declared.function(**params) or 0
    from sealedfiles.cli.app import app

    return app.main(args, prog_name="sealedfiles", standalone_mode=False) or 0


def _report_click(error: Exception) -> int | None:
    """Report an exception from click and return the exit status; None for any other exception."""
    import click

    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "sealedfiles"
        fail(_lower(error.format_message()), f"run: {command} --help")
        return UsageError.exit_code
    if isinstance(error, click.ClickException):
        fail(_lower(error.format_message()))
        return error.exit_code
    if isinstance(error, click.Abort):
        fail("interrupted")
        return INTERRUPTED
    return None


def _lower(message: str) -> str:
    return (message[:1].lower() + message[1:]).rstrip(".")


def _place(error: Exception) -> str:
    """Return the source line that raised *error*, but not its message, which may contain a secret."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
