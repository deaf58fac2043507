"""Push access gives no authority over keys (SECURITY.md, "Who decides").

Mallory has push access and no key, or had a key. ``made_group`` does what she can do with git and the
documented format.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from people import ENV, YAML, Person, Repo, groups, share_production

from sealedfiles.keys.epochs import format_epochs, new_epoch
from sealedfiles.keys.folder import DirFolder
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.readers import write_file, write_reader
from sealedfiles.keys.recipients import read_recipients, reader_names
from sealedfiles.model.paths import key_step
from sealedfiles.model.token import VALUE, FileKey, file_id

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

pytestmark = pytest.mark.many_variants


@pytest.fixture
def mallory(team: tuple[Repo, Repo], origin: Path, tmp_path: Path) -> Repo:
    del team
    return Person.at(tmp_path / "mallory").clone(origin, tmp_path / "mallory-clone")


def made_group(repo: Repo, group: str) -> GroupKey:
    """Create a group with a key of its creator, encrypted to everybody."""
    folder = DirFolder(repo.path / ".sealedfiles")
    secret = secrets.token_bytes(32)
    epoch = new_epoch(group, secret, "created")
    key = GroupKey(epoch.key_id, epoch.date, secret)
    write_file(folder, f"keys/{group}/epochs", format_epochs([epoch]))
    for name in reader_names(folder):
        write_reader(folder, group, name, read_recipients(folder, name), [key])
    return key


def push(repo: Repo, message: str = "tidy") -> None:
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--no-verify", "--message", message)
    repo.git("push", "--quiet", "--no-verify")


def commit(repo: Repo, message: str) -> None:
    repo.git("commit", "--quiet", "--no-verify", "--message", message)


# -- whom keys are wrapped to


def test_a_superseded_grant_that_is_restored_gets_no_new_key(
    team: tuple[Repo, Repo], mallory: Repo, tmp_path: Path
) -> None:
    """Bob's key was replaced; the owner of the old one restores the old public key and its grant."""
    alice, _ = team
    old = alice.head()
    new = Person.at(tmp_path / "bob-new").keygen()
    alice.write(".sealedfiles/recipients/bob.pub", f"{new}\n")
    alice.sealedfiles("trust", "bob", "--yes")
    assert "has a new key" in alice.stderr
    commit(alice, "bob has a new key")
    alice.git("push", "--quiet")
    mallory.git("pull", "--quiet")
    mallory.git(
        "checkout",
        "--quiet",
        old,
        "--",
        ".sealedfiles/recipients/bob.pub",
        ".sealedfiles/keys/default/bob.grant",
    )
    push(mallory)
    alice.git("pull", "--quiet")
    alice.sealedfiles("rotate", "default", code=4)
    assert "bob" in alice.stderr
    assert alice.git("diff", "--cached", "--name-only") == ""
    alice.sealedfiles("sync", "--yes")
    assert "was restored: bob gets no key" in alice.stderr
    assert alice.git("diff", "--cached", "--name-only", "--", ".sealedfiles/keys") == ""


def test_a_key_beside_ones_own_gets_nothing_of_a_new_group(
    team: tuple[Repo, Repo], mallory: Repo
) -> None:
    alice, _ = team
    stranger = mallory.person.keygen()
    public = mallory.read(".sealedfiles/recipients/alice.pub")
    mallory.write(".sealedfiles/recipients/aaa.pub", f"{public}{stranger}\n")
    mallory.write(".sealedfiles/recipients/alice.pub", f"{public}{stranger}\n")
    push(mallory)
    alice.git("pull", "--quiet")
    alice.sealedfiles("track", "ops/*.yaml", "--group", "ops")
    assert "not confirmed in this clone" in alice.stderr
    alice.write("ops/a.yaml", "key: s3cr3t-ops\n")
    alice.git("add", "--all")
    commit(alice, "a new group")
    alice.git("push", "--quiet", "--no-verify")
    mallory.git("pull", "--quiet")
    mallory.sealedfiles("cat", "ops/a.yaml", code=3)


