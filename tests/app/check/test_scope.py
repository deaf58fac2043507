"""The versions that are checked: the index, its changes, ranges of commits, the whole history, a push to a
server."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from people import program

from check.toy import APP, TEXT, Toy
from sealedfiles.app.check import trees
from sealedfiles.errors import GitError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

NEW = "new.env"


@pytest.fixture
def leaky(toy: Toy) -> Toy:
    """Add three commits: a leak, another change in the same file, and a fix of the leak."""
    toy.write(NEW, "A=hunter2\n")
    toy.commit()
    toy.write(NEW, "# a remark\nA=hunter2\n")
    toy.commit()
    toy.write(NEW, toy.sealed("# a remark\nA=hunter2\n", NEW))
    toy.commit()
    return toy


def test_a_leak_in_history_is_found_where_it_began_and_only_there(leaky: Toy) -> None:
    (finding,) = leaky.findings("HEAD")
    assert (finding.code, finding.line) == ("plain-value", 1)
    assert finding.commit == leaky.git("rev-parse", "HEAD~2").strip()
    assert leaky.found(history=True) == [f"plain-value {NEW}:1 A"]
    assert leaky.found() == []


def test_the_trees_of_a_long_history_are_not_all_kept(
    leaky: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 5
    monkeypatch.setattr(trees, "_MOST_ENTRIES", most)
    read = trees.Trees._entries
    read_trees = set()

    def entries(of: trees.Trees, oid: str) -> dict[bytes, bytes]:
        found = read(of, oid)
        read_trees.add(oid)
        assert sum(map(len, of._read.values())) <= max(most, len(found))
        return found

    monkeypatch.setattr(trees.Trees, "_entries", entries)
    assert leaky.found(history=True) == [f"plain-value {NEW}:1 A"]
    assert len(read_trees) > most


@pytest.mark.parametrize(
    ("revisions", "count"),
    [
        (["HEAD~3..HEAD"], 1),
        (["HEAD~3.."], 1),
        (["HEAD~2..HEAD"], 1),
        (["HEAD~1..HEAD"], 0),
        (["HEAD^!"], 0),
        (["HEAD~2^!"], 1),
        (["main", "^main~3"], 1),
        (["main", "^main~1"], 0),
        (["main~3...main"], 1),
        (["main~3", "main~2"], 1),
        (["HEAD..HEAD"], 0),
        (["HEAD@{0}"], 1),
        (["HEAD^{/a commit}"], 1),
    ],
)
def test_revisions_are_those_of_git_rev_list(leaky: Toy, revisions: list[str], count: int) -> None:
    assert len(leaky.found(*revisions)) == count


@pytest.mark.parametrize(
    "revision",
    [
        "--all",
        "-1",
        "--output=x",
        "^--all",
        "--not",
        "",
        "^",
        "nothing",
        "HEAD..nothing",
        "HEAD..--all",
        "-x..HEAD",
        f"HEAD:{APP}",
        "HEAD^{tree}",
        "HEAD HEAD",
        "HEAD\n--all",
        "HEAD\0",
        "a..b..c",
        "HEAD..HEAD..HEAD",
        "--",
    ],
)
def test_an_invalid_revision_is_never_passed_to_git(toy: Toy, revision: str) -> None:
    with pytest.raises(UsageError, match="is not a revision"):
        toy.report(revision)


@pytest.mark.parametrize("name", ["--not", "-1"])
def test_a_branch_with_the_name_of_an_option_is_no_revision(toy: Toy, name: str) -> None:
    """git would interpret the name as the option."""
    toy.git("update-ref", f"refs/heads/{name}", "HEAD")
    for revision in (name, f"^{name}", f"{name}..HEAD", f"HEAD..{name}"):
        with pytest.raises(UsageError, match="is not a revision"):
            toy.report(revision)


def test_commits_that_a_remote_has_are_left_out(leaky: Toy) -> None:
    leaky.git("update-ref", "refs/remotes/origin/main", "HEAD~1")
    assert leaky.found("HEAD", known_on="origin") == []
    assert leaky.found("HEAD", known_on="upstream") == [f"plain-value {NEW}:1 A"]
    assert leaky.found("HEAD", known_on="*") == [f"plain-value {NEW}:1 A"], "no pattern"


def test_commits_that_any_reference_has_are_left_out(leaky: Toy) -> None:
    new = leaky.git("commit-tree", "HEAD^{tree}", "-p", "HEAD~3", "-m", "x").strip()
    leaky.git("update-ref", "-d", "HEAD")
    leaky.git("update-ref", "refs/heads/other", f"{new}~1")
    assert leaky.found(new, known_here=True) == []


def test_each_commit_is_checked_with_its_own_policy(toy: Toy) -> None:
    toy.policy("- {files: '**', plain: true}")
    toy.write(NEW, "A=1\n")
    toy.commit()
    toy.policy()
    toy.commit()
    assert toy.found() == [f"plain-value {NEW}:1 A"]
    plain, sealing = toy.findings("HEAD~2..HEAD")[:2], toy.findings("HEAD^!")
    assert {one.code for one in plain} == {"plain-rule"}
    assert [one.code for one in sealing] == ["plain-value"]


def test_a_first_commit_has_nothing_to_be_compared_with(toy: Toy) -> None:
    toy.git("checkout", "-q", "--orphan", "fresh")
    toy.policy("- {files: '**', plain: true}")
    toy.write(APP, TEXT)
    assert toy.staged() == []
    toy.commit()
    assert toy.found("HEAD") == []


def test_commits_from_before_the_repository_was_set_up_are_nothing(toy: Toy) -> None:
    toy.git("checkout", "-q", "--orphan", "before")
    toy.git("rm", "-rqf", ".")
    toy.write("settings.env", "A=1\n")
    toy.commit()
    assert toy.found("HEAD") == []
    assert toy.found(staged=True) == []
    with pytest.raises(UsageError, match="not set up"):
        toy.report()


def test_what_is_staged_is_checked_and_not_what_is_in_the_work_tree(toy: Toy) -> None:
    toy.write(NEW, "A=hunter2\n")
    toy.stage()
    toy.write(NEW, toy.sealed("A=hunter2\n", NEW))
    assert toy.found(staged=True) == [f"plain-value {NEW}:1 A"]
    toy.stage()
    toy.write(NEW, "A=hunter2\n")
    assert toy.found(staged=True) == []


def test_only_what_the_next_commit_changes_is_staged(leaky: Toy) -> None:
    leaky.git("reset", "-q", "--hard", "HEAD~1")
    assert leaky.found() == [f"plain-value {NEW}:2 A"]
    leaky.edit("name: shop", "name: other")
    assert leaky.staged() == []


def test_a_finding_in_the_folder_is_named_when_the_folder_changes(toy: Toy) -> None:
    toy.remove(".sealedfiles/keys/default/bob.grant")
    found = toy.staged()
    assert found
    toy.commit()
    toy.write("README", "other\n")
    assert toy.staged() == []
    toy.git("mv", ".sealedfiles", "away")
    for target in ("away", "elsewhere"):
        (toy.path / ".sealedfiles").unlink(missing_ok=True)
        (toy.path / ".sealedfiles").symlink_to(target)
        assert any(".sealedfiles" in one for one in toy.staged())
        toy.commit()


def test_a_change_of_the_policy_lets_all_files_be_checked(leaky: Toy) -> None:
    leaky.git("reset", "-q", "--hard", "HEAD~1")
    leaky.policy("- {files: 'secrets/*', values: [name, x], plain: true}")
    assert leaky.staged() == [f"plain-value {NEW}:2 A"]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ((b"secrets",), [f"plain-value {APP}:4 db.password"]),
        ((b"secrets/app.yaml", b"nothing-else"), [f"plain-value {APP}:4 db.password"]),
        ((b"secret",), None),
        ((b"new.env",), [f"plain-value {NEW}:1 A"]),
        ((b".sealedfiles",), []),
    ],
)
def test_paths_leave_out_everything_else(
    toy: Toy, paths: tuple[bytes, ...], expected: list[str] | None
) -> None:
    toy.write(NEW, "A=hunter2\n")
    toy.write("nothing-else", "")
    toy.edit(toy.token("password"), "open")
    toy.commit()
    if expected is None:
        with pytest.raises(UsageError, match="no such file"):
            toy.report(paths=paths)
    else:
        assert toy.found(paths=paths) == expected


def test_names_that_need_escapes(toy: Toy) -> None:
    odd = [
        b"secrets/\xff.yaml",
        b"secrets/a\nb.yaml",
        b'secrets/"q".yaml',
        b"secrets/ \x1b[31m.env",
    ]
    for name in odd:
        toy.write(name.decode("utf-8", "surrogateescape"), "A: hunter2\n")
    toy.stage()
    assert sorted(one.path for one in toy.findings(staged=True)) == sorted(odd)
    toy.commit()
    assert sorted(one.path for one in toy.findings("HEAD^!")) == sorted(odd)


def test_keys_that_need_escapes(toy: Toy) -> None:
    toy.write(APP, '{"a\\u001b[31m\\n": {"b.c": 1}}')
    assert toy.staged() == [f'plain-value {APP}:1 "a\\u001b[31m\\u000a"."b.c"']


def test_an_index_of_git_s_own_choice(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git commit -- FILE` creates a separate index and runs the hook with it."""
    toy.write(NEW, "A=hunter2\n")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/other")
    toy.stage()
    assert toy.found(staged=True) == [f"plain-value {NEW}:1 A"]
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert toy.found(staged=True) == []


