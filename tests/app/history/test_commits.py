"""Commits, and the files that each changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from check.toy import APP

from history.story import DAY, NOW, Story
from sealedfiles.git import commits as module
from sealedfiles.git.commits import is_shallow, read_commits, staged
from sealedfiles.util.progress import Progress

if TYPE_CHECKING:
    import pytest

    from sealedfiles.git.commits import Commit


def read(story: Story, *revisions: str) -> list[Commit]:
    return list(
        read_commits(story.clone().repository, *revisions or ("HEAD",), progress=Progress("x"))
    )


def test_a_first_commit_adds_its_files(story: Story) -> None:
    (commit,) = read(story)
    (parent,) = commit.parents
    assert parent.oid == ""
    assert all(not change.old and change.new for change in parent.changes)
    assert APP.encode() in {change.path for change in parent.changes}


def test_many_commits_are_read_in_batches(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [story.commit() for _ in range(5)]
    whole = read(story)
    monkeypatch.setattr(module, "_MANY", 2)
    assert read(story) == whole
    assert [commit.oid for commit in whole[:5]] == made[::-1]
    assert whole[0].time - whole[1].time == DAY
    assert [list(commit.changes()) for commit in whole[:5]] == [[]] * 5


def test_a_merge_is_compared_with_each_parent(story: Story) -> None:
    story.git("checkout", "-q", "-b", "other")
    story.write("theirs", "1")
    theirs = story.commit()
    story.git("checkout", "-q", "main")
    story.write("ours", "1")
    ours = story.commit()
    story.git("merge", "-q", "--no-edit", "other")
    merge = read(story)[0]
    assert [parent.oid for parent in merge.parents] == [ours, theirs]
    changed = [[change.path for change in parent.changes] for parent in merge.parents]
    assert changed == [[b"theirs"], [b"ours"]]


def test_unusual_names_modes_and_non_files(story: Story) -> None:
    story.write("a\nb\tc: d", "1")
    (story.path / "link").symlink_to("README")
    story.commit()
    (change,) = read(story)[0].changes()
    assert change.path == b"a\nb\tc: d"
    (story.path / "a\nb\tc: d").unlink()
    (story.path / "a\nb\tc: d").symlink_to("README")
    story.commit()
    (gone,) = read(story)[0].changes()
    assert (gone.old, gone.new) == (change.new, "")


def test_settings_of_the_user_change_nothing(story: Story) -> None:
    story.git("mv", APP, "secrets/new.yaml")
    story.commit()
    before = read(story)
    for setting in ("log.showRoot=false", "diff.renames=copies", "core.abbrev=4", "log.date=iso"):
        name, _, value = setting.partition("=")
        story.git("config", name, value)
    assert read(story) == before


def test_what_is_staged_comes_as_a_commit_without_a_name(story: Story) -> None:
    head = story.git("rev-parse", "HEAD").strip()
    story.write("new", "1")
    story.remove(APP)
    story.stage()
    commit = staged(story.clone().repository, NOW)
    assert commit is not None
    assert (commit.oid, commit.time, [parent.oid for parent in commit.parents]) == ("", NOW, [head])
    assert sorted((one.path, bool(one.old), bool(one.new)) for one in commit.changes()) == [
        (b"new", False, True),
        (APP.encode(), True, False),
    ]


def test_nothing_is_staged_before_the_first_commit(story: Story) -> None:
    story.git("update-ref", "-d", "HEAD")
    assert staged(story.clone().repository, NOW) is None


def test_a_shallow_clone_is_known(story: Story) -> None:
    story.commit()
    story.git("clone", "-q", "--depth", "1", f"file://{story.path}", str(story.path / "shallow"))
    assert not is_shallow(story.clone().repository)
    story.path /= "shallow"
    assert is_shallow(story.clone().repository)
