"""A submodule is used only after its user has set up sealedfiles in it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from people import YAML, Person, Repo

import sealedfiles
from sealedfiles.errors import TamperedError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

FORGED = "s3cr3t-forged"
REFUSED = "is a submodule in which sealedfiles was not unlocked"
ALLOW = ("-c", "protocol.file.allow=always")
UPDATE = (*ALLOW, "submodule", "--quiet", "update", "--init", "--recursive")


def add_submodule(outer: Repo, source: Repo, path: str) -> None:
    outer.git(*ALLOW, "submodule", "--quiet", "add", str(source.path), path)


def push(repo: Repo, message: str) -> None:
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--no-verify", "--message", message)
    repo.git("push", "--quiet", "--no-verify")


def pull(repo: Repo) -> Repo:
    repo.git("pull", "--quiet", "--no-recurse-submodules")
    repo.git(*UPDATE)
    return repo


@pytest.fixture
def forged(team: tuple[Repo, Repo], tmp_path: Path) -> Repo:
    """A repository of Mallory's, with a group of her own, whose key is encrypted to Alice."""
    sub = Person.at(tmp_path / "mallory").repository(tmp_path / "sub")
    sub.sealedfiles("init", "--name", "mallory")
    sub.sealedfiles("track", "*.yaml")
    key = team[0].read(".sealedfiles/recipients/alice.pub").strip()
    sub.sealedfiles("grant", "alice", key, "--to", "default")
    sub.write("app.yaml", f"database:\n  user: {FORGED}\n")
    sub.commit("own keys")
    return sub


@pytest.fixture
def outer(forged: Repo, origin: Path, tmp_path: Path) -> Repo:
    """Mallory's clone of the team's repository, after she removed ``secrets/``."""
    outer = forged.person.clone(origin, tmp_path / "outer")
    outer.git("rm", "--quiet", "-r", "secrets")
    return outer


@pytest.fixture
def replaced(team: tuple[Repo, Repo], outer: Repo, forged: Repo) -> Repo:
    """Alice's clone after Mallory replaced ``secrets/`` with her repository as a submodule."""
    add_submodule(outer, forged, "secrets")
    push(outer, "a submodule")
    return pull(team[0])


def refused(repo: Repo, path: str = YAML) -> None:
    for command in (
        ["get", path, "database.user"],
        ["cat", path],
        ["run", "--file", path, "--", "env"],
    ):
        assert FORGED not in repo.sealedfiles(*command, code=4)
        assert REFUSED in repo.stderr
    with pytest.raises(TamperedError, match=REFUSED):
        sealedfiles.load(repo.path / path)
    with pytest.raises(TamperedError, match=REFUSED):
        sealedfiles.loads(repo.read(path), format="yaml", root=(repo.path / path).parent)


@pytest.fixture
def as_alice(team: tuple[Repo, Repo], monkeypatch: pytest.MonkeyPatch) -> None:
    """Read with Alice's identity in this process, too."""
    for name, value in team[0].person.environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("as_alice")
def test_its_values_are_not_printed_and_nothing_is_sealed_to_its_group(replaced: Repo) -> None:
    refused(replaced)
    assert f"git -C {replaced.path} log -- secrets" in replaced.stderr
    before = replaced.read(YAML)
    replaced.sealedfiles("set", YAML, "database.user", "--value", "s3cr3t-new", code=4)
    assert replaced.read(YAML) == before


@pytest.mark.usefixtures("as_alice")
@pytest.mark.parametrize("path", [".sealedfiles", ".sealedfiles/policy.yaml"])
def test_whatever_the_outer_repository_looks_like(
    team: tuple[Repo, Repo], outer: Repo, forged: Repo, origin: Path, tmp_path: Path, path: str
) -> None:
    add_submodule(outer, forged, "secrets")
    outer.git("rm", "--quiet", "-r", path)
    push(outer, "a submodule")
    refused(pull(team[0]))
    new = team[0].person.clone(origin, tmp_path / "new", "--recurse-submodules", "--depth=1")
    refused(new)


@pytest.mark.usefixtures("as_alice")
def test_a_submodule_of_a_submodule(
    team: tuple[Repo, Repo], outer: Repo, forged: Repo, tmp_path: Path
) -> None:
    middle = forged.person.repository(tmp_path / "middle")
    add_submodule(middle, forged, "prod")
    middle.commit("no sealedfiles here")
    add_submodule(outer, middle, "secrets")
    push(outer, "submodules")
    refused(pull(team[0]), "secrets/prod/app.yaml")


