"""Prompts at the terminal.  Control characters in names from the repository are escaped here."""

from __future__ import annotations

import contextlib

from sealedfiles.errors import UsageError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.messages import printable, say, say_lines, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.app.dialog import Dialog


def confirm(question: str) -> bool:
    """Ask a yes/no question on stderr and return the answer; the default is no.

    Raises click.Abort at the end of input, and UsageError.
    """
    import click  # imported here because most commands do not prompt

    with _utf_8("the answer"):
        return click.confirm(printable(question), default=False, err=True)


def ask_for_secret(question: str) -> str:
    """Prompt on stderr for text without echo, and return it; empty if nothing is typed.

    Raises click.Abort at the end of input.  Raises UsageError.
    """
    import click

    with _utf_8("the value", "encode it in base64"):
        given: str = click.prompt(
            printable(question), hide_input=True, err=True, default="", show_default=False
        )
        given.encode("utf-8")  # some locales make surrogates of other bytes
    return given


@contextlib.contextmanager
def _utf_8(what: str, *hints: str) -> Iterator[None]:
    """Raise UsageError if *what* was typed, or pasted, in another encoding."""
    try:
        yield
    except UnicodeError:
        raise UsageError(f"{what} on the terminal is not UTF-8", *hints) from None


class _Terminal:
    """The implementation of ``sealedfiles.app.dialog.Dialog`` for the terminal."""

    say = staticmethod(say)
    warn = staticmethod(warn)
    show = staticmethod(say_lines)

    def ask(self, question: str) -> bool | None:
        import click

        try:
            return confirm(question)
        except click.Abort as end:
            # click raises Abort for the end of input and for Ctrl-C, but Ctrl-C must interrupt the command.
            if isinstance(end.__context__, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            click.echo(err=True)  # what follows does not stand behind the question
            return None


class _TerminalDevice(_Terminal):
    """The same, but the answer is read from the terminal itself, because stdin may contain a value."""

    def ask(self, question: str) -> bool | None:
        from sealedfiles.age.terminal import ask

        answer = ask(f"{question} (yes/no)", secret=False)
        return None if answer is None else answer.strip() in ("y", "yes")


TERMINAL: Dialog = _Terminal()
AT_TERMINAL: Dialog = _TerminalDevice()
