"""`sealedfiles status --age`, and values older than their rule allows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from people import ENV, SECRET, YAML, Repo

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


def ages(repo: Repo) -> dict[str, str | None]:
    data = json.loads(repo.sealedfiles("status", "--age", "--json"))
    assert data["version"] == 1
    return {f"{one['path']}: {one['key']}": one["commit"] for one in data["values"]}


def long_ago(repo: Repo, days: int) -> Repo:
    """Return the repository of somebody whose clock is slow."""
    date = datetime.now(timezone.utc) - timedelta(days=days)
    return Repo(repo.person.having(GIT_COMMITTER_DATE=date.isoformat()), repo.path)


def test_each_value_has_the_commit_that_last_changed_it(repo: Repo) -> None:
    first = repo.head(":/seal the settings")
    repo.edit(YAML, "db-alpha", "db-beta")
    second = repo.commit("a new password")
    repo.sealedfiles("rotate", "default")
    repo.git("commit", "--quiet", "--message", "rotate")
    found = ages(repo)
    assert found.pop(f"{YAML}: database.password") == second
    assert set(found.values()) == {first}
    assert f"{ENV}: PROD_PIN" in found
    assert f"{ENV}: APP_NAME" not in found, "it is not sealed"


def test_text_for_people_has_a_line_a_value_and_shows_none(repo: Repo) -> None:
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.git("add", YAML)
    output = repo.sealedfiles("status", "--age")
    assert SECRET not in output
    lines = output.split("\n")[:-1]
    assert len(lines) == len(ages(repo)) == 20
    (line,) = (line for line in lines if line.startswith(f"{YAML}: database.password "))
    assert line.endswith("  not committed")
    assert lines[0].endswith(f"  {repo.head(':/seal the settings')[:12]}")


def test_values_that_cannot_be_decrypted_are_compared_by_token(
    world: World, tmp_path: Path
) -> None:
    bob = world.copy("bob", tmp_path / "bobs")
    data = json.loads(bob.sealedfiles("status", "--age", "--json"))
    closed = {one["key"] for one in data["values"] if not one["opened"]}
    assert closed == {"production.pin", "PROD_PIN"}
    assert "no key is available: 3 values" in bob.stderr


def test_a_shallow_clone_says_that_it_is_one(world: World, tmp_path: Path) -> None:
    repo = world.repos["alice"]
    shallow = world.alice.clone(repo, tmp_path / "shallow", "--depth", "1", "--no-local")
    shallow.sealedfiles("status", "--age")
    assert "this clone is shallow" in shallow.stderr


def test_age_and_fix_exclude_one_another(repo: Repo) -> None:
    repo.sealedfiles("status", "--age", "--fix", code=2)


# check: too-old


def limit(repo: Repo, path: str, age: str, key: str = "max_age") -> None:
    """Add a rule at the top with a maximum age, or a date, for the values of a file."""
    policy = ".sealedfiles/policy.yaml"
    rule = f"rules:\n  - files: {path}\n    values: '*DB_PASSWORD'\n    {key}: {age}\n"
    repo.write(policy, repo.read(policy).replace("rules:\n", rule))


def old(repo: Repo, *options: str) -> list[str]:
    data = json.loads(repo.sealedfiles("check", "--json", *options, code=None))
    return [
        f"{one['code']} {one['path']}: {one['key']}: {one['message']}"
        for one in data["findings"]
        if one["code"] in ("due-soon", "too-old", "expired")
    ]


@pytest.mark.slow
def test_a_value_that_is_older_than_its_rule_allows_is_announced_and_then_an_error(
    repo: Repo,
) -> None:
    repo.edit(ENV, "db-alpha", "db-beta")
    repo.edit(ENV, "api-alpha", "api-beta")
    long_ago(repo, 40).commit("new values")
    words = f"{ENV}: DB_PASSWORD: is 40 days old; its rule allows"
    for age, lines, code in (
        ("55d", [], 0),
        ("50d", [f"due-soon {words} 50 days"], 0),
        ("39d", [f"too-old {words} 39 days"], 1),
    ):
        limit(repo, ENV, age)
        repo.git("add", "--all")
        assert old(repo) == lines
        repo.sealedfiles("check", code=code)
    assert old(repo, "--staged") == []
    assert old(repo, YAML) == []
    repo.edit(ENV, "db-beta", "db-gamma")
    repo.git("add", "--all")
    assert old(repo) == []


@pytest.mark.parametrize(("options", "found"), [((), 0), (("--keyed",), 1)])
def test_a_new_key_makes_a_value_new_if_no_key_is_available(
    repo: Repo, options: tuple[str, ...], found: int
) -> None:
    repo.edit(ENV, "db-alpha", "db-beta")
    long_ago(repo, 40).commit("new values")
    limit(repo, ENV, "30d")
    repo.sealedfiles("rotate", "default")
    repo.git("add", "--all")
    assert len(old(repo, *options)) == found


@pytest.mark.slow
def test_a_value_that_expires_is_announced_and_then_an_error(repo: Repo) -> None:
    repo.edit(ENV, "db-alpha", "db-beta")
    long_ago(repo, 40).commit("new values")
    today = datetime.now(timezone.utc)
    changed = (today - timedelta(days=40)).date()
    for days, code, verb in (
        (20, None, ""),
        (10, "due-soon", "expires"),
        (-1, "expired", "expired"),
    ):
        date = (today + timedelta(days=days)).date()
        limit(repo, ENV, str(date), "expires")
        repo.git("add", "--all")
        words = f"{verb} on {date}; its last change was on {changed}"
        assert old(repo) == ([f"{code} {ENV}: DB_PASSWORD: {words}"] if code else [])
        repo.sealedfiles("check", code=int(code == "expired"))
    repo.edit(ENV, "db-beta", "db-gamma")
    repo.git("add", "--all")
    assert old(repo) == [], "it was renewed"


def test_ages_are_listed_with_the_deadline(repo: Repo) -> None:
    repo.edit(ENV, "db-alpha", "db-beta")
    long_ago(repo, 40).commit("new values")
    limit(repo, ENV, "30d\n    generate: hex:32")
    repo.sealedfiles("trust", "policy", "--yes")
    since = (datetime.now(timezone.utc) - timedelta(days=9)).date()
    data = json.loads(repo.sealedfiles("status", "--age", "--json"))
    (one,) = (one for one in data["values"] if one["key"] == "DB_PASSWORD")
    assert (one["deadline"], one["due"], one["generate"]) == (str(since), "over", "hex:32")
    assert all(not one["due"] for one in data["values"] if one["key"] != "DB_PASSWORD")
    assert f"  overdue since {since}\n" in repo.sealedfiles("status", "--age")
    limit(repo, ENV, "45d")
    repo.sealedfiles("trust", "policy", "--yes")
    until = (datetime.now(timezone.utc) + timedelta(days=6)).date()
    assert f"  due {until}\n" in repo.sealedfiles("status", "--age")
