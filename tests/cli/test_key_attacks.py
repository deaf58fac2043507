"""Attacks by a removed reader, or by somebody with push access, with keys, readers' files, merges and
unusual inputs.

Each test is an attack, or a mishap, that once succeeded. A ``mirror`` is a clone without a filter,
which is all that somebody with push access needs, or a server that merges.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, YAML, Person, Repo, groups, program, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

pytestmark = pytest.mark.many_variants

KEYS = ".sealedfiles/keys/default"
EPOCHS = f"{KEYS}/epochs"
FORGED = "chosen-by-bob"
ADDRESS, BEGINNING = "api.token", "  token: "

PLUGIN_RECIPIENT = "age1absent10pu8s7rc0pu8s7rc0pu8s7rc0qns4al5"
"""Of a plugin whose program is on no machine."""


both_sides = pytest.mark.parametrize("side", ["ours", "theirs"])


@pytest.fixture
def mirror(team: tuple[Repo, Repo], origin: Path, tmp_path: Path) -> Repo:
    """A clone of the server with git alone, of somebody without a key."""
    del team
    return Person.at(tmp_path / "mallory").clone(origin, tmp_path / "mirror")


@pytest.fixture
def laptop(world: World, tmp_path: Path) -> Repo:
    """Alice's second clone, which does not know what she does in the first one."""
    return world.copy("alice", tmp_path / "laptop")


@pytest.fixture
def eve(tmp_path: Path) -> str:
    return Person.at(tmp_path / "eve").keygen()


def epochs(repo: Repo, group: str = "default") -> list[list[str]]:
    lines = repo.read(f".sealedfiles/keys/{group}/epochs").split("\n")[:-1]
    return [line.split(" ") for line in lines]


def readers(repo: Repo) -> list[str]:
    return sorted(file.stem for file in (repo.path / KEYS).glob("*.age"))


def commit_staged(repo: Repo, message: str) -> None:
    repo.git("commit", "--quiet", "--message", message)


def revoke_bob(alice: Repo) -> None:
    alice.sealedfiles("revoke", "bob")
    commit_staged(alice, "bob has left")
    alice.git("push", "--quiet")


def sealed_line(repo: Repo, revision: str) -> str:
    """Return the line of the value that Bob forges, as stored in git."""
    lines = repo.blob(revision, YAML).decode().split("\n")
    return next(line for line in lines if line.startswith(BEGINNING))


def fetch(repo: Repo, other: Repo) -> None:
    repo.git("fetch", "--quiet", str(other.path), "HEAD")


def merge(repo: Repo, other: Repo) -> None:
    """Merge *other*, leaving conflicts in the keys to sync."""
    fetch(repo, other)
    repo.git("merge", "--quiet", "--no-edit", "FETCH_HEAD", code=None)


def forge(bob: Repo) -> None:
    """Seal a value of Bob's choice with the current key in his clone."""
    bob.sealedfiles("set", YAML, ADDRESS, answers=f"{FORGED}\n")
    bob.commit("a value")


# values that a leaver makes with keys that he still has


def paste(mirror: Repo, bob: Repo) -> None:
    """Put Bob's line into main's newest version and push it, with his branch as a second parent."""
    mirror.git("pull", "--quiet")
    fetch(mirror, bob)
    mirror.git("merge", "--quiet", "-s", "ours", "--no-edit", "FETCH_HEAD")
    mirror.edit(YAML, sealed_line(mirror, "HEAD"), sealed_line(mirror, "FETCH_HEAD"))
    # Where the folder of keys is that of one parent, git's history of it leaves out the other one.
    mirror.write(f"{KEYS}/README", "")
    mirror.git("add", "--all")
    mirror.git("commit", "--quiet", "--amend", "--no-edit")
    mirror.git("push", "--quiet")