def test_a_public_key_that_nobody_proved_is_not_granted_by_name(
    team: tuple[Repo, Repo], mallory: Repo
) -> None:
    alice, _ = team
    mallory.write(".sealedfiles/recipients/carol.pub", f"{mallory.person.keygen()}\n")
    push(mallory)
    alice.git("pull", "--quiet")
    alice.sealedfiles("grant", "carol", "--to", "default", code=2)
    assert "sealedfiles grant carol KEY --to default" in alice.stderr
    assert not (alice.path / ".sealedfiles/keys/default/carol.age").exists()


# -- which groups


@pytest.mark.parametrize(
    "command",
    [
        ("grant", "bob", "--to", "staging"),
        ("track", "config/*.yml"),
        ("keygen", "--deploy", "ci", "--to", "default"),
        ("rotate",),
        ("recovery-key", "--out", "-"),
    ],
    ids=lambda command: command[0],
)
def test_a_command_for_another_group_accepts_no_stranger_s_group(
    team: tuple[Repo, Repo], mallory: Repo, command: tuple[str, ...]
) -> None:
    alice, _ = team
    made_group(mallory, "evil")
    push(mallory)
    alice.git("pull", "--quiet")
    alice.sealedfiles(*command)
    newest = alice.folder("sealedfiles/newest").read_text()
    assert "evil" not in newest
    assert "evil" not in alice.folder("sealedfiles/keys").read_text()


def test_adopt_names_no_stranger_s_group_in_the_place_of_the_user(
    team: tuple[Repo, Repo], mallory: Repo
) -> None:
    alice, _ = team
    made_group(mallory, "evil")
    push(mallory)
    alice.git("pull", "--quiet")
    alice.write("new/evil.env", "DB_PASSWORD=s3cr3t-db-0001\n")
    alice.write("new/app.yaml", "evil:\n  password: s3cr3t-evil-0001\n")
    alice.sealedfiles("adopt", "--engine", "none", "--yes", "new")
    assert "nothing is sealed to evil: the group evil is new in this clone" in alice.stderr
    assert "evil" not in alice.folder("sealedfiles/keys").read_text()
    alice.git("add", "new")
    assert groups(alice.git("show", ":new/evil.env", ":new/app.yaml")) == {"default"}


def test_unlock_lists_a_new_group_with_its_author_and_accepts_it_only_on_request(
    team: tuple[Repo, Repo], mallory: Repo
) -> None:
    alice, _ = team
    made_group(mallory, "evil")
    push(mallory)
    alice.git("pull", "--quiet")
    alice.sealedfiles("unlock")
    assert "the group evil is new in this clone" in alice.stderr
    assert "created in" in alice.stderr
    assert "evil was not accepted" in alice.stderr
    assert "evil" not in alice.folder("sealedfiles/keys").read_text()
    alice.sealedfiles("unlock", "--accept", "evil")
    assert "evil" in alice.folder("sealedfiles/keys").read_text()


# -- retired keys, and keys that were put back


@pytest.fixture
def left(team: tuple[Repo, Repo]) -> tuple[Repo, str, str]:
    """Alice's clone after she revoked Bob, the commit before that, and a line that Bob wrote."""
    alice, bob = team
    before = alice.head()
    bob.edit(YAML, "db-alpha", "db-forged")
    bob.git("add", YAML)
    forged = bob.git("show", f":{YAML}")
    alice.sealedfiles("revoke", "bob")
    commit(alice, "bob has left")
    alice.git("push", "--quiet", "--no-verify")
    return alice, before, forged


def put(repo: Repo, path: str, content: str) -> None:
    repo.write("content", content)
    oid = repo.git("hash-object", "-w", "--no-filters", "content").strip()
    (repo.path / "content").unlink()
    repo.git("update-index", "--cacheinfo", f"100644,{oid},{path}")


READS = [
    ("get", YAML, "database.password"),
    ("cat", YAML),
    ("run", "-f", YAML, "--", "true"),
]


