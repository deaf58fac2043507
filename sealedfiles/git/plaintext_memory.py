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
from collections.abc import Iterable

from sealedfiles.errors import GitError
from sealedfiles.git.plaintext_records import (
    RETIRED,
    all_records,
    also_within,
    comment_records,
    content_lines,
    content_record,
    line_records,
    of_comment,
    of_value,
    only_within,
    records_of,
    retired_records,
    value_records,
)
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import File
from sealedfiles.util import atomic
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import warn

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.sealing.comment_lines import PlacedComment

NAME = "plaintext"
LIMIT = 60_000
"""The minimum number of hashes to keep: three per value, one per line of a longer one."""

_HEAD = lazy_pattern(r"sealedfiles plaintext v1 ([0-9a-f]{64})")
_ORIGIN = lazy_pattern(r"= ([0-9a-f]{40,64})")
_DIGEST = lazy_pattern(r"[0-9a-f]{32}")


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
            raise unreadable(self._file, error) from None
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

    def has_value(self, path: bytes, value: str, within: bytes = b"") -> bool:
        """Return True if the decoded *value* is recorded at the key path *path*, in any file or in *within*.

        A value that is long enough to be recognized may be recorded at any path, because it may have been
        moved.
        """
        return self.origin(*also_within(within, value_records(path, value))) is not None

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
        within: bytes = b"",
    ) -> None:
        """Record *values* (key path and decoded value), *comments* and whole *contents*.

        *commit* is the commit from which they were checked out; empty if git does not report it.  They count
        in the file at *within* only, or in any file if it is empty.
        """
        found = [*(of_value(*one) for one in values), *map(of_comment, comments)]
        records = [record for one in found for record in (*one.placed, *one.anywhere)]
        for content in contents:
            records += [content_record(content), *content_lines(content)]
        self._note(only_within(within, records) if within else records, commit)

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
        records = [*retired_records(values, comments), *map(content_record, contents)]
        self._note([RETIRED + one for one in records], commit)

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
            self.lose(error)

    def lose(self, error: OSError) -> None:
        """Warn that a record was lost due to *error*, and leave the mark."""
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

    def forget(self, values: Iterable[tuple[bytes, str]], within: bytes = b"") -> None:
        """Remove the records of *values*, which the user accepted in the file at *within*."""
        records = [record for one in values for record in all_records(*one)]
        self._forget(also_within(within, records))

    def forget_file(self, data: bytes, file: File) -> None:
        """Remove the records of the content, values and comments of *data*, which the user accepted."""
        if self:
            self._forget(also_within(file.path, [*records_of(data, file)]))

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
            self._seen = atomic.state_of(self._file)

    def _write_all(self) -> None:
        head = f"sealedfiles plaintext v1 {self._salt.hex()}\n"
        text = head + _lines(self._origins)
        atomic.replace(self._file, text.encode("ascii"), atomic.PRIVATE)
        self._seen = atomic.state_of(self._file)

    def _refresh(self) -> None:
        """Read the file if it changed, ignoring damaged lines.  Raises OSError."""
        seen = atomic.state_of(self._file)
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

    def _digest(self, record: bytes) -> str:
        import hmac  # imported here: filter processes rarely need it

        return hmac.digest(self._salt, record, "sha256")[:16].hex()


def unreadable(file: str, error: OSError) -> GitError:
    """Return the error for a *file* of records that cannot be read."""
    return GitError(
        f"{file} cannot be read ({error.strerror}): "
        "plaintext that a checkout wrote cannot be distinguished from yours",
        "make yourself the owner: sudo chown -R $(id -u) .git",
    )


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
