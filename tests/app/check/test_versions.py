"""The index has the same files however it is read: as git lists them, or as what differs from HEAD."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from check.toy import APP, TEXT, Toy
from sealedfiles.app.check.run import check, store_of
from sealedfiles.app.check.scope import index_task
from sealedfiles.app.check.versions import IndexVersion, StagedVersion, Version
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.errors import GitError
from sealedfiles.git import index
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import Repository, find_repository

# Each is a file in one state and a folder in another.
PATHS = ["a", "a/b", "a/b/c", "d", "e/f", ".sealedfiles/policy.yaml", ".gitattributes", APP]
MODES = ["100644", "100755", "120000", "160000"]
ENTRIES = st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(MODES), st.booleans()))


def clone_of(toy: Toy) -> Clone:
    repository = find_repository(toy.path)
    assert repository is not None
    return Clone(repository)


def put(toy: Toy, entries: list[tuple[str, str, bool]]) -> None:
    """Add entries to the index, or remove them; later ones replace those that they do not fit to."""
    base = toy.git("rev-list", "--max-parents=0", "HEAD").strip()
    for path, mode, is_there in entries:
        if is_there:
            oid = base if mode == "160000" else toy.git("rev-parse", f"{base}:{APP}").strip()
            toy.git("update-index", "--add", "--replace", "--cacheinfo", f"{mode},{oid},{path}")
        else:
            toy.git("update-index", "--force-remove", path)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(ENTRIES, ENTRIES, st.sets(st.sampled_from(PATHS), max_size=1))
def test_the_index_is_head_and_what_differs(
    toy: Toy,
    old: list[tuple[str, str, bool]],
    new: list[tuple[str, str, bool]],
    conflicts: set[str],
) -> None:
    base = toy.git("rev-list", "--max-parents=0", "HEAD").strip()
    toy.git("reset", "--quiet", base)
    put(toy, old)
    toy.git("commit", "--quiet", "--allow-empty", "--message", "old")
    put(toy, new)
    oid = toy.git("rev-parse", f"{base}:{APP}").strip()
    for path in conflicts:
        toy.git("update-index", "--force-remove", path)
        lines = "".join(f"100644 {oid} {stage}\t{path}\n" for stage in (1, 2))
        toy.git("update-index", "--replace", "--index-info", stdin=lines)
    clone = clone_of(toy)
    store = store_of(clone)
    head = store.resolve("HEAD^{commit}")
    assert head
    listed, staged = IndexVersion(store), StagedVersion(store, Version(store, head))
    for name in map(str.encode, [*PATHS, "none", "a/b/c/d", "e"]):
        assert staged.entry(name) == listed.entry(name), name
        assert staged.has(name) == listed.has(name), name
    assert sorted(staged.unmerged) == sorted(listed.unmerged)
    assert staged.folder() == listed.folder()
    clone.close()


def test_gitmodules_hides_no_submodule(toy: Toy) -> None:
    text = '[submodule "s"]\n\tpath = s\n\turl = ./s\n\tignore = all\n'
    toy.write(".gitmodules", text)
    toy.commit()
    put(toy, [("s", "160000", True)])
    clone = clone_of(toy)
    found = index_task(store_of(clone), everything=False).version.entry(b"s")
    assert found is not None
    assert found.mode == "160000"
    clone.close()


def test_a_repository_without_commits(toy: Toy) -> None:
    toy.git("checkout", "--quiet", "--orphan", "new")
    clone = clone_of(toy)
    version = index_task(store_of(clone), everything=False).version
    assert version.entry(APP.encode()) is not None
    assert APP.encode() in dict(version.files())
    clone.close()


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands with which git was asked to list files, where every index counts as large."""
    monkeypatch.setattr(index, "_LARGE", 0)
    run = Repository.run
    found: list[tuple[str, ...]] = []

    def recorded(of: Repository, *arguments: str, **options: Any) -> bytes:
        if arguments[0] in ("ls-files", "ls-tree", "diff-index", "status", "diff"):
            found.append(arguments)
        return run(of, *arguments, **options)

    monkeypatch.setattr(Repository, "run", recorded)
    return found


def staged_findings(toy: Toy) -> list[str]:
    clone = clone_of(toy)
    try:
        return [one.code for one in check(clone, Wanted(staged=True, hook=True)).findings]
    finally:
        clone.close()


def test_to_commit_a_sealed_file_git_need_not_list_all_files(
    toy: Toy, lists: list[tuple[str, ...]]
) -> None:
    toy.write(APP, toy.sealed(TEXT.replace("hunter2-alpha", "hunter3-alpha")))
    toy.stage()
    lists.clear()
    assert staged_findings(toy) == []
    whole = [one for one in lists if one[0] == "ls-files" and "--" not in one]
    assert whole == []
    assert len([one for one in lists if one[0] == "diff-index"]) == 1


def test_a_new_file_may_have_another_name_by_a_link(toy: Toy, lists: list[tuple[str, ...]]) -> None:
    (toy.path / "secrets" / "shared").symlink_to("../shared")
    toy.write(".gitattributes", toy.read(".gitattributes") + "secrets/shared -filter\n")
    toy.commit()
    toy.write("shared/b.yaml", "password: hunter2\n")
    toy.stage()
    lists.clear()
    assert staged_findings(toy) == ["plain-link"]
    whole = [one for one in lists if one[0] == "ls-files" and "--" not in one]
    assert len(whole) == 1


def test_a_folder_that_is_twice_in_head(toy: Toy) -> None:
    oid = toy.git("rev-parse", "HEAD:secrets").strip()
    stored = toy.git("cat-file", "-p", "HEAD^{tree}")
    tree = toy.git("mktree", stdin=stored + f"040000 tree {oid}\tsecrets\n").strip()
    commit = toy.git("commit-tree", tree, "-m", "x").strip()
    toy.git("update-ref", "HEAD", commit)
    toy.write(APP, toy.sealed(TEXT.replace("hunter2-alpha", "hunter3-alpha")))
    toy.stage()
    with pytest.raises(GitError, match="malformed"):
        staged_findings(toy)
