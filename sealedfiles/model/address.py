"""Addresses, each of which identifies one value in a document.

An address is written as a key path with the positions of list items: ``database.password``,
``users[0].token``, ``data."tls.crt"``, ``[1].kind`` (in the second document of a YAML file with
several).  ``.`` alone is the whole document.  Unlike a key path, an address changes when items are
added to a list, so it is never part of a token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sealedfiles.errors import UsageError
from sealedfiles.light_typing import TypeAlias
from sealedfiles.model.paths import json_string, unescape
from sealedfiles.util.lazy_pattern import lazy_pattern

Address: TypeAlias = "tuple[str | int, ...]"
"""Each step is a mapping key, or the position of a list item counted from 0."""

_STEP = lazy_pattern(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|\[(?P<item>[0-9]{1,9})\]|(?P<bare>[^."\[\]]+)')
_BARE = lazy_pattern(r'[^\s."\[\]\\\x00-\x1f\x7f]+')
_NEAR = 4
_ALIKE = 0.7
"""difflib's ratio above which two names are similar: `pasword` and `password`, not `host` and `port`."""


class NoSuchValueError(UsageError):
    """There is no value at an address."""


def parse_address(text: str) -> Address:
    """Parse an address.  Raises UsageError if it is empty or not valid."""
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
        f"{json_string(text)} is not a valid path: unexpected text at character {at + 1}",
        "write a path such as database.password or users[0].token",
        'write keys with dots, brackets or blanks in double quotes: data."tls.crt"',
    )


def show_address(address: Address) -> str:
    """Return *address* as text, with control characters escaped."""
    text = ""
    for step in address:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = _BARE.fullmatch(step) and step.isprintable()
            text += ("." if text else "") + (step if plain else json_string(step))
    return text or "."


def similar_addresses(address: Address, known: Iterable[Address]) -> list[str]:
    """Return up to three of *known* that *address* may be a misspelling of, the most similar first.

    Names that differ only in digits (`node1`, `node2`) are not treated as misspellings.
    """
    from difflib import SequenceMatcher, get_close_matches

    wanted = show_address(address)
    found = {}
    for one in known:
        if _without_digits(one) == _without_digits(address):
            continue
        if len(one) == len(address):
            pairs = [(str(a), str(b)) for a, b in zip(one, address, strict=True) if a != b]
            if not all(SequenceMatcher(None, *pair).ratio() >= _ALIKE for pair in pairs):
                continue
        found[show_address(one)] = one[-1:] == address[-1:]
    near = get_close_matches(wanted, found, _NEAR - 1, _ALIKE)
    # The same key elsewhere in the document.
    near += [shown for shown, same_key in found.items() if same_key and shown not in near]
    return near[: _NEAR - 1]


def _without_digits(address: Address) -> list[str]:
    return [re.sub(r"[0-9]+", "0", str(step)) for step in address]


def no_such_value(address: Address, known: Iterable[Address]) -> NoSuchValueError:
    """Return the error for an address without a value; its hints list the most similar of *known*."""
    from difflib import (
        get_close_matches,
    )  # imported here because importing it takes as long as a lookup

    shown = [show_address(one) for one in known]
    wanted = show_address(address)
    if wanted in shown and "<<" in address:
        merged = [
            step
            for step, above in zip(address, ("", *address), strict=False)
            if step != "<<" and not (above == "<<" and isinstance(step, int))
        ]
        return NoSuchValueError(
            f"{wanted} is merged into another mapping", f"read it at {show_address(tuple(merged))}"
        )
    if wanted in shown:
        return NoSuchValueError(
            f"the file has the key {wanted}, but this .env dialect finds no value there",
            f"write it as {wanted}=VALUE, or choose your program's dialect with --dialect",
        )
    near = get_close_matches(wanted, shown, _NEAR, 0.5)
    last = show_address(address[-1:])
    near += [one for one in shown if one not in near and one.endswith((f".{last}", f"]{last}"))]
    hints = [f"there is {one}" for one in near[:_NEAR]]
    return NoSuchValueError(
        f"there is nothing at {wanted}", *(hints or [f"there is {one}" for one in shown[:_NEAR]])
    )
