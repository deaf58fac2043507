"""`push`: values of sealed files in a real OpenBao, and everything that is refused before one gets there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import forges
import pytest
from people import ENV, JSON, SECRET, YAML, Person, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services import Bao

POLICY = ".sealedfiles/policy.yaml"
WANTED = {
    "DATABASE_USER": "s3cr3t-user",
    "DATABASE_PASSWORD": "s3cr3t-db-alpha",
    "CACHE_URL": "redis://:s3cr3t-cache-alpha@cache:6379/0",
    "LIMITS_0": "1000",
    "LIMITS_1": "2500",
    "API_TOKEN": "s3cr3t-api-alpha",
    "API_ENABLED": "true",
    "PRODUCTION_PIN": "s3cr3t-production",
}
"""The sealed values of the JSON file."""
RECOGNIZABLE = [value for value in WANTED.values() if len(value) > 4]
"""Those that do not occur by chance in a digest, as ``1000`` does."""


def targeted(repo: Repo, bao: Bao, path: str, *lines: str, file: str = JSON) -> Repo:
    """Give the repository a target `app`, which is accepted and committed."""
    target = ["targets:", "  app:", f"    to: vault://secret/{path}", f"    from: {file}"]
    text = repo.read(POLICY) + "\n".join([*target, *(f"    {line}" for line in lines), ""])
    repo.write(POLICY, text)
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("push to the vault")
    person = repo.person.having(VAULT_ADDR=bao.address, VAULT_TOKEN=bao.token)
    return Repo(person, repo.path)


def push(repo: Repo, *options: str, code: int = 0, answers: str = "") -> str:
    output = repo.sealedfiles("push", *options, code=code, answers=answers)
    assert SECRET not in output + repo.stderr
    return output


def plan(repo: Repo, *options: str, code: int = 0) -> dict[str, str]:
    """Return what would be done with each name."""
    data = json.loads(push(repo, "app", "--dry-run", "--json", *options, code=code))
    assert data["version"] == 1
    return {change["name"]: change["change"] for change in data["changes"]}


def stored(bao: Bao, path: str) -> dict[str, Any]:
    data: dict[str, Any] = bao.request("GET", f"secret/data/{path}")["data"]["data"]
    return data


def custom(bao: Bao, path: str) -> dict[str, str]:
    data: dict[str, str] = bao.request("GET", f"secret/metadata/{path}")["data"]["custom_metadata"]
    return data


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A path in the store for this test only."""
    return f"{tmp_path.name}/app"


@pytest.fixture
def pushing(repo: Repo, bao: Bao, path: str) -> Repo:
    return targeted(repo, bao, path)


def test_the_sealed_values_are_written_once(pushing: Repo, bao: Bao, path: str) -> None:
    assert set(plan(pushing).values()) == {"add"}
    push(pushing, "app", "--yes")
    assert stored(bao, path) == WANTED
    assert custom(bao, path)["sealedfiles-commit"] == pushing.head()
    assert set(plan(pushing).values()) == {"same"}
    push(pushing, "app", "--yes")
    assert "is up to date" in pushing.stderr
    assert bao.request("GET", f"secret/data/{path}")["data"]["metadata"]["version"] == 1


def test_only_what_changed_is_written_and_other_values_stay(
    pushing: Repo, bao: Bao, path: str
) -> None:
    push(pushing, "app", "--yes")
    theirs = {**stored(bao, path), "THEIRS": "s3cr3t-theirs", "LIST": [1, 2], "API_ENABLED": True}
    bao.request("POST", f"secret/data/{path}", {"data": theirs})
    pushing.sealedfiles("set", JSON, "database.password", answers="s3cr3t-db-beta")
    pushing.commit("a new password")
    output = push(pushing, "app", "--yes")
    assert f"change       DATABASE_PASSWORD  {JSON}: database.password\n" in output
    assert "remote-only  THEIRS             not created by push: kept\n" in output
    assert stored(bao, path) == {**theirs, "DATABASE_PASSWORD": "s3cr3t-db-beta"}
    assert custom(bao, path)["sealedfiles-commit"] == pushing.head()


