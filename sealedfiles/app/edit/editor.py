"""Find and start the user's editor, with options for specific editors."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.repository import search_start
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.signals import handling, held_back

_VARIABLES = ("SEALEDFILES_EDITOR", "VISUAL", "EDITOR", "GIT_EDITOR")
_USUAL = ("sensible-editor", "editor", "nano", "vim", "vi")
_WAIT_OPTIONS = {
    "atom": "--wait",
    "bbedit": "--wait",
    "code": "--wait",
    "code-insiders": "--wait",
    "codium": "--wait",
    "cursor": "--wait",
    "gedit": "--wait",
    "gvim": "-f",
    "idea": "--wait",
    "kate": "--block",
    "mate": "--wait",
    "mvim": "-f",
    "pycharm": "--wait",
    "subl": "--wait",
    "windsurf": "--wait",
    "zed": "--wait",
}
"""Graphical editors that return immediately, and the option that makes them wait."""
_WAITING = {"--wait", "-w", "-f", "--nofork", "--block", "-b"}

_VIM_KEEPS_NOTHING = (
    *("-n", "-i", "NONE", "-c"),
    "silent! set nobackup nowritebackup noundofile",
)
"""No swap file, and no viminfo, in which vim would store deleted and copied text."""

_NEEDS_THE_SHELL = lazy_pattern(r"^\s*(\w+=|:)|[;&|<>()`\n]")
_NOT_FOUND = (127, 9009)
_SIGNALLED = 128
_GRACE = 3.0


class EditorCommand(NamedTuple):
    """An editor, as the user configured it."""

    command: str
    """A command with arguments, in shell syntax."""
    origin: str
    """Where it was set: the name of a variable, or ``git's core.editor``; empty for a default editor."""

    def run(self, file: Path, handles: Sequence[int] = ()) -> None:
        """Let the user edit *file*; return when the editor exits.

        The editor inherits *handles*.  Raises SealedFilesError if it is not found, fails or is killed.
        """
        # Only the editor, which is in the same process group, handles Ctrl-C and Ctrl-\.  They are caught and
        # not ignored, because child processes inherit ignored signals.
        with handling(("SIGINT", "SIGQUIT"), lambda *_: None):
            status = self._wait(file, handles)
        if status in _NOT_FOUND:
            raise self._not_found()
        if status < 0 or status > _SIGNALLED:
            number = -status if status < 0 else status - _SIGNALLED
            raise SealedFilesError(f"the editor {self.command} was killed by signal {number}")
        if status:
            raise SealedFilesError(f"the editor {self.command} exited with status {status}")

    def _wait(self, file: Path, handles: Sequence[int]) -> int:
        """Return the exit status of the editor; if waiting is interrupted, stop the editor."""
        process = None
        try:
            with held_back():
                process = self._start(file, handles)
            return process.wait()
        except BaseException:
            if process is not None:
                _stop(process)
            raise

    def waiting_hints(self) -> list[str]:
        """Return hints for an editor that returned without waiting for its user."""
        words = self._words()
        option = _WAIT_OPTIONS.get(_name(words[0])) if words else None
        if option is None or _WAITING & set(words):
            return []
        variable = self.origin if self.origin in _VARIABLES else "VISUAL"
        better = shlex.quote(f"{self.command} {option}")
        return [
            f"without the option {option}, {words[0]} returns before you have edited anything",
            f"make it wait: export {variable}={better}",
        ]

    def _start(self, file: Path, handles: Sequence[int]) -> subprocess.Popen[bytes]:
        # A path with spaces, intended as one word.
        whole = os.path.isfile(self.command) and os.access(self.command, os.X_OK)
        if sys.platform == "win32":
            # No shell: cmd.exe interprets `&` and `%` in a file name, even in quotes.  It also parses the
            # arguments of a `.cmd` file, so the file is passed without its folder; see ``safe_name``.
            words = [os.path.expandvars(word.strip('"')) for word in self._words()]
            found = shutil.which(words[0]) if words else None
            if found is None:
                raise self._not_found()
            return subprocess.Popen([found, *words[1:], file.name], cwd=file.parent)
        arguments = [*_arguments_for_privacy(self._words()), str(file)]
        command = shlex.quote(self.command) if whole else self.command
        # As git does: a shell parses the variable, but not the file name.
        line = f'{command} "$@"'
        if whole or not _NEEDS_THE_SHELL.search(command):
            # So that a signal to the process reaches the editor.
            line = f"exec {line}"
        return subprocess.Popen(["sh", "-c", line, "editor", *arguments], pass_fds=handles)

    def _words(self) -> list[str]:
        """Return the words of the command, without the assignments of variables before it."""
        if os.path.isfile(self.command):
            return [self.command]
        try:
            words = shlex.split(self.command, posix=sys.platform != "win32")
        except ValueError:
            return []
        while words and "=" in words[0]:
            del words[0]
        return words

    def _not_found(self) -> SealedFilesError:
        origin = f" ({self.origin})" if self.origin else ""
        return SealedFilesError(
            f"the editor {self.command}{origin} was not found",
            "set an installed editor, for example: export VISUAL=nano",
        )


def find_editor(folder: Path) -> EditorCommand:
    """Return the user's editor; git's configuration is read as in *folder*.

    Raises SealedFilesError if none is set and none of the defaults is installed.
    """
    for name in _VARIABLES:
        command = os.environ.get(name)
        if command and command.strip():
            return EditorCommand(command, name)
    command = _editor_of_git(folder)
    if command:
        return EditorCommand(command, "git's core.editor")
    if sys.platform == "win32":
        return EditorCommand("notepad", "")
    found = next((name for name in _USUAL if shutil.which(name)), None)
    if found is None or not sys.stdin.isatty():
        raise SealedFilesError(
            "no editor is set" + ("" if found else ", and no common editor was found"),
            "set an editor, for example: export VISUAL=nano",
            "to change one value without an editor: sealedfiles set FILE PATH",
        )
    return EditorCommand(found, "")


def _editor_of_git(folder: Path) -> str:
    command = ["git", "config", "--get", "core.editor"]
    try:
        folder = search_start(folder)
        run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    except FileNotFoundError:
        return ""
    return os.fsdecode(run.stdout).strip()


def _arguments_for_privacy(words: Sequence[str]) -> Sequence[str]:
    """Return the options that stop an editor from writing plaintext elsewhere, if it does so by default:
    vim stores deleted and copied text in the home folder."""
    program = shutil.which(words[0]) if words else None
    name = _name(os.path.realpath(program)) if program else ""
    return _VIM_KEEPS_NOTHING if name.startswith(("vim", "nvim", "gvim", "mvim")) else ()


def _name(program: str) -> str:
    return Path(program).name.lower().removesuffix(".exe").removesuffix(".cmd")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
