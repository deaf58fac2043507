"""Seal a file: for clean, and for `seal`.

The result depends only on the text, its previous sealed version, the policy and the keys: the same edit on
two machines gives the same bytes. Sealing fails closed: if a value must be sealed and cannot be, that is an
error. Plaintext is never returned for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain

from sealedfiles.errors import FormatError
from sealedfiles.light_typing import TypeAlias
from sealedfiles.model.policy import FileRules
from sealedfiles.sealing.collector import without_collector
from sealedfiles.sealing.file import File, Keys, is_whole, structured_text
from sealedfiles.sealing.guards import (
    is_read_anew,
    keeps_whole,
    nothing_to_seal,
    refuse_hidden_assignments,
    refuse_read_plaintext,
)
from sealedfiles.sealing.open import open_file
from sealedfiles.sealing.previous import Previous, first_with_values
from sealedfiles.sealing.sealed_text import inspect_file
from sealedfiles.sealing.stored import StoredPlaintext
from sealedfiles.sealing.structured import Sealing, ignore_regrouped
from sealedfiles.sealing.verification import not_reversible
from sealedfiles.sealing.whole import seal_whole

_NoteRegrouped: TypeAlias = "Callable[[bytes, str, str], None]"


@without_collector
def seal_file(
    data: bytes,
    previous: Iterable[bytes],
    file: File,
    rules: FileRules,
    keys: Keys,
    also: Sequence[bytes] = (),
    stored: StoredPlaintext | None = None,
    note_regrouped: _NoteRegrouped = ignore_regrouped,
) -> bytes:
    """Return *data* with each value sealed that the policy does not leave in plaintext.

    *previous* are the candidates for the previous sealed version, best first. A value that was sealed there
    keeps its token, or at least its group, whatever the policy says now. *also* are other sealed versions
    that *data* may come from and whose tokens are not used (the other sides of a merge): values that were
    sealed there stay sealed as well. If *data* is what the first of *previous* opens to, and that seals all
    that must be sealed, the result is that very object. *stored* is the plaintext in git, which stays
    plaintext; without it, plaintext is sealed wherever it comes from. *note_regrouped* is called with the key
    path, the old and the new group of a changed value that the policy assigns to other readers than before.
    Raises NoKeyError and TamperedError if a value cannot be sealed.
    """
    versions = iter(previous)
    first = next(versions, None)
    replaced = [version for version in (first, *also) if version]
    structured = None if file.format is None else structured_text(data)
    bom, text = structured or ("", "")
    scan = None
    with contextlib.suppress(FormatError):
        scan = file.format.scan(text) if file.format and structured else None
    if not data or (scan is None and is_whole(data)):
        return data
    is_broken = structured is not None and scan is None
    may_stay = first is not None and (file.format is None or is_broken or is_whole(first))
    if (
        (first is not None and may_stay)
        and open_file(first, file, keys).data == data
        and _may_be_plaintext(first, file, rules, stored)
    ):
        return first
    seal_all = partial(seal_whole, data, replaced, file, rules, keys, stored)
    if file.format is None or scan is None or keeps_whole(first, file, rules, keys):
        if file.format and is_broken and nothing_to_seal(text, file.format, rules, keys):
            return data
        return seal_all()
    reference = first_with_values(chain([] if first is None else [first], versions), file, keys)
    if reference is not None and reference.opens_to(bom, text, scan, rules, stored):
        return reference.data
    if stored is not None and any(is_whole(version) for version in replaced):
        stored.check_origin(data, replaced)
    if not rules.whole_groups() and any(is_whole(version) for version in replaced):
        return seal_all()  # it was sealed whole and would become plain altogether
    known = [reference] if reference else []
    known += [Previous(version, file, keys) for version in also if not is_whole(version)]
    if any(is_read_anew(text, scan, version, file, rules) for version in known):
        return seal_all()
    refuse_hidden_assignments(text, scan, file, rules)
    sealing = Sealing(
        text,
        scan,
        reference,
        file,
        rules,
        keys,
        known=known,
        stored=stored,
        note_regrouped=note_regrouped,
    )
    sealed = sealing.result()
    lost = sealing.first_lost(sealed)
    if stored is not None:
        stored.check_moved(sealing.new_tokens, replaced)
    if lost is None:
        refuse_read_plaintext(text, sealed, scan, file, rules)
        return (bom + sealed).encode("utf-8")
    whole = seal_whole(data, replaced, file, rules, keys, stored, is_changed=True)
    if whole == data:  # the rules leave it plain
        raise not_reversible(file, text, lost, scan.values)
    return whole


def _may_be_plaintext(
    version: bytes, file: File, rules: FileRules, stored: StoredPlaintext | None
) -> bool:
    """Return False if *version*, which has no separate values, has plaintext that is not in *stored*.

    A user who has confirmed the plaintext in git wants it sealed.
    """
    if not inspect_file(version, file, rules).has_plaintext:
        return True
    return stored is not None and stored.has_content(version)
