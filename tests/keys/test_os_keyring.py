from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Protocol, TypeVar

import pytest
from keyring import core
from keyring.backend import KeyringBackend
from secret_service import PASSWORD, run, with_hanging_keyring, with_keyring

from sealedfiles.keys.identity import os_keyring
from sealedfiles.keys.identity.os_keyring import KeyringError

from .kit import Memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READ = "print(os_keyring.read())"
WRITE = "os_keyring.change(lambda text: text + 'one\\n')"


class Forgetful(Memory):
    """A keyring that accepts everything and stores nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Failing(Memory):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def get_password(self, _service: str, _username: str) -> str | None:
        raise self.error


class Hanging(Memory):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.end = threading.Event()

    def get_password(self, _service: str, _username: str) -> str | None:
        self.asked += 1
        self.end.wait(60)
        return None


Backend = TypeVar("Backend", bound=KeyringBackend)


class Use(Protocol):
    def __call__(self, backend: Backend, /) -> Backend: ...


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Set the backend of this process."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setattr(os_keyring, "_left_behind", [])

    def set_backend(backend: Backend, /) -> Backend:
        monkeypatch.setattr(core, "_keyring_backend", backend)
        return backend

    return set_backend


def refusal(action: Callable[[], object] = os_keyring.read) -> KeyringError:
    with pytest.raises(KeyringError) as caught:
        action()
    return caught.value


def write() -> None:
    os_keyring.change(lambda text: text + "one\n")


def test_what_is_written_is_read(use: Use) -> None:
    backend = use(Memory())
    assert os_keyring.read() is None
    write()
    write()
    assert os_keyring.read() == "one\none\n"
    assert backend.entries == {("sealedfiles", "identities"): "one\none\n"}


def test_an_entry_with_nothing_in_it_is_removed(use: Use) -> None:
    backend = use(Memory())
    write()
    os_keyring.change(lambda _text: "")
    assert backend.entries == {}
    os_keyring.change(lambda text: text)
    assert os_keyring.read() is None


def test_a_keyring_that_keeps_nothing_is_noticed(use: Use) -> None:
    use(Forgetful())
    error = refusal(write)
    assert "did not store the key" in error.message
    assert any("PYTHON_KEYRING_BACKEND" in hint for hint in error.hints)


def test_the_null_keyring_is_noticed(tmp_path: Path) -> None:
    done = program(WRITE, tmp_path, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    assert "did not store the key" in done


def test_it_is_not_asked_when_ci_is_set(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    use(Failing(AssertionError("it was asked")))
    monkeypatch.setenv("CI", "true")
    assert refusal().message == "the OS keyring is not used, because CI is set"


@pytest.mark.parametrize(
    "error", [ValueError("s3cr3t"), RuntimeError("s3cr3t"), SystemExit("s3cr3t")]
)
def test_whatever_it_raises_is_one_kind_of_error_and_not_repeated(
    use: Use, error: BaseException
) -> None:
    use(Failing(error))
    assert refusal().message == f"the OS keyring cannot be used: {type(error).__name__}"


def test_a_keyring_that_is_not_recomfixed_is_none(use: Use) -> None:
    backend = Memory()
    backend.__class__ = type("InAPlainFile", (Memory,), {"priority": 0.5})
    use(backend)
    assert "no keyring was found" in refusal(write).message
    assert backend.entries == {}


def test_a_keyring_that_hangs_is_left_behind_and_not_asked_again(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os_keyring, "WAIT", 0.05)
    backend = use(Hanging())
    try:
        assert refusal().message == refusal(write).message == "the OS keyring does not respond"
        assert backend.asked == 1
    finally:
        backend.end.set()


# -- real ones: nothing of this process is used


def program(
    line: str, home: Path, wrap: Callable[[list[str]], list[str]] = list, **env: str
) -> str:
    """Return the output of a program that runs *line* with a desktop's keyring."""
    code = (
        "from sealedfiles.keys.identity import os_keyring\n"
        "from sealedfiles.errors import SealedFilesError\n"
        f"try:\n    {line}\nexcept SealedFilesError as error:\n    print(error.message)\n"
    )
    done = run(wrap([sys.executable, "-c", code]), home, variables=env)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.slow
def test_a_real_keyring_keeps_it_from_session_to_session(tmp_path: Path) -> None:
    assert program(f"{WRITE}; {READ}", tmp_path, with_keyring) == "one"
    assert program(READ, tmp_path, with_keyring) == "one"
    assert program(f"os_keyring.change(lambda _: ''); {READ}", tmp_path, with_keyring) == "None"
    assert program(READ, tmp_path, with_keyring) == "None"
    assert list((tmp_path / "data/keyrings").glob("*.keyring"))


@pytest.mark.slow
def test_a_locked_keyring_is_said_to_be_locked(tmp_path: Path) -> None:
    assert program(WRITE, tmp_path, with_keyring) == ""
    for line in (READ, WRITE):
        shown = program(line, tmp_path, lambda command: with_keyring(command, "not " + PASSWORD))
        assert shown == "the OS keyring is locked"


@pytest.mark.slow
def test_a_real_bus_on_which_nobody_answers_is_left_behind(tmp_path: Path) -> None:
    folder = tmp_path / "bus"
    folder.mkdir()
    shown = program(READ, tmp_path, lambda command: with_hanging_keyring(command, folder))
    assert shown == "the OS keyring does not respond"


@pytest.mark.parametrize("bus", ["", "unix:path=/nonexistent"])
def test_without_a_message_bus_there_is_none(tmp_path: Path, bus: str) -> None:
    for line in (READ, WRITE):
        assert program(line, tmp_path, DBUS_SESSION_BUS_ADDRESS=bus) == (
            "the OS keyring cannot be used: no keyring was found"
        )


def test_keyring_is_imported_only_when_it_is_asked(tmp_path: Path) -> None:
    line = "import sys; print([name for name in sys.modules if 'keyring' in name])"
    assert program(line, tmp_path) == "['sealedfiles.keys.identity.os_keyring']"
