"""People with a computer each, their repositories, and what must hold in every repository.

The flow tests drive the real program and the real git, as people do: nothing of sealedfiles is
imported here.  Every secret of these tests holds the word ``SECRET``, so that one search through a
repository finds whatever got into git unsealed.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from forkserver import DIES_BEFORE, Client

import sealedfiles

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cr3t"

_server: Client | None = None

TOKEN = re.compile(
    r"sealed:v[12]:(?P<group>[a-z0-9][a-z0-9._-]*):(?P<key>[a-z2-7]{16})"
    r":(?P<file>[A-Za-z0-9_-]{8}):(?P<text>[A-Za-z0-9_-]{64,})"
)

ENV, JSON, YAML = ".env", "config/app.json", "secrets/app.yaml"

FILES = {
    ENV: """\
# The service "orders".
APP_NAME=orders
APP_PORT=8080

# The database
DB_USER=s3cr3t-user

# changed on every first of the month
DB_PASSWORD="s3cr3t-db-alpha"

CACHE_URL=redis://:s3cr3t-cache-alpha@cache:6379/0

TLS_KEY="-----BEGIN PRIVATE KEY-----
s3cr3tMIGHAgEAMBMGByqGSM49
-----END PRIVATE KEY-----"

# only for those on call
PROD_PIN='s3cr3t-production'

export API_TOKEN=s3cr3t-api-alpha
""",
    JSON: """\
{
  "service": {
    "name": "orders",
    "port": 8080
  },
  "database": {
    "user": "s3cr3t-user",
    "options": {},
    "password": "s3cr3t-db-alpha"
  },
  "cache": {
    "url": "redis://:s3cr3t-cache-alpha@cache:6379/0"
  },
  "production": {
    "pin": "s3cr3t-production"
  },
  "limits": [
    1000,
    2500
  ],
  "api": {
    "token": "s3cr3t-api-alpha",
    "enabled": true
  }
}
""",
    YAML: """\
# The service "orders".  Ask the data team before changing the pools.
service:
  name: orders
  port: 8080

database:
  user: s3cr3t-user
  # changed on every first of the month
  password: "s3cr3t-db-alpha"

cache:
  url: redis://:s3cr3t-cache-alpha@cache:6379/0

certificate: |
  -----BEGIN CERTIFICATE-----
  s3cr3tMIIBszCCAVmgAwIBAgIUQ7
  -----END CERTIFICATE-----

production:
  # only for those on call
  pin: 's3cr3t-production'

api:
  token: s3cr3t-api-alpha  # issued by the billing provider
  scopes: [s3cr3t-read, s3cr3t-write]
