"""Addresses: which one value of a document a command is about.

An address is written as a key path with the positions of list items: ``database.password``,
``users[0].token``, ``data."tls.crt"``, ``[1].kind`` (of the second document of a YAML file with
several).  ``.`` alone is the whole document.  Unlike a key path it changes when a list does, so it is
never part of a token.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from sealedfiles.errors import UsageError
from sealedfiles.paths import json_string, unescape

if TYPE_CHECKING:
    from collections.abc import Iterable

Address: TypeAlias = "tuple[str | int, ...]"
"""A mapping key, or the position of a list item counted from 0, per step."""

_STEP = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|\[(?P<item>[0-9]{1,9})\]|(?P<bare>[^."\[\]]+)')
_BARE = re.compile(r'[^\s."\[\]\\\x00-\x1f\x7f]+')
_NEAR = 4


class NoSuchValueError(UsageError):
    """Nothing stands at an address."""


def parse_address(text: str) -> Address:
    """Return the address that *text* writes.  Raises UsageError."""
    if text == ".":
        return ()
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise _unreadable(text, at)
        at = step.end()
        if step["item"]:
            steps.append(int(step["item"]))
        elif step["quoted"] is not None:
            steps.append(unescape(step["quoted"]))
        else:
            steps.append(step["bare"])
        if text[at : at + 1] == "." and at + 1 < len(text):
            at += 1
        elif at < len(text) and text[at] != "[":
            raise _unreadable(text, at)
    if not steps:
        raise UsageError("the path is empty", "the whole document is written as one dot: .")
    return tuple(steps)


def _unreadable(text: str, at: int) -> UsageError:
    return UsageError(
        f"{json_string(text)} is no path: it cannot be read from character {at + 1} on",
        "paths look like database.password, users[0].token",
        'a key with dots, brackets or blanks in it stands in double quotes: data."tls.crt"',
    )


def show_address(address: Address) -> str:
    """Return *address* as people write it; control characters come out escaped."""
    text = ""
    for step in address:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = _BARE.fullmatch(step) and step.isprintable()
            text += ("." if text else "") + (step if plain else json_string(step))
    return text or "."


def no_such_value(address: Address, known: Iterable[Address]) -> NoSuchValueError:
    """Return the error for an address at which nothing stands; the nearest of *known* are named."""
    from difflib import get_close_matches  # here: its import costs as much as a lookup

    shown = [show_address(one) for one in known]
    wanted = show_address(address)
    near = get_close_matches(wanted, shown, _NEAR, 0.5)
    last = show_address(address[-1:])
    near += [one for one in shown if one not in near and one.endswith((f".{last}", f"]{last}"))]
    hints = [f"there is {one}" for one in near[:_NEAR]]
    return NoSuchValueError(
        f"there is nothing at {wanted}", *(hints or [f"there is {one}" for one in shown[:_NEAR]])
    )
