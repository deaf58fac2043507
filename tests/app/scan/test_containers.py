"""Files in containers are read as streams."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from sealedfiles.app.scan import containers
from sealedfiles.app.scan.containers import UNREADABLE, files_in

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = b"content\n" * 300


def tar(name: str, content: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as file:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        file.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "target"
        file.addfile(link)
    return data.getvalue()


def zipped(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as file:
        file.writestr("folder/", b"")
        file.writestr(name, content)
    return data.getvalue()


class Trickle:
    """A stream that cannot seek."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(size)


def files(data: bytes) -> dict[bytes, bytes]:
    found = {}
    for name, content in files_in(b"x", Trickle(data)):
        text = b""
        while chunk := content.read(1000):
            text += chunk
        found[name] = text
    return found


@pytest.mark.parametrize("text", [b"", b"a", b"a" * 511, b"a" * 512, TEXT, b"PK\x03", b"\x1f\x8b"])
def test_a_file_that_is_no_container_is_itself(text: bytes) -> None:
    assert files(text) == {b"x": text}


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, bytes])
def test_compressed_files_and_containers_in_containers(compress: Callable[[bytes], bytes]) -> None:
    assert files(compress(TEXT)) == {b"x": TEXT}
    assert files(compress(tar("a/b", TEXT))) == {b"x!a/b": TEXT}
    image = tar("layer.tar", compress(tar("etc/conf", TEXT)))
    assert files(image) == {b"x!layer.tar!etc/conf": TEXT}
    assert files(zipped("lib.whl", zipped("a.py", TEXT))) == {b"x!lib.whl!a.py": TEXT}


def test_what_is_deeper_than_expected_is_not_unpacked() -> None:
    data = TEXT
    for _ in range(6):
        data = gzip.compress(data)
    (content,) = files(data).values()
    assert gzip.decompress(gzip.decompress(content)) == TEXT


@pytest.mark.parametrize(
    "data",
    [gzip.compress(TEXT)[:30], tar("a", TEXT)[:1000], zipped("a", TEXT)[:60]],
    ids=["gzip", "tar", "zip"],
)
def test_a_container_that_is_cut_off_is_unreadable(data: bytes) -> None:
    with pytest.raises(UNREADABLE):
        files(data)


@pytest.mark.parametrize(
    "data",
    [lzma.compress(TEXT), zipped("a", TEXT, zipfile.ZIP_LZMA)],
    ids=["xz", "zip"],
)
def test_damaged_xz_is_unreadable(data: bytes) -> None:
    at = max(0, data.rfind(b"PK\x03\x04")) + 60
    damaged = data[:at] + bytes(255 - byte for byte in data[at : at + 9]) + data[at + 9 :]
    with pytest.raises(UNREADABLE):
        files(damaged)


def test_a_file_in_a_zip_without_a_name() -> None:
    data = zipped("a", TEXT)
    start, end = data.rindex(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry = bytearray(data[start:end])
    entry[28:32] = b"\x00\x00\x01\x00"  # its name is read as an extra field
    with pytest.raises(UNREADABLE):
        files(data[:start] + bytes(entry) + data[end:])


def test_a_small_file_does_not_expand_without_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_MOST_EXPANDED", 10_000)
    assert files(gzip.compress(bytes(9_999)))
    with pytest.raises(UNREADABLE):
        files(gzip.compress(bytes(1 << 20)))


def test_a_large_zip_in_a_stream_is_searched_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped("a", TEXT)
    monkeypatch.setattr(containers, "_LARGEST_ZIP", len(data) - 1)
    assert files(data) == {b"x": data}
    (name,) = (name for name, _ in files_in(b"x", io.BytesIO(data), io.BytesIO(data)))
    assert name == b"x!a"