@pytest.mark.slow
def test_keys_that_are_restored_are_found_by_memory_and_by_history(
    left: tuple[Repo, str, str], mallory: Repo, world: World, tmp_path: Path
) -> None:
    alice, before, forged = left
    remote = mallory.git("remote", "get-url", "origin").strip()
    old = alice.person.clone(remote, tmp_path / "old")
    old.git("reset", "--quiet", "--hard", before)
    old.sealedfiles("unlock")
    mallory.git("pull", "--quiet")
    mallory.git("rm", "--quiet", "-r", "--cached", ".sealedfiles")
    mallory.git("checkout", "--quiet", before, "--", ".sealedfiles")
    put(mallory, YAML, forged)
    commit(mallory, "tidy")
    mallory.git("push", "--quiet", "--no-verify")
    alice.git("pull", "--quiet")
    for command in READS:
        assert "db-forged" not in alice.sealedfiles(*command, code=4)
        assert "git log -p -- .sealedfiles/keys" in alice.stderr
    # A clone that remembers nothing, as on a build machine.
    fresh = alice.person.having(CI="1").clone(remote, tmp_path / "ci")
    for command in READS:
        assert "db-forged" not in fresh.sealedfiles(*command, code=4)
    assert "the newest key seen" in fresh.stderr
    # A clone that has not pulled since before the revocation; a merge does not fail, but reports it.
    old.sealedfiles("hook", "install")
    old.git("pull", "--quiet")
    assert "the newest key seen" in old.stderr
    for command in READS:
        assert "db-forged" not in old.sealedfiles(*command, code=4)


def test_keys_that_are_restored_are_not_accepted_as_an_abandoned_rotation(
    team: tuple[Repo, Repo],
) -> None:
    """The removed reader has them, so `sync --forget` would give every new value away."""
    alice, _ = team
    alice.sealedfiles("revoke", "bob", "--yes")
    commit(alice, "remove bob")
    alice.git("revert", "--no-edit", "HEAD")
    alice.sealedfiles("sync", "--yes", code=4)
    assert "git revert" in alice.stderr
    alice.sealedfiles("sync", "--forget", "default", "--yes", code=4)
    assert "was retired when a reader was removed" in alice.stderr
    alice.git("revert", "--no-edit", "HEAD")
    alice.sealedfiles("sync")
    assert alice.sealedfiles("get", ENV, "DB_PASSWORD") == "s3cr3t-db-alpha\n"


@pytest.mark.slow
def test_a_new_clone_seals_nothing_with_keys_that_are_restored(
    team: tuple[Repo, Repo], mallory: Repo, tmp_path: Path
) -> None:
    """Anyone can push a `git revert` of a revocation: the removed reader would read all new values."""
    alice, _ = team
    alice.sealedfiles("revoke", "bob", "--yes")
    commit(alice, "remove bob")
    alice.git("push", "--quiet")
    mallory.git("pull", "--quiet")
    mallory.git("revert", "--no-edit", "HEAD")
    mallory.git("push", "--quiet", "--no-verify")
    fresh = alice.person.clone(
        mallory.git("remote", "get-url", "origin").strip(), tmp_path / "fresh"
    )
    fresh.sealedfiles("unlock", code=4)
    assert "the newest key seen" in fresh.stderr
    assert "default=" not in fresh.stderr
    assert "you can read: production" in fresh.stderr
    fresh.sealedfiles("rotate", "default", code=4)
    fresh.sealedfiles("doctor", code=1)
    fresh.sealedfiles("trust", "policy", "--yes", code=4)
    assert "the newest key seen" in fresh.stderr
    fresh.sealedfiles("set", ENV, "DB_PASSWORD", "--value", "s3cr3t-new", code=None)
    assert "set DB_PASSWORD" not in fresh.stderr
    fresh.write(ENV, "DB_PASSWORD=s3cr3t-new\n")
    fresh.git("add", ENV, code=128)
    assert fresh.git("diff", "--cached", "--name-only") == ""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["commit", "force push"])
