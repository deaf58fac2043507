"""Prompt at the terminal, even if stdin and stdout are in use.

In a git filter, git's protocol uses both, so the terminal device itself is opened.
"""

from __future__ import annotations

import os
import sys

from sealedfiles.light_typing import BinaryIO

_MAX_ANSWER = 64 << 10


def printable(text: str) -> str:
    """Return *text* with control characters escaped (line ends too).

    It may come from a file or a plugin, and must not overwrite other lines of the terminal.
    """
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def show(text: str) -> None:
    """Show *text*, one or more lines, on stderr."""
    for line in text.rstrip("\n").split("\n"):
        sys.stderr.write(printable(line) + "\n")
    sys.stderr.flush()


def ask(prompt: str, secret: bool) -> str | None:
    """Return the answer to *prompt* from the terminal, without its line end.

    A *secret* is not echoed.  Returns None if there is no terminal, or the input ends.
    """
    if os.name == "nt":
        return _ask_windows(prompt, secret)
    import termios

    try:
        with open("/dev/tty", "r+b", buffering=0) as terminal:
            return _ask_unix(terminal, prompt, secret)
    except (OSError, termios.error):
        return None


def _ask_unix(terminal: BinaryIO, prompt: str, secret: bool) -> str | None:
    import termios

    before = termios.tcgetattr(terminal)
    try:
        if secret:
            silent = [*before]
            silent[3] &= ~termios.ECHO
            termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
        terminal.write(f"{printable(prompt)} ".encode())
        answer = terminal.readline(_MAX_ANSWER)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        if secret:
            terminal.write(b"\n")
    if not answer.endswith(b"\n"):
        return None
    return answer[:-1].decode("utf-8", "surrogateescape")


def _ask_windows(prompt: str, secret: bool) -> str | None:
    try:
        with (
            open("CONIN$", encoding="utf-8") as keyboard,
            open("CONOUT$", "w", encoding="utf-8") as screen,
        ):
            if secret:
                # On Windows, getpass reads the console itself, not stdin.
                from getpass import getpass

                return getpass(f"{printable(prompt)} ", screen)
            screen.write(f"{printable(prompt)} ")
            screen.flush()
            answer = keyboard.readline(_MAX_ANSWER)
    except (OSError, EOFError):
        return None
    return answer.rstrip("\r\n") if answer else None
