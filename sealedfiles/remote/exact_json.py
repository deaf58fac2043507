"""JSON whose numbers keep their spelling, so that writing it again changes nothing of others.

Python reads ``1.10`` as 1.1, and ``1e400`` as infinity, which is no JSON.
"""

from __future__ import annotations

import json
import re
import secrets

from sealedfiles.light_typing import Any


class Number(str):
    """A number as it is written."""

    __slots__ = ()


def loads(text: str | bytes) -> Any:
    """Return what *text* means, with numbers as ``Number``.

    Raises ValueError, also for what strict JSON does not have, and for names that occur twice.
    """
    return json.loads(
        text,
        parse_float=Number,
        parse_int=Number,
        parse_constant=_refuse,
        object_pairs_hook=_once,
    )


def dumps(data: object, *, ensure_ascii: bool = True) -> str:
    """Return *data* as JSON, with each ``Number`` as it was written."""
    mark = secrets.token_hex(16)  # so that no text in *data* is taken for a number
    text = json.dumps(_marked(data, mark), ensure_ascii=ensure_ascii)
    if re.search("[\ud800-\udfff]", text):  # half a surrogate pair has no UTF-8
        text = json.dumps(_marked(data, mark))
    return re.sub(rf'"{mark}([^"]*)"', r"\1", text)


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(len(pairs))
    return found


def _marked(value: object, mark: str) -> object:
    if isinstance(value, Number):
        return mark + value
    if isinstance(value, dict):
        return {key: _marked(item, mark) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, mark) for item in value]
    return value
