"""Output for people and programs: the only place that writes text to a terminal.

File names, key names, authors of commits, policies and git's own messages are written by anyone with push
access.  Everything in them that a terminal could interpret is escaped here, and not in each caller.  Only
the values that `get`, `cat` and `run` print are written unchanged, by `sealedfiles.cli.files`.

The rules for messages: lower case, no period, ``sealedfiles: `` and the severity before the fact, ``hint: ``
before each action to take; never a secret.  A private key that a user gave in the place of a name or a file
is masked here (``sealedfiles.util.private_keys``), and so is the user of a URL, which may be a token.
"""

from __future__ import annotations

import os
import sys

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.private_keys import mask_private_keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Invisible characters that Python considers printable: they could hide differences between names."""

_UNQUOTED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-")
"""Characters that mean themselves to every shell."""

_USER_OF_URL = lazy_pattern(r"(?<=://)(?!git@[^\s/@]*(?:[\s/]|\Z))[^\s/]*@")

_LIST_VERSION = 1
_RED, _YELLOW, _DIM, _END = "\033[31m", "\033[33m", "\033[2m", "\033[0m"


class _Settings:
    """The command line options for messages."""

    quiet = False
    verbose = False
    color = "auto"


_settings = _Settings()


class Note(NamedTuple):
    """A message, for the caller to print."""

    message: str
    hints: tuple[str, ...] = ()


def printable(text: str) -> str:
    """Return *text* on one line, with everything escaped that a terminal could interpret or not show.

    A private key in it, given where a name or a file was expected, is masked.
    These are: control characters (C0, C1, line ends), bidirectional controls, zero-width and other invisible
    characters, separators other than the space, lone surrogates.  Bytes of a file name that are not UTF-8
    become ``\\xNN``.  Printable characters are returned unchanged, so that escaping twice is harmless.
    """
    text = mask_private_keys(text)
    if text.isprintable() and (text.isascii() or _INVISIBLE.isdisjoint(text)):
        return text
    return "".join(map(_printable_character, text))


def _printable_character(char: str) -> str:
    if char.isprintable() and char not in _INVISIBLE:
        return char
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def shell_word(text: str) -> str:
    """Return *text* as one word of a POSIX shell, for a command in a message.

    Anyone with push access can name a file ``x;id;.env``, and users copy the commands that messages advise.
    Characters that ``printable`` escapes are written in octal in ``$'…'``.  Neither quotes nor backslashes
    are escaped by a backslash there: a shell that does not know ``$'…'`` reads another word, and only one.
    """
    text = mask_private_keys(text)
    if text and _UNQUOTED.issuperset(text):
        return text
    if text == printable(text):
        return "'" + text.replace("'", "'\"'\"'") + "'"
    return "$'" + "".join(map(_octal, text)) + "'"


def _octal(char: str) -> str:
    if char not in "'\\" and _printable_character(char) == char:
        return char
    errors = "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass"
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", errors))


def shell_path(path: bytes | str) -> str:
    """Return *path* as ``shell_word`` does, and so that it is no option, and no pathspec magic of git."""
    text = path if isinstance(path, str) else path.decode("utf-8", "surrogateescape")
    return shell_word(f"./{text}" if text.startswith(("-", ":")) else text)


def shell_key(shown: str) -> str:
    """Return a key path, as messages show it, as ``shell_word`` does, and so that it is no option."""
    if shown.startswith("-"):
        step = min((at for sign in ".[" if (at := shown.find(sign)) > 0), default=len(shown))
        shown = f'"{shown[:step]}"{shown[step:]}'
    return shell_word(shown)


def printable_page(text: str) -> str:
    """Return a whole text, such as an HTML page, like ``printable``, but keep its line ends."""
    return "\n".join(map(printable, text.split("\n")))


def on_one_line(words: bytes) -> str:
    """Return the output of another program, for example git on stderr, as one line."""
    lines = words.decode("utf-8", "surrogateescape").split("\n")
    return printable("; ".join(line.strip() for line in lines if line.strip()))


def counted(count: int, what: str) -> str:
    """Return ``1 file`` or ``3 files``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def say(message: str, *hints: str) -> None:
    """Print a result and hints on stderr, each on one line, unless ``--quiet`` is set."""
    if not _settings.quiet:
        _report("", "", message, hints)


