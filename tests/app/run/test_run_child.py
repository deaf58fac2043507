"""A command as a child process: which signals are passed on to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sealedfiles.app.run import child

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


@pytest.mark.parametrize("in_foreground", [True, False])
def test_a_key_that_the_terminal_sends_to_both_arrives_once(
    in_foreground: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it arrives while the command starts: the command may end at the second one."""
    log = tmp_path / "log"
    start = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started: subprocess.Popen[bytes] = start(*arguments, **options)
        while not log.exists():
            pass
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        return started

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    monkeypatch.setattr(child, "in_foreground", lambda: in_foreground)
    script = f"""
        trap 'echo key >> {log}' INT
        trap 'echo end >> {log}; exit 0' TERM
        : > {log}
        while true; do sleep 0.1; done
    """
    assert child.run_child(["sh", "-c", script], dict(os.environ)) == 0
    received = log.read_text().split()
    assert ("key" in received) is not in_foreground
    assert received[-1] == "end"