@pytest.mark.usefixtures("as_alice")
def test_the_filter_for_all_repositories_does_not_decrypt_it(
    team: tuple[Repo, Repo], outer: Repo, forged: Repo, tmp_path: Path
) -> None:
    settings = shutil.copy(team[0].person.home / ".gitconfig", tmp_path)
    alice = Repo(team[0].person.having(GIT_CONFIG_GLOBAL=str(settings)), team[0].path)
    alice.sealedfiles("init", "--global")
    add_submodule(outer, forged, "secrets")
    push(outer, "a submodule")
    pull(alice)
    assert FORGED not in alice.read(YAML)
    refused(alice)
    inner = Repo(alice.person, alice.path / "secrets")
    inner.write("app.yaml", "database:\n  user: s3cr3t-mine\n")
    inner.git("add", "app.yaml", code=128)
    assert REFUSED in inner.stderr


@pytest.mark.usefixtures("as_alice")
def test_its_plaintext_is_not_used_either(
    team: tuple[Repo, Repo], outer: Repo, tmp_path: Path
) -> None:
    plain = outer.person.repository(tmp_path / "plain")
    policy = "version: 1\nrules:\n  - files: '*'\n    plain: true\n"
    plain.write(".sealedfiles/policy.yaml", policy)
    plain.write("app.yaml", f"database:\n  user: {FORGED}\n")
    plain.commit("in plaintext")
    add_submodule(outer, plain, "secrets")
    push(outer, "a submodule")
    assert FORGED in pull(team[0]).read(YAML)
    refused(team[0])
    with_key = team[0].person.having(CI="true", SEALEDFILES_EXPECT=f"default={'a' * 16}")
    Repo(with_key, team[0].path).sealedfiles("get", YAML, "database.user", code=4)


@pytest.mark.parametrize("ci", ["", "true"])
def test_who_unlocks_the_submodule_itself_has_accepted_it(replaced: Repo, ci: str) -> None:
    alice = Repo(replaced.person.having(CI=ci), replaced.path)
    inner = Repo(alice.person, replaced.path / "secrets")
    inner.sealedfiles("unlock")
    assert ci or "trusted from now on" in inner.stderr
    assert alice.sealedfiles("get", YAML, "database.user") == f"{FORGED}\n"
    inner.sealedfiles("lock")
    assert alice.sealedfiles("get", YAML, "database.user") == f"{FORGED}\n"
    inner.sealedfiles("deinit")
    alice.sealedfiles("get", YAML, "database.user", code=4)


def test_who_unlocks_the_outer_repository_has_not(replaced: Repo) -> None:
    replaced.sealedfiles("lock")
    replaced.sealedfiles("unlock")
    replaced.sealedfiles("get", YAML, "database.user", code=4)


def test_it_stays_accepted_where_it_is(replaced: Repo, outer: Repo, tmp_path: Path) -> None:
    """A push can give the name of an accepted submodule, and so its git folder, to another path."""
    Repo(replaced.person, replaced.path / "secrets").sealedfiles("unlock")
    moved = Repo(replaced.person, replaced.path.rename(tmp_path / "elsewhere"))
    assert moved.sealedfiles("get", YAML, "database.user") == f"{FORGED}\n"
    outer.git("mv", "secrets", "production")
    push(outer, "moved")
    pull(moved)
    assert FORGED not in moved.read("production/app.yaml")
    moved.sealedfiles("get", "production/app.yaml", "database.user", code=4)
    assert REFUSED in moved.stderr


def test_a_machine_may_expect_its_groups(replaced: Repo, forged: Repo) -> None:
    epochs = forged.read(".sealedfiles/keys/default/epochs")
    right = replaced.person.having(CI="true", SEALEDFILES_EXPECT=f"default={epochs[:16]}")
    shown = Repo(right, replaced.path).sealedfiles("get", YAML, "database.user")
    assert shown == f"{FORGED}\n"
    other = right.having(SEALEDFILES_EXPECT=f"default={'a' * 16}")
    Repo(other, replaced.path).sealedfiles("get", YAML, "database.user", code=4)


