"""The record of the plaintext that this clone wrote to a working tree: ``.git/sealedfiles/plaintext``.

Anyone with push access can commit a value in plaintext although the policy seals it.  After a checkout has
written the value to the working tree, the index and HEAD may change (`git reset`, `git restore --source`).
Then no version in git distinguishes the value from one that the user typed.  So smudge records a keyed hash
of each such value with its key path, and with its key alone; for a longer value, also a hash without these,
because the user may move the value, and a hash of each of its lines, which may be commented out. Of a comment
it records the values that its entry has, too.  Clean does not turn recorded plaintext into a token.

The file begins with a random salt for this clone.  The hashes do not include file names, because files can be
renamed or copied.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from itertools import islice

from sealedfiles.errors import GitError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import last_key
from sealedfiles.sealing.file import File
from sealedfiles.sealing.sealed_text import TELLING, SealedText
from sealedfiles.sealing.spelling import comparable, comparable_content, telling_lines
from sealedfiles.util import atomic
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import warn

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.sealing.comment_lines import PlacedComment

NAME = "plaintext"
LIMIT = 60_000
"""The minimum number of hashes to keep: three per value, one per line of a longer one."""

RETIRED = b"retired\0"
"""What the record of a value or content begins with that came from a token under a retired key."""
_HEAD = lazy_pattern(r"sealedfiles plaintext v1 ([0-9a-f]{64})")
_ORIGIN = lazy_pattern(r"= ([0-9a-f]{40,64})")
_DIGEST = lazy_pattern(r"[0-9a-f]{32}")
_VALUE, _COMMENT = b"value", b"comment"
_LINES = 1000
"""The number of lines of one value or content that are recorded."""
_SEPARATOR = lazy_pattern(r"[=:\s]+")
_SEPARATORS = 20
"""The number of places in a comment at which a value may begin."""


class PlaintextMemory:
    """The recorded plaintext of one clone.

    If its file cannot be read, or a record was lost, lookups raise GitError.  ``note`` and ``note_retired``
    raise nothing, because a checkout must not fail; if a record is lost, they warn, and leave a mark beside
    the folder, where git has just locked the index.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = folder
        self._file = os.path.join(folder, NAME)
        self._mark = f"{folder}-incomplete"
        self._salt = b""
        self._origins: dict[str, str] = {}
        """The commit from which each hash was checked out, empty if git did not report it; oldest first."""
        self._seen: object = None
        self._has_warned = False

    def __bool__(self) -> bool:
        """Return True if anything is recorded.  If not, no value needs to be hashed."""
        if self.is_incomplete:
            raise GitError(
                f"{self._file} could not be written: plaintext of a checkout may look like yours",
                "free disk space, or make yourself the owner: sudo chown -R $(id -u) .git",
                "discard local changes (git checkout -- FILE), then run: sealedfiles unlock",
            )
        try:
            self._refresh()
        except OSError as error:
            raise GitError(
                f"{self._file} cannot be read ({error.strerror}): "
                "plaintext that a checkout wrote cannot be distinguished from yours",
                "make yourself the owner: sudo chown -R $(id -u) .git",
            ) from None
        return bool(self._origins)

    @property
    def is_incomplete(self) -> bool:
        """Whether a record was lost since ``complete``."""
        return os.path.lexists(self._mark)

    @property
    def is_of_another_user(self) -> bool:
        """Whether this user cannot access the clone's folder; a key that is passed in still works."""
        return os.path.exists(self._folder) and not os.access(self._folder, os.X_OK)

    def origin(self, *records: bytes) -> str | None:
        """Return the commit that wrote one of *records*, empty if it is unknown; None if none is recorded."""
        digests = [self._digest(one) for one in records] if self else []
        found = [self._origins[one] for one in digests if one in self._origins]
        return next(filter(None, found), "") if found else None

    def has_value(self, path: bytes, value: str) -> bool:
        """Return True if the decoded *value* is recorded at the key path *path*.

        A value that is long enough to be recognized may be recorded at any path, because it may have been
        moved.
        """
        return self.origin(*value_records(path, value)) is not None

    def has_comment(self, comment: PlacedComment) -> bool:
        """Return True if *comment*, or a value of it, is recorded."""
        return self.origin(*comment_records(comment)) is not None

    def has_line(self, line: PlacedComment) -> bool:
        """Return True if *line* of a file that does not parse may contain recorded plaintext."""
        records = line_records(line)
        return self.origin(*records, *(RETIRED + one for one in records)) is not None

    def has_content(self, data: bytes) -> bool:
        """Return True if *data* is recorded as the content of a file."""
        return self.origin(content_record(data)) is not None

    def has_retired_value(self, path: bytes, value: str) -> bool:
        """Return True if *value* is recorded at *path* from a token under a retired key."""
        return self.origin(*(RETIRED + one for one in value_records(path, value))) is not None

    def note(
        self,
        values: Iterable[tuple[bytes, str]],
        comments: Iterable[PlacedComment] = (),
        contents: Iterable[bytes] = (),
        commit: str = "",
    ) -> None:
        """Record *values* (key path and decoded value), *comments* and whole *contents*.

        Of a comment without text, which is prose, only what it would be without its sign is recorded.
        *commit* is the commit from which they were checked out; empty if git does not report it.
        """
        found = [*(_of_value(*one) for one in values), *map(_of_comment, comments)]
        records = [record for one in found for record in (*one.placed, *one.anywhere)]
        for content in contents:
            records += [content_record(content), *_content_lines(content)]
        self._note(records, commit)

    def note_retired(
        self,
        values: Iterable[tuple[bytes, str]],
        commit: str = "",
        contents: Iterable[bytes] = (),
        comments: Iterable[PlacedComment] = (),
    ) -> None:
        """Record what tokens under retired keys held; *contents* are those of files without values.

        They are recorded with their keys only, because they may be older values of the user; and for a change
        between a value and a comment, in which the key may not be found, without.
        """
        pairs, texts = [*values], [*comments]
        found = [*(_of_value(*one) for one in pairs), *map(_of_comment, texts)]
        records = [record for one in found for record in one.placed]
        records += _held(_VALUE, [value for _, value in pairs])
        for one in texts:
            records += _held(_COMMENT, _rests(one.text) if not one.values else ())
        self._note([RETIRED + one for one in (*records, *map(content_record, contents))], commit)

    def _note(self, records: list[bytes], commit: str) -> None:
        if not records:
            return
        try:
            atomic.make_private_folder(self._folder)
            with atomic.alone_in(self._folder):
                self._refresh()
                if not self._salt:
                    self._salt = os.urandom(32)
                    self._write_all()
                self._add([self._digest(one) for one in records], commit)
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                with contextlib.suppress(OSError), open(self._mark, "ab"):
                    pass  # even a full disk usually has room for an empty file
                warn(
                    f"{self._file} cannot be written ({error.strerror}): "
                    "this clone has no record of the plaintext that it checked out",
                    "until that is repaired, git add refuses new values",
                )

    def complete(self) -> None:
        """Remove the mark of a lost record: all that the working tree has is recorded again."""
        if not self._has_warned:
            with contextlib.suppress(OSError):
                os.unlink(self._mark)

    def forget(self, values: Iterable[tuple[bytes, str]]) -> None:
        """Remove the records of *values*, which the user accepted."""
        self._forget(record for one in values for record in _all_records(*one))

    def forget_file(self, data: bytes, file: File) -> None:
        """Remove the records of the content, values and comments of *data*, which the user accepted."""
        if self:
            self._forget(_records_of(data, file))

    def _forget(self, records: Iterable[bytes]) -> None:
        if not self:
            return
        with contextlib.suppress(OSError), atomic.alone_in(self._folder):
            self._refresh()
            digests = {self._digest(one) for one in records}
            kept = {one: of for one, of in self._origins.items() if one not in digests}
            if len(kept) < len(self._origins):
                self._origins = kept
                self._write_all()

    def _add(self, digests: list[str], commit: str) -> None:
        new = [one for one in dict.fromkeys(digests) if one not in self._origins]
        self._origins.update(dict.fromkeys(new, commit))
        if len(self._origins) > LIMIT + LIMIT // 4:
            self._origins = dict(list(self._origins.items())[-LIMIT:])
            self._write_all()
        elif new:
            # The empty line terminates a line that a killed process may have left incomplete.
            text = "\n" + _lines(dict.fromkeys(new, commit))
            atomic.append(self._file, text.encode("ascii"))
            self._seen = self._stat()

    def _write_all(self) -> None:
        head = f"sealedfiles plaintext v1 {self._salt.hex()}\n"
        text = head + _lines(self._origins)
        atomic.replace(self._file, text.encode("ascii"), atomic.PRIVATE)
        self._seen = self._stat()

    def _refresh(self) -> None:
        """Read the file if it changed, ignoring damaged lines.  Raises OSError."""
        seen = self._stat()
        if seen == self._seen:
            return
        self._salt, self._origins = b"", {}
        lines = []
        if seen:
            with open(self._file, "rb") as file:
                lines = file.read().decode("ascii", "replace").split("\n")
        self._seen = seen
        head = _HEAD.fullmatch(lines[0]) if lines else None
        if head is None:
            return
        self._salt = bytes.fromhex(head[1])
        commit = ""
        for line in lines[1:]:
            if _DIGEST.fullmatch(line):
                self._origins[line] = commit
            else:
                origin = _ORIGIN.fullmatch(line)
                commit = origin[1] if origin else ""

    def _stat(self) -> object:
        try:
            stat = os.stat(self._file)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _digest(self, record: bytes) -> str:
        import hmac  # imported here: filter processes rarely need it

        return hmac.digest(self._salt, record, "sha256")[:16].hex()