""",
}
"""The same settings in three formats.  ``service`` is plain, ``production`` belongs to a group of
its own, everything else to the group ``default``.  The values that tests change (``db-alpha``,
``cache-alpha``, ``api-alpha``) stand far enough apart for git to see three separate edits."""

PINS = {ENV: "PROD_PIN", JSON: "production.pin", YAML: "production.pin"}
"""The key of the value of ``production`` in each file."""

GIT_SETTINGS = """\
[user]
\tname = {name}
\temail = {name}@example.org
[init]
\tdefaultBranch = main
# Hooks cost a start of the program for each commit; the tests of hooks set it anew.
[sealedfiles]
\thooks = false
[commit]
\tgpgSign = false
[core]
\tquotePath = false
\tfsync = none
[gc]
\tauto = 0
# It would find nothing to do.
[maintenance]
\tauto = false
# Submodules of these tests are cloned from folders.
[protocol "file"]
\tallow = always
"""

every_file = pytest.mark.parametrize("path", FILES)

every_reader = pytest.mark.parametrize(
    "repo",
    ["alice", "bob", "written"],
    ids=["all-groups", "one-of-two-groups", "written-without-reading"],
    indirect=True,
)
"""Run a test in Alice's clone and in Bob's, whose working tree shows tokens beside values; and in Bob's after he
has written the values of the other group, so that these tokens are unauthenticated."""

every_file_and_reader = pytest.mark.parametrize(
    ("path", "repo"),
    [*((path, "alice") for path in FILES), (YAML, "bob"), (YAML, "written")],
    ids=[*FILES, f"{YAML}-one-of-two-groups", f"{YAML}-written-without-reading"],
    indirect=["repo"],
)


def server() -> Client | None:
    """Return what runs commands in forked processes; None where each is to be started."""
    global _server
    if _server is None and hasattr(os, "fork") and not os.environ.get("SEALEDFILES_TEST_REAL"):
        folder = tempfile.mkdtemp(prefix="sf-")
        _server = Client(folder)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(_server.close)
    return _server


def program() -> list[str]:
    """Return the command under test: what starts the installed script, else the module."""
    running = server()
    if running:
        return [running.launcher]
    script = Path(sys.executable).with_name("sealedfiles")
    found = shutil.which(str(script))
    return [found] if found else [sys.executable, "-I", "-m", "sealedfiles"]


def _changes_python(environment: dict[str, str]) -> bool:
    """Return True if Python itself obeys a variable as it starts."""
    return environment["LC_ALL"] != "C.UTF-8" or any(
        name.startswith("PYTHON") and name != "PYTHON_KEYRING_BACKEND" for name in environment
    )


@dataclass
class Person:
    """A user with a home of their own; no setting of the machine's real user reaches them."""

    name: str
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, home: Path) -> Person:
        """Make a home with a git configuration in it; the folder's name is the person's."""
        person = cls(home.name, home)
        person.identities.parent.mkdir(parents=True)
        (home / ".gitconfig").write_text(GIT_SETTINGS.format(name=person.name))
        return person

    @property
    def identities(self) -> Path:
        return self.home / ".config" / "sealedfiles" / "identities"

    def having(self, **variables: str) -> Person:
        """Return the same person with more environment variables."""
        return replace(self, variables={**self.variables, **variables})

    def environment(self) -> dict[str, str]:
        scripts = str(Path(sys.executable).parent)
        kept = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "PATHEXT", "KF_RULE_CACHE_DIR")
        home = str(self.home)
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
            "HOME": home,
            "USERPROFILE": home,
            "APPDATA": f"{home}/.config",
            "LOCALAPPDATA": f"{home}/.config",
            "XDG_CONFIG_HOME": f"{home}/.config",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            # Every question git asks through an editor is answered with what it proposes.
            "GIT_EDITOR": "true",
            "GIT_SEQUENCE_EDITOR": "true",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **self.variables,
        }

    def run(
        self, command: list[str], cwd: Path, answers: str = "", code: int | None = 0
    ) -> tuple[bytes, str]:
        """Run *command* with *answers* on its stdin; return stdout, and stderr as text.

        The exit status must be *code* (None: any), and nobody may ever see a traceback.
        """
        running = server()
        environment = self.environment()
        if running and command[0] == running.launcher and not _changes_python(environment):
            status, stdout, said = running.run(command[1:], str(cwd), environment, answers.encode())
        else:
            done = subprocess.run(
                command,
                cwd=cwd,
                env=environment,
                input=answers.encode(),
                capture_output=True,
                timeout=120,
                check=False,
            )
            status, stdout, said = done.returncode, done.stdout, done.stderr
        stderr = said.decode(errors="replace")
        report = (
            f"$ {' '.join(command)}\nexit status {status}, expected {code}\n"
            f"{stdout.decode(errors='replace')}\n{stderr}"
        )
        assert code is None or status == code, report
        assert "Traceback (most recent call last)" not in stderr, report
        return stdout, stderr

    def repository(self, path: Path) -> Repo:
        """Make an empty repository."""
        path.mkdir(parents=True)
        repo = Repo(self, path)
        repo.git("init")
        return repo

    def clone(self, source: Repo | Path | str, path: Path, *options: str) -> Repo:
        """Clone *source*, without any step of sealedfiles."""
        origin = source.path if isinstance(source, Repo) else source
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["git", "clone", *options, str(origin), str(path)]
        _, stderr = self.run(command, cwd=path.parent)
        return Repo(self, path, stderr)

    def keygen(self) -> str:
        """Make the person's identity, where sealedfiles looks for it; return the public key."""
        command = [*program(), "keygen", "-o", str(self.identities)]
        return self.run(command, cwd=self.home)[0].decode().strip()


