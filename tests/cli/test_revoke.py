"""`sealedfiles revoke`, `rotate` and `trust`: new keys, and their effect on files and readers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    SECRET,
    YAML,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    groups,
    program,
    tokens,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

pytestmark = pytest.mark.many_variants


def key_ids(repo: Repo, revision: str = "HEAD", group: str = "default") -> set[str]:
    """Return the key ids of the group's tokens in the three files."""
    texts = (repo.blob(revision, path).decode() for path in FILES)
    found = [token for text in texts for token in tokens(text)]
    return {token.split(":")[3] for token in found if groups(token) == {group}}


def epochs(repo: Repo, group: str = "default") -> list[str]:
    file = repo.path / ".sealedfiles" / "keys" / group / "epochs"
    return file.read_text().removesuffix("\n").split("\n")


def current(repo: Repo, group: str = "default") -> str:
    return epochs(repo, group)[-1].split(" ")[0]


# rotate


def test_rotate_seals_every_value_of_the_group_again_in_the_index(repo: Repo) -> None:
    before = repo.texts()
    old = key_ids(repo)
    others = key_ids(repo, group="production")
    repo.sealedfiles("rotate", "default")
    repo.git("commit", "--quiet", "-m", "rotate")
    assert key_ids(repo) == {current(repo)} != old
    assert key_ids(repo, group="production") == others
    assert repo.texts() == before
    assert_clean(repo)
    assert_no_plaintext(repo)


def test_rotate_without_a_group_rotates_all_groups_of_the_user(repo: Repo) -> None:
    old = key_ids(repo) | key_ids(repo, group="production")
    repo.sealedfiles("rotate")
    repo.git("commit", "--quiet", "-m", "rotate")
    assert not old & (key_ids(repo) | key_ids(repo, group="production"))