def _lines(origins: dict[str, str]) -> str:
    """Return the lines with hashes, preceded by a line with their commit whenever it changes."""
    out = []
    last = ""
    for digest, commit in origins.items():
        if commit != last:
            out.append(f"= {commit}\n")
            last = commit
        out.append(f"{digest}\n")
    return "".join(out)


class _Records(NamedTuple):
    placed: list[bytes]
    """What is bound to a key."""
    anywhere: list[bytes]


def value_records(path: bytes, value: str) -> list[bytes]:
    """Return the records by which a value is found that was a value, or a comment, when it was recorded."""
    at, pair, anywhere = _at(path, value), _pair(_COMMENT, path, value), _anywhere(value)
    # It may have been a line of a longer one.
    lines = [*_line_records(_COMMENT, value), *_line_records(_VALUE, f"\n{value}")]
    return [at, *pair, *anywhere, *lines, *_held(_COMMENT, [value])]


def comment_records(comment: PlacedComment) -> list[bytes]:
    """Return the records by which a comment is found that was a comment, or a value, when it was recorded."""
    records = [comment_record(comment.text)]
    for path, value in (*comment.values, *comment.uncommented):
        records += [_at(path, value), *_pair(_VALUE, path, value), *_anywhere(value)]
    records += [*_anywhere(comment.text), *_line_records(_VALUE, f"\n{comment.text}")]
    rests = [*_rests(comment.text)]
    return [*records, *_held(_VALUE, rests), *_held(_COMMENT, rests)]