def test_keys_of_one_of_two_groups_that_are_restored_give_nothing_of_the_other(
    team: tuple[Repo, Repo], mallory: Repo, how: str
) -> None:
    alice, bob = team
    alice.sealedfiles("grant", "bob", "--to", "production")
    alice.commit("both")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    bob.sealedfiles("unlock", "--accept", "production")
    mallory.git("pull", "--quiet")
    before = mallory.git("rev-parse", "HEAD").strip()
    alice.sealedfiles("revoke", "bob", "--yes")
    commit(alice, "remove bob")
    alice.git("push", "--quiet")
    alice.sealedfiles("get", YAML, "production.pin")
    mallory.git("pull", "--quiet")
    mallory.git("checkout", "--quiet", before, "--", ".sealedfiles/keys/production")
    mallory.git("checkout", "--quiet", before, "--", ".sealedfiles/recipients")
    if how == "commit":
        push(mallory)
        alice.git("pull", "--quiet")
    else:
        mallory.git("commit", "--quiet", "--no-verify", "--amend", "--message", "remove bob")
        mallory.git("push", "--quiet", "--no-verify", "--force")
        alice.git("fetch", "--quiet")
        alice.git("reset", "--quiet", "--hard", "@{upstream}")
    # The restored group: nothing is used, and nothing new is sealed.
    alice.sealedfiles("get", YAML, "production.pin", code=4)
    alice.sealedfiles("set", YAML, "production.pin", "--value", "s3cr3t-new", code=4)
    # Who proves the other one does not choose what becomes of its values.
    alice.sealedfiles("track", YAML, "--values", "production.**", "--yes", code=4)
    policy = ".sealedfiles/policy.yaml"
    alice.write(policy, alice.read(policy).replace("group: production", "group: default"))
    alice.sealedfiles("trust", "policy", "--yes", code=4)
    alice.git("checkout", "--quiet", "--", policy)
    # The other one has its new key, which the removed reader does not have.
    alice.sealedfiles("set", ENV, "DB_PASSWORD", "--value", "s3cr3t-new")
    alice.git("add", ENV)
    commit(alice, "a value")
    alice.git("push", "--quiet", "--no-verify")
    bob.git("fetch", "--quiet")
    bob.git("reset", "--quiet", "--hard", "@{upstream}")
    assert "s3cr3t-new" not in bob.read(ENV)
    bob.sealedfiles("get", ENV, "DB_PASSWORD", code=3)


def test_changing_one_word_in_epochs_does_not_reactivate_a_retired_key(
    left: tuple[Repo, str, str],
) -> None:
    alice, _, forged = left
    put(alice, YAML, forged)
    commit(alice, "a value")
    alice.git("checkout", "--quiet", "--", YAML)
    file = ".sealedfiles/keys/default/epochs"
    alice.write(file, alice.read(file).replace(" revoked ", " rotated "))
    alice.git("add", file)
    commit(alice, "a word")
    for command in READS:
        assert "db-forged" not in alice.sealedfiles(*command, code=4)


@pytest.mark.slow
def test_a_removed_reader_sees_who_removed_them(
    team: tuple[Repo, Repo], left: tuple[Repo, str, str]
) -> None:
    _, bob = team
    alice, _, _ = left
    bob.git("reset", "--quiet", "--hard")
    bob.git("pull", "--quiet")
    commit_id = alice.git("log", "-1", "--format=%h").strip()
    for command in ("unlock", "doctor"):
        out = bob.sealedfiles(command, code=None) + bob.stderr
        assert "you (bob) were removed from the group default" in out
        assert f"{commit_id} by " in out
        assert "after a merge" not in out  # which is not the reason here
    bob.sealedfiles("unlock", code=3)
    bob.sealedfiles("sync", code=4)
    assert "if you were removed from the group" in bob.stderr
    assert "sealedfiles lock" in bob.stderr