@dataclass
class Repo:
    """One person's repository with its working tree."""

    person: Person
    path: Path
    stderr: str = ""
    """What the last command said on stderr."""

    def copy(self, path: Path) -> Repo:
        """Copy the repository: much faster than making it again."""
        return Repo(self.person, shutil.copytree(self.path, path, symlinks=True))

    def git(self, *arguments: str, answers: str = "", code: int | None = 0) -> str:
        return self.raw("git", *arguments, answers=answers, code=code).decode(
            errors="surrogateescape"
        )

    def sealedfiles(self, *arguments: str, answers: str = "", code: int | None = 0) -> str:
        return self.raw(*program(), *arguments, answers=answers, code=code).decode()

    def is_killed(self, number: int, *arguments: str) -> bool:
        """Run a command that is killed before it changes its *number*-th file, or starts its *number*-th
        process.  Return False if it ended before that, with status 0."""
        running = server()
        if running is None:
            pytest.skip("only in forked processes")
        environment = {**self.person.environment(), DIES_BEFORE: str(number)}
        status, _, said = running.run([*arguments], str(self.path), environment, b"")
        # A git that a killed command had started may have come to its work only now.
        assert status in (0, -signal.SIGKILL) or b"index.lock" in said, said
        return status == -signal.SIGKILL

    def wait_for_git(self) -> None:
        """Wait for a git that continues to run after the command that started it was killed."""
        end = time.monotonic() + 60
        while (self.path / ".git/index.lock").exists():
            assert time.monotonic() < end
            time.sleep(0.01)

    def raw(self, *command: str, answers: str = "", code: int | None = 0) -> bytes:
        stdout, self.stderr = self.person.run([*command], self.path, answers, code)
        return stdout

    def write(self, path: str, content: str | bytes) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, path: str) -> str:
        return self.read_bytes(path).decode()

    def read_bytes(self, path: str) -> bytes:
        return (self.path / path).read_bytes()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one occurrence of *old*, as with an editor."""
        text = self.read(path)
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times:\n{text}"
        self.write(path, text.replace(old, new))

    def texts(self) -> dict[str, str]:
        """Return the working tree's text of the three files."""
        return {path: self.read(path) for path in FILES}

    def commit(self, message: str) -> str:
        """Commit everything there is; return the new commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.head()

    def head(self, revision: str = "HEAD") -> str:
        return self.git("rev-parse", revision).strip()

    def tree(self, revision: str = "HEAD") -> str:
        return self.git("rev-parse", f"{revision}^{{tree}}").strip()

    def blob(self, revision: str, path: str) -> bytes:
        """Return what git holds, no filter applied; an empty *revision* names the index."""
        return self.raw("git", "cat-file", "blob", f"{revision}:{path}")

    def tokens(self, revision: str, path: str) -> list[str]:
        """Return the tokens of a file in git, in their order; see blob."""
        return tokens(self.blob(revision, path).decode())

    def status(self) -> list[str]:
        """Return the lines of ``git status``: two letters, a space, the path."""
        output = self.git("status", "--porcelain", "--untracked-files=all")
        return output.split("\n")[:-1]

    def folder(self, what: str) -> Path:
        """Return a path inside git's folder, wherever git keeps it."""
        return self.path / self.git("rev-parse", "--git-path", what).strip()

    def objects(self) -> Iterator[tuple[str, bytes]]:
        """Yield every object that the repository stores: loose, packed, reachable or not."""
        stream = self.raw("git", "cat-file", "--batch-all-objects", "--batch", "--buffer")
        at = 0
        while at < len(stream):
            end = stream.index(b"\n", at)
            name, kind, size = stream[at:end].decode().split()
            at = end + 1 + int(size)
            yield f"{kind} {name}", stream[end + 1 : at]
            at += 1


