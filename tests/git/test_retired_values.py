"""A value that a removed reader sealed with a retired key gets a token of the current key only after
confirmation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from people import ENV, EVIL, JSON, USER_KEYS, YAML, Person, Repo, commit_blob, keep_theirs

from sealedfiles.git.retired_files import retired_values
from sealedfiles.model.paths import show
from sealedfiles.sealing import describe_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import World

    from sealedfiles.sealing.file import Keys

pytestmark = pytest.mark.many_variants


@pytest.fixture(scope="module", params=[YAML, JSON, ENV])
def forged_once(
    request: pytest.FixtureRequest, joined: World, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Repo, str]:
    base = tmp_path_factory.mktemp("forged")
    alice, bob = joined.copy("alice", base / "alice"), joined.copy("bob", base / "bob")
    path: str = request.param
    bob.edit(path, "s3cr3t-user", EVIL)
    bob.git("add", path)
    stored = bob.blob("", path).decode()
    alice.sealedfiles("revoke", "bob", "--yes")
    alice.commit("remove bob")
    commit_blob(alice, path, stored)
    alice.git("branch", "forged")
    assert EVIL in alice.read(path)
    return alice, path


@pytest.fixture
def forged(forged_once: tuple[Repo, str], tmp_path: Path) -> tuple[Repo, str]:
    """Alice's clone, in which the commit ``forged`` has a token that Bob created after he was removed."""
    repo, path = forged_once
    return repo.copy(tmp_path / "alice"), path


def reset(repo: Repo, path: str) -> None:
    repo.git("reset", "--quiet", "HEAD~1")


def restore(repo: Repo, path: str) -> None:
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.git("restore", "--source", "forged", "--", path)


@pytest.mark.parametrize("way", [reset, restore])
def test_it_is_neither_added_nor_printed(
    forged: tuple[Repo, str], way: Callable[[Repo, str], None]
) -> None:
    repo, path = forged
    way(repo, path)
    before = repo.blob("", path)
    repo.git("add", "--all", code=128)
    assert f"{path}: checked out from a token under a retired key" in repo.stderr
    assert USER_KEYS[path] in repo.stderr
    assert repo.blob("", path) == before
    repo.sealedfiles("get", path, USER_KEYS[path], code=4)
    assert "--allow-retired" in repo.stderr
    assert repo.sealedfiles("get", path, USER_KEYS[path], "--allow-retired") == f"{EVIL}\n"
    assert repo.status() == [f" M {path}"]


def test_it_is_not_resealed_when_an_editor_rewrites_it(joined: World, tmp_path: Path) -> None:
    alice, bob = joined.copy("alice", tmp_path / "alice"), joined.copy("bob", tmp_path / "bob")
    bob.write(ENV, bob.read(ENV) + f'CA="{EVIL}\nand a second line"\n')
    bob.git("add", ENV)
    evil = bob.blob("", ENV).decode()
    alice.sealedfiles("revoke", "bob", "--yes")
    alice.commit("remove bob")
    commit_blob(alice, ENV, evil)
    alice.write(ENV, alice.read(ENV).replace("\n", "\r\n").encode())
    alice.git("add", ENV, code=128)
    assert "2 stored values are not proved to be from a current reader: TLS_KEY, CA" in alice.stderr


