"""The commits that last changed each value."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock

from check.toy import APP, TEXT
from hypothesis import given
from hypothesis import strategies as st

from history.story import NOW, Story
from sealedfiles.app.history.ages import CurrentValue, ages, since
from sealedfiles.app.history.values import Contents, PastValue, TokenOpener, shown_place
from sealedfiles.git.commits import Change, Commit, Parent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.clone import Clone


def found(story: Story, *closed: str) -> dict[str, str | None]:
    """Return for each value the commit that last changed it."""
    clone = story.clone(*closed)
    try:
        return commits_of(clone, TokenOpener(clone))
    finally:
        clone.objects.close()


def commits_of(clone: Clone, keys: TokenOpener) -> dict[str, str | None]:
    every = ages(clone, lambda _file, _path: True, keys, NOW)
    return {shown_place(one.path): one.commit.oid if one.commit else None for one in every}


def test_a_value_has_the_age_of_the_commit_that_last_changed_it(story: Story) -> None:
    first = story.git("rev-parse", "HEAD").strip()
    second = story.save(TEXT.replace("alpha", "beta"))
    story.save(TEXT.replace("alpha", "beta").replace("shop", "shops"))
    assert found(story) == {"db.user": first, "db.password": second}


def test_a_new_key_is_no_change_for_whoever_can_open_the_values(story: Story) -> None:
    first = story.git("rev-parse", "HEAD").strip()
    story.group("default", 1, 3)
    new = story.save(TEXT, default=3)
    assert found(story) == {"db.user": first, "db.password": first}
    assert found(story, "default") == {"db.user": new, "db.password": new}
    assert commits_of(story.clone(), TokenOpener(None)) == {"db.user": new, "db.password": new}


def test_sealing_a_value_is_no_change(story: Story) -> None:
    story.write(APP, TEXT.replace("alpha", "gamma"))
    plain = story.commit()
    story.write(APP, story.sealed(TEXT.replace("alpha", "gamma")))
    story.commit()
    assert found(story)["db.password"] == plain


def test_a_removed_and_restored_value_dates_from_its_return(story: Story) -> None:
    story.save(TEXT.replace("alpha", "beta"))
    back = story.save(TEXT)
    assert found(story)["db.password"] == back


def test_a_change_on_a_branch_keeps_its_commit_through_the_merge(story: Story) -> None:
    first = story.git("rev-parse", "HEAD").strip()
    story.git("checkout", "-q", "-b", "other")
    change = story.save(TEXT.replace("alpha", "beta"))
    story.git("checkout", "-q", "main")
    story.write("README", "more\n")
    story.commit()
    story.git("merge", "-q", "--no-edit", "other")
    assert found(story) == {"db.user": first, "db.password": change}


def test_a_change_that_was_taken_back_on_a_branch_is_none(story: Story) -> None:
    first = story.git("rev-parse", "HEAD").strip()
    story.git("checkout", "-q", "-b", "other")
    story.save(TEXT.replace("alpha", "beta"))
    story.save(TEXT)
    story.git("checkout", "-q", "main")
    story.git("merge", "-q", "--no-ff", "--no-edit", "other")
    assert found(story) == {"db.user": first, "db.password": first}


def test_a_renamed_file_keeps_the_ages_of_its_values(story: Story) -> None:
    first = story.git("rev-parse", "HEAD").strip()
    story.git("mv", APP, "secrets/new.yaml")
    story.commit()
    assert found(story) == {"db.user": first, "db.password": first}


def test_a_file_renamed_twice_is_followed(story: Story) -> None:
    first = story.git("rev-parse", "HEAD").strip()
    change = story.save(TEXT.replace("alpha", "beta"))
    for old, new in ((APP, "secrets/new.yaml"), ("secrets/new.yaml", "secrets/newer.yaml")):
        story.git("mv", old, new)
        story.commit()
    assert found(story) == {"db.user": first, "db.password": change}


class Passes(list[Change]):
    """Counts how often it is iterated over."""

    passes = 0

    def __iter__(self) -> Iterator[Change]:
        self.passes += 1
        return super().__iter__()


def test_many_new_files_are_not_each_compared_with_all_changes() -> None:
    token = f"sealed:v1:default:{'a' * 16}:{'A' * 8}:{'A' * 64}"
    value = PastValue(b"a", token, frozenset(), None)
    subjects = [CurrentValue(b"%d.yaml" % number, value) for number in range(20)]
    changes = Passes([Change(subject.file, "", "b" * 40) for subject in subjects])
    commit = Commit("", NOW, [Parent("c" * 40, changes)])
    contents = Mock(of=Mock(return_value=[]))
    assert since(subjects, [commit], contents) == [commit] * 20
    assert changes.passes <= 2


def test_what_is_only_staged_has_no_commit_yet(story: Story) -> None:
    first = story.git("rev-parse", "HEAD").strip()
    story.write(APP, story.sealed(TEXT.replace("alpha", "beta"), before=story.read()))
    story.stage()
    assert found(story) == {"db.user": first, "db.password": ""}


def test_a_repository_without_a_commit(story: Story) -> None:
    story.git("update-ref", "-d", "HEAD")
    assert found(story) == {"db.user": None, "db.password": None}


def test_items_of_a_list_have_ages_of_their_own(story: Story) -> None:
    first = story.save("users: [one, two]\n")
    second = story.save("users: [one, three, four]\n")
    every = ages(story.clone(), lambda _file, _path: True, TokenOpener(story.clone()), NOW)
    assert [one.commit and one.commit.oid for one in every] == [first, second]


# a made-up history, with the value of one file in each commit (empty: there is no file)

FILE = b"a.yaml"


class MadeUp(Contents):
    """Contents in which the id of a blob is its only value."""

    def __init__(self) -> None:
        pass

    def of(self, path: bytes, oid: str) -> list[PastValue]:
        return [PastValue(path, "", frozenset(), oid)] if oid else []


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Commit], dict[str, str], dict[str, list[str]]]:
    """Return commits, children first, with the value in each, and their parents."""
    values: dict[str, str] = {"": "here"}
    parents: dict[str, list[str]] = {}
    count = draw(st.integers(1, 8))
    names = ["", *(f"c{n}" for n in range(count))]
    for name in names[1:]:
        values[name] = draw(st.sampled_from(["here", "here", "there", ""]))
    for at, name in enumerate(names):
        older = names[at + 1 :]
        chosen = st.lists(st.sampled_from(older), min_size=at == 0, max_size=3, unique=True)
        parents[name] = draw(chosen) if older else []
    commits = []
    for name in names:
        links = []
        for parent in parents[name] or [""]:
            old = values[parent] if parents[name] else ""
            row = Change(FILE, old, values[name])
            links.append(Parent(parent, [row] if row.old != row.new else []))
        commits.append(Commit(name, 0, links))
    return commits, values, parents


@given(histories())
def test_the_commit_has_the_value_and_no_parent_of_it_has(
    history: tuple[list[Commit], dict[str, str], dict[str, list[str]]],
) -> None:
    commits, values, parents = history
    subject = CurrentValue(FILE, PastValue(FILE, "", frozenset(), "here"))
    (commit,) = since([subject], commits, MadeUp())
    assert commit is not None
    assert values[commit.oid] == "here"
    assert not any(values[parent] == "here" for parent in parents[commit.oid])
    reached = {""}
    for name in values:
        if name in reached:
            reached.update(one for one in parents[name] if values[one] == "here")
    assert commit.oid in reached, "all commits on the way have the value"