@pytest.mark.slow
def test_a_value_under_a_removed_readers_own_fork_is_neither_read_nor_resealed(
    team: tuple[Repo, Repo], mirror: Repo, origin: Path, tmp_path: Path
) -> None:
    alice, bob = team
    revoke_bob(alice)
    bob.sealedfiles("rotate", "default")
    commit_staged(bob, "a fork")
    forge(bob)
    forged = sealed_line(bob, "HEAD")
    paste(mirror, bob)
    clone = alice.person.clone(origin, tmp_path / "fresh")
    printed = clone.sealedfiles("get", YAML, ADDRESS, code=4)
    assert FORGED not in printed + clone.stderr
    assert clone.sealedfiles("get", YAML, "database.password") == f"{SECRET}-db-alpha\n"
    clone.sealedfiles("unlock")
    assert "retired" in clone.stderr
    alice.git("pull", "--quiet")
    assert "retired" in alice.stderr
    for one in (clone, alice):
        assert sealed_line(one, "HEAD") == forged
        before = one.blob("", EPOCHS)
        one.sealedfiles("sync", code=1)
        assert "before the other side removed a reader" in one.stderr
        assert sealed_line(one, "") == forged
        assert one.blob("", EPOCHS) == before
        one.sealedfiles("sync", answers="y\n", code=1)
        assert "Are these values correct?" in one.stderr
        assert sealed_line(one, "") == forged


def test_a_revocation_that_the_removed_reader_repeats_on_his_own_branch_makes_nothing_known(
    team: tuple[Repo, Repo], mirror: Repo
) -> None:
    alice, bob = team
    forge(bob)
    revoke_bob(alice)
    fetch(mirror, bob)
    mirror.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    mirror.git("fetch", "--quiet", "origin")
    forged = sealed_line(mirror, "HEAD")
    mirror.write(EPOCHS, mirror.blob("origin/main", EPOCHS))
    mirror.commit("alice's line, as everybody can read it")
    mirror.git("merge", "--quiet", "-s", "ours", "--no-edit", "origin/main")
    mirror.git("rm", "--quiet", "-r", ".")
    mirror.git("checkout", "origin/main", "--", ".")
    mirror.edit(YAML, sealed_line(mirror, "origin/main"), forged)
    mirror.git("add", "--all")
    mirror.git("commit", "--quiet", "--amend", "--no-edit")
    mirror.git("push", "--quiet")
    alice.git("pull", "--quiet", "--ff-only")
    assert sealed_line(alice, "HEAD") == forged
    alice.sealedfiles("sync", code=1)
    assert f"{YAML}: 1 value" in alice.stderr
    assert "Are these values correct?" in alice.stderr
    assert sealed_line(alice, "") == forged


# readers: who comes in and who stays


@pytest.mark.slow
@pytest.mark.parametrize(
    "answers",
    ["y\nn\nn\n", "n\nn\n", ""],
    ids=["keys-but-not-eve", "no", "nobody-answers"],
)
def test_readers_added_by_a_removed_reader_are_none_after_a_merge(
    team: tuple[Repo, Repo], eve: str, answers: str
) -> None:
    alice, bob = team
    bob.sealedfiles("grant", "eve", eve, "--to", "default")
    commit_staged(bob, "let eve in")
    bob.sealedfiles("rotate", "default")
    commit_staged(bob, "rotate")
    revoke_bob(alice)
    merge(alice, bob)
    alice.sealedfiles("sync", answers=answers, code=None)
    assert "before the other side removed a reader" in alice.stderr
    if answers.startswith("y"):
        assert "eve was granted default on one side" in alice.stderr
        assert readers(alice) == ["alice"]
        assert epochs(alice)[-1][2] == "revoked"
    else:
        assert "not changed" in alice.stderr
        assert alice.git("ls-files", "--unmerged", EPOCHS)


def grant_helper(bob: Repo) -> None:
    """Let Bob in a second time, under another name."""
    key = bob.read(".sealedfiles/recipients/bob.pub").strip()
    bob.sealedfiles("grant", "helper", key, "--to", "default")
    commit_staged(bob, "a helper")


def sync_without_helper(alice: Repo) -> None:
    alice.sealedfiles("sync", "--yes", code=None)
    assert "helper has a public key of bob, who was removed from default" in alice.stderr


