"""Held values are decrypted once for all files that may contain them."""

from __future__ import annotations

from unittest.mock import MagicMock, Mock

import pytest

from sealedfiles.app.check.held import HeldCopies
from sealedfiles.app.check.versions import Blob


def test_values_are_loaded_once_for_many_new_files(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(b"%d.txt" % number, Blob("100644", f"{number:040x}")) for number in range(5)]
    hits = {b"data of %d.txt" % number: {b"token %d" % number} for number in (1, 3)}
    store = Mock(sizes=Mock(return_value={}))
    store.blobs.side_effect = lambda some: ((path, blob, b"data of " + path) for path, blob in some)
    texts = Mock(return_value=[])
    monkeypatch.setattr(HeldCopies, "_texts", texts)
    monkeypatch.setattr(HeldCopies, "_index", Mock(find=lambda data: hits.get(data, set())))
    monkeypatch.setattr(HeldCopies, "_files", {b"blob yaml": None})
    copies = HeldCopies(store, MagicMock())
    assert copies._candidates(entries) == [entries[1], entries[3]]
    texts.assert_called_once_with([b"blob yaml"])
    assert list(copies._find(b"data of 3.txt")) == []
    texts.assert_called_once_with([b"blob yaml"])
