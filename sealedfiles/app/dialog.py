"""Reports and questions of a use case: the caller prints them and reads the answers."""

from __future__ import annotations

from sealedfiles.errors import UsageError
from sealedfiles.light_typing import Protocol


class Dialog(Protocol):
    """The user, as use cases know them: see ``sealedfiles.cli.prompts`` for the one at a terminal."""

    def say(self, message: str, *hints: str) -> None:
        """Report what was done, and what to do next."""

    def warn(self, message: str, *hints: str) -> None:
        """Report a problem, and what to do about it."""

    def show(self, *lines: str) -> None:
        """Show the details of the last report, such as a diff."""

    def ask(self, question: str) -> bool | None:
        """Ask for yes or no; return None if nobody can answer, as when there is no terminal."""


def agree(dialog: Dialog, question: str) -> bool:
    """Ask *question*; return False and report it if there is no answer."""
    answer = dialog.ask(question)
    if answer is None:
        dialog.say("no terminal; assuming no")
    return bool(answer)


def confirmed(dialog: Dialog, question: str) -> bool:
    """Ask *question*, which the option --yes answers.  Raises UsageError if nobody can answer."""
    answer = dialog.ask(question)
    if answer is None:
        raise UsageError("nothing was changed: no terminal to ask on", "to confirm: --yes")
    return answer


def require_agreement(dialog: Dialog, question: str, *, yes: bool) -> None:
    """Ask *question* unless *yes*.  Raises UsageError unless the user agrees."""
    if not yes and not confirmed(dialog, question):
        raise UsageError("nothing was changed")
