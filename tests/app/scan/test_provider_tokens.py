"""Only the detection of kingfisher is used, and it need not be installed."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from sealedfiles.app.scan.provider_tokens import ProviderToken, load_detector

if TYPE_CHECKING:
    import pytest


def finding(secret: str, *, visible: bool = True) -> SimpleNamespace:
    return SimpleNamespace(
        rule_id="rule", rule_name="A token", secret=secret, visible=visible, location={"line": 3}
    )


def test_helpers_of_a_rule_are_not_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    class Scanner:
        def __init__(self, **settings: Any) -> None:
            assert settings == {"redact": False}

        def scan(self, data: bytes) -> list[SimpleNamespace]:
            return [finding(data.decode()), finding("helper", visible=False)]

    module: Any = ModuleType("kingfisher_sdk")
    module.Scanner = Scanner
    monkeypatch.setitem(sys.modules, "kingfisher_sdk", module)
    detector = load_detector()
    assert detector is not None
    assert list(detector.find(b"abc")) == [(3, ProviderToken("rule", "A token", b"abc"))]
    assert load_detector() is detector  # the rules are loaded once


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kingfisher_sdk", None)
    assert load_detector() is None
