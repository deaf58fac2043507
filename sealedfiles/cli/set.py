"""`sealedfiles set`."""

from __future__ import annotations

import sys
from math import isfinite
from pathlib import Path

from sealedfiles.app.files.setting import set_value
from sealedfiles.app.files.working_file import encoded, read_in_place
from sealedfiles.app.workspace import ReadOptions
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file, complete_path
from sealedfiles.cli.files import expect_option, identity_option
from sealedfiles.cli.prompts import AT_TERMINAL, ask_for_secret
from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.address import Address, parse_address, show_address
from sealedfiles.model.paths import show as show_path
from sealedfiles.util.messages import counted, say, shell_path, show, warn

if TYPE_CHECKING:
    from sealedfiles.app.files.assignment import EditedText
    from sealedfiles.app.files.working_file import WorkingFile
    from sealedfiles.app.public_keys import CurrentPublicKey
    from sealedfiles.app.values.generate import Generated

_SHOWN = 10


@declaration.command("set")
@declaration.argument("file", metavar="FILE", shell_complete=complete_file)
@declaration.argument("path", metavar="PATH", shell_complete=complete_path)
@declaration.option(
    "--value",
    metavar="TEXT",
    help="The value, if it is not secret: other users of this machine can see it, and the shell's "
    "history stores it.",
)
@declaration.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Parse the value as JSON: a number, true, false, null, a list or an object.  Can replace a "
    "mapping or list.",
)
@declaration.option(
    "--string",
    "as_string",
    is_flag=True,
    help="Store a string, even if the current value is a number or boolean.",
)
@declaration.option(
    "--base64",
    "as_base64",
    is_flag=True,
    help="Store the value in base64, as in the data of a Kubernetes Secret.  It may be binary.",
)
@declaration.option(
    "--generate",
    "spec",
    metavar="SPEC",
    help="Generate the value: hex:32, base64:32, password:24, uuid, rsa:3072, ed25519 or age.  Of a key "
    "pair, the public key is printed.",
)
@declaration.option(
    "--group",
    metavar="GROUP",
    help="The group that the value is for.  If you do not read it, the value is encrypted to its public key.",
)
@expect_option
@identity_option
def command(
    file: str,
    path: str,
    value: str | None,
    as_json: bool,
    as_string: bool,
    as_base64: bool,
    spec: str | None,
    group: str | None,
    expected: tuple[str, ...],
    identity: str | None,
) -> None:
    """Change or add one value.

    The value is read from stdin, or typed without echo if stdin is a terminal.  One line ending at the end is
    removed.  With --generate, it is generated and not printed.  Nothing else in the file changes: all other
    values keep their tokens.

    If the current value is a number or boolean and the new text is one, it stays a number or boolean; any
    other text is stored as a string.  A mapping or list is replaced only with --json.

    PATH is written like database.password, users[0].token or data."tls.crt".  Missing keys are added, and
    reported with similar keys.

    With --group, you need not read the group.  The fingerprint of its public key is shown, and you are asked
    to compare it with a reader of the group.  Commands use the value once a reader has accepted it: see
    `sealedfiles accept`.
    """
    if as_json and (as_string or as_base64):
        other = "--string" if as_string else "--base64"
        raise UsageError(f"--json and {other} exclude each other")
    generated = _generated(spec, value, as_json) if spec is not None else None
    if expected and group is None:
        raise UsageError("--expect-key needs --group")
    address = parse_address(path)
    place = read_in_place(Path(file), ReadOptions(identity), may_be_new=True)

    def given() -> Data:
        text = generated.text if generated else value
        if as_base64:
            return _encoded(_bytes_given(address) if text is None else encoded(text))
        if text is None:
            text = _given(address)
        return _parsed(text) if as_json else text

    typed = as_string or as_base64 or generated is not None
    unread = None if group is None else _public_key(place, group, expected)
    change, plain = set_value(
        place, address, given, typed=typed, replace=as_json, group=group, unread=unread
    )
    if place.data is None:
        say(f"created {place.name}")
    say(f"{place.name}: {_described(change, address)}")
    if plain:
        is_one = change.added is None
        names = [show_address(address)] if is_one else list(dict.fromkeys(map(show_path, plain)))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        warn(
            f"{place.name}: the policy leaves {', '.join(names[:_SHOWN])}{more} in plaintext: anyone "
            f"with the repository can read {'it' if len(plain) == 1 else 'them'}"
        )
    if unread:
        say(
            "the value is not used until a reader of the group accepts it: "
            f"sealedfiles accept {shell_path(place.path)}"
        )
    if generated and generated.public:
        show(*generated.public.split("\n"))


def _public_key(
    place: WorkingFile, group: str, expected: tuple[str, ...]
) -> CurrentPublicKey | None:
    """Return the confirmed public key of *group*; None if the user reads the group."""
    if place.workspace.ring.holds(group):
        return None
    from sealedfiles.app.public_keys import confirmed_public_key, parse_expected

    known = parse_expected(expected)
    return confirmed_public_key(place.workspace, group, known.get(group), AT_TERMINAL)


def _generated(spec: str, value: str | None, as_json: bool) -> Generated:
    """Return a generated value.  Raises UsageError."""
    from sealedfiles.app.values.generate import (
        generate,
        spec_given,
    )  # here: few values are generated

    if value is not None or as_json:
        raise UsageError(f"--generate and {'--json' if as_json else '--value'} exclude each other")
    return generate(spec_given(spec))


def _described(change: EditedText, address: Address) -> str:
    """Return a description of the change, which never contains a value."""
    shown = show_address(address)
    size = f" ({counted(change.added, 'value')})" if change.added is not None else ""
    if change.is_new:
        similar = f"; similar: {', '.join(change.similar)}" if change.similar else ""
        return f"added {shown}{size}{similar}"
    if change.is_same:
        return f"{shown} already has this value"
    if change.removed:
        return f"replaced {counted(change.removed, 'value')} at {shown}{size}"
    if change.new_type:
        return f"changed {shown}, which is now {change.new_type}"
    return f"changed {shown}"


def _given(address: Address) -> str:
    """Return the value, from the terminal or from stdin.  Raises UsageError."""
    try:
        return _bytes_given(address).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(
            "the value on stdin is not UTF-8", "to store it in base64: --base64"
        ) from None


def _bytes_given(address: Address) -> bytes:
    """Return the value, without the line ending at the end of a text.  Raises UsageError."""
    if sys.stdin.isatty():
        typed = ask_for_secret(f"value of {show_address(address)}")
        return encoded(typed)
    data = sys.stdin.buffer.read()
    if not data:
        # If a command before the pipe failed, the old value must not be lost.
        raise UsageError("stdin is empty", "for an empty value: --value ''")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    return data.removesuffix(b"\n").removesuffix(b"\r")


def _encoded(data: bytes) -> str:
    from base64 import b64encode  # here: few values are stored in base64

    return b64encode(data).decode("ascii")


def _parsed(text: str) -> Data:
    import json  # here, because few values are given as JSON

    try:
        data: Data = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        # Do not print the error's own message, which may contain a part of the text.
        where = f" (character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(
            f"the value is not JSON{where}", "for a string, leave out --json"
        ) from None
    return data


def _finite(text: str) -> float:
    """Return the number in *text*.  Raises ValueError if JSON does not allow it."""
    number = float(text)
    if not isfinite(number):
        raise ValueError
    return number
