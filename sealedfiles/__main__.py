"""The entry point: ``sealedfiles`` and ``python -m sealedfiles``.

git starts a filter hundreds of times a day, so what git calls is sent on its way before the command
line's own machinery is even imported.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line in ``sys.argv``; return the exit status."""
    if sys.platform == "win32":
        import os

        # Else Windows looks for git.exe in the current folder first, and that is the work tree.
        os.environ.setdefault("NoDefaultCurrentDirectoryInExePath", "1")
    _open_closed_streams()
    try:
        return _run()
    except ImportError as error:
        from sealedfiles.model.unavailable import explain
        from sealedfiles.util.messages import fail

        explained = explain(error)
        assert explained is not None  # noqa: S101 - it knows every ImportError
        fail(explained.message, *explained.hints)
        return explained.exit_code


def _run() -> int:
    if sys.argv[1:2] == ["git"]:
        from sealedfiles.git.filter.main import run

        return run(sys.argv[2:])
    from sealedfiles.cli import run_command_line

    return run_command_line(sys.argv[1:])


def _open_closed_streams() -> None:
    """Give what is missing of stdin, stdout and stderr (``command >&-``) a place that leads nowhere.

    Else the next file that is opened, perhaps one with keys, would get its number and be written to.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            import os

            # Writing to a closed stdout stays an error, because nobody gets the output.
            handle = os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            stream = os.fdopen(number, "r" if number == 0 else "w", closefd=False)
            setattr(sys, name, stream)


if __name__ == "__main__":
    sys.exit(main())
