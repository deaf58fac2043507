"""Questions to the person at the terminal.  Names from the repository in them are escaped here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.util.messages import printable, say, warn

if TYPE_CHECKING:
    from sealedfiles.app.dialog import Dialog


def confirm(question: str, *, abort: bool = False) -> bool:
    """Ask on stderr for yes or no; the default is no.  Raises click.Abort at the end of input, and with
    *abort* also if the answer is no."""
    import click  # here: most commands ask nothing

    return click.confirm(printable(question), default=False, abort=abort, err=True)


def ask_for_secret(question: str) -> str:
    """Ask on stderr for a text that is not shown while it is typed; empty if nothing is typed.

    Raises click.Abort at the end of input.
    """
    import click

    given: str = click.prompt(
        printable(question), hide_input=True, err=True, default="", show_default=False
    )
    return given


class _Terminal:
    """The user at the terminal, for use cases: a ``sealedfiles.app.dialog.Dialog``."""

    def say(self, message: str, *hints: str) -> None:
        say(message, *hints)

    def warn(self, message: str, *hints: str) -> None:
        warn(message, *hints)

    def ask(self, question: str) -> bool | None:
        import click

        try:
            return confirm(question)
        except click.Abort as end:
            # click makes one exception of the end of input and of Ctrl-C, which is not an answer.
            if isinstance(end.__context__, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            return None


TERMINAL: Dialog = _Terminal()
