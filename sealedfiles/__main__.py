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
    if sys.argv[1:2] == ["git"]:
        from sealedfiles.git.plumbing import run

        return run(sys.argv[2:])
    from sealedfiles.cli import run_command_line

    return run_command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
