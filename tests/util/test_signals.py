"""Handlers of signals are in force in their block only, and ignored signals stay ignored."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from sealedfiles.util.signals import handling, held_back

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


def test_a_handler_is_called_in_its_block_only() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    got: list[int] = []
    with handling(("SIGUSR1", "SIGNOSUCH"), lambda number, _: got.append(number)):
        os.kill(os.getpid(), signal.SIGUSR1)
    assert got == [signal.SIGUSR1]
    assert signal.getsignal(signal.SIGUSR1) == before


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        with handling(("SIGUSR2",), lambda *_: None):
            assert signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_an_error_restores_the_handler() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with pytest.raises(ZeroDivisionError), handling(("SIGUSR1",), lambda *_: None):
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGUSR1) == before


def test_a_signal_that_is_held_back_arrives_after_the_block() -> None:
    got: list[str] = []
    with handling(("SIGTERM",), lambda *_: got.append("ended")):
        with held_back():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            got.append("started")
        assert got == ["started", "ended"]