def test_drift_is_an_exit_status_for_ci(pushing: Repo, bao: Bao, path: str) -> None:
    plan(pushing, "--exit-code", code=1)
    push(pushing, "app", "--yes")
    plan(pushing, "--exit-code")
    bao.request("POST", f"secret/data/{path}", {"data": {**WANTED, "API_TOKEN": "s3cr3t-other"}})
    assert plan(pushing, "--exit-code", code=1)["API_TOKEN"] == "change"
    assert stored(bao, path)["API_TOKEN"] == "s3cr3t-other", "a dry run changes nothing"


def test_prune_deletes_only_what_push_created(pushing: Repo, bao: Bao, path: str) -> None:
    bao.request("POST", f"secret/data/{path}", {"data": {"THEIRS": "x", "API_TOKEN": "x"}})
    push(pushing, "app", "--yes")
    pushing.sealedfiles("unset", JSON, "api.token")
    pushing.sealedfiles("unset", JSON, "cache.url")
    pushing.commit("less")
    output = push(pushing, "app", "--yes")
    assert "remote-only  CACHE_URL          created by push: kept without --prune\n" in output
    push(pushing, "app", "--yes", "--prune")
    assert "deleted 1 name" in pushing.stderr
    rest = {name: value for name, value in WANTED.items() if name != "CACHE_URL"}
    assert stored(bao, path) == {**rest, "THEIRS": "x"}, "API_TOKEN was there before"
    assert "CACHE_URL" not in custom(bao, path)["sealedfiles-names-1"]


@pytest.mark.slow
def test_rotating_a_value_pushes_it_after_the_commit(pushing: Repo, bao: Bao, path: str) -> None:
    push(pushing, "app", "--yes")
    command = ("rotate-value", JSON, "database.password", "--generate", "hex:16")
    pushing.sealedfiles(*command, "--push", code=2)
    assert "--push needs --commit" in pushing.stderr
    pushing.sealedfiles(*command, "--commit", "--push")
    assert f"vault://secret/{path}: wrote 1 value\n" in pushing.stderr
    new = pushing.sealedfiles("get", JSON, "database.password").strip()
    assert stored(bao, path)["DATABASE_PASSWORD"] == new
    assert custom(bao, path)["sealedfiles-commit"] == pushing.head()
    offline = Repo(pushing.person.having(VAULT_ADDR="http://127.0.0.1:1"), pushing.path)
    offline.sealedfiles(*command, "--commit", "--push", code=1)
    assert "the target app was not pushed: Vault at http://127.0.0.1:1" in offline.stderr
    assert "to push them: sealedfiles push app" in offline.stderr
    assert pushing.status() == []
    push(pushing, "app", "--dry-run", "--exit-code", code=1)


def test_a_name_that_somebody_deleted_and_created_again_is_theirs(
    pushing: Repo, bao: Bao, path: str
) -> None:
    push(pushing, "app", "--yes")
    mine = stored(bao, path)
    pushing.sealedfiles("unset", JSON, "database.password")
    pushing.commit("drop it")
    theirs = {name: value for name, value in mine.items() if name != "DATABASE_PASSWORD"}
    bao.request("POST", f"secret/data/{path}", {"data": theirs})
    push(pushing, "app", "--yes")
    assert "is up to date" in pushing.stderr
    theirs["DATABASE_PASSWORD"] = "made by hand"
    bao.request("POST", f"secret/data/{path}", {"data": theirs})
    push(pushing, "app", "--yes", "--prune")
    assert stored(bao, path) == theirs


def test_many_names_are_recorded(repo: Repo, bao: Bao, path: str) -> None:
    values = {f"a_rather_long_name_of_a_value_{n}": f"s3cr3t-{n}" for n in range(100)}
    repo.write("config/many.json", json.dumps(values))
    repo.sealedfiles("track", "config/many.json")
    pushing = targeted(repo, bao, path, file="config/many.json")
    push(pushing, "app", "--yes")
    pushing.write("config/many.json", json.dumps({"b": "s3cr3t"}))
    pushing.commit("one")
    push(pushing, "app", "--yes", "--prune")
    assert stored(bao, path) == {"B": "s3cr3t"}