def line_records(line: PlacedComment) -> list[bytes]:
    """Return the records by which a line is found of a file that does not parse."""
    records = _line_records(_COMMENT, f"\n{line.text}")
    for path, value in line.values:
        records += [*_pair(_COMMENT, path, value), *_line_records(_VALUE, f"\n{value}")]
    return [*comment_records(line), *records]


def comment_record(comment: str) -> bytes:
    """Return the record of the text of a comment."""
    return b"comment\0" + _encoded(comment)


def content_record(data: bytes) -> bytes:
    """Return the record of the content of a file."""
    return b"content\0" + comparable_content(data)


def _of_value(path: bytes, value: str, kind: bytes = _VALUE) -> _Records:
    placed = [_at(path, value), *_pair(kind, path, value)]
    return _Records(placed, [*_anywhere(value), *_line_records(kind, value)])


def _of_comment(comment: PlacedComment) -> _Records:
    values = [_of_value(*one, _COMMENT) for one in (*comment.values, *comment.uncommented)]
    placed = [record for one in values for record in one.placed]
    if not comment.text:
        return _Records(
            placed, [one for _, value in comment.uncommented for one in _anywhere(value)]
        )
    anywhere = [record for one in values for record in one.anywhere]
    anywhere += _line_records(_COMMENT, f"\n{comment.text}")
    return _Records([comment_record(comment.text), *placed], anywhere)


