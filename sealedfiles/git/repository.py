"""A git repository: its folders, and functions that run git in it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from sealedfiles.errors import GitError, UsageError
from sealedfiles.git import child
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import shell_path, trace, warn

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_IGNORE_CASE = lazy_pattern(r"ignorecase\s*(?:=\s*\"?(\w+))?")
_PROCESS = lazy_pattern(r"process\s*=\s*(\S+)")
_PROMISOR = lazy_pattern(r"^\s*promisor\s*=\s*true\s*$", re.IGNORECASE | re.MULTILINE)


class Repository:
    """A repository.  ``top`` is the root of the working tree (git's folder if the repository is bare).

    The filter uses the folders as strings: importing `pathlib` takes half as long as Python's own start.
    """

    def __init__(
        self,
        top: Path | str,
        git_dir: Path | str,
        common_dir: Path | str,
        *,
        has_work_tree: bool = True,
    ) -> None:
        self.root = os.fspath(top)
        """``top`` as a string."""
        self.git_folder = os.fspath(git_dir)
        """``git_dir`` as a string."""
        self.common_folder = os.fspath(common_dir)
        """``common_dir`` as a string."""
        self.has_work_tree = has_work_tree
        self.may_fetch = False
        """Whether git commands may fetch the objects that a partial clone lacks; ``Objects`` always may.

        For the filter they may not: git add would wait for the network, file by file."""

    @cached_property
    def top(self) -> Path:
        """The root of the working tree."""
        return _path(self.root)

    @cached_property
    def git_dir(self) -> Path:
        """The git folder of this working tree."""
        return _path(self.git_folder)

    @cached_property
    def common_dir(self) -> Path:
        """The git folder that all working trees of the repository share."""
        return _path(self.common_folder)

    @cached_property
    def outer(self) -> str:
        """The closest folder above the working tree that has ``.git``; empty if there is none."""
        below, folder = self.root, os.path.dirname(self.root)
        while folder != below:
            if os.path.lexists(os.path.join(folder, ".git")):
                return folder
            below, folder = folder, os.path.dirname(folder)
        return ""

    @property
    def state_folder(self) -> Path:
        """The folder of this clone's keys and state, in git's common folder, so that worktrees share it."""
        return _path(self.state_name)

    @property
    def state_name(self) -> str:
        """``state_folder`` as a string."""
        return os.path.join(self.common_folder, "sealedfiles")

    @property
    def depth(self) -> str:
        """A value that changes when older history is fetched into a shallow clone; empty if none lacks."""
        try:
            stat = os.stat(os.path.join(self.common_folder, "shallow"))
        except OSError:
            return ""
        return f"{stat.st_mtime_ns}-{stat.st_size}"

    @property
    def index_file(self) -> str:
        """The index of this working tree, or the file that git uses in its place in a hook."""
        # git sets a path relative to the root of the working tree.
        name = os.environ.get("GIT_INDEX_FILE") or os.path.join(self.git_folder, "index")
        return os.path.join(self.root, name)

    def run(
        self, *args: str, stdin: bytes | BinaryIO = b"", env: Mapping[str, str] | None = None
    ) -> bytes:
        """Run git in the working tree and return its output.  Raises GitError with git's message."""
        code, out, err = self.try_run(*args, stdin=stdin, env=env)
        if code:
            from sealedfiles.git.failure import failure

            raise failure(args, code, err, self.git_folder, self._write_hints())
        return out

    def update_index(
        self, *options: str, stdin: bytes | BinaryIO, env: Mapping[str, str] | None = None
    ) -> None:
        """Run ``git update-index -z`` on a whole index.

        To a sparse index, git 2.39 adds a file beside the entry of its folder if that is the last, so that
        the next commit has the folder twice.
        """
        self.run("-c", "index.sparse=false", "update-index", "-z", *options, stdin=stdin, env=env)

    def require_writable(self) -> None:
        """Raise GitError if git cannot write here.  Call this before a command writes other files."""
        hints = self._write_hints()
        if hints:
            raise GitError(f"{self.git_dir} is not writable", *hints)
        self.require_unlocked_index()

    def require_unlocked_index(self) -> None:
        """Raise GitError if another git process has locked the index."""
        lock = f"{self.index_file}.lock"
        if os.path.lexists(lock):
            raise GitError(
                f"the index is locked: {lock} exists",
                "another git process is running here, or one was killed",
                "wait for it, or if there is none, remove the file; then run this command again",
            )

    def _write_hints(self) -> list[str]:
        """Return a hint if git's folder is not writable."""
        folders = dict.fromkeys((self.git_dir, self.common_dir, self.common_dir / "objects"))
        closed = [folder for folder in folders if not os.access(folder, os.W_OK)]
        return [f"check the permissions: ls -ld {closed[0]}"] if closed else []

    def try_run(
        self,
        *args: str,
        stdin: bytes | BinaryIO = b"",
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> tuple[int, bytes, bytes]:
        """Run git in the working tree; return its exit status, stdout and stderr.

        Raises subprocess.TimeoutExpired after *timeout* seconds.
        """
        trace(f"git {' '.join(args)}")
        return child.run(args, self.root, self.git_environment(env), stdin, timeout)

    def git_environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment for a git process in this repository, with *more* variables."""
        return child.git_environment(
            {"GIT_NO_LAZY_FETCH": "0" if self.may_fetch else "1", **(more or {})}
        )

    def head_commit(self) -> str:
        """Return the id of HEAD's commit; empty if there is none, as in a new repository."""
        code, out, _ = self.try_run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return "" if code else out.decode("ascii", "replace").strip()

    def config(self, key: str) -> str | None:
        """Return a configuration value, or None if it is not set."""
        code, out, _ = self.try_run("config", "--get", key)
        return None if code else out.decode("utf-8", "replace").removesuffix("\n")

    @cached_property
    def ignores_case(self) -> bool:
        """Whether git ignores case when it matches patterns (``core.ignoreCase``).

        This is read from the repository's configuration file, to which `git init` and `git clone` write it:
        running git takes longer than filtering a file.
        """
        value = self._setting("[core", _IGNORE_CASE)
        return value in ("", "true", "yes", "on", "1")

    def _setting(self, section: str, pattern: re.Pattern[str]) -> str | None:
        """Return the last value in *section* of this clone's own configuration file; "" if it has no value,
        and None if it is not set.  *pattern* matches the line in lower case; its group is the value."""
        found, current = None, ""
        for line in self._config_text.split("\n"):
            words = line.strip().lower()
            if words.startswith("["):
                current, _, words = words.partition("]")
                words = words.strip()
            if current == section and (match := pattern.match(words)):
                found = match[1] or ""
        return found

    @cached_property
    def _config_text(self) -> str:
        with contextlib.suppress(OSError):
            return _read(os.path.join(self.common_folder, "config"))
        return ""

    @property
    def has_other_worktrees(self) -> bool:
        """Whether there are linked worktrees (`git worktree add`), which share the common folder."""
        with contextlib.suppress(OSError):
            return bool(os.listdir(os.path.join(self.common_folder, "worktrees")))
        return False

    @cached_property
    def has_filter(self) -> bool:
        """Whether the filter is configured in this clone itself; git is not started to find out."""
        return bool(self._setting('[filter "sealedfiles"', _PROCESS))

    @cached_property
    def is_partial(self) -> bool:
        """Whether this is a partial clone (`git clone --filter`), which may lack objects."""
        return _PROMISOR.search(self._config_text) is not None

    def ignored(self, paths: Iterable[bytes], *, also_tracked: bool = False) -> list[bytes]:
        """Return those of *paths* that git ignores; without *also_tracked*, none that the index has."""
        options = ("--no-index",) if also_tracked else ()
        stdin = b"".join(path + b"\0" for path in paths)
        _, out, _ = self.try_run("check-ignore", *options, "-z", "--stdin", stdin=stdin)
        return out.split(b"\0")[:-1]

    def relative(self, path: Path) -> bytes:
        """Return *path* as git stores it.  Raises UsageError if it is outside the working tree."""
        absolute = _path(os.path.abspath(path))
        real = absolute.parent.resolve() / absolute.name
        try:
            return os.fsencode(real.relative_to(self.top.resolve()).as_posix())
        except ValueError:
            raise UsageError(f"{path} is not in the working tree of {self.top}") from None

    def file(self, path: bytes) -> Path:
        """Return the file system path of *path*, a path as git stores it."""
        return self.top / os.fsdecode(path)

    def obstacle(self, path: bytes) -> Path | None:
        """Return the first parent of *path* that exists and is not a folder: git has no file beyond it.

        In particular, a symbolic link, which may lead out of the working tree.
        """
        folder = self.root
        for name in os.fsdecode(path).split("/")[:-1]:
            folder = os.path.join(folder, name)
            if os.path.islink(folder) or os.path.isfile(folder):
                return _path(folder)
        return None

    def regular_file(self, path: bytes) -> Path | None:
        """Return the regular file at *path*, a path as git stores it; None if there is none, or it is a link,
        or beyond one."""
        file = self.file(path)
        is_regular = file.is_file() and not file.is_symlink() and not self.obstacle(path)
        return file if is_regular else None


def filter_repository() -> Repository:
    """Return the repository in which git started this filter, without running git.

    git starts a filter in the root of the working tree, with GIT_DIR set if it is not ``.git``.
    """
    top = os.getcwd()
    git_dir = os.environ.get("GIT_DIR") or ".git"
    if os.path.isfile(git_dir):
        git_dir = _read(git_dir).removeprefix("gitdir:").strip()
    git_dir = os.path.join(top, git_dir)
    common = git_dir
    link = os.path.join(git_dir, "commondir")
    if os.path.isfile(link):
        common = os.path.join(git_dir, _read(link).strip())
    return Repository(top, git_dir, common)


def _path(name: str) -> Path:
    from pathlib import Path

    return Path(name)


def _read(file: str) -> str:
    with open(file, encoding="utf-8", errors="surrogateescape") as opened:
        return opened.read()


def user_config(name: str) -> str | None:
    """Return the value of *name* in the user's git configuration, or None if it is not set."""
    with contextlib.suppress(FileNotFoundError):
        arguments, folder = ("config", "--get", name), search_start(_path(os.getcwd()))
        _, out, _ = child.run(arguments, str(folder), child.environment())
        return out.decode("utf-8", "replace").strip("\n") or None
    return None


def find_repository(start: Path, *, bare: bool = False) -> Repository | None:
    """Return the repository whose working tree contains *start*, or None.

    With *bare*, also return a bare repository (as on a server) that contains *start*.
    """
    start = search_start(start)
    folders = _rev_parse(start, "--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    if folders:
        top, git_dir, common = folders
        if not os.path.lexists(f"{top}/.git") and "GIT_DIR" not in os.environ:
            raise UsageError(
                f"core.worktree is set: the files of {git_dir} are in {top}, where git does not find it",
                f"set GIT_DIR={git_dir} and GIT_WORK_TREE={top}, or use git worktree add instead",
            )
        return Repository(top, git_dir, os.path.normpath(start / common))
    folders = _rev_parse(start, "--absolute-git-dir", "--git-common-dir") if bare else None
    if folders:
        git_dir, common = folders
        common_dir = os.path.normpath(start / common)
        return Repository(git_dir, git_dir, common_dir, has_work_tree=False)
    return None


def warn_of_unreadable(start: Path) -> None:
    """Warn if git should find a repository at *start* and does not: its history cannot be compared."""
    if "GIT_DIR" in os.environ or os.path.lexists(search_start(start) / ".git"):
        warn(
            "git cannot read the repository here, so its history is not compared", "run: git status"
        )


def search_start(start: Path) -> Path:
    """Return the folder at or above *start* that has ``.git``, otherwise *start*.

    Nobody can push a ``.git``, but anyone can push the files of a bare repository (``config/HEAD``,
    ``config/objects``).  git started in that folder would use it, with the commands in its configuration.
    """
    start = start.absolute()
    if "GIT_DIR" in os.environ or ".git" in start.parts or not start.is_dir():
        return start
    for folder in (start, *start.parents):
        if os.path.lexists(folder / ".git"):
            # git does not search beyond a mount point, either.
            across = "GIT_DISCOVERY_ACROSS_FILESYSTEM" in os.environ
            return folder if across or os.stat(folder).st_dev == os.stat(start).st_dev else start
    return start


def _rev_parse(start: Path, *questions: str) -> list[str] | None:
    """Return the output lines of `git rev-parse`, or None if there is no repository or no git."""
    # git's messages are matched below.
    env = {**child.environment(), "LC_ALL": "C", "LANGUAGE": "C"}
    try:
        code, out, err = child.run(("rev-parse", *questions), str(start), env)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise UsageError(f"{start} is not a folder") from None
    if code:
        _refuse_dubious_ownership(err.decode("utf-8", "surrogateescape"))
        return None
    lines = os.fsdecode(out).removesuffix("\n").split("\n")
    if len(lines) != len(questions):
        # The first line of the path could be the path of another repository.
        raise UsageError(
            f"the path of the repository of {start} contains a line break", "rename it"
        )
    return lines


def _refuse_dubious_ownership(words: str) -> None:
    """Raise GitError with git's own advice if git does not trust a repository of another user.

    git and sealedfiles would run the commands in that repository's configuration and hooks.
    """
    if not re.search(r"dubious ownership|unsafe repository", words):
        return
    found = re.search(r"safe\.directory\s+(.+)", words)
    place = found[1].strip() if found else "FOLDER"
    raise GitError(
        f"git does not trust this repository: detected dubious ownership ({place})",
        "its files belong to another user, who could run commands as you through its configuration",
        f"if you trust it: git config --global --add safe.directory {shell_path(place)}",
    )