def test_a_shallow_clone_says_what_it_could_not_compare(leaky: Toy, tmp_path: Path) -> None:
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", leaky.path.as_uri(), str(tmp_path / "shallow")],
        check=True,
    )
    leaky.path = tmp_path / "shallow"
    report = leaky.report("HEAD")
    assert report.findings == []
    assert ["shallow" in note.message for note in report.notes] == [True]


def test_objects_missing_in_a_partial_clone_are_fetched_or_reported(
    leaky: Toy, tmp_path: Path
) -> None:
    leaky.git("config", "uploadpack.allowFilter", "true")
    command = ["git", "clone", "-q", "--no-checkout", "--filter=blob:none", leaky.path.as_uri()]
    subprocess.run([*command, str(tmp_path / "partial")], check=True)
    subprocess.run([*command, str(tmp_path / "offline")], check=True)
    origin, expected = leaky.path, leaky.report("HEAD")
    leaky.path = tmp_path / "partial"
    assert leaky.report("HEAD") == expected
    origin.rename(tmp_path / "away")
    leaky.path = tmp_path / "offline"
    with pytest.raises(GitError, match="this is a partial clone, and objects are missing"):
        leaky.report("HEAD")


def test_commits_put_in_the_place_of_others_hide_nothing(
    leaky: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaky.git("replace", "HEAD~2", "HEAD")
    monkeypatch.setenv("GIT_NO_REPLACE_OBJECTS", "1")  # as the command does
    assert leaky.found("HEAD") == [f"plain-value {NEW}:1 A"]


def test_endlessly_nested_trees_are_abandoned(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "_MOST_FILES", 20_000)
    blob = toy.git("hash-object", "-w", "--stdin").strip()
    entry = f"100644 blob {blob}\t"
    for _ in range(8):
        text = "".join(f"{entry}{n:02}\n" for n in range(20))
        tree = subprocess.run(
            ["git", "mktree"], cwd=toy.path, input=text.encode(), capture_output=True, check=True
        )
        entry = f"040000 tree {tree.stdout.decode().strip()}\t"
    commit = toy.git("commit-tree", tree.stdout.decode().strip(), "-p", "HEAD", "-m", "x").strip()
    with pytest.raises(GitError, match="too many files"):
        toy.report(f"{commit}^!")


# -- a server


@pytest.fixture
def server(leaky: Toy, tmp_path: Path) -> Toy:
    path = tmp_path / "shop.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(leaky.path), str(path)], check=True)
    made = Toy.__new__(Toy)
    made.path = path
    return made


def test_a_bare_repository_has_commits(server: Toy) -> None:
    assert server.found("HEAD") == [f"plain-value {NEW}:1 A"]
    assert server.found(history=True) == [f"plain-value {NEW}:1 A"]
    assert server.found("HEAD^!") == []


def test_a_bare_repository_has_no_index(server: Toy) -> None:
    with pytest.raises(UsageError, match="bare repository"):
        server.report()
    with pytest.raises(UsageError, match="bare repository"):
        server.report(staged=True)


def test_in_git_s_own_folder_there_is_no_work_tree_but_commits(leaky: Toy) -> None:
    leaky.path /= ".git"
    assert leaky.found("HEAD") == [f"plain-value {NEW}:1 A"]


@pytest.mark.slow
def test_pushed_commits_are_checked_before_they_are_accepted(leaky: Toy, server: Toy) -> None:
    """While pre-receive runs, the new objects are in a separate folder, which the environment specifies."""
    command = " ".join(map(shlex.quote, program()))
    script = f'#!/bin/sh\nread old new ref\nexec {command} check --rev "$new" --new\n'
    hook = server.path / "hooks/pre-receive"
    hook.write_text(script)
    hook.chmod(0o755)
    leaky.edit("name: shop", "name: other")
    leaky.commit()
    leaky.git("push", "-q", str(server.path), "main")
    leaky.write("more.env", "B=hunter2\n")
    leaky.commit()
    with pytest.raises(AssertionError, match=r"more\.env:1: B: in plaintext"):
        leaky.git("push", "-q", str(server.path), "main")
    assert "more.env" not in server.git("ls-tree", "-r", "--name-only", "main")