def test_names_patterns_and_prefixes(repo: Repo, bao: Bao, path: str) -> None:
    lines = [
        "keys: ['database.**', service.port]",
        "names:",
        "  database.password: DB_PW",
        "prefix: APP_",
    ]
    pushing = targeted(repo, bao, path, *lines)
    push(pushing, "app", "--yes")
    assert stored(bao, path) == {
        "APP_DATABASE_USER": "s3cr3t-user",
        "DB_PW": "s3cr3t-db-alpha",
        "APP_SERVICE_PORT": "8080",
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("keys: nothing.**", 'the pattern "nothing.**" matches no value'),
        ("names: {nothing: X}", "the name for nothing matches no value"),
        ("names: {database.user: X, database.password: X}", 'both have the name "X"'),
    ],
)
def test_what_matches_nothing_or_twice_is_an_error(
    repo: Repo, bao: Bao, path: str, line: str, words: str
) -> None:
    push(targeted(repo, bao, path, line), "app", "--dry-run", code=2)
    pushing = Repo(repo.person.having(VAULT_ADDR=bao.address, VAULT_TOKEN="root"), repo.path)
    push(pushing, "app", "--dry-run", code=2)
    assert words in pushing.stderr


def test_a_value_does_not_depend_on_the_environment(repo: Repo, bao: Bao, path: str) -> None:
    repo.write("x.env", "URL=s3cr3t-${PORT}\nPORT=8080\nTHEIRS=s3cr3t-${USER_OF_MACHINE}\n")
    repo.sealedfiles("track", "x.env")
    pushing = targeted(repo, bao, path, file="x.env")
    person = pushing.person.having(PORT="1", USER_OF_MACHINE="mallory")
    push(Repo(person, pushing.path), "app", "--yes", "--allow-plaintext")
    assert stored(bao, path)["THEIRS"] == "s3cr3t-"
    assert stored(bao, path)["PORT"] == "8080"


# -- what is refused before anything is written


def test_a_target_that_nobody_proved_is_refused(repo: Repo, bao: Bao, path: str) -> None:
    pushing = targeted(repo, bao, path)
    pushing.edit(POLICY, f"secret/{path}", f"secret/mallory/{path}")
    pushing.commit("by anyone with push access")
    push(pushing, "app", "--yes", code=1)
    assert "trust policy" in pushing.stderr
    push(pushing, code=1)
    fresh = pushing.person.clone(pushing, repo.path.with_name("fresh"))
    push(fresh, "app", "--yes", code=1)
    assert "trust policy" in fresh.stderr


def test_a_clone_without_a_key_pushes_nothing(pushing: Repo, bao: Bao, tmp_path: Path) -> None:
    stranger = Person.at(tmp_path / "mallory").having(VAULT_ADDR=bao.address, VAULT_TOKEN="root")
    clone = stranger.clone(pushing, tmp_path / "clone")
    push(clone, "app", "--yes", code=3)


def test_a_machine_with_a_key_pushes_from_a_fresh_clone(
    pushing: Repo, bao: Bao, path: str, tmp_path: Path
) -> None:
    machine = Person.at(tmp_path / "ci").having(
        CI="true",
        SEALEDFILES_KEY=pushing.person.identities.read_text(),
        VAULT_ADDR=bao.address,
        VAULT_TOKEN="root",
    )
    shallow = machine.clone(f"file://{pushing.path}", tmp_path / "build", "--depth=1")
    push(shallow, "app", "--yes")
    assert stored(bao, path) == WANTED


def test_values_of_other_groups_are_not_left_out(
    world: Any, bao: Bao, path: str, tmp_path: Path
) -> None:
    """Otherwise the store would have some old and some new values, and nobody would know."""
    bob = world.copy("bob", tmp_path / "bob")
    text = bob.read(POLICY) + f"targets:\n  app:\n    to: vault://secret/{path}\n    from: {JSON}\n"
    bob.write(POLICY, text)
    bob.sealedfiles("trust", "policy", "--yes")
    bob.commit("a target")
    pushing = Repo(bob.person.having(VAULT_ADDR=bao.address, VAULT_TOKEN="root"), bob.path)
    push(pushing, "app", "--yes", code=3)
    assert "production.pin" in pushing.stderr
    # Values that the target does not select may stay sealed.
    bob.write(POLICY, f"{text}    keys: database.**\n")
    bob.sealedfiles("trust", "policy", "--yes")
    bob.commit("a smaller target")
    push(pushing, "app", "--yes")
    assert set(stored(bao, path)) == {"DATABASE_USER", "DATABASE_PASSWORD"}