def _held(kind: bytes, texts: Iterable[str]) -> list[bytes]:
    """Return the records of what a value or a comment held, without its key."""
    return [b"held\0%b\0%b" % (kind, _encoded(one)) for one in texts if len(one) >= TELLING]


def _rests(text: str) -> Iterator[str]:
    """Yield what may be the value in a comment whose key is written so that no entry is found in it."""
    for separator in islice(_SEPARATOR.finditer(text), _SEPARATORS):
        rest = text[separator.end() :].strip()
        yield from dict.fromkeys((rest, rest.strip("\"'`")))


def _content_lines(data: bytes) -> list[bytes]:
    return _line_records(_VALUE, f"\n{data.decode('utf-8', 'replace')}")


def _at(path: bytes, value: str) -> bytes:
    return b"value\0%d\0%b\0%b" % (len(path), path, _encoded(value))


def _pair(kind: bytes, path: bytes, value: str) -> list[bytes]:
    """Return the record of a value with its key, whatever is above that; none if it is only a list item."""
    key = last_key(path)
    head = key.encode("utf-8", "surrogatepass") if key is not None else b""
    return [b"pair\0%b\0%d\0%b\0%b" % (kind, len(head), head, _encoded(value))] if head else []


def _anywhere(value: str) -> list[bytes]:
    return [b"anywhere\0" + _encoded(value)] if len(value) >= TELLING else []


def _line_records(kind: bytes, text: str) -> list[bytes]:
    lines = islice(dict.fromkeys(telling_lines(text)), _LINES)
    return [b"line\0%b\0%b" % (kind, one.encode("utf-8", "surrogatepass")) for one in lines]


def _encoded(text: str) -> bytes:
    return comparable(text).encode("utf-8", "surrogatepass")


def _all_records(path: bytes, value: str) -> list[bytes]:
    """Return every record that may exist for a value, or for the entry of a comment."""
    found = [_of_value(path, value), _of_value(path, value, _COMMENT)]
    records = [record for one in found for record in (*one.placed, *one.anywhere)]
    records += [record for kind in (_VALUE, _COMMENT) for record in _held(kind, [value])]
    return [*records, *(RETIRED + one for one in records)]


def _records_of(data: bytes, file: File) -> Iterator[bytes]:
    from sealedfiles.sealing.placed_comments import placed_comments  # few files are forgotten

    yield from (content_record(data), RETIRED + content_record(data), *_content_lines(data))
    version = SealedText(data, file)
    for path, value in version.decoded_values():
        yield from _all_records(path, value)
    if version.scan is None or version.form is None:
        return
    for comment in placed_comments(version.text, version.scan, version.form):
        found = _of_comment(comment)
        yield from (*found.placed, *found.anywhere, *(RETIRED + one for one in found.placed))
        for one in (*comment.values, *comment.uncommented):
            yield from _all_records(*one)
