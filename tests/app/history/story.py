"""A repository with one commit per day, with the keys of all groups or of some."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from check.toy import APP, Toy
from keys.kit import group_key

from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository
from sealedfiles.model.token import FileKey, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.app.history.exposure import ExposureReport
    from sealedfiles.git.commits import Commit

DAY = 24 * 60 * 60
NOW = 1_780_000_000 // DAY * DAY
KEYS = {group_key(number).key_id: group_key(number).secret for number in range(1, 7)}


class AllKeys:
    """The keys of all groups except *closed*."""

    def __init__(self, *closed: str) -> None:
        self._closed = closed

    def for_prefix(self, prefix: str) -> FileKey | None:
        token = split(prefix)
        if token.group in self._closed:
            return None
        return FileKey(token.group, KEYS[token.key_id], token.file_id)

    locked = False

    def holds(self, group: str) -> bool:
        """Return False: these tests seal nothing."""
        del group
        return False


class Story(Toy):
    """A repository in which each commit is a day newer than the previous one."""

    days = 100

    def commit(self) -> str:
        self.days -= 1
        os.environ["GIT_COMMITTER_DATE"] = f"{NOW - self.days * DAY} +0000"
        return super().commit()

    def save(self, text: str | bytes, path: str = APP, **numbers: int) -> str:
        """Commit a text, sealed with the current keys, or with other *numbers*."""
        file = self.path / path
        before = file.read_bytes() if file.exists() else b""
        self.write(path, self.sealed(text, path, before, **numbers))
        return self.commit()

    def leave(self, name: str, group: str = "default", *numbers: int) -> str:
        """Commit the removal of a reader from a group, which then has keys with these *numbers*."""
        self.group(group, *numbers, readers="alice")
        (self.path / f".sealedfiles/keys/{group}/{name}.age").unlink(missing_ok=True)
        return self.commit()

    def start_anew(self) -> None:
        """Remove all commits, but keep the working tree."""
        self.git("checkout", "-q", "--orphan", "anew")
        self.git("branch", "-q", "-D", "main")

    def clone(self, *closed: str) -> Clone:
        """Return a clone with the keys of all groups except *closed*."""
        repository = find_repository(self.path)
        assert repository is not None
        clone = Clone(repository)
        clone.__dict__["ring"] = AllKeys(*closed)
        return clone


def shown(report: ExposureReport) -> list[str]:
    """Return each row as ``class file: place``."""
    return [f"{kind} {place}" for kind, place, _ in rows(report)]


def rows(report: ExposureReport) -> Iterator[tuple[str, str, Commit | None]]:
    from sealedfiles.app.history.values import shown_place

    for row in report.rows:
        yield row.kind, f"{row.file.decode()}: {shown_place(row.path)}", row.commit
