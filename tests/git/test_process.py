"""The filter process: its protocol with git, and the cost of starting it."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING, ClassVar

import pytest
from people import ENV, FILES, Repo, program

from sealedfiles.git.filter import pktline
from sealedfiles.git.filter.clean_smudge import Filter
from sealedfiles.git.filter.process import serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELLO = pktline.text_packets(b"git-filter-client", b"version=2") + pktline.text_packets(
    b"capability=clean", b"capability=smudge", b"capability=delay"
)
WELCOME = pktline.text_packets(b"git-filter-server", b"version=2") + pktline.text_packets(
    b"capability=clean", b"capability=smudge"
)


def ask(command: bytes, path: bytes, data: bytes, *more: bytes) -> bytes:
    head = pktline.text_packets(b"command=" + command, b"pathname=" + path, *more)
    return head + pktline.content_packets(data)


def success(data: bytes) -> bytes:
    return pktline.text_packets(b"status=success") + pktline.content_packets(data) + pktline.FLUSH


def talk(repo: Repo, *requests: bytes, code: int = 0) -> bytes:
    """Send the filter the given input as git would, and return its answers."""
    done = subprocess.run(
        [*program(), "git", "filter-process"],
        cwd=repo.path,
        env=repo.person.environment(),
        input=b"".join(requests),
        capture_output=True,
        timeout=60,
        check=False,
    )
    repo.stderr = done.stderr.decode()
    assert done.returncode == code, repo.stderr
    return done.stdout


def test_shakes_hands_and_ends_when_git_closes_the_pipe(repo: Repo) -> None:
    assert talk(repo, HELLO) == WELCOME
    assert repo.stderr == ""


@pytest.mark.parametrize("path", FILES)
def test_cleans_and_smudges(repo: Repo, path: str) -> None:
    plain, sealed = repo.read_bytes(path), repo.blob("HEAD", path)
    name = path.encode()
    answer = talk(repo, HELLO, ask(b"clean", name, plain), ask(b"smudge", name, sealed))
    assert answer == WELCOME + success(sealed) + success(plain)


@pytest.mark.slow
def test_content_of_many_packets_comes_back_whole(repo: Repo) -> None:
    plain = "".join(f"KEY{n}='{n * 7919}'\n" for n in range(20_000)).encode()
    answer = talk(repo, HELLO, ask(b"clean", b"big.env", plain))
    stream = io.BytesIO(answer[len(WELCOME) :])
    assert pktline.read_lines(stream) == [b"status=success"]
    sealed = pktline.read_content(stream)
    assert talk(repo, HELLO, ask(b"smudge", b"big.env", sealed)) == WELCOME + success(plain)


def test_an_empty_file_stays_empty_both_ways(repo: Repo) -> None:
    answer = talk(repo, HELLO, ask(b"clean", b"x.env", b""), ask(b"smudge", b"x.env", b""))
    assert answer == WELCOME + success(b"") * 2


def test_a_file_that_cannot_be_sealed_is_an_error_and_the_next_is_filtered(repo: Repo) -> None:
    repo.sealedfiles("lock")
    sealed = repo.blob("HEAD", ENV)
    answer = talk(
        repo, HELLO, ask(b"clean", b"new.env", b"A=s3cr3t"), ask(b"clean", ENV.encode(), sealed)
    )
    assert answer == WELCOME + pktline.text_packets(b"status=error") + success(sealed)
    assert "new.env:1: A cannot be sealed: this clone is locked" in repo.stderr
    assert "s3cr3t" not in repo.stderr


def test_a_smudge_without_a_key_passes_the_tokens_and_says_so_once(
    repo: Repo, tmp_path: Path
) -> None:
    from people import Person

    nobody = Repo(Person.at(tmp_path / "nobody"), repo.path)
    repo.folder("sealedfiles/keys").unlink()
    sealed = [(path.encode(), repo.blob("HEAD", path)) for path in FILES]
    answer = talk(nobody, HELLO, *(ask(b"smudge", path, data) for path, data in sealed))
    assert answer == WELCOME + b"".join(success(data) for _, data in sealed)
    assert nobody.stderr.count("none of your keys can decrypt them") == 1


def test_without_a_sealed_value_there_is_no_message_about_keys(repo: Repo, tmp_path: Path) -> None:
    from people import Person

    nobody = Repo(Person.at(tmp_path / "nobody"), repo.path)
    repo.folder("sealedfiles/keys").unlink()
    assert talk(nobody, HELLO, ask(b"smudge", b"README", b"x\n")) == WELCOME + success(b"x\n")
    assert "stay sealed" not in nobody.stderr


@pytest.mark.parametrize(
    "said", [b"", b"hello\n", b"0008abc", b"zzzz", pktline.text_packets(b"git-filter-client")]
)
def test_a_caller_other_than_git_gets_an_error_without_a_traceback(repo: Repo, said: bytes) -> None:
    talk(repo, said, code=2)
    assert "Traceback" not in repo.stderr
    assert "can be started by git only" in repo.stderr


def test_unknown_keys_and_values_with_equals_signs_are_accepted(repo: Repo) -> None:
    plain, sealed = repo.read_bytes(ENV), repo.blob("HEAD", ENV)
    more = (b"ref=refs/heads/a=b", b"can-delay=1", b"whatever=1")
    answer = talk(repo, HELLO, ask(b"smudge", ENV.encode(), sealed, *more))
    assert answer == WELCOME + success(plain)


def test_no_filter_is_made_before_the_first_file() -> None:
    """Many git commands start a filter but send it no file."""
    out = io.BytesIO()

    def never() -> None:
        raise AssertionError("made a filter for nothing")

    start: Callable[[], object] = never
    serve(io.BytesIO(HELLO), out, start)  # type: ignore[arg-type]
    assert out.getvalue() == WELCOME


@pytest.mark.parametrize(
    "hello",
    [
        (b"other-client", b"version=2"),
        (b"git-filter-client", b"version=3"),
        (b"git-filter-client",),
    ],
)
def test_other_protocols_are_refused(hello: tuple[bytes, ...]) -> None:
    out = io.BytesIO()
    with pytest.raises(pktline.ProtocolError):
        serve(io.BytesIO(pktline.text_packets(*hello)), out, Recorder)
    assert out.getvalue() == b""


class Recorder(Filter):
    """A filter that records its requests."""

    made: ClassVar[list[Recorder]] = []

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, bytes]] = []
        self.made.append(self)

    def clean_or_refuse(self, path: bytes, data: bytes) -> bytes | None:
        self.asked.append(("clean", path, data))
        return None if data == b"refuse" else b"cleaned"

    def smudge(self, path: bytes, data: bytes, treeish: str = "", blob: str = "") -> bytes:
        self.asked.append((f"smudge {treeish} {blob}", path, data))
        return b"smudged"

    def close(self) -> None:
        self.asked.append(("close", b"", b""))


def test_every_request_is_answered_once_in_order() -> None:
    requests = [
        ask(b"clean", b"a", b"1"),
        ask(b"delete", b"a", b"1"),
        ask(b"clean", b"b", b"refuse"),
        ask(b"smudge", b"c", b"2", b"treeish=abc", b"blob=def"),
    ]
    out = io.BytesIO()
    Recorder.made.clear()
    serve(io.BytesIO(HELLO + b"".join(requests)), out, Recorder)
    error = pktline.text_packets(b"status=error")
    assert out.getvalue() == WELCOME + success(b"cleaned") + error * 2 + success(b"smudged")
    (recorder,) = Recorder.made
    assert recorder.asked == [
        ("clean", b"a", b"1"),
        ("clean", b"b", b"refuse"),
        ("smudge abc def", b"c", b"2"),
        ("close", b"", b""),
    ]
