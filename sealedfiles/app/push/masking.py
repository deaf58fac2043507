"""Errors of a service, without the values that it may repeat."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator

from sealedfiles.app.run.redact import Redactor, texts_to_hide
from sealedfiles.errors import RemoteError

_LONGEST = 500
"""Characters of a service's words that are shown."""
_SHORTEST = 4
"""Characters of a value that ``Redactor`` masks."""


def masked_error(error: RemoteError, values: Iterable[str]) -> RemoteError:
    """Return *error* with the service's own words as a hint, in which all of *values* are masked.

    The words are in ``reasons`` or ``reason`` of the error.
    """
    given = getattr(error, "reasons", None) or [getattr(error, "reason", "")]
    words = mask(" ".join(map(str, given)), values)
    hints = (f"the service answered: {words[:_LONGEST]}",) if words else ()
    new = RemoteError(error.message, *hints, *error.hints)
    new.exit_code = error.exit_code
    return new


def mask(text: str, values: Iterable[str]) -> str:
    """Return *text* on one line, with *values* masked: as they are, and in base64, JSON and URLs.

    It is empty if it contains a value that is too short to be masked.
    """
    values = list(values)
    if any(len(value.strip()) < _SHORTEST and value.strip() in text.split() for value in values):
        return ""
    forms = {form for value in texts_to_hide(values) for form in _forms(value)}
    redactor = Redactor(form.encode("utf-8", "surrogatepass") for form in forms)
    data = re.sub(r"\s+", " ", text).encode("utf-8", "surrogatepass")
    return (redactor.feed(data) + redactor.close()).decode("utf-8", "replace").strip()


def _forms(value: str) -> Iterator[str]:
    yield from (value, re.sub(r"\s+", " ", value))
    data = value.encode("utf-8", "surrogatepass")
    yield base64.b64encode(data).decode()
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield urllib.parse.quote(data, safe="")
    yield urllib.parse.quote_plus(data)
    # As a string inside of another one, such as a JSON document in a request.
    yield json.dumps(json.dumps(value)[1:-1])[1:-1]
