"""A stream is searched in windows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

import pytest

from scan.toy import held
from sealedfiles.app.scan import scanner as module
from sealedfiles.app.scan.scanner import Scanner
from sealedfiles.util.progress import Progress

if TYPE_CHECKING:
    from sealedfiles.app.scan.engines import Engine
    from sealedfiles.app.scan.scanner import Match

SECRET = b"s3cr3t-token-of-the-service"


def scan(data: bytes) -> list[Match]:
    search = held("a.env", b"TOKEN=" + SECRET + b"\n")
    return list(Scanner(search, Progress("files")).scan(b"x", io.BytesIO(data)))


@pytest.mark.parametrize("at", range(980, 1030, 7))
def test_a_value_across_windows_is_found_once_in_its_line(
    monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr(module, "WINDOW", 1000)
    monkeypatch.setattr(module, "_OVERLAP", 200)
    data = b"\n" * at + SECRET + b"\n" * 5000
    assert [match.line for match in scan(data)] == [at + 1]
    assert [match.line for match in scan(data + SECRET)] == [at + 1]
    assert [match.line for match in scan(b"\n" * 5000 + SECRET)] == [5001]


def test_containers_that_cannot_be_read_are_listed() -> None:
    scanner = Scanner(held("a.env", b"TOKEN=" + SECRET), Progress("files"))
    assert list(scanner.scan(b"x.gz", io.BytesIO(b"\x1f\x8b\x08" + bytes(30)))) == []
    assert scanner.unreadable == [b"x.gz"]
    assert scanner.count == 1


class Damaged(io.BytesIO):
    """A file whose end cannot be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data:
            raise OSError
        return data


class Recorder:
    """An engine that keeps the texts that it gets."""

    def __init__(self, *, is_remote: bool = False) -> None:
        self.text = b""
        self.is_remote = is_remote
        self.withheld = 0

    def feed(self, *sent: Any) -> None:
        self.text += sent[-1]

    def end_file(self) -> None:
        self.text += b"\n"


def test_the_texts_of_two_files_are_not_one_if_the_first_is_damaged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WINDOW", 4)
    engine = Recorder()
    search = held("a.env", b"TOKEN=" + SECRET)
    scanner = Scanner(search, Progress("files"), engine=cast("Engine", engine))
    assert [*scanner.scan(b"x", Damaged(b"left")), *scanner.scan(b"y", io.BytesIO(b"next"))] == []
    assert scanner.unreadable == [b"x"]
    assert engine.text.strip() == b"left\nnext"


@pytest.mark.parametrize("is_remote", [True, False])
def test_only_an_engine_on_this_machine_gets_what_has_sealed_values(
    monkeypatch: pytest.MonkeyPatch, is_remote: bool
) -> None:
    monkeypatch.setattr(module, "WINDOW", 50)
    engine = Recorder(is_remote=is_remote)
    search = held("a.env", b"TOKEN=" + SECRET)
    scanner = Scanner(search, Progress("files"), engine=cast("Engine", engine))
    # In the last one, the first window has only a part of the value.
    texts = [b"plain", b"has " + SECRET, b"." * 49, b"." * 50, b"." * 40 + SECRET]
    found = [match for text in texts for match in scanner.scan(b"x", io.BytesIO(text))]
    assert len(found) == 2
    if is_remote:
        assert engine.text.split() == [b"plain", b"." * 49]
        assert engine.withheld == 4
    else:
        assert engine.text.split(b"\n")[1:] == texts
        assert engine.withheld == 0