@pytest.mark.slow
@pytest.mark.parametrize("reader", [0, 1], ids=["alice", "bob"])
def test_a_machine_that_expects_groups_uses_no_plaintext_beside_a_copy_of_their_keys(
    team: tuple[Repo, Repo], outer: Repo, tmp_path: Path, reader: int
) -> None:
    """Below `secrets/`, no pattern of the copied policy matches its files."""
    copy = outer.person.repository(tmp_path / "copy")
    shutil.copytree(outer.path / ".sealedfiles", copy.path / ".sealedfiles")
    copy.write("app.yaml", f"database:\n  user: {FORGED}\n")
    copy.commit("keys and a policy that are right")
    add_submodule(outer, copy, "secrets")
    push(outer, "a submodule")
    clone = pull(team[reader])
    first = {
        group: clone.read(f".sealedfiles/keys/{group}/epochs")[:16]
        for group in ("default", "production")[: 2 - reader]
    }
    expected = ",".join(f"{group}={key_id}" for group, key_id in first.items())
    job = Repo(clone.person.having(CI="true", SEALEDFILES_EXPECT=expected), clone.path)
    for command in (
        ["get", YAML, "database.user"],
        ["cat", YAML],
        ["cat", "--format", "env", YAML],
        ["cat", "--group", "default", YAML],
        ["run", "--file", YAML, "--", "env"],
        ["run", "--group", "default", "--file", YAML, "--", "env"],
    ):
        assert FORGED not in job.sealedfiles(*command, code=None)
        assert "error: " in job.stderr
    if reader == 0:  # nobody proves which values belong to which group there
        assert REFUSED in job.stderr
    else:
        asked = job.sealedfiles("get", YAML, "database.user", "--allow-plaintext")
        assert asked == f"{FORGED}\n"
    Repo(clone.person, clone.path / "secrets").sealedfiles("unlock")
    assert job.sealedfiles("get", YAML, "database.user") == f"{FORGED}\n", "as in any repository"


@pytest.mark.usefixtures("as_alice")
@pytest.mark.parametrize("how", ["clone", "separate", "worktree", "no checkout", "case"])
def test_its_user_may_have_cloned_it_by_hand(
    team: tuple[Repo, Repo], outer: Repo, forged: Repo, origin: Path, tmp_path: Path, how: str
) -> None:
    """git records only the commit of a submodule: any repository may be in its folder."""
    add_submodule(outer, forged, "Secrets" if how == "case" else "secrets")
    push(outer, "a submodule")
    person = team[0].person
    alice = person.clone(origin, tmp_path / "new", *["--no-checkout"] * (how == "no checkout"))
    if how == "worktree":
        source = person.clone(forged, tmp_path / "source")
        (alice.path / "secrets").rmdir()
        source.git("worktree", "add", "--quiet", "--detach", str(alice.path / "secrets"))
    else:
        options = ["--separate-git-dir", str(tmp_path / "git")] if how == "separate" else []
        person.clone(forged, alice.path / "secrets", *options)
    refused(alice)
    inner = Repo(person, alice.path / "secrets")
    inner.sealedfiles("unlock")
    assert alice.sealedfiles("get", YAML, "database.user") == f"{FORGED}\n"
    inner.sealedfiles("deinit")
    refused(alice)


def test_a_submodule_that_was_cloned_by_hand_stays_accepted_where_it_is(
    team: tuple[Repo, Repo], outer: Repo, forged: Repo, tmp_path: Path
) -> None:
    alice, _ = team
    for path in ("secrets", "production"):
        add_submodule(outer, forged, path)
    push(outer, "submodules")
    alice.git("pull", "--quiet", "--no-recurse-submodules")
    (alice.path / "secrets").rmdir()
    inner = alice.person.clone(forged, alice.path / "secrets")
    inner.sealedfiles("unlock")
    moved = Repo(alice.person, alice.path.rename(tmp_path / "elsewhere"))
    assert moved.sealedfiles("get", YAML, "database.user") == f"{FORGED}\n"
    (moved.path / "production").rmdir()
    (moved.path / "secrets").rename(moved.path / "production")
    moved.sealedfiles("get", "production/app.yaml", "database.user", code=4)
    assert REFUSED in moved.stderr


@pytest.mark.usefixtures("as_alice")
def test_git_sets_variables_in_a_hook_that_name_the_submodule(
    team: tuple[Repo, Repo], outer: Repo, forged: Repo
) -> None:
    alice, _ = team
    add_submodule(outer, forged, "secrets")
    push(outer, "a submodule")
    alice.git("pull", "--quiet", "--no-recurse-submodules")
    (alice.path / "secrets").rmdir()
    inner = alice.person.clone(forged, alice.path / "secrets")
    git_dir = str(inner.path / ".git")
    names = {"GIT_DIR": git_dir, "GIT_WORK_TREE": str(inner.path), "GIT_LITERAL_PATHSPECS": "1"}
    hook = Repo(alice.person.having(**names, GIT_INDEX_FILE=f"{git_dir}/index"), inner.path)
    assert FORGED not in hook.sealedfiles("get", "app.yaml", "database.user", code=4)
    assert REFUSED in hook.stderr


