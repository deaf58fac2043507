"""Least privilege: three people, two machines, three groups, one file.

Each clone is searched for exactly the values that its owner may see: in the working tree, in ``git
diff``, in the output of ``cat`` and ``get``, in the key cache, and in the objects.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from people import SECRET, Person, Repo, assert_clean, assert_no_plaintext, groups

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.many_variants

FILE = "deploy/app.yaml"
GROUPS = ("default", "staging", "production")
READS = {
    "alice": set(GROUPS),
    "bob": {"default", "staging"},
    "carol": {"default"},
    "staging-server": {"staging"},
    "production-server": {"production"},
}

TEXT = f"""\
name: orders
default:
  url: {SECRET}-default-1
staging:
  password: {SECRET}-staging-1
production:
  password: {SECRET}-production-1
  # it was {SECRET}-production-1 from the start
  certificate: |
    {SECRET}-production-2
    {SECRET}-production-3
"""


def own(name: str) -> list[str]:
    """Return the words in the values that this reader may see."""
    return [f"{SECRET}-{group}-" for group in READS[name]]


def others(name: str) -> list[str]:
    return [f"{SECRET}-{group}-" for group in set(GROUPS) - READS[name]]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Repo]:
    base = tmp_path_factory.mktemp("three groups")
    people = {name: Person.at(base / name) for name in READS}
    keys = {name: person.keygen() for name, person in people.items()}
    repo = people["alice"].repository(base / "alice's clone")
    repo.sealedfiles("init", "--name", "alice")
    for group in GROUPS[1:]:
        repo.sealedfiles("track", "deploy/*", "--values", f"{group}.**", "--group", group)
    repo.sealedfiles("track", "deploy/*", "--values", "name", "--plain")
    for name, wanted in READS.items():
        for group in sorted(wanted) if name != "alice" else ():
            repo.sealedfiles("grant", name, keys[name], "--to", group)
    repo.write(FILE, TEXT)
    repo.commit("start")
    server = base / "origin.git"
    repo.git("clone", "--quiet", "--bare", ".", str(server))
    repo.git("remote", "add", "origin", str(server))
    repo.git("fetch", "--quiet")
    repo.git("branch", "--set-upstream-to=origin/main")
    clones = {"alice": repo}
    for name in READS:
        if name != "alice":
            clones[name] = people[name].clone(server, base / f"{name}'s clone")
            clones[name].sealedfiles("unlock")
    return clones


every_reader = pytest.mark.parametrize("name", READS)


def sees_exactly(text: str, name: str) -> bool:
    return all(word in text for word in own(name)) and not any(w in text for w in others(name))


@every_reader
def test_the_working_tree_shows_exactly_the_values_of_the_readers_groups(
    team: dict[str, Repo], name: str
) -> None:
    text = team[name].read(FILE)
    assert sees_exactly(text, name)
    assert groups(text) == set(GROUPS) - READS[name]
    assert "name: orders" in text
    assert_clean(team[name])


@every_reader
def test_git_diff_and_log_show_no_more(team: dict[str, Repo], name: str) -> None:
    shown = team[name].git("log", "-p", "--textconv", "--", FILE)
    assert sees_exactly(shown, name)
    assert sees_exactly(
        team[name].git(
            "diff", "--textconv", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "--", FILE
        ),
        name,
    )


@every_reader
def test_cat_shows_no_more_and_get_says_who_could_help(team: dict[str, Repo], name: str) -> None:
    repo = team[name]
    assert sees_exactly(repo.sealedfiles("cat", FILE), name)
    for group in GROUPS:
        path = "default.url" if group == "default" else f"{group}.password"
        out = repo.sealedfiles("get", FILE, path, code=0 if group in READS[name] else 3)
        assert (f"{SECRET}-{group}-1" in out) == (group in READS[name])
        if group not in READS[name]:
            assert "alice" in repo.stderr


@every_reader
def test_run_gives_a_process_no_more(team: dict[str, Repo], name: str) -> None:
    out = team[name].sealedfiles("run", "-f", FILE, "--", "env")
    assert sees_exactly(out, name)


@every_reader
def test_the_cache_holds_the_keys_of_these_groups_only(team: dict[str, Repo], name: str) -> None:
    lines = team[name].folder("sealedfiles/keys").read_text().split("\n")[:-1]
    assert {line.split(" ")[0] for line in lines} == READS[name]


@every_reader
def test_no_object_holds_a_value(team: dict[str, Repo], name: str) -> None:
    assert_no_plaintext(team[name])


@every_reader
def test_who_says_the_same(team: dict[str, Repo], name: str) -> None:
    data = json.loads(team[name].sealedfiles("who", "--json"))
    assert name in json.dumps(data)
    text = team[name].sealedfiles("who", FILE, "production.password")
    assert "alice" in text
    assert "carol" not in text


def test_a_comment_that_belongs_to_two_groups_is_no_trouble_to_who_reads_one_of_them(
    team: dict[str, Repo],
) -> None:
    """Its key, ``password``, is sealed to both groups; either all its layers are decrypted or none."""
    alice, bob = team["alice"], team["bob"]
    alice.edit(FILE, "production:\n", f"production:\n  # password: {SECRET}-production-1\n")
    alice.commit("commented out")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    assert bob.stderr == ""
    assert sees_exactly(bob.sealedfiles("cat", FILE), "bob")
    assert bob.stderr == ""


@pytest.mark.slow
def test_each_changes_what_is_theirs_and_carries_the_rest_along(
    team: dict[str, Repo], tmp_path: Path
) -> None:
    """Edits, commits, merges and rebases by people who see different parts of one file."""
    alice, bob, carol = (team[name] for name in ("alice", "bob", "carol"))
    before = alice.tokens("HEAD", FILE)
    bob.edit(FILE, f"{SECRET}-staging-1", f"{SECRET}-staging-9")
    bob.commit("staging's password")
    bob.git("push", "--quiet")
    carol.edit(FILE, f"{SECRET}-default-1", f"{SECRET}-default-9")
    carol.commit("the url")
    carol.git("pull", "--quiet", "--rebase")
    carol.git("push", "--quiet")
    alice.edit(FILE, f"    {SECRET}-production-3", f"    {SECRET}-production-9")
    alice.commit("the certificate")
    alice.git("pull", "--quiet", "--no-rebase", "--no-edit")
    alice.git("push", "--quiet")
    text = alice.read(FILE)
    for group in GROUPS:
        assert f"{SECRET}-{group}-9" in text
    after = alice.tokens("HEAD", FILE)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 3
    for name, repo in team.items():
        repo.git("pull", "--quiet", code=0)
        assert sees_exactly(repo.read(FILE), name)
        assert_clean(repo)
    alice.sealedfiles("check", "--keyed")


def test_a_value_of_a_group_that_one_lacks_is_refused_with_the_names_of_who_could_add_it(
    team: dict[str, Repo],
) -> None:
    carol = team["carol"]
    before = carol.read(FILE)
    carol.write(FILE, before + "  pin: 1234\n")
    carol.git("add", FILE, code=128)
    assert "production.pin" in carol.stderr
    assert "alice" in carol.stderr
    carol.write(FILE, before)
    carol.sealedfiles("set", FILE, "production.pin", answers="1234", code=3)
    assert carol.read(FILE) == before
    assert_clean(carol)
