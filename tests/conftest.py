"""Fixtures of the tests that drive the real program with the real git."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

# A deadline is a timed assertion, and so is the check for slow examples; whether many examples are filtered
# out is chance.  In CI the examples are the same every time, so that a change is judged by itself; everywhere
# else hypothesis looks for new ones.  "few" is for the interpreters beyond the first one, "deep" for `make fuzz`.
_untimed = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
MOST_EXAMPLES = {"local": 15, "ci": 50, "few": 10}
"""A limit, also for tests that ask for more examples."""
settings.register_profile("local", _untimed, max_examples=MOST_EXAMPLES["local"])
settings.register_profile("ci", _untimed, derandomize=True, max_examples=20)
settings.register_profile("few", _untimed, derandomize=True, max_examples=MOST_EXAMPLES["few"])
settings.register_profile("deep", _untimed, max_examples=300)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local")
settings.load_profile(PROFILE)

# In CI a clone stores nothing and asks no keyring.  No test finds out whether it runs there; one that is about
# this sets the variable.  The workers of xdist inherit the environment, and use the same profile.
os.environ["HYPOTHESIS_PROFILE"] = PROFILE
os.environ.pop("CI", None)

# Most tests make repositories: in memory, where there is a folder for that, they take half the time.
MEMORY = "/dev/shm"
_has_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4 << 30
if "TMPDIR" not in os.environ and _has_memory:
    os.environ["TMPDIR"] = MEMORY
    tempfile.tempdir = None

# kingfisher compiles its rules once, which takes seconds.
os.environ.setdefault("KF_RULE_CACHE_DIR", os.path.join(tempfile.gettempdir(), "kingfisher-rules"))

# No test in this process asks the keyring of whoever runs the tests: it may hang, and is remembered.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

pytest.register_assert_rewrite("people")

import services  # noqa: E402
from people import FILES, PINS, Person, Repo  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

SECONDS = float(os.environ.get("SEALEDFILES_TEST_SECONDS", "600"))
"""No test may take longer, with its fixtures: the process ends then, and says where it was."""
SERVERS = {"bao", "moto"}
"""The fixtures that start a server, in every process of the tests."""
_stderr = -1


def pytest_configure(config: pytest.Config) -> None:
    """Prepare for tests that hang, and for signals that whoever has started us ignores or blocks."""
    global _stderr
    _stderr = os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2)
    give_children_default_signals()


def pytest_xdist_auto_num_workers() -> int | None:
    """Start more workers than there are processors: most tests wait for programs, a third of the time."""
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    processors = os.cpu_count() or 1
    return processors + min(processors, 2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End the process if a test hangs, also in C and where signals do not arrive."""
    del item
    faulthandler.dump_traceback_later(SECONDS, exit=True, file=_stderr)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Limit the examples of tests that ask for a number of their own."""
    function = getattr(item, "function", None)
    asked = getattr(function, "_hypothesis_internal_use_settings", None)
    most = MOST_EXAMPLES.get(PROFILE)
    if most is not None and asked is not None and asked.max_examples > most:
        function._hypothesis_internal_use_settings = settings(asked, max_examples=most)  # type: ignore[union-attr]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what talks to a server of secrets, and all variants of tests with ``many_variants`` except
    the first."""
    met: set[tuple[object, str]] = set()
    for item in items:
        if isinstance(item, pytest.Function) and not SERVERS.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("many_variants") is None:
            continue
        test = (item.parent, getattr(item, "originalname", item.name))
        if test in met:
            item.add_marker(pytest.mark.slow)
        met.add(test)


