"""Several new keys are recorded together."""

from __future__ import annotations

from unittest import mock

import pytest

from sealedfiles.app.rotation import new_epoch
from sealedfiles.keys.keyfile import GroupKey


@pytest.mark.parametrize("is_first", [False, True])
def test_the_proofs_are_renewed_once_for_all_groups(
    monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    clone, renewed = mock.Mock(), mock.Mock()
    clone.ring.epochs.return_value = (None, [])
    clone.ring.keys.return_value = []
    clone.state.locked = False
    clone.state.cached_keys.return_value = []
    monkeypatch.setattr(new_epoch, "renew_proofs", renewed)
    keys = {group: GroupKey(f"id-{group}", "2026-11-29", bytes(32)) for group in ("one", "two")}
    new_epoch.record_new_keys(clone, keys, is_first=is_first)
    assert [call.args for call in clone.ring.add.call_args_list] == list(keys.items())
    assert [call.args[0] for call in clone.state.remember.call_args_list] == ["one", "two"]
    renewed.assert_called_once_with(clone)