def warn(message: str, *hints: str) -> None:
    """Print a warning on stderr, with hints."""
    _report("warning: ", _YELLOW, message, hints)


def fail(message: str, *hints: str) -> None:
    """Print an error on stderr, with hints."""
    _report("error: ", _RED, message, hints)


def trace(message: str) -> None:
    """Print a step on stderr if ``--verbose`` is set."""
    if _settings.verbose:
        _report("", _DIM, message, ())


def configure(
    *, quiet: bool | None = None, verbose: bool | None = None, color: str | None = None
) -> None:
    """Apply ``--quiet``, ``--verbose`` and ``--color`` (``auto``, ``always``, ``never``)."""
    _settings.quiet = _settings.quiet if quiet is None else quiet
    _settings.verbose = _settings.verbose if verbose is None else verbose
    _settings.color = color or _settings.color


def _report(severity: str, style: str, message: str, hints: tuple[str, ...]) -> None:
    mark, dim, end = (style, _DIM, _END) if _has_color(sys.stderr) else ("", "", "")
    lines = [f"sealedfiles: {mark}{severity}{end if mark else ''}{_masked(message)}"]
    lines += [f"{dim}hint: {_masked(hint)}{end}" for hint in hints]
    _write_raw(sys.stderr, lines)


def _masked(text: str) -> str:
    """Return *text* as ``printable`` does, without the users and passwords of URLs."""
    text = printable(text)
    return _USER_OF_URL.sub("[user]@", text) if "://" in text and "@" in text else text


def _has_color(stream: TextIO) -> bool:
    """Return True if *stream* shows colors: https://no-color.org, FORCE_COLOR, ``--color``."""
    if _settings.color != "auto":
        return _settings.color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def say_lines(*lines: str) -> None:
    """Print *lines* on stderr without a prefix: details of a message, such as a diff."""
    _write(sys.stderr, lines)


def show(*lines: str) -> None:
    """Print *lines* for people on stdout."""
    _write(sys.stdout, lines)


def show_list(data: Mapping[str, object]) -> None:
    """Print the lists *data* for programs on stdout, in the envelope of every ``--json`` of a list.

    It is one JSON object with ``version``, which changes when a field is renamed or removed, and the
    fields of *data*.  A missing text, which is empty here, is printed as null.
    """
    show_json({"version": _LIST_VERSION, **{name: _or_null(value) for name, value in data.items()}})


def _or_null(value: object) -> object:
    if isinstance(value, dict):
        return {name: _or_null(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_or_null(one) for one in value]
    return None if value == "" else value


def show_json(data: object, *, indent: int | None = None) -> None:
    """Print *data* for programs on stdout, as JSON in ASCII."""
    import json

    # DEL is the only control character that JSON does not escape.
    _write(sys.stdout, json.dumps(data, indent=indent).replace("\x7f", "\\u007f").split("\n"))


def _write(stream: TextIO, lines: list[str] | tuple[str, ...]) -> None:
    _write_raw(stream, [printable(line) for line in lines])


def _write_raw(stream: TextIO, lines: list[str]) -> None:
    """Write *lines*, which are already escaped.

    Raises OSError for stdout only: a message that nobody can read (``2>&1 | head -1``, a full disk) must not
    stop a command halfway, for example `init` between .sealedfiles/ and the filter.
    """
    text = "".join(f"{line}\n" for line in lines)
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.write(text.encode("ascii", "backslashreplace").decode("ascii"))
        stream.flush()
    except OSError:
        if stream is not sys.stderr:
            raise
        leave(stream)


def leave(stream: TextIO) -> None:
    """Discard what *stream* still holds, so that Python does not report an error when it exits."""
    import contextlib  # rarely needed, and a filter process starts faster without it

    with contextlib.suppress(OSError, ValueError):
        number = stream.fileno()
        handle = os.open(os.devnull, os.O_WRONLY)
        os.dup2(handle, number)
        os.close(handle)
