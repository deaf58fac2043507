"""Start git and read its output, without `subprocess`, whose import takes as long as filtering a file.

If the system cannot do it like this (Windows), or in a case that is rare, `subprocess` does it.
"""

from __future__ import annotations

import os
import select

from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from typing import BinaryIO, TypeAlias

    Child: TypeAlias = "_Spawned | subprocess.Popen[bytes]"
    """A git process: ``stdin`` and ``stdout`` are pipes, and ``wait`` returns its exit status."""

_CAN_SPAWN = hasattr(os, "posix_spawnp")
_CHUNK = 1 << 16


_FOLDERS = ("GIT_DIR", "GIT_WORK_TREE")


def environment() -> dict[str, str]:
    """Return the environment for git in any folder, which takes relative variables as relative to it."""
    environ = dict(os.environ)
    # With GIT_DIR alone, the folder in which git starts is the working tree.
    if all(map(environ.get, _FOLDERS)):
        environ.update({name: os.path.abspath(environ[name]) for name in _FOLDERS})
    return environ


def git_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for running git, possibly from within a filter."""
    environ = {
        **environment(),
        # While a filter runs, git holds the lock on the index, so no other command may request it.
        "GIT_OPTIONAL_LOCKS": "0",
        # Otherwise a partial clone would fetch over the network in the middle of git add.
        "GIT_NO_LAZY_FETCH": "1",
        # A ref that anyone can push (refs/replace) would hide a commit, for example a revocation.
        "GIT_NO_REPLACE_OBJECTS": "1",
        **(more or {}),
    }
    # git sets this when it works on a submodule; ls-files and other commands refuse to run with it.
    environ.pop("GIT_INTERNAL_SUPER_PREFIX", None)
    # Otherwise `git log` would write names and subjects in the encoding of the user's terminal.
    count = environ.get("GIT_CONFIG_COUNT") or "0"
    return {
        **environ,
        "GIT_CONFIG_COUNT": str(int(count) + 1 if count.isdecimal() else 1),
        f"GIT_CONFIG_KEY_{count}": "i18n.logOutputEncoding",
        f"GIT_CONFIG_VALUE_{count}": "UTF-8",
    }


class _Spawned:
    """A process that was started by ``start``."""

    def __init__(self, pid: int, stdin: BinaryIO, stdout: BinaryIO) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self._pid = pid

    def wait(self) -> int:
        """Wait for the end of the process and return its exit status."""
        return _wait(self._pid)


def start(arguments: tuple[str, ...], folder: str, env: Mapping[str, str]) -> Child:
    """Start git with *arguments* in *folder* and with the environment *env*, with pipes."""
    if not _is_simple(folder):
        import subprocess

        return subprocess.Popen(
            ["git", *arguments],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
        )
    stdin, write = os.pipe()
    read, stdout = os.pipe()
    try:
        pid = _spawn(arguments, folder, env, [(stdin, 0), (stdout, 1)])
    except BaseException:
        os.close(write)
        os.close(read)
        raise
    finally:
        os.close(stdin)
        os.close(stdout)
    return _Spawned(pid, os.fdopen(write, "wb"), os.fdopen(read, "rb"))


def run(
    arguments: tuple[str, ...],
    folder: str,
    env: Mapping[str, str],
    stdin: bytes | BinaryIO = b"",
    timeout: float | None = None,
) -> tuple[int, bytes, bytes]:
    """Run git in *folder* with the environment *env*; return its exit status, stdout and stderr.

    *stdin* is a text or an open file.

    Raises subprocess.TimeoutExpired after *timeout* seconds.
    """
    if stdin or timeout is not None or not _is_simple(folder):
        import subprocess

        run = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            input=stdin if isinstance(stdin, bytes) else None,
            stdin=None if isinstance(stdin, bytes) else stdin,
            capture_output=True,
            env=env,
            check=False,
            timeout=timeout,
        )
        return run.returncode, run.stdout, run.stderr
    read, stdout = os.pipe()
    read_error, stderr = os.pipe()
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            pid = _spawn(arguments, folder, env, [(null, 0), (stdout, 1), (stderr, 2)])
        finally:
            os.close(null)
            os.close(stdout)
            os.close(stderr)
        outputs = _read_all(read, read_error)
    finally:
        os.close(read)
        os.close(read_error)
    return _wait(pid), outputs[read], outputs[read_error]


def _is_simple(folder: str) -> bool:
    """Return True if git can change to *folder* itself; `subprocess` raises the error if it cannot."""
    return _CAN_SPAWN and os.path.isdir(folder) and os.access(folder, os.X_OK)


def _spawn(
    arguments: tuple[str, ...],
    folder: str,
    env: Mapping[str, str],
    descriptors: list[tuple[int, int]],
) -> int:
    if TYPE_CHECKING:
        import signal
    else:
        # What ``signal`` adds are enumerations, which take 3 million instructions.
        import _signal as signal

    return os.posix_spawnp(
        "git",
        ("git", "-C", folder, *arguments),
        env,
        file_actions=[(os.POSIX_SPAWN_DUP2, ours, child) for ours, child in descriptors],
        # Python ignores these signals, and git must not.
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )


def _read_all(*descriptors: int) -> dict[int, bytes]:
    """Return what is written to each of *descriptors* until its end."""
    found: dict[int, list[bytes]] = {one: [] for one in descriptors}
    unread = select.poll()
    for one in descriptors:
        unread.register(one, select.POLLIN)
    count = len(descriptors)
    while count:
        for one, _ in unread.poll():
            chunk = os.read(one, _CHUNK)
            found[one].append(chunk)
            if not chunk:
                unread.unregister(one)
                count -= 1
    return {one: b"".join(chunks) for one, chunks in found.items()}


def _wait(pid: int) -> int:
    """Wait for the end of a process; return its exit status, or minus the number of the signal."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        # SIGCHLD is ignored in this process, so the status is lost.  `subprocess` returns 0, too.
        return 0