def keep_theirs(repo: Repo, path: str) -> None:
    """Remove the conflict markers of *path* by hand, with our side."""
    text = re.sub(r"^<{7}[^\n]*\n.*?^={7}\n", "", repo.read(path), flags=re.M | re.S)
    repo.write(path, re.sub(r"^>{7}[^\n]*\n", "", text, flags=re.M))


def tokens(text: str) -> list[str]:
    """Return the tokens in *text*, in their order."""
    return [match.group() for match in TOKEN.finditer(text)]


def groups(text: str) -> set[str]:
    """Return the groups that the tokens in *text* name."""
    return {match["group"] for match in TOKEN.finditer(text)}


def unreadable(repo: Repo) -> set[str]:
    """Return the groups whose tokens stand in the person's working tree, as far as fixtures go."""
    return set() if repo.person.name == "alice" else {"production"}


def assert_one_token_changed(before: list[str], after: list[str]) -> None:
    """One value of a file was changed; every other token must be the one that it was."""
    assert len(before) == len(after)
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert changed[0] not in before


def assert_clean(repo: Repo) -> None:
    """Git sees no change: at once, and when it has to look into every file.  It must look into the
    files whose times changed, and into those that are as young as the index (as in scripts, where
    all happens at once); here every other file is made the one, and the rest the other."""
    assert repo.status() == [], "at once"
    names = repo.git("ls-files", "-z").split("\0")[:-1]
    files = [repo.path / name for name in names]
    for file in [file for file in files if file.is_file() and not file.is_symlink()][::2]:
        os.utime(file, (1_700_000_000, 1_700_000_000))
    os.utime(repo.folder("index"), (1_600_000_000, 1_600_000_000))
    assert repo.status() == [], "after touching files, and with racy timestamps"


def assert_no_plaintext(repo: Repo, *more: str) -> None:
    """No secret (nor any of *more*) is in what git keeps: objects, references, logs, the index."""
    words = [word.encode() for word in (SECRET, *more)]
    for name, content in repo.objects():
        for word in words:
            assert word not in content, f"{name} holds {word.decode()}"
    top = repo.path / repo.git("rev-parse", "--git-common-dir").strip()
    for file in top.rglob("*"):
        if file.is_file() and file.relative_to(top).parts[0] != "objects":
            content = file.read_bytes()
            for word in words:
                assert word not in content, f"{file} holds {word.decode()}"


def assert_production_untouched(repo: Repo) -> None:
    """No commit of a branch brought another token of the group ``production`` than the three files
    began with: nobody in these tests changes one of those values.  (A file sealed as a whole is
    sealed to that group too; it does not count.)"""
    first = repo.git("log", "--format=%H", "--grep=^seal the settings").split()
    known = {
        token
        for commit in first
        for path in FILES
        for token in repo.tokens(commit, path)
        if groups(token) == {"production"}
    }
    assert len(known) == len(FILES) * len(first)
    committed = repo.git("rev-list", "--objects", "--no-object-names", "HEAD", "--branches")
    names = {f"blob {name}" for name in committed.split()}
    whole = re.compile(rb'"?sealed:v1:[A-Za-z0-9._:-]+"?\n')
    for name, content in repo.objects():
        if name in names and not whole.fullmatch(content):
            text = content.decode(errors="replace")
            other = {t for t in tokens(text) if groups(t) == {"production"}} - known
            assert not other, f"{name} holds new tokens of production: {other}"


def assert_sound(repo: Repo) -> None:
    """What must hold after whatever was done with git."""
    assert_clean(repo)
    assert_no_plaintext(repo)
    assert_production_untouched(repo)


