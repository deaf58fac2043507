"""``.sealedfiles/`` in a commit and in the index: symlinks are refused, and conflicts are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from check.toy import Toy

from sealedfiles.errors import ConflictError, TamperedError
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import IndexFolder, TreeFolder
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealedfiles.keys.folder import MetadataSource

EPOCHS = "keys/default/epochs"


@pytest.fixture(params=["commit", "index"])
def folder(toy: Toy, request: pytest.FixtureRequest) -> Iterator[Callable[[], MetadataSource]]:
    """Return the folder in git with the current changes in the working tree."""
    repository = find_repository(toy.path)
    assert repository is not None
    clone = Clone(repository)

    def read() -> MetadataSource:
        if request.param == "index":
            toy.stage()
            return IndexFolder(clone.objects, clone.index)
        return TreeFolder(clone.objects, toy.commit())

    yield read
    clone.objects.close()


def test_files_and_lists(toy: Toy, folder: Callable[[], MetadataSource]) -> None:
    here = folder()
    assert here.read(EPOCHS) == (toy.path / ".sealedfiles" / EPOCHS).read_bytes()
    assert here.read("policy.yaml") is not None
    assert here.read("keys/default/nobody.age") is None
    assert here.read("nothing/at/all") is None
    assert here.read("keys/default") is None, "a folder"
    assert here.list("keys") == ["default", "production"]
    assert "epochs" in here.list("keys/default")
    assert here.list("nothing") == []


@pytest.mark.parametrize("name", [EPOCHS, "policy.yaml"])
def test_a_link_is_refused(toy: Toy, folder: Callable[[], MetadataSource], name: str) -> None:
    path = toy.path / ".sealedfiles" / name
    path.unlink()
    path.symlink_to("../../outside")
    with pytest.raises(TamperedError, match="symbolic link"):
        folder().read(name)


def test_a_folder_that_is_a_link_has_nothing(
    toy: Toy, folder: Callable[[], MetadataSource]
) -> None:
    (toy.path / ".sealedfiles").rename(toy.path / "other")
    (toy.path / ".sealedfiles").symlink_to("other")
    here = folder()
    assert here.read("policy.yaml") is None
    assert here.list("keys") == []


def test_a_conflict_is_named(toy: Toy) -> None:
    repository = find_repository(toy.path)
    assert repository is not None
    clone = Clone(repository)
    oid = toy.git("rev-parse", f":.sealedfiles/{EPOCHS}").strip()
    lines = "".join(f"100644 {oid} {n}\t.sealedfiles/{EPOCHS}\n" for n in (1, 2, 3))
    toy.git("update-index", "--index-info", stdin=f"0 {'0' * 40}\t.sealedfiles/{EPOCHS}\n{lines}")
    here = IndexFolder(clone.objects, clone.index)
    with pytest.raises(ConflictError, match="merge conflict"):
        here.read(EPOCHS)
    assert here.read("policy.yaml") is not None
    assert "epochs" in here.list("keys/default")
    clone.objects.close()