def give_children_default_signals() -> None:
    """Let programs that tests start have default dispositions: nohup, and shells in the background,
    leave SIGHUP and SIGINT ignored, which every child inherits.

    What we were told to ignore is caught here, by nothing: a handler is not inherited.
    """
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):  # SIGKILL, and threads
            if signal.getsignal(number) == signal.SIG_IGN and number.name != "SIGPIPE":
                signal.signal(number, lambda *_: None)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, [])


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Give a test with a key in its parameters a name that is the same in every process."""
    del config
    is_key = isinstance(val, str) and re.search(r"age1|age-secret-key", val, re.IGNORECASE)
    return argname if is_key else None


@dataclass
class World:
    """Alice holds every group, Bob only ``default``; each has a clone, unlocked."""

    repos: dict[str, Repo]

    @property
    def alice(self) -> Person:
        return self.repos["alice"].person

    @property
    def bob(self) -> Person:
        return self.repos["bob"].person

    def copy(self, name: str, path: Path) -> Repo:
        """Copy someone's clone."""
        return self.repos[name].copy(path)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository from its first day on, as the documentation tells people to do it."""
    base = tmp_path_factory.mktemp("world")
    alice, bob = Person.at(base / "alice"), Person.at(base / "bob")
    repo = alice.repository(base / "alice's orders")
    repo.write("README.md", "# Orders\n")
    repo.commit("start")

    repo.sealedfiles("init", "--name", "alice")
    structured = ("secrets/**/*.yaml", "config/*.json")
    repo.sealedfiles("track", *structured, "--values", "service.**", "--plain")
    repo.sealedfiles("track", *structured, "--values", "production.**", "--group", "production")
    repo.sealedfiles("track", "*.env", "--values", "APP_*", "--plain")
    repo.sealedfiles("track", "*.env", "--values", "PROD_*", "--group", "production")
    repo.commit("set up sealedfiles")
    for path, text in FILES.items():
        repo.write(path, text)
    repo.commit("seal the settings")

    repo.sealedfiles("grant", "bob", bob.keygen(), "--to", "default")
    repo.commit("let bob read")
    clone = bob.clone(repo, base / "bob's orders")
    clone.sealedfiles("unlock")
    for made in (repo, clone):
        # Fewer files to copy for every test.
        made.git("gc", "--quiet")
        for sample in (made.path / ".git/hooks").glob("*.sample"):
            sample.unlink()
    return World({"alice": repo, "bob": clone})


@pytest.fixture(scope="session")
def written(world: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Bob's clone, in which he has written the values of the group that he does not read."""
    repo = world.copy("bob", tmp_path_factory.mktemp("written") / "orders")
    listed = json.loads(world.repos["alice"].sealedfiles("group", "keys", "--json"))["groups"]
    known = next(one["fingerprint"] for one in listed if one["group"] == "production")
    for path, key in PINS.items():
        options = ("--group", "production", "--expect-key", f"production={known}")
        repo.sealedfiles("set", *options, path, key, answers="s3cr3t-production")
    repo.commit("seal the settings without reading")
    return repo


@pytest.fixture
def repo(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Repo:
    """An unlocked clone with the three files in it: Alice's, if the test does not say whose."""
    name = getattr(request, "param", "alice")
    if name == "written":
        made: Repo = request.getfixturevalue(name)
        return made.copy(tmp_path / "orders")
    return world.copy(name, tmp_path / "orders")


@pytest.fixture(scope="session")
def joined(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Clones of ``origin.git`` beside them, as on a server, to be copied."""
    folder = tmp_path_factory.mktemp("joined")
    origin = folder / "origin.git"
    command = ["git", "clone", "--quiet", "--bare", str(world.repos["alice"].path), str(origin)]
    world.alice.run(command, folder)
    clones = [world.copy(name, folder / name) for name in world.repos]
    clones[0].git("remote", "add", "origin", str(origin))
    clones[1].git("remote", "set-url", "origin", str(origin))
    for clone in clones:
        clone.git("fetch", "--quiet")
        clone.git("branch", "--set-upstream-to=origin/main")
    return World(dict(zip(world.repos, clones, strict=True)))


@pytest.fixture
def origin(joined: World, tmp_path: Path) -> Path:
    """A bare repository, as on a server, that knows nothing of sealedfiles."""
    made = joined.repos["alice"].path.with_name("origin.git")
    return shutil.copytree(made, tmp_path / "origin.git")


@pytest.fixture
def team(joined: World, origin: Path, tmp_path: Path) -> tuple[Repo, Repo]:
    """Alice's and Bob's clones of one server."""
    clones = joined.copy("alice", tmp_path / "alice"), joined.copy("bob", tmp_path / "bob")
    for clone in clones:
        clone.git("remote", "set-url", "origin", str(origin))
    return clones


@pytest.fixture(scope="session")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.Bao]:
    """A server of OpenBao, for all tests of this process."""
    with services.open_bao(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a stand-in for AWS, for all tests of this process."""
    with services.moto(tmp_path_factory.mktemp("moto")) as address:
        yield address


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A user without any setting of AWS, on a machine that is not one of EC2."""
    from sealedfiles.remote.aws_credentials import credentials

    for name in list(os.environ):
        if name.startswith(("AWS_", "ACTIONS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    credentials.cache_clear()
    yield
    credentials.cache_clear()


@pytest.fixture
def aws(no_aws: None, moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the stand-in for AWS, with credentials for it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    return moto