def at_home_of_its_own(repo: Repo, folder: Path) -> Repo:
    """Return the same repository of a person whose home is a copy, for tests that change the home."""
    home = folder / "a home of its own"
    shutil.copytree(repo.person.home, home)
    return replace(repo, person=replace(repo.person, home=home))


def put_file_in_place_of_state(repo: Repo) -> None:
    """Put a file in the place of the folder where the clone remembers its keys."""
    folder = repo.folder("sealedfiles")
    shutil.rmtree(folder)
    folder.write_text("")


_FIND_PACKAGES = "sys.path[:0] = [{0!r}]; site.addsitedir({0!r})".format(
    sysconfig.get_path("purelib")
)
"""Ahead of the packages of the system, which this Python has and those of a virtual environment do not."""


@dataclass
class Installation:
    """A second installation of the program, such as a virtual environment, that can go away.

    Its path needs quoting in a shell, and in what git expands.
    """

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.python.symlink_to(sys.executable)
        self.program.parent.mkdir()
        self.write_program(self.python, _FIND_PACKAGES)

    def write_program(self, python: Path, find_package: str) -> None:
        """Write the script as pip does, for *python*; *find_package* is what makes it find the package."""
        lines = [
            f"#!{python}",
            "import site, sys",
            find_package,
            "from sealedfiles.__main__ import main",
            "sys.exit(main())",
        ]
        self.program.write_text("\n".join(lines))
        self.program.chmod(0o755)

    def have_own_package(self) -> None:
        """Let the script find a copy of the package, in the folder, and no other one."""
        hidden = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(sealedfiles.__file__).parent, self.package, ignore=hidden)
        others = self.folder / "others"
        others.mkdir()
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if "sealedfiles" not in path.name:
                (others / path.name).symlink_to(path)
        self.write_program(
            self.python, f"sys.path[:0] = [{str(self.package.parent)!r}, {str(others)!r}]"
        )

    @property
    def package(self) -> Path:
        return self.folder / "lib" / "sealedfiles"

    def reinstall(self) -> None:
        """Install again with another Python, as an update of the system makes people do."""
        other = self.folder / "python9"
        other.symlink_to(sys.executable)
        self.write_program(other, _FIND_PACKAGES)
        self.python.unlink(missing_ok=True)

    @property
    def python(self) -> Path:
        return self.folder / "python"

    @property
    def program(self) -> Path:
        return self.folder / "the 100%f env's bin" / "sealedfiles"

    def lose(self, part: str) -> None:
        """Remove the ``program`` or the ``interpreter`` (as an update of Python does)."""
        (self.program if part == "program" else self.python).unlink()


def commit_blob(repo: Repo, path: str, content: str) -> None:
    """Commit *content* as git stores it, as somebody without keys does, and check it out."""
    repo.write(".git/blob", content)
    oid = repo.git("hash-object", "-w", "--no-filters", ".git/blob").strip()
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
    repo.git("commit", "--quiet", "--message", "tune the pool")
    repo.git("checkout", "--quiet", "--", path)


def share_production(alice: Repo, bob: Repo) -> None:
    """Let Bob read the values of production, too, in his clone of the same server."""
    alice.sealedfiles("grant", "bob", "--to", "production")
    alice.commit("let bob read production, too")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    bob.sealedfiles("unlock", "--accept", "production")


EVIL = "evil.example"
"""What somebody without keys wants programs to use as the database's user."""

USER_KEYS = {YAML: "database.user", JSON: "database.user", ENV: "DB_USER"}


def forge_user(stored: str) -> str:
    """Return the sealed text of one of FILES with EVIL in plaintext instead of the database's user's token."""
    token = r'((?:DB_USER=|"?user"?: ))"?sealed:[^"\s]+"?'
    text = re.sub(token, rf'\1"{EVIL}"', stored, count=1)
    assert text != stored
    return text
