"""Commented-out assignments in .env files (docs/format.md, section 5)."""

from __future__ import annotations

import re

from sealedfiles.formats.base import Commented, end_of
from sealedfiles.formats.commented import is_continued, is_prose, pem
from sealedfiles.formats.dotenv.scan import DotenvScan, is_closed
from sealedfiles.model.paths import ROOT, last_key

_SIGNS = re.compile(r"[#\s]*").match


def read_comment(comment: str) -> Commented:
    """Return the content of *comment*, the text after its ``#``, without one or several comment signs."""
    content = end_of(_SIGNS(comment))
    if content == len(comment):
        return Commented(-1)
    private_key = pem(comment, content)
    if private_key:
        return private_key
    values = [span for span in DotenvScan(comment, content).values if span.path != ROOT]
    if not values:
        return Commented(content)
    start, end, path = values[0]
    value = comment[start:end]
    is_entry = comment[:start].rstrip().endswith("=") or not is_prose(last_key(path) or "", value)
    return Commented(content, values, is_entry=is_entry, opens=_opened(value))


def _opened(value: str) -> str:
    if value[0] in "'\"`" and not is_closed(value):
        return value[0]
    if value.startswith("-----BEGIN ") and "-----END " not in value:
        return "-----END "
    return "\\" if is_continued(value) else ""