def test_init_in_a_submodule_accepts_it(team: tuple[Repo, Repo], tmp_path: Path) -> None:
    alice, _ = team
    plain = alice.person.repository(tmp_path / "plain")
    plain.write("readme", "x")
    plain.commit("nothing sealed")
    add_submodule(alice, plain, "vendor/plain")
    inner = Repo(alice.person, alice.path / "vendor/plain")
    inner.sealedfiles("init", "--name", "alice")
    inner.sealedfiles("track", "*.yaml")
    inner.write("app.yaml", "user: s3cr3t-user\n")
    inner.commit("sealed")
    assert inner.sealedfiles("get", "app.yaml", "user") == "s3cr3t-user\n"


def test_other_repositories_are_no_submodules(team: tuple[Repo, Repo], tmp_path: Path) -> None:
    """Neither is a clone in a folder called ``modules``, nor a linked worktree."""
    alice, _ = team
    clone = alice.person.clone(alice, tmp_path / "modules" / "clone")
    assert clone.sealedfiles("get", YAML, "database.user") == "s3cr3t-user\n"
    clone.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    linked = Repo(alice.person, tmp_path / "linked")
    assert linked.sealedfiles("get", YAML, "database.user") == "s3cr3t-user\n"


def test_a_repository_of_the_user_in_another_is_no_submodule(
    team: tuple[Repo, Repo], tmp_path: Path
) -> None:
    """Such as one in a home folder that is a repository, or a linked worktree in the repository itself."""
    alice, _ = team
    home = alice.person.repository(tmp_path / "home")
    clone = alice.person.clone(alice, home.path / "clone")
    assert clone.sealedfiles("get", YAML, "database.user") == "s3cr3t-user\n", "no commit"
    home.write("readme", "x")
    home.git("add", "readme")
    home.git("commit", "--quiet", "--message", "one")
    assert clone.sealedfiles("get", YAML, "database.user") == "s3cr3t-user\n"
    clone.git("worktree", "add", "--quiet", "--detach", "linked")
    linked = Repo(alice.person, clone.path / "linked")
    assert linked.sealedfiles("get", YAML, "database.user") == "s3cr3t-user\n"
    broken = alice.person.clone(alice, tmp_path / "broken" / "clone")
    (tmp_path / "broken" / ".git").write_text("no repository")
    assert broken.sealedfiles("get", YAML, "database.user") == "s3cr3t-user\n"


def test_a_linked_worktree_of_a_submodule_is_accepted_with_it(
    replaced: Repo, tmp_path: Path
) -> None:
    inner = Repo(replaced.person, replaced.path / "secrets")
    inner.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    linked = Repo(replaced.person, tmp_path / "linked")
    linked.sealedfiles("get", "app.yaml", "database.user", code=4)
    linked.sealedfiles("unlock")
    assert linked.sealedfiles("get", "app.yaml", "database.user") == f"{FORGED}\n"
    replaced.sealedfiles("get", YAML, "database.user", code=4)
    inner.sealedfiles("unlock")
    linked.sealedfiles("unlock")
    assert linked.sealedfiles("get", "app.yaml", "database.user") == f"{FORGED}\n"
    assert replaced.sealedfiles("get", YAML, "database.user") == f"{FORGED}\n"


def test_a_submodule_that_was_left_behind(replaced: Repo, outer: Repo) -> None:
    """git does not remove the folder of a submodule that a commit removes."""
    outer.git("rm", "--quiet", "--cached", "secrets")
    shutil.rmtree(outer.path / "secrets")
    push(outer, "no submodule")
    replaced.git("pull", "--quiet", "--no-recurse-submodules")
    replaced.sealedfiles("get", YAML, "database.user", code=4)


@pytest.mark.parametrize("path", [".sealedfiles", ".sealedfiles/keys/default"])
def test_a_submodule_in_the_place_of_the_keys_is_refused(
    team: tuple[Repo, Repo], outer: Repo, origin: Path, tmp_path: Path, path: str
) -> None:
    """A removed reader could restore the keys from before: the history of a submodule is not searched."""
    keys = outer.person.repository(tmp_path / "keys")
    shutil.copytree(outer.path / path, keys.path, dirs_exist_ok=True)
    keys.commit("keys")
    outer.git("reset", "--quiet", "--hard")
    outer.git("rm", "--quiet", "-r", path)
    add_submodule(outer, keys, path)
    push(outer, "a submodule")
    alice = team[0].person.clone(origin, tmp_path / "new", "--recurse-submodules")
    for command in (["get", YAML, "database.user"], ["run", "--file", YAML, "--", "env"]):
        assert alice.sealedfiles(*command, code=4) == ""
        assert "is a submodule or another repository, which is refused" in alice.stderr
