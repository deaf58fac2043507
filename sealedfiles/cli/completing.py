"""The completions that the scripts of `sealedfiles completion` request.

click determines the possible completions and the output for zsh and fish.
"""

from __future__ import annotations

import os
import re
import sys

from click import shell_completion as shells

from sealedfiles.cli import completion

VARIABLE = "_SEALEDFILES_COMPLETE"


def answer() -> int:
    """Print the completions at the cursor, for the script that set the variables; return the exit status.

    Errors are not printed, because the user is in the middle of typing a command.
    """
    from sealedfiles.cli.app import app

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    for shell in (_Bash, _Zsh, _Fish):
        shells.add_completion_class(shell)
    try:
        return shells.shell_complete(app, {}, "sealedfiles", VARIABLE, os.environ[VARIABLE])
    except Exception:  # noqa: BLE001 - see above
        return 1


class _Bash(shells.BashComplete):
    """Splits the line itself, and quotes the completions.

    bash passes words that are split at ``:`` and ``=``, and inserts the completions without quoting.
    """

    source_template = completion.BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line, breaks = os.environ["_SEALEDFILES_LINE"], os.environ["_SEALEDFILES_BREAKS"]
        words, incomplete, self._kept, self._quote = split_line(line, breaks)
        self._kept = max(0, self._kept - len(option_prefix(incomplete)))
        return words[1:], incomplete

    def format_completion(self, item: shells.CompletionItem) -> str:
        value = item.value if item.type == "file" else quote(item.value[self._kept :], self._quote)
        return f"{item.type},{value}"


class _WholeWord(shells.ShellComplete):
    """Restores the ``--option=`` that click removes, because these shells replace the whole word."""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        self._option = option_prefix(incomplete)
        return args, incomplete

    def format_completion(self, item: shells.CompletionItem) -> str:
        if item.type == "plain":
            item.value = self._option + item.value
        return super().format_completion(item)


class _Zsh(_WholeWord, shells.ZshComplete):
    source_template = completion.ZSH


class _Fish(_WholeWord, shells.FishComplete):
    source_template = completion.FISH


def option_prefix(word: str) -> str:
    """Return the ``--option=`` at the start of *word*, which click removes before completing; or empty."""
    option, equals, _ = word.partition("=")
    return option + equals if equals and option.startswith("-") else ""


def split_line(line: str, breaks: str) -> tuple[list[str], str, int, str]:
    """Split a bash command line that ends at the cursor.

    Return the complete words, the last word, the number of its characters that bash keeps, and the open
    quote. bash replaces the part of the last word after an open quote, or after one of the characters
    *breaks*.
    """
    words: list[str] = []
    word: str | None = None
    quoting, kept, kept_outside = "", 0, 0
    at = 0
    while at < len(line):
        char, following = line[at], line[at + 1 : at + 2]
        at += 1
        if char == "\\" and quoting != "'" and (not quoting or following in '$`"\\\n'):
            word = (word or "") + following
            at += 1
        elif char == quoting:
            quoting, kept = "", kept_outside
        elif quoting:
            word = (word or "") + char
        elif char in "\"'":
            word = word or ""
            quoting, kept_outside, kept = char, kept, len(word)
        elif char in " \t\n":
            words += [] if word is None else [word]
            word, kept = None, 0
        else:
            word = (word or "") + char
            if char in breaks:
                # bash includes an @ in the replaced part, because a host name may follow.
                kept = len(word) - (char == "@")
    return words, word or "", kept, quoting


def quote(text: str, quoting: str) -> str:
    """Return *text* quoted for bash; *quoting* is the open quote, or empty."""
    if quoting == "'":
        return text.replace("'", "'\\''")
    if quoting == '"':
        return re.sub(r'([$`"\\])', r"\\\1", text)
    return re.sub(r"([^\w./+,:@%=-])", r"\\\1", text)