@pytest.mark.slow
@pytest.mark.parametrize("is_theirs", [False, True], ids=["ours", "theirs"])
def test_a_removed_reader_does_not_come_back_under_another_name(
    team: tuple[Repo, Repo], *, is_theirs: bool
) -> None:
    """Whichever side of the merge has the revocation."""
    alice, bob = team
    grant_helper(bob)
    bob.sealedfiles("rotate", "default")
    commit_staged(bob, "rotate")
    revoke_bob(alice)
    if is_theirs:
        fetch(alice, bob)
        alice.git("switch", "--quiet", "--create", "topic", "FETCH_HEAD")
        alice.git("merge", "--quiet", "--no-edit", "main", code=None)
    else:
        merge(alice, bob)
    sync_without_helper(alice)
    assert readers(alice) == ["alice"]


def test_a_late_grant_under_another_name_of_a_removed_reader_gives_no_key(
    team: tuple[Repo, Repo],
) -> None:
    alice, bob = team
    grant_helper(bob)
    revoke_bob(alice)
    merge(alice, bob)
    sync_without_helper(alice)
    assert alice.read(f"{KEYS}/helper.grant").split()[0] != epochs(alice)[-1][0]
    alice.git("commit", "--quiet", "--no-verify", "--message", "merged", code=None)
    alice.sealedfiles("trust", "helper", "--yes", code=2)
    assert "helper has a public key of bob, who was removed from default" in alice.stderr
    assert "sealedfiles revoke helper --from default" in alice.stderr


def test_a_removed_reader_does_not_get_the_key_of_an_interrupted_rotation(repo: Repo) -> None:
    repo.sealedfiles("rotate", "default")
    begun = epochs(repo)[-1][0]
    # Killed right before its end: all is written, and the note of what was begun is still there.
    cached = repo.folder("sealedfiles/keys").read_text().split("\n")
    note = next(line for line in cached if line.startswith(f"default {begun} "))
    repo.folder("sealedfiles/begun").write_text(f"{note}\n")
    repo.sealedfiles("revoke", "bob")
    assert readers(repo) == ["alice"]
    assert epochs(repo)[-1][2] == "revoked"
    assert epochs(repo)[-1][0] != begun
    current = epochs(repo)[-1][0]
    found = [token for path in FILES for token in repo.tokens("", path)]
    assert {t.split(":")[3] for t in found if groups(t) == {"default"}} == {current}


def conflict(repo: Repo, laptop: Repo, side: str) -> None:
    """Rotate on the laptop, and merge that with *repo*, which becomes *side* of the conflict.

    Alice has the keys of both, so nothing is refused only because of a missing key.
    """
    laptop.sealedfiles("rotate", "default")
    commit_staged(laptop, "rotate")
    fetch(repo, laptop)
    if side == "theirs":
        repo.git("branch", "other")
        repo.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    other = "other" if side == "theirs" else "FETCH_HEAD"
    repo.git("merge", "--quiet", "--no-edit", other, code=1)
    assert EPOCHS in repo.git("ls-files", "--unmerged")


@both_sides
def test_a_revocation_cannot_be_edited_into_a_rotation_on_one_side_of_a_conflict(
    repo: Repo, laptop: Repo, side: str
) -> None:
    base = repo.head()
    repo.sealedfiles("revoke", "bob")
    commit_staged(repo, "bob has left")
    repo.edit(EPOCHS, " revoked ", " rotated ")
    bobs = [f"{KEYS}/bob.age", f"{KEYS}/bob.grant", ".sealedfiles/recipients/bob.pub"]
    repo.git("checkout", "--quiet", base, "--", *bobs)
    repo.git("add", ".sealedfiles")
    commit_staged(repo, "as if bob had not left")
    conflict(repo, laptop, side)
    before = repo.read(EPOCHS)
    repo.sealedfiles("sync", "--yes", code=4)
    assert "not proved" in repo.stderr
    assert repo.read(EPOCHS) == before


