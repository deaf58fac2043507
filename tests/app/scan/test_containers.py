"""Files in containers are read as streams."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
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


def changed(data: bytes, changes: dict[int, bytes]) -> bytes:
    """Return *data* with *changes* at offsets."""
    for at, new in changes.items():
        data = data[:at] + new + data[at + len(new) :]
    return data


def changed_zip(changes: dict[int, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file with *changes*, at offsets from the directory entry of its file."""
    data = zipped("a", TEXT, method)
    start = data.rindex(b"PK\x01\x02")
    return changed(data, {start + at: new for at, new in changes.items()})


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (gzip.compress(TEXT)[:30], EOFError),
        (bz2.compress(TEXT)[:30], EOFError),
        (lzma.compress(TEXT)[:60], EOFError),
        (tar("a", TEXT)[:1000], tarfile.TarError),
        (zipped("a", TEXT)[:60], zipfile.BadZipFile),
        (changed(gzip.compress(TEXT), {10: b"\xff"}), zlib.error),
        (changed(gzip.compress(TEXT), {len(gzip.compress(TEXT)) - 8: b"crc!"}), OSError),
        (changed(bz2.compress(TEXT), {20: b"\xff" * 9}), OSError),
        (changed(lzma.compress(TEXT), {50: b"\xff" * 9}), lzma.LZMAError),
        (changed_zip({-80: b"\xff" * 9}, zipfile.ZIP_LZMA), lzma.LZMAError),
        (changed_zip({8: b"\x01\x00"}), RuntimeError),  # encrypted
        (changed_zip({10: b"\x63\x00"}), NotImplementedError),  # an unknown compression method
        (changed_zip({8: b"\x00\x08", 46: b"\xff"}), ValueError),  # a name that is not UTF-8
    ],
    ids=[
        "gzip-cut-off", "bzip2-cut-off", "xz-cut-off", "tar-cut-off", "zip-cut-off", "gzip-content", "gzip-checksum",
        "bzip2", "xz", "zip-lzma", "zip-encrypted", "zip-unknown-method", "zip-name",
    ],
)  # fmt: skip
def test_each_way_in_which_a_container_is_unreadable(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        files(data)
    assert isinstance(raised.value, UNREADABLE)


def test_a_file_in_a_zip_without_a_name() -> None:
    with pytest.raises(UNREADABLE):
        files(changed_zip({28: b"\x00\x00\x01\x00"}))  # its name is read as an extra field


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