def test_plaintext_that_somebody_pushed_is_refused(pushing: Repo, tmp_path: Path) -> None:
    mallory = Person.at(tmp_path / "mallory").clone(pushing, tmp_path / "hers")
    text = json.loads(mallory.read(JSON))
    text["database"]["password"] = "of-mallory"
    mallory.write(JSON, json.dumps(text, indent=2))
    mallory.commit("a password")
    pushing.git("pull", "--quiet", str(mallory.path))
    push(pushing, "app", "--yes", code=4)
    assert "database.password" in pushing.stderr


def test_a_token_that_somebody_copied_to_another_key_is_refused(
    pushing: Repo, tmp_path: Path
) -> None:
    mallory = Person.at(tmp_path / "mallory").clone(pushing, tmp_path / "hers")
    text = json.loads(mallory.read(JSON))
    text["cache"]["url"] = text["database"]["password"]
    mallory.write(JSON, json.dumps(text, indent=2))
    mallory.commit("a token")
    pushing.git("pull", "--quiet", str(mallory.path))
    push(pushing, "app", "--yes", code=4)
    assert "cache.url" in pushing.stderr
    # Also if the target does not select it: the file is not what a reader wrote.
    pushing.write(POLICY, pushing.read(POLICY) + "    keys: api.token\n")
    pushing.sealedfiles("trust", "policy", "--yes")
    pushing.commit("a smaller target")
    push(pushing, "app", "--yes", code=4)


def test_a_link_that_somebody_pushed_is_not_followed(pushing: Repo, tmp_path: Path) -> None:
    mallory = Person.at(tmp_path / "mallory").clone(pushing, tmp_path / "hers")
    (mallory.path / JSON).unlink()
    (mallory.path / JSON).symlink_to("../other.json")
    mallory.write("other.json", '{"database": {"password": "of-mallory"}}')
    mallory.commit("a link")
    pushing.git("pull", "--quiet", str(mallory.path))
    push(pushing, "app", "--yes", code=2)
    assert "is a symbolic link" in pushing.stderr


def test_what_is_not_committed_is_refused(pushing: Repo, bao: Bao, path: str) -> None:
    pushing.sealedfiles("set", JSON, "database.password", answers="s3cr3t-db-beta")
    push(pushing, "app", "--yes", code=2)
    assert f"not committed: {JSON}" in pushing.stderr
    pushing.git("add", JSON)
    push(pushing, "app", "--yes", code=2)
    push(pushing, "app", "--yes", "--allow-dirty")
    assert stored(bao, path)["DATABASE_PASSWORD"] == "s3cr3t-db-beta"
    assert custom(bao, path)["sealedfiles-commit"] == f"{pushing.head()}-dirty"
    pushing.sealedfiles("set", JSON, "database.password", answers="s3cr3t-db-gamma")
    pushing.commit("a new password")
    push(pushing, "app", "--yes", "--allow-dirty")
    assert custom(bao, path)["sealedfiles-commit"] == pushing.head()


def test_a_file_that_git_does_not_have_is_refused(repo: Repo, bao: Bao, path: str) -> None:
    pushing = targeted(repo, bao, path, file="config/new.json")
    pushing.write("config/new.json", '{"a": "s3cr3t"}')
    pushing.git("config", "status.showUntrackedFiles", "no")
    push(pushing, "app", "--yes", code=2)
    assert "not committed: config/new.json" in pushing.stderr
    (pushing.path / "config/new.json").unlink()
    push(pushing, "app", "--yes", "--allow-dirty", code=2)
    assert "config/new.json does not exist" in pushing.stderr


def test_a_target_that_selects_nothing_is_an_error(repo: Repo, bao: Bao, path: str) -> None:
    """With --prune, it would empty the store."""
    repo.write("plain.json", '{"a": 1}')
    pushing = targeted(repo, bao, path, file="plain.json")
    push(pushing, "app", "--yes", "--prune", code=2)
    assert "no value of plain.json is sealed" in pushing.stderr


