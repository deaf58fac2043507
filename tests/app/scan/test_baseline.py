"""The key with which secrets of others are recorded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from sealedfiles.app.scan.baseline import _group_of_others
from sealedfiles.errors import NoKeyError

if TYPE_CHECKING:
    from sealedfiles.keys.group_keyring import GroupKeyring


@pytest.mark.parametrize(
    ("groups", "expected"), [(["admin", "default"], "default"), (["admin", "dev"], "admin")]
)
def test_the_group_that_most_readers_have(groups: list[str], expected: str) -> None:
    ring = cast("GroupKeyring", SimpleNamespace(groups=lambda: groups))
    assert _group_of_others(ring) == expected


def test_without_a_key() -> None:
    with pytest.raises(NoKeyError):
        _group_of_others(cast("GroupKeyring", SimpleNamespace(groups=list)))
