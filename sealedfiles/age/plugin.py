"""Plugins, programs that implement other kinds of keys (https://c2sp.org/age-plugin, version 1).

The program ``age-plugin-NAME`` is started for each file.  It reads a key and a task as stanzas from
its stdin, and writes its answers as stanzas to its stdout.  In between it may send messages and
questions to the person at the terminal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

from sealedfiles.light_typing import IO, Protocol, cast

from . import bech32
from .errors import HeaderError, KeyTextError, PluginError, PluginNotFoundError
from .filekey import FILE_KEY_SIZE
from .keys import Identity, Recipient
from .stanza import Stanza, decode_base64, encode_stanza, parse_stanza
from .terminal import ask, printable, show

RECIPIENT_HRP = "age1"
IDENTITY_HRP = "AGE-PLUGIN-"
_NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-._")
_GRACE = 5.0
"""Seconds that a plugin has to exit by itself."""


class PluginUI(Protocol):
    """The interface through which a plugin reaches the user.

    *plugin* is its name.  A *text* may contain anything, control characters too.  The answer None
    means that there is no user.
    """

    def message(self, plugin: str, text: str, /) -> None:
        """Show *text*."""

    def confirm(self, plugin: str, text: str, yes: str, no: str | None, /) -> bool | None:
        """Ask *text*; *yes* and *no* are the names of the choices, *no* may be None."""

    def request(self, plugin: str, text: str, secret: bool, /) -> str | None:
        """Ask for a value, which must not be shown if it is *secret*."""


class TerminalUI:
    """The terminal, as PluginUI."""

    def message(self, plugin: str, text: str) -> None:
        """See PluginUI."""
        show(f"age-plugin-{plugin}: {text}")

    def confirm(self, plugin: str, text: str, yes: str, no: str | None) -> bool | None:
        """See PluginUI."""
        if no is None:
            answer = ask(f"age-plugin-{plugin}: {text} (press enter for {yes!r})", secret=True)
            return None if answer is None else True
        prompt = f"age-plugin-{plugin}: {text} (1 for {yes!r}, 2 for {no!r})"
        while True:
            answer = ask(prompt, secret=False)
            if answer is None:
                return None
            if answer.strip() in ("1", "2"):
                return answer.strip() == "1"

    def request(self, plugin: str, text: str, secret: bool) -> str | None:
        """See PluginUI."""
        return ask(f"age-plugin-{plugin}: {text}", secret)


def _check_name(name: str) -> str:
    if not name or not _NAME_CHARS.issuperset(name):
        raise KeyTextError("the key contains an invalid plugin name")
    return name


class PluginRecipient(Recipient):
    """``age1NAME1…``"""

    kind = "plugin"
    stanza_type = ""

    def __init__(self, text: str, ui: PluginUI | None = None) -> None:
        hrp, _data = bech32.decode(text)
        if not hrp.startswith(RECIPIENT_HRP):
            raise KeyTextError("this is not a recipient of a plugin")
        self.plugin = _check_name(hrp.removeprefix(RECIPIENT_HRP))
        self._text = text
        self._ui = ui or TerminalUI()

    def __str__(self) -> str:
        return self._text

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        return self.wrap_with_labels(file_key)[0]

    def wrap_with_labels(self, file_key: bytes) -> tuple[list[Stanza], frozenset[str]]:
        """See Recipient.  Raises PluginError."""
        stanzas: list[Stanza] = []
        labels: list[frozenset[str]] = []

        def take(stanza: Stanza) -> bool:
            if stanza.type == "recipient-stanza":
                if len(stanza.args) < 2 or stanza.args[0] != "0":
                    raise conversation.broken()
                stanzas.append(Stanza(stanza.args[1], stanza.args[2:], stanza.body))
            elif stanza.type == "labels":
                if labels:
                    raise conversation.broken()
                labels.append(frozenset(stanza.args))
            else:
                return False
            return True

        with _Conversation(self.plugin, "recipient-v1", self._ui) as conversation:
            conversation.send("add-recipient", self._text)
            conversation.send("wrap-file-key", body=file_key)
            conversation.send("extension-labels")
            conversation.send("done")
            conversation.listen(take)
        if not stanzas:
            raise conversation.broken()
        return stanzas, labels[0] if labels else frozenset()


class PluginIdentity(Identity):
    """``AGE-PLUGIN-NAME-1…``"""

    kind = PluginRecipient.kind

    def __init__(self, text: str, ui: PluginUI | None = None) -> None:
        hrp, _data = bech32.decode(text)
        if not hrp.startswith(IDENTITY_HRP) or not hrp.endswith("-"):
            raise KeyTextError("this is not an identity of a plugin")
        self.plugin = _check_name(hrp.removeprefix(IDENTITY_HRP).removesuffix("-").lower())
        self._text = text
        self._ui = ui or TerminalUI()

    @property
    def text(self) -> str:
        """See Identity."""
        return self._text

    def __repr__(self) -> str:
        return f"<PluginIdentity of age-plugin-{self.plugin}>"

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """See Identity.  Raises PluginError."""
        file_keys: list[bytes] = []

        def take(stanza: Stanza) -> bool:
            if stanza.type != "file-key":
                return False
            if stanza.args != ("0",) or file_keys or len(stanza.body) != FILE_KEY_SIZE:
                raise conversation.broken()
            file_keys.append(stanza.body)
            return True

        with _Conversation(self.plugin, "identity-v1", self._ui) as conversation:
            conversation.send("add-identity", self._text)
            for stanza in stanzas:
                args = ("0", stanza.type, *stanza.args)
                conversation.send("recipient-stanza", *args, body=stanza.body)
            conversation.send("done")
            conversation.listen(take)
        return file_keys[0] if file_keys else None


class _Conversation:
    """One run of a plugin: a context manager that leaves no process behind.  Raises PluginError."""

    def __init__(self, plugin: str, state_machine: str, ui: PluginUI) -> None:
        import subprocess
        from tempfile import gettempdir

        self._plugin = plugin
        self._ui = ui
        try:
            # Not the caller's directory: its files must not have any effect.
            self._process = subprocess.Popen(
                [_find_program(plugin), f"--age-plugin={state_machine}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=gettempdir(),
            )
        except OSError as error:
            raise PluginError(f"age-plugin-{plugin} does not start: {error.strerror}") from None
        # Both are pipes, as requested above.
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)

    def __enter__(self) -> _Conversation:
        return self

    def __exit__(self, *_exception: object) -> None:
        from subprocess import TimeoutExpired

        for pipe in (self._stdin, self._stdout):
            with suppress(OSError):
                pipe.close()
        try:
            self._process.wait(_GRACE)
        except TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def broken(self) -> PluginError:
        """Return the error for a plugin that violates the protocol."""
        return PluginError(f"age-plugin-{self._plugin} exited early or violated the protocol")

    def send(self, kind: str, *args: str, body: bytes = b"") -> None:
        """Write one stanza."""
        try:
            self._stdin.write(encode_stanza(Stanza(kind, args, body)))
            self._stdin.flush()
        except OSError:
            raise self.broken() from None

    def _receive(self) -> Stanza:
        try:
            return parse_stanza(self._stdout.readline(), self._stdout.readline)
        except (OSError, HeaderError):
            raise self.broken() from None

    def listen(self, take: Callable[[Stanza], bool]) -> None:
        """Read until the plugin is done; *take* handles a stanza, or returns False for other stanzas."""
        while True:
            stanza = self._receive()
            if stanza.type == "done":
                return
            if stanza.type == "error":
                self.send("ok")
                text = stanza.body.decode("utf-8", "replace")
                raise PluginError(f"age-plugin-{self._plugin}: {printable(text)}")
            if take(stanza):
                self.send("ok")
            else:
                self._serve(stanza)

    def _serve(self, stanza: Stanza) -> None:
        """Handle a request of the plugin to the user."""
        text = stanza.body.decode("utf-8", "replace")
        if stanza.type == "msg":
            self._ui.message(self._plugin, text)
            self.send("ok")
        elif stanza.type == "confirm":
            self._confirm(stanza.args, text)
        elif stanza.type in ("request-public", "request-secret"):
            value = self._ui.request(self._plugin, text, stanza.type == "request-secret")
            if value is None:
                self.send("fail")
            else:
                self.send("ok", body=value.encode("utf-8", "surrogateescape"))
        else:
            self.send("unsupported")

    def _confirm(self, args: Sequence[str], text: str) -> None:
        if len(args) not in (1, 2):
            raise self.broken()
        try:
            yes, *no = (decode_base64(arg.encode()).decode("utf-8", "replace") for arg in args)
        except HeaderError:
            raise self.broken() from None
        answer = self._ui.confirm(self._plugin, text, yes, no[0] if no else None)
        if answer is None:
            self.send("fail")
        else:
            self.send("ok", "yes" if answer else "no")


def _find_program(plugin: str) -> str:
    """Return the path of the plugin's program.  Raises PluginNotFoundError.

    Only absolute entries of PATH are used: others could run a program from the repository.
    """
    program = f"age-plugin-{plugin}" + (".exe" if os.name == "nt" else "")
    for folder in os.get_exec_path():
        path = os.path.join(folder, program)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise PluginNotFoundError(
        f"the key needs the program {program}, which was not found on PATH",
        f"install {program} in a folder on PATH",
    )