@pytest.mark.slow
@both_sides
def test_nobody_is_removed_by_files_that_are_deleted_on_one_side_of_a_conflict(
    repo: Repo, laptop: Repo, side: str
) -> None:
    repo.sealedfiles("rotate", "default")
    repo.git("rm", "--quiet", "--force", f"{KEYS}/*.age", f"{KEYS}/*.grant")
    commit_staged(repo, "rotate, and nobody reads")
    conflict(repo, laptop, side)
    repo.sealedfiles("sync", "--yes")
    assert readers(repo) == ["alice", "bob"]


@both_sides
def test_epochs_deleted_on_one_side_of_a_conflict_are_reported_and_can_be_restored(
    repo: Repo, laptop: Repo, side: str
) -> None:
    deleting, rotating = (repo, laptop) if side == "ours" else (laptop, repo)
    deleting.git("rm", "--quiet", EPOCHS)
    commit_staged(deleting, "no epochs")
    rotating.sealedfiles("rotate", "default")
    commit_staged(rotating, "rotate")
    rotated = rotating.git("rev-parse", "HEAD").strip()
    merge(repo, laptop)
    repo.sealedfiles("sync", "--yes", code=4)
    assert f"{EPOCHS} is missing on one side of the merge" in repo.stderr
    kept = "theirs" if deleting is repo else "ours"
    hint = f"git checkout --{kept} -- {EPOCHS} && git add {EPOCHS}"
    assert f"hint: restore it: {hint}\n" in repo.stderr
    repo.git(*f"checkout --{kept} -- {EPOCHS}".split())
    repo.git("add", EPOCHS)
    repo.sealedfiles("sync", "--yes")
    commit_staged(repo, "merged")
    assert repo.git("show", f"HEAD:{EPOCHS}") == rotating.git("show", f"{rotated}:{EPOCHS}")


# clones, and what they remember


def test_rotate_in_a_locked_clone_leaves_tokens_in_the_work_tree_and_no_keys(repo: Repo) -> None:
    repo.sealedfiles("lock")
    before = repo.texts()
    repo.sealedfiles("rotate", "default", code=None)
    commit_staged(repo, "rotate")
    assert not repo.folder("sealedfiles/keys").exists()
    assert repo.status() == []
    for path in FILES:
        assert repo.read(path) == repo.blob("HEAD", path).decode()
        assert repo.read(path) != before[path]


def test_values_are_not_printed_where_the_newest_key_seen_is_missing(repo: Repo) -> None:
    """Also in an unlocked working tree: somebody may have restored old keys so that an old value is
    trusted."""
    repo.sealedfiles("rotate", "default")
    commit_staged(repo, "rotate")
    newest = epochs(repo)[-1][0]
    repo.git("revert", "--no-edit", "HEAD")
    assert newest not in repo.read(EPOCHS)
    for command in (["get", YAML, ADDRESS], ["cat", YAML], ["run", "-f", ENV, "--", "true"]):
        repo.sealedfiles(*command, code=4)
        assert f"do not include the newest key seen in this clone, {newest}" in repo.stderr
        assert "git log -p -- .sealedfiles/keys" in repo.stderr
    repo.sealedfiles("get", "--allow-retired", YAML, ADDRESS)
    repo.sealedfiles("sync", "--forget", "default", "--yes")
    repo.sealedfiles("get", YAML, ADDRESS)


# what is staged


def test_rotate_stages_keys_and_sealed_files_and_nothing_else(repo: Repo) -> None:
    policy = ".sealedfiles/policy.yaml"
    repo.write(policy, repo.read(policy) + "# an edit that is not ready\n")
    repo.write(".sealedfiles/notes", "not to be committed\n")
    repo.sealedfiles("rotate", "default")
    staged = repo.git("diff", "--cached", "--name-only").split("\n")[:-1]
    assert EPOCHS in staged
    others = {path for path in staged if not path.startswith(KEYS)} - set(FILES)
    assert others <= {".sealedfiles/policy.proof"}
    assert f" M {policy}" in repo.status()
    assert "?? .sealedfiles/notes" in repo.status()


