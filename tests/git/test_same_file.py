"""Names that are one file where a file system ignores case, forms of Unicode, or more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import pytest

from sealedfiles.errors import UsageError
from sealedfiles.git.index import Entry, Listing, entry_line
from sealedfiles.git.same_file import OtherNames, name_in_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.index import Index


class Names:
    """An index with files of these names."""

    def __init__(self, *names: str) -> None:
        paths = sorted(map(os.fsencode, names))
        entries = [Entry(path, "100644", "1" * 40, 0, skip_worktree=False) for path in paths]
        self._listing = Listing(b"".join(b"H " + entry_line(one) for one in entries))

    def stat(self) -> int:
        return 1

    def entries(self) -> Iterator[Entry]:
        return self._listing.entries()

    def with_odd_names(self) -> Iterator[Entry]:
        return self._listing.with_odd_names()


def names(path: str, other: str) -> OtherNames:
    return OtherNames(cast("Index", Names(path, other, "a.txt", "über.txt", "b~1.txt")))


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("secrets/app.yaml", "ſecrets/app.yaml"),
        ("secrets/keys.yaml", "secrets/\u212aeys.yaml"),
        ("secrets/config.yaml", "secrets/con\ufb01g.yaml"),
        ("secrets/café.yaml", "secrets/cafe\u0301.yaml"),
        ("secrets/café.yaml", "secrets/CAFÉ.yaml"),
        ("secrets/straße.yaml", "secrets/strasse.yaml"),
        ("secrets/straße.yaml", "SECRETS/STRASSE.yaml"),
        ("secrets/app.yaml", "secrets\u200c/app.yaml"),
        ("secrets/app.yaml", "secrets/app.yaml\ufeff"),
        ("secrets/app.yaml", "secre\u00adts/app.yaml"),
        ("secrets/app.yaml", "secrets./app.yaml"),
        ("secrets/app.yaml", "secrets/app.yaml. ."),
        ("secrets/app.yaml", "secrets /app.yaml"),
        ("secrets/app.yaml", "secrets/APP~1.YAM"),
        ("secrets/appendix.yaml", "SECRET~2/APPEND~1.YAM"),
        ("secrets/app.yaml", "SECRET~1/app.yaml"),
        (".env", "ENV~1"),
    ],
    ids=ascii,
)
def test_a_name_that_may_be_the_same_file_is_refused(path: str, other: str) -> None:
    with pytest.raises(UsageError, match="which are the same file here"):
        names(path, other).refuse(path.encode())


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("secrets/app.yaml", "secrets/apps.yaml"),
        ("secrets/app.yaml", "secrets/App.yaml"),  # patterns match it
        ("secrets/café.yaml", "secrets/cafe.yaml"),
        ("secrets/app.yaml", "secrets/APP~1.ENV"),
        ("secrets/app.yaml", "SECRET~1/other.yaml"),
        ("secrets/app.yaml", "ſecrets/other.yaml"),
        ("secrets/app.yaml", "secrets\udcff/a\udcff~1.yam"),  # not UTF-8
    ],
    ids=ascii,
)
def test_others_are_not(path: str, other: str) -> None:
    names(path, other).refuse(path.encode())


def test_a_command_takes_the_name_that_git_has() -> None:
    index = cast("Index", Names("secrets/App.yaml", "ſecrets/b.yaml"))
    assert name_in_index(index, b"secrets/app.yaml") == b"secrets/App.yaml"
    assert name_in_index(index, b"secrets/b.yaml") == "ſecrets/b.yaml".encode()
    assert name_in_index(index, b"secrets/c.yaml") == b"secrets/c.yaml"
