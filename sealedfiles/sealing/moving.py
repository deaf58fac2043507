"""Seal a file again as the policy now says: for `track`, `untrack` and `reseal`."""

from __future__ import annotations

import contextlib

from sealedfiles import formats
from sealedfiles.errors import FormatError
from sealedfiles.model.policy import FileRules
from sealedfiles.sealing.file import File, Keys, Opened, describe_file, is_whole, structured_text
from sealedfiles.sealing.open import open_file
from sealedfiles.sealing.previous import Previous
from sealedfiles.sealing.structured import Sealing
from sealedfiles.sealing.verification import not_reversible
from sealedfiles.sealing.whole import seal_to_groups, whole_groups_of


def move_file(sealed: bytes, file: File, rules: FileRules, keys: Keys) -> bytes:
    """Return *sealed* as the policy now says. Nothing else makes a sealed value plaintext in git.

    A value that the policy assigns to another group is sealed to that group. One that it leaves in plaintext
    becomes plaintext, and one in plaintext that it seals is sealed. Everything else keeps its token, and so
    do tokens whose key is not available. Raises what ``seal_file`` raises.
    """
    if not sealed:
        return sealed
    before, opened = _open_as_it_was(sealed, file, keys)
    if is_whole(sealed) and opened.problems:
        return sealed
    structured = None if file.format is None else structured_text(opened.data)
    if file.format is not None and structured is not None:
        bom, text = structured
        with contextlib.suppress(FormatError):
            scan = file.format.scan(text)
            same = before.format is file.format and not is_whole(sealed)
            previous = Previous(sealed, file, keys) if same else None
            moving = Sealing(text, scan, previous, file, rules, keys, follow_rules=True)
            moved = moving.result()
            lost = moving.first_lost(moved)
            if lost is not None:
                raise not_reversible(file, text, lost, scan.values)
            return (bom + moved).encode("utf-8")
    groups = rules.whole_groups()
    if is_whole(sealed) and groups and whole_groups_of(sealed, keys) == groups:
        return sealed
    return seal_to_groups(opened.data, groups, sealed, file, keys) if groups else opened.data


def _open_as_it_was(sealed: bytes, file: File, keys: Keys) -> tuple[File, Opened]:
    """Open a file whose rules may have named another format; use the format that decrypts the most tokens."""
    tried: list[tuple[int, int, File, Opened]] = []
    for name in (None, "yaml", "json", "dotenv"):
        file_format = formats.load(name) if name else file.format or describe_file(file.path).format
        before = file._replace(format=file_format)
        opened = open_file(sealed, before, keys)
        if not opened.problems:
            return before, opened
        tried.append((len(opened.problems), len(tried), before, opened))
    return min(tried, key=lambda one: one[:2])[2:]
