"""Symbolic links that give a file another name, by which a pattern tracks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .toy import APP, Toy

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "password: hunter2-alpha\n"


def link(toy: Toy, path: str, target: str) -> None:
    place: Path = toy.path / path
    place.parent.mkdir(exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    toy.git("add", "--force", path)


def links(findings: list[str]) -> list[str]:
    return [one for one in findings if one.startswith("plain-link")]


@pytest.fixture
def moved(toy: Toy) -> Toy:
    """Somebody has moved the folder ``secrets``, and left a link."""
    toy.policy()
    toy.write(APP, toy.sealed(SECRET))
    toy.commit()
    toy.git("mv", "secrets", "shared")
    link(toy, "secrets", "shared")
    return toy


def test_a_link_in_the_place_of_a_folder(moved: Toy) -> None:
    assert links(moved.staged()) == ["plain-link shared/app.yaml"]
    commit = moved.commit()
    assert links(moved.found(commit)) == ["plain-link shared/app.yaml"]


def test_a_new_file_beyond_it_is_found_when_it_is_staged(moved: Toy) -> None:
    moved.commit()
    moved.write("shared/new.yaml", SECRET)
    moved.stage()
    assert links(moved.staged()) == ["plain-link shared/new.yaml"]


def test_links_of_links_to_a_file_to_the_top_and_in_a_circle(toy: Toy) -> None:
    toy.policy()
    toy.commit()
    toy.write("plain.txt", SECRET)
    link(toy, "other.txt", "./plain.txt")
    link(toy, "secrets/app.yaml", "../other.txt")
    link(toy, "secrets/up", "..")
    link(toy, "secrets/circle", "circle")
    toy.git("add", "--force", "plain.txt")
    assert links(toy.staged()) == ["plain-link plain.txt"] * 2  # as secrets/up/plain.txt, too


@pytest.mark.parametrize("target", ["nothing", "/etc/passwd", "../../x"])
def test_the_target_of_a_link_at_a_tracked_path_may_be_a_secret(toy: Toy, target: str) -> None:
    toy.policy()
    toy.commit()
    link(toy, "secrets/new.yaml", target)
    assert links(toy.staged()) == ["plain-link secrets/new.yaml"]


@pytest.mark.parametrize("is_absolute", [False, True])
def test_a_link_that_leaves_the_repository_and_comes_back(moved: Toy, *, is_absolute: bool) -> None:
    """Where it leads is known only in the clone."""
    link(
        moved, "secrets", f"{moved.path}/shared" if is_absolute else f"../{moved.path.name}/shared"
    )
    assert links(moved.staged()) == ["plain-link shared/app.yaml"]
    assert links(moved.found(moved.commit())) == ["plain-link secrets"]
    moved.write("shared/new.yaml", SECRET)
    moved.stage()
    assert links(moved.staged()) == ["plain-link shared/new.yaml"]


@pytest.mark.parametrize("target", ["../.sealedfiles/notes", "../.gitignore", ".gitattributes"])
def test_a_link_to_a_file_that_is_never_sealed(toy: Toy, target: str) -> None:
    toy.policy()
    toy.commit()
    link(toy, "secrets/new.yaml", target)
    toy.commit()
    real = f"secrets/{target}".replace("secrets/../", "")
    toy.write(real, SECRET)
    toy.stage()
    assert links(toy.staged()) == [f"plain-link {real}"]


def test_a_link_out_of_the_repository_in_the_place_of_a_folder_that_no_pattern_names(
    toy: Toy,
) -> None:
    toy.policy()
    toy.write("conf/a.env", toy.sealed("A=hunter2-alpha\n", "conf/a.env"))
    toy.commit()
    toy.git("rm", "--quiet", "-r", "conf")
    link(toy, "conf", "../elsewhere")
    link(toy, "other", "../elsewhere")
    assert links(toy.staged()) == ["plain-link conf"]


def test_a_link_into_a_submodule(toy: Toy) -> None:
    """What is added beyond it is committed in the other repository."""
    toy.policy()
    toy.write(APP, toy.sealed(SECRET))
    head = toy.commit()
    toy.git("rm", "--quiet", "-r", "secrets")
    (toy.path / "other").mkdir()
    toy.git("update-index", "--add", "--cacheinfo", f"160000,{head},other")
    link(toy, "secrets", "other/folder")
    assert links(toy.staged()) == ["plain-link secrets"]
    toy.commit()
    assert links(toy.found()) == ["plain-link secrets"]


def test_names_in_other_case_where_case_does_not_count(moved: Toy) -> None:
    moved.git("rm", "--quiet", "--cached", "secrets")
    (moved.path / "secrets").unlink()
    link(moved, "SECRETS", "SHARED")
    moved.git("config", "core.ignorecase", "true")
    moved.commit()
    moved.write("shared/new.yaml", SECRET)
    moved.stage()
    assert links(moved.staged()) == ["plain-link shared/new.yaml"]


def test_a_link_to_a_tracked_file_and_one_in_another_place_are_nothing(toy: Toy) -> None:
    toy.policy()
    toy.write(APP, toy.sealed(SECRET))
    toy.write("docs/page.md", "text")
    link(toy, "secrets/other.yaml", "app.yaml")
    link(toy, "manual", "docs")
    link(toy, "elsewhere", "/etc/passwd")
    toy.git("add", "--force", "docs/page.md")
    assert links(toy.staged()) == []


def test_it_can_be_allowed(moved: Toy) -> None:
    moved.policy(more="allow:\n- {finding: plain-link, files: shared/*, reason: meant}\n")
    assert links(moved.staged()) == []