@pytest.mark.slow
def test_after_a_rotation_every_reader_can_unlock(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    alice.sealedfiles("rotate", "default")
    alice.git("commit", "--quiet", "-m", "rotate")
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.commit("under the new key")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    bob.sealedfiles("unlock")
    assert f"{SECRET}-db-beta" in bob.read(YAML)
    bob.edit(YAML, "api-alpha", "api-beta")
    bob.commit("under the new key, too")
    assert key_ids(bob) == {current(bob)}
    assert_clean(bob)


def test_rotate_refuses_staged_changes_of_sealed_files(repo: Repo) -> None:
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.git("add", YAML)
    before = current(repo)
    repo.sealedfiles("rotate", "default", code=2)
    assert "staged" in repo.stderr
    assert current(repo) == before


def test_rotate_leaves_local_changes_alone(repo: Repo) -> None:
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.sealedfiles("rotate", "default")
    assert f"{SECRET}-db-beta" in repo.read(YAML)
    repo.git("commit", "--quiet", "-m", "rotate")
    assert repo.status() == [f" M {YAML}"]
    repo.commit("new password")
    assert key_ids(repo) == {current(repo)}


def test_a_group_of_others_is_refused_with_its_readers(world: World, tmp_path: Path) -> None:
    bob = world.copy("bob", tmp_path / "bob's")
    bob.sealedfiles("rotate", "production", code=3)
    assert "alice" in bob.stderr


def test_comments_and_whole_files_are_resealed_too(repo: Repo) -> None:
    repo.edit(YAML, "  token: s3cr3t-api-alpha", "  # token: s3cr3t-api-alpha")
    repo.write("secrets/broken.yaml", f"a: [{SECRET}\n")
    repo.commit("a comment and a whole file")
    texts = repo.texts()
    repo.sealedfiles("rotate")
    repo.git("commit", "--quiet", "-m", "rotate")
    now = {current(repo), current(repo, "production")}
    for path in (YAML, "secrets/broken.yaml"):
        assert {t.split(":")[3] for t in repo.tokens("HEAD", path)} <= now
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock")
    assert repo.texts() == texts
    assert repo.read("secrets/broken.yaml") == f"a: [{SECRET}\n"
    assert_no_plaintext(repo)


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5])
def test_an_interrupted_rotation_is_completed_by_the_next_one(repo: Repo, delay: float) -> None:
    process = subprocess.Popen(
        [*program(), "rotate", "default"],
        cwd=repo.path,
        env=repo.person.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(delay)
    # With the git that it may have started, which would go on writing the index beside the next run.
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    # As git says itself after a kill: nobody else is at work here.
    repo.folder("index.lock").unlink(missing_ok=True)
    if len(epochs(repo)) == 2 and not repo.folder("sealedfiles/begun").exists():
        return  # it was faster
    repo.sealedfiles("rotate", "default")
    assert len(epochs(repo)) == 2
    repo.git("commit", "--quiet", "-m", "rotate")
    assert key_ids(repo) == {current(repo)}
    assert not repo.folder("sealedfiles/begun").exists()
    assert_clean(repo)
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock")
    assert repo.texts() == FILES


def test_a_key_from_a_detached_head_is_found(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "--detach")
    repo.sealedfiles("rotate", "default")
    before = repo.git("rev-parse", "HEAD")[:12]
    repo.git("commit", "--quiet", "-m", "rotated")
    commit = repo.git("rev-parse", "HEAD")[:12]
    repo.git("checkout", "--quiet", "main")
    repo.sealedfiles("get", YAML, "database.password", code=4)
    assert f"(commit {commit})" in repo.stderr
    assert before not in repo.stderr
    repo.git("merge", "--quiet", commit)
    repo.sealedfiles("sync")
    repo.sealedfiles("get", YAML, "database.password")


def test_a_key_that_was_never_committed_on_a_detached_head_is_named(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "--detach")
    repo.sealedfiles("rotate", "default")
    head = repo.git("rev-parse", "HEAD")[:12]
    repo.git("checkout", "--quiet", "--force", "main")
    repo.sealedfiles("get", YAML, "database.password", code=4)
    assert f"(not committed, on {head})" in repo.stderr
    repo.sealedfiles("sync", "--forget", "default", "--yes")
    repo.sealedfiles("get", YAML, "database.password")


# revoke


def test_revoke_removes_a_reader_and_lists_what_he_knows(team: tuple[Repo, Repo]) -> None:
    alice, _ = team
    listed = alice.sealedfiles("revoke", "bob")
    assert listed == alice.sealedfiles("exposure", "bob", code=1), "one list, from one function"
    must_change = listed.split("never readable")[0]
    assert f"{YAML}: database.password" in must_change
    assert f"{ENV}: DB_PASSWORD" in must_change
    assert f"{JSON}: database.password" in must_change
    assert "production" not in must_change
    assert "PROD_PIN" not in must_change
    alice.git("commit", "--quiet", "-m", "bob has left")
    keys = alice.path / ".sealedfiles" / "keys" / "default"
    assert sorted(file.name for file in keys.iterdir()) == ["alice.age", "alice.grant", "epochs"]
    assert not (alice.path / ".sealedfiles" / "recipients" / "bob.pub").exists()
    assert key_ids(alice) == {current(alice)}
    assert_clean(alice)


@pytest.mark.slow
def test_a_removed_reader_opens_none_of_the_values_changed_after_he_left(
    team: tuple[Repo, Repo],
) -> None:
    """He has his old clone, key and cache, and all later commits."""
    alice, bob = team
    alice.sealedfiles("revoke", "bob")
    alice.git("commit", "--quiet", "-m", "bob has left")
    for path in FILES:
        alice.edit(path, "db-alpha", "db-beta")
    alice.commit("the passwords are changed")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    for path in FILES:
        assert f"{SECRET}-db-beta" not in bob.read(path)
        assert groups(bob.read(path)) == {"default", "production"}
    bob.sealedfiles("unlock", code=None)
    bob.git("checkout", "--quiet", "HEAD~1")
    for path in FILES:
        assert f"{SECRET}-db-beta" not in bob.read(path)
    bob.git("checkout", "--quiet", "HEAD~1")
    # What he knew, he knows.
    assert f"{SECRET}-db-alpha" in bob.read(YAML)


def test_revoke_of_a_reader_whose_files_were_only_deleted(repo: Repo) -> None:
    """Git keeps them: without a new key, new values would be sealed to him."""
    repo.git("rm", "--quiet", ".sealedfiles/keys/default/bob.*", ".sealedfiles/recipients/bob.pub")
    assert "[kept-access]" in repo.sealedfiles("check", "--staged", code=1)
    repo.sealedfiles("revoke", "bob", code=2)
    assert "git restore --staged" in repo.stderr
    repo.git("commit", "--quiet", "--no-verify", "--message", "bob has left")
    assert "[kept-access] -> sealedfiles revoke bob" in repo.sealedfiles("check", code=1)
    repo.sealedfiles("exposure", "bob", code=1)
    assert "bob has the key of new values of default" in repo.stderr
    before = current(repo)
    assert "must change" in repo.sealedfiles("revoke", "bob")
    assert current(repo) != before
    repo.git("commit", "--quiet", "--message", "bob has no key any more")
    assert "kept-access" not in repo.sealedfiles("check")


def test_revoke_again_before_the_removal_is_committed(repo: Repo) -> None:
    """As after it was killed while it listed the values."""
    public_key = ".sealedfiles/recipients/bob.pub"
    repo.sealedfiles("revoke", "bob")
    for is_in_index, is_there in ((True, True), (True, False), (False, False)):
        if is_in_index:
            repo.git("checkout", "--quiet", "HEAD", "--", public_key)
        if is_in_index and not is_there:
            (repo.path / public_key).unlink()
        repo.sealedfiles("revoke", "bob", code=2)
        assert "bob is removed already, but that is not committed" in repo.stderr
        assert "sealedfiles exposure bob" in repo.stderr
        assert repo.git("ls-files", public_key) == ""
        assert not (repo.path / public_key).exists()


def test_revoke_of_somebody_unknown(repo: Repo) -> None:
    repo.sealedfiles("revoke", "nobody", code=2)
    assert "readers are: alice, bob" in repo.stderr


def test_the_last_reader_of_a_group_is_not_revoked(repo: Repo) -> None:
    repo.sealedfiles("revoke", "alice", "--from", "production", code=2)
    assert "would have no readers left" in repo.stderr


# trust


@pytest.fixture
def swapped(repo: Repo, tmp_path: Path) -> Repo:
    """A repository in which Bob's public key is not the granted one, as a pull request could make it."""
    key = Person.at(tmp_path / "mallory").keygen()
    (repo.path / ".sealedfiles" / "recipients" / "bob.pub").write_text(key + "\n")
    repo.commit("bob has a new laptop")
    return repo


@pytest.mark.parametrize("command", [["rotate", "default"], ["grant", "bob", "--to", "production"]])
def test_a_swapped_public_key_is_named_and_gets_nothing(swapped: Repo, command: list[str]) -> None:
    before = swapped.git("ls-files", "--stage")
    swapped.sealedfiles(*command, code=4)
    assert "public keys of bob changed after access to" in swapped.stderr
    assert "sealedfiles trust bob" in swapped.stderr
    assert swapped.git("ls-files", "--stage") == before
    assert swapped.status() == []


def test_trust_asks_and_then_encrypts_the_keys_to_the_new_public_key(swapped: Repo) -> None:
    before = (swapped.path / ".sealedfiles" / "keys" / "default" / "bob.age").read_bytes()
    swapped.sealedfiles("trust", "bob", answers="n\n", code=130)
    assert swapped.status() == []
    swapped.sealedfiles("trust", "bob", answers="y\n")
    assert (swapped.path / ".sealedfiles" / "keys" / "default" / "bob.age").read_bytes() != before
    swapped.git("commit", "--quiet", "-m", "confirmed")
    swapped.sealedfiles("rotate", "default")


def killed_after_its_key_is_staged(repo: Repo, folder: Path, *command: str) -> Repo:
    """Return a copy of *repo* in which *command* was killed when its new key was staged, and no value."""
    for number in range(1, 200):
        killed = repo.copy(folder / f"killed-{number}")
        assert killed.is_killed(number, *command)
        killed.wait_for_git()
        if "epochs" in killed.git("diff", "--cached", "--name-only"):
            return killed
    pytest.fail("the key is never staged")


def test_trust_again_completes_one_that_was_killed(swapped: Repo, tmp_path: Path) -> None:
    repo = killed_after_its_key_is_staged(swapped, tmp_path, "trust", "bob", "--yes")
    before = len(epochs(repo))
    repo.sealedfiles("trust", "bob")
    assert "resealed 3 files" in repo.stderr
    assert len(epochs(repo)) == before
    repo.git("commit", "--quiet", "-m", "confirmed")
    assert key_ids(repo) == {current(repo)}
    repo.sealedfiles("trust", "bob")
    assert "nothing to do" in repo.stderr


@pytest.mark.slow
def test_trust_again_completes_one_that_was_killed_at_any_step(
    swapped: Repo, tmp_path: Path
) -> None:
    (swapped.path / ".sealedfiles/recipients/bob.pub").write_text(
        Person.at(tmp_path / "bob's new one").keygen() + "\n"
    )
    number, running = 0, True
    while running:
        number += 1
        repo = swapped.copy(tmp_path / f"killed-{number}")
        running = repo.is_killed(number, "trust", "bob", "--yes")
        repo.wait_for_git()
        repo.sealedfiles("trust", "bob", "--yes")
        assert len(epochs(repo)) == 2, number
        assert not repo.folder("sealedfiles/begun").exists(), number
        repo.git("commit", "--quiet", "-m", "confirmed")
        assert repo.git("diff", "HEAD", "--name-only") == "", number
        assert key_ids(repo) == {current(repo)}, number
        repo.sealedfiles("check")


def test_sync_completes_a_rotation_that_was_killed(repo: Repo, tmp_path: Path) -> None:
    repo = killed_after_its_key_is_staged(repo, tmp_path, "rotate", "default")
    repo.sealedfiles("sync")
    repo.git("commit", "--quiet", "-m", "rotated")
    before = current(repo)
    repo.sealedfiles("rotate", "default")
    assert current(repo) != before, "a key of a rotation that is complete is not its new key"


def test_trust_of_somebody_whose_keys_are_right_changes_nothing(repo: Repo) -> None:
    repo.sealedfiles("trust", "bob")
    assert "were granted access to" in repo.stderr
    assert repo.status() == []


# What a retired key has sealed


@pytest.fixture(scope="module")
def forged_once(joined: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    base = tmp_path_factory.mktemp("forged")
    alice, bob = joined.copy("alice", base / "alice"), joined.copy("bob", base / "bob")
    bob.edit(YAML, "db-alpha", "db-forged")
    bob.commit("by who was a reader then")
    line = next(one for one in bob.blob("HEAD", YAML).decode().split("\n") if "  password:" in one)
    alice.sealedfiles("revoke", "bob")
    alice.git("commit", "--quiet", "-m", "bob has left")
    text = alice.blob("HEAD", YAML).decode()
    own = next(one for one in text.split("\n") if "  password:" in one)
    alice.write("forged", text.replace(own, line))
    oid = alice.git("hash-object", "-w", "--no-filters", "forged").strip()
    (alice.path / "forged").unlink()
    alice.git("update-index", "--cacheinfo", f"100644,{oid},{YAML}")
    alice.git("commit", "--quiet", "-m", "a pull request of somebody's")
    return alice


@pytest.fixture
def forged(forged_once: Repo, tmp_path: Path) -> Repo:
    """Alice's clone after she revoked Bob, who then sealed a value with his old key."""
    return forged_once.copy(tmp_path / "alice")


def test_smudge_warns_of_values_under_a_retired_key(forged: Repo) -> None:
    (forged.path / YAML).unlink()
    forged.git("checkout", "--", YAML)
    assert "a key that was retired" in forged.stderr
    assert "sealedfiles sync" in forged.stderr


def test_commands_refuse_values_under_a_retired_key_unless_allowed(forged: Repo) -> None:
    forged.write(YAML, forged.blob("HEAD", YAML))
    for command in (
        ["get", YAML, "database.password"],
        ["cat", YAML],
        ["run", "-f", YAML, "--", "true"],
    ):
        out = forged.sealedfiles(*command, code=4)
        assert "its key is retired" in forged.stderr
        assert "db-forged" not in out
    assert forged.sealedfiles("get", "--allow-retired", YAML, "database.password") == (
        f"{SECRET}-db-forged\n"
    )
    forged.sealedfiles("unseal", YAML, code=4)
    assert "db-forged" not in forged.read(YAML)
    forged.sealedfiles("unseal", "--allow-retired", YAML)
    assert "db-forged" in forged.read(YAML)


def test_other_values_of_that_file_are_readable(forged: Repo) -> None:
    forged.write(YAML, forged.blob("HEAD", YAML))
    assert forged.sealedfiles("get", YAML, "api.token") == f"{SECRET}-api-alpha\n"


def test_an_old_commit_is_shown_with_a_warning(forged: Repo) -> None:
    forged.git("checkout", "--quiet", "--force", "HEAD~2")
    assert forged.read(YAML) == FILES[YAML]
    assert "do not include the newest key seen in this clone" in forged.stderr
    forged.sealedfiles("get", YAML, "api.token", code=4)
    assert (
        forged.sealedfiles("get", "--allow-retired", YAML, "api.token") == f"{SECRET}-api-alpha\n"
    )


def test_python_refuses_them_too(forged: Repo) -> None:
    forged.write(YAML, forged.blob("HEAD", YAML))
    script = f"import sealedfiles; print(sealedfiles.load({YAML!r}, sealed='omit'%s))"
    environ = forged.person.environment()
    for more, code in (("", 1), (", allow_retired=True", 0)):
        run = subprocess.run(
            [sys.executable, "-c", script % more],
            cwd=forged.path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == code, run.stderr
        assert ("db-forged" in run.stdout) == (code == 0)


# -- no laundering


@pytest.mark.parametrize("command", [("rotate", "default"), ("sync",)])
def test_a_forged_value_is_not_resealed_without_a_question(
    forged: Repo, command: tuple[str, ...]
) -> None:
    """Resealed with the current key, it would look like everybody's. Other values are resealed."""
    before = forged.tokens("HEAD", YAML)
    forged.sealedfiles(*command, code=1)
    assert "under a retired key, added after its retirement" in forged.stderr
    assert "sealedfiles sync --yes" in forged.stderr
    retired = epochs(forged)[0].split(" ")[0]
    left = [
        token for token in tokens(forged.git("show", f":{YAML}")) if token.split(":")[3] == retired
    ]
    assert len(left) == 1
    assert left[0] in before
    # A later revocation does not make it known, either.
    if command != ("sync",):
        forged.git("commit", "--quiet", "--no-verify", "--message", "new keys", code=None)
        forged.sealedfiles("sync", code=1)
        assert left[0] in tokens(forged.git("show", f":{YAML}"))
    forged.sealedfiles("sync", "--yes")
    assert left[0] not in tokens(forged.git("show", f":{YAML}"))


def test_trust_without_a_terminal_confirms_nothing_and_says_so(repo: Repo, tmp_path: Path) -> None:
    fresh = repo.person.clone(repo, tmp_path / "fresh")
    fresh.sealedfiles("unlock")
    fresh.sealedfiles("trust", "bob", code=2)
    assert "in person? [y/N]: \n" in fresh.stderr
    assert "nothing was changed: no terminal to ask on" in fresh.stderr
    assert "to confirm: --yes" in fresh.stderr
    fresh.sealedfiles("trust", "bob", "--yes")
    fresh.sealedfiles("trust", "bob")


def again(repo: Repo, name: str, *more: str) -> str:
    """Grant access to *name* with Bob's public key and *more*; return its file."""
    file = repo.path / ".sealedfiles/recipients/bob.pub"
    repo.sealedfiles("grant", name, file.read_text().strip(), *more, "--to", "default")
    assert "bob has the same public key" in repo.stderr
    repo.commit(f"grant {name}")
    return f".sealedfiles/recipients/{name}.pub"


def test_other_names_of_the_same_public_key_are_removed_too(repo: Repo) -> None:
    file = again(repo, "laptop")
    repo.sealedfiles("revoke", "bob", "--from", "default")
    assert "laptop has the same public key as bob, and is removed, too" in repo.stderr
    assert not (repo.path / file).exists()
    assert [one.stem for one in (repo.path / ".sealedfiles/keys/default").glob("*.age")] == [
        "alice"
    ]


def test_somebody_who_shares_one_public_key_of_several_is_not_removed_unasked(
    repo: Repo, tmp_path: Path
) -> None:
    file = again(repo, "carol", Person.at(tmp_path / "carol").keygen())
    repo.sealedfiles("revoke", "bob", "--from", "default", code=2)
    assert "carol also has a public key of bob, and would still read default" in repo.stderr
    assert f"remove it from {file}; then: sealedfiles trust carol" in repo.stderr
    lines = repo.read(file).splitlines(keepends=True)
    bobs = repo.read(".sealedfiles/recipients/bob.pub").strip()
    repo.write(file, "".join(one for one in lines if bobs not in one))
    repo.sealedfiles("trust", "carol", "--yes")
    repo.commit("without bob's key")
    repo.sealedfiles("revoke", "bob", "--from", "default")


def test_nobody_removes_another_name_of_their_own(repo: Repo) -> None:
    key = repo.read(".sealedfiles/recipients/alice.pub").strip()
    repo.sealedfiles("grant", "me", key, "--to", "default")
    repo.commit("grant me")
    repo.sealedfiles("revoke", "me", code=2)
    assert "me has your own public key" in repo.stderr
    assert repo.status() == []


def test_another_name_is_removed_from_groups_that_the_name_itself_does_not_read(repo: Repo) -> None:
    again(repo, "laptop")
    key = repo.read(".sealedfiles/recipients/bob.pub").strip()
    repo.sealedfiles("grant", "phone", key, "--to", "production")
    repo.commit("grant phone")
    repo.sealedfiles("revoke", "bob")
    for group in ("default", "production"):
        folder = repo.path / f".sealedfiles/keys/{group}"
        assert [one.stem for one in folder.glob("*.age")] == ["alice"]