@pytest.mark.slow
def test_a_reader_removed_from_one_of_two_groups_continues_with_the_other(
    team: tuple[Repo, Repo],
) -> None:
    alice, bob = team
    share_production(alice, bob)
    alice.sealedfiles("revoke", "bob", "--from", "production", "--yes")
    alice.commit("one")
    alice.sealedfiles("track", "new/*.yaml", "--values", "port", "--plain", "--yes")
    alice.commit("a policy")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    for command in (["sync"], ["rotate", "default"], ["trust", "policy", "--yes"]):
        bob.sealedfiles(*command, code=4)
        assert "sealedfiles lock; then sealedfiles unlock" in bob.stderr
    bob.sealedfiles("unlock")
    assert "you (bob) were removed from the group production" in bob.stderr
    assert "to forget the keys of production here: sealedfiles lock" in bob.stderr
    bob.sealedfiles("lock")
    bob.sealedfiles("unlock")
    bob.write("new/app.yaml", "port: 80\nkey: s3cr3t-new\n")
    bob.commit("a file")
    bob.sealedfiles("sync")
    bob.sealedfiles("rotate", "default")
    bob.commit("a key")
    assert "no problems found" in bob.sealedfiles("check") + bob.stderr


# -- machines, which remember nothing


@pytest.fixture
def replaced(team: tuple[Repo, Repo], mallory: Repo) -> str:
    """The remote after Mallory replaced the group by her own; the text of a deploy key."""
    alice, _ = team
    text = alice.sealedfiles("keygen", "--deploy", "ci", "--to", "default")
    alice.commit("a machine")
    alice.git("push", "--quiet", "--no-verify")
    mallory.git("pull", "--quiet")
    key = made_group(mallory, "default")
    made = FileKey("default", key.secret, file_id(ENV.encode()))
    mallory.write(ENV, f"A={made.seal(VALUE, 0, made.path_tag(key_step('A')), b'forged')}\n")
    push(mallory)
    return text


@pytest.mark.parametrize("how", ["text", "file", "option"])
def test_the_comments_of_a_key_count_in_a_clone_that_has_a_record(
    replaced: str, how: str, origin: Path, tmp_path: Path
) -> None:
    """A command with another key has cached the wrong group's keys there."""
    first = Person.at(tmp_path / "ci").having(SEALEDFILES_KEY=replaced.rstrip("\n").split("\n")[-1])
    clone = first.clone(f"file://{origin}", tmp_path / "run", "--depth", "1")
    clone.sealedfiles("get", ENV, "A")
    options = []
    (tmp_path / "key").write_text(replaced)
    (tmp_path / "key").chmod(0o600)
    if how == "text":
        person = first.having(CI="1", SEALEDFILES_KEY=replaced)
    elif how == "file":
        person = first.having(
            CI="1", SEALEDFILES_KEY="", SEALEDFILES_KEY_FILE=str(tmp_path / "key")
        )
    else:
        person = first.having(CI="1", SEALEDFILES_KEY="")
        options = ["--identity", str(tmp_path / "key")]
    machine = Repo(person, clone.path)
    machine.sealedfiles("get", ENV, "A", *options, code=4)
    assert "do not include the expected key" in machine.stderr
    machine.sealedfiles("cat", ENV, *options, code=4)
    machine.sealedfiles("set", ENV, "B", *options, answers="new", code=4)


@pytest.mark.parametrize("depth", [None, "1"], ids=["full", "shallow"])
@pytest.mark.parametrize("how", ["comment", "variable", "history"])
def test_a_machine_refuses_a_group_that_was_replaced(
    replaced: str, how: str, depth: str | None, origin: Path, tmp_path: Path
) -> None:
    key = replaced.rstrip("\n").split("\n")[-1]
    start = replaced.split(" starts with ")[1].split("\n")[0]
    variables = {"CI": "1", "SEALEDFILES_KEY": replaced if how == "comment" else key}
    if how == "variable":
        variables["SEALEDFILES_EXPECT"] = f"default={start}"
    machine = Person.at(tmp_path / "ci").having(**variables)
    options = ["--depth", depth] if depth else []
    clone = machine.clone(f"file://{origin}", tmp_path / "run", *options)
    if how == "history" and depth:
        clone.sealedfiles("get", ENV, "A", code=None)
        assert "this clone is shallow" in clone.stderr
        assert "SEALEDFILES_EXPECT=default=" in clone.stderr
        return
    clone.sealedfiles("get", ENV, "A", code=4)
    clone.sealedfiles("cat", ENV, code=4)
    clone.sealedfiles("run", "-f", ENV, "--", "true", code=4)