def test_a_copy_is_not_added(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    repo.write(copy_of(path), repo.read_bytes(path))
    repo.git("add", copy_of(path), code=128)
    assert "a removed reader may have written these values" in repo.stderr


def test_its_user_can_accept_it(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    reset(repo, path)
    repo.sealedfiles("seal", path, code=1)
    assert "under a retired key" in repo.stderr
    repo.sealedfiles("seal", path, "--yes")
    repo.commit("it was right")
    assert repo.sealedfiles("get", path, USER_KEYS[path]) == f"{EVIL}\n"


def test_a_value_that_was_typed_again_is_the_user_s(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    reset(repo, path)
    repo.sealedfiles("set", path, USER_KEYS[path], "--value", "mine")
    repo.commit("mine")
    assert repo.sealedfiles("get", path, USER_KEYS[path]) == "mine\n"


def test_an_old_commit_can_be_checked_out_and_left(forged: tuple[Repo, str]) -> None:
    """A value under the current key on main stays a reader's, even if an old key once sealed the same
    value."""
    repo, path = forged
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.git("checkout", "--quiet", "HEAD~1")
    repo.git("checkout", "--quiet", "main")
    repo.edit(path, "s3cr3t-api-alpha", "s3cr3t-api-new")
    repo.commit("another value")
    assert repo.sealedfiles("get", path, USER_KEYS[path]) == "s3cr3t-user\n"


def look_at(repo: Repo, commit: str, path: str) -> bytes:
    """Check *commit* out and main again, with no other memory; return what the file at *path* had."""
    repo.folder("sealedfiles/plaintext").unlink(missing_ok=True)
    repo.git("checkout", "--quiet", commit)
    text = repo.read_bytes(path)
    repo.git("checkout", "--quiet", "main")
    return text


def copy_of(path: str) -> str:
    return f"{path.rpartition('/')[0]}/copy-{path.rpartition('/')[2]}".lstrip("/")


@pytest.mark.parametrize("commit", ["main~1", "main~1 main~2"])
def test_a_value_of_a_commit_from_before_the_revocation_may_be_in_a_new_file(
    forged: tuple[Repo, str], commit: str
) -> None:
    repo, path = forged
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    first, *then = commit.split()
    text = look_at(repo, first, path)
    for one in then:  # from a commit that does not know of the revocation
        repo.git("checkout", "--quiet", first)
        text = look_at(repo, one, path)
    repo.write(copy_of(path), text)
    repo.git("add", copy_of(path))
    assert repo.sealedfiles("get", copy_of(path), USER_KEYS[path]) == "s3cr3t-user\n"


def test_but_not_one_of_a_commit_from_after_it(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.write(copy_of(path), look_at(repo, "forged", path))
    repo.git("add", copy_of(path), code=128)
    assert f"{copy_of(path)}: checked out from a token under a retired key" in repo.stderr


@pytest.mark.parametrize("is_lost", [False, True])
def test_nor_of_a_branch_that_repeats_the_revocation(
    forged: tuple[Repo, str], is_lost: bool
) -> None:
    """Also if no branch has the real one any more, but the clone's log of HEAD."""
    repo, path = forged
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.git("read-tree", "main~1")
    repo.git("update-index", "--cacheinfo", f"100644,{repo.head(f'forged:{path}')},{path}")
    tree = repo.git("write-tree").strip()
    forged_here = repo.git("commit-tree", "-p", "main~1", "-m", "tune the pool", tree).strip()
    theirs = repo.git("commit-tree", "-p", forged_here, "-m", "as main", "main^{tree}").strip()
    repo.git("branch", "theirs", theirs)
    if is_lost:
        repo.git("branch", "--quiet", "-D", "forged")
    repo.git("reset", "--quiet", "--hard", "theirs" if is_lost else "main")
    repo.write(copy_of(path), look_at(repo, forged_here, path))
    repo.git("add", copy_of(path), code=128)
    assert f"{copy_of(path)}: checked out from a token under a retired key" in repo.stderr


def test_nor_before_the_revocation_is_committed(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    repo.git("branch", "--quiet", "-D", "forged")
    repo.git("checkout", "--quiet", "main~2")
    repo.git("checkout", "--quiet", "main~1", "--", ".")
    repo.git("branch", "--quiet", "--force", "main")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.folder("sealedfiles/plaintext").unlink(missing_ok=True)
    repo.git("restore", "--source=HEAD", "--", path)
    repo.write(copy_of(path), repo.read_bytes(path))
    repo.git("add", copy_of(path), code=128)
    assert f"{copy_of(path)}: checked out from a token under a retired key" in repo.stderr


@pytest.mark.parametrize("command", ["merge", "cherry-pick"])
def test_a_merge_that_renormalizes_does_not_reseal_it(
    forged: tuple[Repo, str], command: str
) -> None:
    """git asks for the stored form of what it has just decrypted."""
    repo, path = forged
    stored = set(repo.tokens("forged", path))
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.edit(path, "s3cr3t-api-alpha", "s3cr3t-api-own")
    repo.commit("mine")
    repo.git("-c", "merge.renormalize=true", command, "--no-ff", "forged", code=None)
    assert EVIL in repo.read(path)
    assert stored & set(repo.tokens("HEAD", path)) - set(repo.tokens("forged~1", path))
    repo.sealedfiles("get", path, USER_KEYS[path], code=4)


@pytest.mark.parametrize("how", ["merge", "cherry-pick"])
def test_a_conflict_that_is_resolved_by_hand_does_not_reseal_it(
    forged: tuple[Repo, str], how: str
) -> None:
    repo, path = forged
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.folder("sealedfiles/plaintext").unlink()  # only the conflict is to be remembered
    repo.edit(path, "s3cr3t-user", "s3cr3t-mine")
    repo.commit("mine")
    repo.git(how, "forged", code=1)
    keep_theirs(repo, path)
    assert EVIL in repo.read(path)
    repo.git("add", path, code=128)
    assert f"{path}: the file cannot be sealed: 1 stored value is not proved" in repo.stderr
    assert USER_KEYS[path] in repo.stderr


def test_a_value_that_unlock_wrote_is_recorded(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    repo.sealedfiles("lock")
    repo.folder("sealedfiles/plaintext").unlink()
    repo.sealedfiles("unlock", code=None)
    reset(repo, path)
    repo.git("add", path, code=128)
    assert f"{path}: checked out from a token under a retired key" in repo.stderr


# -- which values of a file

RETIRED, CURRENT = (
    f"sealed:v1:default:{letter * 16}:AAAAAAAA:{letter * 64}" for letter in ("r", "c")
)
OTHER_GROUP = RETIRED.replace("default", "other")


def found(stored: str, opened: str) -> list[tuple[str, str]]:
    def is_retired(group: str, key_id: str) -> bool:
        return group == "default" and key_id == "r" * 16

    file = describe_file(b"a.yaml")
    no_keys = cast("Keys", SimpleNamespace(for_prefix=lambda _prefix: None))
    values = retired_values(stored.encode(), opened.encode(), file, no_keys, is_retired)
    return [(show(path), value) for path, value in values]


def test_only_values_of_retired_tokens_are_returned() -> None:
    stored = f"a: {RETIRED}\nb: {CURRENT}\nc: {OTHER_GROUP}\nd: four\n"
    assert found(stored, "a: one\nb: two\nc: three\nd: four\n") == [("a", "one")]


def conflict(ours: str, theirs: str) -> str:
    return f"<<<<<<< ours\n{ours}\n=======\n{theirs}\n>>>>>>> theirs\n"


def test_the_sides_of_a_conflict_are_not_mixed_up() -> None:
    stored = conflict(f"a: {CURRENT}", f"a: {RETIRED}")
    assert found(stored, conflict("a: mine", "a: evil")) == [("a", "evil")]


def test_but_all_sides_count_if_only_the_decrypted_text_has_some() -> None:
    opened = conflict("a: mine", "a: evil")
    assert found(f"a: {RETIRED}\n", opened) == [("a", "mine"), ("a", "evil")]


@pytest.mark.slow
def test_a_merge_that_brings_a_second_revocation_is_no_alarm(team: tuple[Repo, Repo]) -> None:
    """git writes `.env` before the epochs that the merge brings."""
    alice, bob = team
    for name in ("carol", "dave"):
        key = Person.at(alice.path.parent / name).keygen()
        alice.sealedfiles("grant", name, key, "--to", "default")
    alice.commit("grant")
    alice.sealedfiles("revoke", "carol", "--yes")
    alice.commit("carol left")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    bob.write("notes.txt", "x")
    bob.commit("notes")
    alice.sealedfiles("revoke", "dave", "--yes")
    alice.commit("dave left")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet", "--no-edit", "--no-rebase")
    assert "removed reader" not in bob.stderr
    bob.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    bob.commit("edit")
