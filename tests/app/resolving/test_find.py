"""Which references are resolved: sealed values with a scheme that a proved policy allows, and no others."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from people import ENV, JSON, YAML, Repo, commit_blob
from referring import POLICY, SHOW, allow, refer, variables

from sealedfiles import TamperedError, UsageError, load, load_env

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

REFERENCE = "ref+env://S3CR3T_SOURCE"
VALUE = "from elsewhere"


@pytest.fixture
def repo(repo: Repo) -> Repo:
    """Alice's clone, whose policy allows references to variables; one is set."""
    allow(repo, "env", "keyring")
    person = repo.person.having(S3CR3T_SOURCE=VALUE)
    return Repo(person, repo.path)


def test_run_cat_and_python_resolve_sealed_references(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, old in ((ENV, '"s3cr3t-db-alpha"'), (JSON, "s3cr3t-db-alpha"), (YAML, "s3cr3t-user")):
        repo.edit(path, old, REFERENCE)
    repo.commit("references")
    assert variables(repo, path=ENV)["DB_PASSWORD"] == VALUE
    assert variables(repo, path=JSON)["DATABASE_PASSWORD"] == VALUE
    assert variables(repo, path=YAML)["DATABASE_USER"] == VALUE
    assert repo.stderr == ""
    for path, old in ((ENV, "DB_PASSWORD="), (JSON, '"password": '), (YAML, "user: ")):
        plain, resolved = repo.sealedfiles("cat", path), repo.sealedfiles("cat", "--resolve", path)
        assert plain == repo.read(path)
        before, after = plain.splitlines(), resolved.splitlines()
        changed = [new for one, new in zip(before, after, strict=True) if one != new]
        assert [line.strip().rstrip(",").replace('"', "").replace("'", "") for line in changed] == [
            f"{old}{VALUE}".replace('"', "")
        ]
    data = json.loads(repo.sealedfiles("cat", "--format", "json", "--resolve", YAML))
    assert data["database"]["user"] == VALUE
    exported = repo.sealedfiles("cat", "--format", "env", "--resolve", ENV)
    assert VALUE in exported
    assert REFERENCE not in exported
    monkeypatch.setattr(os, "environ", {**os.environ, **repo.person.environment()})
    assert load(repo.path / YAML, resolve=True)["database"]["user"] == VALUE
    assert load(repo.path / YAML)["database"]["user"] == REFERENCE
    load_env(repo.path / ENV, resolve=True)
    assert os.environ["DB_PASSWORD"] == VALUE


def test_nothing_else_resolves_them(repo: Repo) -> None:
    refer(repo, A=REFERENCE)
    assert repo.read("ref.env") == f'A="{REFERENCE}"\n'
    assert repo.sealedfiles("get", "ref.env", "A") == f"{REFERENCE}\n"
    assert (
        repo.sealedfiles("cat", "ref.env", "--format", "json") == f'{{\n  "A": "{REFERENCE}"\n}}\n'
    )
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock")
    assert repo.read("ref.env") == f'A="{REFERENCE}"\n'
    repo.edit("ref.env", "\n", "\nB=1\n")
    repo.git("add", "ref.env")
    assert VALUE not in repo.git("diff", "--cached")
    assert "ref+" not in repo.blob("", "ref.env").decode()


@pytest.mark.parametrize("place", ["outside-git", "locked", "machine"])
def test_they_are_resolved_in_every_state_of_the_file(
    repo: Repo, place: str, tmp_path: Path, world: World
) -> None:
    refer(repo, A=REFERENCE)
    if place == "machine":
        key = world.alice.identities.read_text()
        build = repo.person.clone(repo, tmp_path / "build")
        build.person = build.person.having(CI="true", SEALEDFILES_KEY=key)
        assert variables(build)["A"] == VALUE
        return
    repo.sealedfiles("lock")
    if place == "outside-git":
        shutil.rmtree(repo.path / ".git")
    assert variables(repo)["A"] == VALUE


def test_offline_and_other_schemes_leave_the_text(repo: Repo) -> None:
    refer(repo, A=REFERENCE, B="ref+vault://secret/app#x", C="ref+sops://a/b")
    found = variables(repo)
    assert found["A"] == VALUE
    assert found["B"] == "ref+vault://secret/app#x"
    assert found["C"] == "ref+sops://a/b"
    assert "ref.env: 1 secret reference not resolved" in repo.stderr
    assert "resolve: [SCHEME, ...]" in repo.stderr
    found = variables(repo, "--offline")
    assert found["A"] == REFERENCE
    assert "2 secret references not resolved" in repo.stderr


def test_a_variable_that_is_set_already_is_not_requested(repo: Repo) -> None:
    refer(repo, S3CR3T_SOURCE="ref+env://NO_SUCH_VARIABLE")
    assert variables(repo)["S3CR3T_SOURCE"] == VALUE
    repo.sealedfiles("run", "-f", "ref.env", "--override", "--", *SHOW, code=1)
    assert repo.stderr.startswith(
        "sealedfiles: error: ref.env: S3CR3T_SOURCE: env: the environment variable is not set"
    )
    assert "NO_SUCH" not in repo.stderr


def test_what_comes_back_is_not_resolved_again(repo: Repo) -> None:
    refer(repo, A=REFERENCE)
    repo.person.variables["S3CR3T_SOURCE"] = "ref+env://HOME"
    assert variables(repo)["A"] == "ref+env://HOME"
    repo.person.variables["S3CR3T_SOURCE"] = "${HOME}$(id)"
    assert variables(repo)["A"] == "${HOME}$(id)"


def test_a_token_that_comes_back_is_text(repo: Repo) -> None:
    refer(repo, A=REFERENCE)
    token = repo.tokens("HEAD", "ref.env")[0]
    repo.person.variables["S3CR3T_SOURCE"] = token
    assert variables(repo)["A"] == token


def test_an_invalid_reference_is_an_error_that_does_not_show_it(repo: Repo) -> None:
    refer(repo, A="ref+env://not a name")
    repo.sealedfiles("run", "-f", "ref.env", "--", "true", code=2)
    assert "ref.env: A: the reference is invalid: expected ref+env://NAME" in repo.stderr
    assert "not a name" not in repo.stderr


def test_resolved_values_are_redacted_and_masked(repo: Repo, tmp_path: Path) -> None:
    refer(repo, A=REFERENCE)
    command = ["run", "-f", "ref.env", "--redact", "--", "printenv", "A"]
    assert repo.sealedfiles(*command) == "•••\n"
    repo.sealedfiles("cat", "--format", "github-env", "--resolve", "ref.env")
    assert f"::add-mask::{VALUE}" in repo.stderr


def test_a_reference_that_another_value_takes_in_is_named(repo: Repo) -> None:
    repo.write("ref.env", f'A="{REFERENCE}"\nURL="x://${{A}}@host"\n')
    repo.commit("references")
    assert variables(repo)["URL"] == f"x://{REFERENCE}@host"
    assert "URL: contains the text of a secret reference" in repo.stderr


# -- attacks


def refused(repo: Repo, path: str, key: str) -> None:
    """Check that no command resolves the reference at *key*, and that the value is named."""
    for command in (
        ["run", "-f", path, "--", "env"],
        ["cat", "--resolve", path],
        ["cat", "--resolve", "--format", "json", path],
        ["cat", "--resolve", "--format", "shell", path],
    ):
        shown = repo.sealedfiles(*command, code=4)
        assert VALUE not in shown
        assert key in repo.stderr


@pytest.mark.parametrize("name", ["APP_URL", "DB_NEW"])
def test_a_pushed_reference_in_plaintext_is_refused(repo: Repo, name: str) -> None:
    """``APP_*`` is plaintext by the policy, the others are sealed."""
    commit_blob(repo, ENV, f"{repo.blob('HEAD', ENV).decode()}{name}={REFERENCE}\n")
    refused(repo, ENV, name)
    code = "unsealed-reference" if name == "APP_URL" else "plain-value"
    assert f"[{code}]" in repo.sealedfiles("check", ENV, code=1)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in repo.person.environment().items():
            patch.setenv(variable, value)
        with pytest.raises(TamperedError, match=name):
            load(repo.path / ENV, resolve=True)
    shown = repo.sealedfiles("run", "-f", ENV, "--allow-plaintext", "--override", "--", "env")
    assert f"{name}={REFERENCE}" in shown
    assert "they are resolved only without --allow-plaintext" in repo.stderr


def test_so_is_one_in_a_plain_value_that_the_user_typed(repo: Repo) -> None:
    repo.write(ENV, f"{repo.read(ENV)}APP_URL={REFERENCE}\n")
    refused(repo, ENV, "APP_URL: is a secret reference (env) that is not sealed")


def test_a_typed_one_in_a_sealed_value_is_resolved(repo: Repo) -> None:
    repo.write(ENV, f"{repo.read(ENV)}DB_NEW={REFERENCE}\n")
    assert variables(repo, path=ENV)["DB_NEW"] == VALUE


@pytest.mark.parametrize("rule", ["untracked", "plain"])
def test_one_in_a_file_that_stays_in_plaintext_is_text(repo: Repo, rule: str) -> None:
    path = "notes/ref.yaml"
    if rule == "plain":
        repo.sealedfiles("track", "notes/**", "--plain", "--yes")
    commit_blob(repo, path, f"a: {REFERENCE}\n")
    assert variables(repo, path=path)["A"] == REFERENCE
    assert repo.sealedfiles("cat", "--resolve", path) == f"a: {REFERENCE}\n"


def test_a_token_that_was_moved_is_refused(repo: Repo) -> None:
    refer(repo, A=REFERENCE)
    text = repo.blob("HEAD", "ref.env").decode()
    commit_blob(repo, "ref.env", f"{text}WEBHOOK{text.removeprefix('A')}")
    repo.sealedfiles("run", "-f", "ref.env", "--", "env", code=4)
    shown = repo.sealedfiles("cat", "--resolve", "ref.env", code=4)
    assert "WEBHOOK=sealed:" in shown
    assert shown.count(VALUE) == 1


@pytest.mark.parametrize(
    ("path", "addition", "name"),
    [
        (ENV, "APP_B={0}\nDB_OLD=${{APP_B}}\n", "DB_OLD"),
        (YAML, "a: &a {0}\nb: *a\n", "b"),
    ],
)
def test_one_that_another_value_brings_is_not_resolved(
    repo: Repo, path: str, addition: str, name: str
) -> None:
    """A sealed value that takes in a plain one, or an alias: whoever wrote the other value decides."""
    repo.write(path, repo.read(path) + addition.format(REFERENCE))
    repo.sealedfiles("run", "-f", path, "--only", f"{name}", "--", "env", code=4)
    assert (
        f"{path}: {name}: is a secret reference (env) that is not sealed at this key path"
        in repo.stderr
    )


def test_a_reader_of_another_group_cannot_have_it_resolved(team: tuple[Repo, Repo]) -> None:
    """Bob reads ``default`` only: he writes a value of the group ``production`` with his own key."""
    alice, bob = team
    allow(alice, "env")
    alice.git("push", "-q")
    bob.git("pull", "-q")
    refer(bob, DB_X=REFERENCE)
    token = bob.tokens("HEAD", "ref.env")[0]
    commit_blob(bob, "ref.env", f"PROD_X={token}\n")
    bob.git("push", "-q")
    alice.git("pull", "-q")
    alice.person = alice.person.having(S3CR3T_SOURCE=VALUE)
    assert VALUE not in alice.sealedfiles("run", "-f", "ref.env", "--", "env", code=4)


@pytest.mark.parametrize("state", ["accepted-before", "new-clone", "outside-git"])
def test_a_pushed_policy_that_allows_a_scheme_does_not_count(
    world: World, tmp_path: Path, state: str
) -> None:
    repo = world.copy("alice", tmp_path / "orders")
    refer(repo, A=REFERENCE)
    policy = repo.read(POLICY)
    commit_blob(repo, POLICY, f"{policy}resolve: [env]\n")
    if state == "new-clone":
        person = repo.person.having(SEALEDFILES_KEY=world.alice.identities.read_text(), CI="1")
        repo = person.clone(repo, tmp_path / "build")
    elif state == "outside-git":
        repo.sealedfiles("lock")
        shutil.rmtree(repo.path / ".git")
    repo.person = repo.person.having(S3CR3T_SOURCE=VALUE)
    shown = repo.sealedfiles("run", "-f", "ref.env", "--", "env", code=None)
    assert VALUE not in shown.replace(f"S3CR3T_SOURCE={VALUE}", "")
    shown = repo.sealedfiles("cat", "--resolve", "ref.env", code=None)
    assert VALUE not in shown


def test_a_reader_who_confirms_it_allows_it(world: World, tmp_path: Path) -> None:
    repo = world.copy("alice", tmp_path / "orders")
    refer(repo, A=REFERENCE)
    commit_blob(repo, POLICY, f"{repo.read(POLICY)}resolve: [env]\n")
    repo.person = repo.person.having(S3CR3T_SOURCE=VALUE)
    assert variables(repo)["A"] == REFERENCE
    assert "confirm it: sealedfiles trust policy" in repo.stderr
    repo.sealedfiles("trust", "policy", "--yes")
    assert variables(repo)["A"] == VALUE


@pytest.mark.parametrize("name", ["SEALEDFILES_KEY", "SOPS_AGE_KEY"])
def test_keys_are_not_passed_on_by_a_reference(repo: Repo, world: World, name: str) -> None:
    refer(repo, A=f"ref+env://{name}")
    repo.person = repo.person.having(**{name: world.alice.identities.read_text()})
    repo.sealedfiles("run", "-f", "ref.env", "--", "env", code=1)
    assert "contains a key of sealedfiles" in repo.stderr


def test_nor_are_those_in_the_keyring(repo: Repo) -> None:
    refer(repo, A="ref+keyring://sealedfiles/identities")
    repo.sealedfiles("run", "-f", "ref.env", "--", "env", code=1)
    assert "the entries of sealedfiles itself are not resolved" in repo.stderr


def test_a_reference_as_a_file_name_or_key_is_text(repo: Repo) -> None:
    path = f"secrets/{REFERENCE.replace('/', '_')}.yaml"
    repo.write(path, f'"{REFERENCE}": x\n')
    repo.commit("odd names")
    assert REFERENCE in repo.sealedfiles("cat", "--resolve", path)
    found = variables(repo, path=path)
    assert sorted(found[name] for name in found if "S3CR3T_SOURCE" in name) == [VALUE, "x"]


@pytest.mark.parametrize("option", ["allow_plaintext", "allow_retired"])
def test_python_does_not_resolve_what_anyone_may_have_written(repo: Repo, option: str) -> None:
    options: Any = {option: True}
    for function in (load, load_env):
        with pytest.raises(UsageError, match="not resolved from values that anyone"):
            function(repo.path / ENV, resolve=True, **options)


def test_python_returns_no_reference_as_a_secret(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    refer(repo, A=REFERENCE, B="ref+vault://secret/app#x")
    monkeypatch.setattr(os, "environ", {**os.environ, **repo.person.environment()})
    for function in (load, load_env):
        with pytest.raises(UsageError, match=r"ref\.env: 1 secret reference not resolved"):
            function(repo.path / "ref.env", resolve=True)
    assert "A" not in os.environ
    os.environ["B"] = "set already"
    load_env(repo.path / "ref.env", resolve=True)
    assert os.environ["A"] == VALUE


def test_one_under_a_retired_key_is_not_resolved(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    allow(alice, "env")
    alice.git("push", "-q")
    bob.git("pull", "-q")
    refer(bob, DB_X=REFERENCE)
    sealed = bob.blob("HEAD", "ref.env").decode()
    alice.sealedfiles("revoke", "bob", "--yes", code=None)
    alice.commit("bob leaves")
    commit_blob(alice, "ref.env", sealed)
    alice.person = alice.person.having(S3CR3T_SOURCE=VALUE)
    assert VALUE not in alice.sealedfiles("run", "-f", "ref.env", "--", "env", code=4)
    found = variables(alice, "--allow-retired")
    assert found["DB_X"] == REFERENCE
