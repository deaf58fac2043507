"""The tests themselves: signals that were inherited change nothing, and none can hang."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = Path(__file__).parent
INNER = """
import signal, subprocess, sys, time
from hypothesis import given, settings, strategies

def test_signals():
    code = "import signal; print([s.name for s in signal.valid_signals() if signal.getsignal(s) == signal.SIG_IGN])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1"} & set(eval(out))
    code = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\\n"

def test_hang():
    time.sleep(100)

numbers = []

@settings(max_examples=300)
@given(number=strategies.integers())
def test_many(number):
    numbers.append(number)

def test_few():
    assert 1 < len(numbers) <= 10
"""


def run_inner(
    tmp_path: Path, *tests: str, preexec_fn: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run tests of INNER in a pytest of its own, with the conftest of these tests."""
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (tmp_path / "test_inner.py").write_text(INNER)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *(f"test_inner.py::{test}" for test in tests),
    ]
    environ = {**os.environ, "SEALEDFILES_TEST_SECONDS": "10", "PYTHONPATH": str(TESTS)}
    environ.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(
        command,
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=preexec_fn,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_children_do_not_inherit_ignored_or_blocked_signals(tmp_path: Path) -> None:
    def ignore() -> None:
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD])

    done = run_inner(tmp_path, "test_signals", preexec_fn=ignore)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_test_that_hangs_ends_and_says_where(tmp_path: Path) -> None:
    done = run_inner(tmp_path, "test_hang")
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in test_hang" in done.stderr


def test_the_profile_few_limits_tests_that_ask_for_more_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPOTHESIS_PROFILE", "few")
    done = run_inner(tmp_path, "test_many", "test_few")
    assert done.returncode == 0, done.stdout + done.stderr
