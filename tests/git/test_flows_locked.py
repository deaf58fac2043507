"""Without keys: a locked clone is usable, changes no token, and accepts no plaintext."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    YAML,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    assert_one_token_changed,
    assert_sound,
    every_file,
    every_reader,
    tokens,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.many_variants


def assert_locked(repo: Repo, *paths: str) -> None:
    """Check that the files in the working tree equal git's content byte for byte."""
    for path in paths or FILES:
        assert repo.read_bytes(path) == repo.blob("HEAD", path)


# Lock and unlock


@every_reader
def test_lock_writes_tokens_and_forgets_the_keys(repo: Repo) -> None:
    before = repo.texts()
    repo.sealedfiles("lock")
    assert_locked(repo)
    assert not repo.folder("sealedfiles/keys").exists()
    assert repo.folder("sealedfiles/locked").exists()
    assert_sound(repo)
    repo.sealedfiles("unlock")
    assert repo.texts() == before
    assert repo.folder("sealedfiles/keys").exists()
    assert not repo.folder("sealedfiles/locked").exists()
    assert_sound(repo)


def test_both_can_be_repeated(repo: Repo) -> None:
    repo.sealedfiles("unlock")
    assert repo.texts() == FILES
    for _ in range(2):
        repo.sealedfiles("lock")
        assert_locked(repo)
    for _ in range(2):
        repo.sealedfiles("unlock")
        assert repo.texts() == FILES
    assert_sound(repo)


def test_they_keep_the_mode_of_a_file(repo: Repo) -> None:
    (repo.path / ENV).chmod(0o755)
    repo.commit("a script")
    for command in ("lock", "unlock"):
        repo.sealedfiles(command)
        assert (repo.path / ENV).stat().st_mode & 0o111 == 0o111
        assert_clean(repo)


def test_they_work_from_a_subfolder(repo: Repo) -> None:
    below = Repo(repo.person, repo.path / "secrets")
    below.sealedfiles("lock")
    assert_locked(repo)
    below.sealedfiles("unlock")
    assert repo.texts() == FILES


def test_lock_leaves_a_changed_file_alone_and_names_it(repo: Repo) -> None:
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.write("README.md", "# Orders, rewritten\n")
    (repo.path / JSON).unlink()
    text = repo.read(YAML)
    repo.sealedfiles("lock", code=1)
    assert YAML in repo.stderr
    assert ENV not in repo.stderr
    assert repo.read(YAML) == text
    assert not (repo.path / JSON).exists()
    assert_locked(repo, ENV)
    repo.sealedfiles("unlock", code=None)
    assert repo.read(YAML) == text
    assert repo.read(ENV) == FILES[ENV]
    assert repo.status() == [" M README.md", f" D {JSON}", f" M {YAML}"]
    repo.git("commit", "-m", "new password", "--", YAML)
    assert_one_token_changed(repo.tokens("HEAD~", YAML), repo.tokens("HEAD", YAML))
    assert_no_plaintext(repo)


def test_unlock_leaves_a_changed_file_alone_and_names_it(repo: Repo) -> None:
    repo.sealedfiles("lock")
    repo.edit(YAML, "every first of the month", "every monday")
    repo.write("README.md", "# Orders, rewritten\n")
    text = repo.read(YAML)
    repo.sealedfiles("unlock", code=None)
    assert YAML in repo.stderr
    assert repo.read(YAML) == text
    assert repo.read(ENV) == FILES[ENV]
    assert repo.read(JSON) == FILES[JSON]
    repo.commit("mondays")
    assert repo.tokens("HEAD", YAML) == repo.tokens("HEAD~", YAML)
    assert_sound(repo)


def test_a_staged_edit_survives_lock_and_unlock(repo: Repo) -> None:
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.git("add", YAML)
    repo.sealedfiles("lock")
    assert repo.status() == [f"M  {YAML}"]
    repo.sealedfiles("unlock")
    assert repo.read(YAML) == FILES[YAML].replace("db-alpha", "db-beta")
    assert repo.status() == [f"M  {YAML}"]
    repo.git("commit", "-m", "new password")
    assert_sound(repo)


# Work in a locked clone


