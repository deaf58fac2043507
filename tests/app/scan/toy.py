"""A search for the values of one file, without a repository."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from check.toy import Keyring

from sealedfiles.app.scan.held_search import HeldSearch
from sealedfiles.app.scan.sealed_versions import SealedVersion
from sealedfiles.model.policy import parse_policy
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.seal import seal_file

if TYPE_CHECKING:
    from sealedfiles.git.clone import Clone

POLICY = parse_policy(b"version: 1\nrules: []\n")


def held(path: str, text: str | bytes) -> HeldSearch:
    data = text if isinstance(text, bytes) else text.encode()
    file, rules = describe_file(path.encode()), POLICY.for_file(path)
    stored = seal_file(data, [], file, rules, Keyring())
    clone = SimpleNamespace(
        ring=Keyring(),
        describe_for_smudge=describe_file,
        objects=SimpleNamespace(blob=lambda _: stored),
    )
    search = HeldSearch(cast("Clone", clone))
    search.add([SealedVersion(path.encode(), "0" * 40, stored, True)])
    return search