def test_grant_leaves_a_conflict_in_the_keys_of_another_group_as_it_is(
    repo: Repo, laptop: Repo, eve: str
) -> None:
    for clone in (repo, laptop):
        clone.sealedfiles("rotate", "production")
        commit_staged(clone, "rotate")
    merge(repo, laptop)
    conflict = repo.git("ls-files", "--unmerged", "--", ".sealedfiles")
    assert "keys/production/epochs" in conflict
    repo.sealedfiles("grant", "eve", eve, "--to", "default")
    assert "eve" in readers(repo)
    assert f"A  {KEYS}/eve.age" in repo.status()
    assert repo.git("ls-files", "--unmerged", "--", ".sealedfiles") == conflict


def test_grant_writes_nothing_if_a_plugin_is_missing(repo: Repo) -> None:
    repo.sealedfiles("grant", "eve", PLUGIN_RECIPIENT, "--to", "default", code=2)
    assert "age-plugin-absent" in repo.stderr
    assert "internal" not in repo.stderr
    assert repo.status() == []


# values and streams


def test_no_value_can_hold_the_readers_own_key(repo: Repo) -> None:
    key = repo.person.identities.read_text().split("\n")[-2]
    assert key.startswith("AGE-SECRET-KEY-")
    repo.write(ENV, repo.read(ENV) + "APP_X=<${SEALEDFILES_KEY}>\nAPP_HOME=<${HOME}>\n")
    repo.commit("a line for everybody")
    repo.person = repo.person.having(SEALEDFILES_KEY=key)
    assert repo.sealedfiles("get", ENV, "APP_X") == "<>\n"
    values = json.loads(repo.sealedfiles("cat", "--format", "json", ENV))
    assert values["APP_X"] == "<>"
    assert values["APP_HOME"] == f"<{repo.person.home}>"
    script = f"import sealedfiles; print(sealedfiles.load({ENV!r})['APP_X'])"
    assert repo.raw(sys.executable, "-c", script) == b"<>\n"


@pytest.mark.parametrize(
    "form",
    ["s{}", '{{"inner": ["s{}"]}}', "\\u0073{}"],
    ids=["text", "collection", "escape"],
)
def test_set_refuses_a_value_in_the_form_of_a_token(repo: Repo, form: str) -> None:
    before = repo.read(YAML)
    value = form.format(tokens(repo.blob("HEAD", JSON).decode())[0][1:])
    options = ["--json"] if value.startswith("{") else []
    repo.sealedfiles("set", *options, YAML, ADDRESS, answers=value, code=2)
    assert "contains a sealed value" in repo.stderr
    assert repo.read(YAML) == before


def test_set_refuses_a_value_with_a_token_in_it(repo: Repo) -> None:
    token = repo.tokens("HEAD", ENV)[0]
    repo.sealedfiles("set", ENV, "NOTE", "--value", f"see {token} there", code=2)
    assert "contains a sealed value" in repo.stderr
    assert "NOTE" not in repo.read(ENV)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("closed", "said"),
    [(">&-", "sealedfiles: error: bad file descriptor\n"), ("<&- >&- 2>&-", "")],
)
def test_output_to_a_closed_stdout_is_an_error(repo: Repo, closed: str, said: str) -> None:
    before = repo.texts()
    script = f'"$@" {closed}'
    out = repo.raw("sh", "-c", script, "sh", *program(), "get", YAML, ADDRESS, code=1)
    assert (out, repo.stderr) == (b"", said)
    repo.raw("sh", "-c", script, "sh", *program(), "check")
    assert repo.texts() == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_set_works_with_closed_stdin(repo: Repo) -> None:
    before = repo.texts()
    repo.raw("sh", "-c", '"$@" <&-', "sh", *program(), "set", YAML, ADDRESS, code=2)
    assert "stdin is empty" in repo.stderr
    assert repo.texts() == before


def test_a_list_index_with_too_many_digits_is_refused(repo: Repo) -> None:
    repo.sealedfiles("get", JSON, f"limits[{'9' * 5000}]", code=2)
    assert "internal" not in repo.stderr