@pytest.fixture
def locked(repo: Repo) -> Repo:
    repo.sealedfiles("lock")
    return repo


@pytest.mark.slow
def test_edits_of_comments_and_of_plain_values_round_trip(locked: Repo) -> None:
    before = {path: locked.tokens("HEAD", path) for path in FILES}
    for path in FILES:
        locked.edit(path, "8080", "9090")
    for path in (ENV, YAML):
        locked.edit(path, "every first of the month", "every monday")
    edited = {path: locked.read_bytes(path) for path in FILES}
    assert locked.git("diff").count("9090") == len(FILES)
    locked.git("stash")
    assert_locked(locked)
    locked.git("stash", "pop")
    locked.commit("mondays, and another port")
    assert {path: locked.blob("HEAD", path) for path in FILES} == edited
    assert {path: locked.tokens("HEAD", path) for path in FILES} == before
    assert_sound(locked)
    locked.sealedfiles("unlock")
    assert locked.read(YAML) == FILES[YAML].replace("8080", "9090").replace(
        "first of the month", "monday"
    )
    assert_sound(locked)


def test_removing_and_moving_values_changes_no_token(locked: Repo) -> None:
    before = locked.tokens("HEAD", YAML)
    lines = locked.read(YAML).split("\n")
    locked.write(YAML, "\n".join(line for line in lines if not line.startswith("  user:")))
    locked.commit("no user")
    assert locked.tokens("HEAD", YAML) == before[1:]
    locked.git("mv", YAML, "secrets/moved.yaml")
    locked.git("commit", "-m", "move")
    assert locked.tokens("HEAD", "secrets/moved.yaml") == before[1:]
    assert_sound(locked)


@every_file
def test_plaintext_is_refused(locked: Repo, path: str) -> None:
    stage = locked.git("ls-files", "--stage")
    token = locked.tokens("HEAD", path)[0]
    locked.write(path, locked.read(path).replace(token, "s3cr3t-new"))
    locked.git("add", path, code=128)
    assert path in locked.stderr
    assert "sealedfiles unlock" in locked.stderr
    assert locked.git("ls-files", "--stage") == stage
    assert "s3cr3t-new" in locked.read(path)
    assert_no_plaintext(locked)


def test_a_new_file_with_plaintext_is_refused(locked: Repo) -> None:
    locked.write("secrets/new.yaml", "password: s3cr3t-new\n")
    locked.git("add", "--all", code=128)
    assert "secrets/new.yaml" in locked.stderr
    assert_no_plaintext(locked)


def test_a_half_edited_file_with_plaintext_is_refused(locked: Repo) -> None:
    locked.write(YAML, 'password: "s3cr3t-ne\n cache: [\n')
    locked.git("add", YAML, code=128)
    assert_no_plaintext(locked)


def test_every_checkout_writes_tokens(locked: Repo) -> None:
    root = locked.git("rev-list", "--max-parents=0", "main").strip()
    locked.git("switch", "--quiet", "--detach", root)
    locked.git("switch", "--quiet", "main")
    assert_locked(locked)
    (locked.path / YAML).unlink()
    locked.git("checkout", "--", YAML)
    locked.git("reset", "--quiet", "--hard")
    assert_locked(locked)
    locked.git("worktree", "add", "--quiet", "-b", "feature", "../second")
    assert_locked(Repo(locked.person, locked.path.with_name("second")))
    assert_sound(locked)


@pytest.mark.slow
def test_branches_are_merged_rebased_and_picked_without_keys(repo: Repo) -> None:
    for branch, old, new in (("feature", "db-alpha", "db-beta"), ("main", "api-alpha", "api-beta")):
        repo.git("switch", "--quiet", *(["--create"] if branch == "feature" else []), branch)
        for path in FILES:
            repo.edit(path, old, new)
        repo.commit(f"on {branch}")
    repo.sealedfiles("lock")
    repo.git("switch", "--quiet", "--create", "merged")
    repo.git("merge", "feature")
    assert_locked(repo)
    trees = [repo.tree()]
    repo.git("switch", "--quiet", "--create", "picked", "main")
    repo.git("cherry-pick", "feature")
    trees.append(repo.tree())
    repo.git("switch", "--quiet", "feature")
    repo.git("rebase", "main")
    trees.append(repo.tree())
    assert len(set(trees)) == 1
    assert_sound(repo)
    repo.sealedfiles("unlock")
    for path in FILES:
        assert repo.read(path) == FILES[path].replace("-alpha", "-beta").replace(
            "cache-beta", "cache-alpha"
        )
    assert_sound(repo)


