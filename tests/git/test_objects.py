"""Git objects are read through one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from check.toy import APP, Toy, isolate

from sealedfiles.git import child
from sealedfiles.git.objects import Objects, parse_tree
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD = "secrets/a\nb"
"""git's process reads one name per line."""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    isolate(monkeypatch, tmp_path)
    made = Toy(tmp_path / "shop")
    made.write(ODD, "odd")
    made.write("empty.txt", "")
    made.commit()
    return made


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[child.Child]:
    """The list of started processes."""
    found: list[child.Child] = []

    def start(*arguments: Any) -> child.Child:
        found.append(original(*arguments))
        return found[-1]

    original = child.start
    monkeypatch.setattr(child, "start", start)
    return found


@pytest.fixture
def objects(toy: Toy) -> Iterator[Objects]:
    repository = find_repository(toy.path)
    assert repository is not None
    made = Objects(repository)
    yield made
    made.close()


def name(path: str) -> bytes:
    return f"HEAD:{path}".encode()


def test_objects_by_name(toy: Toy, objects: Objects) -> None:
    assert objects.blob(name(APP)) == toy.read().encode()
    assert objects.blob(name("empty.txt")) == b""
    assert objects.blob(name("missing")) is None
    assert objects.blob(name(ODD)) == b"odd"
    assert objects.blob(b"HEAD:no\nsuch") is None
    assert objects.blob(name("secrets")) is None, "a folder"
    tree = objects.read(name("secrets"))
    assert tree is not None
    assert tree.type == "tree"
    assert tree.oid == toy.git("rev-parse", "HEAD:secrets").strip()
    assert set(parse_tree(tree.data, len(tree.oid) // 2)) == {"a\nb", "app.yaml"}


def test_several_at_once(toy: Toy, objects: Objects) -> None:
    """Each answer is matched to its name, even if objects are missing, in any order."""
    objects.read_ahead([name(one) for one in ("missing", ODD, "empty.txt", APP)])
    assert objects.blob(name(APP)) == toy.read().encode()
    assert objects.blob(name(".gitattributes")) == (toy.path / ".gitattributes").read_bytes()
    assert objects.blob(name(ODD)) == b"odd"
    assert objects.blob(name("missing")) is None
    assert objects.blob(name("empty.txt")) == b""


def test_an_answer_is_given_once(toy: Toy, objects: Objects) -> None:
    """The name may refer to another object later."""
    objects.read_ahead([name(APP)])
    old = toy.read().encode()
    toy.write(APP, "name: other\n")
    toy.commit()
    assert objects.blob(name(APP)) == old
    assert objects.blob(name(APP)) == b"name: other\n"
    objects.read_ahead([name(APP)])
    objects.read_ahead([])
    toy.write(APP, "name: third\n")
    toy.commit()
    assert objects.blob(name(APP)) == b"name: third\n"


def test_the_last_object_is_not_requested_again_by_its_id(
    toy: Toy, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    oid = toy.git("rev-parse", name(APP).decode()).strip().encode()
    blob, empty = objects.blob(oid), objects.blob(name("empty.txt"))
    assert (blob, empty) == (toy.read().encode(), b"")
    monkeypatch.setattr(objects, "_request", None)
    assert objects.blob(oid) == blob
    with pytest.raises(TypeError):
        objects.blob(name("empty.txt"))


def test_one_process_answers_and_ends(objects: Objects, started: list[child.Child]) -> None:
    objects.close()
    objects.read_ahead([name("empty.txt")])
    for path in (APP, "empty.txt", APP):
        assert objects.blob(name(path)) is not None
    assert len(started) == 1
    objects.close()
    assert started[0].stdin
    assert started[0].stdin.closed
    assert objects.blob(name("empty.txt")) == b""
    assert len(started) == 2
