"""The merge driver in git commands: values merge where tokens, as text, would conflict."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    YAML,
    Installation,
    assert_clean,
    assert_no_plaintext,
    assert_sound,
    every_file,
    every_reader,
    groups,
    tokens,
    unreadable,
)

from sealedfiles.git.merge_driver import merge_driver

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo

pytestmark = pytest.mark.many_variants

OURS = {"db-alpha": "db-beta"}
THEIRS = {"s3cr3t-user": "s3cr3t-admin", "cache-alpha": "cache-beta"}
"""Edits of values on lines that are neighbours of the one that is ours."""


@pytest.fixture
def near(repo: Repo) -> Repo:
    """A clone whose values are on adjacent lines."""
    for path in FILES:
        lines = repo.read(path).split("\n")
        kept = [line for line in lines if line.strip() and not line.strip().startswith("#")]
        repo.write(path, "\n".join(kept) + "\n")
    repo.commit("close together")
    return repo


def on_two_branches(repo: Repo, ours: dict[str, str], theirs: dict[str, str], *paths: str) -> None:
    """Make the edits *theirs* (old: new) on ``feature`` and *ours* on ``main``, which is checked out at
    the end."""
    for branch, edits in (("feature", theirs), ("main", ours)):
        options = ["--create"] if branch == "feature" else []
        repo.git("switch", "--quiet", *options, branch)
        for path in paths or FILES:
            for old, new in edits.items():
                repo.edit(path, old, new)
        repo.commit(f"on {branch}")


def with_all(texts: dict[str, str], *edits: dict[str, str]) -> dict[str, str]:
    """Return *texts* with every edit made."""
    changed = dict(texts)
    for path, text in texts.items():
        for edit in edits:
            for old, new in edit.items():
                text = text.replace(old, new)
        changed[path] = text
    return changed


# -- git's commands


@every_reader
def test_a_merge_of_neighbouring_changes_is_no_conflict(near: Repo) -> None:
    before = near.texts()
    on_two_branches(near, OURS, THEIRS)
    near.git("merge", "feature")
    assert near.texts() == with_all(before, OURS, THEIRS)
    for path in FILES:
        ours, theirs = near.tokens("main^1", path), near.tokens("feature", path)
        assert set(near.tokens("HEAD", path)) <= set(ours) | set(theirs)
    assert_sound(near)


@pytest.mark.parametrize("command", ["rebase", "cherry-pick", "stash", "am"])
def test_the_same_in_every_command_that_merges(near: Repo, command: str) -> None:
    before = near.texts()
    on_two_branches(near, OURS, THEIRS)
    if command == "rebase":
        near.git("switch", "--quiet", "feature")
        near.git("rebase", "main")
    elif command == "cherry-pick":
        near.git("cherry-pick", "feature")
    elif command == "stash":
        near.git("reset", "--quiet", "--hard", "HEAD~")
        for path, text in with_all(before, OURS).items():
            near.write(path, text)
        near.git("stash")
        near.git("merge", "--quiet", "feature")
        near.git("stash", "pop")
        near.git("commit", "--quiet", "--all", "-m", "popped")
    else:
        (patch,) = near.git("format-patch", "-1", "feature", "-o", ".git/patches").split()
        near.git("am", "-3", patch)
    assert near.texts() == with_all(before, OURS, THEIRS)
    assert_sound(near)


def test_a_revert_of_one_of_two_neighbouring_changes(near: Repo) -> None:
    before = near.texts()
    for edits in (OURS, THEIRS):
        for path in FILES:
            for old, new in edits.items():
                near.edit(path, old, new)
        near.commit("an edit")
    near.git("revert", "--no-edit", "HEAD~")
    assert near.texts() == with_all(before, THEIRS)
    assert_sound(near)


@every_file
def test_a_conflict_is_readable_and_contains_only_its_line(near: Repo, path: str) -> None:
    text = near.read(path)
    on_two_branches(near, OURS, {**THEIRS, "db-alpha": "db-gamma"}, path)
    near.git("merge", "feature", code=1)
    assert near.status() == [f"UU {path}"]
    line = next(line for line in text.split("\n") if "db-alpha" in line)
    beta, gamma = (line.replace("alpha", word) for word in ("beta", "gamma"))
    conflict = f"<<<<<<< HEAD\n{beta}\n=======\n{gamma}\n>>>>>>> feature"
    assert near.read(path) == with_all({path: text}, THEIRS)[path].replace(line, conflict)
    assert_no_plaintext(near)
    near.write(path, near.read(path).replace(conflict, gamma))
    near.git("add", path)
    near.git("commit", "--no-edit")
    assert set(near.tokens("HEAD", path)) <= {
        *near.tokens("HEAD^1", path),
        *near.tokens("HEAD^2", path),
    }
    assert_sound(near)


def test_a_value_removed_here_and_changed_there_is_a_conflict(repo: Repo) -> None:
    line = "  user: s3cr3t-user\n"
    on_two_branches(repo, {line: ""}, {"s3cr3t-user": "s3cr3t-admin"}, YAML)
    repo.git("merge", "feature", code=1)
    shown = "<<<<<<< HEAD\n=======\n  user: s3cr3t-admin\n>>>>>>> feature\n"
    assert repo.read(YAML) == FILES[YAML].replace(line, shown)
    assert_no_plaintext(repo)


def test_a_conflict_that_a_favoured_side_cannot_resolve_is_reported(repo: Repo) -> None:
    text = FILES[YAML]
    repo.git("switch", "--quiet", "--create", "feature")
    repo.write(YAML, text + "added: s3cr3t-theirs\n")
    repo.commit("theirs")
    repo.git("switch", "--quiet", "main")
    repo.write(YAML, "added: s3cr3t-ours\n" + text)
    repo.commit("ours")
    repo.git("merge", "-X", "ours", "feature", code=1)
    assert f"{YAML} has conflicts in spite of -X ours: a value would get another key" in repo.stderr
    shown = repo.read(YAML)
    assert "s3cr3t-ours" in shown
    assert "s3cr3t-theirs" in shown
    assert_no_plaintext(repo)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["rebase", "cherry-pick"])
def test_a_favoured_side_wins_also_after_a_stop(repo: Repo, command: str) -> None:
    """When a command is continued, its command line no longer contains the option."""
    on_two_branches(repo, OURS, {"db-alpha": "db-gamma"})
    repo.git("switch", "--quiet", "--create", "more", "feature")
    repo.write("README.md", "theirs\n")
    repo.commit("something else")
    repo.edit(YAML, "api-alpha", "api-gamma")
    repo.commit("once more")
    repo.git("switch", "--quiet", "main")
    repo.write("README.md", "ours\n")
    repo.edit(YAML, "api-alpha", "api-beta")
    repo.commit("something else here")
    # README.md is in conflict whichever side is favoured: one of them has taken it away.
    repo.git("rm", "--quiet", "README.md")
    repo.commit("no readme")
    if command == "rebase":
        repo.git("switch", "--quiet", "more")
        repo.git("rebase", "-X", "theirs", "main", code=1)
    else:
        repo.git("cherry-pick", "-X", "theirs", "main~3..more", code=1)
    repo.git("rm", "--quiet", "README.md")
    repo.git("-c", "core.editor=true", command, "--continue", code=None)
    if command == "cherry-pick" and repo.folder("CHERRY_PICK_HEAD").exists():
        repo.git(command, "--skip")
    assert "s3cr3t-db-gamma" in repo.read(YAML)
    assert "s3cr3t-api-gamma" in repo.read(YAML)
    assert "<<<<" not in repo.read(YAML)
    assert_no_plaintext(repo)


# -- what text could not merge

RENAMED = {
    ENV: ("DB_PASSWORD=", "DATABASE_PASSWORD="),
    JSON: ('"password":', '"pass":'),
    YAML: ("password:", "pass:"),
}


def test_a_key_renamed_here_and_its_value_changed_there(repo: Repo) -> None:
    before = repo.texts()
    for branch in ("feature", "main"):
        repo.git("switch", "--quiet", *(["--create"] if branch == "feature" else []), branch)
        for path, (old, new) in RENAMED.items():
            repo.edit(path, *((old, new) if branch == "main" else ("db-alpha", "db-gamma")))
        repo.commit(f"on {branch}")
    repo.git("merge", "feature")
    for path, (old, new) in RENAMED.items():
        assert repo.read(path) == before[path].replace(old, new).replace("db-alpha", "db-gamma")
        assert groups(repo.read(path)) == unreadable(repo)
    assert_sound(repo)


def test_two_changes_within_one_certificate(repo: Repo) -> None:
    path = "secrets/tls.yaml"
    body = "".join(f"  s3cr3t-line-{number}\n" for number in range(6))
    repo.write(path, f"certificate: |\n{body}")
    repo.commit("a certificate")
    on_two_branches(repo, {"line-1": "line-ours"}, {"line-4": "line-theirs"}, path)
    repo.git("merge", "feature")
    assert "s3cr3t-line-ours" in repo.read(path)
    assert "s3cr3t-line-theirs" in repo.read(path)
    assert len(repo.tokens("HEAD", path)) == 1
    assert_sound(repo)


def test_windows_line_endings(near: Repo) -> None:
    for path in FILES:
        near.write(path, near.read(path).replace("\n", "\r\n"))
    near.commit("from another editor")
    before = {path: near.read_bytes(path).decode() for path in FILES}
    on_two_branches(near, OURS, THEIRS)
    near.git("merge", "feature")
    after = {path: near.read_bytes(path).decode() for path in FILES}
    assert after == with_all(before, OURS, THEIRS)
    assert_sound(near)


# -- rotation


@pytest.mark.slow
@pytest.mark.parametrize("rotated_here", [True, False])
def test_a_rotation_merges_with_edits(repo: Repo, rotated_here: bool) -> None:
    """The new value keeps the key that its author had, until it is resealed."""
    before = repo.texts()
    repo.git("switch", "--quiet", "--create", "feature")
    for path in FILES:
        repo.edit(path, "db-alpha", "db-beta")
    repo.commit("edit")
    edited = {path: repo.tokens("feature", path) for path in FILES}
    repo.git("switch", "--quiet", "main")
    repo.sealedfiles("rotate", "default")
    repo.commit("rotate")
    rotated = {path: repo.tokens("main", path) for path in FILES}
    new = {token.split(":")[3] for token in rotated[ENV] if ":default:" in token}
    if not rotated_here:
        repo.git("switch", "--quiet", "feature")
    repo.git("merge", "feature" if rotated_here else "main")
    assert repo.texts() == with_all(before, OURS)
    for path in FILES:
        found = repo.tokens("HEAD", path)
        assert len(set(found) & set(rotated[path])) == len(found) - 1
        assert set(found) <= {*rotated[path], *edited[path]}
    repo.sealedfiles("reseal", *FILES)
    for path in FILES:
        found = repo.tokens("", path)
        assert {token.split(":")[3] for token in found if ":default:" in token} == new
    repo.commit("under the new key")
    assert repo.texts() == with_all(before, OURS)
    assert_sound(repo)


def test_a_clone_that_was_set_up_before_forgets_that_merges_renormalize(repo: Repo) -> None:
    """With that setting, git replaces the new tokens of a rotated file with the old ones."""
    repo.git("config", "--local", "--remove-section", "merge.sealedfiles")
    repo.git("config", "--local", "merge.renormalize", "true")
    repo.sealedfiles("unlock")
    assert repo.git("config", "merge.renormalize", code=1) == ""
    assert "git merge" in repo.git("config", "merge.sealedfiles.driver")
    repo.git("config", "--local", "merge.renormalize", "true")
    repo.sealedfiles("unlock")
    assert repo.git("config", "merge.renormalize") == "true\n", "now it is the user's own"


def test_a_user_who_renormalizes_gets_nothing_in_plaintext(repo: Repo) -> None:
    line = "new: s3cr3t-new\n"
    repo.git("switch", "--quiet", "--create", "feature")
    repo.write(YAML, line + repo.read(YAML))
    repo.commit("a new value")
    repo.edit(YAML, line, f"# {line}")
    repo.commit("not yet")
    repo.git("switch", "--quiet", "main")
    repo.edit(YAML, "api-alpha", "api-beta")
    repo.commit("new token")
    repo.git("merge", "-X", "renormalize", "feature")
    assert repo.read(YAML) == f"# {line}{FILES[YAML].replace('api-alpha', 'api-beta')}"
    assert_sound(repo)


# -- what cannot be merged by values


@pytest.mark.slow
def test_a_locked_clone_merges_tokens(near: Repo) -> None:
    before = near.texts()
    on_two_branches(near, OURS, THEIRS)
    near.sealedfiles("lock")
    near.person.identities.rename(near.person.identities.with_name("away"))
    try:
        near.git("merge", "feature")
        assert all(tokens(text) for text in near.texts().values())
        assert_clean(near)
    finally:
        near.person.identities.with_name("away").rename(near.person.identities)
    near.sealedfiles("unlock")
    assert near.texts() == with_all(before, OURS, THEIRS)
    assert_sound(near)


def test_a_binary_file_stays_ours_and_both_are_in_the_index(repo: Repo) -> None:
    repo.sealedfiles("track", "*.p12")
    for branch in (None, "feature", "main"):
        if branch:
            repo.git("switch", "--quiet", *(["--create"] if branch == "feature" else []), branch)
        repo.write("store.p12", f"s3cr3t\x00 {branch}".encode())
        repo.commit(f"on {branch}")
    repo.git("merge", "feature", code=1)
    assert "store.p12 is sealed whole and cannot be merged" in repo.stderr
    assert repo.status() == ["UU store.p12"]
    assert repo.read("store.p12") == "s3cr3t\x00 main"
    repo.git("checkout", "--theirs", "store.p12")
    assert repo.read("store.p12") == "s3cr3t\x00 feature"
    assert_no_plaintext(repo)


def test_a_file_sealed_whole_shows_its_conflict(repo: Repo) -> None:
    repo.sealedfiles("track", "*.pem")
    repo.write("key.pem", "s3cr3t-1\ns3cr3t-2\ns3cr3t-3\n")
    repo.commit("a key")
    on_two_branches(repo, {"cr3t-2": "cr3t-b"}, {"cr3t-2": "cr3t-c"}, "key.pem")
    repo.git("merge", "feature", code=1)
    shown = "<<<<<<< HEAD\ns3cr3t-b\n=======\ns3cr3t-c\n>>>>>>> feature\n"
    assert repo.read("key.pem") == f"s3cr3t-1\n{shown}s3cr3t-3\n"
    assert_no_plaintext(repo)


def test_a_policy_in_conflict_opens_nothing(near: Repo) -> None:
    before = near.texts()
    rules = near.read(".sealedfiles/policy.yaml")
    for branch, edits in (("feature", THEIRS), ("main", OURS)):
        near.git("switch", "--quiet", *(["--create"] if branch == "feature" else []), branch)
        near.write(".sealedfiles/policy.yaml", f"# on {branch}\n{rules}")
        for path in FILES:
            for old, new in edits.items():
                near.edit(path, old, new)
        near.commit(f"on {branch}")
    near.git("merge", "feature", code=1)
    assert "UU .sealedfiles/policy.yaml" in near.status()
    assert near.texts() == with_all(before, OURS, THEIRS)
    near.write(".sealedfiles/policy.yaml", rules)
    near.commit("merged")
    assert_sound(near)


@pytest.mark.slow
def test_a_base_that_was_merged_itself(repo: Repo) -> None:
    """Two branches merged each other, so merging their bases conflicts."""
    on_two_branches(repo, OURS, {"db-alpha": "db-gamma"}, YAML)
    for branch in ("main", "feature"):
        repo.git("branch", f"was-{branch}", branch)
    for branch, other in (("main", "was-feature"), ("feature", "was-main")):
        repo.git("switch", "--quiet", branch)
        repo.git("merge", "--quiet", other, code=1)
        repo.write(YAML, FILES[YAML].replace("db-alpha", "db-delta"))
        repo.commit("settled")
    repo.edit(YAML, "api-alpha", "api-beta")
    repo.commit("on feature")
    repo.git("switch", "--quiet", "main")
    repo.edit(YAML, "cache-alpha", "cache-beta")
    repo.commit("on main")
    repo.git("merge", "feature")
    text = FILES[YAML].replace("db-alpha", "db-delta").replace("api-alpha", "api-beta")
    assert repo.read(YAML) == text.replace("cache-alpha", "cache-beta")
    assert_sound(repo)


# -- the driver itself


def test_on_any_error_our_version_stays_and_git_sees_a_failure(repo: Repo) -> None:
    before, after = repo.blob("HEAD", YAML), repo.blob("HEAD", YAML).replace(b"orders", b"theirs")
    for name, data in (("base", before), ("ours", before), ("theirs", after)):
        repo.write(name, data)
    driver = "git", "merge", "base", "ours"
    for arguments in (
        (),
        ("theirs",),
        ("no", "7", YAML),
    ):
        repo.sealedfiles(*driver, *arguments, code=129)
        assert repo.stderr.startswith("sealedfiles: ")
        assert repo.read_bytes("ours") == before
    for size in ("7", "0", "x", "100000"):  # anyone with push access can set conflict-marker-size
        repo.write("ours", before)
        repo.sealedfiles(*driver, "theirs", size, YAML)
        assert repo.read_bytes("ours") == after


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="makes a script")
def test_a_program_that_is_missing_merges_nothing(repo: Repo, tmp_path: Path) -> None:
    installation = Installation(tmp_path / "env")
    repo.raw(str(installation.program), "unlock")
    on_two_branches(repo, OURS, {"db-alpha": "db-gamma"}, YAML)
    program = shlex.quote(str(installation.program)).replace("%", "%%")
    driver = repo.git("config", "merge.sealedfiles.driver").strip()
    assert f"exec {program} git merge %O %A %B" in driver
    installation.lose("program")
    alone = repo.person.having(PATH=os.defpath)
    alone.run(["sh", "-c", driver.replace("%%", "%")], repo.path, code=129)
    repo.git("merge", "feature", code=None)
    assert_no_plaintext(repo)


def test_a_call_that_git_would_not_make_is_never_taken_for_conflicts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """git interprets the exit statuses from 1 to 127 as a merged file with conflicts."""
    right = ["base", "ours", "theirs", "7", "a.env", "x", "y", "z"]
    for arguments in ([], right[:3]):
        assert merge_driver(arguments) > 127
        assert "usage: sealedfiles git merge" in capsys.readouterr().err

    def broken(call: object) -> int:
        raise ZeroDivisionError("s3cr3t")

    monkeypatch.setattr("sealedfiles.git.merge_driver._merge", broken)
    assert merge_driver(right) > 127
    said = capsys.readouterr().err
    assert "internal error while merging: ZeroDivisionError" in said
    assert "s3cr3t" not in said
