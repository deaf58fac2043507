"""A desktop's keyring for the tests: a real GNOME keyring on a message bus of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PASSWORD = "open sesame"
_REQUIRED = os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1"
_UNLOCK = (
    'printf "%s" "$1" | gnome-keyring-daemon --unlock --components=secrets >/dev/null; '
    'shift; exec "$@"'
)
_HANGING = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <servicedir>{folder}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def with_keyring(command: Sequence[str], password: str = PASSWORD) -> list[str]:
    """Return the command line that runs *command* with the keyring of its home, opened with *password*.

    Another password than the first time leaves it locked.  Skips the test where there is none.
    """
    _require("dbus-run-session", "gnome-keyring-daemon")
    return ["dbus-run-session", "--", "sh", "-ec", _UNLOCK, "sh", password, *command]


def with_hanging_keyring(command: Sequence[str], folder: Path) -> list[str]:
    """Return the command line that runs *command* with a keyring that never answers."""
    _require("dbus-run-session")
    (folder / "bus.conf").write_text(_HANGING.format(folder=folder))
    (folder / "org.freedesktop.secrets.service").write_text(
        "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sh -c 'exec sleep 30 >/dev/null 2>&1'\n"
    )
    return ["dbus-run-session", f"--config-file={folder / 'bus.conf'}", "--", *command]


def home_environment(home: Path) -> dict[str, str]:
    """Return the variables of somebody at a desktop: nothing says which keyring to use."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_RUNTIME_DIR": str(home),
        "LC_ALL": "C.UTF-8",
    }


def run(
    command: Sequence[str],
    home: Path,
    answers: str = "",
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run *command* in *cwd*, or in *home*, without a terminal; nobody may ever see a traceback."""
    done = subprocess.run(
        command,
        cwd=cwd or home,
        env={**home_environment(home), **(variables or {})},
        input=answers,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
        check=False,
    )
    # What the message bus, and the window that cannot be opened, say of themselves.
    others = ("dbus-daemon[", "(gcr-prompter:")
    lines = [line for line in done.stderr.split("\n") if line and not line.startswith(others)]
    done.stderr = "".join(f"{line}\n" for line in lines)
    assert "Traceback (most recent call last)" not in done.stderr, done.stderr
    return done


def _require(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            if _REQUIRED:
                pytest.fail(f"{program} is missing, and SEALEDFILES_REQUIRE_REAL_PARTS is 1")
            pytest.skip(f"{program} is missing")