def test_an_invalid_target_is_found_before_it_is_used(repo: Repo) -> None:
    repo.write(POLICY, repo.read(POLICY) + "targets:\n  app:\n    to: ftp://x/y\n    from: a\n")
    line = repo.read(POLICY).split("\n").index("    to: ftp://x/y") + 1
    repo.sealedfiles("trust", "policy", "--yes", code=1)
    assert f"{POLICY}:{line}: the URL of a store must be one of" in repo.stderr
    repo.git("add", POLICY)
    findings = repo.sealedfiles("check", "--staged", code=1)
    assert "the URL of a store must be one of" in findings + repo.stderr
    # It stops nobody from sealing.
    repo.edit(JSON, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.git("add", JSON)
    assert b"s3cr3t" not in repo.blob("", JSON)


def test_without_an_answer_nothing_is_written(pushing: Repo, bao: Bao, path: str) -> None:
    push(pushing, "app", code=2)
    assert "--yes" in pushing.stderr
    push(pushing, "app", answers="n\n", code=2)
    with pytest.raises(OSError, match="404"):
        stored(bao, path)
    push(pushing, "app", answers="y\n")
    assert stored(bao, path) == WANTED


def test_a_commit_that_was_not_the_last_is_pushed_as_itself(
    pushing: Repo, bao: Bao, path: str
) -> None:
    before = pushing.head()
    pushing.sealedfiles("set", JSON, "database.password", answers="s3cr3t-db-beta")
    pushing.commit("a new password")
    pushing.git("checkout", "--quiet", before)
    push(pushing, "app", "--yes")
    assert stored(bao, path)["DATABASE_PASSWORD"] == "s3cr3t-db-alpha"
    assert custom(bao, path)["sealedfiles-commit"] == before


# -- what the server refuses


def test_a_token_that_may_not_write_changes_nothing(pushing: Repo, bao: Bao, path: str) -> None:
    token = bao.new_token('path "secret/data/*" { capabilities = ["read", "create", "update"] }')
    limited = Repo(pushing.person.having(VAULT_ADDR=bao.address, VAULT_TOKEN=token), pushing.path)
    push(limited, "app", "--yes", code=1)
    assert f"secret/metadata/{path}" in limited.stderr
    with pytest.raises(OSError, match="404"):
        stored(bao, path)


def test_an_unknown_token_is_named(pushing: Repo, bao: Bao) -> None:
    other = Repo(pushing.person.having(VAULT_ADDR=bao.address, VAULT_TOKEN="hvs.x"), pushing.path)
    push(other, "app", "--dry-run", code=1)
    assert "the token has expired" in other.stderr


def test_an_engine_of_version_1_is_refused(repo: Repo, bao: Bao, path: str) -> None:
    mount = path.partition("/")[0].lower()
    bao.request("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})
    pushing = targeted(repo, bao, path)
    pushing.edit(POLICY, f"vault://secret/{path}", f"vault://{mount}/app")
    pushing.sealedfiles("trust", "policy", "--yes")
    pushing.commit("another engine")
    push(pushing, "app", "--yes", code=1)
    assert "is not a KV secrets engine of version 2" in pushing.stderr


# -- the list


def test_the_targets_are_listed(pushing: Repo, path: str) -> None:
    assert push(pushing) == f"app  vault://secret/{path}  {JSON}\n"
    assert json.loads(push(pushing, "--json")) == {
        "version": 1,
        "targets": [{"target": "app", "to": f"vault://secret/{path}", "paths": [JSON], "keys": []}],
    }
    push(pushing, "ap", code=2)
    assert "available: app" in pushing.stderr


def test_commands_that_rewrite_the_policy_keep_the_targets(pushing: Repo, path: str) -> None:
    pushing.sealedfiles("track", "more/*.yaml", "--values", "a", "--plain")
    assert push(pushing) == f"app  vault://secret/{path}  {JSON}\n"
    pushing.commit("track more")
    pushing.sealedfiles("rotate")
    pushing.commit("rotate")
    plan(pushing)


@pytest.mark.parametrize(
    "options",
    [
        ["--yes"],
        ["app", "--exit-code"],
        ["app", "--dry-run", "--yes"],
        ["app", "--json"],
    ],
)
def test_options_that_do_not_go_together(pushing: Repo, options: list[str]) -> None:
    push(pushing, *options, code=2)


def test_files_of_several_formats_are_one_target(repo: Repo, bao: Bao, path: str) -> None:
    pushing = targeted(
        repo, bao, path, "keys: ['database.password', DB_USER]", file=f"[{YAML}, {ENV}]"
    )
    push(pushing, "app", "--yes")
    assert stored(bao, path) == {"DATABASE_PASSWORD": "s3cr3t-db-alpha", "DB_USER": "s3cr3t-user"}


def test_a_file_without_separate_values_is_one_value(
    repo: Repo, bao: Bao, path: str, tmp_path: Path
) -> None:
    certificate = "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----\n"
    repo.write("certs/server.pem", certificate)
    repo.sealedfiles("track", "certs/*.pem")
    pushing = targeted(repo, bao, path, file=f"[certs/server.pem, {JSON}]")
    push(pushing, "app", "--yes", code=2)
    assert "certs/server.pem has no separate values, so it needs a name" in pushing.stderr
    pushing.write(POLICY, pushing.read(POLICY) + "    names: {'.': TLS_KEY}\n")
    pushing.sealedfiles("trust", "policy", "--yes")
    pushing.commit("a name")
    push(pushing, "app", "--yes")
    assert stored(bao, path) == {**WANTED, "TLS_KEY": certificate}
    pushing.sealedfiles("lock")
    assert set(plan(pushing, "--exit-code").values()) == {"same"}
    pushing.sealedfiles("unlock")
    mallory = Person.at(tmp_path / "mallory").clone(pushing, tmp_path / "hers")
    mallory.write("certs/server.pem", "of mallory")
    mallory.commit("a certificate")
    pushing.git("pull", "--quiet", str(mallory.path))
    push(pushing, "app", "--yes", code=4)
    pushing.write("certs/server.pem", b"\xff\xfe\x00s3cr3t")
    pushing.commit("a keystore")
    push(pushing, "app", "--yes", code=2)
    assert "certs/server.pem is not UTF-8" in pushing.stderr


# -- a store that does not return values


@pytest.fixture
def github() -> Iterator[forges.Forge]:
    with forges.forge(forges.github) as found:
        yield found


def to_github(repo: Repo, github: forges.Forge) -> Repo:
    """Return *repo* with a target in GitHub."""
    target = f"targets: {{app: {{to: 'github://shop/orders', from: {JSON}}}}}\n"
    repo.write(POLICY, repo.read(POLICY) + target)
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("push to GitHub")
    person = repo.person.having(GITHUB_API_URL=github.address, GITHUB_TOKEN=forges.TOKEN)
    return Repo(person, repo.path)


@pytest.mark.slow
def test_digests_show_readers_whether_a_secret_is_up_to_date(
    repo: Repo, github: forges.Forge, tmp_path: Path
) -> None:
    """Also in another clone, and until the group has a new key."""
    pushing = to_github(repo, github)
    push(pushing, "app", "--yes")
    assert github.values() == WANTED
    machine = Person.at(tmp_path / "ci").having(
        CI="true",
        SEALEDFILES_KEY=pushing.person.identities.read_text(),
        GITHUB_API_URL=github.address,
        GITHUB_TOKEN=forges.TOKEN,
    )
    clone = machine.clone(pushing, tmp_path / "build")
    assert set(plan(clone, "--exit-code").values()) == {"same"}
    assert not any(value in github.variables["SEALEDFILES_APP"] for value in RECOGNIZABLE)
    pushing.sealedfiles("set", JSON, "database.password", answers="s3cr3t-db-beta")
    pushing.commit("a new password")
    assert plan(pushing)["DATABASE_PASSWORD"] == "change"
    pushing.sealedfiles("rotate", "default")
    pushing.commit("new keys")
    assert plan(pushing)["PRODUCTION_PIN"] == "same"
    assert plan(pushing)["CACHE_URL"] == "change"


def test_what_was_written_before_an_error_is_reported(repo: Repo, github: forges.Forge) -> None:
    pushing = to_github(repo, github)
    refusal = 422, {"message": "invalid: redis://:s3cr3t-cache-alpha@cache:6379/0"}
    github.faults["PUT CACHE_URL"] = [refusal]
    data = json.loads(push(pushing, "app", "--yes", "--json", code=1))
    assert (
        "2 of 8 names were written: DATABASE_USER, DATABASE_PASSWORD; whether the next"
        in pushing.stderr
    )
    assert "the service answered: invalid: •••" in pushing.stderr
    assert [one["name"] for one in data["changes"] if one["done"]] == [
        "DATABASE_USER",
        "DATABASE_PASSWORD",
    ]
    push(pushing, "app", "--yes")
    assert github.values() == WANTED
