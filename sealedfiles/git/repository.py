"""One git repository: its folders, and commands that run git in it."""

from __future__ import annotations

import contextlib
import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sealedfiles.errors import GitError, UsageError
from sealedfiles.util.messages import on_one_line, trace

if TYPE_CHECKING:
    from collections.abc import Mapping

_IGNORE_CASE = re.compile(r"ignorecase\s*(?:=\s*\"?(\w+))?")


class Repository:
    """A repository with its work tree.  ``top`` is the top of the work tree (in a bare one, git's folder)."""

    def __init__(
        self, top: Path, git_dir: Path, common_dir: Path, *, has_work_tree: bool = True
    ) -> None:
        self.top = top
        self.git_dir = git_dir
        self.common_dir = common_dir
        self.has_work_tree = has_work_tree

    @property
    def state_folder(self) -> Path:
        """The folder of this clone's keys and memory: in the common folder, so that worktrees share it."""
        return self.common_dir / "sealedfiles"

    def run(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """Run git in the work tree and return its output.  Raises GitError with git's message."""
        code, out, err = self.try_run(*args, stdin=stdin, env=env)
        if code:
            raise GitError(
                f"git {args[0]} failed with exit status {code}: {on_one_line(err)}",
                *self._write_hints(),
            )
        return out

    def require_writable(self) -> None:
        """Raise GitError if git cannot write here: for use before a command writes other files."""
        hints = self._write_hints()
        if hints:
            raise GitError(f"{self.git_dir} cannot be written to", *hints)

    def _write_hints(self) -> list[str]:
        """Return hints about a git folder that cannot be written, if there is one."""
        folders = dict.fromkeys((self.git_dir, self.common_dir, self.common_dir / "objects"))
        closed = [folder for folder in folders if not os.access(folder, os.W_OK)]
        return [f"check the permissions: ls -ld {closed[0]}"] if closed else []

    def try_run(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> tuple[int, bytes, bytes]:
        """Run git in the work tree; return its exit status, stdout and stderr.

        Raises subprocess.TimeoutExpired after *timeout* seconds.
        """
        import subprocess

        trace(f"git {' '.join(args)}")
        run = subprocess.run(
            ["git", *args],
            cwd=self.top,
            input=stdin,
            capture_output=True,
            env=git_environment(env),
            check=False,
            timeout=timeout,
        )
        return run.returncode, run.stdout, run.stderr

    def config(self, key: str) -> str | None:
        """Return a configuration value, or None if it is not set."""
        code, out, _ = self.try_run("config", "--get", key)
        return None if code else out.decode("utf-8", "replace").removesuffix("\n")

    @cached_property
    def ignores_case(self) -> bool:
        """Whether git matches patterns without regard to case (``core.ignoreCase``).

        Read from the repository's own file, where `git init` and `git clone` write it: running git would
        take a filter process longer than one file.
        """
        try:
            text = (self.common_dir / "config").read_text("utf-8", "surrogateescape")
        except OSError:
            return False
        found = False
        section = ""
        for line in text.split("\n"):
            words = line.strip().lower()
            if words.startswith("["):
                section, _, words = words.partition("]")
                words = words.strip()
            if section == "[core" and (match := _IGNORE_CASE.match(words)):
                found = match[1] is None or match[1] in ("true", "yes", "on", "1")
        return found

    def relative(self, path: Path) -> bytes:
        """Return *path* as git stores it.  Raises UsageError if it is outside the work tree."""
        absolute = Path(os.path.abspath(path))
        real = absolute.parent.resolve() / absolute.name
        try:
            return os.fsencode(real.relative_to(self.top.resolve()).as_posix())
        except ValueError:
            raise UsageError(f"{path} is not in the working tree of {self.top}") from None

    def file(self, path: bytes) -> Path:
        """Return the file system path of *path*, which is as git stores it."""
        return self.top / os.fsdecode(path)


def git_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for running git, possibly from within a filter."""
    environ = {
        **os.environ,
        # While a filter runs, git holds the lock of the index: no command may request it.
        "GIT_OPTIONAL_LOCKS": "0",
        # A partial clone would otherwise fetch over the network in the middle of an add.
        "GIT_NO_LAZY_FETCH": "1",
        **(more or {}),
    }
    # Set by a git that works on a submodule; ls-files and others refuse to run with it.
    environ.pop("GIT_INTERNAL_SUPER_PREFIX", None)
    return environ


def filter_repository() -> Repository:
    """Return the repository that git started this filter in, without running git.

    git starts a filter at the top of the work tree, with GIT_DIR set if it is not ``.git``.
    """
    top = Path.cwd()
    git_dir = Path(os.environ.get("GIT_DIR") or ".git")
    if git_dir.is_file():
        text = git_dir.read_text(encoding="utf-8", errors="surrogateescape")
        git_dir = Path(text.removeprefix("gitdir:").strip())
    git_dir = top / git_dir
    common = git_dir
    link = git_dir / "commondir"
    if link.is_file():
        common = git_dir / link.read_text(encoding="utf-8", errors="surrogateescape").strip()
    return Repository(top, git_dir, common)


def user_config(name: str) -> str | None:
    """Return the value of *name* in the user's own git configuration, None if it is not set."""
    import subprocess

    with contextlib.suppress(FileNotFoundError):
        run = subprocess.run(["git", "config", "--get", name], capture_output=True, check=False)
        return run.stdout.decode("utf-8", "replace").strip("\n") or None
    return None


def find_repository(start: Path, *, bare: bool = False) -> Repository | None:
    """Return the repository whose work tree contains *start*, or None.

    With *bare* also a repository without a work tree, as on a server, that contains *start* itself.
    """
    folders = _ask(start, "--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    if folders:
        top, git_dir, common = folders
        return Repository(Path(top), Path(git_dir), Path(os.path.normpath(start / common)))
    folders = _ask(start, "--absolute-git-dir", "--git-common-dir") if bare else None
    if folders:
        git_dir, common = folders
        common_dir = Path(os.path.normpath(start / common))
        return Repository(Path(git_dir), Path(git_dir), common_dir, has_work_tree=False)
    return None


def _ask(start: Path, *questions: str) -> list[str] | None:
    """Return the answers of `git rev-parse`, or None without a repository or git."""
    import subprocess

    try:
        run = subprocess.run(
            ["git", "rev-parse", *questions],
            cwd=start,
            capture_output=True,
            # Its messages are matched below.
            env={**os.environ, "LC_ALL": "C", "LANGUAGE": "C"},
            check=False,
        )
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise UsageError(f"{start} is not a folder") from None
    if run.returncode:
        _refuse_dubious_ownership(run.stderr.decode("utf-8", "surrogateescape"))
        return None
    return os.fsdecode(run.stdout).split("\n")[: len(questions)]


def _refuse_dubious_ownership(words: str) -> None:
    """Raise GitError with git's own advice if git does not trust a repository of another user.

    git would run the commands in its configuration and hooks, and so would sealedfiles.
    """
    if not re.search(r"dubious ownership|unsafe repository", words):
        return
    found = re.search(r"safe\.directory\s+(.+)", words)
    place = found[1].strip() if found else "FOLDER"
    raise GitError(
        f"git does not trust this repository: detected dubious ownership ({place})",
        "its files belong to another user, who could run commands as you through its configuration",
        f"if you trust it: git config --global --add safe.directory {place}",
    )