@every_file
def test_a_conflict_in_a_locked_clone_is_resolved_with_one_of_the_tokens(
    repo: Repo, path: str
) -> None:
    for branch, new in (("feature", "db-beta"), ("main", "db-gamma")):
        repo.git("switch", "--quiet", *(["--create"] if branch == "feature" else []), branch)
        repo.edit(path, "db-alpha", new)
        repo.commit(f"on {branch}")
    repo.sealedfiles("lock")
    repo.git("merge", "feature", code=1)
    assert set(tokens(repo.read(path))) == {
        *repo.tokens("main", path),
        *repo.tokens("feature", path),
    }
    repo.git("checkout", "--theirs", path)
    repo.git("add", path)
    assert repo.blob("", path) == repo.blob("feature", path)
    repo.git("commit", "--no-edit")
    assert_sound(repo)


def test_the_lock_marker_decides_and_not_whether_a_key_is_available(locked: Repo) -> None:
    locked.person = locked.person.having(
        SEALEDFILES_KEY=locked.person.identities.read_text(encoding="utf-8")
    )
    (locked.path / YAML).unlink()
    locked.git("checkout", "--", YAML)
    assert_locked(locked)
    assert locked.sealedfiles("cat", YAML) == FILES[YAML]


# Without any key


@pytest.fixture
def keyless(repo: Repo, origin: Path, tmp_path: Path) -> Repo:
    """A clone without a key but with the filter, from a setting for all repositories."""
    carol = Person.at(tmp_path / "carol")
    for line in repo.git("config", "--local", "--list").split("\n"):
        key, _, value = line.partition("=")
        if key.startswith(("filter.", "diff.", "merge.")):
            carol.run(["git", "config", "--global", key, value], tmp_path)
    return carol.clone(origin, tmp_path / "clone")


def test_a_clone_with_the_filter_and_no_key_holds_tokens(keyless: Repo) -> None:
    assert "sealedfiles" in keyless.stderr
    assert "unlock" in keyless.stderr
    assert_locked(keyless)
    assert_sound(keyless)


def test_work_without_a_key_changes_no_token(keyless: Repo) -> None:
    before = {path: keyless.tokens("HEAD", path) for path in FILES}
    keyless.git("switch", "--quiet", "--create", "feature")
    for path in FILES:
        keyless.edit(path, "8080", "9090")
    keyless.commit("another port")
    keyless.git("switch", "--quiet", "main")
    assert_locked(keyless)
    keyless.edit(YAML, "every first of the month", "every monday")
    keyless.commit("mondays")
    keyless.git("merge", "feature")
    assert {path: keyless.tokens("HEAD", path) for path in FILES} == before
    assert_sound(keyless)


def test_plaintext_without_a_key_is_refused(keyless: Repo) -> None:
    keyless.edit(YAML, "8080", "9090")
    token = keyless.tokens("HEAD", YAML)[0]
    keyless.write(YAML, keyless.read(YAML).replace(token, "s3cr3t-new"))
    keyless.git("add", YAML, code=128)
    assert YAML in keyless.stderr
    keyless.git("commit", "-a", "-m", "a mistake", code=128)
    assert_no_plaintext(keyless)


def test_unlock_without_a_key_lists_the_places_and_changes_nothing(keyless: Repo) -> None:
    keyless.sealedfiles("unlock", code=3)
    for place in ("SEALEDFILES_KEY", "SEALEDFILES_KEY_FILE", "identities"):
        assert place in keyless.stderr
    assert_locked(keyless)
    assert_clean(keyless)


def test_unlock_in_a_clone_without_a_key_and_without_the_filter(
    origin: Path, tmp_path: Path
) -> None:
    carol = Person.at(tmp_path / "carol")
    clone = carol.clone(origin, tmp_path / "clone")
    clone.sealedfiles("unlock", code=3)
    assert_locked(clone)
    assert_clean(clone)
